"""Samples drawn by several processes: the same as by one, and an end that leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from multiprocessing import active_children
from types import SimpleNamespace

import pytest
import torch
from small_checkpoints import make_checkpoint, spoilt

from course_lib.judges import parallel
from course_lib.judges.parallel import Chunk, Plan, WorkerError, draw, together, usual_jobs
from course_lib.judges.scoring import sample_batches
from course_lib.runs.denoiser import SamplingError
from course_lib.runs.guides import Guide
from course_lib.runs.samplers import Sampler


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(parallel, "CHUNK", 3)


@pytest.fixture(scope="module")
def plan():
    """Labels, a guide, fresh noise: all that a picture depends on."""
    guide = Guide(make_checkpoint(conditional=False, seed=1), 1.5, 0.0, 10.0)
    return Plan(make_checkpoint(), Sampler("ddim", 4, eta=1.0), guide)


def drawn(plan, jobs, seeds=(0, 2), count=8):
    chunks = list(draw(plan, seeds, count, jobs))
    return [together(chunks, seed) for seed in seeds]


def test_every_number_of_processes_draws_the_same(plan):
    alone, three = drawn(plan, 1), drawn(plan, 3)
    assert [tuple(images.shape) for images in alone] == [(8, 1, 8, 8)] * 2
    assert all(torch.equal(one, other) for one, other in zip(alone, three, strict=True))
    assert not torch.equal(*alone)
    assert not active_children()


def test_what_is_drawn_are_the_samples_of_the_plan(plan):
    for seed, images in zip((0, 2), drawn(plan, 1), strict=True):
        whole = torch.cat(list(sample_batches(plan.checkpoint, 8, seed, 8, "auto", None, plan.sampler, plan.guide)))
        assert (images.int() - whole.int()).abs().max() <= 1  # batches of another size round differently
        bare = torch.cat(list(sample_batches(plan.checkpoint, 8, seed, 8, "auto", None, plan.sampler)))
        assert (images.int() - bare.int()).abs().max() > 10


def test_one_thread_draws_and_the_caller_has_all(plan, monkeypatch):
    threads, seen = torch.get_num_threads(), []
    torch.set_num_threads(2)
    try:
        real = parallel.sample_batches
        monkeypatch.setattr(
            parallel, "sample_batches", lambda *a, **k: seen.append(torch.get_num_threads()) or real(*a, **k)
        )
        for _ in draw(plan, [0], 4, 1):
            seen.append(torch.get_num_threads())
    finally:
        torch.set_num_threads(threads)
    assert seen == [1, 2, 1, 2]


def test_no_more_processes_than_chunks_and_none_after_the_iterator_is_closed(plan):
    with closing(draw(plan, [0], 7, 50)) as chunks:
        next(chunks)
        assert len(active_children()) == 3
        processes = active_children()
    assert not active_children()
    assert {process.exitcode for process in processes} <= {-getattr(signal, "SIGKILL", 9), 0}


def test_what_goes_wrong_in_a_process_arrives_as_it_is():
    broken = Plan(spoilt(make_checkpoint()), Sampler("ddim", 2))
    for jobs in (1, 2):
        with pytest.raises(SamplingError, match="not finite"):
            list(draw(broken, [0], 8, jobs))
    assert not active_children()


def test_a_bug_in_a_process_keeps_its_traceback(plan):
    with pytest.raises(RuntimeError, match=r"parallel\.py(.|\n)*AttributeError"):
        list(draw(Plan(plan.checkpoint, "no sampler"), [0], 8, 2))


def test_a_process_that_is_killed_is_one_clear_sentence(plan):
    chunks = draw(plan, range(40), 8, 2)
    next(chunks)
    active_children()[0].kill()
    with pytest.raises(WorkerError, match=r"has ended \(exit code -?\d+\).*lower --jobs"):
        list(chunks)
    assert not active_children()


def test_a_system_that_starts_no_process_is_one_clear_sentence(plan, monkeypatch):
    def refuse(self):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.context.SpawnProcess.start", refuse)
    with pytest.raises(WorkerError, match=r"Resource temporarily unavailable.*--jobs 1"):
        list(draw(plan, [0], 8, 2))


def test_on_a_gpu_one_process_draws_large_batches(plan, monkeypatch):
    """This one, with all its threads: there is nothing to share a GPU for."""
    seen = []
    gpu = SimpleNamespace(checkpoint=SimpleNamespace(schedule=SimpleNamespace(device=torch.device("cuda"))))
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        monkeypatch.setattr(parallel, "_draw_chunk", lambda plan, chunk: seen.append((chunk, torch.get_num_threads())))
        list(draw(gpu, [0, 1], 700, 8))
    finally:
        torch.set_num_threads(threads)
    assert seen == [(Chunk(seed, *part), 2) for seed in (0, 1) for part in ((0, 512), (512, 188))]
    assert not active_children()


def test_the_usual_number_fits_cores_and_memory(monkeypatch):
    monkeypatch.setattr(parallel, "usable_cores", lambda: 8)
    for memory, jobs in ((None, 8), (100e9, 8), (3 * parallel.MEMORY + 1, 3), (1, 1)):
        monkeypatch.setattr(parallel, "available_memory", lambda memory=memory: memory and int(memory))
        assert usual_jobs() == jobs


# A command of its own that draws for minutes, and says who works for it.
COMMAND = """
import sys
from contextlib import closing
from multiprocessing import active_children
import typer
from course_lib.cli.console import says_what_to_do
from course_lib.judges import parallel
from course_lib.runs.checkpoints import load_checkpoint
from course_lib.runs.samplers import Sampler

parallel.CHUNK = 4
app = typer.Typer()

@app.command()
@says_what_to_do
def command():
    plan = parallel.Plan(load_checkpoint("fashion_mnist_cpu", "cpu"), Sampler("ddim", 2))
    with closing(parallel.draw(plan, range(3), 2048, 2)) as chunks:
        next(chunks)
        print(*(child.pid for child in active_children()), flush=True)
        for _ in chunks:
            pass

app()
"""
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")


def started():
    """The command at work, in a group of its own, as a terminal starts it; and the processes that work for it."""
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    line = process.stdout.readline()
    assert re.fullmatch(r"\d+ \d+\n", line), line + process.stdout.read()
    return process, [int(word) for word in line.split()]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"  # one that nobody has waited for


def signals_held_back(pid):
    with open(f"/proc/{pid}/status") as file:
        mask = int(next(line.split()[1] for line in file if line.startswith("SigBlk:")), 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def wait_until_gone(pids, seconds):
    end = time.monotonic() + seconds
    while any(map(alive, pids)):
        assert time.monotonic() < end, "processes are left"
        time.sleep(0.05)


@posix
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="it looks at the processes in /proc")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_signal_to_all_of_them_ends_all_of_them_with_one_word(number):
    """What a terminal does at Ctrl-C, five times, and a batch system when the time is up."""
    process, workers = started()
    assert all(signals_held_back(pid) >= {1, 2, 15} for pid in workers)  # from their first moment on
    number = getattr(signal, number)
    for _ in range(5):
        os.killpg(process.pid, number)
        time.sleep(0.05)
    said, _ = process.communicate(timeout=60)
    assert (said, process.returncode) == ("stopped.\n", 128 + number)
    wait_until_gone(workers, 5)


@posix
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="it looks at the processes in /proc")
def test_when_the_command_is_killed_its_processes_end_too():
    process, workers = started()
    process.kill()
    process.wait()
    wait_until_gone(workers, 60)
    process.stdout.close()
