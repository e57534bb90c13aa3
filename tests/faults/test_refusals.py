"""The system refuses, at any moment: the disk is full or broken, the quota is used up, nothing may be written.

Each time one line says so, no file is half-written or lost, and the same command completes afterwards.
"""

import errno
import shutil
from contextlib import contextmanager

import pytest
import torch
from faults.moments import REASONS, Refusal, meddling, moments, reason, refusable
from faults.tiny import STEPS, course, done, leftovers, outcome, refusal, training, unpacked
from faults.works import WRITERS, commands, library, try_each

from course_lib.checker import progress
from course_lib.files import write_file
from course_lib.judges import scoring
from course_lib.runs.tensor_files import write_safetensors

NAMES = {errno.ENOSPC: "full disk", errno.EDQUOT: "quota used up", errno.EFBIG: "file too large"}


def kind(code):
    return NAMES.get(code, "broken or closed disk")


def at(number, code):
    @contextmanager
    def fault(folder):
        refusal = Refusal(number, code)
        with meddling(folder, refusal):
            yield refusal
        assert refusal.hit, f"there was no moment {number}"

    return fault


def described(refusal):
    return f"error {refusal.code} at {', '.join(map(str, refusal.hit))}"


def prepared(work, place):
    """The moments of a work at which the system can refuse something."""
    work.prepare(folder := place / "watched")
    return refusable(folder, lambda: work.run(folder))


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_at_every_moment_for_every_reason(name, tmp_path, faults):
    work = WRITERS[name]
    cases = [(moment.number, code) for moment in prepared(work, tmp_path) for code in REASONS[moment.what]]
    assert try_each(work, tmp_path, [at(*case) for case in cases], described) > len(cases) / 2
    for _, code in cases:
        faults(kind(code))


@pytest.mark.parametrize("name", ["picture and film", "samples", "export"])
def test_every_command_at_every_moment(name, undisturbed, tmp_path, faults):
    work = commands(undisturbed / "checkpoint.safetensors")[name]
    cases = [(moment.number, reason(moment)) for moment in prepared(work, tmp_path)]
    assert try_each(work, tmp_path, [at(*case) for case in cases], described) > len(cases) / 2
    for _, code in cases:
        faults(kind(code))


@pytest.mark.parametrize("part", range(3))
def test_training_at_every_moment(part, tmp_path, faults):
    """What is stored is a whole run at one of its steps; the same command completes it, equal to the bit."""
    place = tmp_path / "watched"
    one_preview = f"training.sample_every={STEPS}"
    steps = refusable(place, lambda: done(*training(place / "run", one_preview)))
    expected, refused = outcome(place / "run"), 0
    for moment in steps[part::3]:
        out = tmp_path / str(moment.number) / "run"
        with meddling(out.parent, problem := Refusal(moment.number, reason(moment))):
            result = course(*training(out, one_preview))
        hint = f"{described(problem)}: {result.output}"
        assert problem.hit, hint
        if result.exit_code:
            assert str(out) in refusal(result), hint
            refused += 1
        else:
            assert outcome(out) == expected, hint
        if (out / "checkpoint.safetensors").exists():
            assert unpacked(out / "checkpoint.safetensors")[1]["step"] in range(1, STEPS + 1), hint
        assert not leftovers(out.parent) or not problem.can_remove, hint
        done(*training(out, one_preview))
        assert outcome(out) == expected, hint
        faults(kind(problem.code))
        shutil.rmtree(out.parent)
    assert refused > len(steps) / 6


def test_starting_over_at_every_moment(undisturbed, expected, tmp_path, faults):
    """--fresh in a folder that holds a run, up to the moment when the new run is stored."""
    place = tmp_path / "watched"
    shutil.copytree(undisturbed, place / "run")
    other = training(place / "run", "--fresh", "training.lr=0.001", "training.steps=1")
    steps = refusable(place, lambda: done(*other))
    new = outcome(place / "run")
    stored = next(moment.number for moment in steps if str(moment) == "replace checkpoint.safetensors")
    for moment in steps:
        if moment.number > stored:
            break
        out = tmp_path / str(moment.number) / "run"
        shutil.copytree(undisturbed, out)
        words = [*other[:-1], str(out)]
        with meddling(out.parent, problem := Refusal(moment.number, reason(moment))):
            result = course(*words)
        hint = f"{described(problem)}: {result.output}"
        if result.exit_code:
            assert str(out) in refusal(result), hint
        done(*words)
        assert outcome(out) == new, hint
        faults(kind(problem.code))
        shutil.rmtree(out.parent)


@pytest.fixture
def quick_classifier(monkeypatch):
    """A classifier that is not trained, and 80 images to test it on: how well it does is not the matter here."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (80, 1, 28, 28), generator=generator, dtype=torch.uint8)
    monkeypatch.setattr(scoring, "SAMPLES", 40)
    monkeypatch.setattr(scoring, "load_images", lambda *_: (images, torch.arange(80) % 10))
    monkeypatch.setattr(scoring, "train_classifier", lambda *_, **__: iter(()))


def test_the_file_of_a_classifier_at_every_second_moment(quick_classifier, tmp_path, faults):
    work = library(
        lambda folder: list(scoring.make_judge("garments", folder / "c.safetensors", device="cpu")),
        lambda folder: write_safetensors(folder / "c.safetensors", {"model.head.weight": torch.zeros(1)}, {}),
    )
    cases = [(moment.number, reason(moment)) for moment in prepared(work, tmp_path)[::2]]
    assert try_each(work, tmp_path, [at(*case) for case in cases], described) > len(cases) / 2
    for _, code in cases:
        faults(kind(code))


def test_an_answer_that_cannot_be_noted_is_noted_with_the_next(tmp_path, monkeypatch, capsys, faults):
    """In every case the session knows of it, it is written with the next answer, and no older one is lost."""

    def session(folder):
        monkeypatch.setattr(progress, "_session", progress._Session())
        monkeypatch.setenv("COURSE_PROGRESS", str(folder / "progress.json"))

    def prepare(folder):
        session(folder)
        progress.note_attempt("extract", True)

    prepare(tmp_path / "watched")
    for moment in refusable(tmp_path / "watched", lambda: progress.note_attempt("q_sample", False)):
        for code in REASONS[moment.what]:
            folder = tmp_path / f"{moment.number}-{code}"
            prepare(folder)
            capsys.readouterr()
            with meddling(folder, problem := Refusal(moment.number, code)):
                progress.note_attempt("q_sample", False)
                kept = progress.entries()
            assert problem.hit
            assert "Traceback" not in capsys.readouterr().out
            assert kept["q_sample"].attempts == 1, described(problem)
            progress.note_attempt("q_sample", True)
            session(folder)  # another day
            there = progress.entries()
            assert (there["q_sample"].attempts, there["q_sample"].passed, there["extract"].passed) == (2, True, True)
            faults(kind(code))


def test_moments_are_what_they_say(tmp_path, faults):
    """The machinery itself: a write is half done when it fails, and a full disk stays full."""
    with meddling(tmp_path, problem := Refusal(2, errno.ENOSPC)), pytest.raises(OSError, match="space"):
        (tmp_path / "a").write_bytes(b"12345678")
    assert [str(moment) for moment in problem.hit] == ["write a", "close a"]
    assert (tmp_path / "a").read_bytes() == b"1234"
    assert [str(moment) for moment in moments(tmp_path, lambda: write_file(tmp_path / "a", "1"))] == [
        *("mkdir " + tmp_path.name, "list " + tmp_path.name),
        *("open to write a", "write a", "flush a", "fsync", "close a", "replace a"),
    ]
    faults(kind(errno.ENOSPC))
