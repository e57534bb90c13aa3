"""A second look at an attempt: what its results alone do not show."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from course_lib.checker.compare import Finding, Tolerance, alike, requires_grad, same_gradients
from course_lib.checker.running import Trial
from course_lib.checker.sandbox import Outcome
from course_lib.checker.trials import Trials
from course_lib.checker.values import arrays_in, moved_case, tensors_in, varied

EXACTLY = Tolerance(0, 0)
MANY = 20  # tensors saved at once: more than a step or two have


def side_effect(trials: Trials, outcomes: list[Outcome], expected: list[Outcome]) -> Finding | None:
    return changed_argument(trials, outcomes, expected) or random_numbers(trials, outcomes, expected)


def changed_argument(trials: Trials, outcomes: list[Outcome], expected: list[Outcome]) -> Finding | None:
    touched = {trials.quiz.arguments[place] for outcome in outcomes for place in outcome.changed}
    touched -= {trials.quiz.arguments[place] for outcome in expected for place in outcome.changed}
    name = next((name for name in trials.quiz.arguments if name in touched - set(trials.quiz.changes)), None)
    if name is None:
        return None
    tensor = any(
        isinstance(v, Tensor) for c in trials.cases for a, v in zip(trials.quiz.arguments, c, strict=False) if a == name
    )
    advice = "Make a new tensor: `x = x + 1`, not `x += 1` or `x.add_(1)`." if tensor else "Work on a copy of it."
    if trials.quiz.changes:
        advice = f"All that may change here is {' and '.join(f'`{changed}`' for changed in trials.quiz.changes)}."
    elif tensor and trials.quiz.no_grad:
        advice = "Neither its values nor its `requires_grad` may change. Which copy can be asked for gradients instead?"
    elif name in ("model", "classifier"):
        advice = "Its parameters, their `requires_grad` and its training mode have to stay as they are."
    return Finding("mutates", f"It changes `{name}`, which belongs to the caller. {advice}")


def random_numbers(trials: Trials, outcomes: list[Outcome], expected: list[Outcome]) -> Finding | None:
    pairs = zip(outcomes, expected, strict=False)
    if not trials.quiz.is_module and any(mine.moved_random and not right.moved_random for mine, right in pairs):
        return _moves_random_numbers(trials)
    return _seeds_itself(trials, outcomes, expected)


def _moves_random_numbers(trials: Trials) -> Finding:
    source = next((name for name in ("generator", "noise") if name in trials.quiz.arguments), None)
    rule = f"What is random comes in as `{source}`." if source else "Nothing is random here."
    return Finding("values", f"It moves torch's global random state, by a draw of its own or by `manual_seed`. {rule}")


def _seeds_itself(trials: Trials, outcomes: list[Outcome], expected: list[Outcome]) -> Finding | None:
    """The same numbers under every global seed, where the reference draws others."""
    drawing = [i for i, right in enumerate(expected[: len(outcomes)]) if right.moved_random and right.returned]
    for i in drawing[:1]:
        trial = trials.all[i]
        (right,) = trials.expected([trial], seed=1)
        mine = trials.run(trials.attempt, trial, seed=1)
        if not alike(right, expected[i], EXACTLY) and alike(mine, outcomes[i], EXACTLY):
            return Finding(
                "values",
                "Without a generator every call gives the same result: it seeds the random numbers itself. "
                "Who calls it decides about seeds.",
            )
    return None


def ignored(trials: Trials, outcomes: list[Outcome], expected: list[Outcome]) -> Finding | None:
    """An argument that matters to the reference and not to the attempt."""
    for place, name in enumerate(trials.quiz.arguments):
        changes = [(i, trial) for i, trial in enumerate(trials.all) if not trial.twice and place < len(trial.case)]
        changes = [
            (i, replace(trial, case=new)) for i, trial in changes for new in _variants(trials, trial.case, place)
        ]
        rights = trials.expected([trial for _, trial in changes])
        matter = [
            (i, trial)
            for (i, trial), right in zip(changes, rights, strict=True)
            if not alike(right, expected[i], trials.tolerance)
        ]
        if matter and all(alike(trials.run(trials.attempt, trial), outcomes[i], EXACTLY) for i, trial in matter):
            own = any(mine.moved_random for mine in outcomes)
            why = "It draws random numbers of its own instead." if own else "Where does it come in?"
            return Finding("ignores", f"The result is the same whatever `{name}` is. {why}")
    return None


def _variants(trials: Trials, case: tuple, place: int) -> list[tuple]:
    if place == 0 and trials.quiz.is_module:
        return []
    return [(*case[:place], other, *case[place + 1 :]) for other in varied(case[place])]


def equal_t(trials: Trials) -> Finding | None:
    """Right when all rows share one t, wrong when they do not."""
    if "t" not in trials.quiz.arguments:
        return None
    place = trials.quiz.arguments.index("t")
    equal = [
        Trial((*case[:place], torch.full_like(case[place], t.item()), *case[place + 1 :]))
        for case in trials.cases
        for t in case[place].unique()
    ]
    for trial, right in zip(equal, trials.expected(equal), strict=True):
        if trials.finding(trials.run(trials.attempt, trial), right):
            return None
    return Finding(
        "equal_t",
        "Right only when all rows of the batch share one `t`. "
        "Each row has its own: how do you look up one value per row?",
    )


def lost_gradient(trials: Trials, expected: list[Outcome]) -> Finding | None:
    """Right values through which not all of the gradient flows back: part of a network would not learn."""
    learns = [case for case, right in zip(trials.cases, expected, strict=False) if requires_grad(right.value)]
    for case in learns[:1]:
        (right,) = trials.expected([Trial(case)], look="gradients")
        mine = trials.attempt.perform("gradients", Trial(case), trials.seconds)
        if mine.timed_out:
            return Finding("timeout", "The values are right, but the way back through them does not end in time.")
        if not same_gradients(mine.value, right.value):
            return Finding(
                "type",
                "The values are right, but the gradient that flows back is not: "
                "did `detach`, `no_grad`, `.data` or `item` cut off a part of it?",
            )
    return None


def off_the_device(trials: Trials) -> Finding | None:
    """Find tensors made on the CPU, without a GPU: torch's meta device knows only shapes and mixes with no other.

    Only its complaint about two devices counts. Whatever else cannot be done there (`item`, NumPy) says nothing.
    Its first use loads a lot of torch, about two seconds, so only who makes a tensor without saying where is asked.
    """
    with_tensors = [case for case in trials.cases if next(tensors_in(case), None) is not None]
    cases = with_tensors or [case for case in trials.cases if any(isinstance(a, torch.Generator) for a in case)]
    if trials.device != "cpu" or not cases:
        return None
    makes = trials.run(trials.attempt, Trial(cases[0]), look="new tensors").value
    for case in cases if makes is True else []:
        trial = Trial(moved_case(case, "meta"))
        right, mine = trials.expected([trial])[0], trials.run(trials.attempt, trial)
        mixed = "on the expected device" in mine.says or "to be on the same device" in mine.says
        places = [[array.device for array in arrays_in(outcome.value)] for outcome in (mine, right)]
        if right.returned and (mixed or (mine.returned and places[1] and places[0] != places[1])):
            at = f", in the line `{mine.line}`" if mine.line else ""
            return Finding(
                "device",
                f"Right, but only on the CPU: a new tensor does not follow the inputs to their device{at}. "
                f"Think of `device={'x' if with_tensors else 'generator'}.device`.",
            )
    return None


def graph_on_the_way(trials: Trials) -> Finding | None:
    """Right samples, cut off from a graph of all steps at the end only: until then it fills the memory."""
    cases = [case for case in trials.cases if any(isinstance(value, nn.Module) for value in case)]
    for case in cases[:1] if not trials.quiz.is_module else []:
        (right,) = trials.expected([Trial(case)], look="saved")
        mine = trials.attempt.perform("saved", Trial(case), trials.seconds)
        if not isinstance(right.value, dict) or not isinstance(mine.value, dict) or right.value["in all"]:
            return None
        if mine.value["at once"] > max(mine.value["in all"] / 2, MANY):
            return Finding(
                "type",
                "The samples are right, but on the way there the graph of every step is kept, and with it the memory "
                "of all states. `detach` at the end comes too late: what switches gradients off from the beginning?",
            )
    return None
