"""Quiz `sample_path` of chapter 01."""

from itertools import accumulate

import torch

from course_lib import toy
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.toy.denoise_step import Table


def starts(g: torch.Generator) -> list[tuple]:
    """Lists of 5, 3 and 2 levels, and batches of several sizes down to one row; no two sizes are the same."""
    cases = []
    for rows, sigmas in (
        (7, [3.0, 1.8, 1.1, 0.7, 0.4]),
        (4, [2.5, 1.2, 0.3]),
        (1, [1.6, 0.9, 0.5, 0.2]),
        (6, [2.0, 0.6]),
    ):
        model = Table(0.1 + 0.8 * torch.rand(len(sigmas), generator=g))
        cases.append((model, torch.randn(rows, generator=g), torch.tensor(sigmas)))
    return cases


sample_path = Quiz(
    toy.sample_path,
    cases=starts,
    points=2,
    minutes=8,
    difficulty=2,
    importance=5,
    hints=(
        "Keep a list of states. Its first item is noise with the standard deviation of the first level.",
        "Apply `denoise_step` to the last state, once for each level that has a next one. "
        "How many of the L levels have a next one?",
        "`for level in range(len(sigmas) - 1): states.append(denoise_step(model, states[-1], level))`, "
        "then `torch.stack(states)`",
    ),
)

sample_path.edits(
    stops_one_level_early=(
        "len(sigmas) - 1 -> len(sigmas) - 2",
        "The last step is missing: the path ends one level early, and some noise stays in the samples. "
        "How many steps lie between L levels?",
    ),
    one_step_too_many=(
        "len(sigmas) - 1 -> len(sigmas)",
        "One step too many: from the last level there is no next one to go to. How many steps lie between L levels?",
    ),
    starts_with_standard_noise=(
        "sigmas[0] * noise -> noise",
        "The start has standard deviation 1, whatever the levels are. How strong is the noise at level 0?",
    ),
    starts_at_the_last_level=(
        "sigmas[0] * noise -> sigmas[-1] * noise",
        "The start has the noise of the last level, which has the least. At which level does the path begin?",
    ),
    starts_with_the_variance=(
        "sigmas[0] * noise -> sigmas[0] ** 2 * noise",
        "The start is multiplied by the variance of level 0. Which power of sigma is a standard deviation?",
    ),
    always_from_the_start=(
        "states[-1], level -> states[0], level",
        "Every step is taken from the start again. From which state does the next step go on?",
    ),
    always_level_0=(
        "states[-1], level -> states[-1], 0",
        "Every step is that of level 0. Where does x stand after the first step?",
    ),
    asked_about_the_next_level=(
        "states[-1], level -> states[-1], level + 1",
        "Every step is that of the next level. The first step starts at level 0: which number belongs there?",
    ),
    levels_backwards=(
        "range(len(sigmas) - 1) -> reversed(range(len(sigmas) - 1))",
        "The levels are taken in the wrong order: yours begins with the smallest noise. Where does denoising begin?",
    ),
    skips_level_0=(
        "range(len(sigmas) - 1) -> range(1, len(sigmas) - 1)",
        "The step from level 0 is missing. Levels are counted from 0, and the start stands there.",
    ),
    only_the_samples=(
        "torch.stack(states) -> states[-1]",
        "Only the last state comes back. Return x at *every* level, with the start.",
    ),
    without_the_start=(
        "torch.stack(states) -> torch.stack(states[1:])",
        "The first state is missing. The noise at level 0 belongs to the path, too.",
    ),
    one_row_for_each_number=(
        "torch.stack(states) -> torch.stack(states, dim=1)",
        "The axes are turned round, (B, L). There should be one row for each level: along which axis do you stack?",
    ),
    samples_first=(
        "torch.stack(states) -> torch.stack(states[::-1])",
        "The rows come in reverse, the samples first. Which state is first on the way?",
    ),
    start_comes_twice=(
        "torch.stack(states) -> torch.stack([states[0], *states[:-1]])",
        "The start comes twice, and the samples are missing: each state is kept before its step. "
        "When is there something new to keep?",
    ),
    prediction_added=(
        "denoise_step(model, states[-1], level) -> 2 * states[-1] - denoise_step(model, states[-1], level)",
        "What the model predicts is added to x. Noise has to go: which sign takes it away?",
    ),
    prediction_times_the_gap=(
        "denoise_step(model, states[-1], level) -> states[-1] - (sigmas[level] - sigmas[level + 1]) "
        "* (states[-1] - denoise_step(model, states[-1], level))",
        "What the model predicts is multiplied by the gap between the levels. It is in the prediction already.",
    ),
    all_rows_the_samples=(
        "torch.stack(states) -> torch.stack([states[-1]] * len(states))",
        "All rows hold the samples, as if a single tensor was changed in place. "
        "`x = x - ...` makes a new one each time.",
    ),
    joined_end_to_end=(
        "torch.stack(states) -> torch.cat(states)",
        "The states are joined into one long row. Which function puts tensors on a new axis?",
    ),
    list_of_states=(
        "torch.stack(states) -> states",
        "A list comes back. The states all have one shape, so they fit into one tensor, [L, B].",
    ),
    adds_the_noise_again=(
        "states[-1], level) -> states[-1], level) + sigmas[level + 1] * noise",
        "The noise is added again after each step. This sampler uses its noise once, for the start.",
    ),
    draws_its_own_noise=(
        "sigmas[0] * noise -> sigmas[0] * torch.randn_like(noise)",
        "The argument `noise` is not used, and other noise is drawn. Functions of this course draw nothing in secret.",
    ),
    step_taken_away=(
        "denoise_step(model, states[-1], level) -> states[-1] - denoise_step(model, states[-1], level)",
        "The result of `denoise_step` is subtracted from x. That function has taken the noise away already: "
        "what does it hand back?",
    ),
)


@sample_path.alternative("The whole tensor is made first, and a row filled at each level.")
def into_a_tensor(model, noise, sigmas):
    states = torch.empty(len(sigmas), len(noise), device=noise.device)
    states[0] = sigmas[0] * noise
    for level in range(1, len(sigmas)):
        states[level] = toy.denoise_step(model, states[level - 1], level - 1)
    return states


@sample_path.alternative("`itertools.accumulate` keeps each state on the way from the start through all levels.")
def accumulated(model, noise, sigmas):
    levels = range(len(sigmas) - 1)
    path = accumulate(levels, lambda x, level: toy.denoise_step(model, x, level), initial=sigmas[0] * noise)
    return torch.stack(list(path))


@sample_path.alternative("The step is written out: x minus what the model says at that level.")
def written_out(model, noise, sigmas):
    x = noise * sigmas[0]
    states = [x]
    for level in range(sigmas.shape[0] - 1):
        x = x - model(x, torch.full((len(x),), level, device=x.device))
        states += [x]
    return torch.stack(states)
