"""HTML from templates: everything is escaped, and the page's own policy forbids whatever is not written here."""

import base64
import hashlib
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from course_lib.grading.results import shown

TEMPLATES = Path(__file__).parent / "templates"

FINDINGS = {
    "correct": "right",
    "not_attempted": "not attempted",
    "stand_in": "not attempted",
    "mistake": "a known mistake",
    "raises": "raises an error",
    "timeout": "takes too long",
    "type": "returns the wrong type",
    "shape": "wrong shape",
    "device": "wrong device",
    "dtype": "wrong dtype",
    "nan": "gives nan or infinity",
    "mutates": "changes its inputs",
    "ignores": "ignores an argument",
    "equal_t": "right only when all t are equal",
    "values": "wrong values",
    "missing": "no answer",
    "no_submission": "nothing handed in",
    "crashed": "crashes Python",
    "memory": "needs too much memory",
    "output": "prints or returns too much",
    "refused": "does what is not allowed",
}


def cut(text: str, length: int) -> str:
    """At most `length` characters of a text; an ellipsis is the last of a longer one."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _with_code(text: str) -> Markup:
    """Escaped text in which what stands in backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _plain(name: str) -> str:
    return name.replace("_", " ")


_pages = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters.update(cut=cut, with_code=_with_code, percent=_percent, plain=_plain, shown=shown)
_pages.globals.update(words=FINDINGS)


def fill(template: str, script: str | None = None, **values: object) -> bytes:
    """The page as bytes. `script` is the one file of JavaScript in it; a policy in the page refuses any other."""
    source = (TEMPLATES / script).read_text(encoding="utf-8") if script else ""
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    look = (TEMPLATES / "look.css").read_text(encoding="utf-8")
    page = _pages.get_template(template).render(policy=policy, look=Markup(look), script=Markup(source), **values)
    return page.encode(errors="backslashreplace")
