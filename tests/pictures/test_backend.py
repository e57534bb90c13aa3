"""A notebook shows its figures whatever MPLBACKEND says. What its cells choose stays, and so do scripts."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from course_lib.pictures.backend import INLINE, remark

PLOT = "import matplotlib.pyplot as plt\nfigure, axis = plt.subplots()\naxis.plot([0, 1]);"
COURSE = "import course_lib"
NAME = "print(dict.__getitem__(__import__('matplotlib').rcParams, 'backend'))"
NOT_INSTALLED = pytest.param("widget", marks=pytest.mark.skipif(bool(find_spec("ipympl")), reason="ipympl is here"))


def run(backend, *cells):
    """Run the cells in a kernel that inherits MPLBACKEND=`backend`; returns for each what it has printed and shown."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute(env=os.environ | {"MPLBACKEND": backend})
    return [cell.outputs for cell in notebook.cells]


def pictures(outputs):
    return sum("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.parametrize(
    "backend", ["Agg", "TkAgg", NOT_INSTALLED, "module://matplotlib.backends.backend_agg", "unheard_of", ""]
)
def test_a_figure_is_shown_whatever_the_shell_says(backend):
    *_, shown = run(backend, COURSE, PLOT)
    assert pictures(shown) == 1


@pytest.mark.parametrize("backend", ["agg", "module://no.such.module"])
def test_so_it_is_where_pyplot_was_imported_first(backend):
    *_, shown = run(backend, "import matplotlib.pyplot as plt", COURSE, PLOT)
    assert pictures(shown) == 1


def test_so_it_is_where_pyplot_was_used_first():
    """And the figure that was drawn to nowhere is shown late rather than never."""
    unseen, late, shown = run("pdf", PLOT, COURSE, PLOT)
    assert [pictures(unseen), pictures(late), pictures(shown)] == [0, 1, 1]


def test_so_it_is_within_one_cell():
    (shown,) = run("agg", f"{PLOT}\n{COURSE}")
    assert pictures(shown) == 1


@pytest.mark.parametrize(
    "choice",
    [
        "%matplotlib agg",
        "import matplotlib.pyplot as plt\nplt.switch_backend('agg')",
        "import matplotlib as mpl\nmpl.use('agg')",
    ],
)
@pytest.mark.parametrize("course_first", [True, False])
def test_what_a_cell_chose_stays(choice, course_first):
    cells = [COURSE, choice] if course_first else [choice, COURSE]
    *_, shown, named = run("agg", *cells, PLOT, NAME)
    assert pictures(shown) == 0
    assert named[0].text == "agg\n"


def test_another_choice_than_the_shells_stays():
    *_, named = run("agg", "import matplotlib.pyplot as plt\nplt.switch_backend('svg')", COURSE, PLOT, NAME)
    assert named[0].text == "svg\n"


def test_a_style_is_no_choice_of_a_backend():
    *_, shown = run("agg", "import matplotlib.pyplot as plt\nplt.style.use('ggplot')", COURSE, PLOT)
    assert pictures(shown) == 1


@pytest.mark.parametrize("program", [[sys.executable, "-c"], [sys.executable, "-m", "IPython", "--quick", "-c"]])
def test_outside_notebooks_the_backend_is_the_users(program):
    script = "import course_lib, matplotlib.pyplot as plt; plt.figure(); print('backend:', plt.get_backend())"
    said = subprocess.run([*program, script], capture_output=True, text=True, env=os.environ | {"MPLBACKEND": "svg"})
    assert "backend: svg" in said.stdout


@pytest.mark.parametrize("harmless", [None, "", INLINE])
def test_nothing_is_said_of_a_backend_that_does_no_harm(harmless, monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)
    if harmless is not None:
        monkeypatch.setenv("MPLBACKEND", harmless)
    assert remark() == ""


@pytest.mark.parametrize(("backend", "effect"), [("agg", "scripts draw with it"), ("module://no.such", "unset it")])
def test_the_remark_says_what_the_backend_does(backend, effect, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", backend)
    assert f"MPLBACKEND is set to {backend!r}" in remark()
    assert effect in remark()
    assert "notebooks show their figures" in remark()


def test_the_remark_on_a_name_that_matplotlib_refuses_when_it_is_imported():
    script = "from course_lib.pictures.backend import remark; print(remark())"
    environment = os.environ | {"MPLBACKEND": "unheard_of"}
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert "cannot load it" in said.stdout
    assert said.stderr == ""
