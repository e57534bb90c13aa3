"""Quiz `denoise_from` of chapter 14."""

from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import Tensor

from course_lib import editing
from course_lib.checker.quiz import Quiz
from course_lib.editing import ddim_sample_from
from course_lib.fast_sampling import ddim_step, ddim_timesteps, predict_start_and_noise
from course_lib.forward import q_sample
from course_lib.quizzes.inputs import ToyDenoiser
from course_lib.reverse import draw_noise, p_mean, p_sample
from course_lib.schedules import NoiseSchedule, sigma_from_alphas_cumprod
from course_lib.types import BetaSchedule


def noisy_pictures(g: torch.Generator) -> list[tuple]:
    """Cases (model, noisy, start, schedule, steps, predicts, clip_start): one step, several, all there are.

    `start` is somewhere, T - 1, 0; no t to round lies half-way. The last case has no more than four arguments.
    """
    model = ToyDenoiser().requires_grad_(False)
    kinds: list[tuple[tuple[int, ...], BetaSchedule, int, int, tuple]] = [
        ((3, 1, 12, 16), "cosine", 100, 61, (5, "noise", False)),
        ((5, 3), "linear", 200, 120, (1, "noise", True)),
        ((4, 2), "quadratic", 30, 11, (12, "start", True)),
        ((3,), "sigmoid", 50, 49, (7, "v", False)),
        ((1, 4), "linear", 40, 0, (1, "v", True)),
        ((3, 2, 4, 4), "linear", 500, 300, (9, "noise", True)),
        ((2, 3), "cosine", 60, 25, ()),
    ]
    cases = []
    for shape, name, timesteps, start, options in kinds:
        schedule = NoiseSchedule.from_name(name, timesteps)
        sigma = sigma_from_alphas_cumprod(schedule.alphas_cumprod)[start]
        noisy = torch.randn(shape, generator=g)
        if len(shape) == 4:
            noisy = torch.sin(
                torch.linspace(0, 9, shape[-1]) + torch.linspace(0, 5, shape[-2])[:, None] + noisy[..., :1, :1]
            )
        noisy = noisy + sigma * torch.randn(shape, generator=g)
        cases.append((model, noisy, start, schedule, *options))
    return cases


denoise_from = Quiz(
    editing.denoise_from,
    cases=noisy_pictures,
    points=2,
    minutes=8,
    difficulty=2,
    importance=5,
    hints=(
        "The network knows states x_t only. What has to be done to x_0 plus noise, so that it is an x_t?",
        "In x_t the picture has the weight sqrt(alpha-bar_t). Multiply the noisy picture by it, and the noise fits, "
        "too, because `start` was chosen in this way: from there `ddim_sample_from` goes on.",
        "x_t = schedule.sqrt_alphas_cumprod[start] * noisy, then "
        "ddim_sample_from(model, x_t, start, schedule, steps, predicts=predicts, clip_start=clip_start)",
    ),
)

SCALED = "schedule.sqrt_alphas_cumprod[start] * noisy"
GO = "ddim_sample_from(model, x_t, start, schedule, steps, predicts=predicts, clip_start=clip_start)"

# How the noisy picture becomes a state
denoise_from.edits(
    not_scaled=(
        f"{SCALED} -> noisy",
        "The noisy picture goes in as it is. In x_t the picture is smaller: by which factor?",
    ),
    scale_not_rooted=(
        f"{SCALED} -> schedule.alphas_cumprod[start] * noisy",
        "The noisy picture is multiplied by alpha-bar. Which power of it does x_0 have in `q_sample`?",
    ),
    divided=(
        f"{SCALED} -> noisy / schedule.sqrt_alphas_cumprod[start]",
        "The noisy picture is divided by sqrt(alpha-bar). That leads from x_t to x_0 plus noise: "
        "you need the other direction.",
    ),
    divided_by_alpha_bar=(
        f"{SCALED} -> noisy / schedule.alphas_cumprod[start]",
        "The noisy picture is divided by alpha-bar, so it gets larger. "
        "Is the picture in x_t larger than x_0, or smaller?",
    ),
    scaled_by_the_noise=(
        f"{SCALED} -> schedule.sqrt_one_minus_alphas_cumprod[start] * noisy",
        "The noisy picture is multiplied by sqrt(1 - alpha-bar): that is the weight of the noise in x_t. "
        "Which weight has the picture?",
    ),
    scaled_by_a_single_step=(
        f"{SCALED} -> schedule.alphas[start].sqrt() * noisy",
        "The picture is made smaller by a single step only. All steps up to `start` have made it smaller: "
        "their product is alpha-bar.",
    ),
    scaled_by_beta=(
        f"{SCALED} -> schedule.betas[start].sqrt() * noisy",
        "The noisy picture is multiplied by sqrt(beta), the noise of a single step. What is the weight of x_0 in x_t?",
    ),
    divided_by_sigma=(
        f"{SCALED} -> noisy / sigma_from_alphas_cumprod(schedule.alphas_cumprod)[start]",
        "The noisy picture is divided by sigma, so its noise is 1. In x_t the noise is sqrt(1 - alpha-bar): "
        "what do you have to divide by?",
    ),
    scale_of_one_before=(
        f"{SCALED} -> schedule.alphas_cumprod_prev[start].sqrt() * noisy",
        "The scale is that of the level before `start`. "
        "`alphas_cumprod_prev` at an index holds the alpha-bar before it.",
    ),
    scale_counted_from_one=(
        f"{SCALED} -> schedule.sqrt_alphas_cumprod[start - 1] * noisy",
        "The scale is looked up at start - 1, and at start = 0 that is the *last* entry. Here t counts from 0.",
    ),
    scale_of_the_last=(
        f"{SCALED} -> schedule.sqrt_alphas_cumprod[-1] * noisy",
        "The picture is made as small as in x_T, where only noise is left. Which level does its noise have?",
    ),
    scaled_by_its_own_spread=(
        f"{SCALED} -> noisy / noisy.std()",
        "The noisy picture is divided by its own standard deviation. "
        "How large the picture is in x_t says the schedule, whatever the picture.",
    ),
    noised_once_more=(
        f"{SCALED} -> q_sample(noisy, torch.full((len(noisy),), start), draw_noise(noisy.shape, schedule), schedule)",
        "Noise is added once more. The picture has that of `start` already: which part of `q_sample` is left to do?",
    ),
    noised_and_not_scaled=(
        f"{SCALED} -> noisy + schedule.sqrt_one_minus_alphas_cumprod[start] * draw_noise(noisy.shape, schedule)",
        "Noise is added once more, and the picture keeps its full size. It has its noise already: what is missing is "
        "the scale of x_t.",
    ),
    fresh_noise_instead=(
        f"{SCALED} -> draw_noise(noisy.shape, schedule)",
        "The noisy picture is thrown away, and the way begins with fresh noise. That draws any picture, not this one.",
    ),
    noisy_clipped=(
        f"{SCALED} -> schedule.sqrt_alphas_cumprod[start] * noisy.clamp(-1, 1)",
        "The noisy picture is clipped first. So its noise is no longer Gaussian, and smaller than the network expects.",
    ),
    state_clipped=(
        f"{SCALED} -> ({SCALED}).clamp(-1, 1)",
        "x_t is clipped. It holds noise and has to leave [-1, 1]: which prediction may not?",
    ),
    scaled_for_the_result_only=(
        f"{SCALED} -> noisy",
        f"{GO} -> schedule.sqrt_alphas_cumprod[start] * {GO}",
        "The result is scaled, and the noisy picture is not. The network needs x_t; what comes out is clean, "
        "in its full size.",
    ),
    result_scaled_too=(
        f"{GO} -> schedule.sqrt_alphas_cumprod[start] * {GO}",
        "The clean picture is made smaller as well. At the end alpha-bar is 1: its size is right as it comes.",
    ),
    scaled_back=(
        f"{GO} -> {GO} / schedule.sqrt_alphas_cumprod[start]",
        "The clean picture is scaled back at the end. The steps lead to x_0 in its full size already.",
    ),
)

# Where the way begins, and how it goes on
denoise_from.edits(
    from_the_last_t=(
        "x_t, start, schedule -> x_t, schedule.timesteps - 1, schedule",
        "The steps begin at T - 1, as if x_t was pure noise. Which level does its noise have?",
    ),
    one_step_only=(
        "schedule, steps, predicts -> schedule, 1, predicts",
        "There is one step only, whatever `steps` is. Where does `steps` come in?",
    ),
    every_t=(
        "schedule, steps, predicts -> schedule, start + 1, predicts",
        "Every t from `start` down is visited, whatever `steps` is. Where does `steps` come in?",
    ),
    twenty_steps=(
        "schedule, steps, predicts -> schedule, min(20, start + 1), predicts",
        "There are 20 steps, or all there are, whatever `steps` is. Where does `steps` come in?",
    ),
    with_fresh_noise=(
        "steps, predicts -> steps, 1.0, predicts",
        "The steps add fresh noise, as with eta = 1. Here eta is 0: only the path of DDIM, without chance.",
    ),
    predicts_not_passed_on=(
        "predicts=predicts, -> predicts='noise',",
        "Whatever `predicts` says, the model's answer is read as noise. Where is `predicts` lost?",
    ),
    clip_not_passed_on=(
        ", clip_start=clip_start) -> )",
        "Nothing is clipped. Where does `clip_start` come in?",
    ),
    options_not_passed_on=(
        ", predicts=predicts, clip_start=clip_start) -> )",
        "Right for a model that predicts the noise, without clipping. Where do `predicts` and `clip_start` come in?",
    ),
    always_clipped=(
        "clip_start=clip_start -> clip_start=True",
        "The predicted x_0 is always clipped, also when `clip_start` is False.",
    ),
    clipped_at_the_end=(
        f"{GO} -> {GO}.clamp(-1, 1)",
        "The result is clipped, also when `clip_start` is False.",
    ),
    clipped_at_the_end_only=(
        f"return {GO} -> x = {GO.replace('=clip_start', '=False')}; return x.clamp(-1, 1) if clip_start else x",
        "Only the result is clipped. With `clip_start` the predicted x_0 of every step is kept inside [-1, 1].",
    ),
    noise_returned=(
        f"{GO} -> predict_start_and_noise(model, x_t, torch.full((len(x_t),), start, device=x_t.device), schedule, "
        "predicts, clip_start)[1]",
        "The noise itself comes back. What is left of the picture without it?",
    ),
    noise_subtracted_at_full_strength=(
        f"{GO} -> noisy - predict_start_and_noise(model, x_t, torch.full((len(x_t),), start, device=x_t.device), "
        "schedule, predicts, clip_start)[1]",
        "The model's noise is subtracted from the noisy picture as it comes, with the standard deviation 1. "
        "How strong is the noise in the picture?",
    ),
    noise_subtracted_from_the_state=(
        f"{GO} -> x_t - predict_start_and_noise(model, x_t, torch.full((len(x_t),), start, device=x_t.device), "
        "schedule, predicts, clip_start)[1]",
        "The model's noise is subtracted from x_t as it comes. In x_t it has a weight, and so does the picture.",
    ),
    state_returned=(
        f"return {GO} -> return x_t",
        "x_t comes back: the noisy picture, scaled. Which steps lead from there to a clean one?",
    ),
)


@torch.no_grad()
def visit(model, x, visited: Iterable[int], schedule, predicts, clip_start, told=None) -> Tensor:
    """x after the steps of DDIM from each of `visited` to the next; the model is told `told` if that is a number."""
    for step, after in pairwise(visited):
        t, t_prev = (torch.full((len(x),), n, device=x.device) for n in (step if told is None else told, after))
        x = ddim_step(model, x, t, t_prev, torch.zeros_like(x), schedule, 0.0, predicts, clip_start)
    return x


def chosen(start: int, steps: int) -> list[int]:
    return ddim_timesteps(start + 1, steps).tolist()


def from_one_below(model, x_t, start, schedule, steps, predicts, clip_start):
    return visit(model, x_t, [*ddim_timesteps(start, steps).tolist(), -1], schedule, predicts, clip_start)


def those_of_the_schedule(model, x_t, start, schedule, steps, predicts, clip_start):
    below = [t for t in chosen(schedule.timesteps - 1, steps) if t <= start]
    return visit(model, x_t, [*below, -1], schedule, predicts, clip_start)


def start_and_those_of_the_schedule(model, x_t, start, schedule, steps, predicts, clip_start):
    below = [t for t in chosen(schedule.timesteps - 1, steps) if t < start]
    return visit(model, x_t, [start, *below, -1], schedule, predicts, clip_start)


def without_the_end(model, x_t, start, schedule, steps, predicts, clip_start):
    return visit(model, x_t, chosen(start, steps), schedule, predicts, clip_start)


def to_t_0(model, x_t, start, schedule, steps, predicts, clip_start):
    return visit(model, x_t, [*chosen(start, steps), 0], schedule, predicts, clip_start)


def both_ends(model, x_t, start, schedule, steps, predicts, clip_start):
    even = torch.linspace(start, 0, steps).round().long().tolist()
    return visit(model, x_t, [*even, -1], schedule, predicts, clip_start)


def fence_posts(model, x_t, start, schedule, steps, predicts, clip_start):
    return visit(model, x_t, torch.linspace(start, -1, steps).round().long().tolist(), schedule, predicts, clip_start)


def neighbours(model, x_t, start, schedule, steps, predicts, clip_start):
    return visit(model, x_t, range(start, start - steps - 1, -1), schedule, predicts, clip_start)


def neighbours_and_a_leap(model, x_t, start, schedule, steps, predicts, clip_start):
    return visit(model, x_t, [*range(start, start - steps, -1), -1], schedule, predicts, clip_start)


def told_start(model, x_t, start, schedule, steps, predicts, clip_start):
    return visit(model, x_t, [*chosen(start, steps), -1], schedule, predicts, clip_start, told=start)


def last_step_only(model, x_t, start, schedule, steps, predicts, clip_start):
    return visit(model, x_t, [chosen(start, steps)[-1], -1], schedule, predicts, clip_start)


def first_step_only(model, x_t, start, schedule, steps, predicts, clip_start):
    return visit(model, x_t, [*chosen(start, steps), -1][:2], schedule, predicts, clip_start)


def upwards(model, x_t, start, schedule, steps, predicts, clip_start):
    return visit(model, x_t, [*reversed(chosen(start, steps)), -1], schedule, predicts, clip_start)


@torch.no_grad()
def draw(model, x, visited: Iterable[int], schedule, predicts, clip_start) -> Tensor:
    for step in visited:
        t = torch.full((len(x),), step, device=x.device)
        x = p_sample(model, x, t, draw_noise(x.shape, schedule), schedule, predicts, clip_start)
    return x


def ancestral_at_every_t(model, x_t, start, schedule, steps, predicts, clip_start):
    return draw(model, x_t, range(start, -1, -1), schedule, predicts, clip_start)


def ancestral(model, x_t, start, schedule, steps, predicts, clip_start):
    return draw(model, x_t, chosen(start, steps), schedule, predicts, clip_start)


@torch.no_grad()
def means_at_every_t(model, x_t, start, schedule, steps, predicts, clip_start):
    for step in range(start, -1, -1):
        t = torch.full((len(x_t),), step, device=x_t.device)
        x_t = p_mean(model, x_t, t, schedule, predicts, clip_start)
    return x_t


WAYS = {
    from_one_below: "The steps begin at start - 1, but x_t is at `start`. `ddim_timesteps(n, steps)` begins at n - 1.",
    those_of_the_schedule: "The steps are those of a whole run of `steps` steps, as far as they are not above `start`. "
    "All `steps` should lie between `start` and clean data.",
    start_and_those_of_the_schedule: "After `start` the steps are those of a whole run of `steps` steps. "
    "All `steps` should lie between `start` and clean data.",
    without_the_end: "The last step is missing: the way ends at the last t, where x still is noisy. "
    "Clean data is t_prev = -1.",
    to_t_0: "The way ends at t = 0. There x still has a little noise: clean data is t_prev = -1.",
    both_ends: "The t run from `start` to 0, both included, so the last step, to clean data, is too short. "
    "It should be as long as the others.",
    fence_posts: "There is one step too few: `steps` points have only steps - 1 ways between them.",
    neighbours: "Each step goes down by 1, so the way ends at start - steps. How can `steps` steps lead to clean data?",
    neighbours_and_a_leap: "Each step goes down by 1, and the last leaps to clean data. The steps should be even.",
    told_start: "Every step is told t = start, though x gets cleaner on the way. Which t belongs to each step?",
    last_step_only: "Only the last step counts: each one begins with the noisy x_t again. "
    "What does the next step have to start from?",
    first_step_only: "What comes back is the state after the first step. How far is the `return` indented?",
    upwards: "The steps are made in the order of the noising, from small t to large ones. Which one fits x_t?",
    ancestral_at_every_t: "These are ancestral steps, `p_sample`, at every t from `start` down. They add fresh noise; "
    "asked are `steps` steps of DDIM without chance.",
    ancestral: "These are ancestral steps, `p_sample`: each goes down by 1 only, and adds fresh noise. "
    "Asked are steps of DDIM, which lead from one t of the list to the next.",
    means_at_every_t: "These are the means of ancestral steps, at every t from `start` down. Without their noise they "
    "remove too much; asked are `steps` steps of DDIM.",
}


def in_the_arguments_of_ddim_sample_from(way):
    """`way` in the place of ddim_sample_from, whose options the reference names."""

    def instead(model, x_t, start, schedule, steps, *, predicts, clip_start):
        return way(model, x_t, start, schedule, steps, predicts, clip_start)

    return instead


denoise_from.swaps(
    **{
        way.__name__: ({"ddim_sample_from": in_the_arguments_of_ddim_sample_from(way)}, hint)
        for way, hint in WAYS.items()
    }
)


@denoise_from.alternative("`q_sample` without noise does nothing but scale.")
def scaled_by_q_sample(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    t = torch.full((len(noisy),), start, device=noisy.device)
    x_t = q_sample(noisy, t, torch.zeros_like(noisy), schedule)
    return ddim_sample_from(model, x_t, start, schedule, steps, 0.0, None, predicts, clip_start)


@denoise_from.alternative("With a loop of its own over the steps of DDIM.")
@torch.no_grad()
def with_a_loop(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    x = noisy * schedule.alphas_cumprod[start] ** 0.5
    levels = [*ddim_timesteps(start + 1, steps).tolist(), -1]
    for level, below in pairwise(levels):
        t, t_prev = noisy.new_full((len(x),), level).long(), noisy.new_full((len(x),), below).long()
        x = ddim_step(model, x, t, t_prev, torch.zeros_like(x), schedule, 0.0, predicts, clip_start)
    return x


@denoise_from.alternative("Signal and noise together have the variance 1: divided by sqrt(1 + sigma²).")
def scaled_by_sigma(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    sigma = sigma_from_alphas_cumprod(schedule.alphas_cumprod)[start]
    x_t = noisy / torch.hypot(sigma, torch.ones_like(sigma))
    return ddim_sample_from(model, x_t, start, schedule, steps, predicts=predicts, clip_start=clip_start)


@denoise_from.alternative("The picture keeps its full size all the way; only the network is shown a scaled one.")
@torch.no_grad()
def in_full_size(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod)
    levels = torch.linspace(start, -1, steps + 1).round().long().tolist()
    y = noisy
    for level, below in pairwise(levels):
        t = torch.full((len(y),), level, device=y.device)
        x_start, eps = predict_start_and_noise(
            model, schedule.sqrt_alphas_cumprod[level] * y, t, schedule, predicts, clip_start
        )
        y = x_start + sigmas[below] * eps if below >= 0 else x_start
    return y
