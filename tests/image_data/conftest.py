"""What the tests of folders share: a cache of their own, and a process that has read nothing yet."""

import pytest

from course_lib.image_data import loading, tables


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_DATA", raising=False)
    for memory in (loading._memory, loading._announced, loading._auto):
        memory.clear()
    for memory in (tables.hub_dataset, tables.hub_answers):
        memory.cache_clear()
