"""The loop of a run on disk: killed, resumed and misused."""

import math
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from course_lib.errors import CourseError
from course_lib.files import FileError
from course_lib.paths import CONFIGS
from course_lib.runs import loop
from course_lib.runs.checkpoints import export_checkpoint, load_checkpoint
from course_lib.runs.config import check_config, load_config
from course_lib.runs.devices import has_fast_bf16
from course_lib.runs.loop import advance, preview, train
from course_lib.runs.run import TrainingError, fresh_run
from course_lib.runs.tensor_files import read_safetensors

TINY = {
    "data": {"source": "garments", "flip": True},
    "model": {"dim": 8, "dim_mults": [1, 2], "class_conditional": True},
    "diffusion": {"timesteps": 10},
    "training": {
        "steps": 12,
        "batch_size": 8,
        "sample_every": 0,
        "checkpoint_every": 4,
        "device": "cpu",
        "precision": "fp32",
    },
}


def tiny(**changes):
    return check_config(TINY | {"training": TINY["training"] | changes})


@pytest.fixture(autouse=True)
def few_garments(monkeypatch):
    """Random images: what is trained on does not matter here."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (20, 1, 8, 8), generator=generator, dtype=torch.uint8)
    labels = torch.randint(10, (20,), generator=generator)
    monkeypatch.setattr(loop, "load_images", lambda *args, **kwargs: (images, labels))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def weights(folder):
    return read_safetensors(folder / "checkpoint.safetensors")[0]


def test_a_run_learns(tmp_path):
    """One image only: the loss must fall well below the 1 of a network that says nothing."""
    config = check_config(TINY | {"training": TINY["training"] | {"steps": 150, "lr": 0.01}})
    losses = [float(progress.loss) for progress in train(config, tmp_path)]
    assert sum(losses[:5]) / 5 > 0.8
    assert sum(losses[-20:]) / 20 < 0.6


@pytest.mark.parametrize("stopped_after", [1, 3, 4, 5, 8, 11])
def test_stopped_anywhere_and_resumed_is_the_uninterrupted_run(tmp_path, stopped_after):
    """A loop that is left stores the run first."""
    for _ in train(tiny(), tmp_path / "whole"):
        pass
    for progress in train(tiny(), tmp_path / "broken"):
        if progress.step == stopped_after:
            break
    resumed = [progress.step for progress in train(tiny(), tmp_path / "broken")]
    assert resumed == list(range(stopped_after + 1, 13))
    whole, broken = weights(tmp_path / "whole"), weights(tmp_path / "broken")
    assert whole.keys() == broken.keys()
    assert all(torch.equal(whole[name], broken[name]) for name in whole)
    rows = [[row.split(",")[:2] for row in (tmp_path / f / "log.csv").open()] for f in ("whole", "broken")]
    assert rows[0] == rows[1]


def test_sigkill_and_resume_from_the_command_line(tmp_path):
    """The real thing: a process killed without warning while it trains and writes checkpoints."""
    flat = [f"{section}.{key}={value}" for section, keys in TINY.items() for key, value in keys.items()]
    changes = [
        part for change in [*flat, "training.steps=40", "training.checkpoint_every=3"] for part in ("--set", change)
    ]
    course = [sys.executable, "-m", "course_lib.cli", "train", "garments_smoke", *changes, "--out"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([*course, tmp_path / "whole"], check=True, env=environment, capture_output=True)
    process = subprocess.Popen([*course, tmp_path / "killed"], env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not (tmp_path / "killed" / "checkpoint.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert read_safetensors(tmp_path / "killed" / "checkpoint.safetensors")[1]["step"] < 40, (
        "killed too late to prove it"
    )
    subprocess.run([*course, tmp_path / "killed"], check=True, env=environment, capture_output=True)
    whole, killed = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert all(torch.equal(whole[name], killed[name]) for name in whole)


def test_training_leaves_the_callers_random_numbers_alone(tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    for _ in train(tiny(steps=2), tmp_path):
        pass
    assert torch.equal(torch.rand(2), expected)


def test_seeds_differ():
    first, second = (fresh_run(tiny(seed=seed), (1, 8, 8), ["a"] * 10) for seed in (0, 1))
    assert not torch.equal(first.model.stem[1].weight, second.model.stem[1].weight)


def test_the_folder_of_a_run(tmp_path):
    for _ in train(tiny(sample_every=6, sample_count=4), tmp_path):
        pass
    files = {file.name for file in tmp_path.iterdir()}
    pictures = {"samples_000006.png", "samples_000012.png"}
    assert files == {"checkpoint.safetensors", "config.yaml", "log.csv", ".lock"} | pictures
    rows = (tmp_path / "log.csv").read_text().splitlines()
    assert rows[0] == "step,loss,seconds"
    assert [int(row.split(",")[0]) for row in rows[1:]] == [10, 12]
    assert load_checkpoint(tmp_path / "checkpoint.safetensors", "cpu").step == 12


def test_a_row_of_the_log_is_the_mean_since_the_last_row(tmp_path):
    losses = [float(progress.loss) for progress in train(tiny(), tmp_path)]
    means = [float(row.split(",")[1]) for row in (tmp_path / "log.csv").read_text().splitlines()[1:]]
    assert means == pytest.approx([sum(losses[:10]) / 10, sum(losses[10:]) / 2], rel=1e-5)


def test_a_finished_run_does_nothing_and_a_longer_one_goes_on(tmp_path):
    assert len(list(train(tiny(), tmp_path))) == 12
    assert list(train(tiny(), tmp_path)) == []
    assert [progress.step for progress in train(tiny(steps=14), tmp_path)] == [13, 14]
    with pytest.raises(TrainingError, match="at step 14 already"):
        next(train(tiny(steps=13), tmp_path))


def test_another_recipe_does_not_go_on_from_this_checkpoint(tmp_path):
    for _ in train(tiny(), tmp_path):
        pass
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    with pytest.raises(TrainingError, match=r"training\.lr \(0\.002 there, 0\.01 now\).*--fresh"):
        next(train(tiny(lr=0.01), tmp_path))
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before
    assert next(train(tiny(lr=0.01), tmp_path, resume=False)).step == 1


def test_other_images_do_not_go_on_from_this_checkpoint(tmp_path, monkeypatch):
    """As when `auto` finds another data set on another day, with the same classes."""
    next(train(tiny(checkpoint_every=1), tmp_path))
    images, labels = loop.load_images("garments")
    monkeypatch.setattr(loop, "load_images", lambda *args, **kwargs: (images.flip(-1), labels))
    with pytest.raises(TrainingError, match=r"data set \(20 images of 1 x 8 x 8 with checksum .* there, 20 images"):
        next(train(tiny(checkpoint_every=1), tmp_path))


def test_an_exported_network_does_not_go_on_training(tmp_path):
    for _ in train(tiny(), tmp_path / "run"):
        pass
    export_checkpoint(tmp_path / "run" / "checkpoint.safetensors", tmp_path / "checkpoint.safetensors")
    with pytest.raises(TrainingError, match="exported for sampling"):
        next(train(tiny(steps=20), tmp_path))


def test_a_run_may_start_from_another_ones_averaged_weights(tmp_path):
    list(train(tiny(), tmp_path / "first"))
    first = tmp_path / "first" / "checkpoint.safetensors"
    start = str(first)
    averaged = read_safetensors(first, "ema.")[0]
    names = load_checkpoint(first).class_names
    run = fresh_run(tiny(start_from=start, seed=1), (1, 28, 28), names)
    assert run.step == 0
    for network in (run.model, run.ema):
        assert all(torch.equal(value, averaged[name]) for name, value in network.state_dict().items())
    fresh = fresh_run(tiny(seed=1), (1, 28, 28), names)
    assert not torch.equal(fresh.model.state_dict()["stem.1.weight"], averaged["stem.1.weight"])
    list(train(tiny(start_from=start, steps=2, checkpoint_every=1), tmp_path / "second"))
    assert load_checkpoint(tmp_path / "second" / "checkpoint.safetensors").step == 2


def test_a_run_does_not_start_from_another_network(tmp_path):
    list(train(tiny(steps=1), tmp_path))
    start = str(tmp_path / "checkpoint.safetensors")
    names = load_checkpoint(start).class_names
    config = tiny(start_from=start)
    wider = config.model_copy(update={"model": config.model.model_copy(update={"dim": 16})})
    with pytest.raises(TrainingError, match=r"model.dim \(8 there, 16 now\)"):
        fresh_run(wider, (1, 28, 28), names)
    with pytest.raises(TrainingError, match=r"channels and classes \(\(1, 10\) there, \(3, 10\) now\)"):
        fresh_run(config, (3, 28, 28), names)
    with pytest.raises(CourseError, match="no checkpoint"):
        fresh_run(tiny(start_from="nowhere"), (1, 28, 28), names)


def test_a_folder_with_files_of_the_users_keeps_them(tmp_path):
    for name in ("log.csv", "config.yaml"):
        mine = tmp_path / name
        mine.write_text("mine: 1")
        for resume in (False, True):
            with pytest.raises(FileError, match=f"{name} is there already.*Name another file"):
                next(train(tiny(), tmp_path, resume))
        assert mine.read_text() == "mine: 1"
        mine.unlink()


def test_starting_over_removes_the_old_runs_pictures(tmp_path):
    for _ in train(tiny(sample_every=6), tmp_path):
        pass
    next(train(tiny(lr=0.01), tmp_path, resume=False))
    files = {file.name for file in tmp_path.iterdir()}
    assert files == {"checkpoint.safetensors", "config.yaml", "log.csv", ".lock"}


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "train_step", lambda *args, **kwargs: torch.tensor(math.nan))
    with pytest.raises(TrainingError, match=r"nan at step 10.*training\.lr"):
        for _ in train(tiny(checkpoint_every=0), tmp_path):
            pass
    assert not (tmp_path / "checkpoint.safetensors").exists()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_both_precisions_and_layouts_train_and_sample(precision):
    run = fresh_run(tiny(precision=precision, channels_last=True), (1, 8, 8), ["a"] * 10)
    images, labels = torch.zeros(8, 1, 8, 8, dtype=torch.uint8), torch.arange(8)
    assert math.isfinite(advance(run, images, labels))
    samples = preview(run)
    assert samples.shape == (16, 1, 8, 8)
    assert samples.dtype == torch.float32
    assert all(p.dtype == torch.float32 for p in run.model.parameters())


@pytest.mark.parametrize("name", sorted(path.stem for path in CONFIGS.glob("*.yaml")))
def test_every_config_of_the_course_takes_a_step_and_samples(name):
    """On a few random images of the shape that the config is for."""
    changes = ["training.batch_size=2", "training.sample_count=2", "training.device=cpu", "diffusion.timesteps=3"]
    config = load_config(name, changes)
    size, channels = config.data.image_size or 28, config.data.channels or 1
    run = fresh_run(config, (channels, size, size), ["a"] * 10)
    images = torch.randint(256, (4, channels, size, size), generator=generator(), dtype=torch.uint8)
    assert math.isfinite(advance(run, images, torch.arange(4)))
    assert preview(run).shape == (2, channels, size, size)


def test_automatic_precision_follows_the_device():
    run = fresh_run(tiny(precision="auto"), (1, 8, 8), ["a"] * 10)
    assert run.precision == ("bf16" if has_fast_bf16(torch.device("cpu")) else "fp32")


@pytest.mark.skipif(torch.cuda.is_available(), reason="a machine without CUDA is needed")
def test_a_device_that_is_not_there_is_named():
    with pytest.raises(CourseError, match=r"cuda.*cpu"):
        fresh_run(tiny(device="cuda"), (1, 8, 8), ["a"] * 10)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_training_on_cuda(tmp_path):
    losses = [float(progress.loss) for progress in train(tiny(device="cuda", precision="bf16"), tmp_path)]
    assert all(math.isfinite(loss) for loss in losses)
    assert load_checkpoint(tmp_path / "checkpoint.safetensors", "cpu").step == 12
