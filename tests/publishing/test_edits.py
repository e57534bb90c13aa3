"""A build replaces what a build has made, never what somebody has written."""

import json
import subprocess

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from course_lib.files import FileError
from course_lib.publishing import notebooks
from course_lib.publishing.edits import noted
from course_lib.publishing.notebooks import NotebookError, build, build_all, check, read_source

SOURCE = '# %% [markdown]\n# # Six by nine\n\n# %%\nprint(6 * 9)\n\n# %%\n"bye"\n'


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A course of one small notebook."""
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    (tmp_path / "source").mkdir()
    source = tmp_path / "source" / "42_answer.py"
    source.write_text(SOURCE)
    return source


@pytest.fixture
def built(source):
    """Its notebook, as a build leaves it."""
    build(source)
    return source.parents[1] / "42_answer.ipynb"


def change(path, edit):
    notebook = nbformat.read(path, as_version=4)
    edit(notebook)
    nbformat.write(notebook, path)


def answer(notebook):
    notebook.cells[1].source = "print(42)  # my own"


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (answer, r"cell 2 \(print\(42\)  # my own\)"),
        (lambda notebook: notebook.cells[0].update(source="# My notes"), r"cell 1 \(# My notes\)"),
        (lambda notebook: notebook.cells.insert(1, new_markdown_cell("Why?")), r"cell 2 \(Why\?\)"),
        (lambda notebook: notebook.cells.append(new_code_cell("a = 1\nb = 2")), r"cell 4 \(a = 1\)"),
        (lambda notebook: notebook.cells.pop(), "taken out, or moved"),
        (lambda notebook: notebook.cells.reverse(), "taken out, or moved"),
        (
            lambda notebook: notebook.cells.extend(new_code_cell(str(i)) for i in range(9)),
            r"cell 4 \(0\), cell 5 \(1\), cell 6 \(2\), cell 7 \(3\) and 5 more",
        ),
    ],
)
def test_what_somebody_wrote_is_not_replaced_but_named(source, built, edit, named):
    change(built, edit)
    before = built.read_bytes()
    with pytest.raises(NotebookError, match=named + r"\.\nMove .* --replace"):
        build(source)
    assert built.read_bytes() == before
    build(source, replace=True)
    assert check(source) == []


def run_in_jupyterlab(notebook):
    """Other outputs and numbers, another version of Python, an empty cell at the end: nothing that anybody wrote."""
    notebook.cells[1].outputs, notebook.cells[1].execution_count = [], 17
    notebook.metadata["language_info"] = {"name": "python", "version": "3.99"}
    notebook.cells.append(new_code_cell(""))


@pytest.mark.parametrize("new_source", [SOURCE, SOURCE.replace("6 * 9", "7 * 9")])
@pytest.mark.parametrize("edit", [lambda notebook: None, run_in_jupyterlab])
def test_what_was_only_run_is_replaced_also_when_its_source_has_changed(source, built, edit, new_source):
    change(built, edit)
    source.write_text(new_source)
    build(source)
    assert check(source) == []


def test_a_refusal_comes_before_anything_runs(source, built):
    change(built, answer)
    (source.parent / "41_first.py").write_text("# %%\nopen('it_ran', 'w')\n")
    with pytest.raises(NotebookError, match="42_answer"):
        build_all(notebooks.sources([]), None, False, 1, lambda *_: None)
    assert not (built.parent / "it_ran").exists()


def test_what_is_saved_while_it_runs_stays(source, built):
    """The cell that runs stands for a student who saves the notebook in JupyterLab meanwhile."""
    source.write_text(
        "# %%\nimport nbformat\nnotebook = nbformat.read('42_answer.ipynb', 4)\n"
        "notebook.cells[1].source = 'mine'\nnbformat.write(notebook, '42_answer.ipynb')\n"
    )
    with pytest.raises(NotebookError, match=r"cell 2 \(mine\)"):
        build(source)
    assert "mine" in built.read_text()


def without_note(path, edit=lambda notebook: None):
    """As an earlier version of the course has built it."""
    change(path, lambda notebook: (notebook.metadata.pop("course"), edit(notebook)))


def test_a_notebook_without_a_note_is_replaced_if_it_is_what_its_source_gives(source, built):
    without_note(built)
    build(source)
    without_note(built, answer)
    with pytest.raises(NotebookError, match="my own"):
        build(source)


@pytest.mark.parametrize("edit", [without_note, lambda path: change(path, answer)])
def test_what_git_can_bring_back_is_replaced(source, built, edit):
    edit(built)
    source.write_text(SOURCE.replace("6 * 9", "7 * 9"))
    with pytest.raises(NotebookError, match="was changed after it was built"):
        build(source)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], cwd=built.parent, check=True)
    build(source)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "not JSON",
        "{}",
        "[]",
        "3",
        '{"cells": 3}',
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{}]}',
        "\0\0",
    ],
)
def test_a_damaged_notebook_is_not_replaced_as_it_may_be_mended(source, built, content):
    built.write_text(content)
    with pytest.raises(NotebookError, match="damaged, or no notebook"):
        build(source)
    assert built.read_text() == content
    assert [problem for problem in check(source) if "damaged" in problem]


def test_an_empty_file_is_replaced(source, built):
    built.write_text("")
    build(source)
    assert check(source) == []


def test_an_odd_note_counts_as_none(source, built):
    for odd in ("text", {"built": 3}, None):
        change(built, lambda notebook, odd=odd: notebook.metadata.update(course=odd))
        assert noted(nbformat.read(built, as_version=4)) == {}
        assert [problem for problem in check(source) if "not what a build wrote" in problem]
        build(source)


def test_the_note_is_all_that_a_build_adds(source, built):
    metadata = json.loads(built.read_text())["metadata"]
    assert metadata["course"]["pictures"] == 0
    assert len(metadata["course"]["built"].split()) == len(read_source(source).cells)


def test_solved_notebooks_with_somebodys_work_are_kept_too(source, tmp_path):
    folder = tmp_path / "mine"
    build(source, solved=folder)
    build(source, solved=folder)
    change(folder / "42_answer.ipynb", answer)
    with pytest.raises(NotebookError, match=r"mine.42_answer\.ipynb was changed .*my own"):
        build(source, solved=folder)


def test_solved_notebooks_do_not_take_the_students_place(source, built):
    with pytest.raises(NotebookError, match="for the students' notebooks"):
        build(source, solved=built.parent / "source" / "..")


def test_a_place_that_cannot_be_written_is_noticed_before_anything_runs(source, tmp_path):
    source.write_text("# %%\nopen('it_ran', 'w')\n")
    (tmp_path / "file").write_text("")
    (tmp_path / "dir" / "42_answer.ipynb").mkdir(parents=True)
    for odd in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "dir"):
        with pytest.raises(FileError):
            build(source, solved=odd)
    assert not (tmp_path / "it_ran").exists()
