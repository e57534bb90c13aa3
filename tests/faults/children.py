"""Processes that start in milliseconds, because they are forked from one that has torch and the data already.

They can be killed, get signals, and run side by side. Threads and graphs of the tests' own process are not in them.
"""

import importlib
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from faults.moments import Action, meddling
from faults.tiny import SETTINGS

from course_lib.checker import progress
from course_lib.cli import app
from course_lib.images import class_names, load_images
from course_lib.judges.scoring import make_judge  # noqa: F401 (here, so that a child need not import it)
from course_lib.pictures.plots import save_grid
from course_lib.runs import loop, memory
from course_lib.runs.config import load_config
from course_lib.runs.folder import open_run, store, stored_step
from course_lib.runs.loop import preview, train
from course_lib.runs.tensor_files import write_safetensors

PATIENCE = 120  # seconds; a child that takes longer hangs


@dataclass
class Child:
    """A process at work, and the file with what it says."""

    process: multiprocessing.process.BaseProcess
    output: Path

    def end(self) -> int:
        """Wait for its end: the exit code, or minus the signal that killed it."""
        self.process.join(PATIENCE)
        assert self.process.exitcode is not None, f"it hangs: {self.said}"
        return self.process.exitcode

    @property
    def said(self) -> str:
        return self.output.read_text()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"it did not come so far: {self.said}"
            assert self.process.is_alive(), f"it ended too early: {self.said}"
            time.sleep(0.002)


class Nursery:
    """Starts children."""

    def __init__(self, folder: Path):
        self.folder, self.count = folder, 0
        self.children: list[Child] = []
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["pytest", "faults.children"])
        importlib.import_module("multiprocessing.forkserver").ensure_running()  # Windows has none

    def start(self, work: Callable[..., object], *arguments: object) -> Child:
        """A child that calls work(*arguments), a function that it can import."""
        self.count += 1
        output = self.folder / f"said{self.count}.txt"
        output.touch()
        process = self.context.Process(target=_in_child, args=(output, work, arguments))
        process.start()
        self.children.append(Child(process, output))
        return self.children[-1]

    def clear(self) -> None:
        """End what a test that failed has left at work."""
        while self.children:
            child = self.children.pop()
            child.process.kill()
            child.process.join()


def _in_child(output: Path, work: Callable[..., object], arguments: tuple) -> None:
    with output.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    torch.set_num_threads(1)
    work(*arguments)


# What children do


def command(words: list[str]) -> None:
    """The command `course`."""
    app(words)


def command_with(folder: Path, action: Action, words: list[str]) -> None:
    """The command `course`, with `action` at every moment that concerns `folder`."""
    with meddling(folder, action):
        app(words)


def loop_with(folder: Path, action: Action, settings: list[str], out: Path) -> None:
    """A plain loop in Python, as in a notebook."""
    with meddling(folder, action):
        try:
            for progress in train(load_config("garments_smoke", settings), out):
                print("step", progress.step)
        except KeyboardInterrupt:
            print("interrupted; stored:", stored_step(out))


def answer(record: Path, quiz: str, times: int) -> None:
    """A notebook in which two quizzes are answered again and again: one of its own, and one that others answer too."""
    os.environ["COURSE_PROGRESS"] = str(record)
    progress.PATIENCE = PATIENCE  # on a busy machine four may wait for each other
    for _ in range(times):
        progress.note_attempt(quiz, False)
        progress.note_attempt("together", False)


def write_again_and_again(file: Path, times: int) -> None:
    """Every version holds one number, everywhere."""
    for step in range(1, times + 1):
        write_safetensors(file, {"a": torch.full((100_000,), float(step))}, {"step": step})


def trust_the_memory() -> None:
    """Leave out the estimate of the memory, which takes as long as all the rest of a tiny run."""
    loop.check_training_memory = lambda *_: None
    memory.check_sampling_memory = lambda *_: None


def _warm_up() -> None:
    """Do once what is slow only once, so that no child has to. A graph would start threads, which do not survive."""
    torch.set_num_threads(1)
    trust_the_memory()
    images, _ = load_images("garments", image_size=8)
    with tempfile.TemporaryDirectory() as folder:
        run = open_run(
            load_config("garments_smoke", SETTINGS), Path(folder), images, list(class_names("garments")), True
        )
        for parameter in run.model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        run.optimizer.step()
        store(run, Path(folder))
        save_grid(preview(run), Path(folder) / "preview.png")


if "forkserver" in " ".join(sys.orig_argv):
    _warm_up()
