"""Matching rows to causes: what is said about an answer is true, helps, and never gives the answer away."""

import pytest

from course_lib.checker.matching import Matching
from course_lib.checker.quiz import Option
from course_lib.quizzes import check, commands, examine, question, review, reviews, solution
from course_lib.quizzes.overview import hardest
from course_lib.quizzes.registry import every_quiz, find

QUIZ = Matching(
    "three_rows",
    "Which row has which cause?",
    options={
        "a": Option("too dark", "Cause a makes everything darker."),
        "b": Option("too bright", "Cause b makes everything brighter."),
        "c": Option("upside down", "Cause c turns the picture."),
    },
    shows=("a white square", "a face on its head", "a black square"),
    answer="bca",
    points=2,
    minutes=3,
    hints=("Begin with the simplest.",),
    difficulty=2,
    importance=2,
)
MATCHINGS = [quiz for quiz in every_quiz().values() if isinstance(quiz, Matching)]


@pytest.fixture
def three_rows(monkeypatch):
    monkeypatch.setattr(commands, "find", lambda name: QUIZ)
    monkeypatch.setattr(commands, "devices_were_taught", lambda name: True)


def message(answer):
    return examine("three_rows", answer).message


@pytest.mark.parametrize("answer", ["bca", "BCA", " b, c, a ", "b-c-a".replace("-", "; "), "[b c a]", "b\nc\na\n"])
def test_the_right_letters_pass_however_they_are_written(three_rows, answer):
    report = examine("three_rows", answer)
    assert (report.passed, report.finding, report.mistakes) == (True, "correct", ())
    assert report.message == "1 `b` too bright\n2 `c` upside down\n3 `a` too dark"


def test_right_rows_are_named_and_wrong_ones_get_two_sentences(three_rows):
    report = examine("three_rows", "acb")
    assert (report.finding, report.mistake, report.mistakes) == ("mistake", "1a", ("1a", "3b"))
    assert report.message == (
        "Right: row 2.\n"
        "Row 1 shows a white square. Cause a makes everything darker.\n"
        "Row 3 shows a black square. Cause b makes everything brighter."
    )


def test_open_rows_are_not_wrong(three_rows):
    report = examine("three_rows", "b?.")
    assert (report.passed, report.finding, report.mistakes) == (False, "mistake", ())
    assert report.message == "Right: row 1.\nStill open: rows 2, 3."
    assert message("c??") == (
        "No row is right yet.\nRow 1 shows a white square. Cause c turns the picture.\nStill open: rows 2, 3."
    )


def test_a_letter_may_be_tried_for_every_row(three_rows):
    assert message("aaa").startswith("Right: row 3.\nRow 1 shows")


@pytest.mark.parametrize("nothing", [None, ..., "", "???", "...", "  ? ", "\n"])
def test_nothing_is_no_attempt(three_rows, nothing):
    report = examine("three_rows", nothing)
    assert (report.finding, report.mistakes) == ("not_attempted", ())


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        ("bc", "There are 2 letters. Write one letter for each of the 3 rows"),
        ("bcaa", "There are 4 letters"),
        ("bcz", "'z' is none of the causes, which are a, b, c"),
        ("b2a", "'2' is none of the causes"),
        (3, "The answer is a text"),
        (["b", "c", "a"], "The answer is a text"),
        (object(), "The answer is a text"),
        ("ﬁca", "is none of the causes"),
        ("İca", "is none of the causes"),
    ],
)
def test_what_is_no_answer_is_told_what_one_is(three_rows, odd, told):
    report = examine("three_rows", odd)
    assert (report.passed, report.finding) == (False, "type")
    assert told in report.message


def test_every_wrong_pair_is_a_mistake_and_no_sentence_names_the_right_letter():
    names = [mistake.name for mistake in QUIZ.mistakes]
    assert names == ["1a", "1c", "2a", "2b", "3b", "3c"]
    for mistake in QUIZ.mistakes:
        row, letter = int(mistake.name[0]) - 1, mistake.name[1]
        assert mistake.attempt == QUIZ.answer[:row] + letter + QUIZ.answer[row + 1 :]
        assert QUIZ.options[QUIZ.answer[row]].text not in mistake.hint
        assert f"Cause {QUIZ.answer[row]} " not in mistake.hint


@pytest.mark.parametrize("answer", ["bc", "bcd", "bcaa"])
def test_a_matching_without_a_cause_for_each_row_is_refused_where_it_is_written(answer):
    with pytest.raises(ValueError, match="three_rows: the answer needs"):
        Matching("three_rows", "?", QUIZ.options, answer, 1, 1, ("?",), shows=QUIZ.shows, difficulty=1, importance=1)


# What a student sees


def test_check_question_and_solution(three_rows, capsys):
    question("three_rows")
    shown = capsys.readouterr().out
    assert "a too dark" in shown
    assert 'one letter for each row into the cell below, "?" where you do not know: three_rows = "..."' in shown
    assert check("acb", "three_rows") is None
    assert "✗ three_rows\n  Right: row 2.\n  Row 1 shows" in capsys.readouterr().out
    assert check("???", "three_rows") is None
    assert "○ three_rows\n  Not answered yet" in capsys.readouterr().out
    assert check("bca", "three_rows") is None
    assert "✓ three_rows is right: 2 points\n  1 b too bright" in capsys.readouterr().out
    solution("three_rows")
    assert "the answer is bca\n  1 b too bright" in capsys.readouterr().out


@pytest.mark.parametrize("right", [True, False])
def test_a_review_asks_for_one_row_in_words(capsys, monkeypatch, right):
    name = MATCHINGS[0].name
    reviews.record.note_attempt(name, True)
    review()
    shown, asked = capsys.readouterr().out, reviews._asked
    assert f"Review 1, {name}: a picture shows " in shown
    assert shown.count("\n  1") == len(asked.options) == 3
    row = next(i for i, symptom in enumerate(MATCHINGS[0].shows) if symptom in shown)
    cause = MATCHINGS[0].options[MATCHINGS[0].answer[row]]
    assert f"{asked.answer} {cause.text}".replace("`", "") in shown
    review(asked.answer if right else next(label for label in asked.options if label != asked.answer))
    assert capsys.readouterr().out.startswith("✓" if right else "✗")


def test_who_tests_out_needs_no_picture():
    assert not any(isinstance(quiz, Matching) for quiz in hardest("sampling"))


# Those of the course


@pytest.mark.parametrize("quiz", MATCHINGS, ids=lambda quiz: quiz.name)
def test_its_own_answers_are_told_apart(quiz):
    assert examine(quiz.name, quiz.answer).passed
    for mistake in quiz.mistakes:
        report = examine(quiz.name, mistake.attempt)
        assert (report.finding, report.mistakes) == ("mistake", (mistake.name,))
        assert report.message.endswith(mistake.hint)
    assert find(quiz.name) is quiz
