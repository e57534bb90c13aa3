"""What answers a question stays folded until it was answered, in a real kernel as a reader runs it."""

import os

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from course_lib.publishing.notebooks import ENVIRONMENT
from course_lib.quizzes import UnknownQuizError, after_answer

IMPORTS = """from IPython.display import display
from course_lib.pictures.plots import panels
from course_lib.quizzes import after_answer, check
"""
FOLDED = """(axis,) = panels("Before", [""], "x", "y", alternative="drawn before")
with after_answer("too_few_levels"):
    (axis,) = panels("Look", [""], "x", "y", alternative="a line goes up")
    axis.plot([0, 1])
    print("three <levels>")
    value = 7
print(value)
"""


def run(*cells):
    notebook = new_notebook(cells=[new_code_cell(source) for source in (IMPORTS, *cells)])
    NotebookClient(notebook, kernel_name="python3", timeout=300, allow_errors=True).execute(
        env=os.environ | ENVIRONMENT
    )
    return [cell.outputs for cell in notebook.cells[1:]]


def html_of(outputs):
    return [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]


@pytest.fixture(scope="module")
def session():
    """Unanswered; a stand-in for an answer; a wrong letter; the same cell again."""
    return run(
        FOLDED,
        'check("", "too_few_levels")',
        FOLDED,
        'check("a", "too_few_levels")',
        FOLDED,
        'with after_answer("too_few_levels", "where_the_loss_stays"):\n    print("both")',
        'with after_answer("too_few_levels"):\n    print("shown so far")\n    1 / 0',
    )


def test_before_the_answer_all_of_it_is_in_a_closed_fold(session):
    before, folded = html_of(session[0])
    assert 'alt="drawn before"' in before
    assert "<details" not in before
    assert folded.startswith('<details class="after-answer"><summary')
    assert "Predict first: answer <code>too_few_levels</code>" in folded
    assert 'alt="a line goes up"' in folded
    assert "<pre>three &lt;levels&gt;</pre>" in folded
    assert not any("image/png" in output.get("data", {}) for output in session[0])


def test_nothing_is_printed_beside_the_fold_and_variables_stay(session):
    assert "".join(output.text for output in session[0] if output.output_type == "stream") == "7\n"


def test_an_empty_answer_opens_nothing(session):
    assert html_of(session[2])[1].startswith('<details class="after-answer"><summary')


def test_any_letter_opens_it(session):
    opened = html_of(session[4])[1]
    assert opened.startswith('<details class="after-answer" open><summary')
    assert "Predict first" not in opened


def test_every_question_has_to_be_answered(session):
    (folded,) = html_of(session[5])
    assert " open>" not in folded
    assert "answer <code>where_the_loss_stays</code> above" in folded


def test_an_error_is_raised_below_what_was_shown(session):
    kinds = [output.output_type for output in session[6]]
    assert kinds == ["display_data", "error"]
    assert session[6][1].ename == "ZeroDivisionError"
    assert "shown so far" in session[6][0].data["text/html"]


def test_its_text_is_the_same_open_and_closed(session):
    texts = [[o.data["text/plain"] for o in session[n] if "text/html" in o.get("data", {})] for n in (0, 4)]
    assert texts[0] == texts[1] == ["drawn before", "a line goes up\nthree <levels>"]


def test_a_name_that_is_no_quiz_is_refused_at_once():
    with pytest.raises(UnknownQuizError, match="too_few_levels"), after_answer("too_few_level"):
        pytest.fail("the block must not run")


def test_outside_of_a_notebook_nothing_is_folded(capsys):
    with after_answer("too_few_levels"):
        print("said")
    assert capsys.readouterr().out == "said\n"


def test_a_notebook_file_keeps_the_fold(session):
    """What nbformat writes and reads again is still one details element."""
    cell = new_code_cell("", outputs=session[0])
    again = nbformat.reads(nbformat.writes(new_notebook(cells=[cell])), as_version=4).cells[0]
    assert html_of(again.outputs)[1].endswith("</details>")
