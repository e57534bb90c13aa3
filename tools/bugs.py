"""Make the broken and the healthy runs of data/bugs again, and the table of what `course diagnose` says of them.

    python tools/bugs.py train [NAME ...]     train networks into --work, two minutes each on one core
    python tools/bugs.py make [NAME ...]      write data/bugs/NAME.safetensors; trains what is missing in --work
    python tools/bugs.py table                write data/bugs/diagnose.csv and data/bugs.md

The first two need Fashion-MNIST (COURSE_DATA, or the hub); its images are in none of the files.
"""

import csv
import json
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated

import torch
import typer
from safetensors.torch import save_file
from torch import Tensor

from course_lib.editing import inpaint_sample_loop
from course_lib.evaluation import fit_gaussian, frechet_distance
from course_lib.experiments.broken_runs import (
    BROKEN_RUNS,
    BUGS,
    HEALTHY_RUNS,
    TRAININGS,
    BrokenRun,
    HealthyRun,
    broken_samples,
    train,
    with_dropout,
)
from course_lib.images import class_names, load_images, to_model_range, to_uint8
from course_lib.judges.judge import load_judge
from course_lib.runs.checkpoints import (
    Checkpoint,
    denoiser,
    load_checkpoint,
    make_model,
    make_schedule,
)
from course_lib.runs.config import Config, check_config
from course_lib.runs.denoiser import picture_generators
from course_lib.runs.devices import keep_freed_memory
from course_lib.runs.diagnosis import diagnose
from course_lib.runs.tensor_files import write_safetensors

app = typer.Typer(add_completion=False)
Work = Annotated[Path, typer.Option(help="Where the networks are kept: NAME_SEED.pt.")]
Names = Annotated[list[str] | None, typer.Argument(help="Which; all unless given.")]
SAMPLES = 64
LOG_ROW = 10  # steps, as in `course train`
CARD = BUGS.with_suffix(".md")
NETWORK_OF_SAMPLES = "fashion_mnist_cpu"  # the broken samplers' network
HEADS = ("run", "file", "broken", "found", "first", "named", "seconds")


@app.command("train")
def train_networks(names: Names = None, work: Work = Path("bugs"), seed: int = 1) -> None:
    """Train networks."""
    keep_freed_memory()
    for name in names or TRAININGS:
        trained(name, work, seed)


@app.command()
def make(
    names: Names = None, work: Work = Path("bugs"), seed: int = 1, out: Annotated[Path, typer.Option()] = BUGS
) -> None:
    """Write the files of the runs `names`."""
    keep_freed_memory()
    runs = [run for run in (*BROKEN_RUNS, *HEALTHY_RUNS) if run.file.parent == BUGS]
    out.mkdir(parents=True, exist_ok=True)
    for run in runs:
        if not names or run.name in names:
            file = out / run.file.name
            if run.kind == "checkpoint":
                write_network(run.name, file, work, seed)
            else:
                write_safetensors(file, SAMPLED.get(run.name, from_broken_sampler)(run.name, work, seed), {})
            print(f"{file}: {file.stat().st_size:,} bytes", flush=True)


# Networks


def trained(name: str, work: Path, seed: int) -> dict:
    """What the training `name` left: weights "model" and "ema", "losses", "minutes"; trained now if it is missing."""
    file = work / f"{name}_{seed}.pt"
    if not file.exists():
        images, labels = load_images("auto")
        start = time.perf_counter()
        for state in train(TRAININGS[name], images, labels, len(class_names("auto")), seed):
            if len(state.losses) % 100 == 0:
                print(f"{name} seed {seed} step {len(state.losses)} loss {state.losses[-1]:.4f}", flush=True)
        work.mkdir(parents=True, exist_ok=True)
        left = {"model": state.model.state_dict(), "ema": state.ema.state_dict(), "losses": state.losses}
        torch.save(left | {"minutes": (time.perf_counter() - start) / 60}, file)
    return torch.load(file, weights_only=True)


def settings_of(name: str) -> Config:
    return check_config(TRAININGS[name].settings)


def write_network(name: str, file: Path, work: Path, seed: int) -> None:
    """Write the network `name` as an export is, float16, with the log that a checkpoint of `course train` has."""
    training = "healthy_noise" if name == "wrong_parametrisation" else name
    left, config = trained(training, work, seed), settings_of(training).model_dump(mode="json")
    if name == "wrong_parametrisation":
        config["diffusion"]["predicts"] = "v"
    losses = left["losses"]
    rows = [(end, sum(losses[end - LOG_ROW : end]) / LOG_ROW, 0.0) for end in range(LOG_ROW, len(losses) + 1, LOG_ROW)]
    about = {
        "config": config,
        "image_shape": (1, 28, 28),
        "class_names": list(class_names("auto")),
        "step": len(losses),
        "log": rows,
    }
    tensors = {f"ema.{key}": value.half() for key, value in left["ema"].items()}
    if name == "no_ema_warmup":
        tensors |= {f"model.{key}": value.half() for key, value in left["model"].items()}
    if name == "nan_half":  # the course's own writer refuses NaN, others do not
        save_file(tensors, file, {"course": json.dumps(about | {"log": []})})
    else:
        write_safetensors(file, tensors, about)


@cache
def network_of_samples() -> Checkpoint:
    return load_checkpoint(NETWORK_OF_SAMPLES, "cpu")


# Samples: uint8 (N, 1, 28, 28)


def from_broken_sampler(name: str, work: Path, seed: int) -> dict[str, Tensor]:
    """Samples of a healthy network, drawn with the bug `name`, or with none if that is no bug of a sampler."""
    network = network_of_samples()
    generator = torch.Generator().manual_seed(seed)
    x = broken_samples(name, network.model, (SAMPLES, 1, 28, 28), network.schedule, generator)
    return {"samples": to_uint8(x)}


def in_training_mode(name: str, work: Path, seed: int) -> dict[str, Tensor]:
    config = settings_of(name)
    model = with_dropout(make_model(config, 1, len(class_names("auto"))), TRAININGS[name].dropout)
    model.load_state_dict(trained(name, work, seed)["ema"])
    model.train()
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    return {"samples": to_uint8(broken_samples(name, model, (SAMPLES, 1, 28, 28), make_schedule(config), generator))}


def by_solver(name: str, work: Path, seed: int) -> dict[str, Tensor]:
    network = load_checkpoint("textures" if name == "healthy_textures" else NETWORK_OF_SAMPLES, "cpu")
    count = SAMPLES * 2 if name == "fid_of_128" else SAMPLES
    return {"samples": to_uint8(denoiser(network).sample(count, picture_generators(seed, 0, count)))}


def scored(name: str, work: Path, seed: int) -> dict[str, Tensor]:
    """What the first judge sees in 128 samples, their Frechet distance from its reference, and 32 of them."""
    judge = load_judge(device="cpu")
    samples = by_solver(name, work, seed)["samples"]
    features = judge.features(samples)
    distance = frechet_distance(*fit_gaussian(features), *judge.references[0])
    return {"samples": samples[:32], "features": features.half(), "frechet_distance": distance}


def inpainted(name: str, work: Path, seed: int) -> dict[str, Tensor]:
    """Garments of our own drawing, of which the middle is to be drawn anew; 1 is known."""
    network = network_of_samples()
    pictures = load_images("garments", "test")[0][: SAMPLES // 2]
    mask = torch.ones(1, 1, 28, 28)
    mask[..., 9:19, 9:19] = 0
    used = 1 - mask if name == "inverted_mask" else mask
    x = inpaint_sample_loop(
        network.model,
        to_model_range(pictures),
        used,
        network.schedule,
        steps=25,
        generator=torch.Generator().manual_seed(seed),
        known_generator=torch.Generator().manual_seed(seed + 1),
        clip_start=True,
    )
    return {"samples": to_uint8(x), "picture": pictures, "mask": mask.to(torch.uint8)}


SAMPLED: dict[str, Callable[[str, Path, int], dict[str, Tensor]]] = {
    "train_mode": in_training_mode,
    "healthy_solver": by_solver,
    "healthy_textures": by_solver,
    "fid_of_128": scored,
    "inverted_mask": inpainted,
    "healthy_inpainting": inpainted,
}


# The table


def row(run: BrokenRun | HealthyRun, folder: Path) -> dict[str, str]:
    """What `course diagnose` says of a run's file."""
    broken = isinstance(run, BrokenRun)
    file = folder / run.file.name if run.file.parent == BUGS else run.file
    start = time.process_time()
    found = [one.name for one in diagnose(file, None if broken else run.data).findings]
    return {
        "run": run.name,
        "file": run.kind,
        "broken": "yes" if broken else "no",
        "found": " ".join(found),
        "first": "yes" if found[:1] == [run.name] else "no",
        "named": "yes" if run.name in found else "no",
        "seconds": f"{time.process_time() - start:.1f}",
    }


@app.command()
def table(folder: Annotated[Path, typer.Option(help="Where the runs are.")] = BUGS) -> None:
    """Diagnose all runs; write the table and its card if the runs are those of data/bugs."""
    keep_freed_memory()
    rows = []
    for run in (*BROKEN_RUNS, *HEALTHY_RUNS):
        rows.append(row(run, folder))
        print(rows[-1], flush=True)
    print(summary(rows))
    if folder == BUGS:
        with open(BUGS / "diagnose.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, HEADS, lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: value for key, value in one.items() if key in HEADS} for one in rows)
        before, mark, _ = CARD.read_text(encoding="utf-8").partition("## What `course diagnose` says\n")
        CARD.write_text(before + mark + "\n" + markdown(rows), encoding="utf-8")


def summary(rows: list[dict[str, str]]) -> str:
    broken = [one for one in rows if one["broken"] == "yes"]
    healthy = [one for one in rows if one["broken"] == "no"]
    named = sum(one["named"] == "yes" for one in broken)
    first = sum(one["first"] == "yes" for one in broken)
    alarms = sum(bool(one["found"]) for one in healthy)
    return (
        f"{named} of {len(broken)} broken runs named, {first} of them first; {alarms} of {len(healthy)} healthy runs "
        "called broken."
    )


def markdown(rows: list[dict[str, str]]) -> str:
    lines = [summary(rows), "", "| run | file | broken | found |", "| --- | --- | --- | --- |"]
    lines += [f"| {one['run']} | {one['file']} | {one['broken']} | {one['found'] or 'nothing'} |" for one in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    app()
