"""The settings of a training run: four sections, read from YAML, checked before anything starts.

Every default is the course's own recipe; `configs/*.yaml` say only what differs. An unknown key or an impossible
value is a ConfigError that names it. The upper bounds are those that no sane run passes; whether a run fits the machine
is for `memory` to say.
"""

import difflib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from course_lib.paths import CONFIGS
from course_lib.runs.config_errors import ConfigError, did_you_mean, explain, sections, shown
from course_lib.runs.settings_file import changed, read_settings
from course_lib.types import AttentionKind, Block, LossType, PathName, Predicts, Skips, TimeMode

MOST_STEPS = 10**9
MOST_LEVELS = 8
LARGEST_SEED = 2**43  # a step draws with the seed training.seed * 1,000,003 + step, and torch takes none from 2**64 on

Multiple = Annotated[int, Field(ge=1, le=32)]
Depth = Annotated[int, Field(ge=1, le=32)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _as_people_write(cls, value: object, info: ValidationInfo) -> object:
        """1e3 is a whole number, "1, 2, 4" is a list, and true is no number.

        A folder's name can hold characters that are no text: it could not be written into the run's config.yaml.
        """
        kinds = _kinds(cls.model_fields[str(info.field_name)].annotation)
        if isinstance(value, bool) and bool not in kinds:
            raise ValueError("true and false mean nothing here")
        if isinstance(value, str):
            if any("\ud800" <= letter <= "\udfff" for letter in value):
                raise ValueError("must be written in letters that UTF-8 has")
            if int in kinds and "e" in value.lower():
                value = _whole(value)
            elif tuple in kinds and "," in value and not set("[](){}") & set(value):
                value = [part.strip() for part in value.split(",")]
        if tuple in kinds and isinstance(value, list | tuple) and len(value) > MOST_LEVELS:
            raise ValueError(f"must have at most {MOST_LEVELS} entries, not {len(value):,}")
        return value


class DataConfig(Section):
    """What is learned."""

    source: str = "auto"  # as in images.load_images: auto, garments, textures, coloured_textures, a folder, a hub name
    image_size: int | None = Field(None, ge=4, le=1024, examples=[64])  # None: as they are
    channels: Literal[1, 3] | None = Field(None, examples=[3])
    flip: bool = False  # mirror half of the images; changes the distribution where left and right differ


class ModelConfig(Section):
    """The U-Net; see unet.Unet for the meaning of each setting."""

    dim: int = Field(32, ge=4, le=4096, multiple_of=2)
    dim_mults: tuple[Multiple, ...] = Field((1, 2, 2), min_length=1)
    block: Block = "resnet"
    init_dim: int | None = Field(None, ge=1, le=4096, examples=[18])
    blocks_per_level: Depth | tuple[Depth, ...] = 1
    attention: tuple[AttentionKind, ...] | None = Field(None, examples=[["none", "linear", "full"]])
    skips: Skips = "all"
    top_skip: bool = True
    time_mode: TimeMode = "scale_shift"
    transposed: bool = False
    patch: int = Field(1, ge=1, le=8)
    class_conditional: bool = False

    @model_validator(mode="after")
    def _one_entry_for_each_level(self) -> Self:
        levels = len(self.dim_mults)
        for name in ("blocks_per_level", "attention"):
            entries = getattr(self, name)
            if isinstance(entries, tuple) and len(entries) != levels:
                raise ValueError(
                    f"{name} has {len(entries)} entries, but dim_mults has {levels} levels. Give each level one."
                )
        return self


class DiffusionConfig(Section):
    """The noise schedule and what the network predicts."""

    schedule: PathName = "cosine"  # "flow" is flow matching's straight path (chapter 16)
    timesteps: int = Field(200, ge=1, le=10_000)
    zero_terminal_snr: bool = False
    predicts: Predicts = "noise"
    loss_type: LossType = "l2"
    clip_start: bool = True  # sampling keeps the predicted x_0 inside [-1, 1]

    @model_validator(mode="after")
    def _zero_snr_is_possible(self) -> Self:
        if self.schedule == "flow" and self.predicts == "noise":
            raise ValueError(
                'schedule "flow" ends in pure noise, which tells nothing of x_0, so it needs predicts "v" or "start". '
                "Write diffusion.predicts=v, or another schedule."
            )
        if self.schedule == "flow" and self.timesteps < 2:
            raise ValueError('schedule "flow" needs timesteps of 2 or more. Write diffusion.timesteps=200.')
        if self.zero_terminal_snr and self.predicts == "noise":
            raise ValueError(
                'zero_terminal_snr needs predicts "v" or "start": pure noise tells nothing of x_0. '
                "Write diffusion.predicts=v, or zero_terminal_snr=false."
            )
        if self.zero_terminal_snr and self.timesteps < 2:
            raise ValueError(
                "zero_terminal_snr needs timesteps of 2 or more: a single step cannot be the first and pure noise at "
                "once. Write diffusion.timesteps=200, or zero_terminal_snr=false."
            )
        return self


class TrainingConfig(Section):
    """The loop. Warm-up and EMA shorten themselves in short runs (training.warmup_decay, training.ema_decay)."""

    steps: int = Field(2000, ge=1, le=MOST_STEPS)
    batch_size: int = Field(128, ge=1, le=100_000)
    lr: float = Field(2e-3, gt=0, le=1)
    lr_final: float = Field(0.02, ge=0, le=1)  # fraction of lr that the cosine decay ends at; 1 keeps it constant
    warmup_steps: int = Field(100, ge=0, le=MOST_STEPS)
    betas: tuple[Fraction, Fraction] = (0.9, 0.99)
    weight_decay: float = Field(0.01, ge=0)
    grad_clip: float | None = Field(1.0, gt=0)
    ema_decay: float = Field(0.998, ge=0, lt=1)  # 0 switches the average off
    label_dropout: float = Field(0.1, ge=0, le=1)  # only for class_conditional models
    # a checkpoint with the same model section, or the name of one in data/: its EMA weights
    start_from: str | None = Field(None, examples=["fashion_mnist"])
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    channels_last: bool = False
    device: str = "auto"
    seed: int = Field(0, ge=0, le=LARGEST_SEED)
    sample_every: int = Field(500, ge=0, le=MOST_STEPS)  # 0: never
    sample_count: int = Field(16, ge=1, le=10_000)
    checkpoint_every: int = Field(250, ge=0, le=MOST_STEPS)  # 0: only at the end


class Config(Section):
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    diffusion: DiffusionConfig = DiffusionConfig()
    training: TrainingConfig = TrainingConfig()


def load_config(name: str | Path, overrides: Iterable[str] = ()) -> Config:
    """Read a YAML file, or the course's config of that name, and apply `overrides` like "training.steps=100".

    Raises ConfigError naming the file, key or value that is wrong; FileError if the file cannot be read.
    """
    return check_config(changed(read_settings(find_config(name)), overrides, TEXTS))


def check_config(settings: object) -> Config:
    """A Config from nested dictionaries. A section that is None has its defaults.

    Raises ConfigError with one line per wrong setting; of many, with the first ten and how many more there are.
    """
    if not isinstance(settings, dict):
        raise ConfigError(f"a config must hold the sections {', '.join(SECTIONS)}, not {shown(settings)}.")
    given = {}
    for section, keys in settings.items():
        if keys is not None or section not in SECTIONS:
            given[_text_key(section)] = (
                {_text_key(key): value for key, value in keys.items()} if isinstance(keys, dict) else keys
            )
    try:
        return Config.model_validate(given)
    except ValidationError as error:
        raise ConfigError(explain(error, Config)) from None


def find_config(name: str | Path) -> Path:
    """The file itself, or `configs/NAME.yaml`. Raises ConfigError listing the names there are."""
    for path in (Path(name), CONFIGS / f"{name}.yaml"):
        if os.path.isfile(path):  # unlike Path.is_file, false for names that no file can have
            return path
    known = sorted(path.stem for path in CONFIGS.glob("*.yaml"))
    if os.path.isdir(name):
        raise ConfigError(
            f"{name} is a folder. Name a YAML file in it, or one of the course's own: {', '.join(known)}."
        )
    close = difflib.get_close_matches(Path(name).stem[:60], known, n=1)
    raise ConfigError(
        f"no config file {shown(str(name))}{did_you_mean(close) or '.'} The course's own: {', '.join(known)}; "
        "or give the path of a YAML file."
    )


def _text_key(key: object) -> str:
    return key if isinstance(key, str) and key.isprintable() else shown(key)


def _kinds(annotation: Any) -> set[object]:
    """int, tuple ... of "int | tuple[int, ...] | None"; a tuple stands for itself, not for what is in it."""
    if getattr(annotation, "__origin__", None) is tuple:
        return {tuple}
    inside = get_args(annotation)
    return {annotation} if not inside else set().union(*map(_kinds, inside))


def _whole(text: str) -> int | str:
    """1000 for "1e3"; what is no whole number stays as it is."""
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else text


SECTIONS = sections(Config)
TEXTS = {
    f"{name}.{key}"
    for name, section in SECTIONS.items()
    for key, field in section.model_fields.items()
    if str in _kinds(field.annotation)
}
