"""Notebooks are built, not written: from notebooks/source/NN_name.py (jupytext's percent format).

A cell marked `# %% quiz="q_sample"` is for the student to fill in; the next cell that calls `check` grades it. The
solved notebook has the reference's own source there, between nbgrader's markers.
"""

import ast
import os
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from course_lib.checker.card import MARKS
from course_lib.checker.quiz import Choice, Quiz, rating
from course_lib.errors import CourseError
from course_lib.files import check_place, write_file
from course_lib.paths import NOTEBOOKS
from course_lib.pictures.backend import INLINE
from course_lib.publishing.edits import digests, edits, note_build, noted
from course_lib.publishing.figures import count_pictures, figure_faults
from course_lib.publishing.kernels import Kernels, NotebookError
from course_lib.quizzes.registry import find

FOLDER = NOTEBOOKS
MAX_BYTES = 2_000_000
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
FOLDED = "fold"  # the tag of cells whose code only draws or checks

# Those that run longest, the longest first: one that starts last leaves the other cores with nothing to do.
LONG = ("09_training", "10_sampling", "07_blocks")

# what has to be the same wherever a notebook is run, for its outputs to be the same; nobody's own progress is touched
ENVIRONMENT = {
    "COURSE_DATA": "garments",
    "COURSE_PROGRESS": "",
    "MPLBACKEND": INLINE,
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


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
        cell.metadata = cell_metadata(cell.metadata.get("tags", []))
        if quiz:
            if unchecked or quiz in seen:
                raise NotebookError(
                    f"{source.name}: the quiz {unchecked or quiz} is not checked, or stands there twice."
                )
            unchecked, _ = quiz, seen.add(quiz)
            before = notebook.cells[index - 1]
            if isinstance(find(quiz), Quiz) and before.cell_type == "markdown":
                before.source += f"\n\n**Exercise** `{quiz}` · {rating(find(quiz))}"
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


def cell_metadata(tags: list[str]) -> NotebookNode:
    """The tags, and for a cell with the tag "fold" what makes JupyterLab fold its code."""
    folded = {"jupyter": {"source_hidden": True}} if FOLDED in tags else {}
    return NotebookNode(({"tags": tags} if tags else {}) | folded)


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

    For a function the markers enclose the body, for a module the body of `forward` (and that of `__init__`, where the
    student writes both), for a question a new letter.
    """
    quiz = find(name)
    if isinstance(quiz, Choice):
        return f"{stub}\n{BEGIN}\n{name} = {quiz.solution}\n{END}"
    lines = quiz.solution.rstrip().splitlines()
    (definition,) = ast.parse(quiz.solution).body
    written = [definition]
    if quiz.is_module:
        names = ("__init__", "forward") if quiz.whole else ("forward",)
        written = [node for node in definition.body if getattr(node, "name", None) in names]
    for node in reversed(written):
        body = node.body[1:] if ast.get_docstring(node) else node.body
        first, last = body[0].lineno - 1, body[-1].end_lineno
        indent = " " * body[0].col_offset
        lines[first:last] = [indent + BEGIN, *lines[first:last], indent + END]
    return "\n".join(lines)


def place(source: Path, solved: Path | None = None) -> Path:
    """Where the notebook of `source` belongs: in notebooks/, or solved in the folder `solved`."""
    return (solved or FOLDER) / f"{source.stem}.ipynb"


def check_places(sources: list[Path], solved: Path | None = None, replace: bool = False) -> None:
    """Raise an error now if a notebook could not be written later, or should not be.

    FileError for a place that cannot be written. NotebookError for notebooks in which somebody has changed cells,
    unless they are to `replace`, and for solved ones that would take the place of the students'.
    """
    if solved and os.path.realpath(solved) == os.path.realpath(FOLDER):
        raise NotebookError(f"{solved} is for the students' notebooks. Name another folder for the solved ones.")
    found = []
    for source in sources:
        path = place(source, solved)
        check_place(path)
        if not replace and (changed := edits(path, read_source(source, solved is not None))):
            found.append(f"{path} was changed after it was built: {changed}.")
    if found:
        raise NotebookError("\n".join([*found, "Move what you want to keep elsewhere, or add --replace to lose it."]))


def build(source: Path, solved: Path | None = None, replace: bool = False, kernels: Kernels | None = None) -> float:
    """Run the notebook of `source` and write it, with outputs, to notebooks/, or solved to the folder `solved`.

    Returns the seconds it ran. Raises what `check_places` raises, before it runs anything. Raises NotebookError naming
    the cell that failed or shows no picture though it draws, or the quiz that refuses its own solution. After any error
    the old notebook is there as before.
    """
    check_places([source], solved, replace)
    notebook = read_source(source, solved is not None)
    start = time.perf_counter()
    (kernels or Kernels()).execute(notebook, source.name, FOLDER, os.environ | ENVIRONMENT)
    seconds = time.perf_counter() - start
    if solved and (refused := refusals(notebook)):
        raise NotebookError(f"{source.name}: the notebook refuses the course's own answers:\n" + "\n".join(refused))
    if faults := figure_faults(notebook, FOLDER):
        raise NotebookError(f"{source.name}: pictures are missing or damaged:\n" + "\n".join(faults))
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # time stamps: they would change at every build
    note_build(notebook)
    check_places([source], solved, replace)  # somebody may have saved it while it ran
    write_file(place(source, solved), nbformat.writes(notebook) + "\n")
    return seconds


def build_all(
    sources: list[Path], solved: Path | None, replace: bool, jobs: int, built: Callable[[Path, float], None]
) -> None:
    """`build` each of `sources`, `jobs` at a time, and call `built(source, seconds)` after each.

    Raises what `check_places` raises before anything runs, and at the end one NotebookError for all that failed. After
    a KeyboardInterrupt every kernel is killed; what was not finished stays as it was.
    """
    check_places(sources, solved, replace)
    kernels, failed = Kernels(), []
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(build, source, solved, replace, kernels): source for source in sources}
        try:
            for future in as_completed(running):
                try:
                    built(running[future], future.result())
                except CourseError as error:
                    failed.append(str(error))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            kernels.stop()
            raise
    if failed:
        raise NotebookError("\n".join(failed))


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
    """What is wrong with the built notebook of `source`, a line each.

    It differs from its source, was not run, failed, has pictures that are missing or damaged, or is too large.
    """
    path = place(source)
    remedy = f"run: course notebooks build {source.stem}"
    if not path.exists():
        return [f"{path.name} is missing; {remedy}"]
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except Exception as problem:  # nbformat raises what it meets in a damaged file
        return [f"{path.name} is damaged ({type(problem).__name__}); {remedy}"]
    expected = read_source(source)
    problems = []
    if [content(cell) for cell in notebook.cells] != [content(cell) for cell in expected.cells]:
        problems.append(f"{path.name} is not what {source.name} says; {remedy}")
    if (note := noted(notebook)).get("built", "").split() != digests(notebook.cells):
        problems.append(f"{path.name} is not what a build wrote; {remedy}")
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if unrun := [cell.id for cell in code if cell.execution_count is None]:
        problems.append(f"{path.name}: never run: {', '.join(unrun)}; {remedy}")
    if failed := [cell.id for cell in code if any(o.output_type == "error" for o in cell.outputs)]:
        problems.append(f"{path.name}: failed: {', '.join(failed)}; mend {source.name}, then {remedy}")
    if (shown := count_pictures(notebook)) != note.get("pictures", shown):
        problems.append(f"{path.name} shows {shown} pictures, and {note['pictures']} when it was built; {remedy}")
    problems += [f"{path.name}: {fault}; {remedy}" for fault in figure_faults(notebook, FOLDER)]
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
