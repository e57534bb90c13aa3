"""Quiz `warmup_decay` of chapter 09."""

import math

import torch

from course_lib import training
from course_lib.checker.quiz import Quiz


def moments(g: torch.Generator) -> list[tuple]:
    """Both ends of the warm-up and of the run, and some steps between; short runs, of which one has no warm-up."""
    steps, warmup = 400 + 7 * int(torch.randint(9, (), generator=g)), 23
    end = 0.1 + 0.2 * float(torch.rand((), generator=g))
    inside = [steps // 3, steps // 2, (5 * steps) // 6]
    cases = [(step, steps, warmup, end) for step in (0, 1, 9, warmup - 1, warmup, warmup + 1, *inside, steps - 1)]
    short = [(step, 70, 100, 0.3) for step in (0, 5, 6, 7, 30, 69)]
    shortest = [(0, 5, 3, 0.5), (2, 5, 3, 0.5), (4, 5, 3, 0.5), (2, 25, 4, 0.2), (9, 25, 4, 0.2)]
    shares = [(step, 28, 9, 0.4) for step in (0, 1, 2, 3, 20)]  # 2.8 steps are a tenth of it
    return [*cases, *short, *shortest, *shares, (700, 2000), (50, 2000), (1999, 2000)]


warmup_decay = Quiz(
    training.warmup_decay,
    cases=moments,
    points=2,
    minutes=12,
    hints=(
        "Two formulas and an `if`. Before both: how long is the warm-up in a run of only 70 steps?",
        "Going up: the first step gets 1 / (warmup_steps + 1), the second twice that. "
        "Going down: `done` runs from 0 to 1 between step `warmup_steps` and step `steps - 1`.",
        "warmup_steps = min(warmup_steps, steps // 10); up: (step + 1) / (warmup_steps + 1); "
        "down: final + (1 - final) * (1 + math.cos(math.pi * done)) / 2",
    ),
    rtol=1e-4,
    atol=1e-5,
)


def rate(step, steps, warmup_steps, final, up=None, down=None, shortened=True):
    """The reference with screws: how the way up and the way down depend on the share that is done."""
    warmup_steps = min(warmup_steps, steps // 10) if shortened else warmup_steps
    if step < warmup_steps:
        return up(step, warmup_steps) if up else (step + 1) / (warmup_steps + 1)
    done = (step - warmup_steps) / max(steps - 1 - warmup_steps, 1)
    return down(done, final) if down else half_cosine(done, final)


def half_cosine(done, final):
    return final + (1 - final) * (1 + math.cos(math.pi * done)) / 2


@warmup_decay.mistake("The first step has a factor of 0 and learns nothing. What should step 0 get?")
def starts_at_zero(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, warmup_steps, final, up=lambda step, count: step / count)


@warmup_decay.mistake(
    "The line reaches 1 one step too early. Which step is to be the first one with the full learning rate?"
)
def up_too_early(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, warmup_steps, final, up=lambda step, count: (step + 1) / count)


@warmup_decay.mistake("There is no way up: the first steps, when gradients are worst, have the full learning rate.")
def no_warm_up(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, 0, final)


@warmup_decay.mistake("During the warm-up the factor is 1. Which straight line leads there?")
def flat_warm_up(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, warmup_steps, final, up=lambda step, count: 1.0)


@warmup_decay.mistake("The warm-up is as long in a short run: 100 of 70 steps. How much of a run may it take?")
def warm_up_never_shortened(step, steps, warmup_steps=100, final=0.02):
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    return half_cosine((step - warmup_steps) / max(steps - 1 - warmup_steps, 1), final)


@warmup_decay.mistake(
    "The warm-up always takes a tenth of the run. In a long run, `warmup_steps` may be less: which of the two counts?"
)
def always_a_tenth(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, steps, final)


@warmup_decay.mistake("It falls to 0, whatever `final` is. Between which two values should the cosine run?")
def falls_to_zero(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, warmup_steps, 0)


@warmup_decay.mistake("A plain cosine falls to -1, and a negative learning rate unlearns. How is it brought up to 0?")
def below_zero(step, steps, warmup_steps=100, final=0.02):
    return rate(
        step, steps, warmup_steps, final, down=lambda done, final: final + (1 - final) * math.cos(math.pi * done)
    )


@warmup_decay.mistake("`final` is added on top, so it begins above 1. By how much has the cosine's range to shrink?")
def final_on_top(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, warmup_steps, final, down=lambda done, final: final + half_cosine(done, 0))


@warmup_decay.mistake("It falls to 0 and is caught at `final`, which makes a kink. Can the curve itself end there?")
def caught_at_final(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, warmup_steps, final, down=lambda done, final: max(final, half_cosine(done, 0)))


@warmup_decay.mistake("The factor falls along a straight line. Which curve starts and ends flat?")
def falls_straight(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, warmup_steps, final, down=lambda done, final: 1 - (1 - final) * done)


@warmup_decay.mistake("A quarter of a cosine ends at its steepest. Through which angle does a half one go?")
def quarter_cosine(step, steps, warmup_steps=100, final=0.02):
    return rate(
        step, steps, warmup_steps, final, down=lambda done, final: final + (1 - final) * math.cos(math.pi * done / 2)
    )


@warmup_decay.mistake("A whole cosine goes down and comes up again. Through which angle does a half one go?")
def whole_cosine(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, warmup_steps, final, down=lambda done, final: half_cosine(2 * done, final))


@warmup_decay.mistake(
    "The cosine counts from step 0, so there is a jump after the warm-up. Where should its way down begin?"
)
def down_from_the_start(step, steps, warmup_steps=100, final=0.02):
    shortened = min(warmup_steps, steps // 10)
    if step < shortened:
        return (step + 1) / (shortened + 1)
    return half_cosine(step / max(steps - 1, 1), final)


@warmup_decay.mistake(
    "The cosine counts from the end of the warm-up but divides by the whole run, so it never arrives at `final`."
)
def never_arrives(step, steps, warmup_steps=100, final=0.02):
    shortened = min(warmup_steps, steps // 10)
    if step < shortened:
        return (step + 1) / (shortened + 1)
    return half_cosine((step - shortened) / steps, final)


@warmup_decay.mistake("One step short of `final`: what is the number of the last step of a run?")
def one_short_of_final(step, steps, warmup_steps=100, final=0.02):
    shortened = min(warmup_steps, steps // 10)
    if step < shortened:
        return (step + 1) / (shortened + 1)
    return half_cosine((step - shortened) / (steps - shortened), final)


@warmup_decay.mistake(
    "Both factors act all the time, so the line goes up along a falling cosine. When does the way down begin?"
)
def both_at_once(step, steps, warmup_steps=100, final=0.02):
    shortened = min(warmup_steps, steps // 10)
    return min((step + 1) / (shortened + 1), 1) * half_cosine(step / max(steps - 1, 1), final)


@warmup_decay.mistake(
    "Step 0 gets a factor of 0, and the last step is not yet at `final`. What is the number of the last step?"
)
def late_at_both_ends(step, steps, warmup_steps=100, final=0.02):
    return late(step, steps, min(warmup_steps, steps // 10), final, first=0)


@warmup_decay.mistake(
    "The line is at 1 a step too early, and the cosine arrives a step too late. "
    "Which steps are the first one at 1, and the last one?"
)
def early_and_late(step, steps, warmup_steps=100, final=0.02):
    return late(step, steps, min(warmup_steps, steps // 10), final, first=1)


@warmup_decay.mistake(
    "Step 0 gets 0, and in a run of 70 steps the warm-up never ends. "
    "What should the first step get, and how much of a run may the warm-up take?"
)
def late_and_never_shortened(step, steps, warmup_steps=100, final=0.02):
    return late(step, steps, warmup_steps, final, first=0)


def late(step, steps, warmup_steps, final, first):
    if step < warmup_steps:
        return (step + first) / warmup_steps
    return half_cosine((step - warmup_steps) / (steps - warmup_steps), final)


@warmup_decay.mistake("A tenth of the run is not rounded down. How many whole steps of warm-up has a run of 25?")
def tenth_not_rounded(step, steps, warmup_steps=100, final=0.02):
    warmup_steps = min(warmup_steps, steps / 10)
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    return half_cosine((step - warmup_steps) / max(steps - 1 - warmup_steps, 1), final)


@warmup_decay.mistake("A tenth of the run is rounded to the nearest. How many whole steps of warm-up has a run of 28?")
def tenth_rounded(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, min(warmup_steps, round(steps / 10)), final, shortened=False)


@warmup_decay.mistake("A tenth of the run is rounded up. How many whole steps of warm-up has a run of 28?")
def tenth_rounded_up(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, min(warmup_steps, math.ceil(steps / 10)), final, shortened=False)


@warmup_decay.mistake("The warm-up takes the longer of `warmup_steps` and a tenth of the run. Which should it be?")
def the_longer_of_two(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, max(warmup_steps, steps // 10), final, shortened=False)


@warmup_decay.mistake("The line is one step late: step 0 gets 0 and learns nothing. Which fraction should it get?")
def up_one_step_late(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, warmup_steps, final, up=lambda step, count: step / (count + 1))


@warmup_decay.mistake("The factor never is 1: the way down has begun when the way up ends. Which step is the peak?")
def down_too_early(step, steps, warmup_steps=100, final=0.02):
    shortened = min(warmup_steps, steps // 10)
    if step < shortened:
        return (step + 1) / (shortened + 1)
    return half_cosine((step - shortened + 1) / (steps - shortened), final)


@warmup_decay.mistake(
    "There is a drop after the warm-up, from 1 to the middle. How is the cosine lifted to begin at 1?"
)
def begins_in_the_middle(step, steps, warmup_steps=100, final=0.02):
    return rate(
        step, steps, warmup_steps, final, down=lambda done, final: final + (1 - final) * math.cos(math.pi * done) / 2
    )


@warmup_decay.mistake("It drops to `final` after the warm-up and climbs from there. Which sign does the cosine have?")
def rises_again(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, warmup_steps, final, down=lambda done, final: half_cosine(1 - done, final))


@warmup_decay.mistake("The cosine falls from 1 - final to 0. Between which two values should it run?")
def final_never_added(step, steps, warmup_steps=100, final=0.02):
    return rate(step, steps, warmup_steps, final, down=lambda done, final: (1 - final) * half_cosine(done, 0))


@warmup_decay.alternative("")
def with_a_squared_cosine(step, steps, warmup_steps=100, final=0.02):
    warm = min(warmup_steps, int(steps * 0.1 + 1e-9))
    if step <= warm:
        return (step + 1) / (warm + 1)
    share = (step - warm) / (steps - 1 - warm)
    return final + (1 - final) * math.cos(math.pi / 2 * share) ** 2


@warmup_decay.alternative("")
def with_tensors(step, steps, warmup_steps=100, final=0.02):
    warm = min(steps // 10, warmup_steps)
    up = torch.linspace(0, 1, warm + 2)[1:-1]
    down = (1 + final) / 2 + (1 - final) / 2 * torch.linspace(0, math.pi, steps - warm).cos()
    return torch.cat([up, down])[step]


@warmup_decay.alternative("")
def the_smaller_of_two(step, steps, warmup_steps=100, final=0.02):
    warm = min(warmup_steps, steps // 10)
    done = max(step - warm, 0) / max(steps - 1 - warm, 1)
    return min((step + 1) / (warm + 1), (1 + final + (1 - final) * math.cos(math.pi * done)) / 2)
