"""The tiny run that all of these tests break, and what must be there when it is mended."""

import csv
import json
import os
from pathlib import Path

import safetensors
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.files import UNFINISHED

DATA = ["data.source=garments", "data.image_size=8", "training.device=cpu", "training.precision=fp32"]
NETWORK = ["model.dim=8", "model.dim_mults=[1]", "model.attention=[none]", "diffusion.timesteps=3"]
STEPS = 2  # each is stored and has a preview
SETTINGS = [*DATA, *NETWORK, f"training.steps={STEPS}", "training.batch_size=4", "training.sample_count=2"]
SETTINGS += ["training.sample_every=1", "training.checkpoint_every=1"]


def training(out: Path, *more: str) -> list[str]:
    """The words of the command that trains the tiny run in the folder `out`; `more` are settings or options."""
    settings = dict(word.split("=") for word in [*SETTINGS, *(word for word in more if "=" in word)])
    changes = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    return ["train", "garments_smoke", *changes, *(word for word in more if "=" not in word), "--out", str(out)]


def course(*words: object):
    """Run a command in this process; any exception other than the one that ends a command is a failure."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise AssertionError(f"course {words[0]} ended with a traceback") from result.exception
    return result


def done(*words: object) -> str:
    """Run a command that must succeed; what it said."""
    result = course(*words)
    assert result.exit_code == 0, result.output
    return result.output


def refusal(result) -> str:
    """The one line in which a command says that it cannot do it."""
    assert result.exit_code == 1, f"exit {result.exit_code}: {result.output}"
    return error_line(result.stderr)


def error_line(said: str) -> str:
    lines = said.splitlines()
    assert len(lines) == 1, said
    assert lines[0].startswith("error: "), said
    assert "Errno" not in lines[0], said
    return lines[0]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in a folder, without the locks (they are empty, and stay) and what was left half-written."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.endswith((".lock", UNFINISHED))
    }


def leftovers(folder: Path) -> list[str]:
    """What was left half-written."""
    return [file.name for file in folder.rglob(f".*{UNFINISHED}")]


def outcome(folder: Path) -> dict[str, object]:
    """All that a run leaves, but for the seconds that it took: equal outcomes are equal to the bit."""
    assert not leftovers(folder)
    files = contents(folder)
    tensors, about = unpacked(folder / "checkpoint.safetensors")
    files["checkpoint.safetensors"] = tensors
    about.pop("seconds")
    about["log"] = [row[:2] for row in about["log"]]
    rows = [row[:2] for row in csv.reader(files.pop("log.csv").decode().splitlines())]
    return {**files, "about": about, "rows": rows}


def unpacked(path: Path) -> tuple[dict[str, bytes], dict]:
    """A safetensors file, read without the course's own reader: the bytes of each tensor, and the description."""
    with safetensors.safe_open(path, framework="np") as stored:
        return {name: stored.get_tensor(name).tobytes() for name in stored.keys()}, json.loads(  # noqa: SIM118
            stored.metadata()["course"]
        )


def bits(folder: Path) -> dict[str, bytes]:
    return unpacked(folder / "checkpoint.safetensors")[0]


def listed(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))
