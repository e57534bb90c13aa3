"""Quiz `neighbour_loss` of chapter 01."""

import torch
from torch import Tensor, nn

from course_lib import toy
from course_lib.checker.quiz import Quiz


class Slopes(nn.Module):
    """A model with one slope per level, so that a gradient has somewhere to go."""

    def __init__(self, slopes: Tensor):
        super().__init__()
        self.slopes = nn.Parameter(slopes)

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        return self.slopes[level] * x


class Lenient(nn.Module):
    """A model that takes anything for a level: also a sigma, or one number for the whole batch."""

    def forward(self, x: Tensor, level: Tensor | float) -> Tensor:
        return 0.1 * x * (1 + torch.as_tensor(level))


def noised_numbers(g: torch.Generator) -> list[tuple]:
    """Numbers about 2, levels out of order with both ends among them, three ladders and three models.

    The last ladder is a hundred times finer, and so are its numbers: something small added to the gap shows there.
    """
    cases = []
    ladders = ((7, 1, [4.0, 2.5, 1.2, 0.7, 0.3]), (6, 1, [3.0, 2.0, 1.0, 0.2]), (5, 0.01, [1.5, 0.9, 0.6, 0.4, 0.1]))
    for rows, scale, sigmas in ladders:
        model = Lenient() if rows == 6 else Slopes(0.2 + torch.rand(len(sigmas) - 1, generator=g))
        level = torch.randint(len(sigmas) - 1, (rows,), generator=g)
        level[:3] = torch.tensor([len(sigmas) - 2, 0, 1])
        y, noise = 2 + 0.5 * torch.randn(rows, generator=g), torch.randn(rows, generator=g)
        cases.append((model, scale * y, level, noise, scale * torch.tensor(sigmas)))
    return cases


neighbour_loss = Quiz(
    toy.neighbour_loss,
    cases=noised_numbers,
    points=3,
    minutes=10,
    hints=(
        "Three lines: the noisy x, the gap between the two levels, the error of the model in units of that gap.",
        "x = y + sigma_i noise, and the gap is sigma_i - sigma_{i+1}. Each row has its own i: `sigmas[level]`.",
        "`((model(x, level) - gap * noise) / gap).square().mean()`",
    ),
)


def parts(y, level, noise, sigmas):
    """The noisy x, the gap, and sigma, for each row."""
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    return y + sigma * noise, gap, sigma


@neighbour_loss.mistake(
    "The plain squared error: the widest gap then counts millions of times more than the narrowest. "
    "In which units do all levels count the same?"
)
def plain_squared_error(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return (model(x, level) - gap * noise).square().mean()


@neighbour_loss.mistake(
    "You compare with the bare noise. The model says how much noise lies between two levels: what multiplies the noise?"
)
def compares_with_the_bare_noise(model, y, level, noise, sigmas):
    x, _, _ = parts(y, level, noise, sigmas)
    return (model(x, level) - noise).square().mean()


@neighbour_loss.mistake(
    "The target is all the noise in x, which leads to sigma 0 in one leap. How much of it lies above the next level?"
)
def compares_with_all_the_noise(model, y, level, noise, sigmas):
    x, gap, sigma = parts(y, level, noise, sigmas)
    return ((model(x, level) - sigma * noise) / gap).square().mean()


@neighbour_loss.mistake(
    "You divide the prediction by the gap, not the target. Both sides of the difference need the same units."
)
def only_the_prediction_in_units(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return (model(x, level) / gap - gap * noise).square().mean()


@neighbour_loss.mistake(
    "The target has the wrong sign: your gap is negative, or you add the target where you should compare. "
    "The levels fall: which sigma is the smaller one?"
)
def gap_upside_down(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return ((model(x, level) + gap * noise) / -gap).square().mean()


@neighbour_loss.mistake(
    "Your target is the bare noise, and then you divide by the gap. Which part of the noise lies between two levels?"
)
def bare_noise_in_units(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return ((model(x, level) - noise) / gap).square().mean()


@neighbour_loss.mistake(
    "You compare with the clean y. This model does not name y: what does it say, going from one level to the next?"
)
def compares_with_the_clean_number(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return ((model(x, level) - y) / gap).square().mean()


@neighbour_loss.mistake(
    "You divide by gap², and square after that: the gap comes in four times. Which power belongs inside the square?"
)
def divided_by_the_square(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return ((model(x, level) - gap * noise) / gap**2).square().mean()


@neighbour_loss.mistake(
    "That is the gap to the noisier neighbour, and level 0 has none. In which direction does denoising go?"
)
def gap_to_the_level_before(model, y, level, noise, sigmas):
    gap = sigmas[level - 1] - sigmas[level]
    return ((model(y + sigmas[level] * noise, level) - gap * noise) / gap).square().mean()


@neighbour_loss.mistake("Your x is noised to the next level already. The model starts from sigma at `level`.")
def noised_to_the_next_level(model, y, level, noise, sigmas):
    _, gap, _ = parts(y, level, noise, sigmas)
    return ((model(y + sigmas[level + 1] * noise, level) - gap * noise) / gap).square().mean()


@neighbour_loss.mistake(
    "The model sees the clean y, where there is no noise to find. What does it see when it denoises?"
)
def shown_the_clean_number(model, y, level, noise, sigmas):
    _, gap, _ = parts(y, level, noise, sigmas)
    return ((model(y, level) - gap * noise) / gap).square().mean()


@neighbour_loss.mistake(
    "Your x holds only the noise between two levels. At `level` all of the noise is still in it: how much is that?"
)
def noised_by_the_gap(model, y, level, noise, sigmas):
    _, gap, _ = parts(y, level, noise, sigmas)
    return ((model(y + gap * noise, level) - gap * noise) / gap).square().mean()


@neighbour_loss.mistake("Your x is y minus noise, and you ask for noise that was added. Which sign has it in x?")
def noise_taken_away(model, y, level, noise, sigmas):
    _, gap, sigma = parts(y, level, noise, sigmas)
    return ((model(y - sigma * noise, level) - gap * noise) / gap).square().mean()


@neighbour_loss.mistake("The model is asked about the next level. x stands at `level`: what do you tell the model?")
def asked_about_the_next_level(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return ((model(x, level + 1) - gap * noise) / gap).square().mean()


@neighbour_loss.mistake("The noise comes in at full strength at every level. How large is it at `level`?")
def noise_not_scaled(model, y, level, noise, sigmas):
    _, gap, _ = parts(y, level, noise, sigmas)
    return ((model(y + noise, level) - gap * noise) / gap).square().mean()


@neighbour_loss.mistake(
    "The squared error is divided by the gap once. An error in units of the gap is divided before squaring."
)
def divided_after_squaring(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return ((model(x, level) - gap * noise).square() / gap).mean()


@neighbour_loss.mistake(
    "The error is in units of sigma. The target is as large as the gap, so which unit makes it about 1?"
)
def in_units_of_sigma(model, y, level, noise, sigmas):
    x, gap, sigma = parts(y, level, noise, sigmas)
    return ((model(x, level) - gap * noise) / sigma).square().mean()


@neighbour_loss.mistake(
    "Absolute errors lead to the median of what is possible. Here the mean is wanted: which error does that?"
)
def absolute_error(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return ((model(x, level) - gap * noise) / gap).abs().mean()


@neighbour_loss.mistake(
    "You average first and square then: errors of opposite sign cancel, and a bad model looks good. In which order?"
)
def averaged_before_squaring(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return ((model(x, level) - gap * noise) / gap).mean().square()


@neighbour_loss.mistake(
    "The errors are averaged with their signs: they cancel, and a bad model's loss can be negative. What is missing?"
)
def not_squared(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return ((model(x, level) - gap * noise) / gap).mean()


@neighbour_loss.mistake(
    "Summed over the batch: a larger batch would mean larger steps. What does not grow with the batch?"
)
def summed(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return ((model(x, level) - gap * noise) / gap).square().sum()


@neighbour_loss.mistake("One loss per number comes back. `backward` starts from a single one: how do you average them?")
def not_averaged(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return ((model(x, level) - gap * noise) / gap).square()


@neighbour_loss.mistake("The root of the mean is one step too many: the loss is the mean square itself.")
def root_of_the_mean(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return ((model(x, level) - gap * noise) / gap).square().mean().sqrt()


@neighbour_loss.mistake(
    "All rows are noised to the level of the first one. Each has its own: index with the whole of `level`."
)
def first_level_for_all(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level[:1], noise, sigmas)
    return ((model(x, level) - gap * noise) / gap).square().mean()


@neighbour_loss.mistake("The model gets sigma as its second argument. It wants the number of the level, an index.")
def told_sigma_instead_of_the_level(model, y, level, noise, sigmas):
    x, gap, sigma = parts(y, level, noise, sigmas)
    return ((model(x, sigma) - gap * noise) / gap).square().mean()


@neighbour_loss.mistake(
    "You draw new noise and never use the argument. Nothing in this course draws hidden random numbers: use `noise`."
)
def draws_its_own_noise(model, y, level, noise, sigmas):
    return neighbour_loss.reference(model, y, level, torch.randn_like(y), sigmas)


@neighbour_loss.alternative("")
def difference_of_two_noisy_numbers(model, y, level, noise, sigmas):
    here, there = y + sigmas[level] * noise, y + sigmas[level + 1] * noise
    wrong = model(here, level) - (here - there)
    return torch.mean(wrong**2 / (sigmas[level] - sigmas[level + 1]) ** 2)


@neighbour_loss.alternative("")
def prediction_in_units_of_the_gap(model, y, level, noise, sigmas):
    gap = -sigmas.diff()[level]
    prediction = model(y + sigmas.gather(0, level) * noise, level)
    return nn.functional.mse_loss(prediction / gap, noise)


@neighbour_loss.alternative("")
def weighted(model, y, level, noise, sigmas):
    x, gap, _ = parts(y, level, noise, sigmas)
    return ((model(x, level) - gap * noise).pow(2) * gap.pow(-2)).sum() / len(y)
