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
    model = ToyDenoiser().requires_grad_(False)
    cases = []
    for seed, (shape, timesteps, predicts, clip_start) in enumerate(
        [
            ((4, 3), 6, "noise", False),
            ((2, 1, 6, 6), 5, "start", True),
            ((5, 2), 8, "noise", True),
            ((3,), 4, "v", False),
        ]
    ):
        betas = 0.02 + 0.3 * torch.rand(timesteps, generator=g, dtype=torch.float64)
        generator = torch.Generator().manual_seed(seed)
        cases.append((model, shape, NoiseSchedule(betas), generator, predicts, clip_start))
    return [*cases, (always_half, (3, 2), NoiseSchedule(betas), None, "start")]


def always_half(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return torch.full_like(x, 0.5)


p_sample_loop = Quiz(
    reverse.p_sample_loop,
    cases=walks,
    points=3,
    minutes=12,
    hints=(
        "Where does the way back begin, and through which t does it go?",
        "x = draw_noise(shape, schedule, generator); then for t = T - 1, ..., 0, one `p_sample` with new noise each.",
        "for step in reversed(range(schedule.timesteps)): t = torch.full((shape[0],), step, device=schedule.device); "
        "x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)",
    ),
)


def walk(model, shape, schedule, generator, predicts, clip_start, steps, x=None, noise=None, told=None):
    """The loop with its screws: which steps, where it begins, which noise, what the steps are told to be."""
    with torch.no_grad():
        x = draw_noise(shape, schedule, generator) if x is None else x
        for step in steps:
            t = torch.full((shape[0],), step if told is None else told, device=schedule.device)
            drawn = draw_noise(shape, schedule, generator) if noise is None else noise
            x = reverse.p_sample(model, x, t, drawn, schedule, predicts, clip_start)
    return x


def downwards(schedule):
    return reversed(range(schedule.timesteps))


@p_sample_loop.mistake("Off by one: the loop stops at t = 1. Which step leads from there to x_0?")
def last_step_left_out(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    return walk(model, shape, schedule, generator, predicts, clip_start, range(schedule.timesteps - 1, 0, -1))


@p_sample_loop.mistake("Off by one: the first step back is missing. At which t is the noise that you begin with?")
def first_step_left_out(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    return walk(model, shape, schedule, generator, predicts, clip_start, range(schedule.timesteps - 2, -1, -1))


@p_sample_loop.mistake("The loop runs through t upwards, as noising does. Where does the way back begin?")
def upwards(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    return walk(model, shape, schedule, generator, predicts, clip_start, range(schedule.timesteps))


@p_sample_loop.mistake("Every step is told t = T - 1. x gets cleaner on the way: which t belongs to each step?")
def t_never_falls(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    told = schedule.timesteps - 1
    return walk(model, shape, schedule, generator, predicts, clip_start, downwards(schedule), told=told)


@p_sample_loop.mistake(
    "The noise is drawn once, before the loop, and used in every step, so the errors point one way. "
    "When should it be drawn?"
)
def one_noise_for_all(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x, noise = (draw_noise(shape, schedule, generator) for _ in range(2))
    return walk(model, shape, schedule, generator, predicts, clip_start, downwards(schedule), x, noise)


@p_sample_loop.mistake("x_T itself is used as the noise of every step. Each step needs a draw of its own.")
def start_used_as_noise(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    return walk(model, shape, schedule, generator, predicts, clip_start, downwards(schedule), x, x)


@p_sample_loop.mistake("No step adds noise, so all samples crowd together. Which argument of `p_sample` is it?")
def no_noise_on_the_way(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    noise = torch.zeros(shape, device=schedule.device)
    return walk(model, shape, schedule, generator, predicts, clip_start, downwards(schedule), noise=noise)


@p_sample_loop.mistake(
    "The noise stops one step too early: the step at t = 1 has a variance that is not 0. Which step has none?"
)
def quiet_at_t_1(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = walk(model, shape, schedule, generator, predicts, clip_start, range(schedule.timesteps - 1, 1, -1))
    silence = torch.zeros(shape, device=schedule.device)
    return walk(model, shape, schedule, generator, predicts, clip_start, (1, 0), x, silence)


@p_sample_loop.mistake(
    "Every state is clamped. A noisy state has to leave [-1, 1]: which guess may be kept inside, and who does it?"
)
def states_clamped(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in downwards(schedule):
        x = walk(model, shape, schedule, generator, predicts, clip_start, [step], x).clamp(-1, 1)
    return x


@p_sample_loop.mistake("It begins with zeros, so the only randomness is that of the steps. What is x_T?")
def begins_with_zeros(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = torch.zeros(shape, device=schedule.device)
    return walk(model, shape, schedule, generator, predicts, clip_start, downwards(schedule), x)


@p_sample_loop.mistake("It begins with numbers from 0 to 1, which `torch.rand` draws. What is the distribution of x_T?")
def begins_uniform(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    source = generator.device if generator is not None else schedule.device
    x = torch.rand(shape, generator=generator, device=source).to(schedule.device)
    return walk(model, shape, schedule, generator, predicts, clip_start, downwards(schedule), x)


@p_sample_loop.mistake(
    "All noise comes from torch's global generator, so nobody can repeat these samples. What is `generator` for?"
)
def global_generator(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    return walk(model, shape, schedule, None, predicts, clip_start, downwards(schedule))


@p_sample_loop.mistake(
    "x_T comes from `generator`, the noise of the steps from elsewhere, as `randn_like` draws it. "
    "Who should draw in the loop?"
)
def steps_from_the_global_generator(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    return walk(model, shape, schedule, None, predicts, clip_start, downwards(schedule), x)


@p_sample_loop.mistake("`predicts` and `clip_start` are not passed on to `p_sample`. How is it to read the model?")
def options_lost(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    return walk(model, shape, schedule, generator, "noise", False, downwards(schedule))


@p_sample_loop.mistake("`predicts` is not passed on to `p_sample`, which then takes every answer for noise.")
def predicts_lost(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    return walk(model, shape, schedule, generator, "noise", clip_start, downwards(schedule))


@p_sample_loop.mistake(
    "This needs a generator, but `generator` may be None: then torch's own is meant. Which function looks after that?"
)
def generator_never_none(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = torch.randn(shape, generator=generator, device=generator.device).to(schedule.device)
    return walk(model, shape, schedule, generator, predicts, clip_start, downwards(schedule), x)


@p_sample_loop.mistake(
    "The numbers come in another order: the first draw should be x_T, and then each step has its own. "
    "Where do you draw too early?"
)
def steps_drawn_before_x_t(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    draws = [draw_noise(shape, schedule, generator) for _ in range(schedule.timesteps)]
    x = draw_noise(shape, schedule, generator)
    for step in downwards(schedule):
        x = walk(model, shape, schedule, generator, predicts, clip_start, [step], x, draws[-1 - step])
    return x


@p_sample_loop.mistake("`clip_start` is not passed on to `p_sample`, so a guess may leave [-1, 1].")
def clip_lost(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    return walk(model, shape, schedule, generator, predicts, False, downwards(schedule))


@p_sample_loop.mistake(
    "This is x_T: the result of each step is thrown away. What does the next step have to start from?"
)
def steps_thrown_away(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    return draw_noise(shape, schedule, generator)


@p_sample_loop.mistake("It returns after a single step. How far is the `return` indented?")
def returns_in_the_loop(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    return walk(model, shape, schedule, generator, predicts, clip_start, [schedule.timesteps - 1])


@p_sample_loop.mistake("All states come back. They make a fine film; asked is the last one, the samples.")
def every_state(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    return list(reverse.p_sample_steps(model, shape, schedule, generator, predicts, clip_start))


@p_sample_loop.alternative("")
def last_of_all_states(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    *_, last = reverse.p_sample_steps(model, shape, schedule, generator, predicts, clip_start)
    return last


@p_sample_loop.alternative("")
def no_draw_at_the_end(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    """Nothing is drawn after the last step, so its noise need not be drawn."""
    x = draw_noise(shape, schedule, generator)
    t = torch.full((shape[0],), schedule.timesteps - 1, dtype=torch.long, device=schedule.device)
    while t[0] >= 0:
        noise = draw_noise(shape, schedule, generator) if t[0] > 0 else torch.zeros_like(x)
        x, t = reverse.p_sample(model, x, t, noise, schedule, predicts, clip_start), t - 1
    return x


@p_sample_loop.alternative("")
def all_noise_drawn_before(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    source = schedule.betas.device if generator is None else generator.device
    draws = [torch.randn(*shape, generator=generator, device=source) for _ in range(schedule.timesteps + 1)]
    x, *draws = (draw.to(schedule.betas.device) for draw in draws)
    for step, noise in zip(reversed(range(len(draws))), draws, strict=True):
        t = step * torch.ones(len(x), dtype=torch.long, device=x.device)
        x = reverse.p_sample(model, x, t, noise, schedule, predicts=predicts, clip_start=clip_start)
    return x
