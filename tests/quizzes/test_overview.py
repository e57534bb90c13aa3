"""`progress`: at a glance, a chapter in detail, the fast track."""

import re
from datetime import date

import pytest

from course_lib.checker import progress as record
from course_lib.checker.quiz import Choice
from course_lib.quizzes import check, hint, overview, progress, solution
from course_lib.quizzes.overview import hardest, is_tested_out
from course_lib.quizzes.registry import CHAPTERS, find, quizzes_of


@pytest.fixture(autouse=True)
def monday(monkeypatch):
    monkeypatch.setattr(record, "today", lambda: date(2026, 3, 2))


def snr(alphas_cumprod):
    return alphas_cumprod / (1 - alphas_cumprod)


def upside_down(alphas_cumprod):
    return (1 - alphas_cumprod) / alphas_cumprod


def test_at_a_glance(capsys):
    check(snr)
    check(upside_down, "snr")
    check(find("what_t_zero_does").answer, "what_t_zero_does")
    capsys.readouterr()
    progress()
    said = capsys.readouterr().out
    assert said.startswith("→ 2 of ")
    row = next(line for line in said.splitlines() if "03 schedules" in line)
    assert re.search(rf"1 of {len(quizzes_of('schedules'))} +1 of \d+ +2 +1 ", row)


def test_looks_at_solutions_are_named(capsys):
    for name in ("extract", "q_step"):
        solution(name)
    capsys.readouterr()
    progress()
    assert "Solution looked at first: extract, q_step" in capsys.readouterr().out


def test_mistakes_of_open_quizzes_come_in_words_that_help(capsys):
    for _ in range(2):
        check(upside_down, "snr")
    capsys.readouterr()
    progress()
    assert "snr: Upside down: that is noise to signal" in capsys.readouterr().out
    progress("schedules")
    assert "large where little noise is. (met twice)" in capsys.readouterr().out
    check(snr)
    capsys.readouterr()
    progress()
    assert "Upside down" not in capsys.readouterr().out  # passed by now


def test_a_mistake_that_the_catalogue_has_no_more_is_passed_over(capsys):
    record.note_attempt("snr", False, ("gone",))
    progress()
    progress(3)
    assert "gone" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "asked", ["00", "start", 0, "0", " Start ", "00_start", "00_start.ipynb", "to_model_range", "what_comes_back_first"]
)
def test_a_chapter_by_name_number_notebook_or_quiz(capsys, asked):
    progress(asked)
    said = capsys.readouterr().out
    assert said.startswith("→ 00 start: 0 of ")
    assert re.search(r"to_model_range +1 +5 +0 +open", said)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        *[(odd, 'Give its name or number, as in progress("schedules")') for odd in (object(), [], 3.5, True, hint, re)],
        ("schedule", "Did you mean schedules?"),
        ("", "There is no chapter"),
        (18, "There is no chapter 18"),
        (-1, "There is no chapter -1"),
        ("²", "There is no chapter"),
        ("04_start", "There is no chapter 04_start"),
    ],
)
def test_an_odd_chapter_gets_a_sentence(capsys, asked, says):
    progress(asked)
    said = capsys.readouterr().out
    assert said.startswith("✗ Which chapter is it?")
    assert says in said


def test_in_detail_a_quiz_says_how_it_was_passed_and_reviewed(capsys):
    record.note_attempt("q_step", True)
    record.note_review("q_step", True)
    record.note_review("q_step", False)
    record.note_look("q_sample")
    record.note_look("extract")
    record.note_attempt("extract", True)
    progress("forward")
    said = capsys.readouterr().out
    assert re.search(r"q_step .* passed on 2026-03-02; reviewed, 1 of 2 right\n", said)
    assert re.search(r"extract .* passed on 2026-03-02 after a look at the solution\n", said)
    assert re.search(r"q_sample .* open, solution looked at\n", said)


def test_a_pass_without_a_day_is_a_pass(capsys, file):
    file.write_text('{"q_step": {"attempts": 3, "passed": true, "looked": false}}')
    progress("forward")
    assert re.search(r"q_step +2 +\d+ +3 +passed\n", capsys.readouterr().out)


# The fast track


@pytest.mark.parametrize("chapter", [chapter for chapter in CHAPTERS if quizzes_of(chapter)])
def test_the_hardest_two_have_the_most_points_then_minutes(chapter):
    weights = {quiz.name: (quiz.points, quiz.minutes) for quiz in quizzes_of(chapter).values()}
    chosen = [quiz.name for quiz in hardest(chapter)]
    assert len(chosen) == 2
    assert min(weights[name] for name in chosen) >= max(weights[name] for name in weights.keys() - set(chosen))


def test_points_count_before_minutes(monkeypatch):
    weights = {"short": (3, 1), "quick": (3, 2), "long": (1, 90), "longer": (2, 60)}
    made = {name: Choice(name, "?", {}, "a", points, minutes, ("?",)) for name, (points, minutes) in weights.items()}
    monkeypatch.setattr(overview, "quizzes_of", lambda chapter: made)
    assert [quiz.name for quiz in hardest("any")] == ["short", "quick"]


def test_testing_out(capsys):
    first, second = (quiz.name for quiz in hardest("schedules"))
    progress(test_out="schedules")
    said = capsys.readouterr().out
    assert all(f"def {name}(" in said and f"{name} = check({name})" in said for name in (first, second))
    record.note_attempt(first, True)
    assert not is_tested_out(record.entries(), "schedules")
    progress(test_out=3)
    said = capsys.readouterr().out
    assert f"✓ {first} is passed already" in said
    assert f"def {second}(" in said
    record.note_attempt(second, True)
    progress(test_out="03")
    assert "You may skip schedules" in capsys.readouterr().out
    progress()
    row = next(line for line in capsys.readouterr().out.splitlines() if "03 schedules" in line)
    assert re.search(rf"2 of {len(quizzes_of('schedules'))} .* 0 +tested out", row)
    progress("schedules")
    assert "Tested out: you passed its two hardest quizzes" in capsys.readouterr().out


def test_who_did_not_ask_has_not_tested_out():
    for quiz in hardest("schedules"):
        record.note_attempt(quiz.name, True)
    assert not is_tested_out(record.entries(), "schedules")


def test_who_looked_cannot_test_out(capsys):
    first, second = (quiz.name for quiz in hardest("schedules"))
    progress(test_out="schedules")
    solution(second)
    for name in (first, second):
        record.note_attempt(name, True)
    assert not is_tested_out(record.entries(), "schedules")
    capsys.readouterr()
    progress(test_out="schedules")
    assert f"You have seen the solution of {second}" in capsys.readouterr().out


def test_a_question_among_the_hardest_is_shown_with_its_options(capsys, monkeypatch):
    monkeypatch.setattr(overview, "HARDEST", 3)  # chapter 00 has two functions and a question
    assert "what_comes_back_first" in {quiz.name for quiz in hardest("start")}
    progress(test_out="start")
    said = capsys.readouterr().out
    assert 'check("...", "what_comes_back_first")' in said
    assert all(option.text in said.replace("`", "") for option in find("what_comes_back_first").options.values())


def test_an_odd_chapter_to_test_out_of_gets_a_sentence(capsys):
    progress(test_out=object())
    assert 'progress(test_out="schedules")' in capsys.readouterr().out


def test_all_passed_is_all_green(capsys):
    for chapter in CHAPTERS:
        for name in quizzes_of(chapter):
            record.note_attempt(name, True)
    progress()
    assert capsys.readouterr().out.startswith("✓ ")
    assert overview.totals(record.entries(), "start")[0] == 3
