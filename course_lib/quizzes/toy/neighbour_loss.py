"""Quiz `neighbour_loss` of chapter 01."""

import torch
from torch import Tensor, nn

from course_lib import toy
from course_lib.checker.quiz import Quiz


class Waves(nn.Module):
    """A model with one pace per level, so that a gradient has somewhere to go."""

    def __init__(self, paces: Tensor):
        super().__init__()
        self.paces = nn.Parameter(paces)

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        return torch.sin(self.paces[level] * x)


class Lenient(nn.Module):
    """A model that takes anything for a level: also a sigma, or one number for the whole batch."""

    def forward(self, x: Tensor, level: Tensor | float) -> Tensor:
        return torch.sin(0.2 * x * (1 + torch.as_tensor(level)))


def noised_numbers(g: torch.Generator) -> list[tuple]:
    """Numbers about 2, levels out of order with both ends among them, several lists of levels, and a single row.

    The last list is a hundred times finer, and so are its numbers: something small added to the gap shows there.
    """
    cases = []
    lists = [
        (7, 1, [4.0, 2.5, 1.2, 0.7, 0.3]),
        (6, 1, [3.0, 2.0, 1.0, 0.2]),
        (1, 1, [2.0, 0.4]),
        (5, 0.01, [1.5, 0.9, 0.6, 0.4, 0.1]),
    ]
    for rows, scale, sigmas in lists:
        model = Lenient() if rows == 6 else Waves(0.2 + torch.rand(len(sigmas) - 1, generator=g))
        level = torch.randint(len(sigmas) - 1, (rows,), generator=g)
        level[:3] = torch.tensor([len(sigmas) - 2, 0, 1])[:rows]
        y, noise = 2 + 0.5 * torch.randn(rows, generator=g), torch.randn(rows, generator=g)
        cases.append((model, scale * y, level, noise, scale * torch.tensor(sigmas)))
    return cases


neighbour_loss = Quiz(
    toy.neighbour_loss,
    cases=noised_numbers,
    points=3,
    minutes=10,
    difficulty=3,
    importance=5,
    hints=(
        "Three lines: the noisy x, the gap between the two levels, the error of the model in units of that gap.",
        "x = y + sigma_i noise, and the gap is sigma_i - sigma_{i+1}. Each row has its own i: `sigmas[level]`.",
        "`((model(x, level) - gap * noise) / gap).square().mean()`",
    ),
)

# The target and the units
neighbour_loss.edits(
    plain_squared_error=(
        "/ gap ->",
        "The plain squared error: the widest gap then counts millions of times more than the narrowest. "
        "In which units do all levels count the same?",
    ),
    compares_with_the_bare_noise=(
        "gap * noise -> noise",
        "/ gap ->",
        "The prediction is compared with the bare noise. The model says how much noise lies between two levels: "
        "what multiplies the noise?",
    ),
    bare_noise_in_units=(
        "gap * noise -> noise",
        "The target is the bare noise, and it is divided by the gap. Which part of the noise lies between two levels?",
    ),
    compares_with_all_the_noise=(
        "gap * noise -> sigma * noise",
        "The target is all the noise in x, which leads to sigma 0 in one leap. How much lies above the next level?",
    ),
    compares_with_the_noise_below=(
        "gap * noise -> (sigma - gap) * noise",
        "The target is the noise that is left at the next level. The model predicts what has to go on the way there.",
    ),
    compares_with_the_clean_number=(
        "gap * noise -> y",
        "The prediction is compared with the clean y. This model does not predict y: "
        "what does it predict, between one level and the next?",
    ),
    compares_with_the_next_number=(
        "gap * noise -> (y + (sigma - gap) * noise)",
        "The target is x at the next level. The model names what is to be subtracted on the way, not where you arrive.",
    ),
    compares_with_nothing=(
        "- gap * noise ->",
        "The prediction is compared with 0, so the best model would always say 0. What should it say?",
    ),
    only_the_prediction_in_units=(
        "- gap * noise) / gap -> / gap - gap * noise)",
        "The prediction comes in units of the gap, and the target does not. "
        "Both sides of the difference need the same units.",
    ),
    gap_upside_down=(
        "sigma - at_level(sigmas, level + 1, y) -> at_level(sigmas, level + 1, y) - sigma",
        "The target has the wrong sign: the gap is negative, or the target is added where it should be compared. "
        "The levels fall: which sigma is the smaller one?",
    ),
    gap_to_the_level_before=(
        "sigma - at_level(sigmas, level + 1, y) -> at_level(sigmas, level - 1, y) - sigma",
        "That is the gap to the noisier neighbour, and level 0 has none. In which direction does denoising go?",
    ),
    gap_of_variances=(
        "sigma - at_level(sigmas, level + 1, y) -> sigma**2 - at_level(sigmas, level + 1, y) ** 2",
        "The gap is one of variances here. The same noise is in x at both levels: by how much do its *sizes* differ?",
    ),
    root_of_the_gap_of_variances=(
        "sigma - at_level(sigmas, level + 1, y) -> (sigma**2 - at_level(sigmas, level + 1, y) ** 2).sqrt()",
        "That is the noise which would be added as something new on top of the next level. "
        "Here both levels share the *same* noise: what is the difference?",
    ),
    divided_by_the_square=(
        "/ gap -> / gap**2",
        "Divided by gap², and squared after that: the gap comes in four times. Which power belongs inside the square?",
    ),
    multiplied_by_the_gap=(
        "/ gap -> * gap",
        "The error is multiplied by the gap, so that wide gaps count even more. What makes all levels count the same?",
    ),
    divided_after_squaring=(
        "noise) / gap).square() -> noise).square() / gap)",
        "The squared error is divided by the gap once. An error in units of the gap is divided before squaring.",
    ),
    averaged_apart=(
        "noise) / gap).square().mean() -> noise).square().mean() / gap.square().mean())",
        "The squared errors and the squared gaps are averaged apart, so the widest gap drowns the others. "
        "Which comes first, dividing or averaging?",
    ),
    in_units_of_sigma=(
        "/ gap -> / sigma",
        "The error is in units of sigma. The target is as large as the gap, so which unit makes it about 1?",
    ),
    in_units_of_the_next_sigma=(
        "/ gap -> / (sigma - gap)",
        "The error is divided by the sigma of the next level. In which unit is the target about 1 at every level?",
    ),
    thousandth_added_to_the_gap=(
        "/ gap -> / (gap + 1e-3)",
        "A thousandth is added to the gap below. At the last levels the gaps are no larger: "
        "can a gap of falling levels be 0?",
    ),
    ten_thousandth_added_to_the_gap=(
        "/ gap -> / (gap + 1e-4)",
        "0.0001 is added to the gap below, and the smallest gaps feel it. Levels that fall have no gap of 0.",
    ),
    hundred_thousandth_added_to_the_gap=(
        "/ gap -> / (gap + 1e-5)",
        "0.00001 is added to the gap below, which shows where gaps are small. What would make a gap 0?",
    ),
)

# What the model sees
neighbour_loss.edits(
    noised_to_the_next_level=(
        "y + sigma * noise -> y + (sigma - gap) * noise",
        "x is noised to the next level already. The model starts from sigma at `level`.",
    ),
    shown_the_clean_number=(
        "y + sigma * noise -> y",
        "The model sees the clean y, where there is no noise to find. What does it see when it denoises?",
    ),
    shown_only_noise=(
        "y + sigma * noise -> sigma * noise",
        "The model sees noise only, without y in it. What are noisy data made of?",
    ),
    noised_by_the_gap=(
        "y + sigma * noise -> y + gap * noise",
        "x holds only the noise between two levels. At `level` all of the noise is still in it: how much is that?",
    ),
    noise_taken_away=(
        "y + sigma -> y - sigma",
        "x is y minus noise, and the target is noise that was added. Which sign has it in x?",
    ),
    noise_not_scaled=(
        "y + sigma * noise -> y + noise",
        "The noise comes into x at full strength at every level. How large is it at `level`?",
    ),
    noised_by_the_variance=(
        "y + sigma * noise -> y + sigma**2 * noise",
        "The noise in x is multiplied by sigma², the variance. Which of sigma and sigma² is a standard deviation?",
    ),
    noised_by_the_root=(
        "y + sigma * noise -> y + sigma.sqrt() * noise",
        "The noise in x is multiplied by the root of sigma. The levels are standard deviations already.",
    ),
    variance_preserving=(
        "y + sigma * noise -> (1 - sigma**2).clamp(min=0).sqrt() * y + sigma * noise",
        "y fades while the noise comes in, as in DDPM (chapter 04). In this chapter y keeps its full size in x.",
    ),
    shown_at_size_one=(
        "y + sigma * noise -> (y + sigma * noise) / (1 + sigma**2).sqrt()",
        "x is divided by (1 + sigma²)^0.5 before the model sees it. A network may do so inside: it gets x as it is.",
    ),
    other_noise_in_x=(
        "y + sigma * noise -> y + sigma * torch.randn_like(noise)",
        "The noise in x is not the one in the target, so there is nothing to find. Which `noise` belongs in both?",
    ),
    asked_about_the_next_level=(
        "noise, level) -> noise, level + 1)",
        "The prediction is that of the next level. x stands at `level`: what do you tell the model?",
    ),
    asked_about_the_level_before=(
        "noise, level) -> noise, level - 1)",
        "The prediction is that of the level before, and level 0 has none. Levels are counted from 0 here.",
    ),
    told_sigma_instead_of_the_level=(
        "noise, level) -> noise, sigma)",
        "The model gets sigma as its second argument. It wants the number of the level, an index.",
    ),
)

# From errors to one number
neighbour_loss.edits(
    absolute_error=(
        ".square() -> .abs()",
        "Absolute errors lead to the median of what is possible. Here the mean is wanted: which error does that?",
    ),
    averaged_before_squaring=(
        ".square().mean() -> .mean().square()",
        "Averaged first and squared then: errors of opposite sign cancel, and a bad model looks good. In which order?",
    ),
    not_squared=(
        ".square() ->",
        "The errors are averaged with their signs: they cancel, and a bad model's loss can be negative. "
        "What is missing?",
    ),
    summed=(
        ".mean() -> .sum()",
        "Summed over the batch: a larger batch would mean larger steps. What does not grow with the batch?",
    ),
    not_averaged=(
        ".mean() ->",
        "One loss per number comes back. `backward` starts from a single one: how do you average them?",
    ),
    halved=(
        ".mean() -> .mean() / 2",
        "It is half of the mean square. Here the loss should be 1 for a model that always answers 0.",
    ),
    root_of_the_mean=(
        ".mean() -> .mean().sqrt()",
        "The root of the mean is one step too many: the loss is the mean square itself.",
    ),
    largest_error=(
        ".mean() -> .max()",
        "Only the row with the largest error counts. From which rows should a model learn?",
    ),
    gap_as_a_column=(
        "- gap * noise) / gap -> - gap[:, None] * noise) / gap[:, None]",
        "This number comes out when a gap of shape (B, 1) meets numbers of shape (B,): every row with every gap. "
        "Which shapes meet in yours?",
    ),
)

neighbour_loss.swaps(
    first_level_for_all=(
        {"at_level": lambda sigmas, level, x: sigmas[level[0]]},
        "All rows get the sigmas of the first row's level. Each has its own: index with the whole of `level`.",
    ),
    sigmas_as_a_column=(
        {"at_level": lambda sigmas, level, x: sigmas[level][:, None]},
        "This number comes out when sigmas of shape (B, 1) meet numbers of shape (B,). "
        "That makes (B, B): every row at every level, not each at its own.",
    ),
)


@neighbour_loss.mistake(
    "The argument `noise` is not used, and other noise is drawn. Nothing in this course draws hidden random numbers."
)
def draws_its_own_noise(model, y, level, noise, sigmas):
    return toy.neighbour_loss(model, y, level, torch.randn_like(y), sigmas)


@neighbour_loss.alternative("The target is the difference of two noisy numbers, x at `level` and at the next.")
def difference_of_two_noisy_numbers(model, y, level, noise, sigmas):
    here, there = y + sigmas[level] * noise, y + sigmas[level + 1] * noise
    wrong = model(here, level) - (here - there)
    return torch.mean(wrong**2 / (sigmas[level] - sigmas[level + 1]) ** 2)


@neighbour_loss.alternative("In units of the gap the target is the noise itself, so `mse_loss` compares with that.")
def prediction_in_units_of_the_gap(model, y, level, noise, sigmas):
    gap = -sigmas.diff()[level]
    prediction = model(y + sigmas.gather(0, level) * noise, level)
    return nn.functional.mse_loss(prediction / gap, noise)


@neighbour_loss.alternative("Plain squared errors, each with the weight 1 / gap²: a weighted loss, as papers write it.")
def weighted(model, y, level, noise, sigmas):
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    return ((model(y + sigma * noise, level) - gap * noise).pow(2) * gap.pow(-2)).sum() / len(y)
