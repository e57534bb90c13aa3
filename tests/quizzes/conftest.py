"""A record of its own for each test."""

import pytest

from course_lib.checker import progress as record
from course_lib.quizzes import commands, reviews


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """The record's file; no hints are given yet, nothing is asked, and nothing waits to be written."""
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setattr(record, "_session", record._Session())
    monkeypatch.setattr(commands, "_hints_given", {})
    monkeypatch.setattr(reviews, "_asked", None)
    return tmp_path / "progress.json"
