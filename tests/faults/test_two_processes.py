"""Two processes in one place at once."""

import os
import signal
import threading

import pytest
from faults.children import answer, command, command_with, write_again_and_again
from faults.moments import Signal
from faults.tiny import course, done, error_line, leftovers, outcome, refusal, training
from PIL import Image

from course_lib.checker import progress
from course_lib.files import locked
from course_lib.runs.tensor_files import read_safetensors

LONG = ["training.steps=100000", "training.checkpoint_every=1", "training.sample_every=0"]


def test_one_trains_and_the_other_says_why_it_does_not(nursery, expected, tmp_path, faults):
    """Also with --fresh; when the first is killed, the folder is free."""
    out = tmp_path / "run"
    first = nursery.start(command, training(out, *LONG))
    first.wait_for((out / "checkpoint.safetensors").exists)
    for words in (training(out), training(out, "--fresh"), training(out, *LONG)):
        second = nursery.start(command, words)
        assert second.end() == 1, second.said
        assert "another training is at work in" in error_line(second.said)
        faults("two processes")
    assert "another training" in refusal(course(*training(out)))
    os.kill(first.process.pid, signal.SIGKILL)
    assert first.end() == -signal.SIGKILL
    assert "Traceback" not in first.said
    done(*training(out, "--fresh"))
    assert outcome(out) == expected
    faults("two processes")


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_that_start_at_once_one_trains(attempt, nursery, expected, tmp_path, faults):
    """Or one after the other, if the first is quick: then the second finds everything done."""
    out = tmp_path / "run"
    both = [nursery.start(command, training(out)) for _ in range(2)]
    codes = sorted(child.end() for child in both)
    assert codes in ([0, 0], [0, 1])
    for child in both:
        if child.process.exitcode:
            assert "another training is at work in" in error_line(child.said)
        else:
            assert "Traceback" not in child.said
    assert outcome(out) == expected
    faults("two processes")


def test_two_runs_side_by_side_do_not_meet(nursery, expected, tmp_path, faults):
    both = [nursery.start(command, training(tmp_path / name)) for name in ("a", "b")]
    assert [child.end() for child in both] == [0, 0]
    assert outcome(tmp_path / "a") == outcome(tmp_path / "b") == expected
    faults("two processes")


def test_two_that_sample_into_one_file(nursery, undisturbed, tmp_path, faults):
    """One of both pictures is there, whole."""
    words = ["sample", str(undisturbed / "checkpoint.safetensors"), "-n", "4", "--device", "cpu", "--seed"]
    pictures = []
    for seed in "01":
        done(*words, seed, "--out", tmp_path / f"{seed}.png", "--gif", tmp_path / f"{seed}.gif")
        pictures.append([(tmp_path / f"{seed}{ending}").read_bytes() for ending in (".png", ".gif")])
    for _ in range(5):
        both = [
            nursery.start(command, [*words, seed, "--out", str(tmp_path / "a.png"), "--gif", str(tmp_path / "a.gif")])
            for seed in "01"
        ]
        assert [child.end() for child in both] == [0, 0], both[0].said + both[1].said
        assert (tmp_path / "a.png").read_bytes() in (pictures[0][0], pictures[1][0])
        assert (tmp_path / "a.gif").read_bytes() in (pictures[0][1], pictures[1][1])
        with Image.open(tmp_path / "a.gif") as film:
            assert film.n_frames == 4
        assert not leftovers(tmp_path)
        faults("two processes")


def test_no_answer_is_lost_between_four_notebooks(nursery, tmp_path, monkeypatch, faults):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setattr(progress, "_session", progress._Session())
    children = [nursery.start(answer, tmp_path / "progress.json", f"quiz_{index}", 15) for index in range(4)]
    assert [child.end() for child in children] == [0] * 4, [child.said for child in children]
    assert {name: entry.attempts for name, entry in progress.entries().items()} == {
        **{f"quiz_{index}": 15 for index in range(4)},
        "together": 60,
    }
    faults("two processes", 60)


def test_a_checkpoint_that_is_rewritten_all_the_time_is_always_read_whole(nursery, tmp_path, faults):
    file = tmp_path / "a.safetensors"
    writer = nursery.start(write_again_and_again, file, 150)
    writer.wait_for(file.exists)
    seen = set()
    while writer.process.is_alive():
        tensors, about = read_safetensors(file)
        assert bool((tensors["a"] == about["step"]).all())
        seen.add(about["step"])
    assert writer.end() == 0, writer.said
    assert len(seen) > 3
    faults("two processes", len(seen))


def test_a_network_is_sampled_while_it_is_trained(nursery, tmp_path, faults):
    out = tmp_path / "run"
    trainer = nursery.start(command, training(out, *LONG))
    trainer.wait_for((out / "checkpoint.safetensors").exists)
    for index in range(5):
        done("sample", out / "checkpoint.safetensors", "-n", 1, "--device", "cpu", "--out", tmp_path / f"{index}.png")
        done("export", out / "checkpoint.safetensors", tmp_path / f"{index}.safetensors")
        faults("two processes", 2)
    os.kill(trainer.process.pid, signal.SIGTERM)
    assert trainer.end() == 143


def test_a_lock_that_is_held_in_this_process_is_held(tmp_path, faults):
    """Two threads, as of two cells of a notebook that run at once."""
    out, said = tmp_path / "run", []
    with locked(out / ".lock"):
        thread = threading.Thread(target=lambda: said.append(course(*training(out))))
        thread.start()
        thread.join()
    assert "another training is at work in" in refusal(said[0])
    faults("two processes")


def test_a_folder_whose_holder_was_killed_at_any_moment_is_free(nursery, expected, tmp_path, faults):
    out = tmp_path / "run"
    for at in (4, 9, 20, 40, 60):
        child = nursery.start(command_with, tmp_path, Signal(at), training(out))
        assert child.end() == -signal.SIGKILL, child.said
        with locked(out / ".lock"):
            pass
        faults("two processes")
    done(*training(out))
    assert outcome(out) == expected
