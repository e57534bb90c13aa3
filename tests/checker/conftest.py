"""What the tests of the record share."""

from datetime import date

import pytest

from course_lib.checker import progress as record


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The file of an empty record, on Monday, 2 March 2026, in what is for the record a new process."""
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setattr(record, "today", lambda: date(2026, 3, 2))
    monkeypatch.setattr(record, "_session", record._Session())
    return tmp_path / "progress.json"
