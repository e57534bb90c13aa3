"""Quiz `guided_noise` of chapter 13."""

import torch

from course_lib import guidance
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.guidance.shared import ToyConditionalDenoiser
from course_lib.quizzes.inputs import noisy_batches


def labelled_batches(g: torch.Generator) -> list[tuple]:
    """(model, x_t, t, labels, null_class, weight): weights below 0, up to 3, and one for each row.

    The null class is not the number behind the labels that happen to come; one row has class 0, and one no class.
    """
    cases = []
    for (x, t, *_), weight, null_class in zip(
        noisy_batches(g), [2.5, "rows", 0.0, 1.0, -0.7, 3.0], [10, 4, 6, 10, 5, 10], strict=True
    ):
        labels = torch.randint(1, null_class - 1, (len(x),), generator=g)
        labels[2:3] = 0
        labels[3:4] = null_class
        if weight == "rows":
            weight = torch.linspace(-1, 3, len(x)).reshape(-1, *[1] * (x.ndim - 1))
        cases.append((ToyConditionalDenoiser(), x, t, labels, null_class, weight))
    x, t, *_ = noisy_batches(g)[3]
    return [*cases, (ToyConditionalDenoiser(), x, t, torch.arange(len(x)) % 4, 9, 0.4)]


guided_noise = Quiz(
    guidance.guided_noise,
    cases=labelled_batches,
    points=2,
    minutes=8,
    difficulty=2,
    importance=5,
    hints=(
        "Ask the network twice: once with the labels, once without. "
        "In which direction does the label change the answer?",
        '"Without" means with the label `null_class` in every row. Start at that answer and go towards the other one: '
        "weight 1 arrives there, and above 1 you go on.",
        "u = model(x_t, t, torch.full_like(labels, null_class)), c = model(x_t, t, labels), "
        "and then u + weight * (c - u)",
    ),
)

NULL = "torch.full_like(labels, null_class)"
RESULT = "torch.lerp(unconditional, conditional, weight)"

# How the two answers are put together
guided_noise.edits(
    one_plus_w=(
        f"{RESULT} -> conditional + weight * (conditional - unconditional)",
        "The weight counts from the conditional answer, as in (1 + w) c - w u: at weight 1 you are already beyond it. "
        "Here weight 0 is u, and weight 1 is c.",
    ),
    answers_swapped=(
        f"{RESULT} -> torch.lerp(conditional, unconditional, weight)",
        "The two answers have changed places: weight 0 gives the conditional one, and larger weights lead away "
        "from the label. Which of them is weight 1?",
    ),
    pushed_away=(
        f"{RESULT} -> unconditional - weight * (conditional - unconditional)",
        "You start at the unconditional answer and go away from the conditional one. "
        "Look at the sign of the difference.",
    ),
    clamped_at_1=(
        f"{RESULT} -> torch.lerp(unconditional, conditional, torch.as_tensor(weight).clamp(0, 1).to(x_t))",
        "Weights are limited to the range from 0 to 1, so the result never goes beyond the conditional answer. "
        "That is where guidance begins.",
    ),
    no_more_than_1=(
        f"{RESULT} -> torch.lerp(unconditional, conditional, torch.as_tensor(weight).clamp(max=1).to(x_t))",
        "Weights above 1 count as 1, so the result never goes beyond the conditional answer. "
        "That is where guidance begins.",
    ),
    never_away_from_the_label=(
        f"{RESULT} -> torch.lerp(unconditional, conditional, torch.as_tensor(weight).clamp(min=0).to(x_t))",
        "Weights below 0 count as 0. A negative weight leads away from the label, which is allowed.",
    ),
    no_guidance_up_to_1=(
        f"{RESULT} -> torch.where(torch.as_tensor(weight).to(x_t) > 1, {RESULT}, conditional)",
        "Right above weight 1; up to 1 you return the conditional answer. What should weight 0 give?",
    ),
    no_guidance_below_0=(
        f"{RESULT} -> torch.where(torch.as_tensor(weight).to(x_t) > 0, {RESULT}, conditional)",
        "Right above weight 0; otherwise you return the conditional answer. At 0 the label should not count at all.",
    ),
    weight_on_the_conditional_only=(
        f"{RESULT} -> unconditional + weight * conditional",
        "The weight multiplies the conditional answer alone, and the two are added. "
        "What should be weighted is how much the label changes the answer.",
    ),
    weight_not_on_the_unconditional=(
        f"{RESULT} -> weight * conditional - unconditional",
        "The conditional answer is weighted, the unconditional one is not. At weight 1 nothing should be subtracted.",
    ),
    weight_on_the_unconditional_only=(
        f"{RESULT} -> conditional - weight * unconditional",
        "The unconditional answer is subtracted, and its weight is not made up for. Both weights together should be 1.",
    ),
    one_more_on_the_conditional=(
        f"{RESULT} -> (1 + weight) * conditional - unconditional",
        "The conditional answer counts 1 + weight times, the unconditional one -1 times. "
        "Both factors together should be 1 at every weight.",
    ),
    difference_alone=(
        f"{RESULT} -> weight * (conditional - unconditional)",
        "Only the weighted difference comes back. From which answer does it lead on?",
    ),
    answers_added=(
        f"{RESULT} -> unconditional + weight * (conditional + unconditional)",
        "The two answers are added. Only their difference says what the label changes.",
    ),
    weighted_mean=(
        f"{RESULT} -> (unconditional + weight * conditional) / (1 + weight)",
        "That is a weighted mean of the two, which stays between them for every positive weight. "
        "Guidance goes beyond the conditional answer.",
    ),
    mean_of_both=(
        f"{RESULT} -> (unconditional + conditional) / 2",
        "The two answers are averaged, whatever the weight is.",
    ),
    sum_of_both=(
        f"{RESULT} -> unconditional + conditional",
        "The two answers are added, and the weight has no effect. Only their difference says what the label changes.",
    ),
    weight_always_from_below=(
        f"{RESULT} -> conditional + (1 - weight) * (conditional - unconditional)",
        "Right for weight 1; above it you are pulled back to the unconditional answer. "
        "Check what weight 0 and weight 2 give.",
    ),
    weight_doubled=(
        f"{RESULT} -> unconditional + 2 * weight * (conditional - unconditional)",
        "The difference counts twice as much as it should: at weight 1 the conditional answer alone should come.",
    ),
    weight_squared=(
        f"{RESULT} -> torch.lerp(unconditional, conditional, weight**2)",
        "Right for weights 0 and 1; otherwise the way is too long or too short. How often does the weight come in?",
    ),
    weight_of_the_first_row=(
        f"{RESULT} -> torch.lerp(unconditional, conditional, torch.as_tensor(weight).flatten()[0].to(x_t))",
        "Right for one weight; where each row has its own, all rows get that of the first. Let it broadcast with x_t.",
    ),
    mean_weight=(
        f"{RESULT} -> torch.lerp(unconditional, conditional, torch.as_tensor(weight).to(x_t).mean())",
        "Right for one weight; where each row has its own, all rows get their mean. Let it broadcast with x_t.",
    ),
    state_as_the_beginning=(
        f"{RESULT} -> x_t + weight * (conditional - unconditional)",
        "You start at x_t. It is what the network looks at; start at one of its answers.",
    ),
    conditional_alone=(
        f"{RESULT} -> conditional",
        "The weight has no effect: what comes back is the answer with the labels. "
        "Are the labels really left out in one of the calls, and does the weight come in?",
    ),
    conditional_scaled=(
        f"{RESULT} -> weight * conditional",
        "The conditional answer is multiplied by the weight. Guidance goes in a direction: from the answer without "
        "the label to the one with it.",
    ),
    unconditional_alone=(
        f"{RESULT} -> unconditional",
        "The weight has no effect: what comes back is the answer without the labels. "
        "Are they given in one of the calls, and does the weight come in?",
    ),
    rescaled=(
        f"{RESULT} -> {RESULT} * conditional.norm() / {RESULT}.norm()",
        "The result is scaled back to the size of the conditional answer. Nothing asks for that here.",
    ),
)

# What the network is asked
guided_noise.edits(
    labels_left_out=(
        f"{NULL} -> None",
        "One of the calls has no labels, or None. A conditional model is a function of three arguments, "
        "and only `null_class` is known to mean any class.",
    ),
    null_is_0=(
        f"{NULL} -> torch.zeros_like(labels)",
        "Without the label you ask for class 0, which is a class of its own. Which label means any class?",
    ),
    null_is_minus_1=(
        f"{NULL} -> torch.full_like(labels, -1)",
        "Without the label you ask for class -1. The network was trained with another number for any class.",
    ),
    null_one_less=(
        f"{NULL} -> torch.full_like(labels, null_class - 1)",
        "Without the label you ask for class null_class - 1. The null class stands behind the classes, "
        "which count from 0.",
    ),
    null_one_more=(
        f"{NULL} -> torch.full_like(labels, null_class + 1)",
        "Without the label you ask for class null_class + 1. `null_class` itself is the label that means any class.",
    ),
    null_behind_the_largest=(
        f"{NULL} -> torch.full_like(labels, int(labels.max()) + 1)",
        "Without the label you ask for the number behind the largest label of the batch. "
        "That depends on which rows came; `null_class` does not.",
    ),
    null_in_the_first_row=(
        f"{NULL} -> torch.cat([labels[:1] * 0 + null_class, labels[1:]])",
        "Only the first row is asked without its label. Every row needs the null class.",
    ),
    null_in_the_first_half=(
        f"{NULL} -> torch.cat([labels[: len(labels) // 2] * 0 + null_class, labels[len(labels) // 2 :]])",
        "Only half of the rows are asked without their labels. Every row needs the null class.",
    ),
    single_null_label=(
        f"{NULL} -> torch.full_like(labels[:1], null_class)",
        "There is one null label for the whole batch. The model wants labels in the shape (B,): one for each row.",
    ),
    null_added=(
        f"{NULL} -> labels + null_class",
        "`null_class` is added to the labels. In the call without labels it stands in their place.",
    ),
    labels_of_other_rows=(
        f"{NULL} -> labels.flip(0)",
        "In place of the null class you give the labels of other rows: that compares one class with another. "
        "Which label means any class?",
    ),
    first_label_for_all=(
        "model(x_t, t, labels) -> model(x_t, t, labels[:1].expand_as(labels))",
        "All rows are asked for the class of the first one. Each row has its own label.",
    ),
    t_of_the_first_row=(
        f"model(x_t, t, {NULL}) -> model(x_t, t[:1].expand_as(t), {NULL})",
        "model(x_t, t, labels) -> model(x_t, t[:1].expand_as(t), labels)",
        "The network is told the t of the first row for all rows. Each row has its own.",
    ),
    t_lowered=(
        f"model(x_t, t, {NULL}) -> model(x_t, t - 1, {NULL})",
        "model(x_t, t, labels) -> model(x_t, t - 1, labels)",
        "The network is told t - 1. It knows t as it is given: here t = 0 is the first step.",
    ),
    t_0_without_labels=(
        f"model(x_t, t, {NULL}) -> model(x_t, torch.zeros_like(t), {NULL})",
        "In the call without labels t is 0. Only the labels differ between the calls.",
    ),
    asked_about_the_other_answer=(
        "model(x_t, t, labels) -> model(unconditional, t, labels)",
        "The network is shown its own answer in place of x_t. Both calls look at x_t.",
    ),
    asked_about_nothing=(
        f"model(x_t, t, {NULL}) -> model(torch.zeros_like(x_t), t, {NULL})",
        "In the call without labels x_t is 0. Only the labels differ between the calls; both look at x_t.",
    ),
)


@guided_noise.mistake(
    "The doubled batch is mixed up: its labels stand in two halves, but each image stands beside its copy, or the "
    "other way round. `torch.cat` makes halves, `repeat_interleave` makes pairs."
)
def pairs_and_halves(model, x_t, t, labels, null_class, weight):
    both = torch.cat([torch.full_like(labels, null_class), labels])
    answers = model(x_t.repeat_interleave(2, 0), t.repeat_interleave(2, 0), both)
    unconditional, conditional = answers.chunk(2)
    return torch.lerp(unconditional, conditional, weight)


@guided_noise.alternative("From the unconditional answer, in the direction of the conditional one.")
def from_the_unconditional(model, x_t, t, labels, null_class, weight):
    u = model(x_t, t, torch.full_like(labels, null_class))
    return u + weight * (model(x_t, t, labels) - u)


@guided_noise.alternative("A weighted sum: the weights add up to 1.")
def weights_add_up_to_one(model, x_t, t, labels, null_class, weight):
    nobody = labels * 0 + null_class
    return weight * model(x_t, t, labels) + (1 - weight) * model(x_t, t, nobody)


@guided_noise.alternative("The formula of 2207.12598 with its w, which is one less.")
def as_in_the_paper(model, x_t, t, labels, null_class, weight):
    conditional = model(x_t, t, labels)
    unconditional = model(x_t, t, torch.full(labels.shape, null_class, device=labels.device))
    w = weight - 1
    return (1 + w) * conditional - w * unconditional


@guided_noise.alternative("One call with a batch that is twice as large.")
def one_call_for_both(model, x_t, t, labels, null_class, weight):
    both = torch.cat([torch.full_like(labels, null_class), labels])
    unconditional, conditional = model(torch.cat([x_t, x_t]), torch.cat([t, t]), both).chunk(2)
    return unconditional + weight * (conditional - unconditional)
