"""Notebooks are built, not written: from notebooks/source/NN_name.py (jupytext's percent format)."""

import os
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from course_lib.errors import CourseError

FOLDER = Path(__file__).parents[1] / "notebooks"
MAX_BYTES = 1_500_000

# what has to be the same wherever a notebook is run, for its text output to be the same
ENVIRONMENT = {"COURSE_DATA": "garments", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


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


def read_source(source: Path) -> nbformat.NotebookNode:
    """The notebook that `source` describes, without outputs; cell ids follow from the cells' places."""
    notebook = jupytext.read(source)
    for index, cell in enumerate(notebook.cells):
        cell.id = f"{source.stem}-{index:02d}".replace("_", "-")
        cell.metadata = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def build(source: Path) -> float:
    """Run the notebook of `source` and write it, with outputs, to notebooks/. Returns the seconds it ran.

    Raises NotebookError naming the cell that failed; the old notebook then stays.
    """
    notebook = read_source(source)
    start = time.perf_counter()
    try:
        NotebookClient(
            notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
        ).execute(env=os.environ | ENVIRONMENT)
    except CellExecutionError as error:
        raise NotebookError(f"{source.name}: a cell failed.\n{error}") from None
    seconds = time.perf_counter() - start
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # time stamps: they would change at every build
    nbformat.write(notebook, FOLDER / f"{source.stem}.ipynb")
    return seconds


def check(source: Path) -> list[str]:
    """What is wrong with the built notebook of `source`, a line each: it differs, was not run, failed, is too large."""
    path = FOLDER / f"{source.stem}.ipynb"
    remedy = f"run: course notebooks build {source.stem}"
    if not path.exists():
        return [f"{path.name} is missing; {remedy}"]
    notebook, expected = nbformat.read(path, as_version=4), read_source(source)
    problems = []
    if [(c.cell_type, c.source) for c in notebook.cells] != [(c.cell_type, c.source) for c in expected.cells]:
        problems.append(f"{path.name} is not what {source.name} says; {remedy}")
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if unrun := [cell.id for cell in code if cell.execution_count is None]:
        problems.append(f"{path.name}: never run: {', '.join(unrun)}; {remedy}")
    if failed := [cell.id for cell in code if any(o.output_type == "error" for o in cell.outputs)]:
        problems.append(f"{path.name}: failed: {', '.join(failed)}; mend {source.name}, then {remedy}")
    if path.stat().st_size > MAX_BYTES:
        problems.append(
            f"{path.name} has {path.stat().st_size / 1e6:.1f} MB, more than {MAX_BYTES / 1e6}; shrink its pictures"
        )
    return problems
