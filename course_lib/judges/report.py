"""An evaluation as numbers to keep (JSON) and as rows to read."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

import torch

from course_lib.files import Kind
from course_lib.judges.judge import SAMPLES
from course_lib.judges.scoring import Score, by_judge, disagreement
from course_lib.runs.cost import Calls
from course_lib.runs.guides import Guide
from course_lib.runs.samplers import USUAL_SPACING, Sampler
from course_lib.types import Spacing

SPACING_WORDS: dict[Spacing, str] = {
    "trailing": "evenly spaced (trailing)",
    "leading": "evenly spaced (leading)",
    "log_snr": "evenly spaced in log-SNR",
}


@dataclass(frozen=True)
class Evaluation:
    """Several judges' scores of one network's samples, and how these were drawn."""

    checkpoint: str
    step: int
    sampler: Sampler
    steps: int  # that it took
    guide: Guide | None
    calls: Calls
    device: str
    precision: str
    jobs: int
    seconds_sampling: float
    seconds_judging: float
    scores: Sequence[Score]

    @property
    def spacing(self) -> Spacing:
        return self.sampler.spacing or USUAL_SPACING[self.sampler.name]

    @property
    def sampler_words(self) -> str:
        """ "ddim, 20 steps, trailing, eta 0.5"."""
        words = [self.sampler.name, f"{self.steps} steps", SPACING_WORDS[self.spacing]]
        return ", ".join([*words, f"eta {self.sampler.eta:g}"] if self.sampler.eta else words)

    @property
    def calls_words(self) -> str:
        """ "31.1 network calls a sample (20, and 20 of the guide at 0.556 each)"."""
        total = f"{self.calls.total:.4g} network calls a sample"
        if not self.guide:
            return total
        return f"{total} ({self.calls.network}, and {self.calls.guide} of the guide, each {self.calls.guide_cost:.3g})"


class Row(NamedTuple):
    """A line of the table: what it shows, of which number of a score, and with how many decimals."""

    title: str
    number: Callable[[Score], float]
    decimals: int | None = None  # None: three digits, wherever they are


ROWS = (
    Row("Frechet distance", lambda score: score.samples.distance),
    Row("  real images (the floor)", lambda score: score.floor.distance),
    Row("  times the floor", lambda score: score.ratio, 2),
    Row("KID x 1000", lambda score: 1000 * score.samples.kernel_distance),
    Row("  real images", lambda score: 1000 * score.floor.kernel_distance),
    Row("precision", lambda score: score.samples.precision, 3),
    Row("  real images", lambda score: score.floor.precision, 3),
    Row("recall", lambda score: score.samples.recall, 3),
    Row("  real images", lambda score: score.floor.recall, 3),
    Row("  share of real images'", lambda score: score.recall_ratio, 2),
    Row("Inception score", lambda score: score.samples.inception_score, 2),
    Row("  real images", lambda score: score.floor.inception_score, 2),
)


def shown(numbers: Sequence[float], decimals: int | None = None) -> str:
    """The mean of several seeds' numbers and their standard deviation, "1.24 ± 0.05"; of one seed the number alone.

    Without `decimals` the mean has three digits, and the deviation as many decimals as the mean.
    """
    mean = fmean(numbers)
    if decimals is None:
        decimals = max(0, 2 - math.floor(math.log10(abs(mean)))) if mean else 3
    written = f"{mean:,.{decimals}f}"
    return written if len(numbers) == 1 else f"{written} ± {stdev(numbers):,.{decimals}f}"


def table(scores: Sequence[Score]) -> list[list[str]]:
    """The rows of a table with a column for each judge: a title, then each judge's mean over the seeds."""
    judges = by_judge(scores)
    return [
        [row.title, *(shown([row.number(one) for one in its], row.decimals) for its in judges.values())] for row in ROWS
    ]


def as_json(evaluation: Evaluation) -> str:
    """All numbers, per judge and seed, and all that they depend on. What is not finite is null."""
    sampler, guide, calls = evaluation.sampler, evaluation.guide, evaluation.calls
    content = {
        "checkpoint": evaluation.checkpoint,
        "step": evaluation.step,
        "samples": SAMPLES,
        "sampler": {
            "name": sampler.name,
            "steps": evaluation.steps,
            "spacing": evaluation.spacing,
            "eta": sampler.eta,
        },
        "guide": guide
        and {"name": guide.name, "weight": guide.weight, "lowest": guide.lowest, "highest": _finite(guide.highest)},
        "calls": {**asdict(calls), "total": calls.total},
        "device": evaluation.device,
        "precision": evaluation.precision,
        "jobs": evaluation.jobs,
        "seconds": {"sampling": evaluation.seconds_sampling, "judging": evaluation.seconds_judging},
        "versions": {"course_lib": metadata.version("course_lib"), "torch": torch.__version__},
        "scores": [asdict(one) | {"ratio": one.ratio, "recall_ratio": one.recall_ratio} for one in evaluation.scores],
        "disagreement": disagreement(evaluation.scores),
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _is_evaluation(path: Path) -> bool:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and {"checkpoint", "sampler", "scores"} <= content.keys()


EVALUATION = Kind("evaluation", _is_evaluation)
