"""The settings of a training run: four sections, read from YAML, checked before anything starts.

Every default is the course's own recipe; `configs/*.yaml` say only what differs. An unknown key or an impossible
value is a ConfigError that names it.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from course_lib.errors import CourseError
from course_lib.paths import CONFIGS
from course_lib.types import AttentionKind, BetaSchedule, Block, LossType, Predicts, Skips, TimeMode

Positive = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class ConfigError(CourseError):
    """A setting that does not exist or cannot be."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DataConfig(Section):
    """What is learned."""

    source: str = "auto"  # as in images.load_images: auto, garments, textures, a folder, a hub name
    image_size: int | None = Field(None, ge=4, le=1024)  # None: as they are
    channels: Literal[1, 3] | None = None
    flip: bool = False  # mirror half of the images; changes the distribution where left and right differ


class ModelConfig(Section):
    """The U-Net; see unet.Unet for the meaning of each setting."""

    dim: int = Field(32, ge=4, multiple_of=2)
    dim_mults: tuple[Positive, ...] = Field((1, 2, 2), min_length=1)
    block: Block = "resnet"
    init_dim: int | None = Field(None, ge=1)
    blocks_per_level: Positive | tuple[Positive, ...] = 1
    attention: tuple[AttentionKind, ...] | None = None
    skips: Skips = "all"
    top_skip: bool = True
    time_mode: TimeMode = "scale_shift"
    transposed: bool = False
    patch: int = Field(1, ge=1, le=8)
    class_conditional: bool = False


class DiffusionConfig(Section):
    """The noise schedule and what the network predicts."""

    schedule: BetaSchedule = "cosine"
    timesteps: int = Field(200, ge=1, le=10_000)
    zero_terminal_snr: bool = False
    predicts: Predicts = "noise"
    loss_type: LossType = "l2"
    clip_start: bool = True  # sampling keeps the predicted x_0 inside [-1, 1]

    @model_validator(mode="after")
    def _noise_says_nothing_at_zero_snr(self):
        if self.zero_terminal_snr and self.predicts == "noise":
            raise ValueError('zero_terminal_snr needs predicts "v" or "start": pure noise tells nothing of x_0')
        return self


class TrainingConfig(Section):
    """The loop. Warm-up and EMA shorten themselves in short runs (training.warmup_decay, training.ema_decay)."""

    steps: int = Field(2000, ge=1)
    batch_size: int = Field(128, ge=1)
    lr: float = Field(2e-3, gt=0, le=1)
    lr_final: float = Field(0.02, ge=0, le=1)  # fraction of lr that the cosine decay ends at; 1 keeps it constant
    warmup_steps: int = Field(100, ge=0)
    betas: tuple[Fraction, Fraction] = (0.9, 0.99)
    weight_decay: float = Field(0.01, ge=0)
    grad_clip: float | None = Field(1.0, gt=0)
    ema_decay: float = Field(0.998, ge=0, lt=1)  # 0 switches the average off
    label_dropout: float = Field(0.1, ge=0, le=1)  # only for class_conditional models
    start_from: str | None = (
        None  # a checkpoint with the same model section, or the name of one in data/: its EMA weights
    )
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    channels_last: bool = False
    device: str = "auto"
    seed: int = Field(0, ge=0)
    sample_every: int = Field(500, ge=0)  # 0: never
    sample_count: int = Field(16, ge=1)
    checkpoint_every: int = Field(250, ge=0)  # 0: only at the end


class Config(Section):
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    diffusion: DiffusionConfig = DiffusionConfig()
    training: TrainingConfig = TrainingConfig()


def load_config(name: str | Path, overrides: Iterable[str] = ()) -> Config:
    """Read a YAML file, or the course's config of that name, and apply `overrides` like "training.steps=100".

    Raises ConfigError naming the file, key or value that is wrong.
    """
    path = find_config(name)
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(settings, dict):
        raise ConfigError(f"{path} must hold the sections {', '.join(Config.model_fields)}.")
    for override in overrides:
        _apply(settings, override)
    return check_config(settings)


def check_config(settings: dict) -> Config:
    """A Config from nested dictionaries. Raises ConfigError with one line per wrong setting."""
    try:
        return Config.model_validate(settings)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(problem) for problem in error.errors())) from None


def find_config(name: str | Path) -> Path:
    """The file itself, or `configs/NAME.yaml`. Raises ConfigError listing the names there are."""
    for path in (Path(name), CONFIGS / f"{name}.yaml"):
        if path.is_file():
            return path
    known = sorted(path.stem for path in CONFIGS.glob("*.yaml"))
    close = difflib.get_close_matches(Path(name).stem, known, n=1)
    raise ConfigError(
        f"no config file {str(name)!r}{_did_you_mean(close) or '.'} The course's own: {', '.join(known)}; "
        "or give the path of a YAML file."
    )


def _apply(settings: dict, override: str) -> None:
    key, equals, value = override.partition("=")
    section, dot, field = key.strip().partition(".")
    if not (equals and dot and field):
        raise ConfigError(f"--set {override!r} is not of the form section.key=value, e.g. training.steps=100.")
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        parsed = value
    within = settings.setdefault(section, {})
    if within is None:
        within = settings[section] = {}
    if not isinstance(within, dict):
        raise ConfigError(f"section {section!r} must hold keys and values, not {within!r}.")
    within[field] = parsed


def _explain(problem: dict) -> str:
    where = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        return _explain_unknown(where)
    place = ".".join(part for part in where if part.isidentifier() and part != "int")  # "tuple[int, ...]" is no key
    return f"{place}: {problem['msg']} (given: {problem['input']!r})."


def _explain_unknown(where: list[str]) -> str:
    sections = {name: list(field.annotation.model_fields) for name, field in Config.model_fields.items()}
    *section, key = where
    known = sections[section[0]] if section else list(sections)
    elsewhere = [f"{name}.{key}" for name, keys in sections.items() if key in keys]
    close = elsewhere or difflib.get_close_matches(key, known, n=1)
    return (
        f"unknown {'key' if section else 'section'} {'.'.join(where)}{_did_you_mean(close) or '.'} "
        f"Known: {', '.join(known)}."
    )


def _did_you_mean(close: list[str]) -> str:
    return f"; did you mean {close[0]!r}?" if close else ""
