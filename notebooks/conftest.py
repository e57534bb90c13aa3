"""So that `pytest --nbval notebooks` compares outputs rightly without any option or variable.

It runs notebooks in the environment in which they were built, and tells nbval what may differ between two runs.
"""

import os
from collections.abc import Generator
from pathlib import Path
from unittest.mock import patch

import pytest

from course_lib.publishing.notebooks import ENVIRONMENT


def pytest_configure(config: pytest.Config) -> None:
    """Use sanitize.cfg, unless the command line names another file."""
    options = config.option
    if getattr(options, "nbval_sanitize_with", "") is None and options.sanitize_with is None:
        options.nbval_sanitize_with = str(Path(__file__).with_name("sanitize.cfg"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A kernel inherits the environment. The tests of other folders, in the same run, keep theirs."""
    ours = item.path.is_relative_to(Path(__file__).parent)
    with patch.dict(os.environ, ENVIRONMENT if ours else {}):
        return (yield)
