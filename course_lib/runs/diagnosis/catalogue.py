"""Every bug that a diagnosis can name, with its cause, its cure and its chapter."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Sure = Literal["sure", "likely"]


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
        "Train again with the cosine schedule, or 1,000 linear steps, or diffusion.zero_terminal_snr=true and "
        "diffusion.predicts=v.",
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
