"""`course evaluate` and `course train-classifier`."""

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from course_lib.cli.console import (
    CheckpointFile,
    Device,
    Group,
    Precision,
    Seed,
    console,
    progress_bar,
    quoted,
    say,
    says_what_to_do,
)
from course_lib.cli.sampler_options import (
    EtaOption,
    GuideOption,
    GuideWeightOption,
    SamplerOption,
    SpacingOption,
    StepsOption,
)
from course_lib.errors import CourseError
from course_lib.files import check_place, write_file

if TYPE_CHECKING:
    from torch import Tensor

    from course_lib.judges.judge import Judge
    from course_lib.judges.parallel import Plan
    from course_lib.judges.report import Evaluation
    from course_lib.judges.scoring import Score

app = Group()


@app.command()
@says_what_to_do
def evaluate(
    checkpoint: CheckpointFile,
    sampler: SamplerOption = None,
    steps: StepsOption = None,
    spacing: SpacingOption = None,
    eta: EtaOption = 0.0,
    guide: GuideOption = "auto",
    guide_weight: GuideWeightOption = None,
    seeds: Annotated[int, typer.Option(min=1, max=3, help="How many times 2,048 samples.")] = 3,
    judge_names: Annotated[
        list[str] | None,
        typer.Option(
            "--judge",
            "--classifier",
            help="A classifier that judges: a file, or a name in data/classifier/; may be repeated.  "
            "[default: fashion_mnist and fashion_mnist_convnext]",
        ),
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Also write all numbers to this file.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes that draw, on the CPU.  [default: one for each core]")
    ] = None,
    device: Device = "auto",
    precision: Precision = "auto",
    inception: Annotated[
        bool, typer.Option("--inception", help="Judge by Inception's features instead, as most papers do.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Inception's weights may be downloaded.")] = False,
) -> None:
    """Score samples beside real images: Frechet distance, KID, precision, recall, Inception score, by two judges."""
    from course_lib.judges import report
    from course_lib.judges.judge import JUDGES, load_judge
    from course_lib.judges.parallel import Plan, usual_jobs
    from course_lib.judges.scoring import check_scorable
    from course_lib.runs.checkpoints import load_checkpoint
    from course_lib.runs.cost import count_calls
    from course_lib.runs.guides import choose_guide
    from course_lib.runs.samplers import choose_sampler

    if json:
        if json.suffix.lower() != ".json":
            raise CourseError(f"--json {json} must end in .json.")
        check_place(json, report.EVALUATION)
    loaded = load_checkpoint(checkpoint, device)
    chosen = choose_sampler(loaded.schedule, sampler, steps, spacing, eta)
    guided_by = choose_guide(checkpoint, loaded, guide, guide_weight, device)
    if inception:
        judges = [_inception_judge(yes, device)]
    else:
        judges = [load_judge(name, device) for name in dict.fromkeys(judge_names or JUDGES[:2])]
    check_scorable(loaded, judges)
    calls = count_calls(loaded, chosen, guided_by)
    on_cpu = loaded.schedule.device.type == "cpu"
    at_once = (jobs or usual_jobs()) if on_cpu else 1

    start = time.perf_counter()
    samples = _draw(Plan(loaded, chosen, guided_by, precision), range(seeds), at_once)
    drawn = time.perf_counter()
    scores = _judge(samples, judges)
    evaluation = report.Evaluation(
        checkpoint=checkpoint.name,
        step=loaded.step,
        sampler=chosen,
        steps=chosen.steps_in(loaded.schedule),
        guide=guided_by,
        calls=calls,
        device=loaded.schedule.device.type,
        precision=precision,
        jobs=at_once,
        seconds_sampling=round(drawn - start, 1),
        seconds_judging=round(time.perf_counter() - drawn, 1),
        scores=scores,
    )
    _show(evaluation, str(checkpoint))
    if json:
        write_file(json, report.as_json(evaluation))
        say(f"wrote {json}")


def _inception_judge(allowed: bool, device: str) -> "Judge":
    from course_lib.judges.inception import check_inception, load_inception

    check_inception(allowed)
    say("Inception looks at the test images first. Without a GPU it takes half an hour or more in all.")
    return load_inception(device)


def _draw(plan: "Plan", seeds: range, jobs: int) -> "dict[int, Tensor]":
    """The 2,048 samples of each seed, with a bar on a terminal and a line for each seed anywhere else."""
    from course_lib.judges.judge import SAMPLES
    from course_lib.judges.parallel import draw, together

    chunks, done = [], 0
    with progress_bar() as bar, closing(draw(plan, seeds, SAMPLES, jobs)) as arriving:
        task = bar.add_task("sampling", total=SAMPLES * len(seeds))
        for chunk, images in arriving:
            chunks.append((chunk, images))
            bar.advance(task, len(images))
            before, done = done, done + len(images)
            if not console.is_terminal and done // SAMPLES > before // SAMPLES:
                say(f"{done:,} of {SAMPLES * len(seeds):,} samples drawn")
    return {seed: together(chunks, seed) for seed in seeds}


def _judge(samples: "dict[int, Tensor]", judges: "list[Judge]") -> "list[Score]":
    from course_lib.judges.scoring import score

    scores = []
    with progress_bar() as bar:
        task = bar.add_task("judging", total=len(samples) * len(judges))
        for judge in judges:
            for seed, images in samples.items():
                scores.append(score(images, judge, seed))
                bar.advance(task)
    return scores


def _show(evaluation: "Evaluation", name: str) -> None:
    """What was done, the table, and what to make of it, in lines that 80 columns hold."""
    from rich.table import Table

    from course_lib.judges.judge import SAMPLES
    from course_lib.judges.report import table
    from course_lib.judges.scoring import by_judge, disagreement

    scores = evaluation.scores
    judges = by_judge(scores)
    seeds = len(scores) // len(judges)
    where = f"{evaluation.jobs} process{'es' if evaluation.jobs > 1 else ''} on the {evaluation.device.upper()}"
    say(f"{name}: {SAMPLES:,} samples of each of {seeds} seed{'s' if seeds > 1 else ''}")
    say(f"sampler: {evaluation.sampler_words}")
    say(f"guide: {evaluation.guide or 'none'}")
    say(f"cost: {evaluation.calls_words}")
    say(
        f"time: {evaluation.seconds_sampling:.0f} s sampling with {where}, {evaluation.seconds_judging:.0f} s judging\n"
    )
    shown = Table("", *judges, box=None, pad_edge=False)
    for row in table(scores):
        shown.add_row(*row)
    console.print(shown, highlight=False)
    spread = "± is the standard deviation over the seeds." if seeds > 1 else "This is one run: there are no error bars."
    _prose(f"\n{spread} Real images: {SAMPLES:,} test images that are not among those compared with.")
    if warning := disagreement(scores):
        _prose(f"\n{warning}")


def _prose(text: str) -> None:
    """Broken between words, wherever the terminal ends."""
    console.print(text, highlight=False, markup=False)


@app.command("train-classifier")
@says_what_to_do
def train_classifier(
    out: Annotated[Path, typer.Option(help="Where to write it (.safetensors).")] = Path("classifier.safetensors"),
    data: Annotated[str, typer.Option(help="As data.source in a config.")] = "auto",
    architecture: Annotated[
        Literal["residual", "convnext", "plain"], typer.Option(help="Of the network: each sees images in its own way.")
    ] = "residual",
    epochs: Annotated[int, typer.Option(min=1)] = 20,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Train a classifier that `evaluate` can use as a judge, and store what it sees in the test images."""
    from course_lib.judges.scoring import make_judge
    from course_lib.runs.tensor_files import CLASSIFIER

    if out.suffix.lower() != ".safetensors":
        raise CourseError(f"--out {out} must end in .safetensors.")
    check_place(out, CLASSIFIER)
    for report in make_judge(data, out, epochs, seed, device, architecture):
        say(f"epoch {report.number}/{epochs}  loss {report.loss:.3f}  {report.accuracy:.2%} of the test images right")
    say(f"wrote {out}; next:", quoted("course", "evaluate", "CHECKPOINT", "--judge", out))
