"""What the student sees: check, hint, solution, question and progress, in plain text and in a notebook."""

import io
import json
import re
import subprocess
import sys

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from course_lib import forward, schedules
from course_lib.checker import progress as record
from course_lib.checker.card import Card
from course_lib.quizzes import QuizFailedError, check, commands, hint, progress, question, solution


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """A record of its own for each test, and no hints given yet."""
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setattr(commands, "_hints_given", {})
    return tmp_path / "progress.json"


def snr(alphas_cumprod):
    return alphas_cumprod / (1 - alphas_cumprod)


def wrong_snr(alphas_cumprod):
    return (1 - alphas_cumprod) / alphas_cumprod


def stub(alphas_cumprod):
    raise NotImplementedError


# check


def test_a_right_answer_comes_back_as_it_is(capsys):
    assert check(snr) is snr
    assert capsys.readouterr().out == "✓ snr is right: 1 point\n"


def test_for_a_wrong_one_the_reference_stands_in(capsys):
    stand_in = check(wrong_snr, "snr")
    assert stand_in is schedules.snr
    said = capsys.readouterr().out
    assert said.startswith("✗ snr\n  Upside down")
    assert "the course's own snr stands in" in said
    assert check(stand_in) is schedules.snr
    said = capsys.readouterr().out
    assert "not yours" in said
    assert "✓" not in said
    assert not record.entries()["snr"].passed


def test_a_stub_is_kindly_announced(capsys, file):
    assert check(stub, "snr") is schedules.snr
    assert capsys.readouterr().out.startswith("○ snr\n  Not attempted yet")
    assert not file.exists()  # not even a try


def test_what_it_printed_is_shown(capsys):
    def snr(alphas_cumprod):
        print("here", alphas_cumprod.shape)
        return alphas_cumprod

    check(snr)
    assert "It printed: here torch.Size([200])" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("attempt", "name", "says"),
    [
        (lambda a: a, None, 'check(my_function, "q_sample")'),
        (snr, "sn", "Did you mean snr"),
        ("snr", None, "Say which quiz it is"),
        (None, None, "Say which quiz it is"),
        (snr, 3, "The name of a quiz is a text"),
    ],
)
def test_it_asks_which_quiz_is_meant(capsys, attempt, name, says):
    assert check(attempt, name) is attempt
    assert says in capsys.readouterr().out


def test_a_terminal_without_the_characters(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    check(snr)
    sys.stdout.flush()
    assert raw.getvalue() == b"? snr is right: 1 point\n"


@pytest.mark.parametrize("mode", ["autograde", "validate"])
@pytest.mark.parametrize(
    ("attempt", "name"), [(wrong_snr, "snr"), (stub, "snr"), ("a", "twice_as_many_steps"), (snr, "x")]
)
def test_nbgrader_sees_a_failed_check(monkeypatch, mode, attempt, name):
    monkeypatch.setenv("NBGRADER_EXECUTION", mode)
    with pytest.raises(QuizFailedError, match=name):
        check(attempt, name)
    assert check(snr) is snr


def test_every_accelerator_is_tried(monkeypatch):
    asked = []

    def examine(quiz, attempt, device="cpu"):
        asked.append(device)
        return commands.Report(quiz.name, device != "cuda", "device" if device == "cuda" else "correct", "On cuda: no.")

    monkeypatch.setattr(commands.engine, "examine", examine)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert check(snr) is schedules.snr
    assert asked[:2] == ["cpu", "cuda"]


# questions


def test_a_question_and_its_answers(capsys):
    question("what_t_zero_does")
    shown = capsys.readouterr().out
    assert "a x_0 itself" in shown
    assert 'check("...", "what_t_zero_does")' in shown
    assert check("a", "what_t_zero_does") is None
    assert "is 1 - beta of the first step" in capsys.readouterr().out
    assert check("B", "what_t_zero_does") is None
    assert "✓ what_t_zero_does is right" in capsys.readouterr().out
    assert check(None, "what_t_zero_does") is None
    assert "Guess before you run" in capsys.readouterr().out
    question("snr")
    assert "is no question" in capsys.readouterr().out


# hint and solution


def test_hints_go_from_nudge_to_formula_and_end(capsys):
    for count in ("1 of 3", "2 of 3", "3 of 3"):
        hint("q_sample")
        assert count in capsys.readouterr().out
    hint("q_sample")
    said = capsys.readouterr().out
    assert "there are no more hints" in said
    assert "sqrt(alpha-bar_t) x_0" in said
    assert 'solution("q_sample")' in said
    hint("snr")
    assert "1 of 2" in capsys.readouterr().out
    hint("q_smaple")
    assert "Did you mean q_sample" in capsys.readouterr().out


def test_the_solution_is_the_source_and_is_noted(capsys):
    solution("extract")
    assert "values.gather(0, t)" in capsys.readouterr().out
    assert record.entries()["extract"].looked
    solution(forward.q_step)
    assert "def q_step" in capsys.readouterr().out
    solution("what_t_zero_does")
    assert "the answer is b" in capsys.readouterr().out
    progress()
    assert "Solution looked at first: extract, q_step" in capsys.readouterr().out


def test_looking_after_passing_is_no_remark():
    check(snr)
    solution("snr")
    assert not record.entries()["snr"].looked


# progress


def test_progress_at_a_glance(capsys):
    check(snr)
    check(wrong_snr, "snr")
    check("b", "what_t_zero_does")
    capsys.readouterr()
    progress()
    said = capsys.readouterr().out
    assert said.startswith("→ 2 of ")
    row = next(line for line in said.splitlines() if "03 schedules" in line)
    assert re.search(r"1 of 10 +1 of \d+ +2 ", row)
    assert record.entries()["snr"] == record.Entry(attempts=2, passed=True)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"snr": 3}', '{"snr": {"attempts": "x"}}', '{"snr": {"new": 1}}', "[" * 100_000, "\0"],
)
def test_a_damaged_file_is_tolerated(file, content):
    file.write_text(content)
    assert record.entries() == {}
    record.note_attempt("snr", True)
    assert record.entries() == {"snr": record.Entry(1, True)}
    progress()


def test_a_damaged_file_is_kept_beside(file):
    file.write_text("{damaged")
    record.note_attempt("snr", True)
    assert file.with_suffix(".damaged").read_text() == "{damaged"


def test_nothing_can_be_written(monkeypatch, tmp_path):
    (tmp_path / "flat").write_text("a file, no folder")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "flat" / "progress.json"))
    assert check(snr) is snr
    progress()


def test_where_the_record_is_kept(monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "")
    assert record.place() is None
    monkeypatch.delenv("COURSE_PROGRESS")
    assert record.place() is None  # pytest
    for name in ("CI", "PYTEST_CURRENT_TEST", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)
    assert record.place() == record.ROOT / ".course_progress.json"
    assert (record.ROOT / "pyproject.toml").exists()


def test_notebooks_at_the_same_time_lose_nothing(file):
    code = (
        "import sys; from course_lib.checker import progress\n"
        "for i in range(15): progress.note_attempt(sys.argv[1], i > 9)"
    )
    workers = [subprocess.Popen([sys.executable, "-c", code, name]) for name in ("snr", "snr")]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    assert record.entries() == {"snr": record.Entry(30, True)}
    assert json.loads(file.read_text())["snr"]["attempts"] == 30
    assert not list(file.parent.glob("*.part"))


# HTML


def test_html_escapes_and_follows_the_theme():
    card = Card("bad", "`a<b`", "x < y & `z`", ("note",), rows=(("h",), ("<i>",)), listing="if a < b: pass")
    html = card.as_html()
    assert "<code" in html
    assert "x &lt; y &amp; " in html
    assert "&lt;i&gt;" in html
    assert "<i>" not in html
    assert "var(--jp-content-font-color1" in html
    assert not re.search(r"background:(?!transparent|rgba\(128)", html)
    assert card.as_text().startswith("✗ a<b\n  x < y & z")


CELLS = [
    "import os\nfrom course_lib.quizzes import *\nfrom course_lib.checker import examine as e\ne.SECONDS = 0.5",
    "def snr(a):\n    while True:\n        try: pass\n        except BaseException: pass\nsnr = check(snr)",
    "def snr(a):\n    return 1.1 * a / (1 - a)\nsnr = check(snr)",
    "import torch\ndef q_sample(x, t, n, s):\n    return x\nq_sample = check(q_sample)",
    "hint('snr'); solution('snr'); progress(); question('what_t_zero_does')",
    "def snr(a):\n    return a / (1 - a)\nmine = snr\nsnr = check(snr)\nassert snr is mine",
    "check('b', 'what_t_zero_does')",
    "def snr(a):\n    return a\nos.environ['NBGRADER_EXECUTION'] = 'validate'\ncheck(snr);",
]


def test_in_a_real_kernel(file):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    with pytest.raises(CellExecutionError, match="QuizFailedError"):
        NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    pages = [[output.get("data", {}) for output in cell.outputs] for cell in notebook.cells]
    assert pages[0] == []
    assert "Does a loop never end?" in pages[1][0]["text/html"]
    assert "<code" in pages[1][0]["text/html"]
    assert "`" not in pages[1][0]["text/plain"]
    assert 'src="data:image/png' in pages[2][0]["text/html"]
    assert "Always 1.1 times" in pages[2][0]["text/plain"]
    assert 'src="data:image/png' in pages[3][0]["text/html"]
    assert [len(page) for page in pages[4:7]] == [4, 1, 1]
    assert "<table" in pages[4][2]["text/html"]
    assert json.loads(file.read_text())["snr"] == {"attempts": 4, "passed": True, "looked": True}
