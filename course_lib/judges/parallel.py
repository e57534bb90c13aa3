"""Many samples, drawn by several processes: one for each core of the CPU, with one thread each.

A chunk of pictures is always drawn in one batch and with one thread. So the result is the same, bit for bit, for any
number of processes. On a GPU there is one process, this one.

The processes are started anew ("spawn"), because a fork of a process with threads can hang. Each has a pipe to this
one; when this process ends, however it ends, the pipe is closed, and they end after their chunk.
"""

import multiprocessing
import pickle
import signal
import traceback
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.judges.scoring import sample_batches
from course_lib.machine import available_memory, usable_cores
from course_lib.runs.checkpoints import Checkpoint
from course_lib.runs.devices import keep_freed_memory
from course_lib.runs.guides import Guide
from course_lib.runs.samplers import Sampler
from course_lib.signals import POLITE

CHUNK = 64  # pictures; a process has progress to tell every few seconds
CHUNK_ON_GPU = 512
MEMORY = 500_000_000  # bytes that a process takes with the course's own network


class WorkerError(CourseError):
    """A process that did not do its part."""


@dataclass(frozen=True)
class Plan:
    """What to draw with; the fields are those of `scoring.sample_batches`."""

    checkpoint: Checkpoint
    sampler: Sampler
    guide: Guide | None = None
    precision: str = "auto"


@dataclass(frozen=True, order=True)
class Chunk:
    """The pictures `first`, `first` + 1, ... of `seed`, `count` of them."""

    seed: int
    first: int
    count: int


class Worker(NamedTuple):
    """A process, and this end of the pipe to it."""

    process: BaseProcess
    pipe: Connection


def usual_jobs() -> int:
    """A process for each core that we may use, but no more than fit into the memory that is free."""
    memory = available_memory()
    fit = usable_cores() if memory is None else memory // MEMORY
    return max(1, min(usable_cores(), fit))


def draw(plan: Plan, seeds: Sequence[int], count: int, jobs: int) -> Generator[tuple[Chunk, Tensor], None, None]:
    """Draw the pictures 0 ... count - 1 of each seed, and yield each chunk, uint8 (n, C, H, W), when it is there.

    Chunks come in any order; `together` puts them in order. Closing the iterator ends the processes at once. Raises
    what `sample_batches` raises, and WorkerError for a process that ends or cannot be started.
    """
    on_cpu = plan.checkpoint.schedule.device.type == "cpu"
    size = CHUNK if on_cpu else CHUNK_ON_GPU
    chunks = [Chunk(seed, first, min(size, count - first)) for seed in seeds for first in range(0, count, size)]
    jobs = min(jobs, len(chunks))
    if on_cpu and jobs > 1:
        yield from _drawn_by_workers(plan, deque(chunks), jobs)
        return
    for chunk in chunks:
        with _one_thread(on_cpu):  # not around the yield: what the caller does in between has all threads
            images = _draw_chunk(plan, chunk)
        yield chunk, images


def together(chunks: Sequence[tuple[Chunk, Tensor]], seed: int) -> Tensor:
    """The pictures of a seed in their order, uint8 (count, C, H, W)."""
    return torch.cat([images for chunk, images in sorted(chunks, key=lambda pair: pair[0]) if chunk.seed == seed])


def _draw_chunk(plan: Plan, chunk: Chunk) -> Tensor:
    (images,) = sample_batches(
        plan.checkpoint,
        chunk.count,
        chunk.seed,
        chunk.count,
        plan.precision,
        sampler=plan.sampler,
        guide=plan.guide,
        first=chunk.first,
    )
    return images


@contextmanager
def _one_thread(wanted: bool) -> Iterator[None]:
    threads = torch.get_num_threads()
    if wanted:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _drawn_by_workers(plan: Plan, chunks: deque[Chunk], jobs: int) -> Iterator[tuple[Chunk, Tensor]]:
    content = pickle.dumps(plan)  # once; and plainly, since multiprocessing's own way puts tensors into /dev/shm
    with _workers(jobs) as workers:
        at_work: dict[Connection, tuple[Worker, Chunk]] = {}
        for worker in workers:
            chunk = chunks.popleft()
            with _named_if_it_ends(worker):
                worker.pipe.send_bytes(content)
                worker.pipe.send(chunk)
            at_work[worker.pipe] = worker, chunk
        while at_work:
            for pipe in wait(list(at_work)):
                worker, chunk = at_work.pop(pipe)  # type: ignore[call-overload]  # what it waited for are pipes
                with _named_if_it_ends(worker):
                    answer = worker.pipe.recv()
                    if chunks and not isinstance(answer, Exception):
                        at_work[worker.pipe] = worker, chunks.popleft()
                        worker.pipe.send(at_work[worker.pipe][1])
                if isinstance(answer, Exception):
                    raise answer
                yield chunk, torch.from_numpy(answer)


@contextmanager
def _named_if_it_ends(worker: Worker) -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError):
        worker.process.join(1)
        raise WorkerError(
            f"a process that drew samples has ended (exit code {worker.process.exitcode}), perhaps because the memory "
            "was not enough. Take fewer at a time: lower --jobs."
        ) from None


@contextmanager
def _workers(count: int) -> Iterator[list[Worker]]:
    context = multiprocessing.get_context("spawn")
    workers: list[Worker] = []
    try:
        with _held_back():
            for _ in range(count):
                pipe, theirs = context.Pipe()
                process = context.Process(target=_work, args=(theirs,), daemon=True)
                workers.append(Worker(process, pipe))
                try:
                    process.start()
                except OSError as error:
                    raise WorkerError(
                        f"the system starts no more processes ({error.strerror}). Lower --jobs, or give --jobs 1."
                    ) from None
                theirs.close()  # so that the pipe ends with the process
        yield workers
    finally:
        for worker in workers:
            worker.pipe.close()
            if worker.process.pid is not None:
                worker.process.kill()  # there is nothing that they would have to store
        for worker in workers:
            if worker.process.pid is not None:
                worker.process.join()


@contextmanager
def _held_back() -> Iterator[None]:
    """Signals that arrive inside are delivered when the block has ended. Processes started inside never get any.

    A terminal sends Ctrl-C to them, too, and before they can ignore it, it would be a traceback of theirs.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # a process of multiprocessing's own, whose start lets signals through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, POLITE)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(pipe: Connection) -> None:
    """What a process does: it receives a plan, then chunks, and answers each with pictures or with what went wrong."""
    for number in POLITE:
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(1)
    keep_freed_memory()
    try:
        plan = pickle.loads(pipe.recv_bytes())
        while True:
            chunk = pipe.recv()
            pipe.send(_answer(plan, chunk))
    except (EOFError, OSError):  # nobody is there any more
        pass


def _answer(plan: Plan, chunk: Chunk) -> object:
    try:
        return _draw_chunk(plan, chunk).numpy()
    except (CourseError, MemoryError) as error:
        return error
    except Exception as error:  # a bug: its own traceback would be lost with the process
        return RuntimeError("".join(traceback.format_exception(error)))
