"""What chapters 15 and 16 claim of garments: `python tools/few_steps.py flow | latent | table`.

    flow      data/flow.csv: a flow and a DDPM of the same size and training, with 1 to 20 network calls
    latent    data/latent.csv: a network of latents and networks of pixels; and what the autoencoder alone loses
    table     prints both as Markdown tables

Each draws 2,048 samples for each seed and shows them to three judges. Lines that a table has already stay as they are:
delete the file to measure anew. `latent` needs Fashion-MNIST (COURSE_DATA, or the hub) for the autoencoder alone.
"""

import csv
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean, stdev

import torch
import typer
from torch import Tensor

from course_lib.images import load_images, to_model_range, to_uint8
from course_lib.judges.judge import JUDGES, SAMPLES, load_judge
from course_lib.judges.scoring import sample_batches, score
from course_lib.runs.autoencoders import read_autoencoder
from course_lib.runs.checkpoints import find_checkpoint, load_checkpoint
from course_lib.runs.devices import keep_freed_memory
from course_lib.runs.samplers import DEFAULT, Sampler

DATA = Path(__file__).parents[1] / "data"
SEEDS = 0, 1, 2
CALLS = 1, 2, 5, 20
IDENTITY = ["network", "sampler", "calls", "seed"]
COLUMNS = [*IDENTITY, "judge", "times_the_floor", "recall", "seconds_for_64"]
app = typer.Typer(add_completion=False)


def measure_all(out: Path, network: str, sampler: Sampler | None, seeds: Iterable[int]) -> None:
    """Add the lines of one network with one sampler; without a sampler, of its autoencoder on training images."""
    words = ("autoencoder alone", "0") if sampler is None else (str(sampler.name), str(sampler.steps))
    for seed in seeds:
        identity = [network, *words, str(seed)]
        if any([row[name] for name in IDENTITY] == identity for row in read(out)):
            continue
        images, seconds = reconstructed(network, seed) if sampler is None else drawn(network, sampler, seed)
        for name in JUDGES:
            found = score(images, load_judge(name, "cpu"), seed)
            row = [*identity, name, f"{found.ratio:.4f}", f"{found.samples.recall:.4f}", f"{seconds:.3f}"]
            append(out, row)
            print(*row, flush=True)


def drawn(network: str, sampler: Sampler, seed: int) -> tuple[Tensor, float]:
    """2,048 samples, uint8, and the seconds that 64 of them took."""
    checkpoint = load_checkpoint(network, "cpu")
    start = time.perf_counter()
    images = torch.cat(list(sample_batches(checkpoint, SAMPLES, seed, sampler=sampler)))
    return images, (time.perf_counter() - start) * 64 / SAMPLES


@torch.no_grad()
def reconstructed(network: str, seed: int) -> tuple[Tensor, float]:
    """2,048 training images, encoded and decoded, and the seconds that 64 of them took."""
    images, _ = load_images("auto")
    chosen = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:SAMPLES]
    vae = read_autoencoder(find_checkpoint(network)).vae
    start = time.perf_counter()
    parts = [to_uint8(vae.decode(vae.encode(to_model_range(part))[0])) for part in images[chosen].split(128)]
    return torch.cat(parts), (time.perf_counter() - start) * 64 / SAMPLES


def read(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def append(file: Path, row: list[str]) -> None:
    new = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerows([COLUMNS, row] if new else [row])


@app.command()
def flow(out: Path = DATA / "flow.csv", networks: str = "fashion_mnist_cpu,flow", seeds: int = len(SEEDS)) -> None:
    """Euler's steps: DDIM without fresh noise, which on the flow's own schedule is the same."""
    keep_freed_memory()
    for seed in SEEDS[:seeds]:
        for network in networks.split(","):
            for calls in CALLS:
                measure_all(out, network, Sampler("ddim", calls, "trailing"), [seed])


@app.command()
def latent(
    out: Path = DATA / "latent.csv", networks: str = "latent,fashion_mnist_cpu", seeds: int = len(SEEDS)
) -> None:
    """The course's usual sampler, without a guide; the autoencoder alone."""
    keep_freed_memory()
    for seed in SEEDS[:seeds]:
        for network in networks.split(","):
            measure_all(out, network, DEFAULT, [seed])
        measure_all(out, "latent", None, [seed])


@app.command()
def table() -> None:
    """Print the means over the seeds, with standard deviations where there are several."""
    for file in (DATA / "flow.csv", DATA / "latent.csv"):
        rows = read(file)
        print(f"| network | sampler | calls | seconds for 64 | {' | '.join(JUDGES)} |")
        print(f"| --- | --- | --- | --- |{' --- |' * len(JUDGES)}")
        for key in dict.fromkeys(tuple(row[name] for name in IDENTITY[:3]) for row in rows):
            own = [row for row in rows if tuple(row[name] for name in IDENTITY[:3]) == key]
            seconds = fmean(float(row["seconds_for_64"]) for row in own)
            cells = [shown([float(row["times_the_floor"]) for row in own if row["judge"] == judge]) for judge in JUDGES]
            print(f"| {' | '.join(key)} | {seconds:.2f} | {' | '.join(cells)} |")
        print()


def shown(numbers: list[float]) -> str:
    """Mean and standard deviation."""
    return f"{fmean(numbers):.2f}" + (f" ± {stdev(numbers):.2f}" if len(numbers) > 1 else "")


if __name__ == "__main__":
    app()
