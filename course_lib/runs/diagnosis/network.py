"""What may be wrong with a network: it is asked about noisy images, and every check compares two ways of asking.

What is measured is in `bugs`; how large a number must be stands here, with the reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import torch
from torch import Tensor, nn

from course_lib import bugs
from course_lib.reverse import PREDICTIONS
from course_lib.runs.checkpoints import Checkpoint
from course_lib.runs.config import Config
from course_lib.runs.diagnosis.catalogue import Finding, finding
from course_lib.runs.diagnosis.probe import Probe
from course_lib.schedules import NoiseSchedule
from course_lib.types import Model, Predicts

BATCH = 32  # images that a network is asked about
FRACTIONS = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)  # of T - 1: the t at which it is asked
MIDDLE = slice(1, 5)  # of these, where a network knows something and not everything
ASYMMETRIC = 24  # images for the question about mirroring
Log = list[tuple[int, float, float]]  # rows (step, loss, seconds)


@dataclass(frozen=True)
class Asked:
    """A network and what it is asked: every check asks in the same way, and another question is a `replace` of it.

    x_start   the images, (B, C, H, W) in the model's range
    noise     what is added to them, alike, the same at every step
    steps     the S different t at which the network is asked
    told      the t that it is told instead of the right one
    """

    model: Model
    schedule: NoiseSchedule
    predicts: Predicts
    x_start: Tensor
    noise: Tensor
    steps: Sequence[int]
    told: int | None = None

    @cached_property
    def answers(self) -> tuple[Tensor, Tensor]:
        """(x_t, output) at each step, (S, B, C, H, W) each."""
        return bugs.outputs_by_step(self.model, self.x_start, self.steps, self.noise, self.schedule, self.told)

    def unexplained(self, predicts: Predicts | None = None) -> Tensor:
        """The share of the target that it misses at each step and image, (S, B); `predicts` for another target."""
        _, output = self.answers
        return bugs.unexplained_by_step(
            output, self.x_start, self.steps, self.noise, self.schedule, predicts or self.predicts
        )

    def missed(self, predicts: Predicts | None = None) -> Tensor:
        """`unexplained` as a mean over the images, (S,)."""
        return self.unexplained(predicts).mean(dim=1)

    def start_error(self) -> Tensor:
        """How far the predicted x_0 is off at each step, in units of the images' variance, (S,)."""
        x_t, output = self.answers
        return bugs.start_error_by_step(output, x_t, self.x_start, self.steps, self.schedule, self.predicts).mean(dim=1)


def ask(checkpoint: Checkpoint, probe: Probe) -> Asked:
    """The checkpoint's network, asked about the probe's first images at the FRACTIONS of its schedule."""
    last = checkpoint.schedule.timesteps - 1
    x_start = probe.images[:BATCH]
    return Asked(
        model=checkpoint.model,
        schedule=checkpoint.schedule,
        predicts=checkpoint.config.diffusion.predicts,
        x_start=x_start,
        noise=_seeded_noise(x_start),
        steps=[round(last * fraction) for fraction in FRACTIONS],
    )


def diagnose_network(
    checkpoint: Checkpoint, probe: Probe, raw: dict[str, Tensor], log: Log
) -> tuple[list[Finding], str]:
    """(findings, looked): what may be wrong with the checkpoint's network, the likeliest first, and what was seen.

    raw   the weights that were not averaged, by name; {} if the file has none
    log   the training's; [] if the file has none
    """
    asked = ask(checkpoint, probe)
    # what makes the other questions senseless comes first
    found = [*_wrong_parametrisation(asked), *_average(asked, checkpoint.model, raw), *_cut_schedule(asked)]
    found = found or _zero_to_one(asked)
    found += _no_skips(asked, checkpoint.config)
    found = found or _untrained(asked)
    if not found:
        found = [*_time(asked), *_class_never_dropped(asked, checkpoint, probe), *_flips(asked, checkpoint, probe)]
        found += _one_t_per_batch(asked, checkpoint.config, log)
    found.sort(key=lambda one: one.sure != "sure")
    steps = ", ".join(map(str, asked.steps))
    return found, f"At t = {steps} it misses {_numbers(asked.missed())} of its target; an answer of 0 misses 1.00."


def _seeded_noise(images: Tensor) -> Tensor:
    return torch.randn(images.shape, generator=torch.Generator().manual_seed(0))


def _numbers(values: Tensor) -> str:
    return " ".join(f"{value:.2f}" for value in values.tolist())


def _ratio(values: Tensor, others: Tensor) -> float:
    """How many times as large the values are as the others, a geometric mean."""
    return float((values / others).log().mean().exp())


def _wrong_parametrisation(asked: Asked) -> list[Finding]:
    """Does the output fit noise, x_0 or v best? Half the error, on the mean over t, is no accident: at the noisy end
    or at the clean one the three targets have nothing in common."""
    missed = {predicts: asked.missed(predicts) for predicts in PREDICTIONS}  # type: ignore[arg-type]
    best = min(missed, key=lambda predicts: float(missed[predicts].mean()))
    declared = missed[asked.predicts]
    if missed[best].mean() > declared.mean() / 2:
        return []
    words = {"noise": "the noise", "start": "x_0", "v": "v"}
    evidence = (
        f"the file says that the network predicts {words[asked.predicts]}, and its output misses "
        f"{declared.mean():.0%} of that (by t: {_numbers(declared)}); of {words[best]} it misses "
        f"only {missed[best].mean():.0%} ({_numbers(missed[best])})."
    )
    return [finding("wrong_parametrisation", "sure", evidence)]


def _average(asked: Asked, model: nn.Module, raw: dict[str, Tensor]) -> list[Finding]:
    """Are the averaged weights worse than the raw ones? They should be a little better; half as good is no accident."""
    if not raw:
        return []
    averaged = asked.missed().mean()
    without = replace(asked, model=_with_weights(model, raw)).missed().mean()
    if averaged < 2 * without:
        return []
    evidence = f"the averaged weights miss {averaged:.0%} of their target, the raw ones {without:.0%}."
    return [finding("no_ema_warmup", "sure", evidence)]


def _with_weights(model: nn.Module, weights: dict[str, Tensor]) -> Model:
    """The model as it is with other weights, as a function (x, t)."""
    whole = {name: tensor.float() for name, tensor in weights.items()}
    return lambda x, t: torch.func.functional_call(model, whole, (x, t))


def _cut_schedule(asked: Asked) -> list[Finding]:
    """How much of the image is left in x_T? Above a tenth a person sees it, and the network relies on it. DDPM's own
    schedule leaves 0.6 %."""
    signal = float(asked.schedule.sqrt_alphas_cumprod[-1])
    if signal < 0.1:
        return []
    evidence = (
        f"x_T keeps {signal:.0%} of the image's contrast (alpha-bar_T = {signal**2:.3f}); sampling starts with 0."
    )
    return [finding("cut_schedule", "sure", evidence)]


def _zero_to_one(asked: Asked) -> list[Finding]:
    """Does the network clean images in [0, 1] better than images in [-1, 1], measured in their own contrast? Their
    contrast is half as large, so a network that knows both kinds equally well would do worse on them."""
    error = asked.start_error()[:3]
    other = replace(asked, x_start=(asked.x_start + 1) / 2, steps=asked.steps[:3]).start_error()
    if _ratio(other, error) > 1:
        return []
    evidence = (
        f"its predicted x_0 is off by {_numbers(other)} of the images' variance if they are in [0, 1], and by "
        f"{_numbers(error)} if they are in [-1, 1]."
    )
    return [finding("zero_to_one_images", "sure", evidence)]


def _no_skips(asked: Asked, config: Config) -> list[Finding]:
    if config.model.skips != "none":
        return []
    evidence = (
        f"model.skips=none; at t = {asked.steps[0]}, where the details are decided, it misses {asked.missed()[0]:.0%}."
    )
    return [finding("no_skips", "sure", evidence)]


def _untrained(asked: Asked) -> list[Finding]:
    """In the middle of t, where x_t itself is mostly noise, a network that misses more than half of the noise has
    learned nothing."""
    missed = asked.missed()
    if asked.predicts != "noise" or missed[len(missed) // 2] < 0.5:
        return []
    return [finding("untrained", "likely", f"by t it misses {_numbers(missed)} of its target.")]


def _time(asked: Asked) -> list[Finding]:
    """Is the right t the best one to tell? A network that was trained with another schedule, or another scale of t,
    does better if it is told another; one that ignores t does not mind. Half of the images are enough."""
    last = asked.schedule.timesteps - 1
    if last < 20:
        return []
    half = replace(asked, x_start=asked.x_start[: BATCH // 2], noise=asked.noise[: BATCH // 2])

    def missed_if_told(rule: Callable[[int], int]) -> Tensor:
        return torch.cat([replace(half, steps=[step], told=rule(step)).missed() for step in asked.steps[2:4]])

    right = missed_if_told(lambda t: t)
    missed = {
        "T - 1 - t": missed_if_told(lambda t: last - t),
        "t / T": missed_if_told(lambda t: 0),
        "t less a sixth of T": missed_if_told(lambda t: max(t - last // 6, 0)),
        "t and a sixth of T": missed_if_told(lambda t: min(t + last // 6, last)),
    }
    if all(float((other / right - 1).abs().max()) < 0.02 for other in missed.values()):
        return [finding("time_ignored", "sure", f"whatever t it is told, it misses {_numbers(right)} of its target.")]
    best = min(missed, key=lambda words: _ratio(missed[words], right))
    if _ratio(missed[best], right) > 0.8:
        return []
    evidence = f"told {best} instead of t it misses {_numbers(missed[best])} of its target, told t {_numbers(right)}."
    return [finding("schedule_mismatch", "likely", evidence)]


def _class_never_dropped(asked: Asked, checkpoint: Checkpoint, probe: Probe) -> list[Finding]:
    """Is no label as bad as a wrong one? A network that learned "any class" lies near the right label."""
    classes = checkpoint.model.num_classes
    if classes is None:
        return []
    dropout = checkpoint.config.training.label_dropout
    if probe.labels is None:
        said = [finding("class_never_dropped", "likely", "training.label_dropout=0.")]
        return said if dropout == 0 else []
    labels = probe.labels[:BATCH]
    shift = max(classes // 3, 1)
    right, wrong = (
        replace(asked, model=partial(checkpoint.model, labels=chosen), steps=asked.steps[MIDDLE]).missed()
        for chosen in (labels, (labels + shift) % classes)
    )
    none = asked.missed()[MIDDLE]
    matters = float((wrong / right).log().mean())
    lost = float((none / right).log().mean())
    measured = matters > 0.05 and lost > 0.75 * matters
    if not measured and dropout > 0:
        return []
    evidence = (
        f"training.label_dropout={dropout:g}; with the right label it misses {_numbers(right)} of its target, without "
        f"a label {_numbers(none)}, with a wrong label {_numbers(wrong)}."
    )
    return [finding("class_never_dropped", "sure" if measured and dropout == 0 else "likely", evidence)]


def _flips(asked: Asked, checkpoint: Checkpoint, probe: Probe) -> list[Finding]:
    """Does it clean mirrored images as well as the images, where those are far from anything in the data?

    Only images whose mirror image is 1.3 times as far from its neighbours count, and there must be some. Images that
    are closer when mirrored must be rare, or the data look to both sides. The noise is mirrored, too, so all else is
    equal. Within 5 % (and two standard errors) it is as good: then it has seen them.
    """
    tilt = bugs.mirror_evidence(probe.images, probe.others)
    chosen = tilt.topk(min(ASYMMETRIC, len(tilt))).indices
    chosen = chosen[tilt[chosen] > 0.26]
    if len(chosen) < 8 or int((tilt < -0.26).sum()) > int((tilt > 0.26).sum()) / 4:
        return []
    images = probe.images[chosen]
    noise = _seeded_noise(images)
    own = replace(asked, x_start=images, noise=noise, steps=asked.steps[MIDDLE]).unexplained()
    mirrored = replace(asked, x_start=images.flip(-1), noise=noise.flip(-1), steps=asked.steps[MIDDLE]).unexplained()
    worse = ((mirrored - own) / own.mean(dim=1, keepdim=True)).mean(dim=0)
    mean, error = float(worse.mean()), float(worse.std()) / len(worse) ** 0.5
    if mean + 2 * error > 0.05 and not checkpoint.config.data.flip:
        return []
    evidence = (
        f"on {len(chosen)} images whose mirror image is nothing like the data, the mirror image costs {mean:+.1%} ± "
        f"{error:.1%}; data.flip={str(checkpoint.config.data.flip).lower()}."
    )
    return [finding("flips", "likely", evidence)]


def _one_t_per_batch(asked: Asked, config: Config, log: Log) -> list[Finding]:
    """Does the logged loss jump more than the mean over a batch can? Losses differ most from t to t, and a batch with
    many t averages that away."""
    losses = torch.tensor([loss for _, loss, *_ in log])
    if len(losses) < 16:
        return []
    later = losses[len(losses) // 2 :]
    images = config.training.batch_size * max(log[1][0] - log[0][0], 1)  # in one row of the log
    unexplained = asked.unexplained()
    expected = float((unexplained.var() / images).sqrt())
    seen = float(bugs.log_scatter(later) / max(float(later.mean() / unexplained.mean()), 1e-6))
    if seen < 2.5 * expected:
        return []
    evidence = (
        f"the logged loss jumps by {seen:.3f} from row to row; with a t of its own for each image it would be about "
        f"{expected:.3f}."
    )
    return [finding("one_t_per_batch", "likely", evidence)]
