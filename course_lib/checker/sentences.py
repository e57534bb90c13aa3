"""Sentences about a case and about an exception, for a finding."""

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from course_lib.checker.compare import Finding, shape_text
from course_lib.checker.quiz import Quiz
from course_lib.checker.sandbox import Outcome

OPTIONS = (str, bool, int, float, type(None))


def inputs_of(quiz: Quiz, case: tuple) -> dict[str, Tensor]:
    """The tensors of a case by the words that a sentence has for them, and what the model says about them."""
    named = dict(zip(quiz.arguments, case, strict=False))
    found = {f"`{name}`": value for name, value in named.items() if isinstance(value, Tensor)}
    model, t = named.get("model"), named.get("t")
    x = named.get("x_t", named.get("x"))
    if callable(model) and isinstance(x, Tensor) and isinstance(t, Tensor):
        with torch.no_grad():
            found["what the model says"] = model(x, t)
    return found


def where_seen(quiz: Quiz, cases: Sequence[tuple], wrong: Sequence[int]) -> str:
    """For which arguments something was seen: what all wrong cases share and no right one has, else the first case.

    Numbers are left out of the comparison: they differ from case to case, so one of them always seems to be the reason.
    """
    if not wrong:
        return ""
    if all(isinstance(value, OPTIONS) for value in cases[wrong[0]]):
        return f"Seen in `{quiz.name}({', '.join(map(_number, cases[wrong[0]]))})`."
    if at_the_first_step := _only_at_the_first_step(quiz, cases, wrong):
        return at_the_first_step
    described = [_description(quiz, case) for case in cases]
    right = [described[i] for i in range(len(cases)) if i not in wrong]
    names = list(dict.fromkeys(name for words in described for name in words))
    for name in [name for name in names if not name.endswith((" number", " shape"))] if right else ():
        bad = {described[i].get(name, "") for i in wrong}
        if len(bad) <= 2 and "" not in bad and not bad & {words.get(name) for words in right}:
            return f"In this check: wrong with {' or '.join(sorted(bad))}, right otherwise."
    first = described[wrong[0]]
    kept = [name for name in first if name in (*quiz.arguments, *(f"{a} number" for a in quiz.arguments))]
    kept = [name for name in kept if len({words.get(name) for words in described}) > 1]
    kept += [name for name in first if name.endswith(" shape")][:1]
    return f"Seen with {', '.join(first[name] for name in kept[:5])}." if kept else ""


def _only_at_the_first_step(quiz: Quiz, cases: Sequence[tuple], wrong: Sequence[int]) -> str:
    """Whether something was seen exactly where the first t of a batch is 0, or where all are: one row decided."""
    if quiz.is_module or "t" not in quiz.arguments:
        return ""
    every_t = [case[quiz.arguments.index("t")] for case in cases]
    if not all(isinstance(t, Tensor) and t.ndim == 1 and len(t) for t in every_t):
        return ""
    if set(wrong) == {i for i, t in enumerate(every_t) if not t.any()}:
        return "Seen only where every row of the batch has `t = 0`."
    if set(wrong) == {i for i, t in enumerate(every_t) if not t[0]}:
        return "Seen only where the first row has `t = 0`: does one row decide for the whole batch?"
    return ""


def _description(quiz: Quiz, case: tuple) -> dict[str, str]:
    """What can be said of a case in a few words, an option by the name of its argument."""
    found = {}
    for name, value in zip(quiz.arguments, case, strict=False):
        if isinstance(value, str | bool | None):
            found[name] = f"`{name}={_number(value)}`"
        elif isinstance(value, int | float):
            found[f"{name} number"] = f"`{name}={_number(value)}`"
        elif isinstance(value, torch.Generator):
            found[name] = f"a `{name}`"
        elif isinstance(value, Tensor):
            found[f"{name} type"] = f"`{name}` of type {str(value.dtype).removeprefix('torch.')}"
            found[f"{name} axes"] = f"`{name}` of {value.ndim} ax{'i' if value.ndim == 1 else 'e'}s"
            found[f"{name} rows"] = f"{'one row' if value.ndim and len(value) == 1 else 'several rows'} in `{name}`"
            found[f"{name} shape"] = f"`{name}` of shape {shape_text(tuple(value.shape))}"
        elif name == "__init__":
            found[name] = f"`{quiz.name}({', '.join(_number(v) for v in value if isinstance(v, OPTIONS))})`"
    return found


def _number(value: object) -> str:
    return f"{value:.3g}" if type(value) is float else repr(value).replace("'", '"')


_ADVICE = {
    "must match the size": "Broadcasting lines up the last axes: which shapes meet there?",
    "out of bounds": "How far does the index run?",
    "Dimension out of range": "The tensor has fewer axes than that: how many has the input?",
    "index out of range": "How far does the index run?",
    "Boolean value of Tensor": "One `if` decides for all rows of the batch: each row has its own value, and needs its "
    "own decision.",
    "only one element tensors can be converted": "A tensor of several numbers is not one number: each row has its own.",
    "cannot be converted to Scalar": "A tensor of several numbers is not one number: each row has its own.",
    "only integer tensors of a single element": "A tensor of several numbers is not one number: each row has its own.",
    "only length-1 arrays can be converted": "An array of several numbers is not one number: each row has its own.",
    '"bitwise_': "`&` and `|` bind more tightly than `<` and `<=`: put each comparison in parentheses.",
    "does not require grad": "Autograd follows what is computed from a tensor that asked for it by `requires_grad_`, "
    "and only where gradients are switched on.",
    "only for scalar outputs": "A gradient is that of one number: how do many become one?",
    "maximum recursion depth": "Does it call itself?",
    "device type for generator": "A generator draws on its own device only: say `device=generator.device`.",
    "generator raised StopIteration": "`next` finds nothing more there: when should the loop end?",
    "is not defined": "Is it spelt as in the arguments, or in a cell that has not been run?",
    "has no attribute 'parameters'": "A model may be any function of (x, t), not only a network.",
    "has no attribute 'eval'": "A model may be any function of (x, t), not only a network.",
}


_COUNTED = {  # advice for quizzes with a `t`
    r"index -\d+ is out of bounds": "The paper counts t from 1, here t = 0 is the first step: is `t - 1` looked up?",
    r"index (\d+) is out of bounds .*size \1\b": "Here t counts from 0 and ends at T - 1: is `t + 1` looked up?",
}


def raised(mine: Outcome, at: str, counts: bool = False) -> Finding:
    """The sentence for an exception; on an accelerator, a mixture of devices is a finding of its own.

    `counts` says that a time step `t` comes in, which the paper counts from 1.
    """
    if "same device" in mine.says or "on the expected device" in mine.says:
        return Finding("device", f"Tensors of two devices meet{at}. Create new ones with `device=x.device`.")
    if mine.error == "SystemExit":
        return Finding("raises", f"It ends the program{at}. Leave by `return`.")
    if mine.error == "MemoryError" or "allocate memory" in mine.says:
        return Finding("raises", f"It asks for more memory than there is{at}. How large is that tensor?")
    advice = next((sentence for part, sentence in _ADVICE.items() if part in mine.says), "")
    if counts:
        reason = next((sentence for part, sentence in _COUNTED.items() if re.search(part, mine.says)), "")
        advice = f"{advice} {reason}".strip()
    says = f": {mine.says.rstrip('.')}" if mine.says else ""
    return Finding("raises", f"It raises {mine.error}{at}{says}. {advice}".strip())
