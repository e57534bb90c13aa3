"""What chapter 14 measures. Each command writes a file in data/.

    python tools/editing.py psnr            data/editing_psnr.csv: denoised test images, by noise, method and start t
    python tools/editing.py conditional     data/inpainting.csv: inpainting on a mixture against the exact conditional
    python tools/editing.py table           prints both as Markdown tables

`psnr` needs Fashion-MNIST (COURSE_DATA, or the hub) and scikit-image (the test extra), and takes some ten minutes on
one core; `conditional` takes a minute.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev
from typing import Annotated

import numpy as np
import torch
import typer
from PIL import Image, ImageFilter
from scores import read, write
from skimage.restoration import denoise_nl_means
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio

from course_lib.editing import (
    conditional_mixture,
    denoise_from,
    inpaint_sample_loop,
    noise_level_to_t,
    repaint_schedule,
)
from course_lib.images import load_images, to_model_range
from course_lib.mixtures import GaussianMixture
from course_lib.runs.checkpoints import load_checkpoint
from course_lib.runs.devices import keep_freed_memory
from course_lib.schedules import NoiseSchedule

DATA = Path(__file__).parents[1] / "data"
NETWORK = "fashion_mnist"
SEEDS = 0, 1, 2
GREYS = 10, 25, 50, 75, 100  # standard deviations of the noise, of 255
OTHER_STARTS = 50, (10, 20, 25, 30, 35, 40, 50, 55, 60, 70, 90)  # this noise, denoised from other t than its own
MEDIANS = 3, 5
STRENGTHS = 0.6, 0.8, 1.0, 1.2
app = typer.Typer(add_completion=False)


@app.command()
def psnr(count: int = 256, out: Annotated[Path, typer.Option(help="The table.")] = DATA / "editing_psnr.csv") -> None:
    """Add noise to the first `count` test images, and take it away again. The network is told no labels."""
    keep_freed_memory()
    images = to_model_range(load_images("auto", "test")[0][:count])
    trained = load_checkpoint(NETWORK, "cpu")
    schedule, settings = trained.schedule, trained.config.diffusion
    clean = partial(denoise_from, trained.model, predicts=settings.predicts, clip_start=settings.clip_start)
    rows = []
    for seed in SEEDS:
        for grey in GREYS:
            sigma = grey / 127.5
            noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(seed))
            noisy = images + sigma * noise
            start = int(noise_level_to_t(torch.tensor(sigma), schedule))
            with torch.no_grad():
                found = {
                    ("noisy", start): quality(noisy, images),
                    ("median", start): best(median, MEDIANS, noisy, images),
                    ("non-local means", start): best(partial(non_local_means, sigma), STRENGTHS, noisy, images),
                    ("one call", start): quality(clean(noisy, start, schedule), images),
                    ("ten steps", start): quality(clean(noisy, start, schedule, min(10, start + 1)), images),
                }
                for other in OTHER_STARTS[1] if grey == OTHER_STARTS[0] else ():
                    found["one call from", other] = quality(clean(noisy, other, schedule), images)
            for (method, t), value in found.items():
                rows.append({"grey": grey, "sigma": f"{sigma:.4f}", "seed": seed, "method": method, "t": t})
                rows[-1]["psnr"] = f"{value:.3f}"
                print(*rows[-1].values(), flush=True)
        write(out, rows)


def quality(found: Tensor, wanted: Tensor) -> float:
    """The mean over images of the peak signal-to-noise ratio in decibels; values beyond [-1, 1] are cut off first."""
    return float(peak_signal_noise_ratio(found.clamp(-1, 1), wanted, data_range=2.0, dim=(1, 2, 3)))


def best(method: Callable[[float, Tensor], Tensor], settings: tuple, noisy: Tensor, images: Tensor) -> float:
    """The quality with the setting that serves these very images best: the rivals shall not be held down."""
    return max(quality(method(setting, noisy), images) for setting in settings)


def median(size: int, noisy: Tensor) -> Tensor:
    """Pillow's median filter, which takes bytes."""
    pictures = ((noisy.clamp(-1, 1) + 1) * 127.5).round().byte()[:, 0].numpy()
    filtered = [np.asarray(Image.fromarray(one).filter(ImageFilter.MedianFilter(size))) for one in pictures]
    return to_model_range(torch.from_numpy(np.stack(filtered))[:, None])


def non_local_means(sigma: float, strength: float, noisy: Tensor) -> Tensor:
    """scikit-image's, told the standard deviation of the noise (10.1109/CVPR.2005.38)."""
    done = [
        denoise_nl_means(one, patch_size=5, patch_distance=6, h=strength * sigma, sigma=sigma, fast_mode=False)
        for one in noisy[:, 0].numpy()
    ]
    return torch.from_numpy(np.stack(done)).to(noisy)[:, None]


@app.command()
def conditional(
    count: int = 4000, out: Annotated[Path, typer.Option(help="The table.")] = DATA / "inpainting.csv"
) -> None:
    """Know the first coordinate of a point, draw the second: Wasserstein's distance from the exact conditional."""
    schedule = NoiseSchedule.from_name("cosine", 200)
    mixture, mask = slope(), torch.tensor([1.0, 0.0])
    model = partial(mixture.optimal_noise, schedule=schedule)
    rows = []
    for seed in SEEDS:
        for first in (-0.5, 0.0, 0.6):
            known = torch.tensor([first, 0.0])
            exact = conditional_mixture(mixture, known, mask)
            reference = exact.sample(count, generator(seed, 2))
            drawn = {("exact", 0, 0): exact.sample(count, generator(seed, 3))[:, 0]}
            for steps, jump_n_sample in ((40, 1), (200, 1), (40, 2), (40, 4), (40, 8), (40, 16)):
                ends = inpaint_sample_loop(
                    model,
                    known.expand(count, 2),
                    mask,
                    schedule,
                    steps,
                    jump_length=5,
                    jump_n_sample=jump_n_sample,
                    generator=generator(seed, 0),
                    known_generator=generator(seed, 1),
                )
                drawn["RePaint" if jump_n_sample > 1 else "replacement", steps, jump_n_sample] = ends[:, 1]
            for (method, steps, jump_n_sample), values in drawn.items():
                levels = repaint_schedule(steps, 5, jump_n_sample) if steps else []
                distance = float((values.sort().values - reference[:, 0].sort().values).abs().mean())
                rows.append({"known": first, "method": method, "steps": steps, "jump_n_sample": jump_n_sample})
                rows[-1] |= {
                    "calls": sum(after < level for level, after in pairwise(levels)),
                    "seed": seed,
                    "distance": f"{distance:.4f}",
                    "std": f"{float(values.std()):.4f}",
                    "exact_std": f"{float(reference.std()):.4f}",
                }
                print(*rows[-1].values(), flush=True)
    write(out, rows)


def slope() -> GaussianMixture:
    """Points along a line: narrow components whose second coordinate is 0.8 of the first."""
    return GaussianMixture(torch.linspace(-1, 1, 9)[:, None] * torch.tensor([1.0, 0.8]), std=0.1)


def generator(seed: int, stream: int) -> torch.Generator:
    return torch.Generator().manual_seed(10 * seed + stream)


@app.command()
def table() -> None:
    """Print both files as Markdown tables, mean ± standard deviation over three seeds."""
    lines = read(DATA / "editing_psnr.csv")
    greys = sorted({int(line["grey"]) for line in lines})
    print("| method | " + " | ".join(map(str, greys)) + " |\n" + "| --- " * (len(greys) + 1) + "|")
    for method in dict.fromkeys(line["method"] for line in lines if line["method"] != "one call from"):
        cells = [
            mean_of([line["psnr"] for line in lines if line["method"] == method and int(line["grey"]) == grey], 1)
            for grey in greys
        ]
        print(f"| {method} | " + " | ".join(cells) + " |")
    print("\n| method | steps | jump_n_sample | calls | distance | std | exact std |\n" + "| --- " * 7 + "|")
    lines = read(DATA / "inpainting.csv")
    for kind in dict.fromkeys((line["method"], line["steps"], line["jump_n_sample"], line["calls"]) for line in lines):
        own = [line for line in lines if (line["method"], line["steps"], line["jump_n_sample"], line["calls"]) == kind]
        by_seed = [[line for line in own if line["seed"] == str(seed)] for seed in SEEDS]
        cells = [
            mean_of([fmean(float(line[what]) for line in part) for part in by_seed], 3)
            for what in ("distance", "std", "exact_std")
        ]
        print("| " + " | ".join([*kind, *cells]) + " |")


def mean_of(values: list, digits: int) -> str:
    numbers = [float(value) for value in values]
    return f"{fmean(numbers):.{digits}f} ± {stdev(numbers):.{digits}f}"


if __name__ == "__main__":
    app()
