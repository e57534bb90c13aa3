"""Quiz `invert_step` of chapter 14."""

import torch

from course_lib import editing
from course_lib.checker.quiz import Quiz
from course_lib.fast_sampling import ddim_step, predict_start_and_noise
from course_lib.forward import extract, q_sample
from course_lib.objective import noise_from_start
from course_lib.quizzes.families import first_t_for_all
from course_lib.quizzes.inputs import ToyDenoiser, noisy_batches
from course_lib.reverse import predict_start
from course_lib.schedules import NoiseSchedule

KINDS = [("noise", False), ("noise", True), ("start", True), ("v", True), ("noise", False), ("v", False)]


def steps_towards_noise(g: torch.Generator) -> list[tuple]:
    """Cases (model, x, t, t_next, schedule, predicts, clip_start): every row makes another step.

    The first is a single image. In the third all rows begin with clean data (t = -1), in the fourth none does, in the
    fifth only the first row, in the others some rows, but not the first. The last row of several goes up by one.
    """
    model = ToyDenoiser().requires_grad_(False)
    x = torch.randn((1, 1, 12, 16), generator=g)
    cases: list[tuple] = [(model, x, torch.tensor([29]), torch.tensor([79]), NoiseSchedule.from_name("linear", 80))]
    for number, (x, t_next, _, schedule) in enumerate(noisy_batches(g)):
        if number == 0:  # the checker makes other cases of this one, with rows at t = 0 and t = 1
            t_next = t_next.clamp(min=2)
        t = (torch.rand(len(t_next), generator=g) * (t_next + 1)).long() - 1  # -1 ... t_next - 1
        t[2:][-1:] = t_next[2:][-1:] - 1
        t[1:2] = -1
        if number == 1:
            t = torch.full_like(t, -1)
        if number in (0, 2, 4):
            t[0] = t_next[0] // 2
        if number in (2, 3):
            t, t_next = t.clamp(min=0), t_next.clamp(min=1)
        if number == 3:
            t[0], t_next[0] = -1, 40
            x[0, 0] = 1.7  # clean data that `clip_start` would change
        cases.append((model, x, t, t_next, schedule))
    return [(*case, *kind) for case, kind in zip(cases, [("noise", False), *KINDS], strict=True)]


invert_step = Quiz(
    editing.invert_step,
    cases=steps_towards_noise,
    points=4,
    minutes=12,
    difficulty=4,
    importance=4,
    hints=(
        "A step of DDIM takes x_t apart into x_0 and noise, and mixes the two anew for a cleaner level. "
        "What changes if the level is a noisier one?",
        "Ask the model at t, the level of x_t, and mix its x_0 and its noise for t_next. Clean data (t = -1) is x_0 "
        "itself: there only the noise is asked for, at t = 0.",
        "after.sqrt() * x_0 + (1 - after).sqrt() * eps, with after = extract(schedule.alphas_cumprod, t_next, "
        "x_t.shape), and x_t in the place of x_0 in the rows with t < 0",
    ),
)

AFTER = "after = extract(schedule.alphas_cumprod, t_next, x_t.shape)"
START = "torch.where(clean, x_t, x_start)"
SIGNAL = f"after.sqrt() * {START}"
NOISE = "(1 - after).sqrt() * eps"
RESULT = f"{SIGNAL} + {NOISE}"

# Where the prediction is made
invert_step.edits(
    predicted_at_t_next=(
        "x_t, t.clamp(min=0), -> x_t, t_next,",
        "x_t is taken apart as if it had the noise of t_next. That is where the step leads to: which level has x_t?",
    ),
    model_told_t_next=(
        "predict_start_and_noise(model, -> predict_start_and_noise(lambda x, _: model(x, t_next),",
        "The model is told t_next, but x_t has the noise of t. The constants that take x_t apart are those of t, "
        "and the model has to be asked at the same level.",
    ),
    one_t_for_the_model=(
        "t.clamp(min=0) -> t[:1].clamp(min=0).expand_as(t)",
        "All rows are taken apart at the t of the first row. Each row has its own.",
    ),
    one_t_for_the_model_and_clean_data=(
        "t.clamp(min=0) -> t[:1].clamp(min=0).expand_as(t)",
        "clean = (t < 0) -> clean = (t[:1].expand_as(t) < 0)",
        "All rows are treated as if they had the t of the first row. Each row has its own.",
    ),
    predicts_not_used=(
        "schedule, predicts, clip_start) -> schedule, 'noise', clip_start)",
        "Whatever `predicts` says, the model's answer is read as noise. Where is `predicts` lost?",
    ),
    options_not_used=(
        "schedule, predicts, clip_start) -> schedule)",
        "Right for a model that predicts the noise, without clipping. Where do `predicts` and `clip_start` come in?",
    ),
    never_clipped=(
        "predicts, clip_start) -> predicts)",
        "Nothing is clipped. Where does `clip_start` come in?",
    ),
    always_clipped=(
        "predicts, clip_start) -> predicts, True)",
        "The predicted x_0 is always clipped, also when `clip_start` is False.",
    ),
    result_clipped=(
        "predicts, clip_start) -> predicts)",
        f"return {RESULT} -> x = {RESULT}; return x.clamp(-1, 1) if clip_start else x",
        "x at t_next is clipped. It holds noise and has to leave [-1, 1]: which prediction may not?",
    ),
    start_and_noise_swapped=(
        "x_start, eps = predict -> eps, x_start = predict",
        "x_0 and the noise have changed places. What comes first out of `predict_start_and_noise`?",
    ),
)

# Clean data, t = -1
invert_step.edits(
    no_entry_at_clean_data=(
        "t.clamp(min=0) -> t",
        "Where t is -1 the lookup fails: no entry has that index. -1 means clean data: at which t can the model be "
        "asked about the noise in it?",
    ),
    clean_data_at_t_0=(
        f"{START} -> x_start",
        "Clean data (t = -1) is treated like an x at t = 0, so some noise is taken out of it that it does not have. "
        "What is x_0 if x_t is clean?",
    ),
    clean_data_asked_at_the_end=(
        "t.clamp(min=0) -> (t % schedule.timesteps)",
        "Clean data (t = -1) is shown to the model as the last t, pure noise: that is what the index -1 means. "
        "Which t has the least noise?",
    ),
    clean_data_is_the_last_entry=(
        "t.clamp(min=0) -> (t % schedule.timesteps)",
        f"{START} -> x_start",
        "Where t is -1, x_t is taken for pure noise: that index is the *last* entry. -1 means clean data, which is "
        "x_0 itself.",
    ),
    clean_data_by_its_index=(
        "predict_start_and_noise(model, -> predict_start_and_noise(lambda x, _: model(x, t),",
        "t.clamp(min=0) -> (t % schedule.timesteps)",
        f"{START} -> x_start",
        "Where t is -1, the constants are those of the *last* entry, pure noise, and the model is told -1. "
        "Clean data is x_0 itself; at which t can the model be asked?",
    ),
    model_told_minus_one=(
        "predict_start_and_noise(model, -> predict_start_and_noise(lambda x, _: model(x, t),",
        "Where t is -1 the model is told -1, a level that it never saw in training. Which t is nearest to clean data?",
    ),
    clean_data_at_t_next=(
        "t.clamp(min=0) -> torch.where(t < 0, t_next, t)",
        "Where t is -1 the model is asked at t_next. Clean data has no noise: which t is nearest to it?",
    ),
    clean_data_gets_no_noise=(
        f"{NOISE} -> (1 - after).sqrt() * torch.where(clean, 0.0, eps)",
        "Clean data (t = -1) gets no noise. At t_next it should have some, and the model says which.",
    ),
    clean_data_unchanged=(
        f"return {RESULT} -> return torch.where(clean, x_t, {RESULT})",
        "Clean data (t = -1) comes back as it is. It has a step to make, too, to the level of t_next.",
    ),
    clean_data_gets_fresh_noise=(
        f"{NOISE} -> (1 - after).sqrt() * torch.where(clean, torch.randn_like(x_t), eps)",
        "Clean data (t = -1) gets random noise. The way back has to be found again: which noise does the model see?",
    ),
    clean_data_keeps_its_size=(
        f"{SIGNAL} -> torch.where(clean, x_t, after.sqrt() * x_start)",
        "Clean data (t = -1) is not made smaller. How much of x_0 is there in an x at t_next?",
    ),
    clean_data_clipped=(
        f"{START} -> torch.where(clean, x_t.clamp(-1, 1) if clip_start else x_t, x_start)",
        "Clean data (t = -1) is clipped, too. `clip_start` is there for the model's x_0; this one is given.",
    ),
    start_kept_at_t_0_too=(
        "clean = (t < 0) -> clean = (t <= 0)",
        "An x at t = 0 is taken for clean data. It has a little noise: which t means clean?",
    ),
    first_row_decides=(
        "clean = (t < 0) -> clean = (t[:1] < 0)",
        "Whether x_t is clean data is decided by the first row, for all rows. Each row has a t of its own.",
    ),
    any_row_decides=(
        "clean = (t < 0) -> clean = (t < 0).any()",
        "If one row is clean data, all rows are taken for it. Each row has a t of its own.",
    ),
    all_rows_decide=(
        "clean = (t < 0) -> clean = (t < 0).all()",
        "x_t is taken for clean data only if all of its rows are. Each row has a t of its own.",
    ),
)

# Where the step ends
invert_step.edits(
    same_level=(
        f"{AFTER} -> after = extract(schedule.alphas_cumprod, t.clamp(min=0), x_t.shape)",
        "The step ends where it began, at the level of t. Which alpha-bar belongs to t_next?",
    ),
    levels_swapped=(
        "x_t, t.clamp(min=0), -> x_t, t_next,",
        f"{AFTER} -> after = extract(schedule.alphas_cumprod, t.clamp(min=0), x_t.shape)",
        "t and t_next have changed places: x_t is taken apart at t_next and mixed for t. Which of them has x_t?",
    ),
    neighbour=(
        f"{AFTER} -> after = extract(schedule.alphas_cumprod, t + 1, x_t.shape)",
        "Each step ends at t + 1, whatever t_next is. Here steps may be longer.",
    ),
    ends_one_level_too_early=(
        "schedule.alphas_cumprod, t_next -> schedule.alphas_cumprod_prev, t_next",
        "Each step ends one level before t_next: `alphas_cumprod_prev` at an index holds the alpha-bar before it.",
    ),
    ends_one_level_too_late=(
        "schedule.alphas_cumprod, t_next -> schedule.alphas_cumprod, (t_next + 1).clamp(max=schedule.timesteps - 1)",
        "Each step ends one level after t_next. At which index does `alphas_cumprod` hold its alpha-bar?",
    ),
    end_one_index_too_low=(
        "schedule.alphas_cumprod, t_next -> schedule.alphas_cumprod, (t_next - 1) % schedule.timesteps",
        "The index of the end is one too small, and -1 is the *last* entry. Here t counts from 0.",
    ),
    end_one_index_too_low_and_clamped=(
        "schedule.alphas_cumprod, t_next -> schedule.alphas_cumprod, (t_next - 1).clamp(min=0)",
        "The index of the end is one too small, except for t_next = 0. Here t counts from 0.",
    ),
    single_step=(
        "schedule.alphas_cumprod, t_next -> schedule.alphas, t_next",
        "The alpha at t_next is that of a single step. How much of x_0 is left there says alpha-bar, "
        "the product over all steps.",
    ),
    betas=(
        "schedule.alphas_cumprod, t_next -> schedule.betas, t_next",
        "beta stands where alpha-bar of t_next belongs. beta is the noise that a single step adds.",
    ),
    always_to_the_end=(
        f"{AFTER} -> after = schedule.alphas_cumprod[-1]",
        "Every step leads to the noisiest level at once. Where does `t_next` come in?",
    ),
)
invert_step.swaps(
    end_of_the_first_row=(
        {"extract": first_t_for_all},
        "All rows are mixed for the t_next of the first row. Each row has its own.",
    ),
)

# How x is mixed
invert_step.edits(
    not_rooted=(
        f"{SIGNAL} -> after * {START}",
        f"{NOISE} -> (1 - after) * eps",
        "x_0 and noise are weighted with alpha-bar and 1 - alpha-bar: these are squares. "
        "What does `q_sample` multiply by?",
    ),
    signal_not_rooted=(
        f"{SIGNAL} -> after * {START}",
        "x_0 is multiplied by alpha-bar. The noise's weight is a root: what about this one?",
    ),
    noise_not_rooted=(
        f"{NOISE} -> (1 - after) * eps",
        "The noise is multiplied by its variance. Which number has a standard deviation to be multiplied by?",
    ),
    rooted_twice=(
        "schedule.alphas_cumprod, t_next -> schedule.sqrt_alphas_cumprod, t_next",
        "The root of alpha-bar is taken twice: `sqrt_alphas_cumprod` is one already.",
    ),
    root_before_the_difference=(
        f"{NOISE} -> (1 - after.sqrt()) * eps",
        "The noise is multiplied by 1 - sqrt(alpha-bar). The squares of both weights add up to 1.",
    ),
    weights_swapped=(
        f"{RESULT} -> (1 - after).sqrt() * {START} + after.sqrt() * eps",
        "The weights of x_0 and noise have changed places. Which of them gets smaller on the way to noise?",
    ),
    noise_subtracted=(
        f"+ {NOISE} -> - {NOISE}",
        "The noise is subtracted. x is x_0 plus noise at every level, in both directions.",
    ),
    start_subtracted=(
        f"return {SIGNAL} -> return -{SIGNAL}",
        "x_0 is subtracted. x is x_0 plus noise at every level.",
    ),
    state_for_the_start=(
        f"{START} -> x_t",
        "x_t stands where x_0 belongs, so the noise that it already has counts twice. What is left of x_t without it?",
    ),
    start_returned=(
        f"return {RESULT} -> return {START}",
        "That is x_0, all the way back in one leap. Which mixture of x_0 and noise belongs to t_next?",
    ),
    noise_alone=(
        f"{RESULT} -> {NOISE}",
        "Only the noise comes back. How much of x_0 is left at t_next?",
    ),
    start_alone=(
        f"{RESULT} -> {SIGNAL}",
        "The noise is left out: x_0 gets smaller, and nothing else. How much noise is there at t_next?",
    ),
    state_returned=(
        f"return {RESULT} -> return x_t",
        "x_t comes back as it is. At t_next it should have more of the noise and less of x_0.",
    ),
    eps_returned=(
        f"return {RESULT} -> return eps",
        "The noise itself comes back. It is one of the two parts of x at t_next: what is the other?",
    ),
    start_at_full_weight=(
        f"{SIGNAL} -> {START}",
        "x_0 keeps its full weight. On the way to noise it gets smaller: by which factor?",
    ),
    noise_at_full_weight=(
        f"{NOISE} -> eps",
        "The noise comes in at full strength. How much of it has an x at t_next?",
    ),
    noise_of_the_old_level=(
        f"{NOISE} -> (1 - extract(schedule.alphas_cumprod, t.clamp(min=0), x_t.shape)).sqrt() * eps",
        "The noise has the strength of level t, x_0 that of t_next. Both belong to one level.",
    ),
    start_of_the_old_level=(
        f"{SIGNAL} -> extract(schedule.alphas_cumprod_prev, t + 1, x_t.shape).sqrt() * {START}",
        "The noise has the strength of t_next, but x_0 still has the weight of t. "
        "On the way to noise x_0 gets smaller.",
    ),
    noise_added_to_the_state=(
        f"{SIGNAL} -> x_t",
        "All of the noise of t_next is added to x_t, which has some already. Take x_t apart before you mix.",
    ),
    fresh_noise=(
        f"{NOISE} -> (1 - after).sqrt() * torch.randn_like(x_t)",
        "The noise is drawn at random. Then nothing leads back to this x: which noise does the model see in x_t?",
    ),
)


@invert_step.mistake(
    "This is a step towards clean data, as far below t as t_next is above it. "
    "Which alpha-bar does the noisier level have?"
)
def step_down(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    t = t.clamp(min=0)
    t_prev = (2 * t - t_next).clamp(min=-1)
    return ddim_step(model, x_t, t, t_prev, torch.zeros_like(x_t), schedule, 0.0, predicts, clip_start)


@invert_step.mistake(
    "This is DDIM's step from t_next down to t. x_t has the noise of t, and the step leads up to t_next."
)
def step_from_t_next(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    return ddim_step(model, x_t, t_next, t, torch.zeros_like(x_t), schedule, 0.0, predicts, clip_start)


@invert_step.mistake(
    "The model's noise is added as if it were new, independent of what x_t has. It is the same noise: "
    "at t_next there is then too much of it."
)
def renoised_with_the_same_noise(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    _, eps = predict_start_and_noise(model, x_t, t.clamp(min=0), schedule, predicts, clip_start)
    return editing.renoise(x_t, t, t_next, eps, schedule)


@invert_step.mistake(
    "Random noise is added to x_t, and the model is not asked: that is RePaint's way up, which nobody can go back. "
    "Which noise does the model see?"
)
def renoised(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    return editing.renoise(x_t, t, t_next, torch.randn_like(x_t), schedule)


@invert_step.mistake(
    "Where t is -1 the noise is 0 / 0: with alpha-bar = 1 nothing is left of x_t to read it from. "
    "The noise has to come from the model's answer, as at t = 0."
)
def nothing_left_of_clean_data(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    now = extract(schedule.alphas_cumprod_prev, t + 1, x_t.shape)
    x_start = predict_start(model(x_t, t.clamp(min=0)), x_t, t.clamp(min=0), schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    x_start = torch.where(now == 1, x_t, x_start)
    return mixed(x_start, (x_t - now.sqrt() * x_start) / (1 - now).sqrt(), t_next, schedule)


@invert_step.mistake(
    "The model's answer is used as the noise, whatever `predicts` says; x_0 is right. "
    "Which noise does x_t contain if the model says x_0 or v?"
)
def output_is_the_noise(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    output = model(x_t, t.clamp(min=0))
    x_start = predict_start(output, x_t, t.clamp(min=0), schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    return mixed(kept_where_clean(x_t, x_start, t), output, t_next, schedule)


@invert_step.mistake(
    "x_0 is clipped, but the noise still is what the model said, so x_t is no longer made of these two. "
    "Which noise is left of x_t once x_0 is clipped?"
)
def noise_from_before_clipping(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t.clamp(min=0), schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    return mixed(kept_where_clean(x_t, x_start, t), eps, t_next, schedule)


@invert_step.mistake(
    "sqrt(alpha-bar) is missing where x_t is taken apart: x_t less its noise is x_0 times sqrt(alpha-bar) of t."
)
def start_not_divided(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t.clamp(min=0), schedule, predicts, clip_start)
    x_start = schedule.sqrt_alphas_cumprod[t.clamp(min=0)].reshape(-1, *[1] * (x_t.ndim - 1)) * x_start
    return mixed(kept_where_clean(x_t, x_start, t), eps, t_next, schedule)


def kept_where_clean(x_t, x_start, t):
    return torch.where((t < 0).reshape(-1, *[1] * (x_t.ndim - 1)), x_t, x_start)


def mixed(x_start, eps, t_next, schedule):
    """What the reference does once x_0 and the noise are known."""
    after = extract(schedule.alphas_cumprod, t_next, eps.shape)
    return after.sqrt() * x_start + (1 - after).sqrt() * eps


@invert_step.alternative("Everything by itself: predict x_0, work out the noise, mix; a mask puts clean data in.")
def by_hand(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    axes = (-1, *[1] * (x_t.ndim - 1))
    asked = torch.where(t < 0, 0, t)
    x_start = predict_start(model(x_t, asked), x_t, asked, schedule, predicts)
    if clip_start:
        x_start = torch.clip(x_start, -1, 1)
    eps = noise_from_start(x_t, asked, x_start, schedule)
    clean = (t == -1).view(axes)
    x_start = x_start * ~clean + x_t * clean
    return schedule.sqrt_alphas_cumprod[t_next].view(axes) * x_start + (
        schedule.sqrt_one_minus_alphas_cumprod[t_next].view(axes) * eps
    )


@invert_step.alternative("`q_sample` mixes x_0 and noise, as it does when a network is trained.")
def mixed_by_q_sample(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t.clamp(min=0), schedule, predicts, clip_start)
    return q_sample(kept_where_clean(x_t, x_start, t), t_next, eps, schedule)


@invert_step.alternative("What x_t keeps and what x_0 adds: the noise in x_t grows with it, as in DDIM's step.")
def grown_and_filled_up(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    asked = t.clamp(min=0)
    x_start, _ = predict_start_and_noise(model, x_t, asked, schedule, predicts, clip_start)
    now, after = (extract(schedule.alphas_cumprod.double(), at, x_t.shape) for at in (asked, t_next))
    grown = ((1 - after) / (1 - now)).sqrt()
    x = grown * x_t + (after.sqrt() - grown * now.sqrt()) * x_start
    return torch.where((t < 0).reshape(now.shape), x + after.sqrt() * (x_t - x_start), x).to(x_t.dtype)


@invert_step.alternative("In y = x / sqrt(alpha-bar), which moves by the change of sigma times the noise.")
def along_sigma(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    axes = (-1, *[1] * (x_t.ndim - 1))
    alphas_cumprod = torch.cat([schedule.alphas_cumprod.new_ones(1), schedule.alphas_cumprod]).double()
    now, after = alphas_cumprod[t + 1].view(axes), alphas_cumprod[t_next + 1].view(axes)
    _, eps = predict_start_and_noise(model, x_t, t.clamp(min=0), schedule, predicts, clip_start)
    y = x_t / now.sqrt() + ((1 / after - 1).sqrt() - (1 / now - 1).sqrt()) * eps
    return (after.sqrt() * y).to(x_t.dtype)


@invert_step.alternative("The clean rows and the others are worked out one after the other.")
def clean_rows_apart(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t.relu(), schedule, predicts, clip_start)
    x_start = x_start.clone()
    x_start[t < 0] = x_t[t < 0]
    after = extract(schedule.alphas_cumprod_prev, t_next, x_t.shape) * extract(schedule.alphas, t_next, x_t.shape)
    return torch.sqrt(after) * x_start + torch.sqrt(1 - after) * eps
