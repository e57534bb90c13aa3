"""Steering a network towards a class: by its own label, or by a classifier (chapter 13).

A conditional model is any callable (x_t, t, labels) -> prediction, with labels long (B,). One more label, the null
class, means "any class". All weights follow one convention: u + weight (c - u), where u is what the network says
without the label and c what it says with it. Weight 0 is u, weight 1 is c, and above 1 the label counts more than it
does in the data. (2207.12598 writes (1 + w) c - w u: its w is ours less 1.) Shapes and `predicts` are as in `reverse`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor

from course_lib.fast_sampling import predict_start_and_noise
from course_lib.forward import extract
from course_lib.mixtures import GaussianMixture
from course_lib.schedules import NoiseSchedule, sigma_from_alphas_cumprod
from course_lib.types import Model, Predicts

ConditionalModel: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(x_t, t, labels) -> prediction: x_t (B, ...), t and labels long (B,), and the prediction in the shape of x_t."""

Classifier: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""(x_t, t) -> logits (B, K): x_t (B, ...), t long (B,)."""


# Guidance by the network's own label


def drop_labels(labels: Tensor, dropout: float, null_class: int, generator: torch.Generator) -> Tensor:
    """Replace each label by the null class with probability `dropout`, (B,) in and out. A label of -1 is one that is
    not known, and becomes the null class, too.

    A label is dropped where `torch.rand(len(labels), generator=generator, device=labels.device)` is below `dropout`.
    2207.12598, algorithm 1. So one network learns both: what a class looks like, and what anything looks like.
    """
    dropped = torch.rand(len(labels), generator=generator, device=labels.device) < dropout
    return labels.masked_fill(dropped | (labels < 0), null_class)


def guided_noise(
    model: ConditionalModel, x_t: Tensor, t: Tensor, labels: Tensor, null_class: int, weight: float | Tensor
) -> Tensor:
    """The model's prediction, guided towards the labels: (B, ...). x_t (B, ...); t and labels (B,); `weight` is a
    number, or a tensor that broadcasts with x_t.

    u + weight (c - u): u is what the model says of x_t with the label `null_class` in every row, c with `labels`. At
    weights 0 and 1 it is u and c, bit for bit. 2207.12598, equation 6, whose w is weight - 1.
    """
    unconditional = model(x_t, t, torch.full_like(labels, null_class))
    conditional = model(x_t, t, labels)
    return torch.lerp(unconditional, conditional, weight)


def in_interval(t: Tensor, schedule: NoiseSchedule, lowest: float, highest: float) -> Tensor:
    """Whether t lies at a noise level from `lowest` to `highest`, both included: bool (B,); t (B,).

    The noise level is sigma = sqrt((1 - alpha-bar_t) / alpha-bar_t). 2404.07724, equation 5. At high noise guidance
    takes variety away, at low noise it does nothing: outside the interval the network is asked once.
    """
    sigma = sigma_from_alphas_cumprod(schedule.alphas_cumprod)[t]
    return (lowest <= sigma) & (sigma <= highest)


def label_guided(
    model: ConditionalModel,
    labels: Tensor,
    null_class: int,
    weight: float,
    schedule: NoiseSchedule,
    lowest: float = 0.0,
    highest: float = float("inf"),
) -> Model:
    """A model (x_t, t) for every sampler: `guided_noise` where `in_interval` holds, elsewhere the model with labels.

    The model is called twice where at least one row is inside, otherwise once.
    """

    def guided(x_t: Tensor, t: Tensor) -> Tensor:
        inside = in_interval(t, schedule, lowest, highest)
        if not bool(inside.any()):
            return model(x_t, t, labels)
        weights = torch.where(inside, weight, 1.0).reshape(-1, *[1] * (x_t.ndim - 1)).to(x_t.dtype)
        return guided_noise(model, x_t, t, labels, null_class, weights)

    return guided


# Guidance by a classifier


def classifier_gradient(classifier: Classifier, x_t: Tensor, t: Tensor, labels: Tensor) -> Tensor:
    """The gradient of log p(labels | x_t) with respect to x_t, in the shape of x_t (B, ...); t and labels (B,).

    classifier(x_t, t) gives logits (B, K). Each row has its own gradient, as if it were alone. Works within
    `torch.no_grad()`, where samplers run, and returns a tensor without a graph. 2105.05233, algorithm 1.
    """
    with torch.enable_grad():
        x = x_t.detach().requires_grad_()
        log_probabilities = classifier(x, t).log_softmax(dim=1)  # (B, K)
        wanted = log_probabilities.gather(1, labels[:, None]).sum()
        return torch.autograd.grad(wanted, x)[0]


def classifier_guided(
    model: Model,
    classifier: Classifier,
    labels: Tensor,
    schedule: NoiseSchedule,
    weight: float,
) -> Model:
    """A model (x_t, t) that predicts noise and is pushed by the classifier: noise - weight sigma_t gradient.

    `model` predicts noise, sigma_t = sqrt(1 - alpha-bar_t), and the gradient is `classifier_gradient`. 2105.05233,
    algorithm 2. With the exact classifier, the class's share by Bayes' rule, this is `guided_noise`.
    """

    def guided(x_t: Tensor, t: Tensor) -> Tensor:
        gradient = classifier_gradient(classifier, x_t, t, labels)
        return model(x_t, t) - weight * extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape) * gradient

    return guided


def classifier_of_start(
    classifier: Callable[[Tensor], Tensor], model: Model, schedule: NoiseSchedule, predicts: Predicts = "noise"
) -> Classifier:
    """A classifier of clean images, x_0 -> logits (B, K), as one of noisy images (x_t, t): it looks at predicted x_0.

    A gradient with respect to x_t passes through `model`. 2302.07121, section 3.1.
    """

    def of_noisy(x_t: Tensor, t: Tensor) -> Tensor:
        return classifier(predict_start_and_noise(model, x_t, t, schedule, predicts)[0])

    return of_noisy


# Exact answers: each class is a mixture, and all classes are equally frequent


def exact_classifier(classes: Sequence[GaussianMixture], schedule: NoiseSchedule) -> Classifier:
    """log p(x_t | class k), which are the logits of the exact classifier: Bayes' rule is their softmax."""

    def logits(x_t: Tensor, t: Tensor) -> Tensor:
        return torch.stack([mixture.log_prob(x_t, t, schedule) for mixture in classes], dim=1)

    return logits


def exact_conditional_noise(
    x_t: Tensor, t: Tensor, labels: Tensor, classes: Sequence[GaussianMixture], schedule: NoiseSchedule
) -> Tensor:
    """E[noise | x_t, class], (B, ...): the perfect conditional network; the label K = len(classes) is the null class.

    For the null class it is the mean of what the classes say, weighted with how likely each is given x_t.
    """
    each = torch.stack([mixture.optimal_noise(x_t, t, schedule) for mixture in classes], dim=1)  # (B, K, ...)
    likely = exact_classifier(classes, schedule)(x_t, t).softmax(dim=1)  # (B, K)
    chosen = torch.eye(len(classes) + 1, len(classes)).to(likely)[labels]  # a row of zeros for the null class
    shares = torch.where((labels == len(classes))[:, None], likely, chosen)
    return (shares.reshape(*shares.shape, *[1] * (x_t.ndim - 1)) * each).sum(dim=1)


def exact_conditional_model(classes: Sequence[GaussianMixture], schedule: NoiseSchedule) -> ConditionalModel:
    """`exact_conditional_noise` as a conditional model (x_t, t, labels)."""
    return partial(exact_conditional_noise, classes=classes, schedule=schedule)
