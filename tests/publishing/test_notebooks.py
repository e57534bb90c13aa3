"""Every notebook is what its source says, and building tells what is wrong."""

import inspect
import subprocess
import sys

import nbformat
import pytest

from course_lib import schedules
from course_lib.publishing import notebooks
from course_lib.publishing.notebooks import NotebookError, build, check, read_source, sources, strays
from course_lib.quizzes.registry import find

EVERY = sources([])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A course of one small notebook."""
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    (tmp_path / "source").mkdir()
    source = tmp_path / "source" / "42_answer.py"
    source.write_text('# %% [markdown]\n# # Six by nine\n\n# %%\nprint(6 * 9)\n\n# %%\n"bye"\n')
    return source


QUIZ = """# %%
from torch import Tensor
from course_lib.quizzes import check

# %% quiz="snr"
def snr(alphas_cumprod: Tensor) -> Tensor:
    raise NotImplementedError


# %%
snr = check(snr)
"""


@pytest.mark.parametrize("source", EVERY, ids=lambda source: source.stem)
def test_the_committed_notebook_is_its_source_run(source):
    assert check(source) == []


@pytest.mark.parametrize("source", EVERY, ids=lambda source: source.stem)
def test_cells_are_short(source):
    """At most 26 lines, and 31 for a quiz: a module's stub has the whole `__init__`, with types."""
    code = [cell for cell in read_source(source).cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.source.count("\n") > (30 if "nbgrader" in cell.metadata else 25)] == []


@pytest.mark.parametrize("source", EVERY, ids=lambda source: source.stem)
def test_the_first_cell_says_what_to_do_where_the_library_is_missing(source, monkeypatch):
    first = next(cell for cell in read_source(source).cells if cell.cell_type == "code")
    monkeypatch.setitem(sys.modules, "course_lib", None)
    with pytest.raises(SystemExit, match="make lab"):
        exec(first.source, {})


def test_building_runs_every_cell(folder):
    build(folder)
    built = nbformat.read(folder.parents[1] / "42_answer.ipynb", as_version=4)
    assert [cell.cell_type for cell in built.cells] == ["markdown", "code", "code"]
    assert built.cells[1].outputs[0].text == "54\n"
    assert check(folder) == []


def test_building_twice_gives_the_same_file(folder):
    path = folder.parents[1] / "42_answer.ipynb"
    build(folder)
    first = path.read_bytes()
    build(folder)
    assert path.read_bytes() == first


def test_a_failing_cell_names_itself_and_keeps_the_old_notebook(folder):
    build(folder)
    path = folder.parents[1] / "42_answer.ipynb"
    before = path.read_bytes()
    folder.write_text("# %%\n1 / 0\n")
    with pytest.raises(NotebookError, match=r"42_answer\.py: a cell failed(.|\n)*ZeroDivisionError"):
        build(folder)
    assert path.read_bytes() == before


def test_damage_is_found(folder, monkeypatch):
    path = folder.parents[1] / "42_answer.ipynb"
    assert "missing" in check(folder)[0]

    def damaged(change):
        build(folder, replace=True)
        notebook = nbformat.read(path, as_version=4)
        change(notebook.cells[1])
        nbformat.write(notebook, path)
        return check(folder)

    def fail(cell):
        cell.outputs = [nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])]

    assert [p for p in damaged(lambda cell: cell.update(source="print(6 * 7)")) if "is not what 42_answer.py says" in p]
    assert [p for p in damaged(lambda cell: cell.update(execution_count=None)) if "never run: 42-answer-01" in p]
    assert [p for p in damaged(fail) if "failed: 42-answer-01" in p]
    assert damaged(lambda cell: None) == []
    monkeypatch.setattr(notebooks, "MAX_BYTES", 10)
    assert "shrink" in check(folder)[0]


def test_quiz_cells_carry_nbgraders_metadata(folder):
    folder.write_text(QUIZ)
    stub, graded = read_source(folder).cells[1:]
    assert (stub.metadata.nbgrader.grade_id, stub.metadata.nbgrader.solution, stub.metadata.nbgrader.grade) == (
        "snr",
        True,
        False,
    )
    assert (graded.metadata.nbgrader.grade, graded.metadata.nbgrader.locked) == (True, True)
    assert graded.metadata.nbgrader.points == find("snr").points
    assert "NotImplementedError" in stub.source


def test_a_solved_notebook_has_the_reference_between_the_markers_and_passes(folder, tmp_path):
    folder.write_text(QUIZ)
    build(folder, solved=tmp_path / "solved")
    built = nbformat.read(tmp_path / "solved" / "42_answer.ipynb", as_version=4)
    before, _, rest = built.cells[1].source.partition("    ### BEGIN SOLUTION\n")
    answer, _, after = rest.partition("    ### END SOLUTION")
    assert before + answer == inspect.getsource(schedules.snr)
    assert after == ""
    assert "✓" in built.cells[2].outputs[0].data["text/plain"]
    assert not (tmp_path / "42_answer.ipynb").exists()


def test_a_solved_question_has_its_letter_between_the_markers(folder):
    folder.write_text('# %% quiz="ema_or_not"\nema_or_not = ""\n\n# %%\ncheck(ema_or_not, "ema_or_not")\n')
    solved = read_source(folder, solved=True).cells[0].source
    letter = find("ema_or_not").answer
    assert solved == f'ema_or_not = ""\n### BEGIN SOLUTION\nema_or_not = "{letter}"\n### END SOLUTION'


def test_a_solved_notebook_whose_answer_lacks_an_import_is_not_built(folder, tmp_path):
    folder.write_text(QUIZ.replace("snr", "alphas_cumprod_from_betas"))  # uses torch
    with pytest.raises(NotebookError, match="name 'torch' is not defined"):
        build(folder, solved=tmp_path / "solved")
    assert list((tmp_path / "solved").iterdir()) == []


@pytest.mark.parametrize("text", [QUIZ.replace("snr = check(snr)", "print(1)"), QUIZ + "\n" + QUIZ])
def test_a_quiz_that_nobody_checks_or_that_stands_twice_is_named(folder, text):
    folder.write_text(text)
    with pytest.raises(NotebookError, match="snr"):
        read_source(folder)


def test_nbgrader_makes_the_assignment_from_a_solved_notebook(folder, tmp_path):
    """What its `generate_assignment` does to the cells: take the answers out, keep the rest."""
    preprocessors = pytest.importorskip("nbgrader.preprocessors", reason="nbgrader is in the extra `grading`")
    folder.write_text(QUIZ)
    notebook, _ = preprocessors.ClearSolutions().preprocess(read_source(folder, solved=True), {})
    assert "raise NotImplementedError()" in notebook.cells[1].source
    assert "1 - alphas_cumprod)" not in notebook.cells[1].source
    assert notebook.cells[1].source.startswith("def snr(")


@pytest.mark.parametrize(("change", "passes"), [(None, True), ('"54', False)])
def test_nbval_notices_a_damaged_notebook(folder, change, passes):
    build(folder)
    path = folder.parents[1] / "42_answer.ipynb"
    if change:
        path.write_text(path.read_text().replace(change, '"55'))
    run = [sys.executable, "-m", "pytest", "--nbval", str(path), "-p", "no:cacheprovider", "-p", "no:xdist"]
    assert (subprocess.run(run, capture_output=True, cwd=path.parent).returncode == 0) is passes


def test_a_notebook_without_a_source_is_named(folder):
    build(folder)
    assert strays() == []
    (folder.parents[1] / "43_lost.ipynb").write_text("{}")
    assert strays() == ["43_lost.ipynb has no source; write notebooks/source/43_lost.py or delete it"]


def test_no_committed_notebook_is_without_its_source():
    assert strays() == []


def test_an_unknown_chapter_is_named(folder):
    with pytest.raises(NotebookError, match="no source for 43_question; there are: 42_answer"):
        sources(["43_question"])
