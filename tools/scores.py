"""What chapters 11 to 13 draw: scores, bits, nearest neighbours, times. Each command writes a file in data/.

    python tools/scores.py front            data/fast_sampling.csv: SETTINGS before three judges, hours on two cores
    python tools/scores.py trade            data/guidance.csv: the same for guidance by labels, weight by weight
    python tools/scores.py table            prints the first table, a line for each setting
    python tools/scores.py trade-table      prints the second
    python tools/scores.py times            data/times.csv: seconds for 64 images by sampler and steps
    python tools/scores.py bits             data/bits_per_dimension.csv: the bound of the shipped networks, by t
    python tools/scores.py memorisation     data/memorisation.csv: distances to the nearest training image
    python tools/scores.py sample-size      data/sample_size.csv: what the number of images does to a Frechet distance

`bits` and `memorisation` need Fashion-MNIST (COURSE_DATA, or the hub). `front` and `trade` go on where they were
stopped: samples that are in --samples are not drawn again.
"""

import csv
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Annotated

import torch
import typer
from torch import Tensor

from course_lib.evaluation import bits_by_step, fit_gaussian, frechet_distance
from course_lib.images import load_images, to_model_range
from course_lib.judges.judge import JUDGES, SAMPLES, Judge, load_judge
from course_lib.judges.parallel import Plan, draw, together, usual_jobs
from course_lib.judges.scoring import Measures, draw_labels, measure
from course_lib.runs.checkpoints import Checkpoint, denoiser, load_checkpoint
from course_lib.runs.cost import count_calls
from course_lib.runs.devices import keep_freed_memory
from course_lib.runs.guides import HIGHEST, LOWEST, USUAL, WEIGHT, Guide, usual_guide
from course_lib.runs.samplers import ANCESTRAL, DEFAULT, Sampler
from course_lib.runs.tensor_files import read_safetensors, write_safetensors
from course_lib.sampling import nearest_images
from course_lib.types import Spacing

DATA = Path(__file__).parents[1] / "data"
NETWORK = "fashion_mnist"
SEEDS = 0, 1, 2
INFINITE = float("inf")
IDENTITY = "sampler", "spacing", "steps", "eta", "weight", "lowest", "highest", "seed", "judge"
app = typer.Typer(add_completion=False)
DataFile = Annotated[Path, typer.Option(help="The table.")]


@dataclass(frozen=True)
class Setting:
    """A sampler, the weight of the guide (1: no guide), and the sigma between which the guide is asked.

    The network itself as the guide is asked without labels: that is classifier-free guidance.
    """

    sampler: Sampler
    weight: float = 1.0
    lowest: float = 0.0
    highest: float = INFINITE
    guide: str = USUAL

    @property
    def identity(self) -> dict[str, str]:
        """What the table says of it."""
        return {
            "sampler": self.sampler.name,
            "spacing": str(self.sampler.spacing),
            "steps": str(self.sampler.steps),
            "eta": f"{self.sampler.eta:g}",
            "weight": f"{self.weight:g}",
            "lowest": f"{self.lowest:g}",
            "highest": f"{self.highest:g}",
        }

    @property
    def name(self) -> str:
        """For the file of its samples."""
        chosen = self.sampler
        if self.guide == NETWORK:
            return f"label{self.weight:g}_from{self.lowest:g}_to{self.highest:g}"
        guide = f"_guide{self.weight:g}" if self.weight != 1 else ""
        guide += f"_from{self.lowest:g}_to{self.highest:g}" if self.highest < INFINITE else ""
        return f"{chosen.name}_{chosen.spacing}_{chosen.steps}_eta{chosen.eta:g}{guide}"


def dpm_solver(steps: int, weight: float = 1.0, spacing: Spacing = "log_snr") -> Setting:
    return Setting(Sampler("dpm_solver", steps, spacing), weight)


def inside(steps: int, weight: float) -> Setting:
    """Guided where it helps."""
    return Setting(Sampler("dpm_solver", steps, "log_snr"), weight, LOWEST, HIGHEST)


def label(weight: float, lowest: float = 0.0, highest: float = INFINITE) -> Setting:
    """Guided by its own labels, with the course's usual sampler."""
    return Setting(Sampler(DEFAULT.name, DEFAULT.steps, "log_snr"), weight, lowest, highest, NETWORK)


def ddim(steps: int, spacing: Spacing = "trailing", eta: float = 0.0) -> Setting:
    return Setting(Sampler("ddim", steps, spacing, eta))


SETTINGS = (
    *(dpm_solver(13, weight) for weight in (1.1, 1.2, 1.3, 1.5, 2.0)),
    *(inside(16, weight) for weight in (1.3, 1.5)),
    *(dpm_solver(steps) for steps in (10, 13, 20)),
    dpm_solver(20, spacing="trailing"),
    *(ddim(steps) for steps in (10, 20)),
    ddim(20, spacing="log_snr"),
    ddim(20, eta=1.0),
    Setting(Sampler("heun", 10, "log_snr")),
    Setting(Sampler("ancestral", 200, "trailing")),
)


LABEL_SETTINGS = (
    *(label(weight) for weight in (0.0, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)),
    *(label(weight, LOWEST, HIGHEST) for weight in (1.25, 1.5, 2.0, 3.0, 5.0)),
)


@app.command()
def front(
    samples: Annotated[Path, typer.Option(help="Where samples are kept.")] = Path("build/samples"),
    jobs: Annotated[int | None, typer.Option(min=1)] = None,
    out: DataFile = DATA / "fast_sampling.csv",
) -> None:
    """Score every setting with every seed before every judge; the table is written anew after each setting.

    Lines that the table has already stay as they are: delete the file, and the samples, to measure anew.
    """
    score_all(SETTINGS, samples, jobs, out)


@app.command()
def trade(
    samples: Annotated[Path, typer.Option(help="Where samples are kept.")] = Path("build/samples"),
    jobs: Annotated[int | None, typer.Option(min=1)] = None,
    out: DataFile = DATA / "guidance.csv",
) -> None:
    """The same for guidance by the network's own labels; `agreement` is the share of samples named as their label."""
    score_all(LABEL_SETTINGS, samples, jobs, out)


def score_all(settings: tuple[Setting, ...], samples: Path, jobs: int | None, out: Path) -> None:
    """Score the settings, and write a line for each of them, each seed and each judge."""
    keep_freed_memory()
    networks = {name: load_checkpoint(name, "cpu") for name in (NETWORK, USUAL)}
    trained = networks[NETWORK]
    judges = [load_judge(name, "cpu") for name in JUDGES]
    known = {tuple(line[key] for key in IDENTITY): line for line in read(out)}
    floors: dict[tuple[str, int], Measures] = {}
    rows: list[dict] = []
    for setting in settings:
        guide = None
        if setting.weight != 1:
            guide = Guide(networks[setting.guide], setting.weight, setting.lowest, setting.highest, setting.guide)
        calls = count_calls(trained, setting.sampler, guide).total
        for seed in SEEDS:
            wanted = [setting.identity | {"seed": str(seed), "judge": judge.name} for judge in judges]
            lines = [known.get(tuple(one[key] for key in IDENTITY)) for one in wanted]
            if None in lines:
                file = samples / f"{setting.name}_seed{seed}.safetensors"
                images = stored_samples(file, trained, setting, guide, seed, jobs)
                lines = []
                for judge in judges:
                    if (judge.name, seed) not in floors:
                        floors[judge.name, seed] = measure(judge, judge.split(seed)[0], seed)
                    lines.append(line_of(setting, calls, images, judge, seed, floors[judge.name, seed]))
            rows += lines
        write(out, rows)


def stored_samples(
    file: Path, trained: Checkpoint, setting: Setting, guide: Guide | None, seed: int, jobs: int | None
) -> Tensor:
    """The 2,048 samples in `file`, which are drawn if it is not there."""
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        plan = Plan(trained, setting.sampler, guide)
        images = together(list(draw(plan, [seed], SAMPLES, jobs or usual_jobs())), seed)
        write_safetensors(file, {"images": images}, {"checkpoint": NETWORK, "seed": seed})
    return read_safetensors(file)[0]["images"]


def line_of(setting: Setting, calls: float, images: Tensor, judge: Judge, seed: int, floor: Measures) -> dict:
    """A line of the table."""
    features = judge.features(images)
    seen = measure(judge, features, seed)
    line = setting.identity | {
        "guide": setting.guide if setting.weight != 1 else "none",
        "calls": f"{calls:.1f}",
        "seed": str(seed),
        "judge": judge.name,
        "distance": f"{seen.distance:.5g}",
        "floor": f"{floor.distance:.5g}",
        "kid": f"{seen.kernel_distance:.4g}",
        "kid_floor": f"{floor.kernel_distance:.4g}",
        "precision": f"{seen.precision:.4f}",
        "precision_floor": f"{floor.precision:.4f}",
        "recall": f"{seen.recall:.4f}",
        "recall_floor": f"{floor.recall:.4f}",
        "inception": f"{seen.inception_score:.4f}",
        "inception_floor": f"{floor.inception_score:.4f}",
        "black": f"{float((images == 0).double().mean()):.4f}",
    }
    if setting.guide == NETWORK:
        named = judge.probabilities(features).argmax(dim=1)
        agreement = (named == draw_labels(len(judge.class_names), len(images), seed)).double().mean()
        line["agreement"] = f"{float(agreement):.4f}"
    print(setting.name, seed, judge.name, f"{seen.distance / floor.distance:.2f} times the floor", flush=True)
    return line


@app.command()
def times(out: DataFile = DATA / "times.csv") -> None:
    """Processor seconds for 64 images on one core: each setting once for each of three seeds, in turns."""
    keep_freed_memory()
    torch.set_num_threads(1)
    trained, weak = load_checkpoint(NETWORK, "cpu"), load_checkpoint(USUAL, "cpu")
    guide = Guide(weak, WEIGHT, LOWEST, HIGHEST, USUAL)
    settings = [(Sampler("dpm_solver", steps, "log_snr"), None) for steps in (5, 10, 20, 40)]
    settings += [(Sampler("ddim", steps, "trailing"), None) for steps in (5, 10, 20, 50, 100)]
    settings += [(Sampler("heun", steps, "log_snr"), None) for steps in (5, 10, 20)]
    settings += [(Sampler("dpm_solver", steps, "log_snr"), guide) for steps in (8, 16, 20)]
    settings += [(ANCESTRAL, None)]
    rows = []
    for seed in SEEDS:
        for sampler, weak_one in settings:
            ready = denoiser(trained, sampler=sampler, guide=weak_one)
            start = time.process_time()
            deque(ready.sample_steps(64, torch.Generator().manual_seed(seed)), maxlen=0)
            seconds = time.process_time() - start
            calls = count_calls(trained, sampler, weak_one).total
            steps = sampler.steps_in(trained.schedule)
            named = USUAL if weak_one else "none"
            rows.append(
                {"sampler": sampler.name, "steps": steps, "guide": named, "calls": f"{calls:.1f}", "seed": seed}
            )
            rows[-1]["seconds"] = f"{seconds:.3f}"
            print(*rows[-1].values(), flush=True)
        write(out, rows)


@app.command()
def bits(count: int = 512, out: DataFile = DATA / "bits_per_dimension.csv") -> None:
    """The variational bound on test images, term by term, with the variances beta_t; one draw of noise."""
    keep_freed_memory()
    images, _ = load_images("auto", "test")
    clean = to_model_range(images[:count])
    rows = []
    for name in (NETWORK, USUAL):
        trained = load_checkpoint(name, "cpu")
        ready = denoiser(trained)
        generator = torch.Generator().manual_seed(0)
        found = bits_by_step(
            ready.model, clean, trained.schedule, trained.schedule.betas, generator, ready.predicts, ready.clip_start
        )
        labels = [*range(trained.schedule.timesteps), "prior"]
        rows += [{"model": name, "t": t, "bits": f"{bits:.5g}"} for t, bits in zip(labels, found.tolist(), strict=True)]
        print(name, f"{float(found.sum()):.3f} bits per dimension", flush=True)
    write(out, rows)


@app.command()
def memorisation(count: int = 512, out: DataFile = DATA / "memorisation.csv") -> None:
    """How far `count` samples and test images are from the nearest training image, in pixels and in features."""
    keep_freed_memory()
    training, test = load_images("auto")[0], load_images("auto", "test")[0]
    trained = load_checkpoint(NETWORK, "cpu")
    plan = Plan(trained, DEFAULT, usual_guide(NETWORK, "cpu"))
    images = together(list(draw(plan, [0], count, usual_jobs())), 0)
    second = load_judge(JUDGES[1], "cpu")
    spaces = {
        "pixels": [to_model_range(part) for part in (training, images, test[:count])],
        "features": [second.features(part) for part in (training, images, test[:count])],
    }
    rows = []
    for space, (known, *others) in spaces.items():
        for kind, rows_of in zip(("samples", "test images"), others, strict=True):
            distance = nearest_images(rows_of, known)[1][:, 0]
            rows += [{"kind": kind, "space": space, "distance": f"{one:.5g}"} for one in distance.tolist()]
            print(space, kind, f"median {float(distance.median()):.4g}, smallest {float(distance.min()):.4g}")
    write(out, rows)


@app.command()
def sample_size(out: DataFile = DATA / "sample_size.csv") -> None:
    """The Frechet distance of n real images from 5,000 others, and of n draws of N(0, I), 128 numbers, from N(0, I)."""
    seen = load_judge(JUDGES[0], "cpu").test_features
    zero, one = torch.zeros(128, dtype=torch.float64), torch.eye(128, dtype=torch.float64)
    rows = []
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)
        for n in (128, 256, 500, 1000, 2048, 5000):
            order = torch.randperm(len(seen), generator=generator)
            drawn = torch.randn(n, 128, generator=generator, dtype=torch.float64)
            distances = {
                "real": frechet_distance(*fit_gaussian(seen[order[:n]]), *fit_gaussian(seen[order[-5000:]])),
                "normal": frechet_distance(*fit_gaussian(drawn), zero, one),
            }
            rows += [{"what": what, "n": n, "seed": seed, "distance": f"{d:.5g}"} for what, d in distances.items()]
    write(out, rows)


@app.command()
def table(out: DataFile = DATA / "fast_sampling.csv") -> None:
    """Print data/fast_sampling.csv as a Markdown table: for each judge mean and standard deviation over seeds."""
    groups: dict[tuple[str, ...], dict[str, list[dict[str, str]]]] = {}
    for line in read(out):
        setting = tuple(line[key] for key in ("sampler", "spacing", "steps", "eta", "weight", "highest", "calls"))
        groups.setdefault(setting, {}).setdefault(line["judge"], []).append(line)
    print("| sampler | guide | calls | first judge | second | third | recall, first | recall, second |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for (name, spacing, steps, eta, weight, highest, calls), judges in groups.items():
        where = "" if highest == "inf" else f", sigma {LOWEST:g} to {HIGHEST:g}"
        guided = f"{weight}{where}" if weight != "1" else "-"
        fresh = f", eta {eta}" if name == "ddim" else ""
        cells = [f"{name} {steps}, {spacing}{fresh}", guided, calls]
        for judge in JUDGES:
            ratios = [float(line["distance"]) / float(line["floor"]) for line in judges[judge]]
            cells.append(f"{fmean(ratios):.2f} ± {stdev(ratios):.2f}")
        for judge in JUDGES[:2]:
            cells.append(f"{fmean(float(line['recall']) / float(line['recall_floor']) for line in judges[judge]):.3f}")
        print("| " + " | ".join(cells) + " |")


@app.command()
def trade_table(out: DataFile = DATA / "guidance.csv") -> None:
    """Print data/guidance.csv as a Markdown table: mean and standard deviation over seeds; the rest by judge."""
    groups: dict[tuple[str, ...], dict[str, list[dict[str, str]]]] = {}
    for line in read(out):
        setting = tuple(line[key] for key in ("weight", "highest", "calls"))
        groups.setdefault(setting, {}).setdefault(line["judge"], []).append(line)
    print("| weight | where | calls | first judge | second | third | agreement | precision | recall |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for (weight, highest, calls), judges in groups.items():
        cells = [weight, "everywhere" if highest == "inf" else f"sigma {LOWEST:g} to {HIGHEST:g}", calls]
        for judge in JUDGES:
            ratios = [float(line["distance"]) / float(line["floor"]) for line in judges[judge]]
            cells.append(f"{fmean(ratios):.2f} ± {stdev(ratios):.2f}")
        for what in ("agreement", "precision", "recall"):
            cells.append(" / ".join(f"{fmean(float(line[what]) for line in judges[judge]):.3f}" for judge in JUDGES))
        print("| " + " | ".join(cells) + " |")


def read(out: Path) -> list[dict[str, str]]:
    """The lines of a table; none if it is not there."""
    if not out.is_file():
        return []
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(out: Path, rows: list[dict]) -> None:
    with out.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    app()
