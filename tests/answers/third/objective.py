"""Answers to the new quizzes of chapter 06."""

import torch
from torch import Tensor

from answers import right, wrong
from course_lib.forward import extract

# bound_weight


@wrong("bound_weight", "the 2 is forgotten")
def weight_without_two(t, schedule):
    beta, alpha, bar = schedule.betas[t], schedule.alphas[t], schedule.alphas_cumprod[t]
    return beta / (alpha * (1 - bar))


@wrong("bound_weight", "alpha and alpha-bar are swapped")
def weight_swapped_alphas(t, schedule):
    beta, alpha, bar = schedule.betas[t], schedule.alphas[t], schedule.alphas_cumprod[t]
    return beta / (2 * bar * (1 - alpha))


@wrong("bound_weight", "beta squared: not divided by the variance")
def weight_beta_squared(t, schedule):
    beta, alpha, bar = schedule.betas[t], schedule.alphas[t], schedule.alphas_cumprod[t]
    return beta**2 / (2 * alpha * (1 - bar))


@wrong("bound_weight", "alpha is missing")
def weight_without_alpha(t, schedule):
    return schedule.betas[t] / (2 * (1 - schedule.alphas_cumprod[t]))


@wrong("bound_weight", "alpha-bar where alpha belongs")
def weight_bar_twice(t, schedule):
    bar = schedule.alphas_cumprod[t]
    return schedule.betas[t] / (2 * bar * (1 - bar))


@wrong("bound_weight", "alpha where alpha-bar belongs")
def weight_alpha_twice(t, schedule):
    alpha = schedule.alphas[t]
    return schedule.betas[t] / (2 * alpha * (1 - alpha))


@wrong("bound_weight", "with the variance beta-tilde")
def weight_beta_tilde(t, schedule):
    beta, alpha, bar = schedule.betas[t], schedule.alphas[t], schedule.alphas_cumprod[t]
    return beta**2 / (2 * schedule.posterior_variance[t] * alpha * (1 - bar))


@wrong("bound_weight", "the factor of the difference, not squared")
def weight_unsquared(t, schedule):
    beta, alpha, bar = schedule.betas[t], schedule.alphas[t], schedule.alphas_cumprod[t]
    return beta / (alpha.sqrt() * (1 - bar).sqrt())


@wrong("bound_weight", "the root of 1 - alpha-bar")
def weight_root(t, schedule):
    beta, alpha = schedule.betas[t], schedule.alphas[t]
    return beta / (2 * alpha * schedule.sqrt_one_minus_alphas_cumprod[t])


@wrong("bound_weight", "shaped for pictures")
def weight_four_axes(t, schedule):
    weight = schedule.betas / (2 * schedule.alphas * (1 - schedule.alphas_cumprod))
    return weight[t].reshape(-1, 1, 1, 1)


@wrong("bound_weight", "all steps: t plays no part")
def weight_all_steps(t, schedule):
    return schedule.betas / (2 * schedule.alphas * (1 - schedule.alphas_cumprod))


@wrong("bound_weight", "alpha-bar of the step before, infinite at t = 0")
def weight_bar_before(t, schedule):
    beta, alpha, bar = schedule.betas[t], schedule.alphas[t], schedule.alphas_cumprod_prev[t]
    return beta / (2 * alpha * (1 - bar))


@wrong("bound_weight", "the weight of the error of x_0")
def weight_of_start(t, schedule):
    return schedule.posterior_mean_coef1[t] ** 2 / (2 * schedule.betas[t])


@wrong("bound_weight", "upside down")
def weight_inverse(t, schedule):
    beta, alpha, bar = schedule.betas[t], schedule.alphas[t], schedule.alphas_cumprod[t]
    return 2 * alpha * (1 - bar) / beta


@wrong("bound_weight", "a precedence slip: times alpha instead of divided")
def weight_precedence(t, schedule):
    beta, alpha, bar = schedule.betas[t], schedule.alphas[t], schedule.alphas_cumprod[t]
    return beta / 2 * alpha / (1 - bar)


@wrong("bound_weight", "divided by its mean over the batch")
def weight_normalised(t, schedule):
    weight = schedule.betas[t] / (2 * schedule.alphas[t] * (1 - schedule.alphas_cumprod[t]))
    return weight / weight.mean()


@wrong("bound_weight", "t is counted from 1")
def weight_from_one(t, schedule):
    weight = schedule.betas / (2 * schedule.alphas * (1 - schedule.alphas_cumprod))
    return weight[t - 1]


@right("bound_weight", "from the posterior's weight of x_0, as in the derivation")
def weight_by_derivation(t: Tensor, schedule) -> Tensor:
    beta, bar = schedule.betas[t], schedule.alphas_cumprod[t]
    difference = schedule.posterior_mean_coef1[t] * ((1 - bar) / bar).sqrt()
    return difference.square() / (2 * beta)


@right("bound_weight", "the table for all steps first")
def weight_by_table(t, schedule):
    table = 0.5 * schedule.betas / schedule.alphas / (1 - schedule.alphas_cumprod)
    return table.gather(0, t)


@right("bound_weight", "extract with the shape of t")
def weight_by_extract(t, schedule):
    beta, alpha, root = (
        extract(values, t, t.shape)
        for values in (schedule.betas, schedule.alphas, schedule.sqrt_one_minus_alphas_cumprod)
    )
    return beta / (2 * alpha * root**2)


@right("bound_weight", "step by step in plain numbers, all from the betas")
def weight_by_numbers(t, schedule):
    weights = []
    for step in t.tolist():
        betas = schedule.betas[: step + 1].double()
        bar = float((1 - betas).prod())
        beta = float(betas[-1])
        weights.append(beta / (2 * (1 - beta) * (1 - bar)))
    return torch.tensor(weights, dtype=schedule.betas.dtype)


@right("bound_weight", "logarithms")
def weight_by_logarithms(t, schedule):
    beta, alpha, bar = schedule.betas[t], schedule.alphas[t], schedule.alphas_cumprod[t]
    return torch.exp(beta.log() - alpha.log() - torch.log(1 - bar)) / 2
