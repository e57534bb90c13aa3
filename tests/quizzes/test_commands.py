"""What the student sees of check, hint, solution and question, in plain text and in a notebook."""

import functools
import io
import json
import re
import sys

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from course_lib import blocks, forward, schedules
from course_lib.checker import progress as record
from course_lib.checker.examine import Report
from course_lib.quizzes import (
    QuizFailedError,
    UnknownQuizError,
    check,
    commands,
    examine,
    hint,
    progress,
    question,
    solution,
)
from course_lib.quizzes.registry import find


def snr(alphas_cumprod):
    return alphas_cumprod / (1 - alphas_cumprod)


def wrong_snr(alphas_cumprod):
    return (1 - alphas_cumprod) / alphas_cumprod


def stub(alphas_cumprod):
    raise NotImplementedError


# check


def test_a_right_answer_comes_back_as_it_is(capsys):
    assert check(snr) is snr
    assert capsys.readouterr().out == '✓ snr is right: 1 point\n  solution("snr") shows other ways to write it.\n'


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
        ([1], None, "Say which quiz it is"),
        (torch, None, "Say which quiz it is"),
        (functools.partial(torch.add, 1), None, "Say which quiz it is"),
        (torch.nn.Identity(), None, "Say which quiz it is"),
        (snr, ["snr"], "The name of a quiz is a text"),
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
    assert raw.getvalue().startswith(b"? snr is right: 1 point\n")


@pytest.mark.parametrize("mode", ["autograde", "validate"])
@pytest.mark.parametrize(
    ("attempt", "name"), [(wrong_snr, "snr"), (stub, "snr"), ("a", "twice_as_many_steps"), (snr, "x")]
)
def test_nbgrader_sees_a_failed_check(monkeypatch, mode, attempt, name):
    monkeypatch.setenv("NBGRADER_EXECUTION", mode)
    with pytest.raises(QuizFailedError, match=name):
        check(attempt, name)
    assert check(snr) is snr


def off_the_gpu(monkeypatch):
    """Pretend that there is a GPU, on which every attempt is refused; gives the list of devices that are tried."""
    asked = []

    def examine(quiz, attempt, device="cpu", seed=0, strict=True):
        asked.append(device)
        return Report(quiz.name, device != "cuda", "device" if device == "cuda" else "correct", "On cuda: no.")

    monkeypatch.setattr(commands.engine, "examine", examine)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    return asked


def test_every_accelerator_is_tried(monkeypatch):
    asked = off_the_gpu(monkeypatch)
    assert check(lambda self, x: x, "PreNorm") is blocks.PreNorm
    assert asked[:2] == ["cpu", "cuda"]


def test_before_devices_were_taught_the_gpus_refusal_is_a_note(monkeypatch, capsys):
    off_the_gpu(monkeypatch)
    assert check(snr) is snr
    assert capsys.readouterr().out.startswith("✓ snr is right: 1 point\n  On cuda: no.\n")


def test_inside_an_attempt_it_shows_nothing(capsys):
    def snr(alphas_cumprod):
        helper = check(wrong_snr, "snr")
        assert helper is wrong_snr
        check(lambda x: x, "no quiz")
        return alphas_cumprod / (1 - alphas_cumprod)

    check(snr)
    said = capsys.readouterr().out
    assert said.count("✓") == 1
    assert "✗" not in said
    assert "is called inside the function" in said
    assert record.entries()["snr"].attempts == 1


def test_what_a_pass_remarks_is_small_print():
    card = commands.card_of(find("snr"), Report("snr", True, "correct", "", note="Right, but only on the CPU."))
    assert card.notes[0] == "Right, but only on the CPU."
    assert "Right, but only on the CPU." in card.as_html()


# after a pass


def test_a_pass_offers_two_other_ways(monkeypatch):
    monkeypatch.setattr(commands, "in_notebook", lambda: True)
    quiz = find("q_sample")
    card = commands.card_of(quiz, Report("q_sample", True, "correct", ""))
    ways = {way.source: way.explain for way in quiz.alternatives}
    assert len(card.folds) == 2
    assert all(ways[fold.listing] in fold.title for fold in card.folds)
    assert not any("@" in fold.listing for fold in card.folds)
    assert card.as_text() == "✓ q_sample is right: 3 points"  # what nbval compares
    page = card.as_html()
    assert page.count("<details") == 2
    assert "open" not in re.findall(r"<details[^>]*>", page)[0]


def test_a_pass_is_a_pass_though_the_courses_files_have_changed(monkeypatch, capsys):
    """An update of the course under a running kernel: sources cannot be read any more."""

    def other_ways(quiz):
        raise OSError("lineno is out of bounds")

    monkeypatch.setattr(commands, "other_ways", other_ways)
    assert check(snr) is snr
    assert capsys.readouterr().out.startswith("✓ snr is right")


# questions


def test_a_question_and_its_answers(capsys):
    quiz = find("what_t_zero_does")
    wrong = next(letter for letter in quiz.options if letter != quiz.answer)
    question("what_t_zero_does")
    shown = capsys.readouterr().out
    assert all(f"{letter} {option.text}".replace("`", "") in shown for letter, option in quiz.options.items())
    assert 'what_t_zero_does = "..."' in shown
    assert check(wrong, "what_t_zero_does") is None
    assert quiz.options[wrong].why.replace("`", "") in capsys.readouterr().out
    assert check(quiz.answer.upper(), "what_t_zero_does") is None
    assert "✓ what_t_zero_does is right" in capsys.readouterr().out
    assert check(None, "what_t_zero_does") is None
    assert "Predict before you go on" in capsys.readouterr().out
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


def test_one_hint_by_its_number(capsys):
    hint("q_sample", 2)
    hint("q_sample")
    said = capsys.readouterr().out
    assert re.findall(r"hint (\d) of 3", said) == ["2", "1"]  # asking for one is not counted
    for number in (0, 4, "2", True):
        hint("q_sample", number)
        assert "There are 3" in capsys.readouterr().out


def test_in_a_notebook_hints_are_folded_and_not_spent(monkeypatch):
    shown = []
    monkeypatch.setattr(commands, "in_notebook", lambda: True)
    monkeypatch.setattr(commands, "show", shown.append)
    hint("q_sample")
    hint("q_sample")
    first, again = shown
    assert first == again
    assert commands._hints_given == {}
    folds, fold = [], first.folds[0]
    while fold:
        folds, fold = [*folds, fold], fold.inside
    assert [fold.text for fold in folds[:3]] == list(find("q_sample").hints)
    assert "solution" in folds[3].text
    assert all(text not in first.as_text() for text in find("q_sample").hints)
    assert first.as_html().count("<details") == 4


@pytest.mark.parametrize("command", [hint, solution, question])
@pytest.mark.parametrize(
    "odd", [None, 3, [], "q_smaple", torch, functools.partial(print, 1), torch.nn.Identity(), lambda x: x, object()]
)
def test_odd_names_get_a_sentence(capsys, command, odd):
    command(odd)
    said = capsys.readouterr().out
    assert said.startswith("✗ Which quiz is it?\n")
    wanted = "Did you mean q_sample" if odd == "q_smaple" else f'{command.__name__}("q_sample")'
    if not isinstance(odd, functools.partial):
        assert wanted in said


def test_without_any_argument(capsys):
    for command in (check, hint, solution, question):
        command()
        assert f"Say which quiz it is: {command.__name__}(" in capsys.readouterr().out
    for odd in (None, 3, [], torch):
        with pytest.raises(UnknownQuizError, match="Say first which quiz it is"):
            examine(odd)
    assert examine("snr").finding == "not_attempted"


def test_the_solution_is_the_source_and_is_noted(capsys):
    solution("extract")
    assert "values.gather(0, t)" in capsys.readouterr().out
    assert record.entries()["extract"].looked
    solution(forward.q_step)
    said = capsys.readouterr().out
    assert "def q_step" in said
    assert said.count("another way") == 2
    solution("what_t_zero_does")
    assert f"the answer is {find('what_t_zero_does').answer}" in capsys.readouterr().out
    progress()
    assert "Solution looked at first: extract, q_step" in capsys.readouterr().out


def test_looking_after_passing_is_no_remark():
    check(snr)
    solution("snr")
    assert not record.entries()["snr"].looked


# In a kernel


CELLS = [
    "import os\nfrom course_lib.quizzes import *\nfrom course_lib.checker import examine as e\ne.SECONDS = 0.5",
    "def snr(a):\n    while True:\n        try: pass\n        except BaseException: pass\nsnr = check(snr)",
    "def snr(a):\n    return 1.1 * a / (1 - a)\nsnr = check(snr)",
    "import torch\ndef q_sample(x, t, n, s):\n    return x\nq_sample = check(q_sample)",
    "hint('snr'); solution('snr'); progress(); question('what_t_zero_does'); review()",
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
    assert [len(page) for page in pages[4:7]] == [5, 1, 1]
    assert "<table" in pages[4][2]["text/html"]
    assert [page["text/plain"] for page in pages[5]] == ["✓ snr is right: 1 point"]
    assert "<details" in pages[5][0]["text/html"]
    entry = json.loads(file.read_text())["snr"]
    assert (entry["attempts"], entry["passed"], entry["looked"]) == (4, True, True)
