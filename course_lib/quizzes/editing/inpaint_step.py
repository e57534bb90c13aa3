"""Quiz `inpaint_step` of chapter 14."""

import torch
from torch import Tensor

from course_lib import editing
from course_lib.checker.quiz import Quiz
from course_lib.fast_sampling import ddim_step, predict_start_and_noise
from course_lib.forward import extract, q_sample
from course_lib.quizzes.families import (
    counted_from_one,
    counted_from_one_and_clamped,
    first_t_for_all,
    lookups,
    one_too_far,
)
from course_lib.quizzes.inputs import ToyDenoiser, noisy_batches
from course_lib.reverse import p_sample
from course_lib.schedules import NoiseSchedule


class ToyPictureDenoiser(ToyDenoiser):
    """A model for cases whose answer at a pixel depends on all pixels of its picture, as a network's does."""

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        mean = x.reshape(len(x), -1).mean(dim=1).reshape(-1, *[1] * (x.ndim - 1))
        return super().forward(x + mean, t)


# (shape of the mask, eta, predicts, clip_start) of each case
KINDS = [
    ((12, 16), 0.0, "noise", False),
    ((1, 1, 12, 16), 0.5, "noise", True),
    ((8, 1, 12, 8), 0.6, "noise", True),
    ((6,), 1.0, "start", True),
    ((7, 3), 0.5, "v", False),
    ((9,), 1.0, "noise", False),
    ((1, 3), 0.3, "v", True),
]


def steps_with_a_known_part(g: torch.Generator) -> list[tuple]:
    """Cases (model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start).

    Every row makes another step, and every mask has both values. The first is a single image. In the second all rows
    go to clean data: the checker makes two more of it in which t = 0. In the fourth only the first row, with t = 0,
    goes there; in the others some rows do, but not the first. The last case has no more than nine arguments.
    """
    model = ToyPictureDenoiser().requires_grad_(False)
    x, noise = torch.randn((2, 1, 1, 12, 16), generator=g)
    single = (x, torch.tensor([79]), noise, NoiseSchedule.from_name("linear", 80))
    batches = [single, *noisy_batches(g)]
    cases = []
    for number, ((x, t, noise, schedule), (shape, *options)) in enumerate(zip(batches, KINDS, strict=True)):
        t_prev = earlier(t, g) if number else torch.tensor([29])
        if number == 1:
            t_prev = torch.full_like(t, -1)
        if number == 3:
            t, t_prev = t.roll(-2), t_prev.roll(-2).clamp(min=0)
            t_prev[0] = -1
        known, known_noise = (torch.randn(x.shape, generator=g) for _ in range(2))
        if x.ndim == 4:  # something to look at
            known = 1.3 * torch.cos(torch.linspace(0, 12, x.shape[-1]) + known[..., :1, :1])
        mask = (torch.rand(shape, generator=g) < 0.5).float()
        mask.view(-1)[:2] = torch.tensor([1.0, 0.0])
        if len(shape) > 1 and shape[-1] > 3:  # a rectangle, another one in each row
            columns, rows = torch.arange(shape[-1]), torch.arange(shape[-2])[:, None]
            width = torch.randint(3, shape[-1] - 2, (*shape[:-2], 1, 1), generator=g)
            mask = ((columns < width) | (rows < 3)).float()
        if number == 2:
            known = known * mask  # with a hole, as pictures for inpainting often come
        cases.append((model, x, t, t_prev, known, mask, noise, known_noise, schedule, *options))
    model, x, t, t_prev, known, mask, noise, known_noise, schedule, *_ = cases[4]
    cases.append((model, 0.9 * x, t, t_prev, known, mask, noise, known_noise, schedule))
    return cases


def earlier(t: Tensor, g: torch.Generator) -> Tensor:
    """A t_prev for each t, (B,): anywhere from -1 to t - 1; -1 in the second row, t - 1 in the last of several."""
    t_prev = (torch.rand(len(t), generator=g) * t).long()  # 0 ... t - 1
    t_prev[t == 0] = -1
    t_prev[1:2] = -1
    t_prev[2:][-1:] = t[2:][-1:] - 1
    return t_prev


inpaint_step = Quiz(
    editing.inpaint_step,
    cases=steps_with_a_known_part,
    points=4,
    minutes=12,
    difficulty=3,
    importance=5,
    hints=(
        "Two pictures are made and joined: one by a step of the sampler, one from what is known. "
        "Which noise level has the first of them, and so must have the second?",
        "The step ends at t_prev, so noise the known picture to t_prev as `q_sample` does, with `known_noise`; "
        "at t_prev = -1 alpha-bar is 1. Take this one where the mask is 1, and the drawn one elsewhere.",
        "torch.where(mask.bool(), before.sqrt() * known + (1 - before).sqrt() * known_noise, drawn), "
        "with before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)",
    ),
)

STEP = "ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)"
BEFORE = "before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)"
SIGNAL, SPREAD = "before.sqrt() * known", "(1 - before).sqrt() * known_noise"
GIVEN = f"given = {SIGNAL} + {SPREAD}"
JOINED = "torch.where(mask.bool(), given, drawn)"
AT_T = "q_sample(known, t, known_noise, schedule)"

# The mask
inpaint_step.edits(
    mask_inverted=(
        f"{JOINED} -> torch.where(mask.bool(), drawn, given)",
        "The mask is inverted: the known part is drawn, and the unknown one is kept. Here 1 means known.",
    ),
    without_the_complement=(
        f"{JOINED} -> mask * given + drawn",
        "Where the mask is 1, the drawn part still is there, and the known one is added to it. "
        "What has to be multiplied by 1 - mask?",
    ),
    only_the_drawn_part_masked=(
        f"{JOINED} -> given + (1 - mask) * drawn",
        "Where the mask is 0, the known picture still is there, and the drawn one is added to it. "
        "There its values may have no effect.",
    ),
    nothing_drawn=(
        f"{JOINED} -> mask * given",
        "Where the mask is 0 there is nothing, not even noise. Which of the two pictures belongs there?",
    ),
    nothing_known=(
        f"{JOINED} -> (1 - mask) * drawn",
        "Where the mask is 1 there is nothing, not even noise. Which of the two pictures belongs there?",
    ),
    drawn_everywhere=(
        f"{JOINED} -> drawn",
        "The drawn picture comes back as a whole: the known part does not come in.",
    ),
    known_everywhere=(
        f"{JOINED} -> given",
        "The known picture comes back as a whole: nothing of it is drawn.",
    ),
    sum_of_both=(
        f"{JOINED} -> given + drawn",
        "Both pictures are added everywhere. Which one counts where the mask is 1, and which where it is 0?",
    ),
    mean_of_both=(
        f"{JOINED} -> torch.where(mask.bool(), (given + drawn) / 2, drawn)",
        "In the known part the two pictures are mixed. What is known needs nothing of the drawn one.",
    ),
    mask_on_the_noise_only=(
        f"{JOINED} -> {SIGNAL} + mask * {SPREAD} + (1 - mask) * drawn",
        "Of the known picture only the noise is masked: the picture itself is added everywhere. "
        "Do brackets stand around both?",
    ),
    mask_on_the_picture_only=(
        f"{JOINED} -> mask * {SIGNAL} + {SPREAD} + (1 - mask) * drawn",
        "The known noise is not masked: it is added to the drawn part, too. Do brackets stand around both?",
    ),
    noise_alone_joined=(
        f"{JOINED} -> torch.where(mask.bool(), {SPREAD}, drawn)",
        "In the known part there is noise only. Where does `known` come in?",
    ),
    mask_of_the_first_row=(
        f"{JOINED} -> torch.where((mask[:1] if mask.ndim == drawn.ndim else mask).bool(), given, drawn)",
        "All rows get the mask of the first one. Each row may have its own.",
    ),
    mask_guessed_from_the_picture=(
        "mask.bool() -> (known != 0)",
        "Known is what is not 0 in `known`. A pixel of the value 0 may be known, and the unknown ones may have any "
        "value: what is `mask` for?",
    ),
)

# The level of the known part
inpaint_step.edits(
    known_clean=(
        f"{GIVEN} -> given = known",
        "The known part is joined clean, and what is drawn beside it still is noisy. "
        "How much noise has a picture at t_prev?",
    ),
    known_at_t=(
        f"{BEFORE} -> before = extract(schedule.alphas_cumprod, t, x_t.shape)",
        "The known part has the noise of t. It joins a picture that has made its step: which level is that?",
    ),
    known_at_the_next_t_below=(
        f"{BEFORE} -> before = extract(schedule.alphas_cumprod_prev, t, x_t.shape)",
        "The known part has the noise of t - 1, whatever t_prev is. Here steps may be longer.",
    ),
    no_entry_at_the_end=(
        "schedule.alphas_cumprod_prev, t_prev + 1 -> schedule.alphas_cumprod, t_prev",
        "Where t_prev is -1 the lookup fails: no entry has that index. -1 means clean data, where alpha-bar is 1: "
        "which constant of the schedule begins with that 1?",
    ),
    last_entry_at_the_end=(
        f"{BEFORE} -> before = schedule.alphas_cumprod[t_prev].reshape(-1, *[1] * (x_t.ndim - 1))",
        "Right except where t_prev is -1: that index is the *last* entry, so the known part ends as noise. "
        "There it has to come back without any difference.",
    ),
    clean_level_clamped=(
        f"{BEFORE} -> before = extract(schedule.alphas_cumprod, t_prev.clamp(min=0), x_t.shape)",
        "Where t_prev is -1 the known part keeps the noise of t = 0. At the end it must have no difference from "
        "`known`.",
    ),
    one_level_too_clean=(
        "schedule.alphas_cumprod_prev, t_prev + 1 -> schedule.alphas_cumprod_prev, t_prev.clamp(min=0)",
        "The known part has the noise of one level below t_prev. `alphas_cumprod_prev` at an index holds the alpha-bar "
        "before it.",
    ),
    one_level_too_noisy=(
        "t_prev + 1 -> (t_prev + 2).clamp(max=schedule.timesteps - 1)",
        "The known part has the noise of one level above t_prev, and at the end it is not clean. "
        "Which index belongs to t_prev?",
    ),
    first_row_decides=(
        f"{GIVEN} -> given = {SIGNAL} + {SPREAD} if t_prev[0] >= 0 else known",
        "The first row's t_prev decides for all rows whether the known part is clean. Each row has a t_prev of its "
        "own.",
    ),
    any_row_decides=(
        f"{GIVEN} -> given = {SIGNAL} + {SPREAD} if (t_prev >= 0).all() else known",
        "If one row goes to clean data, the known part of all rows is clean. Each row has a t_prev of its own.",
    ),
    clean_at_t_prev_0_too=(
        f"{GIVEN} -> given = torch.where((t_prev > 0).reshape(before.shape), {SIGNAL} + {SPREAD}, known)",
        "A known part at t_prev = 0 is taken for clean data. It has a little noise: which t_prev means clean?",
    ),
    single_step=(
        "schedule.alphas_cumprod_prev, t_prev + 1 -> torch.cat([schedule.alphas[:1] * 0 + 1, schedule.alphas]), "
        "t_prev + 1",
        "The alpha at t_prev is that of a single step. How much of the picture is left there says alpha-bar, "
        "the product over all steps.",
    ),
    always_the_noisiest=(
        f"{BEFORE} -> before = schedule.alphas_cumprod[-1]",
        "The known part always has the noise of T - 1. It joins a picture at t_prev.",
    ),
)

# How the known part is noised
inpaint_step.edits(
    known_noise_not_used=(
        f"{SPREAD} -> (1 - before).sqrt() * noise",
        "The known part gets the noise that `ddim_step` takes, and `known_noise` is not used. What is it for?",
    ),
    noises_swapped=(
        "t_prev, noise, schedule -> t_prev, known_noise, schedule",
        f"{SPREAD} -> (1 - before).sqrt() * noise",
        "The two noises have changed places. `ddim_step` takes `noise`, the known part `known_noise`.",
    ),
    known_noise_for_both=(
        "t_prev, noise, schedule -> t_prev, known_noise, schedule",
        "Both parts take `known_noise`. What is `noise` for?",
    ),
    own_noise_for_the_known_part=(
        f"{SPREAD} -> (1 - before).sqrt() * torch.randn_like(known)",
        "The known part gets noise that is drawn here, not `known_noise`. Nothing here draws hidden random numbers.",
    ),
    own_noise_for_the_step=(
        "t_prev, noise, schedule -> t_prev, torch.randn_like(x_t), schedule",
        "The step takes noise that is drawn here, not `noise`. Nothing here draws hidden random numbers.",
    ),
    no_noise_for_the_step=(
        "t_prev, noise, schedule -> t_prev, torch.zeros_like(x_t), schedule",
        "The step gets no fresh noise, though it leaves room for it. What is `noise` for?",
    ),
    known_noise_of_the_first_row=(
        f"{SPREAD} -> (1 - before).sqrt() * known_noise[:1]",
        "The known parts of all rows have the noise of the first one. `known_noise` has one for each row.",
    ),
    first_known_picture_for_all=(
        f"{SIGNAL} -> before.sqrt() * known[:1]",
        "All rows get the known picture of the first one. Each row has its own.",
    ),
    smaller_without_noise=(
        f" + {SPREAD} ->",
        "The known part is made smaller, as at t_prev, but gets no noise. How much noise has a picture there?",
    ),
    not_made_smaller=(
        f"{SIGNAL} -> known",
        "The known part gets the noise of t_prev and keeps its full size. What does `q_sample` do with x_0?",
    ),
    noise_beside_full_size=(
        f"{GIVEN} -> given = known + ((1 - before) / before).sqrt() * known_noise",
        "The known part is in its full size, with as much noise beside it as fits that. In x at t_prev both are "
        "smaller: by which factor?",
    ),
    noise_at_full_strength=(
        f"{SPREAD} -> known_noise",
        "The known noise comes in at full strength, at the end, too. How much of it has a picture at t_prev?",
    ),
    not_rooted=(
        f"{SIGNAL} -> before * known",
        f"{SPREAD} -> (1 - before) * known_noise",
        "Picture and noise are weighted with alpha-bar and 1 - alpha-bar: these are squares. "
        "What does `q_sample` multiply by?",
    ),
    picture_not_rooted=(
        f"{SIGNAL} -> before * known",
        "The known picture is multiplied by alpha-bar. The noise's weight is a root: what about this one?",
    ),
    noise_not_rooted=(
        f"{SPREAD} -> (1 - before) * known_noise",
        "The known noise is multiplied by its variance. Which number has a standard deviation to be multiplied by?",
    ),
    root_before_the_difference=(
        f"{SPREAD} -> (1 - before.sqrt()) * known_noise",
        "The known noise is multiplied by 1 - sqrt(alpha-bar). The squares of both weights add up to 1.",
    ),
    rooted_twice=(
        f"{BEFORE} -> {BEFORE}.sqrt()",
        "The root of alpha-bar is taken twice, so the known part has too little noise.",
    ),
    weights_swapped=(
        f"{GIVEN} -> given = (1 - before).sqrt() * known + before.sqrt() * known_noise",
        "The weights of picture and noise have changed places. Near the end, which of the two should be left?",
    ),
    noise_subtracted=(
        f"+ {SPREAD} -> - {SPREAD}",
        "The known noise is subtracted. As a distribution that is the same, but the course adds it.",
    ),
    picture_clipped=(
        f"{SIGNAL} -> before.sqrt() * known.clamp(-1, 1)",
        "The known picture is clipped. It is given, and has to come back without any difference.",
    ),
    picture_clipped_on_demand=(
        f"{SIGNAL} -> before.sqrt() * (known.clamp(-1, 1) if clip_start else known)",
        "With `clip_start` the known picture is clipped. That is there for the model's x_0; this one is given.",
    ),
    state_noised=(
        f"{SIGNAL} -> before.sqrt() * x_t",
        "x_t is noised once more where `known` belongs. Which picture is the known one?",
    ),
    level_kept_by_the_known_part=(
        f"{GIVEN} -> given = x_t",
        "In the known part x_t stays as it is. What is known does not come in.",
    ),
    noise_of_the_state=(
        f"{SPREAD} -> (1 - before).sqrt() * predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)[1]",
        "The known part gets the noise that the model sees in x_t. What is `known_noise` for?",
    ),
    noised_with_the_difference=(
        f"{GIVEN} -> given = known + (1 - before).sqrt() * (known_noise - known)",
        "Picture and noise are mixed with weights whose sum is 1. It is the sum of their squares that is 1.",
    ),
)

# The drawn part
inpaint_step.edits(
    left_at_t=(
        f"drawn = {STEP} -> drawn = x_t",
        "The drawn part stays as it is, at the level of t, and the known part is at t_prev. Which step is missing?",
    ),
    steps_to_t=(
        "model, x_t, t, t_prev, noise, -> model, x_t, t, t, noise,",
        "The drawn part stays at the level of t: its step ends where it began. Where does it lead to?",
    ),
    both_left_at_t=(
        "model, x_t, t, t_prev, noise, -> model, x_t, t, t, noise,",
        f"{BEFORE} -> before = extract(schedule.alphas_cumprod, t, x_t.shape)",
        "Both parts stay at the level of t. The step leads to t_prev.",
    ),
    asked_at_t_prev=(
        "model, x_t, t, t_prev, noise, -> (lambda x, t: model(x, t_prev.clamp(min=0))), x_t, t, t_prev, noise,",
        "The model is asked at t_prev, but x_t still has the noise of level t.",
    ),
    one_step_down=(
        "model, x_t, t, t_prev, noise, -> model, x_t, t, t - 1, noise,",
        "The drawn part goes to t - 1, whatever t_prev is. Here steps may be longer.",
    ),
    one_t_for_the_step=(
        f"{STEP} -> {STEP.replace(' t,', ' t[:1].expand_as(t),').replace('t_prev,', 't_prev[:1].expand_as(t),')}",
        "All rows are drawn with the t and the t_prev of the first row. Each row has its own.",
    ),
    start_drawn=(
        f"{STEP} -> predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)[0]",
        "The drawn part is the predicted x_0, without noise, and the known part is at t_prev. "
        "Both belong to one level.",
    ),
    joined_before_the_step_only=(
        f"{STEP} -> {STEP.replace('x_t,', f'torch.where(mask.bool(), {AT_T}, x_t),')}",
        f"{JOINED} -> drawn",
        "The known part is put in before the step, and the step changes it again. What comes back has to hold it: "
        "join after the step.",
    ),
    joined_clean_before_the_step_only=(
        f"{STEP} -> {STEP.replace('x_t,', 'torch.where(mask.bool(), known, x_t),')}",
        f"{JOINED} -> drawn",
        "The clean known part is put into the noisy x_t before the step, and the step changes it again. "
        "Join after the step, with the noise of t_prev.",
    ),
    joined_before_and_after=(
        f"{STEP} -> {STEP.replace('x_t,', f'torch.where(mask.bool(), {AT_T}, x_t),')}",
        "The known part is also put in before the step, with its noise renewed. x_t holds it already, "
        "as the step before left it.",
    ),
    joined_clean_before_and_noisy_after=(
        f"{STEP} -> {STEP.replace('x_t,', 'torch.where(mask.bool(), known, x_t),')}",
        "The model is shown a clean known part beside noise. It was never trained on that: x_t already is as it "
        "should be.",
    ),
    only_the_unknown_shown=(
        f"{STEP} -> {STEP.replace('x_t,', '(1 - mask) * x_t,')}",
        "The known part of x_t is set to 0 before the step. The model has to see it to draw what fits.",
    ),
    eta_not_passed_on=(
        "schedule, eta, predicts, clip_start) -> schedule, predicts=predicts, clip_start=clip_start)",
        "The step adds no fresh noise, whatever eta is: without it `ddim_step` takes eta = 0.",
    ),
    always_ancestral=(
        "schedule, eta, -> schedule, 1.0,",
        "The step adds the fresh noise of eta = 1, whatever eta is. Where does eta come in?",
    ),
    predicts_not_passed_on=(
        "eta, predicts, clip_start) -> eta, 'noise', clip_start)",
        "Whatever `predicts` says, the model's answer is read as noise. Where is `predicts` lost?",
    ),
    clip_not_passed_on=(
        "eta, predicts, clip_start) -> eta, predicts)",
        "Nothing is clipped. Where does `clip_start` come in?",
    ),
    options_not_passed_on=(
        "eta, predicts, clip_start) -> eta)",
        "Right for a model that predicts the noise, without clipping. Where do `predicts` and `clip_start` come in?",
    ),
    nothing_passed_on=(
        "schedule, eta, predicts, clip_start) -> schedule)",
        "The step knows nothing of `eta`, `predicts` and `clip_start`. Where do they come in?",
    ),
    always_clipped=(
        "eta, predicts, clip_start) -> eta, predicts, True)",
        "The predicted x_0 is always clipped, also when `clip_start` is False.",
    ),
    result_clipped=(
        f"return {JOINED} -> x = {JOINED}; return x.clamp(-1, 1) if clip_start else x",
        "With `clip_start` the joined picture is clipped as well. At t_prev it holds noise and has to leave [-1, 1], "
        "and the known part is given.",
    ),
    result_clipped_instead=(
        "eta, predicts, clip_start) -> eta, predicts)",
        f"return {JOINED} -> x = {JOINED}; return x.clamp(-1, 1) if clip_start else x",
        "With `clip_start` the joined picture is clipped, and the predicted x_0 is not. Which of the two may not leave "
        "[-1, 1]?",
    ),
)
lookups(inpaint_step, first_t_for_all, counted_from_one, counted_from_one_and_clamped, one_too_far)
inpaint_step.swaps(
    level_of_the_first_row=(
        {"extract": first_t_for_all},
        "The known parts of all rows get the noise of the first row's t_prev. Each row has its own.",
    ),
)


@inpaint_step.mistake(
    "All rows are drawn and noised for the levels of the first one. Each row has a t and a t_prev of its own."
)
def one_t_for_all_rows(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    t, t_prev = t[:1].expand_as(t), t_prev[:1].expand_as(t)
    return editing.inpaint_step(
        model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start
    )


@inpaint_step.mistake(
    "The known picture takes the place of the predicted x_0, and the step mixes it with the noise of x_t. "
    "The known part needs no step: noise it to t_prev with `known_noise`."
)
def known_as_the_predicted_start(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    def partly_known(x, t):
        x_start, _ = predict_start_and_noise(model, x, t, schedule, predicts, clip_start)
        return torch.where(mask.bool(), known, x_start)

    return ddim_step(partly_known, x_t, t, t_prev, noise, schedule, eta, "start")


@inpaint_step.mistake(
    "The drawn part makes an ancestral step, `p_sample`, to t - 1, whatever t_prev and eta are. "
    "Which function steps to t_prev?"
)
def drawn_by_p_sample(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    drawn = p_sample(model, x_t, t, noise, schedule, predicts, clip_start)
    return torch.where(mask.bool(), noised(known, t_prev, known_noise, schedule), drawn)


def noised(known: Tensor, t_prev: Tensor, known_noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    """The known picture at t_prev."""
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, known.shape)
    return before.sqrt() * known + (1 - before).sqrt() * known_noise


@inpaint_step.alternative("Multiplied by mask and 1 - mask; `q_sample`, and a `where` for the rows that end clean.")
def weighted_with_the_mask(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    noisy = q_sample(known, t_prev.clamp(min=0), known_noise, schedule)
    clean = (t_prev < 0).view(-1, *[1] * (known.ndim - 1))
    given = torch.where(clean, known, noisy)
    x = ddim_step(model, x_t, t, t_prev, noise, schedule, eta=eta, predicts=predicts, clip_start=clip_start)
    return mask * given + (1 - mask) * x


@inpaint_step.alternative("alpha-bar with a 1 behind it: then the index -1 is clean data. A `lerp` joins.")
def one_behind_the_last(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    alpha_bar = torch.cat([schedule.alphas_cumprod, schedule.alphas_cumprod.new_ones(1)])[t_prev]
    alpha_bar = alpha_bar.reshape(len(x_t), *[1] * (x_t.ndim - 1))
    given = alpha_bar**0.5 * known + (1 - alpha_bar) ** 0.5 * known_noise
    return torch.lerp(ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start), given, mask)


@inpaint_step.alternative("A copy of the drawn picture, into which the known pixels are written.")
def written_into_a_copy(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    x = ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start).clone()
    inside = mask.expand(x.shape) == 1
    x[inside] = noised(known, t_prev, known_noise, schedule)[inside]
    return x


@inpaint_step.alternative("The known part is a step, too: from its own noise, by a model that knows the picture.")
def two_steps(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    noisy = q_sample(known, t, known_noise, schedule)
    given = ddim_step(lambda x, t: known, noisy, t, t_prev, known_noise, schedule, 0.0, "start")
    drawn = ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
    return drawn + mask.to(drawn) * (given - drawn)
