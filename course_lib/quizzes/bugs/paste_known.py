"""Quiz `paste_known` of chapter 17."""

import torch

from course_lib import bugs
from course_lib.checker.quiz import Quiz
from course_lib.forward import q_sample
from course_lib.quizzes.inputs import noisy_batches

MASKS = [(12, 16), (8, 1, 12, 8), (6,), (7, 3), (9,), (1, 3)]


def pictures_with_known_parts(g: torch.Generator) -> list[tuple]:
    """Cases (x_t, x_known, mask, t, noise, schedule): every mask has both values, some are the same in all rows.

    The known picture of the third has no 0 in it, that of the second has many.
    """
    cases = []
    for number, ((x, t, noise, schedule), shape) in enumerate(zip(noisy_batches(g), MASKS, strict=True)):
        known = torch.randn(x.shape, generator=g)
        if x.ndim == 4:  # something to look at
            known = 1.3 * torch.cos(torch.linspace(0, 12, x.shape[-1]) + known[..., :1, :1])
            x = x + torch.randn(x.shape, generator=g)
        mask = (torch.rand(shape, generator=g) < 0.5).float()
        if len(shape) > 1 and shape[-1] > 3:  # a rectangle, another one in each row
            columns, rows = torch.arange(shape[-1]), torch.arange(shape[-2])[:, None]
            width = torch.randint(3, shape[-1] - 2, (*shape[:-2], 1, 1), generator=g)
            mask = ((columns < width) | (rows < 3)).float()
        mask.view(-1)[:2] = torch.tensor([1.0, 0.0])
        if number == 1:
            known = known * mask  # with a hole, as pictures for inpainting often come
        cases.append((x, known, mask, t, noise, schedule))
    return cases


paste_known = Quiz(
    bugs.paste_known,
    cases=pictures_with_known_parts,
    points=2,
    minutes=8,
    difficulty=2,
    importance=4,
    hints=(
        "There are two bugs. Draw a picture with a known left half, as the network gets it in the middle of the way: "
        "what is on the left, and what is on the right?",
        "Both halves need the same noise level, that of t: `q_sample` brings the known picture there. "
        "And the mask is 1 where the picture is known.",
        "torch.where(mask.bool(), q_sample(x_known, t, noise, schedule), x_t)",
    ),
)

NOISED = "q_sample(x_known, t, noise, schedule)"
JOINED = f"torch.where(mask.bool(), {NOISED}, x_t)"
SIGNAL = "extract(schedule.sqrt_alphas_cumprod, t, x_t.shape) * x_known"
SPREAD = "extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape) * noise"

# The mask
paste_known.edits(
    mask_inverted=(
        f"{JOINED} -> torch.where(mask.bool(), x_t, {NOISED})",
        "The mask is inverted: the known part is drawn, and the unknown one is kept. Here 1 means known.",
    ),
    without_the_complement=(
        f"{JOINED} -> mask * {NOISED} + x_t",
        "Where the mask is 1, the drawn part still is there, and the known one is added to it.",
    ),
    only_the_drawn_part_masked=(
        f"{JOINED} -> {NOISED} + (1 - mask.float()) * x_t",
        "Where the mask is 0, the known picture still is there, and the drawn one is added to it.",
    ),
    nothing_drawn=(
        f"{JOINED} -> mask * {NOISED}",
        "Where the mask is 0 there is nothing, not even noise. Which of the two pictures belongs there?",
    ),
    nothing_known=(
        f"{JOINED} -> (1 - mask.float()) * x_t",
        "Where the mask is 1 there is nothing, not even noise. Which of the two pictures belongs there?",
    ),
    drawn_everywhere=(f"{JOINED} -> x_t.clone()", "x_t comes back as it is: the known part does not come in."),
    known_everywhere=(
        f"{JOINED} -> {NOISED}",
        "The known picture comes back as a whole, also where the mask is 0.",
    ),
    mean_of_both=(
        f"{JOINED} -> torch.where(mask.bool(), ({NOISED} + x_t) / 2, x_t)",
        "In the known part the two pictures are mixed. What is known needs nothing of the drawn one.",
    ),
    sum_of_both=(
        f"{JOINED} -> {NOISED} + x_t",
        "Both pictures are added everywhere. Which one counts where the mask is 1, and which where it is 0?",
    ),
    mask_of_the_first_row=(
        f"{JOINED} -> torch.where((mask[:1] if mask.ndim == x_t.ndim else mask).bool(), {NOISED}, x_t)",
        "All rows get the mask of the first one. Each row may have its own.",
    ),
    mask_guessed_from_the_picture=(
        "mask.bool() -> (x_known != 0)",
        "Known is what is not 0 in `x_known`. A pixel of the value 0 may be known, and the unknown ones may have any "
        "value: what is `mask` for?",
    ),
)

# The level of the known part
paste_known.edits(
    known_clean=(
        f"{NOISED} -> x_known",
        "The known part is put in clean, and what is drawn beside it still is noisy. "
        "How much noise has a picture at t?",
    ),
    known_fades_but_stays_clean=(
        f"{NOISED} -> {SIGNAL}",
        "The known part gets weaker as it should, but no noise is added to it. The network expects noise everywhere.",
    ),
    noise_without_fading=(
        f"{NOISED} -> x_known + {SPREAD}",
        "The known part gets its noise, but keeps its full contrast. What is x_0 multiplied by in `q_sample`?",
    ),
    noise_at_full_strength=(
        f"{NOISED} -> x_known + noise",
        "The known part gets noise at full strength, whatever t is. How much has a picture at t?",
    ),
    noise_alone=(
        f"{NOISED} -> {SPREAD}",
        "In the known part there is noise only. Where does `x_known` come in?",
    ),
    weights_without_roots=(
        f"{NOISED} -> (extract(schedule.alphas_cumprod, t, x_t.shape) * x_known"
        " + (1 - extract(schedule.alphas_cumprod, t, x_t.shape)) * noise)",
        "Both weights lack their root: alpha-bar is a squared weight. Compare with `q_sample`.",
    ),
    noise_subtracted=(
        f"{NOISED} -> {SIGNAL} - {SPREAD}",
        "The noise is subtracted. As a distribution that is the same, but the course adds it.",
    ),
    own_noise=(
        f"{NOISED} -> q_sample(x_known, t, torch.randn_like(x_t), schedule)",
        "The argument `noise` is not used, and other noise is drawn. Nothing here draws hidden random numbers.",
    ),
    single_step=(
        f"{NOISED} -> extract(schedule.alphas, t, x_t.shape).sqrt() * x_known"
        " + extract(schedule.betas, t, x_t.shape).sqrt() * noise",
        "The known picture gets the noise of one step only. It is clean: from there to t all steps have to be made.",
    ),
    level_below=(
        f"{NOISED} -> extract(schedule.alphas_cumprod_prev, t, x_t.shape).sqrt() * x_known"
        " + extract(schedule.one_minus_alphas_cumprod_prev, t, x_t.shape).sqrt() * noise",
        "The known part has the noise of t - 1. The drawn part beside it has that of t.",
    ),
    drawn_part_noised=(
        f"{NOISED}, x_t) -> x_known, q_sample(x_t, t, noise, schedule))",
        "The wrong part gets noise: x_t has its own, and the known picture has none.",
    ),
    both_parts_noised=(
        f"{NOISED}, x_t) -> {NOISED}, q_sample(x_t, t, noise, schedule))",
        "The drawn part is noised, too. It is an x_t already.",
    ),
    known_from_the_state=(
        f"{NOISED} -> q_sample(x_t, t, noise, schedule)",
        "The known part is made of x_t. Which picture is known?",
    ),
    known_clipped=(
        f"{NOISED} -> {NOISED}.clamp(-1, 1)",
        "The noised part is clipped to [-1, 1]. It holds noise, and has to leave this range.",
    ),
)


@paste_known.mistake("All rows are noised for the t of the first one. Each row has its own.")
def first_t_for_all(x_t, x_known, mask, t, noise, schedule):
    return bugs.paste_known(x_t, x_known, mask, t[:1].expand_as(t), noise, schedule)


@paste_known.mistake(
    "The noise level of a row lines up with the last axis, so each column gets its own t. "
    "`q_sample` puts it on the batch axis."
)
def along_the_last_axis(x_t, x_known, mask, t, noise, schedule):
    known = schedule.sqrt_alphas_cumprod[t] * x_known + schedule.sqrt_one_minus_alphas_cumprod[t] * noise
    return torch.where(mask.bool(), known, x_t)


@paste_known.alternative("Multiplied by mask and 1 - mask.")
def weighted_with_the_mask(x_t, x_known, mask, t, noise, schedule):
    mask = mask.float()
    return mask * q_sample(x_known, t, noise, schedule) + (1 - mask) * x_t


@paste_known.alternative("A copy of x_t, into which the known pixels are written.")
def written_into_a_copy(x_t, x_known, mask, t, noise, schedule):
    x = x_t.clone()
    inside = mask.expand(x.shape) == 1
    x[inside] = q_sample(x_known, t, noise, schedule)[inside]
    return x


@paste_known.alternative("`q_sample` written out, and a `lerp` that joins.")
def with_lerp(x_t, x_known, mask, t, noise, schedule):
    alpha_bar = schedule.alphas_cumprod[t].reshape(len(x_t), *[1] * (x_t.ndim - 1))
    given = alpha_bar**0.5 * x_known + (1 - alpha_bar) ** 0.5 * noise
    return torch.lerp(x_t, given, mask.to(x_t))
