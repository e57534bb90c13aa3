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
    difficulty=3,
    importance=3,
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


UP, DONE = "return (step + 1) / (warmup_steps + 1)", "done = (step - warmup_steps) / max(steps - 1 - warmup_steps, 1)"
DOWN = "return final + (1 - final) * (1 + math.cos(math.pi * done)) / 2"

warmup_decay.edits(
    starts_at_zero=(
        f"{UP} -> return step / warmup_steps",
        "The first step has a factor of 0 and learns nothing. What should step 0 get?",
    ),
    up_too_early=(
        f"{UP} -> return (step + 1) / warmup_steps",
        "The line reaches 1 one step too early. Which step is to be the first one with the full learning rate?",
    ),
    up_one_step_late=(
        "(step + 1) -> step",
        "The line is one step late: step 0 gets 0 and learns nothing. Which fraction should it get?",
    ),
    up_in_whole_numbers=(
        "(step + 1) / (warmup_steps + 1) -> (step + 1) // (warmup_steps + 1)",
        "During the whole warm-up the factor is 0. Which division keeps what stands behind the point?",
    ),
    up_from_final=(
        f"{UP} -> return final + (1 - final) * (step + 1) / (warmup_steps + 1)",
        "The way up starts near `final` and not near 0. To which of the two ways does `final` belong?",
    ),
    no_warm_up=(
        "min(warmup_steps, steps // 10) -> 0",
        "There is no way up: the first steps, when gradients are worst, have the full learning rate.",
    ),
    flat_warm_up=(f"{UP} -> return 1.0", "During the warm-up the factor is 1. Which straight line leads there?"),
    warm_up_never_shortened=(
        "min(warmup_steps, steps // 10) -> warmup_steps",
        "The warm-up is as long in a short run: 100 of 70 steps. How much of a run may it take?",
    ),
    always_a_tenth=(
        "min(warmup_steps, steps // 10) -> steps // 10",
        "The warm-up always takes a tenth of the run. In a long run `warmup_steps` may be less: which counts?",
    ),
    the_longer_of_two=(
        "min(warmup_steps, -> max(warmup_steps,",
        "The warm-up takes the longer of `warmup_steps` and a tenth of the run. Which should it be?",
    ),
    tenth_not_rounded=(
        "steps // 10 -> steps / 10",
        "A tenth of the run is not rounded down. How many whole steps of warm-up has a run of 25?",
    ),
    tenth_rounded=(
        "steps // 10 -> round(steps / 10)",
        "A tenth of the run is rounded to the nearest. How many whole steps of warm-up has a run of 28?",
    ),
    tenth_rounded_up=(
        "steps // 10 -> math.ceil(steps / 10)",
        "A tenth of the run is rounded up. How many whole steps of warm-up has a run of 28?",
    ),
    falls_to_zero=(
        f"{DOWN} -> return (1 + math.cos(math.pi * done)) / 2",
        "It falls to 0, whatever `final` is. Between which two values should the cosine run?",
    ),
    below_zero=(
        "(1 + math.cos(math.pi * done)) / 2 -> math.cos(math.pi * done)",
        "A plain cosine falls to -1, and a negative learning rate unlearns. How is it brought up to 0?",
    ),
    not_halved=(
        "(1 + math.cos(math.pi * done)) / 2 -> (1 + math.cos(math.pi * done))",
        "The way down begins near 2: 1 + cos goes from 2 to 0. Which range should it have?",
    ),
    final_on_top=(
        "(1 - final) * ->",
        "`final` is added on top, so it begins above 1. By how much has the cosine's range to shrink?",
    ),
    final_never_added=(
        "return final + -> return",
        "The cosine falls from 1 - final to 0. Between which two values should it run?",
    ),
    final_swapped=(
        "final + (1 - final) * -> (1 - final) + final *",
        "It begins at 1 and ends at 1 - final. What should the last step have left?",
    ),
    caught_at_final=(
        f"{DOWN} -> return max(final, (1 + math.cos(math.pi * done)) / 2)",
        "It falls to 0 and is caught at `final`, which makes a kink. Can the curve itself end there?",
    ),
    falls_straight=(
        "(1 + math.cos(math.pi * done)) / 2 -> (1 - done)",
        "The factor falls along a straight line. Which curve starts and ends flat?",
    ),
    falls_by_powers=(
        f"{DOWN} -> return final ** done",
        "The factor falls by the same share in every step, an exponential. Which curve starts and ends flat?",
    ),
    quarter_cosine=(
        "(1 + math.cos(math.pi * done)) / 2 -> math.cos(math.pi * done / 2)",
        "A quarter of a cosine ends at its steepest. Through which angle does a half one go?",
    ),
    whole_cosine=(
        "math.pi * done -> 2 * math.pi * done",
        "A whole cosine goes down and comes up again. Through which angle does a half one go?",
    ),
    without_pi=(
        "math.pi * done -> done",
        "The cosine goes through an angle of 1 only, a third of the way. Which angle is half a turn?",
    ),
    in_degrees=(
        "math.pi * done -> 180 * done",
        "An angle of 180 would be right in degrees. What does `math.cos` count in?",
    ),
    begins_in_the_middle=(
        "(1 + math.cos(math.pi * done)) / 2 -> math.cos(math.pi * done) / 2",
        "There is a drop after the warm-up, from 1 to the middle. How is the cosine lifted to begin at 1?",
    ),
    rises_again=(
        "1 + math.cos -> 1 - math.cos",
        "It drops to `final` after the warm-up and climbs from there. Which sign does the cosine have?",
    ),
    down_from_the_start=(
        f"{DONE} -> done = step / max(steps - 1, 1)",
        "The cosine counts from step 0, so part of its way down is over when the warm-up ends. Where should it begin?",
    ),
    never_arrives=(
        f"{DONE} -> done = (step - warmup_steps) / steps",
        "The cosine counts from the end of the warm-up but divides by the whole run, so it never arrives at `final`.",
    ),
    one_short_of_final=(
        "max(steps - 1 - warmup_steps, 1) -> (steps - warmup_steps)",
        "One step short of `final`: what is the number of the last step of a run?",
    ),
    down_too_early=(
        f"{DONE} -> done = (step - warmup_steps + 1) / (steps - warmup_steps)",
        "The factor never is 1: the way down has begun when the way up ends. Which step is the peak?",
    ),
    both_at_once=(
        "if step < warmup_steps: -> factor = min((step + 1) / (warmup_steps + 1), 1)",
        f"{UP} ->",
        f"{DONE} -> done = step / max(steps - 1, 1)",
        f"{DOWN} -> return factor * (final + (1 - final) * (1 + math.cos(math.pi * done)) / 2)",
        "Both factors act all the time, so the line goes up along a falling cosine. When does the way down begin?",
    ),
)


@warmup_decay.alternative("By the square of a cosine of half the angle.")
def with_a_squared_cosine(step, steps, warmup_steps=100, final=0.02):
    warm = min(warmup_steps, int(steps * 0.1 + 1e-9))
    if step <= warm:
        return (step + 1) / (warm + 1)
    share = (step - warm) / (steps - 1 - warm)
    return final + (1 - final) * math.cos(math.pi / 2 * share) ** 2


@warmup_decay.alternative("The whole curve as a tensor, of which one number is picked.")
def with_tensors(step, steps, warmup_steps=100, final=0.02):
    warm = min(steps // 10, warmup_steps)
    up = torch.linspace(0, 1, warm + 2)[1:-1]
    down = (1 + final) / 2 + (1 - final) / 2 * torch.linspace(0, math.pi, steps - warm).cos()
    return torch.cat([up, down])[step]


@warmup_decay.alternative("The smaller of the two ways, which meet at the peak.")
def the_smaller_of_two(step, steps, warmup_steps=100, final=0.02):
    warm = min(warmup_steps, steps // 10)
    done = max(step - warm, 0) / max(steps - 1 - warm, 1)
    return min((step + 1) / (warm + 1), (1 + final + (1 - final) * math.cos(math.pi * done)) / 2)
