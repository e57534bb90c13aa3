"""Autoencoders on disk, and the networks that draw latents: written, read, sampled, refused."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from course_lib.latent import Vae, decode_scaled
from course_lib.reverse import predict_start
from course_lib.runs.autoencoders import Autoencoder, read_autoencoder
from course_lib.runs.checkpoints import denoiser, export_checkpoint, load_checkpoint, make_model
from course_lib.runs.config import Config, check_config
from course_lib.runs.edits import EditError, load_for_edits
from course_lib.runs.samplers import Sampler
from course_lib.runs.tensor_files import CheckpointError, read_safetensors, write_safetensors

SCALE = 0.4


@pytest.fixture
def latent_file(tmp_path: Path) -> Path:
    """A network of latents with its autoencoder, both untrained."""
    torch.manual_seed(0)
    config: Config = check_config({"model": {"dim": 8, "dim_mults": [1, 1]}, "diffusion": {"clip_start": False}})
    autoencoder = Autoencoder(Vae(1, (8, 8), latent_channels=3), SCALE, (1, 8, 8))
    tensors = {f"ema.{name}": tensor.half() for name, tensor in make_model(config, 3, 2).state_dict().items()}
    metadata = {
        "config": config.model_dump(mode="json"),
        "image_shape": (3, 2, 2),
        "class_names": ["a", "b"],
        "step": 5,
    }
    path = tmp_path / "latent.safetensors"
    write_safetensors(path, tensors | autoencoder.tensors(), metadata | {"autoencoder": autoencoder.describe()})
    return path


def test_samples_are_decoded_images(latent_file: Path) -> None:
    loaded = load_checkpoint(latent_file, "cpu")
    assert loaded.image_shape == (3, 2, 2)
    assert loaded.picture_shape == (1, 8, 8)
    assert loaded.autoencoder is not None
    network = denoiser(loaded, sampler=Sampler("ddim", 4))
    states = list(network.sample_steps(2, torch.Generator().manual_seed(0)))
    assert [tuple(state.shape) for state in states] == [(2, 1, 8, 8)] * 5
    noise = torch.randn(2, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    assert_close(states[0], decode_scaled(loaded.autoencoder.vae, noise, SCALE))


def test_a_sample_is_decoded_once(latent_file: Path) -> None:
    decoded = []
    network = denoiser(load_checkpoint(latent_file, "cpu"), sampler=Sampler("ddim", 4))
    counting = replace(network, decode=lambda z: decoded.append(z) or network.decode(z))
    images = counting.sample(2, torch.Generator().manual_seed(0))
    assert len(decoded) == 1
    *_, last = network.sample_steps(2, torch.Generator().manual_seed(0))
    assert_close(images, last)


def test_predicted_latents_are_kept_in_range(latent_file: Path) -> None:
    """The last steps' noise is divided by almost nothing: without a limit an untrained network's latents run away."""
    loaded = load_checkpoint(latent_file, "cpu")
    x, t = 3 * torch.randn(2, 3, 2, 2, generator=torch.Generator().manual_seed(0)), torch.tensor([199, 150])
    start = predict_start(denoiser(loaded)(x, t), x, t, loaded.schedule, "noise")
    alone = predict_start(loaded.model(x, t), x, t, loaded.schedule, "noise")
    assert float(alone[0].abs().max()) > 10
    assert float(start.abs().max()) <= 4.01


def test_a_network_of_pixels_has_no_autoencoder() -> None:
    loaded = load_checkpoint("skips_none", "cpu")
    assert loaded.autoencoder is None
    assert loaded.picture_shape == loaded.image_shape


def test_an_export_keeps_the_autoencoder(latent_file: Path, tmp_path: Path) -> None:
    export_checkpoint(latent_file, tmp_path / "again.safetensors")
    first, again = read_autoencoder(latent_file), read_autoencoder(tmp_path / "again.safetensors")
    assert (first.scale, first.image_shape) == (again.scale, again.image_shape) == (SCALE, (1, 8, 8))
    x = torch.randn(2, 1, 8, 8)
    assert_close(first.vae.encode(x)[0], again.vae.encode(x)[0])


def test_edits_refuse_it(latent_file: Path) -> None:
    with pytest.raises(EditError, match="need a network that sees pixels"):
        load_for_edits(latent_file, "cpu")


@pytest.mark.parametrize("damage", ["no description", "negative scale", "a tensor lost", "another shape"])
def test_a_damaged_file_is_refused(latent_file: Path, damage: str) -> None:
    tensors, metadata = read_safetensors(latent_file)
    name = "vae.encoder.0.conv.weight"
    if damage == "no description":
        del metadata["autoencoder"]
    elif damage == "negative scale":
        metadata["autoencoder"]["scale"] = -1
    elif damage == "a tensor lost":
        del tensors[name]
    else:
        tensors[name] = tensors[name][:, :, :2]
    write_safetensors(latent_file, tensors, metadata)
    with pytest.raises(CheckpointError, match="no autoencoder"):
        read_autoencoder(latent_file)


def test_a_file_without_one_is_refused() -> None:
    with pytest.raises(CheckpointError, match="no autoencoder"):
        read_autoencoder(Path(__file__).parents[2] / "data" / "skips_none.safetensors")
