"""What tests of the grader share."""

import os
from pathlib import Path

import pytest

HOSTILE = ("test_confinement.py", "test_warm.py", "test_grade.py")  # they start fork bombs, memory bombs and the like


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Programs that attack the machine run when they are asked for: `make walls`."""
    if os.environ.get("COURSE_WALLS"):
        return
    for item in items:
        if Path(item.path).name in HOSTILE:
            item.add_marker(pytest.mark.skip(reason="starts hostile programs: `make walls`"))
