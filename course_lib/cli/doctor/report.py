"""The lines of the doctor's report, and how each look is carried out so that it always ends in one."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

PATIENCE = 300.0  # seconds for one look: a network disk on a busy machine may need minutes to give up PyTorch
LESS_PATIENCE = 20.0  # once one hangs: others will hang with it

INSTALL_AGAIN = "In the repository: `make clean`, then `make lab` (or `pip install -c constraints.txt -e .`)."


@dataclass(frozen=True)
class Check:
    """One line of the report. Not `ok`: something is wrong. `ok` with a remedy: it could work better."""

    name: str
    ok: bool
    value: str
    remedy: str = ""


Look = Callable[[], list[Check]]

_hanging: list[str] = []


def hangs() -> bool:
    """Whether a look is still at work in the background."""
    return bool(_hanging)


def carried_out(look: Look) -> list[Check]:
    """What `look` finds. If it raises, or gives no answer in time, that is what was found."""
    name = look.__name__.replace("_", " ")
    patience = LESS_PATIENCE if hangs() else PATIENCE
    found: list[list[Check]] = []

    def work() -> None:
        try:
            found.append(look())
        except BaseException as problem:  # whatever a broken installation can raise, SystemExit included
            found.append([Check(name, False, _one_line(problem), _remedy(problem))])

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(patience)
    if found:
        return found[0]
    _hanging.append(name)
    remedy = "A disk, a network or a driver hangs: look at those that the lines above name, then call this again."
    return [Check(name, False, f"no answer in {patience:.0f} s", remedy)]


def _one_line(problem: BaseException) -> str:
    return " ".join(f"{type(problem).__name__}: {problem}".split())[:500]


def _remedy(problem: BaseException) -> str:
    if isinstance(problem, MemoryError):
        return "Close other programs, or take a machine with more memory."
    return INSTALL_AGAIN


def print_report(checks: Iterable[Check]) -> int:
    """Print each check as soon as it is there, and return the exit status: 1 if something is wrong, else 0."""
    from rich.text import Text

    from course_lib.cli.console import console

    wrong = 0
    for check in checks:
        word, style = ("ok", "green") if check.ok else ("WRONG", "bold red")
        if check.ok and check.remedy:
            word, style = "note", "yellow"
        lines = [Text.assemble((f"{word:6}", style), f"{check.name:12} {check.value}")]
        if check.remedy:
            lines.append(Text(f"{'':19}-> {check.remedy}", style))
        console.print(*lines, sep="\n", soft_wrap=True)  # no line ends of ours inside a command to copy
        wrong += not check.ok
    console.print(f"{wrong} to mend: see the arrows." if wrong else "Everything that is needed is here.")
    return int(wrong > 0)
