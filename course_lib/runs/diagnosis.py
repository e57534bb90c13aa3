"""What is wrong with a run? Looks at a checkpoint, or at samples, and names the likeliest bug with its evidence.

Every check compares two explanations by a number: what the file says of itself, and what else could be the case. It
never looks at the file's name. What is measured is in `bugs`; how large a number must be stands here, with the reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple
from zlib import crc32

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from course_lib import bugs
from course_lib.errors import DataError
from course_lib.evaluation import fit_gaussian, frechet_distance
from course_lib.files import explained
from course_lib.images import class_names, load_images, to_model_range
from course_lib.reverse import PREDICTIONS
from course_lib.runs.checkpoints import Checkpoint, find_checkpoint, load_checkpoint
from course_lib.runs.config import Config
from course_lib.runs.tensor_files import CheckpointError, NotFiniteError, read_safetensors, tensor_names
from course_lib.sampling import nearest_images
from course_lib.types import Model, Predicts

Sure = Literal["sure", "likely"]

BATCH = 32  # images that a network is asked about
FRACTIONS = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)  # of T - 1: the t at which it is asked
ASYMMETRIC = 24  # images for the question about mirroring
SEED = 0


@dataclass(frozen=True)
class Finding:
    """A bug that explains what was measured.

    sure       "sure": what was measured has no other explanation that we know; "likely": it has
    evidence   the numbers
    cause      what was done wrong
    cure       one line
    chapter    the chapter that explains it
    """

    name: str
    sure: Sure
    evidence: str
    cause: str
    cure: str
    chapter: str


class Bug(NamedTuple):
    """What is known about a bug before anything is measured."""

    cause: str
    cure: str
    chapter: str


CATALOGUE: dict[str, Bug] = {
    "nan_half": Bug(
        "The numbers overflowed or were divided by 0, as in half precision: Adam's 1e-8 is 0 in float16.",
        "Train in float32 or bfloat16 (training.precision=bf16), with gradient clipping and a smaller training.lr.",
        "09_training",
    ),
    "wrong_parametrisation": Bug(
        "The network predicts something else than the sampler takes its output for: the loss falls, the samples are "
        "noise.",
        'Give the sampler what the network was trained on: diffusion.predicts="noise", "start" or "v".',
        "06_objective",
    ),
    "zero_to_one_images": Bug(
        "The network was trained on images in [0, 1]; the sampler and the schedule count on [-1, 1].",
        "Scale the training images with to_model_range (x * 2 - 1) and train again.",
        "09_training",
    ),
    "cut_schedule": Bug(
        "The schedule is cut short: x_T still shows the image, but sampling starts from pure noise.",
        "Use the cosine schedule, or 1,000 linear steps, or diffusion.zero_terminal_snr=true.",
        "03_schedules",
    ),
    "schedule_mismatch": Bug(
        "The network was trained with another schedule, or is told t in another scale or order.",
        "Sample with the schedule and the t that the training used.",
        "03_schedules",
    ),
    "no_ema_warmup": Bug(
        "The average remembers too much: in a short run a decay near 1 keeps the random initial weights.",
        "Warm the average up: decay = min(limit, (1 + step) / (10 + step)).",
        "09_training",
    ),
    "untrained": Bug(
        "The network explains hardly more than an answer of 0: it was not trained, or its weights were lost.",
        "Train longer, and look at the loss: it must fall far below 1.",
        "09_training",
    ),
    "time_ignored": Bug(
        "The network's answer does not depend on t.",
        "Pass the embedding of t to every block.",
        "07_blocks",
    ),
    "no_skips": Bug(
        "The U-Net has no skips: details cannot pass the bottleneck.",
        "Join each level's output on the way down to the way up: model.skips=all.",
        "08_unet",
    ),
    "class_never_dropped": Bug(
        "The label was never dropped in training, so the network never learned to draw without one.",
        "Train with training.label_dropout=0.1, or always give a label and no guidance.",
        "13_guidance",
    ),
    "flips": Bug(
        "The training mirrored half of the images, though left and right differ in them.",
        "Leave the flips out (data.flip=false) where a mirrored image is no good image.",
        "09_training",
    ),
    "one_t_per_batch": Bug(
        "All images of a batch had the same t, so each step's gradient belongs to one noise level.",
        "Draw a t for each image: torch.randint(T, (batch_size,)).",
        "05_reverse",
    ),
    "mean_times_noise": Bug(
        "The sampler multiplies the mean with the noise: the last step has no noise, so everything becomes 0, grey.",
        "Add it: mean + sigma * noise.",
        "05_reverse",
    ),
    "black_images": Bug(
        "The samples were NaN, or clamped to the lower end: images in [0, 1] taken for [-1, 1], or a diverged sampler.",
        "Print x.min(), x.max() and x.isnan().any() after each step of the sampler.",
        "10_sampling",
    ),
    "all_alike": Bug(
        "All samples are nearly the same: one generator seed for each of them, or no noise.",
        "Draw x_T for the whole batch with one generator, and fresh noise at each step.",
        "10_sampling",
    ),
    "noise_at_t0": Bug(
        "The sampler adds noise in its last step, too: its variance at t = 0 is beta, not 0.",
        "Use the posterior variance, or add no noise at t = 0.",
        "05_reverse",
    ),
    "off_by_one_end": Bug(
        "The sampler stops at t = 1: the last step is missing, and the noise of t = 0 stays.",
        "for t in reversed(range(T)): 0 belongs to it.",
        "05_reverse",
    ),
    "beta_for_its_root": Bug(
        "The sampler's noise is too weak, as if scaled with the variance instead of its root: the samples are blurred.",
        "Take the root: mean + variance.sqrt() * noise.",
        "05_reverse",
    ),
    "inverted_mask": Bug(
        "The mask is understood the other way round: what was known is drawn anew, and what was to be drawn is kept.",
        "Here 1 means known: pass 1 - mask.",
        "14_editing",
    ),
    "copies": Bug(
        "The samples are copies of training images: the data set is too small for the network, or trained on too long.",
        "Train on more images, or shorter; compare with the nearest training images.",
        "10_sampling",
    ),
    "fid_of_128": Bug(
        "A Frechet distance of so few samples is mostly its own bias.",
        "Score at least 2,048 samples, the same number for everything that is compared.",
        "11_evaluation",
    ),
}


def finding(name: str, sure: Sure, evidence: str) -> Finding:
    """The Finding `name` of the CATALOGUE."""
    return Finding(name, sure, evidence, *CATALOGUE[name])


# What the file is compared with


@dataclass(frozen=True)
class Probe:
    """Images to ask a network about, or to compare samples with.

    images    float32 in [-1, 1], (N, C, H, W)
    others    more of the same, to look for neighbours in: (M, C, H, W)
    labels    long (N,); None if they are not those of the network
    note      what a person must know about them
    """

    images: Tensor
    others: Tensor
    labels: Tensor | None
    note: str


def probe_of(source: str, shape: tuple[int, int, int], names: Sequence[str] = (), trained_on: str = "") -> Probe:
    """A Probe of the data `source` in the `shape` (C, H, W), or of garments if there is no such data.

    `names` are the network's classes. `trained_on` is a run's own word for its data; without one the note says that
    the file does not tell.
    """
    channels, height, width = shape
    size = None if (height, width) == (28, 28) else height
    try:
        train, train_labels = load_images(source, image_size=size, channels=channels)
        wrong = tuple(train.shape[1:]) != shape
        note = f"{source} is not {channels} x {height} x {width}, so garments stand in. " if wrong else ""
    except DataError as error:
        wrong, note = True, f"garments stand in for the data {source}: {error} "
    if wrong:
        source, size = "garments", height
        train, train_labels = load_images(source, image_size=size, channels=channels)
    if trained_on and not trained_on.endswith(f"{crc32(train.numpy().data):08x}"):
        note += f"The run was trained on other images: {trained_on}."
    elif not trained_on and source in ("auto", "garments"):
        note += "The file does not say which images it was trained on; the answers hold if they were of the same kind."
    test, labels = _held_out(source, size, channels, train, train_labels)
    known = labels if names and tuple(names) == tuple(class_names(source)) else None
    return Probe(to_model_range(test), to_model_range(train[:4000]), known, note.strip())


def _held_out(source: str, size: int | None, channels: int, train: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """200 images of the split "test"; if there is none, the last of the training images."""
    try:
        test, test_labels = load_images(source, "test", size, channels)
    except DataError:
        test, test_labels = train, labels
    return test[-200:], test_labels[-200:]


# A network


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found: [] if all is well.

    looked   one sentence: what was looked at
    """

    kind: Literal["checkpoint", "samples"]
    findings: list[Finding]
    note: str
    looked: str


def diagnose(path: str | Path, source: str | None = None) -> Diagnosis:
    """Look at a checkpoint or at samples. `source` is the data, as in a config; without it what the checkpoint says, or
    "auto".

    Raises CheckpointError for a file that cannot be looked into, DataError for a `source` that cannot be loaded.
    """
    path = Path(path)
    if not path.exists() and not path.suffix:
        path = find_checkpoint(path)
    if is_checkpoint(path):
        return _of_checkpoint(path, source)
    samples = read_samples(path)
    shape = samples.images.shape[1:]
    probe = probe_of(source or "auto", (shape[0], shape[1], shape[2]))
    looked = (
        f"{len(samples.images)} samples were compared with {len(probe.images)} real images; small faults do not show."
    )
    return Diagnosis("samples", diagnose_samples(samples, probe), probe.note, looked)


class Ask:
    """A network and the images that it is asked about: every check asks in the same way."""

    def __init__(self, checkpoint: Checkpoint, probe: Probe):
        last = checkpoint.schedule.timesteps - 1
        self.steps = [round(last * fraction) for fraction in FRACTIONS]
        self.schedule = checkpoint.schedule
        self.predicts: Predicts = checkpoint.config.diffusion.predicts
        self.model: Model = checkpoint.model
        self.x_start = probe.images[:BATCH]
        self.noise = torch.randn(self.x_start.shape, generator=torch.Generator().manual_seed(SEED))
        self.x_t, self.output = bugs.outputs_by_step(self.model, self.x_start, self.steps, self.noise, self.schedule)

    def unexplained(self, predicts: Predicts | None = None) -> Tensor:
        """The share of the target that the network misses at each step and image, (S, B)."""
        return bugs.unexplained_by_step(
            self.output, self.x_start, self.steps, self.noise, self.schedule, predicts or self.predicts
        )

    def of_another(self, model: Model, steps: Sequence[int]) -> Tensor:
        """`unexplained` of another model at `steps`, (S, B)."""
        _, output = bugs.outputs_by_step(model, self.x_start, steps, self.noise, self.schedule)
        return bugs.unexplained_by_step(output, self.x_start, steps, self.noise, self.schedule, self.predicts)

    def told(self, step: int, told: int) -> Tensor:
        """`unexplained` at `step` if the network is told another t, a mean over half of the images."""
        x_start, noise = self.x_start[: BATCH // 2], self.noise[: BATCH // 2]
        _, output = bugs.outputs_by_step(self.model, x_start, [step], noise, self.schedule, told)
        return bugs.unexplained_by_step(output, x_start, [step], noise, self.schedule, self.predicts).mean()


def diagnose_checkpoint(path: str | Path, source: str | None = None) -> list[Finding]:
    """What may be wrong with the checkpoint at `path`, the likeliest first; [] if nothing was found.

    `source` as in `diagnose`. Raises CheckpointError as `load_checkpoint`; NaN is a finding.
    """
    return _of_checkpoint(find_checkpoint(path), source).findings


def _of_checkpoint(path: Path, source: str | None) -> Diagnosis:
    try:
        tensors, metadata = read_safetensors(path)
        checkpoint = load_checkpoint(path, "cpu")
    except NotFiniteError as error:
        return Diagnosis("checkpoint", [finding("nan_half", "sure", str(error).split(". ")[0])], "", "")
    if checkpoint.autoencoder or checkpoint.image_shape[0] not in (1, 3):
        raise CheckpointError(
            f"{path} is a network of latents; only one of images can be diagnosed. Draw samples and name their file."
        )
    probe = probe_of(
        source or checkpoint.config.data.source,
        checkpoint.image_shape,
        checkpoint.class_names,
        str(metadata.get("data", "")),
    )
    ask = Ask(checkpoint, probe)
    raw = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
    # what makes the other questions senseless comes first
    found = [*_wrong_parametrisation(ask), *_average(ask, checkpoint, raw), *_cut_schedule(checkpoint)]
    found = found or _zero_to_one(ask)
    found += _no_skips(ask, checkpoint.config)
    found = found or _untrained(ask)
    if not found:
        found = [*_time(ask), *_class_never_dropped(ask, checkpoint, probe), *_flips(ask, checkpoint, probe)]
        found += _one_t_per_batch(ask, checkpoint.config, metadata.get("log", []))
    found.sort(key=lambda one: one.sure != "sure")
    missed = _numbers(ask.unexplained().mean(dim=1))
    looked = f"At t = {', '.join(map(str, ask.steps))} it misses {missed} of its target; an answer of 0 misses 1.00."
    return Diagnosis("checkpoint", found, probe.note, looked)


def _numbers(values: Tensor) -> str:
    return " ".join(f"{value:.2f}" for value in values.tolist())


def _wrong_parametrisation(ask: Ask) -> list[Finding]:
    """Does the output fit noise, x_0 or v best? Half the error, on the mean over t, is no accident: at the noisy end
    or at the clean one the three targets have nothing in common."""
    missed = {predicts: ask.unexplained(predicts).mean(dim=1) for predicts in PREDICTIONS}  # type: ignore[arg-type]
    best = min(missed, key=lambda predicts: float(missed[predicts].mean()))
    declared = missed[ask.predicts]
    if missed[best].mean() > declared.mean() / 2:
        return []
    words = {"noise": "the noise", "start": "x_0", "v": "v"}
    evidence = (
        f"the file says that the network predicts {words[ask.predicts]}, and its output misses "
        f"{declared.mean():.0%} of that (by t: {_numbers(declared)}); of {words[best]} it misses "
        f"only {missed[best].mean():.0%} ({_numbers(missed[best])})."
    )
    return [finding("wrong_parametrisation", "sure", evidence)]


def _average(ask: Ask, checkpoint: Checkpoint, raw: dict[str, Tensor]) -> list[Finding]:
    """Are the averaged weights worse than the raw ones? They should be a little better; half as good is no accident."""
    if not raw:
        return []
    averaged = ask.unexplained().mean()
    without = ask.of_another(_with_weights(checkpoint.model, raw), ask.steps).mean()
    if averaged < 2 * without:
        return []
    evidence = f"the averaged weights miss {averaged:.0%} of their target, the raw ones {without:.0%}."
    return [finding("no_ema_warmup", "sure", evidence)]


def _untrained(ask: Ask) -> list[Finding]:
    """In the middle of t, where x_t itself is mostly noise, a network that misses more than half of the noise has
    learned nothing."""
    missed = ask.unexplained().mean(dim=1)
    if ask.predicts != "noise" or missed[len(missed) // 2] < 0.5:
        return []
    return [finding("untrained", "likely", f"by t it misses {_numbers(missed)} of its target.")]


def _with_weights(model: nn.Module, weights: dict[str, Tensor]) -> Model:
    """The model as it is with other weights, as a function (x, t)."""
    whole = {name: tensor.float() for name, tensor in weights.items()}
    return lambda x, t: torch.func.functional_call(model, whole, (x, t))


def _cut_schedule(checkpoint: Checkpoint) -> list[Finding]:
    """How much of the image is left in x_T? Above a tenth a person sees it, and the network relies on it. DDPM's own
    schedule leaves 0.6 %."""
    signal = float(checkpoint.schedule.sqrt_alphas_cumprod[-1])
    if signal < 0.1:
        return []
    evidence = (
        f"x_T keeps {signal:.0%} of the image's contrast (alpha-bar_T = {signal**2:.3f}); sampling starts with 0."
    )
    return [finding("cut_schedule", "sure", evidence)]


def _zero_to_one(ask: Ask) -> list[Finding]:
    """Does the network clean images in [0, 1] better than images in [-1, 1], measured in their own contrast? Their
    contrast is half as large, so a network that knows both kinds equally well would do worse on them."""
    steps = ask.steps[:3]
    error = bugs.start_error_by_step(ask.output[:3], ask.x_t[:3], ask.x_start, steps, ask.schedule, ask.predicts).mean(
        dim=1
    )
    halved = (ask.x_start + 1) / 2
    x_t, output = bugs.outputs_by_step(ask.model, halved, steps, ask.noise, ask.schedule)
    other = bugs.start_error_by_step(output, x_t, halved, steps, ask.schedule, ask.predicts).mean(dim=1)
    ratio = float((other / error).log().mean().exp())
    if ratio > 1:
        return []
    evidence = (
        f"its predicted x_0 is off by {_numbers(other)} of the images' variance if they are in [0, 1], and by "
        f"{_numbers(error)} if they are in [-1, 1]."
    )
    return [finding("zero_to_one_images", "sure", evidence)]


def _time(ask: Ask) -> list[Finding]:
    """Is the right t the best one to tell? A network that was trained with another schedule, or another scale of t,
    does better if it is told another; one that ignores t does not mind."""
    last = ask.schedule.timesteps - 1
    if last < 20:
        return []
    chosen = ask.steps[2:4]
    right = torch.stack([ask.told(step, step) for step in chosen])
    told: dict[str, Callable[[int], int]] = {
        "T - 1 - t": lambda t: last - t,
        "t / T": lambda t: 0,
        "t less a sixth of T": lambda t: max(t - last // 6, 0),
        "t and a sixth of T": lambda t: min(t + last // 6, last),
    }
    missed = {words: torch.stack([ask.told(step, rule(step)) for step in chosen]) for words, rule in told.items()}
    if all(float((other / right - 1).abs().max()) < 0.02 for other in missed.values()):
        return [finding("time_ignored", "sure", f"whatever t it is told, it misses {_numbers(right)} of its target.")]
    best = min(missed, key=lambda words: float((missed[words] / right).log().mean()))
    gain = float((missed[best] / right).log().mean().exp())
    if gain > 0.8:
        return []
    evidence = f"told {best} instead of t it misses {_numbers(missed[best])} of its target, told t {_numbers(right)}."
    return [finding("schedule_mismatch", "likely", evidence)]


def _no_skips(ask: Ask, config: Config) -> list[Finding]:
    if config.model.skips != "none":
        return []
    first = float(ask.unexplained()[0].mean())
    evidence = f"model.skips=none; at t = {ask.steps[0]}, where the details are decided, it misses {first:.0%}."
    return [finding("no_skips", "sure", evidence)]


def _class_never_dropped(ask: Ask, checkpoint: Checkpoint, probe: Probe) -> list[Finding]:
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
        ask.of_another(partial(checkpoint.model, labels=chosen), ask.steps[1:5]).mean(dim=1)
        for chosen in (labels, (labels + shift) % classes)
    )
    none = ask.unexplained().mean(dim=1)[1:5]
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


def _flips(ask: Ask, checkpoint: Checkpoint, probe: Probe) -> list[Finding]:
    """Does it clean mirrored images as well as the images, where those are far from anything in the data?

    Only images whose mirror image is 1.3 times as far from its neighbours count, and there must be some. The noise is
    mirrored, too, so all else is equal. Within 5 % (and two standard errors) it is as good: then it has seen them.
    """
    tilt = bugs.mirror_evidence(probe.images, probe.others)
    chosen = tilt.topk(min(ASYMMETRIC, len(tilt))).indices
    chosen = chosen[tilt[chosen] > 0.26]
    if len(chosen) < 8:
        return []
    steps = ask.steps[1:5]
    images = probe.images[chosen]
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(SEED))
    missed = []
    for x_start, drawn in ((images, noise), (images.flip(-1), noise.flip(-1))):
        _, output = bugs.outputs_by_step(checkpoint.model, x_start, steps, drawn, ask.schedule)
        missed.append(bugs.unexplained_by_step(output, x_start, steps, drawn, ask.schedule, ask.predicts))
    worse = ((missed[1] - missed[0]) / missed[0].mean(dim=1, keepdim=True)).mean(dim=0)
    mean, error = float(worse.mean()), float(worse.std()) / len(worse) ** 0.5
    if mean + 2 * error > 0.05 and not checkpoint.config.data.flip:
        return []
    evidence = (
        f"on {len(chosen)} images whose mirror image is nothing like the data, the mirror image costs {mean:+.1%} ± "
        f"{error:.1%}; data.flip={str(checkpoint.config.data.flip).lower()}."
    )
    return [finding("flips", "likely", evidence)]


def _one_t_per_batch(ask: Ask, config: Config, log: list) -> list[Finding]:
    """Does the logged loss jump more than the mean over a batch can? Losses differ most from t to t, and a batch with
    many t averages that away."""
    losses = torch.tensor([row[1] for row in log])
    if len(losses) < 16:
        return []
    later = losses[len(losses) // 2 :]
    images = config.training.batch_size * max(log[1][0] - log[0][0], 1)  # in one row of the log
    expected = float((ask.unexplained().var() / images).sqrt())
    seen = float(bugs.log_scatter(later) / max(float(later.mean() / ask.unexplained().mean()), 1e-6))
    if seen < 2.5 * expected:
        return []
    evidence = (
        f"the logged loss jumps by {seen:.3f} from row to row; with a t of its own for each image it would be about "
        f"{expected:.3f}."
    )
    return [finding("one_t_per_batch", "likely", evidence)]


# Samples


@dataclass(frozen=True)
class Samples:
    """What a file of samples holds.

    images    float32 (N, C, H, W), uint8 already in [-1, 1]
    picture   what was to be completed, alike, or None
    mask      1 where the picture is known, alike, or None
    features  a judge's features (N, d) and the Frechet distance that was computed from them, or None
    """

    images: Tensor
    picture: Tensor | None = None
    mask: Tensor | None = None
    features: Tensor | None = None
    score: float | None = None


def is_checkpoint(path: Path) -> bool:
    """Whether the file at `path` is a safetensors file with a network in it."""
    return any(name.startswith("ema.") for name in tensor_names(path))


def read_samples(path: Path) -> Samples:
    """The samples in a file .safetensors (a tensor "samples" or "images"), or in a folder of pictures.

    uint8 becomes [-1, 1]; so do floats from 0 to 1, and from 0 to 255. Raises CheckpointError for a file that is
    missing, broken, of another kind, or that holds no images.
    """
    stored = _stored(path)
    images = next((stored[name] for name in ("samples", "images") if name in stored), None)
    if images is None or images.ndim not in (3, 4) or images.numel() == 0:
        held = f"it holds {', '.join(sorted(stored)[:5]) or 'nothing'}"
        raise CheckpointError(f'{path} has no images in it: name a tensor "samples", (N, C, H, W); {held}.')
    if images.ndim == 3:
        images = images[:, None]
    if images.shape[1] not in (1, 3) and images.shape[-1] in (1, 3):
        images = images.movedim(-1, 1)
    if min(images.shape[-2:]) < 8 or images.shape[1] not in (1, 3):
        raise CheckpointError(f"{path} has images of the shape {tuple(images.shape[1:])}; (1 or 3, 8 or more, alike).")
    picture, mask, features, score = (stored.get(name) for name in ("picture", "mask", "features", "frechet_distance"))
    return Samples(
        images=_in_range(images),
        picture=None if picture is None else _in_range(picture),
        mask=None if mask is None else mask.float(),
        features=features,
        score=None if score is None else float(score),
    )


def _stored(path: Path) -> dict[str, Tensor]:
    """The tensors in a file of samples, by name."""
    if path.is_dir():
        return {"images": load_images(path)[0]}
    if path.suffix.lower() != ".safetensors":
        raise CheckpointError(
            f"{path} is no file that can be looked into: give a checkpoint or samples as .safetensors, or a folder of "
            "pictures. (A pickle, such as .pt, .ckpt and some .npy, can run code when it is read.)"
        )
    with explained(path, "read"), path.open("rb") as file:
        try:
            return load(file.read())
        except (ValueError, TypeError, SafetensorError) as error:
            raise CheckpointError(f"{path} is broken or half-copied ({str(error)[:100]}). Copy it again.") from None


def _in_range(images: Tensor) -> Tensor:
    """float32 in the model's range, whatever range the images are in."""
    if images.dtype == torch.uint8:
        return to_model_range(images)
    x = images.float()
    seen = x[x.isfinite()]
    if len(seen) and float(seen.min()) >= 0 and float(seen.max()) > 0.2:
        return x * 2 - 1 if float(seen.max()) <= 1.5 else x / 127.5 - 1
    return x


def diagnose_samples(samples: Samples, probe: Probe) -> list[Finding]:
    """What may be wrong with samples, the likeliest first; [] if nothing was found.

    The probe has images of the kind that the samples should be.
    """
    x = samples.images
    if not bool(x.isfinite().all()):
        bad = int((~x.flatten(1).isfinite().all(dim=1)).sum())
        return [finding("nan_half", "sure", f"{bad} of {len(x)} samples have NaN or inf in them.")]
    found = [*_inverted_mask(samples), *_few_for_a_score(samples)]
    if found:
        return found
    return (
        _empty(x)
        or _only_noise(x, probe)
        or _alike(x, probe)
        or [*_grain(x, probe), *_copies(x, probe), *_blur(x, probe), *_mirrored(x, probe)]
    )


def _inverted_mask(samples: Samples) -> list[Finding]:
    """The known part must come back, and the rest must be new. 0.02 of the range of 2 is 2.5 grey levels."""
    if samples.picture is None or samples.mask is None:
        return []
    known = (samples.mask > 0.5).expand_as(samples.images)
    change = (samples.images - samples.picture).square()
    kept, drawn = change[known].mean().sqrt(), change[~known].mean().sqrt()
    if not (kept > 0.02 and drawn < 0.02):
        return []
    evidence = f"the known part changed by {kept:.2f} (root mean square), and the part to be drawn by {drawn:.2f}."
    return [finding("inverted_mask", "sure", evidence)]


def _few_for_a_score(samples: Samples) -> list[Finding]:
    """How large is the Frechet distance of n draws from the very Gaussian that they come from? That is bias alone.

    A tenth of the score is as much as the networks differ that people compare by it.
    """
    if samples.features is None or samples.score is None:
        return []
    fitted = fit_gaussian(samples.features)
    count, width = samples.features.shape
    values, vectors = torch.linalg.eigh(fitted.covariance)
    root = vectors * values.clamp(min=0).sqrt()
    drawn = torch.randn(count, width, generator=torch.Generator().manual_seed(SEED), dtype=torch.float64)
    bias = float(frechet_distance(*fit_gaussian(drawn @ root.T + fitted.mean), *fitted))
    if bias < samples.score / 10:
        return []
    evidence = (
        f"the score {samples.score:.3g} is of {count} samples with {width} features; as many draws from their own "
        f"Gaussian are at a distance of {bias:.3g} from it."
    )
    return [finding("fid_of_128", "sure", evidence)]


def _empty(x: Tensor) -> list[Finding]:
    """Images of one grey level: 0.02 of the range of 2 is 2.5 grey levels."""
    flat = x.flatten(1).std(dim=1) < 0.02
    if flat.float().mean() < 0.9:
        return []
    level = float(x.mean())
    evidence = f"{int(flat.sum())} of {len(x)} samples are of one shade: {level:.2f} in [-1, 1]."
    return [finding("mean_times_noise" if abs(level) < 0.1 else "black_images", "likely", evidence)]


def _neighbours(x: Tensor) -> float:
    """The correlation of a pixel with the one beside it."""
    centred = x - x.mean(dim=(-2, -1), keepdim=True)
    return float((centred[..., 1:] * centred[..., :-1]).mean() / centred.square().mean())


def _only_noise(x: Tensor, probe: Probe) -> list[Finding]:
    """In images neighbouring pixels are alike; in noise they have nothing to do with each other."""
    here, there = _neighbours(x), _neighbours(probe.images)
    if here > there / 4 or there < 0.3:
        return []
    evidence = f"neighbouring pixels have the correlation {here:.2f}; in {len(probe.images)} real images {there:.2f}."
    return [finding("wrong_parametrisation", "likely", evidence)]


def _alike(x: Tensor, probe: Probe) -> list[Finding]:
    """Two samples should differ about as much as two real images; a quarter is the same image with other details."""
    if len(x) < 2:
        return []
    here, there = float(bugs.pair_distance(x)), float(bugs.pair_distance(probe.images))
    if here > there / 4:
        return []
    return [finding("all_alike", "likely", f"two samples differ by {here:.2f}, two real images by {there:.2f}.")]


def _grain(x: Tensor, probe: Probe) -> list[Finding]:
    """White noise on top of finished images, even where they are calm. 0.03 is 4 grey levels: one can just see it.

    An undertrained network's calm parts are not clean either, but blotchy: there a pixel is like the one two away.
    """
    here = float(bugs.grain(x).median())
    there = float(bugs.grain(probe.images).quantile(0.9))
    correlation = float(bugs.calm_correlation(x))
    if here < there + 0.03 or correlation > 0.12:
        return []
    evidence = (
        f"white noise of standard deviation {here * 127.5:.0f} grey levels lies on the samples, and of at most "
        f"{there * 127.5:.0f} on real images; pixels two apart have the correlation {correlation:.2f} where it is calm."
    )
    return [finding(name, "likely", evidence) for name in ("noise_at_t0", "off_by_one_end")]


def _copies(x: Tensor, probe: Probe) -> list[Finding]:
    """Real images that were held out have a distance to the nearest other one, too: half of that is a copy."""
    here = float(nearest_images(x, probe.others)[1].median())
    there = float(nearest_images(probe.images, probe.others)[1].median())
    if here > there / 2:
        return []
    evidence = f"the nearest training image is {here:.3f} away from a sample, and {there:.3f} from a held-out image."
    return [finding("copies", "likely", evidence)]


def _blur(x: Tensor, probe: Probe) -> list[Finding]:
    """Less than half of the detail, and less variety, than real images have: noise is missing in the sampler."""
    here, there = float(bugs.detail(x).median()), float(bugs.detail(probe.images).median())
    if here > there / 2:
        return []
    evidence = f"the samples have {here / there:.0%} of the detail (second differences) of real images."
    return [finding("beta_for_its_root", "likely", evidence)]


def _mirrored(x: Tensor, probe: Probe) -> list[Finding]:
    """Among samples that look to one side, how many look to the wrong one? Of real images few do."""

    def wrong(images: Tensor) -> tuple[int, int]:
        tilt = bugs.mirror_evidence(images, probe.others)
        return int((tilt < -0.1).sum()), int((tilt.abs() > 0.1).sum())

    here, sided = wrong(x)
    there, real = wrong(probe.images)
    if sided < 8 or real < 8 or here / sided < 0.3 or here / sided < 2 * there / real:
        return []
    evidence = (
        f"{here} of {sided} samples that look to one side look to the wrong one; of real images {there} of {real}."
    )
    return [finding("flips", "likely", evidence)]
