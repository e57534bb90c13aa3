"""What a run takes is estimated before it starts: below the truth, near it, quickly, and said with a way out."""

import json
import re
import subprocess
import sys
import time

import pytest
import torch

from course_lib.paths import CONFIGS
from course_lib.runs import memory
from course_lib.runs.checkpoints import Checkpoint, make_model, make_schedule
from course_lib.runs.config import check_config, load_config
from course_lib.runs.memory import TooLargeError, check_sampling_memory, check_training_memory, footprint

GB = 10**9
CPU = ["training.device=cpu", "training.precision=fp32"]
IMAGES = torch.zeros(100, 1, 28, 28, dtype=torch.uint8)

# A process of its own trains three steps and prints by how many bytes its peak exceeds what it had before. A small run
# beforehand loads whatever is loaded once.
MEASURE = """
import json, resource, sys
import torch
from course_lib.runs.config import load_config
from course_lib.runs.loop import advance
from course_lib.runs.run import fresh_run

def train(shape, *changes):
    config = load_config("garments_smoke", ["training.device=cpu", "training.precision=fp32", *changes])
    run = fresh_run(config, shape, ["a"] * 10)
    images = torch.zeros(8, *shape, dtype=torch.uint8)
    for _ in range(3):
        advance(run, images, torch.zeros(8, dtype=torch.long))

train((1, 8, 8), "model.dim=8", "training.batch_size=2")
before = int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
train((1, 28, 28), *sys.argv[1:])
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before))
"""


def machine_with(monkeypatch, free):
    monkeypatch.setattr(memory, "available_memory", lambda: free)


def refusal(config, images=IMAGES):
    with pytest.raises(TooLargeError) as caught:
        check_training_memory(config, images, 10)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_estimate_is_near_the_truth_and_below_it():
    changes = ["model.dim=64", "training.batch_size=64"]
    command = [sys.executable, "-c", MEASURE, *changes]
    truth = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    config = load_config("garments_smoke", [*CPU, *changes])
    estimate = footprint(config, (1, 28, 28), 10, bf16=False).training(config.training.batch_size)
    assert truth / 3 < estimate < truth * 1.02


@pytest.mark.parametrize("name", ["classic", "fashion_mnist_cpu"])
def test_what_autograd_keeps_is_counted(name):
    """On real tensors, by torch's own hooks."""
    config = load_config(name)
    model, kept = make_model(config, 1, 10), {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = model(torch.zeros(3, 1, 28, 28), torch.zeros(3, dtype=torch.long))
    for parameter in model.parameters():
        kept.pop(parameter.untyped_storage().data_ptr(), None)
    assert result.requires_grad
    estimate = footprint(config, (1, 28, 28), 10, bf16=False)
    activations = estimate._alive(3, training=True)
    assert sum(kept.values()) <= activations < 1.2 * sum(kept.values())


def test_the_need_grows_with_the_batch_in_a_straight_line():
    estimate = footprint(load_config("textures"), (1, 28, 28), 10, bf16=False)
    one, hundred, thousand = (estimate.training(batch) for batch in (1, 100, 1000))
    assert one < hundred < thousand
    assert thousand == pytest.approx(hundred * 10, rel=0.05)
    assert estimate.training(100_000) == pytest.approx(thousand * 100, rel=0.05)
    assert footprint(load_config("textures"), (1, 28, 28), 10, bf16=True).training(100) < 0.6 * hundred


def test_it_is_quick_and_leaves_the_random_numbers_alone():
    footprint(load_config("skips"), (1, 28, 28), 10, bf16=False).training(2)  # torch loads what it needs for it
    state = torch.random.get_rng_state()
    for name in ("classic", "fashion_mnist_cpu"):
        start = time.process_time()
        footprint(load_config(name), (1, 28, 28), 10, bf16=False).training(128)
        assert time.process_time() - start < 2
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_courses_own_configs_fit_into_four_gigabytes(path, monkeypatch):
    machine_with(monkeypatch, 4 * GB)
    config = load_config(path, CPU)
    images = torch.zeros(1, 3, 128, 128, dtype=torch.uint8) if config.data.image_size else IMAGES
    check_training_memory(config, images, 10)


def test_the_refusal_names_a_batch_that_fits(monkeypatch):
    machine_with(monkeypatch, GB)
    config = load_config("classic", [*CPU, "training.batch_size=4096"])
    message = refusal(config)
    found = re.fullmatch(
        r"training needs about 3\d\.\d GB, and this machine has 1\.0 GB free: lower training\.batch_size to (\d+)\.",
        message,
    )
    assert found, message
    batch = int(found[1])
    assert 40 < batch < 60  # half of what the estimate lets in: real runs take up to twice as much
    check_training_memory(load_config("classic", [*CPU, f"training.batch_size={batch}"]), IMAGES, 10)
    refusal(load_config("classic", [*CPU, f"training.batch_size={3 * batch}"]))


def test_nothing_that_fits_exactly_is_refused(monkeypatch):
    config = load_config("textures", [*CPU, "training.sample_every=0"])
    needed = footprint(config, (1, 28, 28), 10, bf16=False).training(config.training.batch_size)
    machine_with(monkeypatch, needed)
    check_training_memory(config, IMAGES, 10)
    machine_with(monkeypatch, needed - 1)
    refusal(config)


def test_a_machine_that_tells_nothing_refuses_nothing(monkeypatch):
    machine_with(monkeypatch, None)
    check_training_memory(load_config("classic", [*CPU, "training.batch_size=100000"]), IMAGES, 10)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (["model.dim=4096"], r"this network needs about [\d.,]+ GB.*lower model\.dim or model\.dim_mults"),
        (["model.dim=4096", "model.dim_mults=32,32,32"], r"this network needs .*lower model\.dim"),
        (["model.blocks_per_level=32", "model.dim=1024"], r"this network needs .*lower model\.dim"),
        (["training.batch_size=100000"], r"lower training\.batch_size to \d+"),
        (["training.batch_size=1", "training.sample_count=10000"], r"a preview needs .*training\.sample_count to \d+"),
    ],
)
def test_absurd_sizes_are_refused_at_once(changes, says, monkeypatch):
    machine_with(monkeypatch, 2 * GB)
    start = time.process_time()
    message = refusal(load_config("garments_smoke", [*CPU, "training.sample_every=10", *changes]))
    assert time.process_time() - start < 20
    assert re.search(says, message), message


def test_a_preview_that_is_never_drawn_needs_nothing(monkeypatch):
    machine_with(monkeypatch, 2 * GB)
    changes = ["training.batch_size=1", "training.sample_count=10000", "training.sample_every=0"]
    check_training_memory(load_config("garments_smoke", [*CPU, *changes]), IMAGES, 10)


def test_an_image_too_large_for_one_at_a_time(monkeypatch):
    machine_with(monkeypatch, 2 * GB)
    images = torch.zeros(1, 3, 1024, 1024, dtype=torch.uint8)
    assert "lower data.image_size or model.dim" in refusal(load_config("garments_smoke", CPU), images)


@pytest.fixture
def checkpoint():
    config = check_config({"model": {"dim": 8, "dim_mults": [1, 2]}})
    model = make_model(config, 1, 10)
    return Checkpoint(model, make_schedule(config), config, (1, 28, 28), ["a"] * 10, 0)


def test_samples_that_fit_are_not_refused(checkpoint, monkeypatch):
    machine_with(monkeypatch, GB)
    check_sampling_memory(checkpoint, 64, 64)
    check_sampling_memory(checkpoint, 64, 10**9)  # no more at a time than there are


@pytest.mark.parametrize(
    ("count", "batch", "says"),
    [
        (10**7, 64, r"the result needs .*lower --count to (\d+)"),
        (10**5, 10**5, r"sampling needs .*lower --batch to (\d+)"),
    ],
)
def test_too_many_samples_are_refused_with_a_number_that_fits(count, batch, says, checkpoint, monkeypatch):
    machine_with(monkeypatch, GB)
    with pytest.raises(TooLargeError) as caught:
        check_sampling_memory(checkpoint, count, batch, "fp32")
    found = re.search(says, str(caught.value))
    assert found, caught.value
    fits = int(found[1])
    assert fits > 100
    check_sampling_memory(checkpoint, min(count, fits) if "--count" in says else count, min(batch, fits), "fp32")


def test_a_gpu_counts_what_is_free_on_it_and_what_this_process_keeps(monkeypatch):
    monkeypatch.setattr(memory, "find_device", torch.device)  # a GPU that this machine need not have
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (GB, 80 * GB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 3 * GB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 2 * GB)
    machine_with(monkeypatch, 0)  # the machine's own memory does not count
    changes = ["training.device=cuda", "training.precision=fp32"]
    check_training_memory(load_config("classic", changes), IMAGES, 10)
    message = refusal(load_config("classic", [*changes, "training.batch_size=256"]))
    assert re.search(r"and the GPU has 2\.0 GB free: lower training\.batch_size to 1\d\d\.", message), message
    images = torch.zeros(1, dtype=torch.uint8).expand(3_000_000, 1, 28, 28)  # all of them go to the GPU
    assert "the data and this network need" in refusal(load_config("classic", changes), images)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_its_own_memory_counts():
    config = load_config("classic", ["training.device=cuda", "training.batch_size=100000"])
    assert re.search(r"and the GPU has [\d.,]+ GB free: lower training\.batch_size to \d+", refusal(config))
    check_training_memory(load_config("classic", ["training.device=cuda"]), IMAGES, 10)
