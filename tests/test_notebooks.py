"""Every notebook is what its source says, and building tells what is wrong."""

import nbformat
import pytest

from course_lib import notebooks
from course_lib.notebooks import NotebookError, build, check, read_source, sources

EVERY = sources([])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A course of one small notebook."""
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    (tmp_path / "source").mkdir()
    source = tmp_path / "source" / "42_answer.py"
    source.write_text('# %% [markdown]\n# # Six by nine\n\n# %%\nprint(6 * 9)\n\n# %%\n"bye"\n')
    return source


@pytest.mark.parametrize("source", EVERY, ids=lambda source: source.stem)
def test_the_committed_notebook_is_its_source_run(source):
    assert check(source) == []


@pytest.mark.parametrize("source", EVERY, ids=lambda source: source.stem)
def test_cells_are_short(source):
    long = [cell.id for cell in read_source(source).cells if cell.cell_type == "code" and cell.source.count("\n") > 25]
    assert long == []


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
    build(folder)
    whole = path.read_text()
    for change, says in (
        (lambda text: text.replace("6 * 9", "6 * 7"), "is not what 42_answer.py says"),
        (lambda text: text.replace('"execution_count": 1', '"execution_count": null', 1), "never run"),
        (lambda text: text.replace('"output_type": "stream"', '"output_type": "error"'), "failed"),
    ):
        path.write_text(change(whole))
        try:
            problems = check(folder)
        except nbformat.ValidationError:
            continue
        assert any(says in problem for problem in problems), says
    path.write_text(whole)
    monkeypatch.setattr(notebooks, "MAX_BYTES", 10)
    assert "shrink" in check(folder)[0]


def test_an_unknown_chapter_is_named(folder):
    with pytest.raises(NotebookError, match="no source for 43_question; there are: 42_answer"):
        sources(["43_question"])
