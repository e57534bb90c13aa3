"""Networks on disk: what a checkpoint holds, read with suspicion; `tensor_files` does the reading and writing."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor, nn

from course_lib.files import check_place
from course_lib.flow import flow_beta_schedule
from course_lib.latent import within_limit
from course_lib.paths import DATA
from course_lib.runs.autoencoders import Autoencoder, read_autoencoder
from course_lib.runs.config import MOST_STEPS, Config, ConfigError, check_config
from course_lib.runs.denoiser import Denoiser, as_they_are
from course_lib.runs.devices import autocast
from course_lib.runs.devices import device as find_device
from course_lib.runs.samplers import DEFAULT, Sampler
from course_lib.runs.tensor_files import (
    NETWORK,
    CheckpointError,
    NotFiniteError,
    read_safetensors,
    refuse_broken,
    write_safetensors,
)
from course_lib.schedules import BETA_SCHEDULES, NoiseSchedule, rescale_zero_terminal_snr
from course_lib.types import Generators
from course_lib.unet import Unet

if TYPE_CHECKING:
    from course_lib.runs.guides import Guide

D = TypeVar("D", bound=BaseModel)
Size = Annotated[int, Field(ge=1, le=4096)]


class Description(BaseModel):
    """What a checkpoint says about its network; other fields belong to training."""

    model_config = ConfigDict(frozen=True, strict=False)

    config: dict
    image_shape: tuple[Size, Size, Size]  # (C, H, W)
    class_names: list[str]
    step: Annotated[int, Field(ge=0, le=MOST_STEPS)]


@dataclass(frozen=True)
class Checkpoint:
    """A trained network with all that sampling needs: its schedule, its config, the image shape (C, H, W)."""

    model: Unet
    schedule: NoiseSchedule
    config: Config
    image_shape: tuple[int, int, int]
    class_names: list[str]
    step: int
    autoencoder: Autoencoder | None = None  # of a network that learned latents (chapter 15); its shape is theirs

    @property
    def picture_shape(self) -> tuple[int, int, int]:
        """The shape (C, H, W) of what sampling gives: the network's own, or that of the decoded images."""
        return self.autoencoder.image_shape if self.autoencoder else self.image_shape


def make_schedule(config: Config) -> NoiseSchedule:
    """The noise schedule that `config.diffusion` describes, on the CPU."""
    name, timesteps = config.diffusion.schedule, config.diffusion.timesteps
    betas = flow_beta_schedule(timesteps) if name == "flow" else BETA_SCHEDULES[name](timesteps)
    return NoiseSchedule(rescale_zero_terminal_snr(betas) if config.diffusion.zero_terminal_snr else betas)


def make_model(config: Config, channels: int, num_classes: int) -> Unet:
    """The U-Net that `config.model` describes, with fresh weights. Raises ConfigError if its settings clash."""
    settings = config.model.model_dump()
    conditional = settings.pop("class_conditional")
    try:
        return Unet(channels=channels, num_classes=num_classes if conditional else None, **settings)
    except ValueError as error:
        raise ConfigError(f"model: {error}") from None


def validated(path: str | Path, metadata: dict, kind: type[D]) -> D:
    """The metadata of the file `path` as a `kind`. Raises CheckpointError naming a field that is missing or odd."""
    try:
        return kind.model_validate(metadata)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise CheckpointError(
            f"{path} is no checkpoint that this course can read: {field}: {first['msg']}. Name another file."
        ) from None


def describe(path: str | Path, metadata: dict, kind: type[D]) -> tuple[D, Config]:
    """The metadata of the checkpoint at `path` as a `kind`, and the config in it.

    Raises CheckpointError as `validated`, and for a config that this version of the course does not know.
    """
    described = validated(path, metadata, kind)
    try:
        return described, check_config(metadata["config"])
    except ConfigError as error:
        raise CheckpointError(
            f"{path} has a config that this version of the course does not know: {error} "
            "Train anew, or update the course."
        ) from None


def load_weights(module: nn.Module, weights: dict[str, Tensor], path: str | Path) -> None:
    """Give `module` the `weights` of the file `path`, in the module's own types.

    Raises CheckpointError as `check_fits`, NotFiniteError for a number that the module's type cannot hold.
    """
    own = module.state_dict()
    check_fits(own, weights, path)
    module.load_state_dict({name: weights[name].to(tensor.dtype) for name, tensor in own.items()})
    refuse_broken(module.state_dict(), path)


def check_fits(expected: dict[str, Tensor], weights: dict[str, Tensor], path: str | Path) -> None:
    """Raise CheckpointError for an `expected` tensor that is missing or of another shape or kind, and for any other."""
    if missing := sorted(expected.keys() - weights.keys()):
        raise CheckpointError(
            f"{path} is broken: it lacks {len(missing)} tensors (the first: {missing[0]}). Copy it again or train anew."
        )
    if strange := sorted(weights.keys() - expected.keys()):
        raise CheckpointError(
            f"{path} does not fit its own config: {len(strange)} of its tensors are not in that network "
            f"(the first: {strange[0]}). Copy it again or train anew."
        )
    for name, tensor in expected.items():
        if tensor.shape != weights[name].shape:
            raise CheckpointError(
                f"{path} does not fit its own config: {name} has the shape {tuple(weights[name].shape)} there, and the "
                f"network needs {tuple(tensor.shape)}. Copy it again or train anew."
            )
        if tensor.is_floating_point() != weights[name].is_floating_point():
            raise CheckpointError(
                f"{path} does not fit its own config: {name} has the type {weights[name].dtype} there, and the network "
                f"needs {tensor.dtype}. Copy it again or train anew."
            )


def find_checkpoint(name: str | Path) -> Path:
    """The file itself, or the course's own `data/NAME.safetensors`. Raises CheckpointError listing those."""
    for path in (Path(name), DATA / f"{name}.safetensors"):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in DATA.glob("*.safetensors"))) or "none yet"
    raise CheckpointError(f"no checkpoint {name}; `course train CONFIG` makes one. The course's own: {known}.")


def load_checkpoint(path: str | Path, device: str = "auto") -> Checkpoint:
    """A network ready to sample, with its averaged (EMA) weights, in float32 and eval mode on `device`.

    `path` is a file or the name of a checkpoint in data/. Raises CheckpointError if it is missing, broken or not ours.
    """
    path = find_checkpoint(path)
    weights, metadata = read_network(path)
    described, config = describe(path, metadata, Description)
    classes = len(described.class_names)
    with torch.device("meta"):  # before memory is taken for a network that the file does not hold
        check_fits(make_model(config, described.image_shape[0], classes).state_dict(), weights, path)
    model = make_model(config, described.image_shape[0], classes)
    load_weights(model, weights, path)
    chosen = find_device(device)
    return Checkpoint(
        model=model.to(chosen).eval().requires_grad_(False),
        schedule=make_schedule(config).to(chosen),
        config=config,
        image_shape=described.image_shape,
        class_names=described.class_names,
        step=described.step,
        autoencoder=read_autoencoder(path, chosen) if "autoencoder" in metadata else None,
    )


def read_network(path: Path) -> tuple[dict[str, Tensor], dict]:
    """The averaged weights in a checkpoint, and its metadata. Raises CheckpointError for a file without any."""
    weights, metadata = read_safetensors(path, "ema.")
    if not weights:
        raise CheckpointError(f"{path} holds no network of this course. Name a checkpoint of `course train`.")
    return weights, metadata


def export_checkpoint(path: str | Path, out: str | Path) -> None:
    """Write only the averaged weights of `path`, as float16, to `out`: what sampling needs, a tenth of the size.

    Raises FileError if `out` is there and is no exported network (a run could then never go on), CheckpointError as
    `load_checkpoint`, also for a weight that float16 cannot hold.
    """
    path = find_checkpoint(path)
    if os.path.realpath(out) == os.path.realpath(path):
        raise CheckpointError(
            f"{out} is the checkpoint itself, which is more exact than its export. Name another file."
        )
    check_place(out, NETWORK)
    whole = load_checkpoint(path, "cpu")  # only what can be sampled from is worth exporting
    tensors = {f"ema.{name}": tensor.half() for name, tensor in whole.model.state_dict().items()}
    metadata = {
        "config": whole.config.model_dump(mode="json"),
        "image_shape": whole.image_shape,
        "class_names": whole.class_names,
        "step": whole.step,
    }
    if whole.autoencoder:
        tensors |= whole.autoencoder.tensors()
        metadata["autoencoder"] = whole.autoencoder.describe()
    try:
        write_safetensors(out, tensors, metadata)
    except NotFiniteError as error:
        raise NotFiniteError(f"float16 cannot hold these weights, so nothing was written. {error}.") from None


def class_index(checkpoint: Checkpoint, label: str) -> int:
    """The number of the class that `label` names or numbers. Raises CheckpointError listing the classes."""
    if checkpoint.model.num_classes is None:
        raise CheckpointError("this network was trained without labels; train one with model.class_conditional=true.")
    names = [name.lower() for name in checkpoint.class_names]
    if label.lower() in names:
        return names.index(label.lower())
    if label.isdecimal() and int(label) < len(names):
        return int(label)
    listed = ", ".join(f"{number} {name}" for number, name in enumerate(checkpoint.class_names))
    raise CheckpointError(f"no class {label!r}; there are: {listed}.")


def denoiser(
    checkpoint: Checkpoint,
    labels: Tensor | None = None,
    precision: str = "auto",
    sampler: Sampler | None = None,
    guide: "Guide | None" = None,
) -> Denoiser:
    """The checkpoint's network ready to sample, and a model (x, t), with its `labels`, long (B,), bound.

    labels       without them it draws any class
    precision    "fp32", "bf16", or "auto", which is bf16 where that is fast
    sampler      the course's default unless given, `samplers.DEFAULT`, or all steps of a schedule that has fewer
    guide        a weaker network that guides it; none unless given. `guides.usual_guide` knows that of the course's own

    Raises GuideError for a guide that does not fit.
    """
    if guide:
        guide.check(checkpoint)
    bound = checkpoint.model if labels is None else partial(checkpoint.model, labels=labels)
    model = autocast(bound, checkpoint.schedule.device, precision)
    model = guide.guided(model, precision) if guide else model
    predicts = checkpoint.config.diffusion.predicts
    return Denoiser(
        model=within_limit(model, checkpoint.schedule, predicts) if checkpoint.autoencoder else model,
        schedule=checkpoint.schedule,
        predicts=predicts,
        clip_start=checkpoint.config.diffusion.clip_start,
        image_shape=checkpoint.image_shape,
        decode=checkpoint.autoencoder.decode if checkpoint.autoencoder else as_they_are,
        sampler=sampler or DEFAULT.fitted(checkpoint.schedule),
    )


def sample_steps(
    checkpoint: Checkpoint,
    count: int,
    generator: Generators = None,
    label: int | None = None,
    precision: str = "auto",
    sampler: Sampler | None = None,
    guide: "Guide | None" = None,
) -> Iterator[Tensor]:
    """The states (count, C, H, W) of `Denoiser.sample_steps`, from noise to samples.

    All samples are of the class `label`, or, without one, of any; the rest as in `denoiser`.
    """
    labels = None if label is None else torch.full((count,), label, device=checkpoint.schedule.device)
    return denoiser(checkpoint, labels, precision, sampler, guide).sample_steps(count, generator)
