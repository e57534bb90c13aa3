"""A page that says what was passed: one HTML file without anything from elsewhere, which prints on one sheet."""

import html
from datetime import date
from pathlib import Path

from course_lib import __version__
from course_lib.checker import progress as record
from course_lib.errors import CourseError
from course_lib.files import Kind
from course_lib.quizzes.overview import Record, is_tested_out, totals
from course_lib.quizzes.registry import CHAPTERS, quizzes_of

GENERATOR = '<meta name="generator" content="The diffusion course: certificate">'

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
{generator}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --faint: #57606a; --line: #d0d7de; --good: #00785a;
}}
@media (prefers-color-scheme: dark) {{
  :root {{ --paper: #15181c; --ink: #e6e8ea; --faint: #a2abb4; --line: #3a4149; --good: #35c79a }}
}}
@page {{ size: A4; margin: 14mm }}
@media print {{
  :root {{ --paper: #ffffff; --ink: #000000; --faint: #444444; --line: #bbbbbb; --good: #00785a }}
  main {{ padding: 0 }}
}}
body {{ margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.4 system-ui, sans-serif }}
main {{ max-width: 42rem; margin: 0 auto; padding: 2.5rem 1.5rem }}
h1 {{ font-size: 1.6rem; line-height: 1.25; margin: 0 0 .4rem }}
p {{ margin: .5rem 0 }}
table {{ border-collapse: collapse; width: 100%; margin: 1.2rem 0; font-variant-numeric: tabular-nums }}
th, td {{ text-align: left; padding: .22rem .6rem .22rem 0; border-bottom: 1px solid var(--line) }}
th {{ font-weight: 600 }}
tfoot td {{ font-weight: 600; border-bottom: 0 }}
.number {{ text-align: right; padding-right: 1.4rem }}
.good {{ color: var(--good) }}
.faint {{ color: var(--faint) }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{sentence}</p>
<table>
<thead>
<tr><th>Chapter</th><th class="number">Quizzes</th><th class="number">Points</th><th>Last pass</th><th></th></tr>
</thead>
<tbody>
{rows}
</tbody>
<tfoot>{footer}</tfoot>
</table>
<p><strong>Self-checked.</strong> The course's own checker examined these answers on the student's computer, and nobody
watched. The record is a plain file that anyone can edit, the solutions come with the course, and a look at them is
noted only where <code>solution()</code> showed them. Take this page as a diary, not as an exam.</p>
<p class="faint">{made}</p>
</main>
</body>
</html>
"""


def _is_one(path: Path) -> bool:
    with path.open("rb") as file:
        return GENERATOR.encode() in file.read(1000)


CERTIFICATE = Kind("certificate of this course", _is_one)


def certificate(known: Record, name: str = "") -> str:
    """The page for what `known` says, for the student called `name`.

    Raises CourseError where nothing is passed yet.
    """
    chapters = [chapter for chapter in CHAPTERS if quizzes_of(chapter)]
    done, count, points, every = map(sum, zip(*(totals(known, chapter) for chapter in chapters), strict=True))
    if not done:
        raise CourseError("No quiz is passed yet, so there is nothing to certify. Begin with notebooks/00_start.ipynb.")
    name = name.encode(errors="replace").decode()  # a terminal may hand over what is no text
    who = html.escape(name) or "The student of this computer"
    title = "The diffusion course, completed" if done == count else "The diffusion course, so far"
    sentence = f"{who} has passed {done} of {count} quizzes and has {points} of {every} points."
    looked = sum(entry.passed and entry.looked for entry in known.values())
    sentence += f" {looked} of them after a look at the solution." if looked else ""
    rows = "\n".join(_row(known, chapter) for chapter in chapters)
    footer = _cells("All", f"{done} of {count}", f"{points} of {every}", "", "")
    made = f"Made on {record.today()} with version {__version__} of the course."
    return PAGE.format(generator=GENERATOR, title=title, sentence=sentence, rows=rows, footer=footer, made=made)


def _row(known: Record, chapter: str) -> str:
    done, count, points, every = totals(known, chapter)
    days = [known[name].passed_on for name in quizzes_of(chapter) if name in known and known[name].passed_on]
    state = '<span class="good">complete</span>' if done == count else ""
    if not state and is_tested_out(known, chapter):
        state = '<span class="good">tested out</span>'
    last: date | str = max(days, default="")
    return _cells(f"{CHAPTERS.index(chapter):02d} {chapter}", f"{done} of {count}", f"{points} of {every}", last, state)


def _cells(chapter: str, quizzes: str, points: str, last: date | str, state: str) -> str:
    numbers = "".join(f'<td class="number">{text}</td>' for text in (quizzes, points))
    return f"<tr><td>{chapter}</td>{numbers}<td>{last}</td><td>{state}</td></tr>"
