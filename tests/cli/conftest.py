"""What the tests of several commands use."""

import pytest


class Bar:
    """In the place of a progress bar: it counts."""

    def __init__(self):
        self.total, self.done = None, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def add_task(self, _, total):
        self.total = total

    def advance(self, _):
        self.done += 1


@pytest.fixture
def bars(monkeypatch):
    """The bars that `course sample` and `course edit` showed."""
    shown = []
    for module in ("sampling", "editing"):
        monkeypatch.setattr(f"course_lib.cli.{module}.progress_bar", lambda: shown.append(Bar()) or shown[-1])
    return shown
