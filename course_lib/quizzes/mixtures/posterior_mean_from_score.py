"""Quiz `posterior_mean_from_score` of chapter 02."""

import torch

from course_lib import mixtures
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.mixtures.shared import WavyScore

posterior_mean_from_score = Quiz(
    mixtures.posterior_mean_from_score,
    cases=lambda g: [
        (WavyScore(), 2 * torch.randn(shape, generator=g), sigma)
        for shape, sigma in [((5, 2), 0.7), ((1, 2), 2.5), ((4, 3), 0.2), ((3, 2), 4.0)]
    ],
    points=3,
    minutes=8,
    difficulty=2,
    importance=5,
    hints=(
        "The text above ends with an equation for the score. E[y | x] is the unknown in it: solve for it.",
        "Multiply both sides by sigma², then bring x to the other side.",
        "`x + sigma**2 * score(x, sigma)`",
    ),
)

posterior_mean_from_score.edits(
    sign_turned_around=(
        "x + sigma -> x - sigma",
        "The score points to where points are denser, and you go the other way. Which sign leads towards the data?",
    ),
    variance_of_the_modes_added=(
        "sigma**2 * -> (0.05**2 + sigma**2) *",
        "The step is a little too long, as if the modes' own variance, 0.05², was added to sigma². "
        "Which variance has the equation?",
    ),
    sigma_not_squared=(
        "sigma**2 * -> sigma *",
        "The score is multiplied by sigma. In the equation the noise's variance divides: which power is that?",
    ),
    score_not_scaled=(
        "sigma**2 * ->",
        "The bare score is added to x. How long the way to the mean is depends on the noise: which factor is missing?",
    ),
    divided_by_the_variance=(
        "sigma**2 * score(x, sigma) -> score(x, sigma) / sigma**2",
        "The score is divided by sigma². It has been divided by it already: what undoes that?",
    ),
    divided_by_sigma=(
        "sigma**2 * score(x, sigma) -> score(x, sigma) / sigma",
        "The score is divided by sigma. With more noise the mean lies farther from x: does sigma multiply or divide?",
    ),
    step_without_x=(
        "x + sigma -> sigma",
        "This is the way from x to the mean, E[y | x] - x. The mean itself is asked: where does this way start?",
    ),
    noise_of_unit_size=(
        "x + sigma**2 * -> -sigma *",
        "This is E[z | x], the mean of the noise. How do you get from it to the clean point?",
    ),
    noise_in_units_of_x=(
        "x + sigma**2 * -> -(sigma**2) *",
        "This is the noise in x, the mean of sigma z. What is left when you take it out of x?",
    ),
    only_the_score=(
        "x + sigma**2 * ->",
        "This is the score as it came. Which equation links it to the mean of y?",
    ),
    half_the_way=(
        "sigma**2 * -> sigma**2 / 2 *",
        "You go half of the way to the mean. A Gaussian's exponent has a 1/2: what becomes of it in the gradient?",
    ),
    twice_the_way=(
        "sigma**2 * -> 2 * sigma**2 *",
        "You go twice as far as the mean. The gradient of a square has a 2: what cancels it?",
    ),
    score_of_unit_noise=(
        "score(x, sigma) -> score(x, 1.0)",
        "The score is that of noise level 1, whatever sigma is. Which noise level does x have?",
    ),
    score_at_the_variance=(
        "score(x, sigma) -> score(x, sigma**2)",
        "The score is asked at noise level sigma². It takes the standard deviation.",
    ),
    score_without_noise=(
        "score(x, sigma) -> score(x, 0.0)",
        "The score is that of the clean data, sigma = 0. Which density does the noisy x come from?",
    ),
    x_scaled_as_well=(
        "x + sigma**2 * score(x, sigma) -> sigma**2 * (x + score(x, sigma))",
        "sigma² multiplies x, too. When you multiply the equation by sigma², where does x stand?",
    ),
    x_moved_with_the_wrong_sign=(
        "x + sigma**2 * score(x, sigma) -> sigma**2 * score(x, sigma) - x",
        "x changed sides with the wrong sign. The equation has E[y | x] - x: what do you add to both sides?",
    ),
    x_moved_before_sigma=(
        "x + sigma**2 * score(x, sigma) -> sigma**2 * (score(x, sigma) - x)",
        "x is subtracted from the score. First multiply both sides by sigma²; then bring x to the other side.",
    ),
    divided_by_all_the_variance=(
        "sigma**2 * score(x, sigma) -> sigma**2 / (1 + sigma**2) * score(x, sigma)",
        "The factor is sigma² / (1 + sigma²). That is for data of variance 1; this formula works for any data.",
    ),
)


@posterior_mean_from_score.alternative("The noise first, E[z | x] = -sigma score; then x minus sigma times the noise.")
def noise_taken_away(score, x, sigma):
    noise = -sigma * score(x, sigma)
    return x - sigma * noise


@posterior_mean_from_score.alternative("`torch.addcmul` multiplies and adds in one call.")
def in_one_call(score, x, sigma):
    return torch.addcmul(x, torch.full_like(x, sigma) ** 2, score(x, sigma))


@posterior_mean_from_score.alternative("A weighted mean of x and of the place that a step of the score leads to.")
def as_a_weighted_mean(score, x, sigma):
    weight = sigma * sigma
    moved = x + score(x, sigma)
    return torch.lerp(x, moved, torch.as_tensor(weight).to(x))
