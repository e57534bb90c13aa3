"""Quiz `noise_level_to_t` of chapter 14."""

import torch
from torch import Tensor

from course_lib import editing
from course_lib.checker.quiz import Quiz
from course_lib.schedules import NoiseSchedule, sigma_from_alphas_cumprod
from course_lib.types import BetaSchedule


def measured_levels(g: torch.Generator) -> list[tuple]:
    """Cases (sigma, schedule), with sigma of the shapes (), (B,), (B, k) and more.

    Each sigma lies a sixth of the way, or less, from that of some t to that of a neighbour, or outside the table. So
    the nearest t is the same whether sigmas, their squares, their logarithms or alpha-bars are compared.
    """
    kinds: list[tuple[tuple[int, ...], BetaSchedule, int]] = [
        ((), "linear", 200),
        ((6,), "cosine", 100),
        ((4, 3), "linear", 1000),
        ((9,), "sigmoid", 50),
        ((1,), "quadratic", 200),
        ((2, 3, 2), "cosine", 40),
        ((), "linear", 300),
        ((7,), "linear", 7),
    ]
    cases: list[tuple] = []
    for shape, name, timesteps in kinds:
        schedule = NoiseSchedule.from_name(name, timesteps)
        sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod)
        t = torch.randint(1, timesteps - 2, shape, generator=g)
        up = torch.rand(shape, generator=g) < 0.5
        some_t, some_up = (
            t.view(-1)[1:5],
            up.view(-1)[1:5],
        )  # both ends of the table, from outside, and their neighbours
        some_t.copy_(torch.tensor([timesteps - 1, 0, timesteps - 2, 1])[: len(some_t)])
        some_up.copy_(torch.tensor([True, False, False, True])[: len(some_up)])
        ends = torch.cat([sigmas[:1] ** 2 / sigmas[1], sigmas, sigmas[-1:] * 2])  # one more on either side
        neighbour = ends[torch.where(up, t + 2, t)]
        part = 0.05 + 0.12 * torch.rand(shape, generator=g)
        cases.append((sigmas[t] ** (1 - part) * neighbour**part, schedule))
    return cases


noise_level_to_t = Quiz(
    editing.noise_level_to_t,
    cases=measured_levels,
    points=2,
    minutes=8,
    difficulty=2,
    importance=4,
    hints=(
        "`sigma_from_alphas_cumprod` gives you a table, one value for each t. Which entry is nearest to your sigma?",
        "Subtract the table from sigma, take the absolute value, and ask for the index of the smallest. To do this for "
        "a sigma of any shape, give it one more axis: `sigma[..., None]`.",
        "(sigma[..., None] - sigmas).abs().argmin(dim=-1), "
        "with sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod)",
    ),
)

TABLE = "sigma_from_alphas_cumprod(schedule.alphas_cumprod)"
DIFFERENCE = "(sigma[..., None] - sigmas).abs()"
NEAREST = f"{DIFFERENCE}.argmin(dim=-1)"

# The table
noise_level_to_t.edits(
    noise_in_x_t=(
        f"{TABLE} -> schedule.sqrt_one_minus_alphas_cumprod",
        "sigma is compared with sqrt(1 - alpha-bar), the noise in x_t. There the picture is multiplied by "
        "sqrt(alpha-bar): how much noise is that beside a picture of full size?",
    ),
    variance_in_x_t=(
        f"{TABLE} -> (1 - schedule.alphas_cumprod)",
        "sigma is compared with 1 - alpha-bar, a variance, and that of x_t, where the picture is smaller. "
        "Scale the picture up again, and take the root.",
    ),
    not_rooted=(
        f"{TABLE} -> ((1 - schedule.alphas_cumprod) / schedule.alphas_cumprod)",
        "sigma is compared with variances. It is a standard deviation: what is missing?",
    ),
    sigma_squared=(
        "(sigma[..., None] - -> (sigma[..., None] ** 2 -",
        "sigma is compared with roots of standard deviations, or its square with the standard deviations themselves. "
        "Both are right as they come.",
    ),
    signal=(
        f"{TABLE} -> schedule.sqrt_alphas_cumprod",
        "sigma is compared with sqrt(alpha-bar): that is what is left of the picture. How much noise is there?",
    ),
    alpha_bar=(
        f"{TABLE} -> schedule.alphas_cumprod",
        "sigma is compared with alpha-bar itself. Which sigma belongs to an alpha-bar?",
    ),
    signal_to_noise=(
        f"{TABLE} -> 1 / {TABLE}",
        "The ratio is upside down: signal over noise. sigma is large where little is left of the picture.",
    ),
    snr=(
        f"{TABLE} -> (schedule.alphas_cumprod / (1 - schedule.alphas_cumprod))",
        "sigma is compared with the SNR. sigma is noise over signal, and it is no square.",
    ),
    betas=(
        f"{TABLE} -> schedule.betas",
        "sigma is compared with the betas. A beta is the noise that a single step adds: how much is there after all "
        "steps up to t?",
    ),
    roots_of_betas=(
        f"{TABLE} -> schedule.betas.sqrt()",
        "sigma is compared with sqrt(beta), the noise that a single step adds. How much is there after all steps up "
        "to t?",
    ),
    posterior_spread=(
        f"{TABLE} -> schedule.posterior_variance.sqrt()",
        "sigma is compared with the spread of a single reverse step. How much noise is in x_t as a whole?",
    ),
    single_alphas=(
        "(schedule.alphas_cumprod) -> (schedule.alphas)",
        "sigma is compared with that of a single step: `alphas` are no products. alpha-bar is.",
    ),
    divided_without_the_root=(
        f"{TABLE} -> ((1 - schedule.alphas_cumprod).sqrt() / schedule.alphas_cumprod)",
        "The noise is divided by alpha-bar. In x_t the picture is multiplied by its root.",
    ),
    root_of_the_signal_alone=(
        f"{TABLE} -> ((1 - schedule.alphas_cumprod) / schedule.alphas_cumprod.sqrt())",
        "1 - alpha-bar is a variance, and it is divided by a weight. Which root is missing?",
    ),
    squares_of_alpha_bar=(
        f"{TABLE} -> ((1 - schedule.alphas_cumprod**2).sqrt() / schedule.alphas_cumprod)",
        "alpha-bar is taken for what multiplies x_0. What multiplies x_0 in `q_sample`?",
    ),
    logarithm_of_the_table=(
        f"{TABLE} -> {TABLE}.log()",
        "sigma is compared with logarithms. Take the logarithm of both or of none.",
    ),
    logarithm_of_sigma=(
        "(sigma[..., None] - -> (sigma[..., None].log() -",
        "The logarithm of sigma is compared with sigmas. Take the logarithm of both or of none.",
    ),
    even_steps=(
        f"{TABLE} -> torch.linspace(0, float({TABLE}[-1]), schedule.timesteps)",
        "sigma is treated as if it grew by the same amount with each t. Each t has its own alpha-bar.",
    ),
    fraction_of_the_largest=(
        f"{TABLE} -> torch.linspace(0, 1, schedule.timesteps)",
        "sigma is read as a fraction of T. How much noise there is at t says the schedule.",
    ),
    upside_down=(
        f"{TABLE} -> {TABLE}.flip(0)",
        "What comes back is T - 1 - t: t is counted from the noisy end. At which t is the noise small?",
    ),
    without_the_last=(
        f"{TABLE} -> {TABLE}[:-1]",
        "The last entry of the table is left out: T - 1 never comes back.",
    ),
)

# The units of sigma
noise_level_to_t.edits(
    halved=(
        "(sigma[..., None] - -> (sigma[..., None] / 2 -",
        "sigma is halved. It is in the units of the picture already, whose values go from -1 to 1.",
    ),
    doubled=(
        "(sigma[..., None] - -> (sigma[..., None] * 2 -",
        "sigma is doubled, as if pixels went from 0 to 1. It is in the units of the picture already: from -1 to 1.",
    ),
    in_grey_levels=(
        "(sigma[..., None] - -> (sigma[..., None] / 127.5 -",
        "sigma is divided by 127.5, as if it was given in grey levels. It is in the units of the picture already.",
    ),
    in_grey_levels_of_0_to_1=(
        "(sigma[..., None] - -> (sigma[..., None] / 255 -",
        "sigma is divided by 255, as if it was given in grey levels. It is in the units of the picture already, "
        "whose values go from -1 to 1.",
    ),
    scaled_to_x_t=(
        "(sigma[..., None] - -> (sigma[..., None] * schedule.sqrt_alphas_cumprod -",
        "sigma is multiplied by sqrt(alpha-bar) for each t, and the table is not. Beside a picture of full size the "
        "noise is sigma; in x_t both are smaller.",
    ),
    scaled_twice=(
        "(sigma[..., None] - -> (sigma[..., None] / schedule.sqrt_alphas_cumprod -",
        "sigma is divided by sqrt(alpha-bar) for each t. It is the noise beside a picture of full size already.",
    ),
)

# The nearest
noise_level_to_t.edits(
    farthest=(
        "argmin(dim=-1) -> argmax(dim=-1)",
        "The t with the largest difference comes back. Which one is nearest?",
    ),
    without_abs=(
        ".abs() ->",
        "The smallest difference is the most negative one, so T - 1 comes back for every sigma. "
        "How far apart two numbers are has no sign.",
    ),
    without_abs_the_other_way=(
        f"{DIFFERENCE} -> (sigmas - sigma[..., None])",
        "The smallest difference is the most negative one, so 0 comes back for every sigma. "
        "How far apart two numbers are has no sign.",
    ),
    the_one_above=(
        f"{NEAREST} -> (sigmas < sigma[..., None]).sum(dim=-1)",
        "The first t above sigma comes back, or T for a sigma beyond the table. The t just below may be nearer, "
        "and T is no t.",
    ),
    the_one_above_and_clamped=(
        f"{NEAREST} -> (sigmas < sigma[..., None]).sum(dim=-1).clamp(max=schedule.timesteps - 1)",
        "The first t above sigma comes back: one search finds only that side. The t just below may be nearer.",
    ),
    the_one_below=(
        f"{NEAREST} -> (sigmas < sigma[..., None]).sum(dim=-1) - 1",
        "The last t below sigma comes back, or -1 for a sigma that is smaller than all. The t just above may be "
        "nearer, and -1 is no t here.",
    ),
    the_one_below_and_clamped=(
        f"{NEAREST} -> ((sigmas < sigma[..., None]).sum(dim=-1) - 1).clamp(min=0)",
        "The last t below sigma comes back. The t just above may be nearer.",
    ),
    counted_from_one=(
        f"{NEAREST} -> {NEAREST} + 1",
        "Every t is one too large, as the paper counts. Here the first step is t = 0, as the first index is.",
    ),
    counted_from_one_and_clamped=(
        f"{NEAREST} -> ({NEAREST} + 1).clamp(max=schedule.timesteps - 1)",
        "Every t is one too large, except T - 1. Here the first step is t = 0: which alpha-bar has it?",
    ),
    one_too_small=(
        f"{NEAREST} -> {NEAREST} - 1",
        "Every t is one too small, and the smallest is -1. t counts from 0, and so does the index.",
    ),
    one_too_small_and_clamped=(
        f"{NEAREST} -> ({NEAREST} - 1).clamp(min=0)",
        "Every t is one too small, except t = 0. t counts from 0: which alpha-bar belongs to the index 0?",
    ),
    fraction_of_the_way=(
        f"{NEAREST} -> {NEAREST} / schedule.timesteps",
        "t comes back as a fraction of T. The network is told the index itself.",
    ),
)

# What comes back, and in which shape
noise_level_to_t.edits(
    difference_returned=(
        ".argmin(dim=-1) -> .amin(dim=-1)",
        "The smallest difference itself comes back. At which index is it?",
    ),
    sigma_returned=(
        f"{NEAREST} -> sigmas[{NEAREST}]",
        "The nearest sigma of the table comes back. At which index, which is t, is it?",
    ),
    signal_returned=(
        f"{NEAREST} -> schedule.sqrt_alphas_cumprod[{NEAREST}]",
        "sqrt(alpha-bar) of the right t comes back. The t itself is asked.",
    ),
    alpha_bar_returned=(
        f"{NEAREST} -> schedule.alphas_cumprod[{NEAREST}]",
        "alpha-bar of the right t comes back. The t itself is asked.",
    ),
    differences_returned=(
        ".argmin(dim=-1) ->",
        "The differences to all t come back. Which t has the smallest one?",
    ),
    left_as_floats=(
        "argmin(dim=-1) -> argmin(dim=-1).float()",
        "The right numbers, but their type is not long. Constants are looked up with them: which type has an index?",
    ),
    among_all_pairs=(
        "argmin(dim=-1) -> argmin()",
        "One index comes back for all sigmas together, counted through the flattened table of differences. "
        "Along which axis should the smallest be found?",
    ),
    along_the_wrong_axis=(
        "argmin(dim=-1) -> argmin(dim=0)",
        "The smallest difference is sought along the first axis, which belongs to sigma. Which axis has the t?",
    ),
    axis_kept=(
        "argmin(dim=-1) -> argmin(dim=-1, keepdim=True)",
        "The result has one axis too many: that of the t, with the size 1. It should have the shape of sigma.",
    ),
    flattened=(
        "sigma[..., None] -> sigma.reshape(-1, 1)",
        "The right t, but in a row: sigma's shape is lost. Work along the last axis, or restore the shape at the end.",
    ),
    for_one_sigma_only=(
        "sigma[..., None] -> sigma",
        "This fits a single sigma only. Several sigmas line up with the table: give them an axis of their own for the "
        "t to lie on.",
    ),
    for_vectors_only=(
        "sigma[..., None] -> sigma[:, None]",
        "This fits a sigma of the shape (B,) only. `[..., None]` puts a new axis behind however many there are.",
    ),
    first_sigma_for_all=(
        "sigma[..., None] -> sigma.reshape(-1)[0].expand(sigma.shape)[..., None]",
        "All sigmas get the t of the first one. Each of them has its own.",
    ),
    first_sigma_only=(
        "sigma[..., None] -> sigma.reshape(-1)[:1]",
        "Only the first sigma is answered. A t for each of them is asked, in the shape of sigma.",
    ),
    mean_sigma=(
        "sigma[..., None] -> sigma.mean().expand(sigma.shape)[..., None]",
        "All sigmas get the t of their mean. Each of them has its own.",
    ),
)


@noise_level_to_t.mistake(
    "The nearest t by its square: sigma² is compared with the variances of x_t, 1 - alpha-bar. "
    "There the picture is smaller, too: by which factor?"
)
def variances_of_x_t(sigma, schedule):
    return (sigma[..., None] ** 2 - (1 - schedule.alphas_cumprod)).abs().argmin(dim=-1)


@noise_level_to_t.alternative("The borders between neighbours, and one search among them.")
def between_the_borders(sigma: Tensor, schedule: NoiseSchedule) -> Tensor:
    sigmas = ((1 - schedule.alphas_cumprod) / schedule.alphas_cumprod).sqrt()
    return torch.bucketize(sigma, (sigmas[1:] + sigmas[:-1]) / 2)


@noise_level_to_t.alternative("Nearest in the logarithm of sigma.")
def nearest_logarithm(sigma, schedule):
    levels = -0.5 * torch.logit(schedule.alphas_cumprod.double())
    return torch.min(torch.abs(sigma.double().log().unsqueeze(-1) - levels), dim=-1).indices


@noise_level_to_t.alternative("The alpha-bar of this noise, 1 / (1 + sigma²), among those of the schedule.")
def nearest_alpha_bar(sigma, schedule):
    alpha_bar = 1 / (1 + sigma**2)
    return (schedule.alphas_cumprod - alpha_bar[..., None]).square().argsort(dim=-1)[..., 0]


@noise_level_to_t.alternative("One sigma after the other, back in their shape at the end.")
def one_after_the_other(sigma, schedule):
    sigmas = schedule.sqrt_one_minus_alphas_cumprod / schedule.sqrt_alphas_cumprod
    found = [torch.argmin(abs(sigmas - one)) for one in sigma.flatten()]
    return torch.stack(found).reshape(sigma.shape)


@noise_level_to_t.alternative("Two searches: the t above and the t below, and the nearer of them.")
def above_or_below(sigma, schedule):
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod)
    above = torch.searchsorted(sigmas, sigma).clamp(max=schedule.timesteps - 1)
    below = (above - 1).clamp(min=0)
    return torch.where(sigma - sigmas[below] < sigmas[above] - sigma, below, above)
