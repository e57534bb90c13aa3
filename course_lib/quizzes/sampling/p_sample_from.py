"""Quiz `p_sample_from` of chapter 10."""

from itertools import count

import torch

from course_lib import reverse, sampling
from course_lib.checker.quiz import Quiz
from course_lib.forward import q_sample
from course_lib.quizzes.inputs import ToyDenoiser
from course_lib.reverse import draw_noise
from course_lib.schedules import NoiseSchedule


def stopped_runs(g: torch.Generator) -> list[tuple]:
    """States of several kinds, stopped early, late, at the first step and at the last, each with its own generator.

    The rows of one are copies of a single state: what makes them differ is the noise of the steps. One has a generator
    for each row, one a single row. In the last case nobody brings a generator; its model always says 0.5, so the
    samples are the same for all noise.
    """
    model, cases = ToyDenoiser(), []
    for seed, (shape, timesteps, start, predicts, clip_start) in enumerate(
        [
            ((4, 3), 9, 5, "noise", False),
            ((2, 1, 6, 5), 7, 3, "start", True),
            ((5, 2), 6, 5, "noise", True),
            ((3,), 8, 2, "v", False),
            ((2, 3), 5, 0, "v", True),
            ((3, 2), 7, 4, "start", False),
            ((1, 4), 6, 3, "noise", False),
        ]
    ):
        betas = 0.02 + 0.3 * torch.rand(timesteps, generator=g, dtype=torch.float64)
        x_t = torch.randn(shape, generator=g)
        x_t = x_t[:1].repeat(shape[0], *[1] * (len(shape) - 1)) if seed == 0 else x_t
        one_each = [torch.Generator().manual_seed(10 + row) for row in range(shape[0])]
        generator = one_each if seed == 5 else torch.Generator().manual_seed(seed)
        cases.append((model, x_t, start, NoiseSchedule(betas), generator, predicts, clip_start))
    return [*cases, (always_half, torch.randn(1, 3, generator=g), 4, cases[0][3], None, "start")]


def always_half(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return torch.full_like(x, 0.5)


p_sample_from = Quiz(
    sampling.p_sample_from,
    cases=stopped_runs,
    points=3,
    minutes=10,
    difficulty=3,
    importance=4,
    hints=(
        "It is the loop of chapter 05 without its first line. What takes the place of the drawn x_T, and at which t "
        "does the loop begin now?",
        "`x = x_t`, then for t = start, start - 1, ..., 0 one `p_sample` with new noise in the shape of x. "
        "`range(start)` ends one too early: it holds 0 ... start - 1.",
        "for step in reversed(range(start + 1)): t = torch.full((len(x),), step, device=schedule.device); "
        "x = p_sample(model, x, t, draw_noise(x.shape, schedule, generator), schedule, predicts, clip_start)",
    ),
    changes=("generator",),
    calls=2,  # the second shows how far the first has moved the generator on
)


STEPS, T = "reversed(range(start + 1))", "torch.full((len(x),), step, device=schedule.device)"
NOISE = "noise = draw_noise(x.shape, schedule, generator)"
STEP = "x = p_sample(model, x, t, noise, schedule, predicts, clip_start)"

p_sample_from.edits(
    first_step_left_out=(
        f"{STEPS} -> reversed(range(start))",
        "The loop begins at start - 1, and x_t is at level `start`. Which number does `range(start)` leave out?",
    ),
    last_step_left_out=(
        f"{STEPS} -> range(start, 0, -1)",
        "The loop stops at t = 1, and a little noise is left. Which step leads from there to x_0?",
    ),
    from_the_top=(
        f"{STEPS} -> reversed(range(schedule.timesteps))",
        "The loop runs through all T steps, as if x_t was pure noise. How much noise does a state at `start` hold?",
    ),
    one_step_too_high=(
        f"{STEPS} -> reversed(range(min(start + 2, schedule.timesteps)))",
        "The loop begins at start + 1. Which level does x_t have?",
    ),
    upwards=(
        f"{STEPS} -> range(start + 1)",
        "The loop runs through t upwards, from 0 to `start`. In which direction does the noise get less?",
    ),
    counted_from_the_beginning=(
        f"{STEPS} -> reversed(range(schedule.timesteps - start))",
        "`start` is read as the number of steps that were made already. It is the t of the next step.",
    ),
    t_never_falls=(
        f"{T} -> torch.full((len(x),), start, device=schedule.device)",
        "Every step is told t = start. x gets cleaner on the way: which t belongs to each step?",
    ),
    told_one_less=(
        f"{T} -> torch.full((len(x),), max(step - 1, 0), device=schedule.device)",
        "Each step is told a t that is one too small. x is at level t, and so is the step.",
    ),
    fresh_noise_instead=(
        "x = x_t -> x = draw_noise(x_t.shape, schedule, generator)",
        "The states that come in are thrown away: the run begins with fresh noise. What should it go on from?",
    ),
    x_t_noised_again=(
        "x = x_t -> x = x_t + draw_noise(x_t.shape, schedule, generator)",
        "Noise is added before the first step. x_t is a state of the run already: it holds its noise.",
    ),
    no_noise_on_the_way=(
        f"{NOISE} -> noise = torch.zeros_like(x)",
        "No step adds noise, so copies of one state stay copies. Which argument of `p_sample` is it?",
    ),
    one_noise_for_the_batch=(
        f"{NOISE} -> noise = draw_noise(x.shape, schedule, generator)[:1].expand_as(x)",
        "All rows get the same noise, so copies of one state stay copies. Which shape should be drawn?",
    ),
    quiet_at_t_1=(
        f"{NOISE} -> {NOISE} * (step > 1)",
        "The noise stops one step too early: the step at t = 1 has a variance that is not 0. Which step has none?",
    ),
    steps_from_the_global_generator=(
        f"{NOISE} -> noise = torch.randn_like(x)",
        "The noise comes from torch's global generator, as `randn_like` draws it, so nobody can repeat these samples. "
        "What is `generator` for?",
    ),
    seeded_in_every_step=(
        f"{NOISE} -> [g.manual_seed(0) for g in (generator if isinstance(generator, list) else [generator]) if g]; "
        f"{NOISE}",
        "Every step has the same noise, as if the generator were seeded anew each time. Each step needs its own draw.",
    ),
    one_row_of_noise=(
        f"{NOISE} -> noise = draw_noise(x[:1].shape, schedule, generator).expand(x.shape)",
        "All rows share the noise of one row, so copies of one state stay copies. How many rows have to be drawn?",
    ),
    nothing_drawn_at_the_end=(
        f"{NOISE} -> noise = draw_noise(x.shape, schedule, generator) if step else torch.zeros_like(x)",
        "The samples are right, but one draw is missing, so the next call with this generator gives others. "
        "Which steps draw, according to the docstring?",
    ),
    noise_without_draw_noise=(
        f"{NOISE} -> noise = torch.randn(x.shape, generator=generator)",
        "A list of generators, one for each row, is not understood. `draw_noise` takes all kinds.",
    ),
    noise_without_draw_noise_on_a_device=(
        f"{NOISE} -> noise = torch.randn(x.shape, generator=generator, device=x.device)",
        "A list of generators, one for each row, is not understood. `draw_noise` takes all kinds, on every device.",
    ),
    noise_is_the_state=(
        f"{NOISE} -> noise = x_t",
        "The state x_t itself is added as noise in every step. Each step needs a draw of its own.",
    ),
    states_clamped=(
        f"{STEP} -> {STEP}.clamp(-1, 1)",
        "Every state is clamped. A noisy state has to leave [-1, 1]: what may be kept inside, and who does it?",
    ),
    clamped_at_the_end=(
        "return x -> return x.clamp(-1, 1)",
        "The samples are clamped at the end. Data may leave [-1, 1]; `clip_start` limits the predictions, not these.",
    ),
    options_lost=(
        "schedule, predicts, clip_start) -> schedule)",
        "`predicts` and `clip_start` change nothing. How is `p_sample` to read the model?",
    ),
    predicts_lost=(
        "noise, schedule, predicts, clip_start) -> noise, schedule, 'noise', clip_start)",
        "Whatever `predicts` says, the model's answer is taken for noise. Where is `predicts` lost?",
    ),
    clip_lost=(
        "predicts, clip_start) -> predicts)",
        "`clip_start` changes nothing, so a prediction of x_0 may leave [-1, 1]. Where is it lost?",
    ),
    steps_thrown_away=(
        "x = p_sample( -> p_sample(",
        "What comes back is x_t, as it came in. What becomes of the result of each step?",
    ),
    always_from_x_t=(
        "p_sample(model, x, -> p_sample(model, x_t,",
        "Every step starts from x_t, so only the last one counts. What does the next step have to start from?",
    ),
    returns_in_the_loop=(
        f"{STEP} -> return p_sample(model, x, t, noise, schedule, predicts, clip_start)",
        "What comes back is the state after a single step. How far is the `return` indented?",
    ),
    graph_of_all_steps=(
        "@torch.no_grad() ->",
        "The samples are right, but the graph of every step is kept, and with it the memory of all states. "
        "What switches gradients off?",
    ),
)


@p_sample_from.mistake(
    "This is a single jump to the predicted x_0, which is a blur if `start` is large. Which steps are missing?"
)
@torch.no_grad()
def one_jump(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    t = torch.full((len(x_t),), start, device=schedule.device)
    x_start = reverse.predict_start(model(x_t, t), x_t, t, schedule, predicts)
    return x_start.clamp(-1, 1) if clip_start else x_start


@p_sample_from.mistake(
    "The states are noised once more, to level `start`, before the first step. They are at that level already."
)
@torch.no_grad()
def noised_to_start_again(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    t = torch.full((len(x_t),), start, device=schedule.device)
    noisier = q_sample(x_t, t, draw_noise(x_t.shape, schedule, generator), schedule)
    return sampling.p_sample_from(model, noisier, start, schedule, generator, predicts, clip_start)


@p_sample_from.mistake("This is a whole new run from pure noise. What should happen to the states that come in?")
@torch.no_grad()
def a_new_run(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    return reverse.p_sample_loop(model, x_t.shape, schedule, generator, predicts, clip_start)


@p_sample_from.mistake(
    "Every step adds the same noise, as if it was drawn once, before the loop. Each step needs its own draw."
)
@torch.no_grad()
def drawn_once(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x, noise = x_t, draw_noise(x_t.shape, schedule, generator)
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=schedule.device)
        x = reverse.p_sample(model, x, t, noise, schedule, predicts, clip_start)
    return x


@p_sample_from.mistake("All states come back. They make a fine film; asked is the last one, the samples.")
@torch.no_grad()
def every_state(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    states = [x_t]
    for step in reversed(range(start + 1)):
        t = torch.full((len(x_t),), step, device=schedule.device)
        noise = draw_noise(x_t.shape, schedule, generator)
        states.append(reverse.p_sample(model, states[-1], t, noise, schedule, predicts, clip_start))
    return states


@p_sample_from.alternative("It counts `start` down itself.")
@torch.no_grad()
def counted_down(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    while start >= 0:
        noise = draw_noise(x.shape, schedule, generator)
        t = torch.tensor([start] * len(x), device=schedule.device)
        x = reverse.p_sample(model, x, t, noise, schedule, predicts=predicts, clip_start=clip_start)
        start -= 1
    return x


@p_sample_from.alternative("One step, then the function itself for the rest.")
@torch.no_grad()
def the_rest_is_the_same(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    if start < 0:
        return x_t
    t = torch.full(x_t.shape[:1], start, device=schedule.device)
    x = reverse.p_sample(model, x_t, t, draw_noise(x_t.shape, schedule, generator), schedule, predicts, clip_start)
    return the_rest_is_the_same(model, x, start - 1, schedule, generator, predicts, clip_start)


@p_sample_from.alternative("All noise is drawn before the loop.")
@torch.no_grad()
def all_noise_drawn_before(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    draws = [draw_noise(x_t.shape, schedule, generator) for _ in range(start + 1)]
    for step, noise in zip(count(start, -1), draws, strict=False):
        t = torch.full((len(x_t),), step, device=schedule.device)
        x_t = reverse.p_sample(model, x_t, t, noise, schedule, predicts, clip_start)
    return x_t
