"""Quiz `classifier_gradient` of chapter 13."""

import torch

from course_lib import guidance
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.guidance.shared import ToyClassifier
from course_lib.quizzes.inputs import noisy_batches


def classified_batches(g: torch.Generator) -> list[tuple]:
    """(classifier, x_t, t, labels): images and vectors, from two to seven classes, some labels the likeliest."""
    cases = []
    for (x, t, *_), classes in zip(noisy_batches(g), [4, 3, 2, 7, 5, 3], strict=True):
        classifier = ToyClassifier(classes)
        labels = torch.randint(classes, (len(x),), generator=g)
        labels[:1] = classifier(x, t).argmin(dim=1)[:1]
        labels[1:2] = 0
        cases.append((classifier, x, t, labels))
    return cases


classifier_gradient = Quiz(
    guidance.classifier_gradient,
    cases=classified_batches,
    points=4,
    minutes=12,
    difficulty=4,
    importance=3,
    no_grad=True,
    hints=(
        "Autograd follows what is computed from x. "
        "Which single number is large when every row is likely to have its label?",
        "Samplers run within `torch.no_grad()`: switch gradients on here, and let a copy of x_t ask for them. "
        "Of each row's log-probabilities take the one of its label, add up the rows, and differentiate the sum.",
        "within torch.enable_grad(): x = x_t.detach().requires_grad_(), log_p = classifier(x, t).log_softmax(dim=1), "
        "then torch.autograd.grad(log_p.gather(1, labels[:, None]).sum(), x)[0]",
    ),
)

LOGS = "classifier(x, t).log_softmax(dim=1)"
WANTED = "log_probabilities.gather(1, labels[:, None]).sum()"
RETURN = "return torch.autograd.grad(wanted, x)[0]"
ROWS = "reshape(-1, *[1] * (x.ndim - 1))"

# What is differentiated
classifier_gradient.edits(
    mean_over_the_batch=(
        "labels[:, None]).sum() -> labels[:, None]).mean()",
        "The gradient is divided by the size of the batch: that is what a mean does. "
        "Each row should have its gradient as if it were alone.",
    ),
    logits_differentiated=(
        f"{LOGS} -> classifier(x, t)",
        "You differentiate the label's logit. It says nothing of the other classes: p(label | x) needs the softmax.",
    ),
    probabilities_differentiated=(
        f"{LOGS} -> classifier(x, t).softmax(dim=1)",
        "You differentiate the probability itself. The gradient of its logarithm is that divided by the probability.",
    ),
    cross_entropy=(
        f"{WANTED} -> torch.nn.functional.cross_entropy(log_probabilities, labels, reduction='sum')",
        "The sign is wrong. Cross entropy is minus the log-probability: its gradient leads away from the label.",
    ),
    mean_cross_entropy=(
        f"{WANTED} -> torch.nn.functional.cross_entropy(log_probabilities, labels)",
        "That is the gradient of the mean cross entropy: it leads away from the label, and is divided by the size "
        "of the batch.",
    ),
    log_of_the_mean=(
        f"{WANTED} -> log_probabilities.gather(1, labels[:, None]).exp().mean().log()",
        "You differentiate the logarithm of the rows' mean probability. "
        "Then a row's gradient depends on the other rows; it should be as if the row were alone.",
    ),
    product_of_the_rows=(
        f"{WANTED} -> log_probabilities.gather(1, labels[:, None]).exp().prod()",
        "You differentiate the product of the rows' probabilities, not its logarithm. "
        "Then a row's gradient depends on the other rows; it should be as if the row were alone.",
    ),
    likeliest_class=(
        f"{WANTED} -> log_probabilities.max(dim=1).values.sum()",
        "The gradient is that of the class which the classifier finds likeliest. Which class does `labels` ask for?",
    ),
    likeliest_logit=(
        f"{LOGS} -> classifier(x, t)",
        f"{WANTED} -> log_probabilities.max(dim=1).values.sum()",
        "You differentiate the largest logit of each row. Which class does `labels` ask for, and how likely is it?",
    ),
    all_classes=(
        f"{WANTED} -> log_probabilities.sum()",
        "The log-probabilities of all classes are added up. Each row has one label: take that one only.",
    ),
    all_logits=(
        f"{LOGS} -> classifier(x, t)",
        f"{WANTED} -> log_probabilities.sum()",
        "All logits are added up, of every class. Of each row take the log-probability of its label.",
    ),
    every_label_in_every_row=(
        f"{WANTED} -> log_probabilities[:, labels].sum()",
        "`[:, labels]` takes the labels of all rows in each row, a table of (B, B). "
        "Each row needs the column of its own label only.",
    ),
    rows_chosen_by_label=(
        f"{WANTED} -> log_probabilities[labels].sum()",
        "`[labels]` takes rows of the table, so the labels choose images. They should choose columns, one in each row.",
    ),
    every_label_averaged=(
        f"{WANTED} -> log_probabilities[:, labels].mean(dim=1).sum()",
        "`[:, labels]` takes the labels of all rows in each row, and their mean is differentiated. "
        "Each row needs the column of its own label only.",
    ),
    label_of_the_first_row=(
        "labels[:, None]).sum() -> labels[:1, None].expand(len(x), 1)).sum()",
        "All rows are pushed towards the label of the first. Each row has its own.",
    ),
    first_row_only=(
        f"{WANTED} -> log_probabilities[0, labels[0]]",
        "Only the first row has a gradient. Add up the rows: none of them depends on another.",
    ),
    first_class_for_all=(
        f"{WANTED} -> log_probabilities[:, 0].sum()",
        "All rows are pushed towards class 0. Where do `labels` come in?",
    ),
    next_class=(
        "labels[:, None]) -> (labels[:, None] + 1) % log_probabilities.shape[1])",
        "The labels are one too large. Classes count from 0, and so do the columns of the logits.",
    ),
    previous_class=(
        "labels[:, None]) -> (labels[:, None] - 1) % log_probabilities.shape[1])",
        "The labels are one too small. Classes count from 0, and so do the columns of the logits.",
    ),
    softmax_over_the_batch=(
        "log_softmax(dim=1) -> log_softmax(dim=0)",
        "The softmax runs over the rows of the batch. The probabilities of one row's classes add up to 1.",
    ),
    sigmoid_for_each_class=(
        f"{LOGS} -> torch.nn.functional.logsigmoid(classifier(x, t))",
        "Each logit is put through a sigmoid, as if an image could have several classes at once. "
        "The classes share a probability of 1.",
    ),
    odds=(
        f"{WANTED} -> (log_probabilities - torch.log1p(-log_probabilities.exp())).gather(1, labels[:, None]).sum()",
        "You differentiate the log of the odds, p / (1 - p). What is asked for is log p.",
    ),
    against_the_likeliest=(
        f"{WANTED} -> "
        "(log_probabilities.gather(1, labels[:, None]) - log_probabilities.max(dim=1, keepdim=True).values).sum()",
        "You differentiate how far the label is behind the likeliest class. What is asked for is its log-probability.",
    ),
)

# How the classifier is asked
classifier_gradient.edits(
    no_enable_grad=(
        "with torch.enable_grad(): -> if True:",
        "It fails within `torch.no_grad()`, where samplers run: no gradient is recorded there. "
        "What switches gradients on again, for these few lines?",
    ),
    t_always_0=(
        "classifier(x, t) -> classifier(x, torch.zeros_like(t))",
        "The classifier is told t = 0 for every row. It judges noisy images, and has to know how noisy they are.",
    ),
    t_of_the_first_row=(
        "classifier(x, t) -> classifier(x, t[:1].expand_as(t))",
        "The classifier is told the t of the first row for all rows. Each row has its own.",
    ),
    t_lowered=(
        "classifier(x, t) -> classifier(x, t - 1)",
        "The classifier is told t - 1. It knows t as it is given: here t = 0 is the first step.",
    ),
    t_raised=(
        "classifier(x, t) -> classifier(x, t + 1)",
        "The classifier is told t + 1. It knows t as it is given: here t = 0 is the first step.",
    ),
    input_clipped=(
        "classifier(x, t) -> classifier(x.clamp(-1, 1), t)",
        "x is clipped to [-1, 1] first, so pixels outside have no gradient. x_t is noisy and may lie outside.",
    ),
)

# What becomes of the gradient
classifier_gradient.edits(
    a_graph_is_left=(
        "grad(wanted, x)[0] -> grad(wanted, x, create_graph=True)[0]",
        "The values are right, but the result can be differentiated again, so its graph stays in memory. "
        "Who asks for a second gradient?",
    ),
    rows_normalised=(
        f"{RETURN} -> found = torch.autograd.grad(wanted, x)[0]; "
        f"return found / found.reshape(len(x), -1).norm(dim=1).{ROWS}",
        "Each row's gradient is scaled to length 1. Its length says how much the classifier would gain: keep it.",
    ),
    all_normalised=(
        f"{RETURN} -> found = torch.autograd.grad(wanted, x)[0]; return found / found.norm()",
        "The gradient of the whole batch is scaled to length 1, so each row depends on the others. Keep its length.",
    ),
    signs_only=(
        f"{RETURN} -> return torch.autograd.grad(wanted, x)[0].sign()",
        "Only the signs of the gradient are left. How steep it is matters as well.",
    ),
    step_taken=(
        f"{RETURN} -> return x.detach() + torch.autograd.grad(wanted, x)[0]",
        "x_t is moved along the gradient already. Return the gradient: the step is taken by the caller.",
    ),
    tuple_returned=(
        "grad(wanted, x)[0] -> grad(wanted, x)",
        "What comes back is the tuple of `torch.autograd.grad`: one gradient for each tensor asked about. "
        "There is only one here; take it out.",
    ),
)


@classifier_gradient.alternative(
    "Minus the gradient of the summed cross entropy, with gradients on for the whole function."
)
@torch.enable_grad()
def minus_the_cross_entropy(classifier, x_t, t, labels):
    x = x_t.detach().clone()
    x.requires_grad = True
    loss = torch.nn.functional.cross_entropy(classifier(x, t), labels, reduction="sum")
    return -torch.autograd.grad(loss, [x])[0]


@classifier_gradient.alternative("`backward`, which leaves the gradient in `x.grad` and nowhere else.")
def with_backward(classifier, x_t, t, labels):
    with torch.enable_grad():
        x = x_t.clone().detach().requires_grad_(True)
        log_p = torch.log_softmax(classifier(x, t), dim=-1)
        log_p[torch.arange(len(labels), device=labels.device), labels].sum().backward(inputs=[x])
    return x.grad


@classifier_gradient.alternative(
    "Through the logits, from where log p has a gradient that is known: 1 at the label, minus p."
)
def by_the_chain_rule(classifier, x_t, t, labels):
    with torch.enable_grad():
        x = x_t.detach().requires_grad_()
        logits = classifier(x, t)
    at_the_label = torch.nn.functional.one_hot(labels, logits.shape[1])
    (gradient,) = torch.autograd.grad(logits, x, at_the_label - logits.detach().softmax(dim=1))
    return gradient


@classifier_gradient.alternative("Row by row, each a batch of its own.")
def row_by_row(classifier, x_t, t, labels):
    rows = []
    for row in range(len(x_t)):
        with torch.enable_grad():
            x = x_t[row : row + 1].detach().requires_grad_()
            log_p = classifier(x, t[row : row + 1]).log_softmax(dim=1)[0, labels[row]]
            rows += torch.autograd.grad(log_p, x)
    return torch.cat(rows)


@classifier_gradient.alternative("`torch.func.grad` makes the gradient's function of a function of x.")
def with_torch_func(classifier, x_t, t, labels):
    def log_p(x):
        logits = classifier(x, t)
        return (logits.gather(1, labels[:, None])[:, 0] - logits.logsumexp(dim=1)).sum()

    return torch.func.grad(log_p)(x_t.detach())
