"""What the checker says about the answers here: `python tests/answers/rates.py [--all] [--set first] [CHAPTER ...]`.

Prints what it says of each wrong answer that has no name in the catalogue (with --all: of every answer) and, at the
end, for each chapter how many right answers passed, how many wrong ones were refused, and how many were named (a
mistake from the catalogue), described (a sentence that says more than two numbers), or neither.
"""

import argparse
import importlib
import re
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from answers import ANSWERS, Answer
from course_lib.quizzes import Report, examine
from course_lib.quizzes.registry import CHAPTERS

HERE = Path(__file__).parent


def verdict(answer: Answer, report: Report) -> str:
    """`right`, or for a wrong answer one of passed, named, described, plain; `refused` for a right one; `disputed`."""
    if answer.right is None:
        return "disputed"
    if answer.right:
        return "right" if report.passed else "refused"
    if report.passed:
        return "passed"
    if report.mistake:
        return "named"
    numbers_only = re.match(r"((The [^:]*|Item \d+): )?Yours", report.message)
    return "plain" if report.finding == "values" and numbers_only else "described"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("chapters", nargs="*", choices=[*CHAPTERS, []])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--set", choices=("first", "second", "third", "fourth", "fifth", "sixth"), default="second")
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    every: Counter = Counter()
    for chapter in options.chapters or [c for c in CHAPTERS if (HERE / options.set / f"{c}.py").exists()]:
        ANSWERS.clear()
        importlib.import_module(f"answers.{options.set}.{chapter}")
        found: Counter = Counter()
        began = time.monotonic()
        for answer in ANSWERS:
            report = examine(answer.quiz, answer.attempt, seed=options.seed)
            kind = verdict(answer, report)
            found[kind] += 1
            if options.all or kind in ("refused", "passed", "plain", "described", "disputed"):
                name = "+".join(report.mistakes) or report.finding
                print(f"{kind:9} {answer.quiz}.{answer.attempt.__name__} ({answer.why})")
                print(f"          {name}: {report.message}")
        print(line(chapter, found), f"{time.monotonic() - began:.0f} s\n", flush=True)
        every += found
    print(line("all", every))
    return int(bool(every["refused"] or every["passed"]))


def line(chapter: str, found: Counter) -> str:
    right = found["right"] + found["refused"]
    wrong = sum(found.values()) - right - found["disputed"]
    shares = ", ".join(
        f"{kind} {found[kind] / max(wrong, 1):.1%}" for kind in ("passed", "named", "described", "plain")
    )
    disputed = f"; disputed {found['disputed']};" if found["disputed"] else ";"
    return f"{chapter}: {found['right']} of {right} right ones passed; {wrong} wrong ones: {shares}{disputed}"


if __name__ == "__main__":
    sys.exit(main())
