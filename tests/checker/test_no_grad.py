"""What has to work within `torch.no_grad()`, and what is said about gradients that nobody asked for."""

import pytest
import torch

from course_lib.checker.examine import examine as examine_quiz
from course_lib.checker.quiz import Quiz
from course_lib.quizzes import examine


def label_log_probability(classifier, x, t, labels):
    return classifier(x, t).log_softmax(dim=1).gather(1, labels[:, None]).sum()


def right(classifier, x_t, t, labels):
    with torch.enable_grad():
        x = x_t.detach().requires_grad_()
        return torch.autograd.grad(label_log_probability(classifier, x, t, labels), x)[0]


def gradients_not_switched_on(classifier, x_t, t, labels):
    x = x_t.detach().requires_grad_()
    return torch.autograd.grad(label_log_probability(classifier, x, t, labels), x)[0]


def zero_without_gradients(classifier, x_t, t, labels):
    return right(classifier, x_t, t, labels) * torch.is_grad_enabled()


def nothing_asked_for(classifier, x_t, t, labels):
    with torch.enable_grad():
        return torch.autograd.grad(label_log_probability(classifier, x_t, t, labels), x_t)[0]


def the_callers_tensor_asks(classifier, x_t, t, labels):
    with torch.enable_grad():
        x = x_t.requires_grad_()
        return torch.autograd.grad(label_log_probability(classifier, x, t, labels), x)[0]


def classifier_put_out_of_training_mode(classifier, x_t, t, labels):
    return right(classifier.eval(), x_t, t, labels)


@pytest.mark.parametrize(
    ("attempt", "finding", "mistake", "says"),
    [
        (right, "correct", None, "is right"),
        (gradients_not_switched_on, "mistake", "no_enable_grad", "within `torch.no_grad()`"),
        (zero_without_gradients, "values", None, "Seen only within `torch.no_grad()`"),
        (nothing_asked_for, "raises", None, "asked for it by `requires_grad_`"),
        (the_callers_tensor_asks, "mutates", None, "Neither its values nor its `requires_grad` may change"),
        (classifier_put_out_of_training_mode, "mutates", None, "training mode have to stay"),
    ],
)
def test_gradients_asked_for_where_they_are_off(attempt, finding, mistake, says):
    report = examine("classifier_gradient", attempt)
    assert (report.finding, report.mistake) == (finding, mistake)
    assert says in report.message


def doubled(x):
    return 2 * x


@pytest.mark.parametrize("no_grad", [True, False])
def test_only_a_quiz_that_asks_for_it_is_tried_without_gradients(no_grad):
    seen = []

    def attempt(x):
        seen.append(torch.is_grad_enabled())
        return 2 * x

    cases = [(torch.ones(3),), (torch.ones(2),)]
    quiz = Quiz(doubled, cases=lambda g: cases, points=1, minutes=1, hints=("Double.",), no_grad=no_grad)
    assert examine_quiz(quiz, attempt).passed
    assert seen[:2] == [True, True]
    assert (False in seen) == no_grad


def test_a_comparison_without_parentheses_is_not_a_missing_answer():
    """Torch raises NotImplementedError for `sigma & sigma`; an unfinished answer raises it, too."""

    def attempt(t, schedule, lowest, highest):
        sigma = schedule.sqrt_one_minus_alphas_cumprod[t] / schedule.sqrt_alphas_cumprod[t]
        return lowest <= sigma & sigma <= highest

    report = examine("in_interval", attempt)
    assert (report.finding, report.mistake) == ("raises", None)
    assert "put each comparison in parentheses" in report.message
