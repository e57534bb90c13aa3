"""What the fault tests share: one thread, a tiny run that nothing disturbed, children, and the count of faults."""

import os
from functools import partial
from pathlib import Path

import pytest
import torch
from faults.children import Nursery, command, trust_the_memory
from faults.counting import faults, pytest_terminal_summary  # noqa: F401
from faults.tiny import SETTINGS, outcome, training
from faults.wrong import described, packed
from torch.nn.modules.module import register_module_forward_pre_hook

from course_lib.checker import progress
from course_lib.images import load_images
from course_lib.judges.judge import SAMPLES
from course_lib.judges.networks import Classifier
from course_lib.runs import loop, memory
from course_lib.runs.config import load_config
from course_lib.runs.folder import restore
from course_lib.runs.run import fresh_run
from course_lib.unet import Unet


@pytest.fixture(scope="session")
def surroundings(tmp_path_factory):
    """One thread, and a cache of decoded images that this process and its children share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("COURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]))
        patch.delenv("COURSE_DATA", raising=False)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        load_images("garments", image_size=8)
        for module, name in ((loop, "check_training_memory"), (memory, "check_sampling_memory")):
            patch.setattr(module, name, getattr(module, name))  # to be put back afterwards
        trust_the_memory()
        yield
        torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def whole_nursery(surroundings, tmp_path_factory):
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    return Nursery(tmp_path_factory.mktemp("children"))


@pytest.fixture
def nursery(whole_nursery):
    """Starts children, and ends those that a failed test has left."""
    yield whole_nursery
    whole_nursery.clear()


@pytest.fixture(scope="session")
def undisturbed(whole_nursery, tmp_path_factory):
    """The folder of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    child = whole_nursery.start(command, training(out))
    assert child.end() == 0, child.said
    return out


@pytest.fixture(scope="session")
def expected(undisturbed):
    """What it left."""
    return outcome(undisturbed)


@pytest.fixture(autouse=True)
def one_thread(surroundings):
    """For every test here."""


@pytest.fixture
def writers(undisturbed, tmp_path, monkeypatch):
    """The commands that write a file, each with the kind that it may replace."""
    checkpoint = undisturbed / "checkpoint.safetensors"
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "record" / "progress.json"))
    monkeypatch.setattr(progress, "_session", progress._Session())
    progress.note_attempt("extract", True)
    sample = ["sample", checkpoint, "-n", 1, "--device", "cpu"]
    return {
        "picture": lambda file: [*sample, "--out", file],
        "samples": lambda file: [*sample, "--out", file],
        "film": lambda file: [*sample, "--out", tmp_path / "new.png", "--gif", file],
        "export": lambda file: ["export", checkpoint, file],
        "classifier": lambda file: ["train-classifier", "--data", "garments", "--out", file],
        "scores": lambda file: ["evaluate", checkpoint, "--device", "cpu", "--json", file],
        "record": lambda file: ["progress", "export", file],
        "certificate": lambda file: ["progress", "certificate", file],
    }


@pytest.fixture
def calls():
    """How many times a network was called."""
    seen = []

    def call(module, _):
        if isinstance(module, Unet | Classifier):
            seen.append(module)

    handle = register_module_forward_pre_hook(call)
    yield seen
    handle.remove()


@pytest.fixture(scope="session")
def whole(undisturbed):
    """The content of a checkpoint of training."""
    return (undisturbed / "checkpoint.safetensors").read_bytes()


@pytest.fixture(scope="session")
def judge():
    """The content of a classifier's file."""
    tensors = {f"model.{name}": value for name, value in Classifier().state_dict().items()}
    seen = {"test.features": torch.zeros(2 * SAMPLES, 128, dtype=torch.float16)}
    about = {"image_shape": [1, 28, 28], "class_names": [str(label) for label in range(10)]}
    return packed(tensors | seen, about)


@pytest.fixture
def go_on(whole):
    """Lets a run that knows its data go on from the file that is given."""
    run = fresh_run(load_config("garments_smoke", SETTINGS), (1, 8, 8), [str(label) for label in range(10)])
    run.data = described(whole)[1]["data"]
    return partial(restore, run)
