"""Autoencoders on disk, and beside the networks that learned their latents (chapter 15)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from course_lib.latent import Vae, decode_scaled
from course_lib.runs.tensor_files import CheckpointError, read_safetensors, refuse_broken

PREFIX = "vae."
Width = Annotated[int, Field(ge=1, le=4096)]


class Description(BaseModel):
    """What a file says about its autoencoder."""

    model_config = ConfigDict(frozen=True)

    widths: Annotated[tuple[Width, ...], Field(min_length=1, max_length=8)]
    latent_channels: Width
    decoder_std: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)]  # 1 / std of the training set's latents
    image_shape: tuple[Width, Width, Width]  # (C, H, W)


@dataclass(frozen=True)
class Autoencoder:
    """A trained VAE with what decoding needs: the scale of its latents, and the image shape (C, H, W)."""

    vae: Vae
    scale: float
    image_shape: tuple[int, int, int]

    def decode(self, latents: Tensor) -> Tensor:
        """Images (B, C, H, W) in [-1, 1] from scaled latents."""
        return decode_scaled(self.vae, latents, self.scale)

    def describe(self) -> dict:
        """What `read_autoencoder` needs beside the weights."""
        return Description(
            widths=self.vae.widths,
            latent_channels=self.vae.latent_channels,
            decoder_std=self.vae.decoder_std,
            scale=self.scale,
            image_shape=self.image_shape,
        ).model_dump(mode="json")

    def tensors(self) -> dict[str, Tensor]:
        """The weights in float16, by the names that they have in a file."""
        return {PREFIX + name: tensor.half() for name, tensor in self.vae.state_dict().items()}


def read_autoencoder(path: str | Path, device: torch.device | str = "cpu") -> Autoencoder:
    """The autoencoder in the file `path`, in float32 and eval mode on `device`.

    Raises CheckpointError if the file is missing or broken, or holds none.
    """
    weights, metadata = read_safetensors(path, PREFIX)
    try:
        described = Description.model_validate(metadata.get("autoencoder"))
        vae = Vae(
            described.image_shape[0], described.widths, described.latent_channels, decoder_std=described.decoder_std
        )
        own = vae.state_dict()
        vae.load_state_dict({name: tensor.to(own[name].dtype) for name, tensor in weights.items()})
    except (ValueError, KeyError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} holds no autoencoder that this course can read ({' '.join(str(error).split())[:200]}). "
            "Copy it again, or train one with `python tools/latent.py vae`."
        ) from None
    refuse_broken(vae.state_dict(), path)
    vae = vae.to(device).eval().requires_grad_(False)
    return Autoencoder(vae, described.scale, described.image_shape)
