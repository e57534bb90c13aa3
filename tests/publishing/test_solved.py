"""Notebooks with the course's own answers: run once, and compared with what the student's notebook shows."""

import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output

from course_lib.publishing.notebooks import read_source

QUIZ = """# %%
from torch import Tensor
from course_lib.quizzes import check

# %% quiz="snr"
def snr(alphas_cumprod: Tensor) -> Tensor:
    raise NotImplementedError


# %%
snr = check(snr)

# %%
print("done")
"""
REFUSED = QUIZ.replace("# %%\nsnr = check(snr)", "# %%\nfrom math import sqrt as snr\n\n# %%\nsnr = check(snr, 'snr')")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The folder of a course of four chapters: one is right, the others differ from it in one thing each."""
    folder = tmp_path_factory.mktemp("course")
    write(folder, "01_right", QUIZ, "done\n")
    write(folder, "02_refused", REFUSED, "done\n")
    write(folder, "03_other_output", QUIZ, "gone\n")
    write(folder, "04_old", QUIZ, "done\n", extra=new_code_cell("1"))
    return folder


def write(folder, name, text, shown, extra=None):
    """A source, and the student's notebook whose last cell has printed `shown`."""
    source = folder / "source" / f"{name}.py"
    source.parent.mkdir(exist_ok=True)
    source.write_text(text)
    notebook = read_source(source)
    notebook.cells[-1].outputs = [new_output("stream", name="stdout", text=shown)]
    notebook.cells += [extra] if extra else []
    nbformat.write(notebook, folder / f"{name}.ipynb")


@pytest.fixture(scope="module")
def said(course):
    """What pytest prints about the four, a line for each cell and the reasons."""
    return run(course, "-rA", "--continue-on-collection-errors", "source")


def run(folder, *words):
    options = ["--nbval", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "course_lib.publishing.solved"]
    command = [sys.executable, "-m", "pytest", *options, *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


def test_a_right_notebook_passes_in_every_cell(said):
    passed = [
        line.rpartition("::")[2] for line in said.stdout.splitlines() if line.startswith("PASSED source/01_right")
    ]
    assert passed == ["01-right-00", "01-right-01", "01-right-02", "01-right-03"]


def test_anything_wrong_fails_the_run_and_names_the_cell(said):
    assert said.returncode == 1
    failed = sorted(line.split()[1] for line in said.stdout.splitlines() if line.startswith(("FAILED", "ERROR")))
    assert failed == [
        "source/02_refused.py::02-refused-03",
        "source/03_other_output.py::03-other-output-03",
        "source/04_old.py",
    ]


def test_an_answer_that_is_refused_is_shown_with_the_reason(said):
    assert "The check does not call the course's own answer right" in said.stdout


def test_another_output_than_the_students_is_shown_with_both(said):
    assert "gone" in said.stdout


def test_a_notebook_that_is_not_built_from_its_source_says_what_to_do(said):
    assert "04_old.ipynb has other cells; run: course notebooks build 04_old" in said.stdout


def test_a_source_that_the_command_line_names_is_not_run_by_collecting_it(tmp_path):
    write(tmp_path, "01_loud", "# %%\nraise RuntimeError('imported')\n", "")
    assert run(tmp_path, "--collect-only", "source/01_loud.py").returncode == 0
