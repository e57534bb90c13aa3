"""Answers to the quizzes of chapter 13."""

import math
import random

import numpy as np
import torch
from einops import rearrange, repeat
from torch import Tensor
from torch.nn import functional

from answers import disputed, right, wrong
from course_lib.forward import extract
from course_lib.schedules import sigma_from_alphas_cumprod, snr

# drop_labels


@right("drop_labels", "torch.where")
def drop_where(labels: Tensor, dropout: float, null_class: int, generator: torch.Generator) -> Tensor:
    u = torch.rand(len(labels), generator=generator, device=labels.device)
    return torch.where((u < dropout) | (labels == -1), null_class, labels)


@right("drop_labels", "a copy, filled through two masks, one after the other")
def drop_clone(labels, dropout, null_class, generator):
    result = labels.clone()
    result[torch.rand(labels.shape, generator=generator, device=labels.device) < dropout] = null_class
    result[labels < 0] = null_class
    return result


@right("drop_labels", "row by row, the draw as a list")
def drop_rows(labels, dropout, null_class, generator):
    draws = torch.rand(len(labels), generator=generator, device=labels.device).tolist()
    kept = []
    for label, draw in zip(labels.tolist(), draws, strict=True):
        kept.append(null_class if draw < dropout or label == -1 else label)
    return torch.tensor(kept, dtype=labels.dtype, device=labels.device)


@right("drop_labels", "numpy")
def drop_numpy(labels, dropout, null_class, generator):
    u = torch.rand(len(labels), generator=generator).numpy()
    values = labels.numpy()
    return torch.from_numpy(np.where((u < dropout) | (values < 0), null_class, values).astype(np.int64))


@right("drop_labels", "keep and drop as whole numbers that are multiplied")
def drop_arithmetic(labels, dropout, null_class, generator):
    keep = (torch.rand(len(labels), generator=generator, device=labels.device) >= dropout).long()
    keep = keep * (labels >= 0).long()
    return keep * labels + (1 - keep) * null_class


@right("drop_labels", "the unknown ones first, then index_fill at the places that are dropped")
def drop_index_fill(labels, dropout, null_class, generator):
    known = labels.masked_fill(labels == -1, null_class)
    u = torch.rand(len(labels), generator=generator, device=labels.device)
    return known.index_fill(0, (u < dropout).nonzero().flatten(), null_class)


@wrong("drop_labels", "keeps with probability dropout: the mask is the wrong way round")
def drop_keeps(labels, dropout, null_class, generator):
    kept = torch.rand(len(labels), generator=generator) < dropout
    return torch.where(kept & (labels >= 0), labels, null_class)


@wrong("drop_labels", "keeps with probability dropout: compares with >")
def drop_greater(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) > dropout
    return labels.masked_fill(dropped | (labels < 0), null_class)


@wrong("drop_labels", "-1 stays -1")
def drop_unknown_stays(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    return labels.masked_fill(dropped, null_class)


@wrong("drop_labels", "unknown labels become class 0, by clamping")
def drop_clamps(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    return labels.clamp(min=0).masked_fill(dropped, null_class)


@wrong("drop_labels", "one draw for the whole batch: all or none")
def drop_all_or_none(labels, dropout, null_class, generator):
    if torch.rand(1, generator=generator).item() < dropout:
        return torch.full_like(labels, null_class)
    return labels.masked_fill(labels < 0, null_class)


@wrong("drop_labels", "labels are overwritten")
def drop_in_place(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    labels[dropped | (labels < 0)] = null_class
    return labels


@wrong("drop_labels", "masked_fill_: the numbers are right, labels are overwritten")
def drop_masked_fill_in_place(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    return labels.masked_fill_(dropped | (labels < 0), null_class)


@wrong("drop_labels", "the generator is not used")
def drop_without_generator(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels)) < dropout
    return labels.masked_fill(dropped | (labels < 0), null_class)


@wrong("drop_labels", "a seed of its own, always the same rows")
def drop_own_seed(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=torch.Generator().manual_seed(0)) < dropout
    return labels.masked_fill(dropped | (labels < 0), null_class)


@wrong("drop_labels", "normal numbers: the probability is another one")
def drop_normal(labels, dropout, null_class, generator):
    dropped = torch.randn(len(labels), generator=generator) < dropout
    return labels.masked_fill(dropped | (labels < 0), null_class)


@wrong("drop_labels", "the null class is 0")
def drop_to_zero(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    return labels.masked_fill(dropped | (labels < 0), 0)


@wrong("drop_labels", "multiplied by the mask: dropped ones become 0")
def drop_multiplies(labels, dropout, null_class, generator):
    keep = torch.rand(len(labels), generator=generator) >= dropout
    return labels.masked_fill(labels < 0, null_class) * keep


@wrong("drop_labels", "the null class is -1, so dropped labels look unknown")
def drop_to_minus_one(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    return labels.masked_fill(dropped, -1)


@wrong("drop_labels", "the null class is guessed as one more than the largest label")
def drop_guesses_null(labels, dropout, null_class, generator):
    null = int(labels.max()) + 1
    dropped = torch.rand(len(labels), generator=generator) < dropout
    return labels.masked_fill(dropped | (labels < 0), null)


@wrong("drop_labels", "floats: an embedding cannot look them up")
def drop_floats(labels, dropout, null_class, generator):
    drop = (torch.rand(len(labels), generator=generator) < dropout).float()
    drop = torch.maximum(drop, (labels < 0).float())
    return labels * (1 - drop) + null_class * drop


@wrong("drop_labels", "torch.nn.functional.dropout: floats, scaled up, dropped ones 0")
def drop_functional(labels, dropout, null_class, generator):
    return functional.dropout(labels.float(), dropout)


@wrong("drop_labels", "int32")
def drop_int32(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    return labels.masked_fill(dropped | (labels < 0), null_class).int()


@wrong("drop_labels", "the mask comes back, not the labels")
def drop_mask(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    return dropped | (labels < 0)


@wrong("drop_labels", "the mask comes along")
def drop_with_mask(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    return labels.masked_fill(dropped | (labels < 0), null_class), dropped


@wrong("drop_labels", "the dropped rows are left out of the batch")
def drop_shorter(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    return labels[~(dropped | (labels < 0))]


@wrong("drop_labels", "exactly the share dropout of the rows, the first ones of a random order")
def drop_exact_share(labels, dropout, null_class, generator):
    order = torch.randperm(len(labels), generator=generator)
    result = labels.masked_fill(labels < 0, null_class)
    result[order[: round(dropout * len(labels))]] = null_class
    return result


@wrong("drop_labels", "and for or: only unknown labels that are drawn become the null class")
def drop_and(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    return labels.masked_fill(dropped & (labels < 0), null_class)


@wrong("drop_labels", "a column, (B, 1), for the mask: the result is (B, B)")
def drop_column(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), 1, generator=generator) < dropout
    return torch.where(dropped | (labels < 0), null_class, labels)


@wrong("drop_labels", "0.1 is hard-coded, as in the paper")
def drop_tenth(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < 0.1
    return labels.masked_fill(dropped | (labels < 0), null_class)


@wrong("drop_labels", "Python's own random numbers")
def drop_python_random(labels, dropout, null_class, generator):
    return torch.tensor([null_class if random.random() < dropout or y < 0 else y for y in labels.tolist()])


@wrong("drop_labels", "a dropped row gets a random class, not the null class")
def drop_to_random_class(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    other = torch.randint(0, max(null_class, 1), labels.shape, generator=generator)
    return torch.where(dropped, other, labels).masked_fill(labels < 0, null_class)


@wrong("drop_labels", "the wrong sign: known labels are taken for unknown ones")
def drop_positive_unknown(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    return labels.masked_fill(dropped | (labels > 0), null_class)


@wrong("drop_labels", "0 is taken for unknown")
def drop_zero_is_unknown(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    return labels.masked_fill(dropped | (labels <= 0), null_class)


@wrong("drop_labels", "a list")
def drop_list(labels, dropout, null_class, generator):
    draws = torch.rand(len(labels), generator=generator).tolist()
    return [null_class if u < dropout or y < 0 else y for y, u in zip(labels.tolist(), draws, strict=True)]


@wrong("drop_labels", "nothing is dropped where labels are known: evaluation, not training")
def drop_nothing(labels, dropout, null_class, generator):
    return labels.masked_fill(labels < 0, null_class)


@wrong("drop_labels", "a whole batch of null labels where any label is unknown")
def drop_any_unknown(labels, dropout, null_class, generator):
    dropped = torch.rand(len(labels), generator=generator) < dropout
    if (labels == -1).any():
        return torch.full_like(labels, null_class)
    return labels.masked_fill(dropped, null_class)


@disputed("drop_labels", "lucidrains' prob_mask_like: keeps where rand < 1 - dropout; the same probability, other rows")
def drop_keep_mask(labels, dropout, null_class, generator):
    keep = torch.rand(len(labels), generator=generator) < 1 - dropout
    return torch.where(keep & (labels >= 0), labels, null_class)


@disputed("drop_labels", "torch.bernoulli: the same probability and, on this CPU, the same rows; nothing promises it")
def drop_bernoulli(labels, dropout, null_class, generator):
    dropped = torch.bernoulli(torch.full((len(labels),), dropout), generator=generator).bool()
    return labels.masked_fill(dropped | (labels < 0), null_class)


@disputed("drop_labels", "a draw for the known labels only; the stub does not say that unknown ones are drawn for")
def drop_draws_known(labels, dropout, null_class, generator):
    result = labels.clone()
    known = labels >= 0
    u = torch.rand(int(known.sum()), generator=generator)
    result[known] = torch.where(u < dropout, null_class, labels[known])
    result[~known] = null_class
    return result


@disputed("drop_labels", "no draw at dropout 0: right labels, but the generator stays where it was")
def drop_no_draw_at_zero(labels, dropout, null_class, generator):
    unknown = labels < 0
    if dropout > 0:
        unknown = unknown | (torch.rand(len(labels), generator=generator) < dropout)
    return labels.masked_fill(unknown, null_class)


# guided_noise


@right("guided_noise", "u + weight (c - u), as it is written")
def guided_plain(model, x_t: Tensor, t: Tensor, labels: Tensor, null_class: int, weight) -> Tensor:
    nothing = torch.full_like(labels, null_class)
    u, c = model(x_t, t, nothing), model(x_t, t, labels)
    return u + weight * (c - u)


@right("guided_noise", "a weighted mean: (1 - weight) u + weight c; the label first")
def guided_mean(model, x_t, t, labels, null_class, weight):
    c = model(x_t, t, labels)
    u = model(x_t, t, torch.zeros_like(labels) + null_class)
    return (1 - weight) * u + weight * c


@right("guided_noise", "one call of twice as many rows")
def guided_doubled(model, x_t, t, labels, null_class, weight):
    both = torch.cat([labels, labels.new_full(labels.shape, null_class)])
    c, u = model(torch.cat([x_t, x_t]), torch.cat([t, t]), both).chunk(2)
    return c + (weight - 1) * (c - u)


@right("guided_noise", "the paper's letters: (1 + w) c - w u with w = weight - 1")
def guided_paper_letters(model, x_t, t, labels, null_class, weight):
    w = weight - 1
    return (1 + w) * model(x_t, t, labels) - w * model(x_t, t, torch.full_like(labels, null_class))


@right("guided_noise", "einops doubles the batch; addcmul")
def guided_einops(model, x_t, t, labels, null_class, weight):
    both = torch.stack([torch.full_like(labels, null_class), labels])
    doubled = repeat(x_t, "b ... -> (p b) ...", p=2), repeat(t, "b -> (p b)", p=2)
    output = model(*doubled, rearrange(both, "p b -> (p b)"))
    u, c = rearrange(output, "(p b) ... -> p b ...", p=2)
    return torch.addcmul(u, c - u, torch.as_tensor(weight, dtype=u.dtype, device=u.device))


@right("guided_noise", "row by row, with a batch of one each")
def guided_rows(model, x_t, t, labels, null_class, weight):
    weights = torch.as_tensor(weight, dtype=x_t.dtype).expand_as(x_t)
    rows = []
    for i in range(len(x_t)):
        one = slice(i, i + 1)
        u = model(x_t[one], t[one], torch.full_like(labels[one], null_class))
        c = model(x_t[one], t[one], labels[one])
        rows.append(u - weights[one] * (u - c))
    return torch.cat(rows)


def guided_with(combine, nothing=None, given=None, ask=None):
    """`guided_plain` with other parts: combine(u, c, weight), the labels without and with a class, the t asked for."""

    def guided(model, x_t, t, labels, null_class, weight):
        empty = nothing(labels, null_class) if nothing else torch.full_like(labels, null_class)
        asked = ask(t) if ask else t
        u = model(x_t, asked, empty)
        c = model(x_t, asked, given(labels, null_class) if given else labels)
        return combine(u, c, weight)

    return guided


def mixed(u, c, weight):
    """What `guided_noise` wants."""
    return u + weight * (c - u)


@wrong("guided_noise", "the paper's w: weight 0 is c, weight 1 is twice as far")
def guided_papers_w(model, x_t, t, labels, null_class, weight):
    return guided_with(lambda u, c, w: (1 + w) * c - w * u)(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "the two halves of a doubled batch are exchanged")
def guided_halves_exchanged(model, x_t, t, labels, null_class, weight):
    both = torch.cat([labels, torch.full_like(labels, null_class)])
    u, c = model(x_t.repeat(2, *[1] * (x_t.ndim - 1)), t.repeat(2), both).chunk(2)
    return u + weight * (c - u)


@wrong("guided_noise", "repeat_interleave with chunk: rows are mixed up")
def guided_interleaved(model, x_t, t, labels, null_class, weight):
    both = torch.cat([torch.full_like(labels, null_class), labels])
    u, c = model(x_t.repeat_interleave(2, dim=0), t.repeat_interleave(2), both).chunk(2)
    return u + weight * (c - u)


@wrong("guided_noise", "the batch is doubled, t is not")
def guided_t_not_doubled(model, x_t, t, labels, null_class, weight):
    both = torch.cat([torch.full_like(labels, null_class), labels])
    u, c = model(torch.cat([x_t, x_t]), t, both).chunk(2)
    return u + weight * (c - u)


@wrong("guided_noise", "u is not taken away: u + weight c")
def guided_adds(model, x_t, t, labels, null_class, weight):
    return guided_with(lambda u, c, w: u + w * c)(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "u is not put back: weight (c - u)")
def guided_difference(model, x_t, t, labels, null_class, weight):
    return guided_with(lambda u, c, w: w * (c - u))(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "away from the label: u + weight (u - c)")
def guided_away(model, x_t, t, labels, null_class, weight):
    return guided_with(lambda u, c, w: u + w * (u - c))(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "c + weight (u - c)")
def guided_from_c(model, x_t, t, labels, null_class, weight):
    return guided_with(lambda u, c, w: c + w * (u - c))(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "weight c - (1 - weight) u: a sign")
def guided_sign(model, x_t, t, labels, null_class, weight):
    return guided_with(lambda u, c, w: w * c - (1 - w) * u)(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "weight c - u")
def guided_weight_on_c(model, x_t, t, labels, null_class, weight):
    return guided_with(lambda u, c, w: w * c - u)(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "the scale is off by one in the other direction: u + (weight - 1)(c - u)")
def guided_less_one(model, x_t, t, labels, null_class, weight):
    return guided_with(lambda u, c, w: u + (w - 1) * (c - u))(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "divided by 1 + weight, as a mean")
def guided_divided(model, x_t, t, labels, null_class, weight):
    return guided_with(lambda u, c, w: (u + w * c) / (1 + w))(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "the weight is ignored")
def guided_conditional_only(model, x_t, t, labels, null_class, weight):
    return model(x_t, t, labels)


@wrong("guided_noise", "the null class is taken for class 0")
def guided_null_is_zero(model, x_t, t, labels, null_class, weight):
    step = guided_with(mixed, nothing=lambda labels, null: torch.zeros_like(labels))
    return step(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "the null class is taken for -1")
def guided_null_is_minus_one(model, x_t, t, labels, null_class, weight):
    step = guided_with(mixed, nothing=lambda labels, null: torch.full_like(labels, -1))
    return step(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "the null class is guessed as one more than the largest label")
def guided_guesses_null(model, x_t, t, labels, null_class, weight):
    step = guided_with(mixed, nothing=lambda labels, null: torch.full_like(labels, int(labels.max()) + 1))
    return step(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "u is asked without labels, which the model cannot do")
def guided_without_labels(model, x_t, t, labels, null_class, weight):
    u = model(x_t, t)
    return u + weight * (model(x_t, t, labels) - u)


@wrong("guided_noise", "labels are filled in place: c is u, and the caller's labels are gone")
def guided_fills_labels(model, x_t, t, labels, null_class, weight):
    c_labels = labels
    labels.fill_(null_class)
    u, c = model(x_t, t, labels), model(x_t, t, c_labels)
    return u + weight * (c - u)


@wrong("guided_noise", "labels are filled in place after c; the numbers are right")
def guided_fills_labels_later(model, x_t, t, labels, null_class, weight):
    c = model(x_t, t, labels)
    labels[:] = null_class
    u = model(x_t, t, labels)
    return u + weight * (c - u)


@wrong("guided_noise", "float(weight): no tensor with more than one number")
def guided_float_weight(model, x_t, t, labels, null_class, weight):
    return guided_with(lambda u, c, w: u + float(w) * (c - u))(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "the first row's weight for all")
def guided_first_weight(model, x_t, t, labels, null_class, weight):
    first = torch.as_tensor(weight).flatten()[0]
    return guided_with(mixed)(model, x_t, t, labels, null_class, first)


@wrong("guided_noise", "the mean of the weights for all")
def guided_mean_weight(model, x_t, t, labels, null_class, weight):
    one = torch.as_tensor(weight, dtype=x_t.dtype).mean()
    return guided_with(mixed)(model, x_t, t, labels, null_class, one)


@wrong("guided_noise", "weight is reshaped: a plain number has no view")
def guided_needs_tensor(model, x_t, t, labels, null_class, weight):
    return guided_with(mixed)(model, x_t, t, labels, null_class, weight.view(-1, 1, 1, 1))


@wrong("guided_noise", "short cuts with `if weight == 1`: a tensor of weights is neither true nor false")
def guided_short_cuts(model, x_t, t, labels, null_class, weight):
    if weight == 0:
        return model(x_t, t, torch.full_like(labels, null_class))
    if weight == 1:
        return model(x_t, t, labels)
    return guided_with(mixed)(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "diffusers' guidance only above 1: weights 0 and 1/2 give c")
def guided_above_one(model, x_t, t, labels, null_class, weight):
    if not bool((torch.as_tensor(weight) > 1).any()):
        return model(x_t, t, labels)
    return guided_with(mixed)(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "guidance_rescale of 2305.08891: the result has the std of c")
def guided_rescaled(model, x_t, t, labels, null_class, weight):
    def combine(u, c, w):
        guided, axes = u + w * (c - u), tuple(range(1, u.ndim))
        return guided * (c.std(dim=axes, keepdim=True) / guided.std(dim=axes, keepdim=True))

    return guided_with(combine)(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "clamped to [-1, 1], as if it were a picture")
def guided_clamped(model, x_t, t, labels, null_class, weight):
    step = guided_with(lambda u, c, w: (u + w * (c - u)).clamp(-1, 1))
    return step(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "the direction is scaled to length 1 first")
def guided_unit_direction(model, x_t, t, labels, null_class, weight):
    def combine(u, c, w):
        return u + w * (c - u) / (c - u).norm().clamp(min=1e-8)

    return guided_with(combine)(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "the first row's t for all")
def guided_first_t(model, x_t, t, labels, null_class, weight):
    step = guided_with(mixed, ask=lambda t: t[:1].expand_as(t))
    return step(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "the first row's label for all")
def guided_first_label(model, x_t, t, labels, null_class, weight):
    step = guided_with(mixed, given=lambda labels, null: torch.full_like(labels, int(labels[0])))
    return step(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "the null class is asked twice")
def guided_null_twice(model, x_t, t, labels, null_class, weight):
    step = guided_with(mixed, given=lambda labels, null: torch.full_like(labels, null))
    return step(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "labels are dropped at random, as in training; one call, times weight")
def guided_drops_some(model, x_t, t, labels, null_class, weight):
    dropped = torch.rand(len(labels)) < 0.5
    output = model(x_t, t, labels.masked_fill(dropped, null_class))
    return weight * output


@wrong("guided_noise", "both answers come back, stacked")
def guided_pair(model, x_t, t, labels, null_class, weight):
    return guided_with(lambda u, c, w: torch.stack([u, u + w * (c - u)]))(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "float64")
def guided_double(model, x_t, t, labels, null_class, weight):
    return guided_with(lambda u, c, w: u.double() + w * (c.double() - u))(model, x_t, t, labels, null_class, weight)


@wrong("guided_noise", "u is taken off x_t in place: c is asked of another picture")
def guided_changes_x_t(model, x_t, t, labels, null_class, weight):
    u = model(x_t, t, torch.full_like(labels, null_class))
    x_t -= u
    return u + weight * (model(x_t, t, labels) - u)


# in_interval


@right("in_interval", "from the two square roots of the schedule")
def inside_ratio(t: Tensor, schedule, lowest: float, highest: float) -> Tensor:
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t] / schedule.sqrt_alphas_cumprod[t]
    return (sigma >= lowest) & (sigma <= highest)


@right("in_interval", "snr, upside down; torch.logical_and")
def inside_snr(t, schedule, lowest, highest):
    sigma = snr(schedule.alphas_cumprod).rsqrt().gather(0, t)
    return torch.logical_and(sigma.ge(lowest), sigma.le(highest))


@right("in_interval", "not outside: 1 / alpha-bar - 1")
def inside_not_outside(t, schedule, lowest, highest):
    sigma = (1 / schedule.alphas_cumprod[t] - 1).sqrt()
    return ~((sigma < lowest) | (sigma > highest))


@right("in_interval", "row by row in plain numbers")
def inside_rows(t, schedule, lowest, highest):
    answers = []
    for step in t.tolist():
        bar = schedule.alphas_cumprod[step].item()
        sigma = math.sqrt((1 - bar) / bar) if bar > 0 else math.inf
        answers.append(lowest <= sigma <= highest)
    return torch.tensor(answers, dtype=torch.bool, device=t.device)


@right("in_interval", "clamping changes nothing inside")
def inside_clamp(t, schedule, lowest, highest):
    sigma = extract(sigma_from_alphas_cumprod(schedule.alphas_cumprod), t, (len(t),))
    return sigma.clamp(lowest, highest) == sigma


@right("in_interval", "the mask of the whole table, then looked up; numpy")
def inside_numpy(t, schedule, lowest, highest):
    bars = schedule.alphas_cumprod.cpu().numpy()
    with np.errstate(divide="ignore"):
        sigmas = np.sqrt((1 - bars) / bars)
    return torch.from_numpy((sigmas >= lowest) & (sigmas <= highest))[t]


@right("in_interval", "from the betas in float64; other digits than float32 has")
def inside_double(t, schedule, lowest, highest):
    bars = (1 - schedule.betas.double()).cumprod(0)
    sigma = ((1 - bars) / bars).sqrt()[t].float()
    return (lowest <= sigma) & (sigma <= highest)


def inside_with(level=None, compare=None):
    """`inside_ratio` with another level or another comparison."""

    def inside(t, schedule, lowest, highest):
        sigma = level(schedule, t) if level else sigma_from_alphas_cumprod(schedule.alphas_cumprod)[t]
        if compare:
            return compare(sigma, lowest, highest)
        return (lowest <= sigma) & (sigma <= highest)

    return inside


@wrong("in_interval", "neither end is included")
def inside_open(t, schedule, lowest, highest):
    return inside_with(compare=lambda s, low, high: (low < s) & (s < high))(t, schedule, lowest, highest)


@wrong("in_interval", "the lowest is left out")
def inside_open_below(t, schedule, lowest, highest):
    return inside_with(compare=lambda s, low, high: (low < s) & (s <= high))(t, schedule, lowest, highest)


@wrong("in_interval", "the highest is left out")
def inside_open_above(t, schedule, lowest, highest):
    return inside_with(compare=lambda s, low, high: (low <= s) & (s < high))(t, schedule, lowest, highest)


@wrong("in_interval", "or for and: always true")
def inside_or(t, schedule, lowest, highest):
    return inside_with(compare=lambda s, low, high: (low <= s) | (s <= high))(t, schedule, lowest, highest)


@wrong("in_interval", "true outside")
def inside_outside(t, schedule, lowest, highest):
    return inside_with(compare=lambda s, low, high: (s < low) | (s > high))(t, schedule, lowest, highest)


@wrong("in_interval", "only the lowest counts")
def inside_lowest_only(t, schedule, lowest, highest):
    return inside_with(compare=lambda s, low, high: s >= low)(t, schedule, lowest, highest)


@wrong("in_interval", "only the highest counts")
def inside_highest_only(t, schedule, lowest, highest):
    return inside_with(compare=lambda s, low, high: s <= high)(t, schedule, lowest, highest)


@wrong("in_interval", "lowest and highest are exchanged: never true")
def inside_exchanged(t, schedule, lowest, highest):
    return inside_with(compare=lambda s, low, high: (high <= s) & (s <= low))(t, schedule, lowest, highest)


@wrong("in_interval", "a chain of comparisons: a tensor is neither true nor false")
def inside_chain(t, schedule, lowest, highest):
    return inside_with(compare=lambda s, low, high: low <= s <= high)(t, schedule, lowest, highest)


@wrong("in_interval", "`and`: a tensor is neither true nor false")
def inside_and(t, schedule, lowest, highest):
    return inside_with(compare=lambda s, low, high: (low <= s) and (s <= high))(t, schedule, lowest, highest)


@wrong("in_interval", "one answer for the batch: whether all are inside")
def inside_all(t, schedule, lowest, highest):
    return inside_with(compare=lambda s, low, high: ((low <= s) & (s <= high)).all())(t, schedule, lowest, highest)


@wrong("in_interval", "one Python bool for the batch, from the first row")
def inside_first_row(t, schedule, lowest, highest):
    return inside_with(compare=lambda s, low, high: low <= float(s[0]) <= high)(t, schedule, lowest, highest)


@wrong("in_interval", "the first row's answer for all")
def inside_first_for_all(t, schedule, lowest, highest):
    step = inside_with(lambda s, t: sigma_from_alphas_cumprod(s.alphas_cumprod)[t[0]].expand(len(t)))
    return step(t, schedule, lowest, highest)


@wrong("in_interval", "a column, (B, 1)")
def inside_column(t, schedule, lowest, highest):
    return inside_with()(t, schedule, lowest, highest)[:, None]


@wrong("in_interval", "floats, 0 and 1")
def inside_floats(t, schedule, lowest, highest):
    return inside_with()(t, schedule, lowest, highest).float()


@wrong("in_interval", "whole numbers, 0 and 1")
def inside_long(t, schedule, lowest, highest):
    return inside_with()(t, schedule, lowest, highest).long()


@wrong("in_interval", "a list")
def inside_list(t, schedule, lowest, highest):
    return inside_with()(t, schedule, lowest, highest).tolist()


@wrong("in_interval", "the places of the rows that are inside")
def inside_places(t, schedule, lowest, highest):
    return inside_with()(t, schedule, lowest, highest).nonzero().flatten()


@wrong("in_interval", "the whole table, not the rows' t")
def inside_table(t, schedule, lowest, highest):
    sigma = sigma_from_alphas_cumprod(schedule.alphas_cumprod)
    return (lowest <= sigma) & (sigma <= highest)


@wrong("in_interval", "the noise in x_t, sqrt(1 - alpha-bar), never above 1")
def inside_noise_in_x_t(t, schedule, lowest, highest):
    return inside_with(lambda s, t: s.sqrt_one_minus_alphas_cumprod[t])(t, schedule, lowest, highest)


@wrong("in_interval", "the variance: no root")
def inside_variance(t, schedule, lowest, highest):
    return inside_with(lambda s, t: ((1 - s.alphas_cumprod) / s.alphas_cumprod)[t])(t, schedule, lowest, highest)


@wrong("in_interval", "the root of the wrong quotient: signal by noise")
def inside_upside_down(t, schedule, lowest, highest):
    return inside_with(lambda s, t: snr(s.alphas_cumprod).sqrt()[t])(t, schedule, lowest, highest)


@wrong("in_interval", "the root of the numerator only")
def inside_root_above(t, schedule, lowest, highest):
    step = inside_with(lambda s, t: (s.sqrt_one_minus_alphas_cumprod / s.alphas_cumprod)[t])
    return step(t, schedule, lowest, highest)


@wrong("in_interval", "log-SNR in the place of sigma")
def inside_log_snr(t, schedule, lowest, highest):
    return inside_with(lambda s, t: snr(s.alphas_cumprod).log()[t])(t, schedule, lowest, highest)


@wrong("in_interval", "log sigma / 4, what EDM's network is told")
def inside_c_noise(t, schedule, lowest, highest):
    step = inside_with(lambda s, t: sigma_from_alphas_cumprod(s.alphas_cumprod)[t].log() / 4)
    return step(t, schedule, lowest, highest)


@wrong("in_interval", "t itself is compared")
def inside_t(t, schedule, lowest, highest):
    return inside_with(lambda s, t: t)(t, schedule, lowest, highest)


@wrong("in_interval", "t / T, as if the interval were a share of the way")
def inside_share(t, schedule, lowest, highest):
    return inside_with(lambda s, t: t / s.timesteps)(t, schedule, lowest, highest)


@wrong("in_interval", "sqrt(beta_t), the noise of a single step")
def inside_beta(t, schedule, lowest, highest):
    return inside_with(lambda s, t: s.betas.sqrt()[t])(t, schedule, lowest, highest)


@wrong("in_interval", "alpha of one step in the place of alpha-bar")
def inside_alpha(t, schedule, lowest, highest):
    return inside_with(lambda s, t: sigma_from_alphas_cumprod(s.alphas)[t])(t, schedule, lowest, highest)


@wrong("in_interval", "the level of t - 1")
def inside_before(t, schedule, lowest, highest):
    step = inside_with(lambda s, t: sigma_from_alphas_cumprod(s.alphas_cumprod_prev)[t])
    return step(t, schedule, lowest, highest)


@wrong("in_interval", "the posterior's standard deviation")
def inside_posterior(t, schedule, lowest, highest):
    return inside_with(lambda s, t: s.posterior_variance.sqrt()[t])(t, schedule, lowest, highest)


@wrong("in_interval", "sigma as a share of the largest sigma")
def inside_normalised(t, schedule, lowest, highest):
    def level(s, t):
        sigma = sigma_from_alphas_cumprod(s.alphas_cumprod)
        return (sigma / sigma.max())[t]

    return inside_with(level)(t, schedule, lowest, highest)


@wrong("in_interval", "t is sorted first: the answers belong to other rows")
def inside_sorted(t, schedule, lowest, highest):
    step = inside_with(lambda s, t: sigma_from_alphas_cumprod(s.alphas_cumprod)[t.sort().values])
    return step(t, schedule, lowest, highest)


# classifier_gradient


@right("classifier_gradient", "cross-entropy, summed and with the sign changed")
def gradient_cross_entropy(classifier, x_t: Tensor, t: Tensor, labels: Tensor) -> Tensor:
    with torch.enable_grad():
        x = x_t.detach().clone().requires_grad_(True)
        loss = functional.cross_entropy(classifier(x, t), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, x)
    return -gradient


@right("classifier_gradient", "guided-diffusion's: log_softmax and a range of rows")
def gradient_openai(classifier, x_t, t, labels):
    with torch.enable_grad():
        x_in = x_t.detach().requires_grad_(True)
        log_probs = functional.log_softmax(classifier(x_in, t), dim=-1)
        selected = log_probs[range(len(log_probs)), labels.view(-1)]
        return torch.autograd.grad(selected.sum(), x_in)[0]


@right("classifier_gradient", "logit less logsumexp; backward into x alone")
def gradient_backward(classifier, x_t, t, labels):
    x = x_t.detach().clone()
    x.requires_grad = True
    with torch.enable_grad():
        logits = classifier(x, t)
        wanted = logits[torch.arange(len(x)), labels] - logits.logsumexp(dim=1)
        wanted.sum().backward(inputs=[x])
    return x.grad


@right("classifier_gradient", "torch.func.grad, one-hot labels")
def gradient_func(classifier, x_t, t, labels):
    def log_probability(x):
        logits = classifier(x, t)
        return (functional.one_hot(labels, logits.shape[1]) * logits.log_softmax(dim=1)).sum()

    return torch.func.grad(log_probability)(x_t.detach()).detach()


@right("classifier_gradient", "row by row, with a batch of one each")
def gradient_rows(classifier, x_t, t, labels):
    rows = []
    for i in range(len(x_t)):
        with torch.enable_grad():
            x = x_t[i : i + 1].detach().requires_grad_()
            log_probs = torch.log_softmax(classifier(x, t[i : i + 1]), dim=1)
            rows.append(torch.autograd.grad(log_probs[0, labels[i]], x)[0])
    return torch.cat(rows)


@right("classifier_gradient", "grad_outputs of ones for a vector of log-probabilities")
def gradient_of_vector(classifier, x_t, t, labels):
    with torch.enable_grad():
        x = x_t.detach().requires_grad_()
        each = -functional.nll_loss(classifier(x, t).log_softmax(1), labels, reduction="none")
        return torch.autograd.grad(each, x, grad_outputs=torch.ones_like(each))[0]


@right("classifier_gradient", "by the chain rule: one-hot less softmax goes backwards through the logits")
def gradient_chain_rule(classifier, x_t, t, labels):
    with torch.enable_grad():
        x = x_t.detach().requires_grad_()
        logits = classifier(x, t)
        error = functional.one_hot(labels, logits.shape[1]) - logits.detach().softmax(dim=1)
        return torch.autograd.grad(logits, x, error)[0]


@right("classifier_gradient", "log_softmax twice, which changes nothing: its output is normalised already")
def gradient_twice(classifier, x_t, t, labels):
    with torch.enable_grad():
        x = x_t.detach().requires_grad_()
        log_probs = torch.nn.LogSoftmax(dim=1)(classifier(x, t))
        return -torch.autograd.grad(torch.nn.CrossEntropyLoss(reduction="sum")(log_probs, labels), x)[0]


def gradient_with(wanted=None, after=None, at=None):
    """The gradient of wanted(logits, labels), summed; at(t) is what the classifier is asked for."""

    def gradient(classifier, x_t, t, labels):
        with torch.enable_grad():
            x = x_t.detach().requires_grad_()
            logits = classifier(x, at(t) if at else t)
            score = wanted(logits, labels) if wanted else logits.log_softmax(dim=1).gather(1, labels[:, None])
            found = torch.autograd.grad(score.sum(), x)[0]
        return after(found) if after else found

    return gradient


@wrong("classifier_gradient", "the gradient of the logit: no softmax")
def gradient_logit(classifier, x_t, t, labels):
    return gradient_with(lambda z, y: z.gather(1, y[:, None]))(classifier, x_t, t, labels)


@wrong("classifier_gradient", "the gradient of the probability: no logarithm")
def gradient_probability(classifier, x_t, t, labels):
    return gradient_with(lambda z, y: z.softmax(dim=1).gather(1, y[:, None]))(classifier, x_t, t, labels)


@wrong("classifier_gradient", "the gradient of the loss: away from the class")
def gradient_of_loss(classifier, x_t, t, labels):
    step = gradient_with(lambda z, y: functional.cross_entropy(z, y, reduction="sum"))
    return step(classifier, x_t, t, labels)


@wrong("classifier_gradient", "the mean over the batch: a row's gradient depends on how many there are")
def gradient_mean(classifier, x_t, t, labels):
    step = gradient_with(lambda z, y: z.log_softmax(dim=1).gather(1, y[:, None]).mean())
    return step(classifier, x_t, t, labels)


@wrong("classifier_gradient", "cross_entropy as it is: the mean, and of the loss")
def gradient_mean_loss(classifier, x_t, t, labels):
    return gradient_with(functional.cross_entropy)(classifier, x_t, t, labels)


@wrong("classifier_gradient", "the sum over all classes: the label plays no part")
def gradient_all_classes(classifier, x_t, t, labels):
    return gradient_with(lambda z, y: z.log_softmax(dim=1))(classifier, x_t, t, labels)


@wrong("classifier_gradient", "the softmax goes over the batch")
def gradient_softmax_over_batch(classifier, x_t, t, labels):
    return gradient_with(lambda z, y: z.log_softmax(dim=0).gather(1, y[:, None]))(classifier, x_t, t, labels)


@wrong("classifier_gradient", "log_probs[:, labels]: each row gets the labels of all")
def gradient_every_label(classifier, x_t, t, labels):
    return gradient_with(lambda z, y: z.log_softmax(dim=1)[:, y])(classifier, x_t, t, labels)


@wrong("classifier_gradient", "log_probs[labels]: picks rows, not classes")
def gradient_picks_rows(classifier, x_t, t, labels):
    return gradient_with(lambda z, y: z.log_softmax(dim=1)[y % len(z)])(classifier, x_t, t, labels)


@wrong("classifier_gradient", "gather along the batch")
def gradient_gathers_rows(classifier, x_t, t, labels):
    step = gradient_with(lambda z, y: z.log_softmax(dim=1).gather(0, (y % len(z))[:, None]))
    return step(classifier, x_t, t, labels)


@wrong("classifier_gradient", "the likeliest class, whatever the labels say")
def gradient_likeliest(classifier, x_t, t, labels):
    return gradient_with(lambda z, y: z.log_softmax(dim=1).max(dim=1).values)(classifier, x_t, t, labels)


@wrong("classifier_gradient", "the first row's label for all")
def gradient_first_label(classifier, x_t, t, labels):
    return gradient_with(lambda z, y: z.log_softmax(dim=1)[:, y[0]])(classifier, x_t, t, labels)


@wrong("classifier_gradient", "a sigmoid for each class, as if several could hold")
def gradient_sigmoid(classifier, x_t, t, labels):
    return gradient_with(lambda z, y: functional.logsigmoid(z).gather(1, y[:, None]))(classifier, x_t, t, labels)


@wrong("classifier_gradient", "the logit less the mean of the logits")
def gradient_less_mean(classifier, x_t, t, labels):
    step = gradient_with(lambda z, y: z.gather(1, y[:, None])[:, 0] - z.mean(dim=1))
    return step(classifier, x_t, t, labels)


@wrong("classifier_gradient", "nll_loss of the logits: no softmax, the mean, and the sign")
def gradient_nll_of_logits(classifier, x_t, t, labels):
    return gradient_with(functional.nll_loss)(classifier, x_t, t, labels)


@wrong("classifier_gradient", "cross_entropy of probabilities: the softmax twice")
def gradient_softmax_twice(classifier, x_t, t, labels):
    step = gradient_with(lambda z, y: -functional.cross_entropy(z.softmax(dim=1), y, reduction="sum"))
    return step(classifier, x_t, t, labels)


@wrong("classifier_gradient", "the gradient of the entropy: log-probabilities, weighted and summed")
def gradient_entropy(classifier, x_t, t, labels):
    return gradient_with(lambda z, y: z.softmax(dim=1) * z.log_softmax(dim=1))(classifier, x_t, t, labels)


@wrong("classifier_gradient", "the first row's t for all")
def gradient_first_t(classifier, x_t, t, labels):
    return gradient_with(at=lambda t: t[:1].expand_as(t))(classifier, x_t, t, labels)


@wrong("classifier_gradient", "the classifier is asked at t = 0, as if x_t were clean")
def gradient_clean(classifier, x_t, t, labels):
    return gradient_with(at=torch.zeros_like)(classifier, x_t, t, labels)


@wrong("classifier_gradient", "each row's gradient is scaled to length 1")
def gradient_unit(classifier, x_t, t, labels):
    def after(g):
        return g / g.flatten(1).norm(dim=1).reshape(-1, *[1] * (g.ndim - 1))

    return gradient_with(after=after)(classifier, x_t, t, labels)


@wrong("classifier_gradient", "only the sign, as adversarial examples use it")
def gradient_sign(classifier, x_t, t, labels):
    return gradient_with(after=torch.sign)(classifier, x_t, t, labels)


@wrong("classifier_gradient", "clamped to [-1, 1]")
def gradient_clamped(classifier, x_t, t, labels):
    return gradient_with(after=lambda g: g.clamp(-1, 1))(classifier, x_t, t, labels)


@wrong("classifier_gradient", "one gradient for the batch, its mean")
def gradient_batch_mean(classifier, x_t, t, labels):
    return gradient_with(after=lambda g: g.mean(dim=0, keepdim=True).expand_as(g))(classifier, x_t, t, labels)


@wrong("classifier_gradient", "flattened, (B, d)")
def gradient_flattened(classifier, x_t, t, labels):
    return gradient_with(after=lambda g: g.reshape(len(g), -1))(classifier, x_t, t, labels)


@wrong("classifier_gradient", "the tuple that autograd.grad returns")
def gradient_tuple(classifier, x_t, t, labels):
    return gradient_with(after=lambda g: (g,))(classifier, x_t, t, labels)


@wrong("classifier_gradient", "the log-probability itself, no gradient")
def gradient_missing(classifier, x_t, t, labels):
    return classifier(x_t, t).log_softmax(dim=1).gather(1, labels[:, None])[:, 0]


@wrong("classifier_gradient", "one-hot less softmax: the gradient with respect to the logits")
def gradient_of_logits(classifier, x_t, t, labels):
    logits = classifier(x_t, t)
    return functional.one_hot(labels, logits.shape[1]) - logits.softmax(dim=1)


@wrong("classifier_gradient", "no enable_grad: within no_grad there is no graph")
def gradient_without_enable_grad(classifier, x_t, t, labels):
    x = x_t.detach().clone().requires_grad_()
    log_probs = classifier(x, t).log_softmax(dim=1)
    return torch.autograd.grad(log_probs.gather(1, labels[:, None]).sum(), x)[0]


@wrong("classifier_gradient", "enable_grad begins too late, after the classifier")
def gradient_enables_late(classifier, x_t, t, labels):
    x = x_t.detach().clone().requires_grad_()
    log_probs = classifier(x, t).log_softmax(dim=1)
    with torch.enable_grad():
        return torch.autograd.grad(log_probs.gather(1, labels[:, None]).sum(), x)[0]


@wrong("classifier_gradient", "x_t itself is made to require gradients")
def gradient_marks_x_t(classifier, x_t, t, labels):
    with torch.enable_grad():
        x_t.requires_grad_()
        log_probs = classifier(x_t, t).log_softmax(dim=1)
        return torch.autograd.grad(log_probs.gather(1, labels[:, None]).sum(), x_t)[0]


@wrong("classifier_gradient", "the gradient is looked for at x_t, not at its copy: None")
def gradient_none(classifier, x_t, t, labels):
    with torch.enable_grad():
        x = x_t.detach().clone().requires_grad_()
        classifier(x, t).log_softmax(dim=1).gather(1, labels[:, None]).sum().backward(inputs=[x])
    return x_t.grad


@wrong("classifier_gradient", "backward on a vector, which needs a number")
def gradient_of_vector_fails(classifier, x_t, t, labels):
    with torch.enable_grad():
        x = x_t.detach().requires_grad_()
        log_probs = classifier(x, t).log_softmax(dim=1)
        log_probs.gather(1, labels[:, None]).backward()
    return x.grad


@wrong("classifier_gradient", "x_t is never asked to record anything")
def gradient_not_required(classifier, x_t, t, labels):
    with torch.enable_grad():
        log_probs = classifier(x_t, t).log_softmax(dim=1)
        return torch.autograd.grad(log_probs.gather(1, labels[:, None]).sum(), x_t)[0]


@wrong("classifier_gradient", "x is detached again on its way into the classifier")
def gradient_detached(classifier, x_t, t, labels):
    with torch.enable_grad():
        x = x_t.detach().requires_grad_()
        log_probs = classifier(x.detach(), t).log_softmax(dim=1)
        return torch.autograd.grad(log_probs.gather(1, labels[:, None]).sum(), x)[0]


@wrong("classifier_gradient", "the result drags a graph along")
def gradient_with_graph(classifier, x_t, t, labels):
    with torch.enable_grad():
        x = x_t.detach().requires_grad_()
        log_probs = classifier(x, t).log_softmax(dim=1)
        return torch.autograd.grad(log_probs.gather(1, labels[:, None]).sum(), x, create_graph=True)[0]


@wrong("classifier_gradient", "x_t goes a step along the gradient")
def gradient_step(classifier, x_t, t, labels):
    return x_t + gradient_with()(classifier, x_t, t, labels)


@disputed("classifier_gradient", "log(softmax): the formula, but not finite where a logit lies far below the others")
def gradient_log_of_softmax(classifier, x_t, t, labels):
    return gradient_with(lambda z, y: z.softmax(dim=1).gather(1, y[:, None]).log())(classifier, x_t, t, labels)


@disputed("classifier_gradient", "log(softmax + 1e-8): nearly the formula where the class is not too unlikely")
def gradient_with_epsilon(classifier, x_t, t, labels):
    step = gradient_with(lambda z, y: (z.softmax(dim=1).gather(1, y[:, None]) + 1e-8).log())
    return step(classifier, x_t, t, labels)


@disputed("classifier_gradient", "backward(): right numbers, but gradients are left in the classifier's own weights")
def gradient_backward_everywhere(classifier, x_t, t, labels):
    with torch.enable_grad():
        x = x_t.detach().clone().requires_grad_()
        classifier(x, t).log_softmax(dim=1).gather(1, labels[:, None]).sum().backward()
    return x.grad
