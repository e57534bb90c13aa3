"""Predict, then see: what answers a question stays folded until the reader has answered it."""

import html
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from course_lib.checker.card import in_notebook
from course_lib.quizzes.registry import find

WIDGET = "application/vnd.jupyter.widget-view+json"

_answered: set[str] = set()  # in this kernel, rightly or wrongly


def note_answer(name: str) -> None:
    """The reader has handed in an answer to the quiz called `name`."""
    _answered.add(name)


@contextmanager
def after_answer(*names: str) -> Iterator[None]:
    """What the block shows stands in a fold: open once the quizzes called `names` were answered, else closed.

    Figures, films, cards and printed lines can be folded; a slider cannot, and only its still picture is seen. Outside
    of a notebook nothing is folded. An error inside is raised as it is, below what was shown before it.
    Raises UnknownQuizError for a name that is no quiz.
    """
    for name in names:
        find(name)
    if not in_notebook():
        yield
        return
    from IPython.display import display
    from IPython.utils.capture import capture_output

    _show_figures()  # those drawn before the block
    try:
        with capture_output() as captured:
            try:
                yield
            finally:
                _show_figures()
    finally:
        shown = [output.data for output in captured.outputs if WIDGET not in output.data]
        if captured.stdout.strip():
            shown.append({"text/plain": captured.stdout.rstrip()})
        display(_fold(shown, names), raw=True)


def _show_figures() -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        from IPython.display import display

        for number in pyplot.get_fignums():
            display(pyplot.figure(number))
        pyplot.close("all")


def _fold(shown: list[dict[str, Any]], names: tuple[str, ...]) -> dict[str, str]:
    missing = [name for name in names if name not in _answered]
    quizzes = " and ".join(f"<code>{name}</code>" for name in missing)
    closed = f"Predict first: answer {quizzes} above, then run this cell again. Or open it now."
    summary = f'<summary style="cursor:pointer">{closed if missing else "What happens"}</summary>'
    parts = [_as_html(data) for data in shown]
    content = f'<details class="after-answer"{"" if missing else " open"}>{summary}{"".join(parts)}</details>'
    return {"text/html": content, "text/plain": "\n".join(str(data.get("text/plain", "")) for data in shown)}


def _as_html(data: dict[str, Any]) -> str:
    if "text/html" in data:
        return f"<div>{data['text/html']}</div>"
    if "image/png" in data:  # a figure of the reader's own
        return f'<div><img alt="" src="data:image/png;base64,{data["image/png"].strip()}"></div>'
    return f"<pre>{html.escape(str(data.get('text/plain', '')))}</pre>"
