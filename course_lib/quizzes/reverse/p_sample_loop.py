"""Quiz `p_sample_loop` of chapter 05."""

import torch

from course_lib import reverse
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.inputs import ToyDenoiser
from course_lib.reverse import draw_noise
from course_lib.schedules import NoiseSchedule


def walks(g: torch.Generator) -> list[tuple]:
    """Short chains of several kinds, each with a generator of its own.

    In the last nobody brings a generator. Its model always says 0.5, so the samples are the same for all noise.
    """
    model = ToyDenoiser()
    cases = []
    for seed, (shape, timesteps, predicts, clip_start) in enumerate(
        [
            ((4, 3), 6, "noise", False),
            ((2, 1, 6, 6), 5, "start", True),
            ((5, 2), 8, "noise", True),
            ((3,), 4, "v", False),
            ((1, 3), 1, "v", True),
        ]
    ):
        betas = 0.02 + 0.3 * torch.rand(timesteps, generator=g, dtype=torch.float64)
        generator = torch.Generator().manual_seed(seed)
        cases.append((model, shape, NoiseSchedule(betas), generator, predicts, clip_start))
    return [*cases, (always_half, (3, 2), cases[3][2], None, "start")]


def always_half(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return torch.full_like(x, 0.5)


p_sample_loop = Quiz(
    reverse.p_sample_loop,
    cases=walks,
    points=3,
    minutes=12,
    difficulty=3,
    importance=5,
    hints=(
        "Where does the way back begin, and through which t does it go?",
        "x = draw_noise(shape, schedule, generator); then for t = T - 1, ..., 0, one `p_sample` with new noise each.",
        "for step in reversed(range(schedule.timesteps)): t = torch.full((shape[0],), step, device=schedule.device); "
        "x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)",
    ),
)


STEPS, T = "reversed(range(schedule.timesteps))", "torch.full((shape[0],), step, device=schedule.device)"
NOISE = "noise = draw_noise(shape, schedule, generator)"
DRAWN = "x = draw_noise(shape, schedule, generator)"
STEP = "x = p_sample(model, x, t, noise, schedule, predicts, clip_start)"

p_sample_loop.edits(
    last_step_left_out=(
        f"{STEPS} -> range(schedule.timesteps - 1, 0, -1)",
        "Off by one: the loop stops at t = 1. Which step leads from there to x_0?",
    ),
    first_step_left_out=(
        f"{STEPS} -> range(schedule.timesteps - 2, -1, -1)",
        "Off by one: the first step back is missing. At which t is the noise that you begin with?",
    ),
    upwards=(
        f"{STEPS} -> range(schedule.timesteps)",
        "The loop runs through t upwards, as noising does. Where does the way back begin?",
    ),
    every_second_step=(
        f"{STEPS} -> range(schedule.timesteps - 1, -1, -2)",
        "Every second step is left out. `p_sample` steps from t to t - 1, and not further.",
    ),
    t_never_falls=(
        f"{T} -> torch.full((shape[0],), schedule.timesteps - 1, device=schedule.device)",
        "Every step is told t = T - 1. x gets cleaner on the way: which t belongs to each step?",
    ),
    told_one_less=(
        f"{T} -> torch.full((shape[0],), max(step - 1, 0), device=schedule.device)",
        "Each step is told a t that is one too small. x is at level t, and so is the step.",
    ),
    told_their_row=(
        f"{T} -> torch.arange(shape[0], device=schedule.device) % schedule.timesteps",
        "Each row is told another t, the same in every step. All samples walk together: which t have they?",
    ),
    start_used_as_noise=(
        f"{NOISE} -> start = noise = x if step == schedule.timesteps - 1 else start",
        "Every step gets x_T itself as its noise: is the tensor reused, or does the generator begin anew? "
        "Each step needs a draw of its own.",
    ),
    no_noise_on_the_way=(
        f"{NOISE} -> noise = torch.zeros(shape, device=schedule.device)",
        "No step gets fresh noise, so the samples come out too narrow. Which argument of `p_sample` is it?",
    ),
    quiet_at_t_1=(
        f"{NOISE} -> {NOISE} * (step > 1)",
        "The noise stops one step too early: the step at t = 1 has a variance that is not 0. Which step has none?",
    ),
    states_clamped=(
        f"{STEP} -> {STEP}.clamp(-1, 1)",
        "Every state is clamped. A noisy state has to leave [-1, 1]: which prediction may be kept inside, and where?",
    ),
    clamped_at_the_end=(
        "return x -> return x.clamp(-1, 1)",
        "The samples are clamped at the end. Data may leave [-1, 1]; `clip_start` keeps predictions inside, not these.",
    ),
    clamped_at_the_end_if_asked=(
        "return x -> return x.clamp(-1, 1) if clip_start else x",
        "noise, schedule, predicts, clip_start) -> noise, schedule, predicts)",
        "`clip_start` clamps the samples at the end only. Which prediction should it keep inside [-1, 1], and when?",
    ),
    begins_with_zeros=(
        f"{DRAWN} -> x = torch.zeros(shape, device=schedule.device)",
        "It begins with zeros, so the only randomness is that of the steps. What is x_T?",
    ),
    begins_with_ones=(
        f"{DRAWN} -> x = torch.ones(shape, device=schedule.device)",
        "It begins with ones. What is the distribution of x_T?",
    ),
    begins_uniform=(
        f"{DRAWN} -> device = (generator or schedule).device; "
        "x = torch.rand(shape, generator=generator, device=device).to(schedule.device)",
        "It begins with numbers from 0 to 1, which `torch.rand` draws. What is the distribution of x_T?",
    ),
    global_generator=(
        f"{DRAWN} -> generator = None; {DRAWN}",
        "All noise comes from torch's global generator, so nobody can repeat these samples. What is `generator` for?",
    ),
    steps_from_the_global_generator=(
        f"{NOISE} -> noise = torch.randn_like(x)",
        "x_T comes from `generator`, the noise of the steps from elsewhere, as `randn_like` draws it. "
        "Who should draw in the loop?",
    ),
    start_from_the_global_generator=(
        f"{DRAWN} -> x = draw_noise(shape, schedule)",
        "The noise of the steps comes from `generator`, x_T from elsewhere. Who should draw x_T?",
    ),
    seeded_in_every_step=(
        f"{NOISE} -> noise = draw_noise(shape, schedule, generator and generator.manual_seed(0))",
        "Every step has the same noise, as if the generator were seeded anew each time. Each step needs its own draw.",
    ),
    seeded_with_the_step=(
        f"{NOISE} -> noise = draw_noise(shape, schedule, generator and generator.manual_seed(step))",
        "The noise of the steps is the same whichever generator comes in, as if seeded by t. Who decides about seeds?",
    ),
    seeded_inside=(
        f"{DRAWN} -> generator = torch.Generator().manual_seed(0); {DRAWN}",
        "The samples are the same whichever generator comes in: a seed of the function's own stands in its way.",
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
        "`clip_start` changes nothing, so a prediction may leave [-1, 1]. Where is it lost?",
    ),
    generator_never_none=(
        f"{DRAWN} -> x = torch.randn(shape, generator=generator, device=generator.device).to(schedule.device)",
        "This needs a generator, but `generator` may be None: then torch's own is meant. "
        "Which function looks after that?",
    ),
    asks_the_model=(
        f"{DRAWN} -> next(model.parameters()); {DRAWN}",
        "`model` may be any callable, and a plain function has no parameters. Who else knows the device?",
    ),
    steps_thrown_away=(
        "x = p_sample( -> p_sample(",
        "What comes back is x_T, as it was drawn. What becomes of the result of each step?",
    ),
    always_from_the_start=(
        f"{DRAWN} -> {DRAWN}; start = x",
        "p_sample(model, x, -> p_sample(model, start,",
        "Every step starts from x_T, so only the last one counts. What does the next step have to start from?",
    ),
    returns_in_the_loop=(
        f"{STEP} -> return p_sample(model, x, t, noise, schedule, predicts, clip_start)",
        "What comes back is the state after a single step. How far is the `return` indented?",
    ),
    graph_of_all_steps=(
        "@torch.no_grad() ->",
        "The samples are right, but the graph of every step is kept, and with it the memory of all states. "
        "Nobody asks samples for gradients: what switches them off?",
    ),
)


@p_sample_loop.mistake(
    "All steps have the same noise, drawn once after x_T, so the errors point one way. When should it be drawn?"
)
@torch.no_grad()
def one_noise_for_all(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x, noise = (draw_noise(shape, schedule, generator) for _ in range(2))
    return walk(model, x, [noise] * schedule.timesteps, schedule, predicts, clip_start)


@torch.no_grad()
def all_drawn_first(
    model, shape, schedule, generator=None, predicts="noise", clip_start=False, *, x_t_last=False, by_t=False
):
    """All noise is drawn before the loop, x_T first or last; the steps take theirs in turn or as draws[t]."""
    draws = [draw_noise(shape, schedule, generator) for _ in range(schedule.timesteps + 1)]
    x = draws.pop(-1 if x_t_last else 0)
    return walk(model, x, draws[::-1] if by_t else draws, schedule, predicts, clip_start)


p_sample_loop.variants(
    all_drawn_first,
    steps_drawn_before_x_t=(
        {"x_t_last": True},
        "The numbers come in another order: the first draw should be x_T, and then each step has its own. "
        "What is drawn too early?",
    ),
    draws_taken_by_t=(
        {"by_t": True},
        "The steps' noise comes in the opposite order: the first draw after x_T belongs to the first step, t = T - 1.",
    ),
    drawn_before_x_t_and_taken_by_t=(
        {"x_t_last": True, "by_t": True},
        "The draws come in the opposite order, as noises[t] takes them from a list. x_T is drawn first, "
        "then the noise of t = T - 1.",
    ),
)


@p_sample_loop.mistake("All states come back. They make a fine film; asked is the last one, the samples.")
def every_state(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    return list(reverse.p_sample_steps(model, shape, schedule, generator, predicts, clip_start))


def walk(model, x, draws, schedule, predicts, clip_start):
    """From x through all t, with the noise of each step as it is drawn already."""
    for step, noise in zip(reversed(range(schedule.timesteps)), draws, strict=True):
        t = torch.full((len(x),), step, device=schedule.device)
        x = reverse.p_sample(model, x, t, noise, schedule, predicts, clip_start)
    return x


@p_sample_loop.alternative("The last of the states that `p_sample_steps` yields.")
@torch.no_grad()
def last_of_all_states(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    *_, last = reverse.p_sample_steps(model, shape, schedule, generator, predicts, clip_start)
    return last


@p_sample_loop.alternative("Nothing is drawn for the last step, whose variance is 0.")
@torch.no_grad()
def no_draw_at_the_end(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    t = torch.full((shape[0],), schedule.timesteps - 1, dtype=torch.long, device=schedule.device)
    while t[0] >= 0:
        noise = draw_noise(shape, schedule, generator) if t[0] > 0 else torch.zeros_like(x)
        x, t = reverse.p_sample(model, x, t, noise, schedule, predicts, clip_start), t - 1
    return x


@p_sample_loop.alternative("All noise is drawn before the loop, x_T first.")
@torch.no_grad()
def all_noise_drawn_before(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    source = schedule.betas.device if generator is None else generator.device
    draws = [torch.randn(*shape, generator=generator, device=source) for _ in range(schedule.timesteps + 1)]
    x, *draws = (draw.to(schedule.betas.device) for draw in draws)
    for step, noise in zip(reversed(range(len(draws))), draws, strict=True):
        t = step * torch.ones(len(x), dtype=torch.long, device=x.device)
        x = reverse.p_sample(model, x, t, noise, schedule, predicts=predicts, clip_start=clip_start)
    return x
