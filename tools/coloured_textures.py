"""What chapter 15 says of coloured textures of 64 x 64: three networks with the same training time.

    python tools/coloured_textures.py judge     trains a classifier of textures, into a folder outside data/
    python tools/coloured_textures.py score     data/coloured_textures.csv: samples and the autoencoder before it
    python tools/coloured_textures.py samples   data/pictures/coloured_textures.safetensors: ten samples of each
    python tools/coloured_textures.py table     prints the scores as a Markdown table

Networks that are not in data/ are named by their files. The judge takes some five minutes of one core, the scores half
an hour. Textures are drawn by code, so there are as many real ones as one likes: none that a network learned is used.
"""

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import torch
import typer
from scores import write
from torch import Tensor

from course_lib.evaluation import Gaussian, fit_gaussian, frechet_distance
from course_lib.image_data.coloured_textures import CLASS_NAMES, draw_coloured_textures
from course_lib.images import to_model_range, to_uint8
from course_lib.judges.classifier import accuracy, class_probabilities, extract_features, train_classifier
from course_lib.judges.networks import ARCHITECTURES, Classifier
from course_lib.runs.autoencoders import read_autoencoder
from course_lib.runs.checkpoints import Checkpoint, denoiser, find_checkpoint, load_checkpoint, load_weights
from course_lib.runs.cost import multiply_adds
from course_lib.runs.denoiser import picture_generators
from course_lib.runs.devices import keep_freed_memory
from course_lib.runs.tensor_files import read_safetensors, write_safetensors

DATA = Path(__file__).parents[1] / "data"
SEEDS = 0, 1, 2
SAMPLES, REFERENCE, BATCH, EPOCHS = 512, 8192, 64, 3
Folder = Annotated[Path, typer.Option(help="Where the classifier lies.")]
app = typer.Typer(add_completion=False)


def textures(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Images uint8 (count, 3, 64, 64) and labels; the training set has the seeds 0 and 1."""
    images, labels = draw_coloured_textures(count, seed=seed)
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(labels)


@app.command()
def judge(folder: Folder = Path("runs/textures_judge"), epochs: int = EPOCHS) -> None:
    """Train a classifier on 10,000 textures, and write it to FOLDER/judge.safetensors."""
    keep_freed_memory()
    architecture = ARCHITECTURES["residual"]
    torch.manual_seed(0)
    network = architecture.network(len(CLASS_NAMES), 3)
    for epoch in train_classifier(network, architecture, textures(10_000, 0), textures(1000, 1), epochs):
        print(f"epoch {epoch.number}: loss {epoch.loss:.3f}, right {epoch.accuracy:.1%}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "judge.safetensors", dict(network.state_dict()), {})


def load_judge(file: Path) -> Classifier:
    network = Classifier(len(CLASS_NAMES), 3)
    load_weights(network, read_safetensors(file)[0], file)
    return network.eval().requires_grad_(False)


@app.command()
def score(
    networks: str,
    out: Path = DATA / "coloured_textures.csv",
    folder: Folder = Path("runs/textures_judge"),
    seeds: int = len(SEEDS),
) -> None:
    """Distances in times the floor, how many samples show the kind they were asked for, and seconds for 64."""
    keep_freed_memory()
    seen_by = load_judge(folder / "judge.safetensors")
    reference = fit_gaussian(extract_features(seen_by, textures(REFERENCE, 100)[0]))
    rows = []
    for seed in SEEDS[:seeds]:
        real, labels = textures(SAMPLES, 101 + seed)
        floor = distance(seen_by, real, reference)
        rows.append(row("real textures", seed, 1.0, accuracy(seen_by, real, labels), 0.0, 0))
        for name in networks.split(","):
            checkpoint = load_checkpoint(name, "cpu")
            kinds = torch.arange(SAMPLES) % len(CLASS_NAMES)
            start = time.process_time()
            images = torch.cat(list(drawn(checkpoint, kinds, seed)))
            seconds = (time.process_time() - start) * 64 / SAMPLES
            ratio, right = distance(seen_by, images, reference) / floor, share(seen_by, images, kinds)
            rows.append(row(shown(name), seed, ratio, right, seconds, multiply_adds(checkpoint)))
            if checkpoint.autoencoder:
                again = reconstructed(name, real)
                ratio, right = distance(seen_by, again, reference) / floor, share(seen_by, again, labels)
                rows.append(row("autoencoder alone", seed, ratio, right, 0.0, 0))
        write(out, rows)


def shown(name: str) -> str:
    """What a network is called in the table: its name in data/, or the folder that it lies in."""
    return Path(name).parent.name or name


def row(network: str, seed: int, ratio: float, right: float, seconds: float, work: int) -> dict[str, str]:
    """One line of the table; it is printed, too."""
    found = {"network": network, "seed": str(seed), "times_the_floor": f"{ratio:.2f}", "right_kind": f"{right:.4f}"}
    found |= {"cpu_seconds_for_64": f"{seconds:.1f}", "multiply_adds": str(work)}
    print(*found.values(), flush=True)
    return found


def drawn(checkpoint: Checkpoint, kinds: Tensor, seed: int) -> Iterator[Tensor]:
    """A texture of each of `kinds`, by the course's usual sampler without a guide, uint8, batch by batch."""
    for first in range(0, len(kinds), BATCH):
        labels = kinds[first : first + BATCH]
        generators = picture_generators(seed, first, len(labels))
        yield to_uint8(denoiser(checkpoint, labels).sample(len(labels), generators))


def distance(seen_by: Classifier, images: Tensor, reference: Gaussian) -> float:
    """The Frechet distance of what the classifier sees in images, uint8, from the reference."""
    return float(frechet_distance(*fit_gaussian(extract_features(seen_by, images, BATCH)), *reference))


def share(seen_by: Classifier, images: Tensor, kinds: Tensor) -> float:
    """Of how many images the classifier says that they are of their kind."""
    features = extract_features(seen_by, images, BATCH)
    return float((class_probabilities(seen_by, features).argmax(dim=1) == kinds).double().mean())


@torch.no_grad()
def reconstructed(name: str, images: Tensor) -> Tensor:
    """Images, uint8, encoded and decoded."""
    vae = read_autoencoder(find_checkpoint(name)).vae
    return torch.cat([to_uint8(vae.decode(vae.encode(to_model_range(part))[0])) for part in images.split(BATCH)])


@app.command()
def samples(networks: str, out: Path = DATA / "pictures" / "coloured_textures.safetensors") -> None:
    """Store a texture of each kind by each of the networks, uint8, under the name of its folder."""
    kinds = torch.arange(len(CLASS_NAMES))
    stored = {
        Path(name).parent.name: next(drawn(load_checkpoint(name, "cpu"), kinds, 0)) for name in networks.split(",")
    }
    write_safetensors(out, stored, {})


@app.command()
def table(file: Path = DATA / "coloured_textures.csv") -> None:
    """Print the means over the seeds as a Markdown table."""
    with file.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    print("| network | times the floor | right kind | CPU seconds for 64 | multiply-adds a call |")
    print("| --- | --- | --- | --- | --- |")
    for network in dict.fromkeys(row["network"] for row in rows):
        own = [row for row in rows if row["network"] == network]
        numbers = {key: torch.tensor([float(row[key]) for row in own]) for key in list(own[0])[2:]}
        ratio, right = numbers["times_the_floor"], float(numbers["right_kind"].mean())
        spread = f" ± {float(ratio.std()):.1f}" if len(own) > 1 else ""
        seconds, work = float(numbers["cpu_seconds_for_64"].mean()), float(numbers["multiply_adds"][0]) / 1e6
        cells = [f"{float(ratio.mean()):.1f}{spread}", f"{right:.1%}", f"{seconds:.1f}", f"{work:.0f} million"]
        print(f"| {network} | {' | '.join(cells)} |")


if __name__ == "__main__":
    app()
