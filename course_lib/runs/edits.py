"""The edits of chapter 14 with a network from disk, on pictures of 8 bits: what `course edit` does.

Pictures are uint8, (B, C, H, W) or (C, H, W), on the CPU; results, too. What is random takes one generator for each
picture, so a picture does not depend on how many others there are.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path

import torch
from torch import Tensor

from course_lib.editing import (
    ddim_sample_from,
    denoise_from,
    inpaint_sample_loop,
    invert,
    noise_level_to_t,
    repaint_schedule,
    sketch_to_image,
    slerp,
)
from course_lib.errors import CourseError
from course_lib.images import to_model_range, to_uint8
from course_lib.reverse import draw_noise
from course_lib.runs.checkpoints import Checkpoint, denoiser, load_checkpoint
from course_lib.runs.denoiser import Denoiser, finite
from course_lib.schedules import NoiseSchedule

GREY_LEVELS = 127.5  # in one unit of the model's range
LONGEST_JUMP = 10  # as in RePaint


class EditError(CourseError):
    """An edit that the network cannot make."""


def load_for_edits(path: str | Path, device: str = "auto") -> Checkpoint:
    """`load_checkpoint`. Raises EditError for a network of latents: edits are made pixel by pixel."""
    loaded = load_checkpoint(path, device)
    if loaded.autoencoder:
        raise EditError(
            f"{path} draws latents, and edits need a network that sees pixels. Name another, such as fashion_mnist."
        )
    return loaded


def network_for(
    checkpoint: Checkpoint,
    rows: int,
    label: int | None = None,
    precision: str = "auto",
    tick: Callable[[], None] = lambda: None,
) -> Denoiser:
    """The checkpoint's network for `rows` pictures of one class, or of any; it calls `tick` after each call."""
    labels = None if label is None else torch.full((rows,), label, device=checkpoint.schedule.device)
    return _counted(denoiser(checkpoint, labels, precision), tick)


def steps_from(start: int, steps: int | None, usual: int) -> int:
    """How many steps to take from t = `start`: `steps`, or the usual number, or as many as there are.

    Raises EditError for more steps than there are.
    """
    if steps is None:
        return min(usual, start + 1)
    if not 1 <= steps <= start + 1:
        raise EditError(
            f"the edit was to take {steps} steps, and from t = {start} there are 1 to {start + 1}; lower --steps."
        )
    return steps


# Denoising


def matching_t(noise: float, schedule: NoiseSchedule) -> tuple[int, float]:
    """The t whose noise is nearest to `noise` grey levels of 255, and the noise of that t in grey levels.

    Raises EditError for a noise that is no noise, or so strong that a picture of 8 bits cannot hold it.
    """
    if not 0 < noise <= 255:
        raise EditError(f"the noise must be above 0 and at most 255 grey levels, not {noise:g}; change --noise.")
    t = int(noise_level_to_t(torch.tensor(noise / GREY_LEVELS), schedule.to("cpu")))
    kept = float(schedule.alphas_cumprod[t])
    return t, GREY_LEVELS * math.sqrt((1 - kept) / kept)


def add_noise(pictures: Tensor, noise: float, generators: list[torch.Generator]) -> Tensor:
    """The pictures (B, C, H, W) with noise of a standard deviation of `noise` grey levels, as a file can hold it."""
    normal = torch.stack([torch.randn(pictures.shape[1:], generator=generator) for generator in generators])
    return to_uint8(to_model_range(pictures) + noise / GREY_LEVELS * normal)


def psnr(pictures: Tensor, clean: Tensor) -> float:
    """The peak signal-to-noise ratio in dB; infinite for equal pictures."""
    from torchmetrics.functional.image import peak_signal_noise_ratio  # two seconds, which other edits need not wait

    return float(peak_signal_noise_ratio(pictures.double(), clean.double(), data_range=255.0))


def denoise(network: Denoiser, noisy: Tensor, start: int, steps: int) -> Tensor:
    """Clean pictures from noisy ones (B, C, H, W) whose noise is that of t = `start`."""
    x = to_model_range(noisy).to(network.schedule.device)
    return _bytes(denoise_from(network, x, start, network.schedule, steps, network.predicts, network.clip_start))


# Inpainting


def jump_length(steps: int) -> int:
    """How many steps RePaint goes back at a time: a fifth of the way, at most 10, or a little more where such jumps
    would lead back to pure noise, which is to begin anew.
    """
    usual = min(LONGEST_JUMP, max(1, steps // 5))
    return next(length for length in count(usual) if max(steps - 1, 1) % length)


def inpainting_calls(steps: int, resample: int) -> int:
    """How many network calls it takes to inpaint: each step down is one."""
    return sum(after < before for before, after in pairwise(repaint_schedule(steps, jump_length(steps), resample)))


def inpaint(
    network: Denoiser, picture: Tensor, known: Tensor, steps: int, resample: int, generators: list[torch.Generator]
) -> Tensor:
    """The picture (C, H, W), as many times as there are generators: (B, C, H, W). Where `known`, bool (1, H, W), is
    False, it is drawn anew; where True, it is the picture itself, bit for bit. `resample` is RePaint's jump_n_sample.
    """
    device = network.schedule.device
    repeated = to_model_range(picture).to(device).expand(len(generators), -1, -1, -1)
    drawn = inpaint_sample_loop(
        network,
        repeated,
        known.to(device),
        network.schedule,
        steps,
        jump_length=jump_length(steps),
        jump_n_sample=resample,
        generator=generators,
        known_generator=generators,
        predicts=network.predicts,
        clip_start=network.clip_start,
    )
    return _bytes(drawn)


# From a sketch


def start_of(strength: float, schedule: NoiseSchedule) -> int:
    """The t at which a sketch begins: 0 at strength 0, the last one at strength 1. Raises EditError for any other."""
    if not 0 <= strength <= 1:
        raise EditError(f"the strength must be from 0 (keep the sketch) to 1 (forget it), not {strength:g}.")
    return round(strength * (schedule.timesteps - 1))


def from_sketch(network: Denoiser, sketch: Tensor, start: int, steps: int, generators: list[torch.Generator]) -> Tensor:
    """Pictures (B, C, H, W) that resemble the sketch (C, H, W), one for each generator."""
    repeated = to_model_range(sketch).to(network.schedule.device).expand(len(generators), -1, -1, -1)
    noise = draw_noise(tuple(repeated.shape), network.schedule, generators)
    drawn = sketch_to_image(
        network, repeated, start, noise, network.schedule, steps, network.predicts, network.clip_start
    )
    return _bytes(drawn)


# From one picture to another


def noises_of(
    checkpoint: Checkpoint,
    pictures: Tensor,
    steps: int,
    labels: tuple[int, int] | None = None,
    precision: str = "auto",
    tick: Callable[[], None] = lambda: None,
) -> Tensor:
    """The noise (2, C, H, W) from which DDIM draws nearly these two pictures, (2, C, H, W), each with its label."""
    device = checkpoint.schedule.device
    bound = None if labels is None else torch.tensor(labels, device=device)
    network = _counted(denoiser(checkpoint, bound, precision), tick)
    x = to_model_range(pictures).to(device)
    return finite(invert(network, x, network.schedule, steps, network.predicts, network.clip_start))


def between(
    checkpoint: Checkpoint,
    noises: Tensor,
    fractions: Tensor,
    steps: int,
    labels: tuple[int, int] | None = None,
    precision: str = "auto",
    tick: Callable[[], None] = lambda: None,
) -> Tensor:
    """Pictures (B, C, H, W) on the way between two, whose `noises` are (2, C, H, W): fractions (B,), 0 is the first.

    With two labels the network is asked with each, and the two predictions are mixed in the same proportion.
    """
    rows, fractions = len(fractions), fractions.to(noises)
    first, second = (noise.expand(rows, -1, -1, -1) for noise in noises)
    network = network_for(checkpoint, rows, labels[0] if labels else None, precision, tick)
    if labels and labels[0] != labels[1]:
        other = network_for(checkpoint, rows, labels[1], precision, tick)
        network = _mixed(network, other, fractions)
    drawn = ddim_sample_from(
        network,
        slerp(first, second, fractions),
        checkpoint.schedule.timesteps - 1,
        checkpoint.schedule,
        steps,
        predicts=network.predicts,
        clip_start=network.clip_start,
    )
    return _bytes(drawn)


def _mixed(network: Denoiser, other: Denoiser, fractions: Tensor) -> Denoiser:
    """What `network` says where the fraction is 0 and `other` where it is 1; fractions (B,)."""
    shares = fractions.reshape(-1, 1, 1, 1)

    def mixed(x: Tensor, t: Tensor) -> Tensor:
        return torch.lerp(network(x, t), other(x, t), shares)

    return replace(network, model=mixed)


def _counted(network: Denoiser, tick: Callable[[], None]) -> Denoiser:
    def counted(x: Tensor, t: Tensor) -> Tensor:
        answer = network(x, t)
        tick()
        return answer

    return replace(network, model=counted)


def _bytes(x: Tensor) -> Tensor:
    return to_uint8(finite(x)).cpu()
