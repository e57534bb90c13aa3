"""Notebooks are built, not written: from notebooks/source/NN_name.py (jupytext's percent format).

A cell marked `# %% quiz="q_sample"` is for the student to fill in; the next cell that calls `check` grades it. The
solved notebook has the reference's own source there, between nbgrader's markers.
"""

import ast
import os
import re
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course_lib.checker.card import MARKS
from course_lib.checker.quiz import Choice
from course_lib.errors import CourseError
from course_lib.paths import NOTEBOOKS
from course_lib.quizzes.registry import find

FOLDER = NOTEBOOKS
MAX_BYTES = 1_500_000
CELL_SECONDS = 2000  # as nbval: the longest takes 90 on one core, and a busy machine may be ten times slower
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"

# Those that run longest, the longest first: one that starts last leaves the other cores with nothing to do.
LONG = ("09_training", "10_sampling", "07_blocks")

# what has to be the same wherever a notebook is run, for its text output to be the same
ENVIRONMENT = {"COURSE_DATA": "garments", "COURSE_PROGRESS": "", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class NotebookError(CourseError):
    """A notebook that cannot be built."""


def sources(names: list[str]) -> list[Path]:
    """The source files of the chapters called `names`, or all. Raises NotebookError for a name without a source."""
    every = sorted((FOLDER / "source").glob("[0-9][0-9]_*.py"))
    if unknown := set(names) - {path.stem for path in every}:
        raise NotebookError(
            f"no source for {', '.join(sorted(unknown))}; there are: {', '.join(p.stem for p in every)}."
        )
    return [path for path in every if not names or path.stem in names]


def turn(path: Path) -> int:
    """A key to sort notebooks or their sources by, so that the longest run first."""
    return LONG.index(path.stem) if path.stem in LONG else len(LONG)


def read_source(source: Path, solved: bool = False) -> NotebookNode:
    """The notebook that `source` describes, without outputs, for the student or `solved`.

    Cell ids follow from the cells' places; quiz cells carry nbgrader's metadata (schema 3). Raises NotebookError for a
    quiz cell that no later cell checks, and for a quiz that stands there twice.
    """
    notebook = jupytext.read(source)
    unchecked, seen = None, set()
    for index, cell in enumerate(notebook.cells):
        cell.id = f"{source.stem}-{index:02d}".replace("_", "-")
        quiz = cell.metadata.get("quiz")
        cell.metadata = NotebookNode({"tags": cell.metadata.tags} if "tags" in cell.metadata else {})
        if quiz:
            if unchecked or quiz in seen:
                raise NotebookError(
                    f"{source.name}: the quiz {unchecked or quiz} is not checked, or stands there twice."
                )
            unchecked, _ = quiz, seen.add(quiz)
            cell.metadata.nbgrader = nbgrader_metadata(quiz, solution=True)
            if solved:
                cell.source = solved_cell(quiz, cell.source)
        elif unchecked and cell.cell_type == "code" and re.search(r"\bcheck\(", cell.source):
            cell.metadata.nbgrader = nbgrader_metadata(f"check-{unchecked}", points=find(unchecked).points)
            unchecked = None
    if unchecked:
        raise NotebookError(f"{source.name}: no cell checks the quiz {unchecked}.")
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def nbgrader_metadata(grade_id: str, solution: bool = False, points: int | None = None) -> dict:
    """What nbgrader wants to know of a cell: that the student writes it, or that it is worth `points`."""
    graded = {} if points is None else {"points": points}
    return {
        "grade_id": grade_id,
        "grade": points is not None,
        "solution": solution,
        "locked": points is not None,
        "task": False,
        "schema_version": 3,
        **graded,
    }


def solved_cell(name: str, stub: str) -> str:
    """The quiz cell with its answer between nbgrader's markers, so that `generate_assignment` can take it out again.

    For a function the markers enclose the body, for a module the body of `forward`, for a question a new letter.
    """
    quiz = find(name)
    if isinstance(quiz, Choice):
        return f"{stub}\n{BEGIN}\n{name} = {quiz.solution}\n{END}"
    lines = quiz.solution.rstrip().splitlines()
    (definition,) = ast.parse(quiz.solution).body
    if quiz.is_module:
        definition = next(node for node in definition.body if getattr(node, "name", None) == "forward")
    body = definition.body[1:] if ast.get_docstring(definition) else definition.body
    first, last = body[0].lineno - 1, body[-1].end_lineno
    indent = " " * body[0].col_offset
    return "\n".join([*lines[:first], indent + BEGIN, *lines[first:last], indent + END, *lines[last:]])


def build(source: Path, solved: Path | None = None) -> float:
    """Run the notebook of `source` and write it, with outputs, to notebooks/, or solved to the folder `solved`.

    Returns the seconds it ran. Raises NotebookError naming the cell that failed, or the quiz that refuses its own
    solution; the old notebook then stays.
    """
    notebook = read_source(source, solved is not None)
    client = NotebookClient(
        notebook, timeout=CELL_SECONDS, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    )
    start = time.perf_counter()
    try:
        client.execute(env=os.environ | ENVIRONMENT)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise NotebookError(f"{source.name}: a cell failed.\n{error}") from None
    seconds = time.perf_counter() - start
    if solved and (refused := refusals(notebook)):
        raise NotebookError(f"{source.name}: the notebook refuses the course's own answers:\n" + "\n".join(refused))
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # time stamps: they would change at every build
    folder = solved or FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{source.stem}.ipynb")
    return seconds


def refusals(notebook: NotebookNode) -> list[str]:
    """What stands under the graded cells where `check` has not said that the answer is right."""
    graded = [cell for cell in notebook.cells if is_graded(cell)]
    return [f"{cell.id}: {plain_text(cell.outputs)}" for cell in graded if not says_right(cell.outputs)]


def is_graded(cell: NotebookNode) -> bool:
    """Whether it is the cell that checks a quiz."""
    return cell.metadata.get("nbgrader", {}).get("grade", False)


def plain_text(outputs: list[NotebookNode]) -> str:
    """What a cell has displayed, as text."""
    return "\n".join(output.get("data", {}).get("text/plain", "") for output in outputs)


def says_right(outputs: list[NotebookNode]) -> bool:
    """Whether `check` has displayed that the answer is right."""
    return re.search(f"^{MARKS['good'][0]} ", plain_text(outputs), re.MULTILINE) is not None


def check(source: Path) -> list[str]:
    """What is wrong with the built notebook of `source`, a line each: it differs, was not run, failed, is too large."""
    path = FOLDER / f"{source.stem}.ipynb"
    remedy = f"run: course notebooks build {source.stem}"
    if not path.exists():
        return [f"{path.name} is missing; {remedy}"]
    notebook, expected = nbformat.read(path, as_version=4), read_source(source)
    problems = []
    if [content(cell) for cell in notebook.cells] != [content(cell) for cell in expected.cells]:
        problems.append(f"{path.name} is not what {source.name} says; {remedy}")
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if unrun := [cell.id for cell in code if cell.execution_count is None]:
        problems.append(f"{path.name}: never run: {', '.join(unrun)}; {remedy}")
    if failed := [cell.id for cell in code if any(o.output_type == "error" for o in cell.outputs)]:
        problems.append(f"{path.name}: failed: {', '.join(failed)}; mend {source.name}, then {remedy}")
    if path.stat().st_size > MAX_BYTES:
        size = f"{path.stat().st_size / 1e6:.1f} MB, more than {MAX_BYTES / 1e6}"
        problems.append(f"{path.name} has {size}; shrink its pictures")
    return problems


def strays() -> list[str]:
    """Notebooks that no source describes, a line each."""
    known = {source.stem for source in sources([])}
    found = sorted(path.name for path in FOLDER.glob("*.ipynb") if path.stem not in known)
    return [f"{name} has no source; write notebooks/source/{Path(name).stem}.py or delete it" for name in found]


def content(cell: NotebookNode) -> tuple:
    """What a build must not change."""
    return cell.cell_type, cell.source, cell.metadata.get("nbgrader"), cell.metadata.get("tags")
