"""Quiz `autoguide` of chapter 12."""

import torch

from course_lib import fast_sampling
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.inputs import ToyDenoiser, noisy_batches


def two_networks(g: torch.Generator) -> list[tuple]:
    """(model, guide, x_t, t, weight) with weights from 0 to 3."""
    model, guide = (ToyDenoiser().requires_grad_(False) for _ in range(2))
    guide.pace.mul_(0.7)
    weights = [1.3, 2.0, 0.0, 1.0, 0.6, 3.0]
    return [(model, guide, x, t, weight) for (x, t, *_), weight in zip(noisy_batches(g), weights, strict=True)]


autoguide = Quiz(
    fast_sampling.autoguide,
    cases=two_networks,
    points=2,
    minutes=6,
    difficulty=2,
    importance=4,
    hints=(
        "Both networks make the same kind of error, and the guide makes more of it. "
        "In which direction is the model better than the guide?",
        "Start at what the guide says and go in the direction from it to what the model says: weight 1 arrives at the "
        "model, and above 1 you go on.",
        "guide(x_t, t) + weight * (model(x_t, t) - guide(x_t, t))",
    ),
)

REFERENCE = "torch.lerp(guide(x_t, t), model(x_t, t), weight)"

autoguide.edits(
    networks_swapped=(
        f"{REFERENCE} -> torch.lerp(model(x_t, t), guide(x_t, t), weight)",
        "Model and guide have changed places, so you are pushed towards the weaker one. Which of them is weight 1?",
    ),
    weight_counted_from_the_model=(
        f"{REFERENCE} -> model(x_t, t) + weight * (model(x_t, t) - guide(x_t, t))",
        "The weight is one too large: at weight 0 you get the model, where the guide alone should come. "
        "Where does the way begin?",
    ),
    sum_of_both=(
        f"{REFERENCE} -> guide(x_t, t) + weight * (model(x_t, t) + guide(x_t, t))",
        "The two are added. Only their difference says in which direction the model is better.",
    ),
    weighted_sum=(
        f"{REFERENCE} -> weight * (model(x_t, t) + guide(x_t, t))",
        "The two are added and made larger. Both know x_t; what tells you a direction is where they differ.",
    ),
    weighted_mean=(
        f"{REFERENCE} -> (model(x_t, t) + weight * guide(x_t, t)) / (1 + weight)",
        "That lies between the two, nearer to the guide for larger weights. Guidance goes beyond the model.",
    ),
    only_the_guide_weighted=(
        f"{REFERENCE} -> model(x_t, t) - weight * guide(x_t, t)",
        "The guide is taken away, and its weight is never made up for. With weight 1 the model alone should come.",
    ),
    no_guide_below_1=(
        f"{REFERENCE} -> {REFERENCE} if weight > 1 else model(x_t, t)",
        "Right above 1; a weight below 1 gives the model. At 0 the guide alone should come.",
    ),
    mean_of_both=(
        f"{REFERENCE} -> (model(x_t, t) + guide(x_t, t)) / 2",
        "The two are averaged, whatever the weight is. That lies between them; guidance goes beyond the model.",
    ),
    difference_alone=(
        f"{REFERENCE} -> weight * (model(x_t, t) - guide(x_t, t))",
        "Only the difference comes back. From where does it lead on?",
    ),
    guide_not_weighted=(
        f"{REFERENCE} -> weight * model(x_t, t) - guide(x_t, t)",
        "The model is weighted, the guide is not: with weight 1 they should not be subtracted at all.",
    ),
    pushed_back=(
        f"{REFERENCE} -> guide(x_t, t) - weight * (model(x_t, t) - guide(x_t, t))",
        "You go from the guide away from the model. In which direction is the model better?",
    ),
    from_the_model_to_the_guide=(
        f"{REFERENCE} -> model(x_t, t) + (1 - weight) * (model(x_t, t) - guide(x_t, t))",
        "Right for weight 1; above it you are pulled towards the guide, below it away from it.",
    ),
    never_beyond_the_model=(
        f"{REFERENCE} -> torch.lerp(guide(x_t, t), model(x_t, t), min(max(weight, 0), 1))",
        "A weight above 1 counts as 1, so you never go beyond the model. That is where guidance begins.",
    ),
    model_alone=(
        f"{REFERENCE} -> model(x_t, t)",
        "The guide has no say. What does it tell you about the model's errors?",
    ),
    guide_alone=(
        f"{REFERENCE} -> guide(x_t, t)",
        "The model has no say: only the weaker network answers.",
    ),
    model_scaled=(
        f"{REFERENCE} -> weight * model(x_t, t)",
        "The model's answer is made larger. Guidance goes in a direction: from the guide's answer to the model's.",
    ),
    guide_asks_about_the_answer=(
        f"{REFERENCE} -> torch.lerp(guide(model(x_t, t), t), model(x_t, t), weight)",
        "The guide is shown the model's answer. Both networks look at x_t.",
    ),
    weight_squared=(
        f"{REFERENCE} -> torch.lerp(guide(x_t, t), model(x_t, t), weight**2)",
        "Right for weights 0 and 1; otherwise the way is too long or too short. How often does the weight come in?",
    ),
    state_added=(
        f"{REFERENCE} -> x_t + weight * (model(x_t, t) - guide(x_t, t))",
        "You start at x_t. It is what the networks look at; their answers are of another kind.",
    ),
    t_of_the_first_row=(
        f"{REFERENCE} -> torch.lerp(guide(x_t, t[:1].expand_as(t)), model(x_t, t[:1].expand_as(t)), weight)",
        "The networks are told the t of the first row for all rows. Each row has its own.",
    ),
    rescaled=(
        f"{REFERENCE} -> model(x_t, t).norm() / torch.lerp(guide(x_t, t), model(x_t, t), weight).norm() * {REFERENCE}",
        "The result is scaled back to the size of the model's answer. Nothing asks for that here.",
    ),
)


@autoguide.alternative("From the guide, in the direction of the model.")
def from_the_guide(model, guide, x_t, t, weight):
    weak = guide(x_t, t)
    return weak + weight * (model(x_t, t) - weak)


@autoguide.alternative("From the model, on by weight - 1.")
def from_the_model(model, guide, x_t, t, weight):
    strong, weak = model(x_t, t), guide(x_t, t)
    return strong + (weight - 1) * (strong - weak)


@autoguide.alternative("A weighted sum: the weights add up to 1, and the guide's is negative above 1.")
def weights_add_up_to_one(model, guide, x_t, t, weight):
    return weight * model(x_t, t) + (1 - weight) * guide(x_t, t)
