"""Quiz `euler_sampler` of chapter 02."""

import torch

from course_lib import mixtures
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.mixtures.shared import WavyScore

euler_sampler = Quiz(
    mixtures.euler_sampler,
    cases=lambda g: [
        (WavyScore(), sigmas[0] * torch.randn(shape, generator=g), torch.tensor(sigmas))
        for shape, sigmas in [
            ((5, 2), [2.0, 1.3, 0.9, 0.5]),
            ((3, 2), [1.6, 0.4]),
            ((1, 3), [3.0, 2.2, 0.7]),
            ((4, 2), [1.5, 0.9, 0.6, 0.4, 0.25, 0.1]),
        ]
    ],
    points=4,
    minutes=12,
    difficulty=3,
    importance=5,
    hints=(
        "A loop over pairs of neighbouring levels. In each round x takes one step, and is kept.",
        "One step: slope times change of sigma. The slope is -sigma score(x, sigma), the change next_sigma - sigma.",
        "`x = x + (sigma - next_sigma) * sigma * score(x, sigma)`; at the end `torch.stack(states)`",
    ),
)

# One step
euler_sampler.edits(
    steps_the_wrong_way=(
        "x = x + (sigma -> x = x - (sigma",
        "The points run away from the data. The slope has a minus sign, and sigma falls, so its change has one, too: "
        "what do two of them make?",
    ),
    step_without_sigma=(
        "* sigma * score -> * score",
        "The step is the change of sigma times the score. The slope in the equation has one more factor: which?",
    ),
    step_without_the_gap=(
        "(sigma - next_sigma) * sigma -> sigma",
        "Each step is sigma times the score, however far the next level is. What has the slope to be multiplied by?",
    ),
    jumps_to_the_mean=(
        "(sigma - next_sigma) * sigma -> sigma**2",
        "Each step goes all the way to E[y | x], as if the next level had no noise. How far is the next level?",
    ),
    bare_score=(
        "(sigma - next_sigma) * sigma * score -> score",
        "The bare score is added. Slope times change of sigma: both factors are missing.",
    ),
    next_sigma_as_the_factor=(
        "* sigma * score -> * next_sigma * score",
        "The slope is taken with the sigma of the next level. Euler's step uses the slope where x stands.",
    ),
    score_at_the_next_level=(
        "score(x, sigma) -> score(x, next_sigma)",
        "The score is asked at the next noise level. x still has the noise of this one.",
    ),
    everything_at_the_next_level=(
        "* sigma * score(x, sigma) -> * next_sigma * score(x, next_sigma)",
        "Factor and score are both those of the next level. Euler's step takes the slope where it starts.",
    ),
    gap_of_variances=(
        "(sigma - next_sigma) * sigma -> (sigma**2 - next_sigma**2)",
        "The score is multiplied by the gap of the variances: about twice the step. "
        "Samplers that add fresh noise use it; this one adds none.",
    ),
    half_the_step=(
        "(sigma - next_sigma) * sigma -> (sigma - next_sigma) * sigma / 2",
        "Each step is half as long as it should be. Where does your 2 come from?",
    ),
    twice_the_step=(
        "(sigma - next_sigma) * sigma -> (sigma - next_sigma) * sigma * 2",
        "Each step is twice as long as it should be. The slope is -sigma score, without a 2.",
    ),
    sigma_squared_in_the_slope=(
        "* sigma * score -> * sigma**2 * score",
        "The score is multiplied by sigma² and by the gap. Which power of sigma has the slope?",
    ),
    slope_over_sigma=(
        "* sigma * score -> / sigma * score",
        "The score is divided by sigma. For the noise, x - E[y | x], you divide by sigma; for the score you multiply.",
    ),
    keeps_what_should_go=(
        "x = x + (sigma - next_sigma) * sigma * score(x, sigma) -> x = x + sigma * next_sigma * score(x, sigma)",
        "The way to the mean is multiplied by next_sigma / sigma. That share of the noise *stays*: which one goes?",
    ),
    step_in_place_of_x=(
        "x = x + (sigma - next_sigma) * sigma * score(x, sigma) -> x = sigma * (sigma - next_sigma) * score(x, sigma)",
        "The step takes the place of x. It has to be added to where x stands.",
    ),
    fresh_noise=(
        "* score(x, sigma) -> * score(x, sigma) + next_sigma * torch.randn_like(x)",
        "Fresh noise is added in each step. This equation has no noise in it: the start is the only random draw.",
    ),
)

# The loop, and what is kept
euler_sampler.edits(
    score_always_at_the_first_level=(
        "score(x, sigma) -> score(x, float(sigmas[0]))",
        "The score is asked at the first noise level in each round. Which level does x have by then?",
    ),
    score_always_at_the_start=(
        "score(x, sigma) -> score(states[0], sigma)",
        "The score is asked at the starting point in each round. Where does x stand by then?",
    ),
    each_step_from_the_start=(
        "x = x + (sigma -> x = states[0] + (sigma",
        "Each step starts from the first x, so only the last one counts. From where does the next step go on?",
    ),
    start_scaled=(
        "states = [x] -> x = float(sigmas[0]) * x; states = [x]",
        "x is multiplied by the first noise level. It has that much noise when it comes in.",
    ),
    start_left_out=(
        "states = [x] -> states = []",
        "There is one state too few: the start is not among them. L levels make L states.",
    ),
    only_the_samples=(
        "torch.stack(states) -> x",
        "You return the last state alone. All L states are asked, the start among them: they make the film.",
    ),
    states_along_the_second_axis=(
        "torch.stack(states) -> torch.stack(states, dim=1)",
        "The levels lie along the second axis. Which axis of (L, B, d) is theirs?",
    ),
    states_in_one_list=(
        "torch.stack(states) -> torch.cat(states)",
        "`torch.cat` puts the rows of all levels into one long batch. Which function makes a new axis?",
    ),
    last_state_first=(
        "torch.stack(states) -> torch.stack(states[::-1])",
        "The states come in reverse: samples first. Which one is first in (L, B, d)?",
    ),
    last_step_left_out=(
        "torch.stack(states) -> torch.stack(states[:-1])",
        "The last step is missing: you return one state too few. From L levels you take L - 1 steps.",
    ),
    one_more_step_to_zero=(
        "torch.stack(states) -> torch.stack([*states, x + float(sigmas[-1]) ** 2 * score(x, float(sigmas[-1]))])",
        "There is one more step at the end, to sigma = 0. The states asked end at the last of `sigmas`.",
    ),
    kept_before_it_moves=(
        "states = [x] -> states = [x, x]",
        "torch.stack(states) -> torch.stack(states[:-1])",
        "x is kept before it moves, so the start comes twice and the samples are missing. What comes first?",
    ),
)


@euler_sampler.mistake(
    "The levels are walked upwards, from little noise to much. `sigmas` fall: x starts at the first."
)
def walks_upwards(score, x, sigmas):
    return mixtures.euler_sampler(score, x, sigmas.flip(0))


@euler_sampler.mistake(
    "Between two levels you take the mean of the two slopes. That is Heun's method; Euler takes a single slope."
)
def heuns_method(score, x, sigmas):
    states = [x]
    for sigma, after in zip(sigmas[:-1].tolist(), sigmas[1:].tolist(), strict=True):
        slope = sigma * score(x, sigma)
        tried = x + (sigma - after) * slope
        x = x + (sigma - after) * (slope + after * score(tried, after)) / 2
        states.append(x)
    return torch.stack(states)


@euler_sampler.alternative("By the denoiser: of the noise in x, the share next_sigma / sigma stays.")
def by_the_denoiser(score, x, sigmas):
    states = [x]
    for level in range(len(sigmas) - 1):
        sigma, after = float(sigmas[level]), float(sigmas[level + 1])
        mean = x + sigma**2 * score(x, sigma)
        x = mean + after / sigma * (x - mean)
        states.append(x)
    return torch.stack(states)


@euler_sampler.alternative("The result is made first and filled level by level.")
def filled_in(score, x, sigmas):
    states = torch.empty(len(sigmas), *x.shape)
    states[0] = x
    for level in range(1, len(sigmas)):
        sigma = sigmas[level - 1]
        states[level] = states[level - 1] - (sigmas[level] - sigma) * sigma * score(states[level - 1], sigma)
    return states


@euler_sampler.alternative("The change of sigma is negative, and so is the slope: `diff` gives all changes at once.")
def with_diff(score, x, sigmas):
    states = [x]
    for sigma, change in zip(sigmas, sigmas.diff(), strict=False):
        slope = -sigma * score(states[-1], sigma)
        states.append(states[-1] + change * slope)
    return torch.stack(states, dim=0)
