"""A place that will not do is noticed before any work: no network is called, nothing is drawn or trained."""

import os

import pytest
from faults.tiny import contents, course, refusal, training
from faults.works import ENDINGS


def bad_places(folder, ending):
    """Places where no file can be written, by the reason."""
    (folder / "file").write_text("mine")
    (folder / "circle").symlink_to(folder / "circle")
    yield "a part of the path is a file", folder / "file" / f"a{ending}"
    yield "deeper", folder / "file" / "b" / "c" / f"a{ending}"
    yield "the name is too long", folder / ("n" * 300 + ending)
    yield "a folder's name is too long", folder / ("n" * 300) / f"a{ending}"
    yield "links in a circle", folder / "circle" / f"a{ending}"
    if os.path.isdir("/proc/self"):
        yield "the system's own folder", f"/proc/self/nothing/a{ending}"
    if hasattr(os, "geteuid") and os.geteuid():  # root may write everywhere
        (folder / "closed").mkdir(mode=0o500)
        yield "no permission", folder / "closed" / f"a{ending}"


@pytest.mark.parametrize("writer", ENDINGS)
def test_a_place_that_will_not_do(writer, writers, calls, tmp_path, faults):
    (place := tmp_path / "place").mkdir()
    for reason, file in bad_places(place, ENDINGS[writer]):
        said = refusal(course(*writers[writer](file)))
        assert "annot be" in said, f"{reason}: {said}"
        faults("late error")
    assert contents(place) == {"file": b"mine"}
    assert not calls
    assert not (tmp_path / "new.png").exists()


@pytest.mark.parametrize("writer", ["picture", "film", "samples", "export", "classifier", "scores", "certificate"])
def test_a_wrong_ending(writer, writers, calls, tmp_path, faults):
    for name in ("a", "a.jpeg2", "a.txt", f"a{ENDINGS[writer]}.bak", f"{ENDINGS[writer]}"):
        assert "must end in" in refusal(course(*writers[writer](tmp_path / name)))
        assert not (tmp_path / name).exists()
        faults("late error")
    assert not calls


def test_a_folder_that_will_not_do_for_a_run(calls, tmp_path, faults):
    (place := tmp_path / "place").mkdir()
    for reason, out in bad_places(place, ""):
        for options in ((), ("--fresh",)):
            said = refusal(course(*training(out, *options)))
            assert "annot be" in said, f"{reason}: {said}"
            faults("late error")
    for name in ("checkpoint.safetensors", "log.csv", "config.yaml", ".lock"):
        (out := place / f"with {name}").mkdir()
        (out / name).mkdir()
        said = refusal(course(*training(out)))
        assert str(out / name) in said
        faults("late error")
    assert contents(place) == {"file": b"mine"}
    assert not calls


def test_a_folder_of_solved_notebooks_that_will_not_do(tmp_path, monkeypatch, faults):
    """Before a kernel is started, which takes minutes."""
    from course_lib.publishing import notebooks

    monkeypatch.setattr(notebooks, "build", lambda *_, **__: pytest.fail("a notebook was built"))
    for reason, out in bad_places(tmp_path, ""):
        assert "annot be" in refusal(course("notebooks", "build", "00_start", "--solved", out)), reason
        faults("late error")
    assert contents(tmp_path) == {"file": b"mine"}
