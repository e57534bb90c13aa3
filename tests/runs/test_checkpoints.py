"""Files that are whole or not there, and networks that come back as they were."""

import errno
import os
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import save_file

from course_lib.files import FileError
from course_lib.runs.checkpoints import (
    CheckpointError,
    class_index,
    denoiser,
    export_checkpoint,
    load_checkpoint,
    make_model,
    make_schedule,
    sample_steps,
)
from course_lib.runs.config import ConfigError, check_config
from course_lib.runs.devices import has_fast_bf16
from course_lib.runs.tensor_files import read_safetensors, write_safetensors

SETTINGS = {"model": {"dim": 8, "dim_mults": [1, 2], "class_conditional": True}, "diffusion": {"timesteps": 4}}


@pytest.fixture
def checkpoint(tmp_path):
    config = check_config(SETTINGS)
    model = make_model(config, channels=1, num_classes=3)
    metadata = {
        "config": config.model_dump(mode="json"),
        "image_shape": [1, 8, 8],
        "class_names": ["Boot", "Bag", "Coat"],
        "step": 7,
    }
    path = tmp_path / "checkpoint.safetensors"
    write_safetensors(path, {f"ema.{name}": value for name, value in model.state_dict().items()}, metadata)
    return path, model


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "deep" / "x.safetensors"
    tensors = {"a.one": torch.arange(6).reshape(2, 3).T, "a.two": torch.tensor(1.5), "b.three": torch.ones(0)}
    write_safetensors(path, tensors, {"note": ["any", {"JSON": None}]})
    read, metadata = read_safetensors(path)
    assert metadata == {"note": ["any", {"JSON": None}]}
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)
    assert read_safetensors(path, "a.")[0].keys() == {"one", "two"}


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "x.safetensors"
    write_safetensors(path, {"a": torch.ones(3)}, {})

    def no_space(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(FileError, match=r"x\.safetensors cannot be written: the disk is full"):
        write_safetensors(path, {"a": torch.zeros(3)}, {})
    assert [file.name for file in tmp_path.iterdir()] == ["x.safetensors"]
    assert read_safetensors(path)[0]["a"].tolist() == [1, 1, 1]


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path):
    path = tmp_path / "x.safetensors"
    script = (
        "import sys, torch\nfrom pathlib import Path\nfrom course_lib.runs.tensor_files import write_safetensors\n"
        "step = 0\nwhile True:\n    step += 1\n"
        "    write_safetensors(Path(sys.argv[1]), {'a': torch.full((500_000,), float(step))}, {'step': step})\n"
    )
    for pause in (0.01, 0.05, 0.13):
        writer = subprocess.Popen([sys.executable, "-c", script, str(path)])
        deadline = time.monotonic() + 300
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(pause)
        writer.kill()
        writer.wait()
        tensors, metadata = read_safetensors(path)
        assert bool((tensors["a"] == metadata["step"]).all())
        path.unlink()


def test_a_network_comes_back_as_it_was(checkpoint):
    path, model = checkpoint
    loaded = load_checkpoint(path, "cpu")
    x, t, labels = torch.randn(2, 1, 8, 8), torch.tensor([0, 3]), torch.tensor([2, 0])
    torch.testing.assert_close(loaded.model(x, t, labels), model.eval()(x, t, labels))
    assert (loaded.image_shape, loaded.step, loaded.schedule.timesteps) == ((1, 8, 8), 7, 4)


def test_an_export_is_small_and_samples_alike(checkpoint, tmp_path):
    path, _ = checkpoint
    export_checkpoint(path, tmp_path / "small.safetensors")
    assert (tmp_path / "small.safetensors").stat().st_size < 0.6 * path.stat().st_size
    full, small = load_checkpoint(path, "cpu"), load_checkpoint(tmp_path / "small.safetensors", "cpu")
    draw = lambda loaded: list(sample_steps(loaded, 2, torch.Generator().manual_seed(0), label=1))  # noqa: E731
    states = draw(full)
    assert [tuple(state.shape) for state in states] == [(2, 1, 8, 8)] * 5
    torch.testing.assert_close(states[-1], draw(small)[-1], rtol=0, atol=0.02)


def test_the_denoiser_binds_labels_and_computes_in_the_precision_asked_for(checkpoint):
    loaded = load_checkpoint(checkpoint[0], "cpu")
    x, t, labels = torch.randn(2, 1, 8, 8), torch.tensor([0, 3]), torch.tensor([2, 0])
    exact = loaded.model(x, t, labels)
    assert torch.equal(denoiser(loaded, labels, "fp32")(x, t), exact)
    assert not torch.equal(denoiser(loaded, None, "fp32")(x, t), exact)
    half = denoiser(loaded, labels, "bf16")(x, t)
    assert half.dtype == torch.float32
    assert not torch.equal(half, exact)
    torch.testing.assert_close(half, exact, rtol=0, atol=0.02 * float(exact.abs().max()))
    automatic = denoiser(loaded, labels)(x, t)
    assert torch.equal(automatic, half if has_fast_bf16(torch.device("cpu")) else exact)


def test_an_export_does_not_overwrite_what_it_is_made_from(checkpoint):
    path, _ = checkpoint
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="Name another file"):
        export_checkpoint(path, path.parent / "." / path.name)
    assert path.read_bytes() == before


def test_labels_by_name_or_number(checkpoint):
    loaded = load_checkpoint(checkpoint[0], "cpu")
    assert class_index(loaded, "coat") == class_index(loaded, "2") == 2
    for wrong in ("hat", "3", "-1", "²"):
        with pytest.raises(CheckpointError, match="0 Boot, 1 Bag, 2 Coat"):
            class_index(loaded, wrong)


def test_broken_and_foreign_files_are_named(checkpoint, tmp_path):
    path, _ = checkpoint
    whole = path.read_bytes()
    for length in (0, 5, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"checkpoint\.safetensors is broken"):
            load_checkpoint(path)
    save_file({"a": torch.ones(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(CheckpointError, match=r"foreign\.safetensors.*not a checkpoint"):
        load_checkpoint(tmp_path / "foreign.safetensors")
    write_safetensors(tmp_path / "pictures.safetensors", {"images": torch.ones(1)}, {})
    with pytest.raises(CheckpointError, match=r"pictures\.safetensors"):
        load_checkpoint(tmp_path / "pictures.safetensors")
    with pytest.raises(CheckpointError, match="course train"):
        load_checkpoint(tmp_path / "missing.safetensors")


def test_settings_that_do_not_fit_together_are_a_config_error():
    with pytest.raises(ConfigError, match="model: attention has 1 entries"):
        make_model(check_config({"model": {"attention": ["full"]}}), 1, 10)


def test_zero_terminal_snr_reaches_the_schedule():
    config = check_config({"diffusion": {"zero_terminal_snr": True, "predicts": "v", "schedule": "linear"}})
    assert make_schedule(config).alphas_cumprod[-1] == 0
    assert make_schedule(check_config({})).alphas_cumprod[-1] > 0
