"""Ctrl-C, SIGTERM and SIGHUP, at chosen moments and at random: stored first, said in a line, and nothing is lost."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from faults.children import PATIENCE, command, command_with, loop_with
from faults.moments import Signal, moments
from faults.tiny import SETTINGS, done, listed, outcome, training, unpacked
from faults.works import commands

from course_lib import signals
from course_lib.signals import Interrupted, raised

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")

POLITE = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
# When the signal comes, as "the moment's name, the how manieth of them": what is stored then.
WHEN = {
    ("lock", 0): 0,  # before anything is there
    ("write config.yaml", 0): 0,
    ("network call", 0): 1,  # in the first step, which is still taken and stored
    ("before the step", 0): 1,
    ("after the step", 0): 1,
    ("write checkpoint.safetensors", 0): 1,
    ("fsync", 1): 1,
    ("replace checkpoint.safetensors", 0): 1,
    ("write log.csv", 0): 1,
    ("network call", 2): 1,  # in the preview
    ("write samples_000001.png", 0): 1,
    ("replace samples_000001.png", 0): 1,
    ("before the step", 1): 2,
    ("replace checkpoint.safetensors", 1): 2,
    ("write samples_000002.png", 0): 2,
}


@pytest.fixture(scope="module")
def every(undisturbed, tmp_path_factory):
    place = tmp_path_factory.mktemp("watched")
    return moments(place, lambda: done(*training(place / "run")))


def number_of(name, index, every):
    return [moment.number for moment in every if str(moment) == name][index]


def check_stopped(said, out, stored):
    """One line, which says what is true; no traceback."""
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if not line.startswith(("data:", "step "))]
    assert len(lines) == 1, said
    if stored:
        assert re.fullmatch(
            rf"stopped: step {stored} is stored in {out}; the same command goes on from there\.", lines[0]
        )
        assert unpacked(out / "checkpoint.safetensors")[1]["step"] == stored
    else:
        assert lines == ["stopped: no step was done yet, so nothing is stored."]
        assert not (out / "checkpoint.safetensors").exists()


@pytest.mark.parametrize("number", POLITE)
def test_a_signal_at_a_chosen_moment(number, nursery, every, expected, tmp_path, faults):
    for (name, index), stored in WHEN.items():
        out = tmp_path / f"{name} {index}".replace(" ", "_") / "run"
        out.parent.mkdir()
        times = 5 if number == signal.SIGINT else 1  # an impatient user
        child = nursery.start(
            command_with, out.parent, Signal(number_of(name, index, every), number, times), training(out)
        )
        assert child.end() == 128 + number, child.said
        check_stopped(child.said, out, stored)
        done(*training(out))
        assert outcome(out) == expected, f"at {name}"
        faults("signal", times)


def test_what_was_not_stored_yet_is_stored_first(nursery, tmp_path, faults):
    """With checkpoints far apart, the step at which the signal comes is kept all the same."""
    few = ["training.steps=40", "training.checkpoint_every=0", "training.sample_every=0"]
    done(*training(tmp_path / "whole", *few))
    generator = random.Random(0)
    for number in POLITE:
        out = tmp_path / number.name / "run"
        out.parent.mkdir()
        at = generator.randrange(30, 90)
        child = nursery.start(command_with, out.parent, Signal(at, number), training(out, *few))
        assert child.end() == 128 + number, child.said
        stored = unpacked(out / "checkpoint.safetensors")[1]["step"]
        assert 0 < stored < 40
        check_stopped(child.said, out, stored)
        done(*training(out, *few))
        assert outcome(out) == outcome(tmp_path / "whole")
        faults("signal")


def test_signals_from_outside_at_random(nursery, tmp_path, faults):
    """Five times Ctrl-C in a row, a few milliseconds apart, at whatever moment they come."""
    few = ["training.steps=60", "training.checkpoint_every=7", "training.sample_every=20"]
    done(*training(tmp_path / "whole", *few))
    expected, generator, codes = outcome(tmp_path / "whole"), random.Random(1), []
    for attempt in range(5):
        out = tmp_path / str(attempt)
        child = nursery.start(command, training(out, *few))
        child.wait_for(lambda out=out: (out / "config.yaml").exists())
        time.sleep(generator.random() * 0.3)
        with suppress(ProcessLookupError):  # it is quick
            for _ in range(5):
                os.kill(child.process.pid, signal.SIGINT)
                faults("signal")
                time.sleep(generator.random() * 0.02)
        codes.append(child.end())
        assert "Traceback" not in child.said
        assert ("stopped: " in child.said) == (codes[-1] == 130), child.said
        done(*training(out, *few))
        assert outcome(out) == expected
    assert 130 in codes
    assert {0, 130} >= set(codes)  # a quick machine may be through before the first one


def test_a_loop_in_python_is_interrupted_after_storing(nursery, every, expected, tmp_path, faults):
    """As in a notebook, whose stop button is a KeyboardInterrupt."""
    for (name, index), stored in WHEN.items():
        if not stored:
            continue
        out = tmp_path / f"{name} {index}".replace(" ", "_") / "run"
        out.parent.mkdir()
        action = Signal(number_of(name, index, every), signal.SIGINT)
        child = nursery.start(loop_with, out.parent, action, SETTINGS, out)
        assert child.end() == 0, child.said
        assert child.said.splitlines()[-1] == f"interrupted; stored: {stored}"
        done(*training(out))
        assert outcome(out) == expected, f"at {name}"
        faults("signal")


def test_a_signal_while_something_is_sampled(nursery, undisturbed, tmp_path, faults):
    """Nothing is left behind, and the old files are whole."""
    work = commands(undisturbed / "checkpoint.safetensors")["picture and film"]
    work.prepare(tmp_path / "watched")
    moment_names = ["network call", "write a.png", "replace a.png", "write a.gif"]
    every = moments(tmp_path / "watched", lambda: work.run(tmp_path / "watched"))
    for name in moment_names:
        for number in POLITE:
            folder = tmp_path / f"{name}{number}".replace(" ", "_")
            work.prepare(folder)
            before = listed(folder)
            child = nursery.start(
                command_with, folder, Signal(number_of(name, 0, every), number, 5), work.words(folder)
            )
            assert child.end() == 128 + number, child.said
            assert child.said.splitlines()[-1] == "stopped."
            assert "Traceback" not in child.said
            assert listed(folder) == before
            faults("signal", 5)


def test_a_signal_that_nohup_ignores_stays_ignored(tmp_path, expected, faults):
    """A real process, as a shell starts it."""
    out = tmp_path / "run"
    words = [sys.executable, "-m", "course_lib.cli", *training(out)]
    process = subprocess.Popen(
        words,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    count = 0
    while process.poll() is None and count < 2000:
        process.send_signal(signal.SIGHUP)
        count += 1
        time.sleep(0.05)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert outcome(out) == expected
    faults("signal", count)


def test_the_real_command_and_a_finger_that_stays_on_the_keys(tmp_path, faults):
    """A process of its own gets Ctrl-C until it has ended: also while it stores, and while Python cleans up."""
    out, many = tmp_path / "run", ["training.steps=100000", "training.checkpoint_every=0", "training.sample_every=0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "course_lib.cli", *training(out, *many)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline, count = time.monotonic() + PATIENCE, 0
    while not (out / "config.yaml").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    while process.poll() is None and time.monotonic() < deadline:
        process.send_signal(signal.SIGINT)
        count += 1
        time.sleep(0.004)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, said
    stored = unpacked(out / "checkpoint.safetensors")[1]["step"]
    assert stored > 0
    check_stopped(said, out, stored)
    faults("signal", count)


def test_a_signal_while_a_module_is_imported(tmp_path, monkeypatch, faults):
    """Modules may swallow what is raised in them; the signal counts all the same."""
    (tmp_path / "swallows.py").write_text(
        "import signal\ntry:\n    signal.raise_signal(signal.SIGTERM)\nexcept BaseException:\n    pass\nwhole = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def command():
        with raised():
            import swallows

            assert swallows.whole
            time.sleep(PATIENCE)

    with pytest.raises(Interrupted) as caught:
        command()
    assert caught.value.number == signal.SIGTERM
    faults("signal")


def test_a_signal_that_was_swallowed_may_be_sent_again(monkeypatch, faults):
    """As in the finalizer of an object, where Python ignores what is raised."""
    monkeypatch.setattr(signals, "PATIENCE", 0.05)
    seen = []

    def command():
        with raised():
            for pause in (0, 0, 0.1):  # the second comes too soon to mean anything
                time.sleep(pause)
                with suppress(Interrupted):
                    signal.raise_signal(signal.SIGINT)
                    continue
                seen.append(pause)

    command()
    assert seen == [0, 0.1]
    faults("signal", 3)
