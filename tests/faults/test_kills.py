"""kill -9 at every moment. The same command then completes whatever is missing, equal to the bit."""

import shutil
import signal

import pytest
from faults.children import command, command_with
from faults.moments import Signal, different, moments
from faults.tiny import bits, contents, course, done, listed, outcome, training, unpacked
from faults.works import commands

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")


def killed_at(nursery, number, words, folder):
    child = nursery.start(command_with, folder, Signal(number), words)
    assert child.end() == -signal.SIGKILL, child.said


@pytest.mark.parametrize("part", range(4))
def test_a_run_killed_at_any_moment(part, nursery, expected, tmp_path, faults):
    """At every system call, before and after every step, between checkpoint, log and preview, and inside each."""
    (place := tmp_path / "watched").mkdir()
    every = different(moments(place, lambda: done(*training(place / "run"))))
    steps_seen = set()
    for moment in every[part::4]:
        out = tmp_path / str(moment.number) / "run"
        out.parent.mkdir()
        killed_at(nursery, moment.number, training(out), out.parent)
        if (out / "checkpoint.safetensors").exists():
            steps_seen.add(unpacked(out / "checkpoint.safetensors")[1]["step"])
        result = course(*training(out))
        assert result.exit_code == 0, f"killed at {moment}: {result.output}"
        assert outcome(out) == expected, f"killed at {moment}"
        assert listed(out) == listed(place / "run"), f"killed at {moment}"
        faults("kill -9")
        shutil.rmtree(out.parent)
    assert steps_seen == {1, 2}


def test_a_run_killed_while_it_starts_over(nursery, undisturbed, tmp_path, faults):
    """Neither the old run nor the new one may stand in the way of the same command, whatever is left of them."""
    place = tmp_path / "watched"
    shutil.copytree(undisturbed, place / "run")
    words = training(place / "run", "--fresh", "training.lr=0.001", "training.steps=1")
    every = different(moments(place, lambda: done(*words)))
    new = outcome(place / "run")
    stored = next(moment.number for moment in every if str(moment) == "write log.csv")
    old = bits(undisturbed)
    for moment in every:
        if moment.number > stored:
            break
        out = tmp_path / str(moment.number) / "run"
        shutil.copytree(undisturbed, out)
        killed_at(nursery, moment.number, [*words[:-1], str(out)], out.parent)
        if (out / "checkpoint.safetensors").exists():
            assert bits(out) in (old, bits(place / "run")), f"killed at {moment}"
        done(*words[:-1], out)
        assert outcome(out) == new, f"killed at {moment}"
        faults("kill -9")
        shutil.rmtree(out.parent)


def test_a_run_killed_again_and_again(nursery, expected, tmp_path, faults):
    """Each attempt comes a little further than the one before it, also through what was resumed."""
    out = tmp_path / "run"
    for attempt in range(100):
        child = nursery.start(command_with, tmp_path, Signal(30 + 2 * attempt), training(out))
        if child.end() == 0:
            break
        assert child.process.exitcode == -signal.SIGKILL, child.said
        faults("kill -9")
    assert attempt > 5
    assert outcome(out) == expected


@pytest.mark.parametrize("name", ["picture and film", "export"])
def test_a_command_killed_at_any_moment(name, nursery, undisturbed, tmp_path, faults):
    """Each file is the old one or the new one, whole, and nothing else is visible."""
    work = commands(undisturbed / "checkpoint.safetensors")[name]
    work.prepare(whole := tmp_path / "whole")
    before = contents(whole)
    every = different(moments(whole, lambda: work.run(whole)))
    new = contents(whole)
    for moment in every:
        if moment.what == "network call" and moment.number % 2:  # nothing is written between two of them
            continue
        folder = tmp_path / str(moment.number)
        work.prepare(folder)
        killed_at(nursery, moment.number, work.words(folder), folder)
        after = contents(folder)
        assert all(after[file] in (before.get(file), new[file]) for file in after), f"killed at {moment}"
        assert before.keys() <= after.keys(), f"killed at {moment}"
        assert work.run(folder) is None
        assert contents(folder) == new, f"killed at {moment}"
        faults("kill -9")


def test_children_give_what_this_process_gives(nursery, expected, tmp_path):
    """The comparison itself: a kill that never comes changes nothing, and two processes agree to the bit."""
    child = nursery.start(command_with, tmp_path, Signal(10**9), training(tmp_path / "child"))
    assert child.end() == 0, child.said
    child = nursery.start(command, training(tmp_path / "child"))
    assert child.end() == 0, child.said
    assert "trained already" in child.said
    assert outcome(tmp_path / "child") == expected
