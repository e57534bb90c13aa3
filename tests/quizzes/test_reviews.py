"""`review`: what comes back, in which form, and that no answer is graded for another question."""

import re
from datetime import date, timedelta

import pytest

from course_lib.checker import progress as record
from course_lib.quizzes import check, review, reviews
from course_lib.quizzes.registry import find
from course_lib.quizzes.sources import plain, right_answers, wrong_answers

NOW = date(2026, 3, 2)


def passed(name, days_ago, monkeypatch, mistakes=()):
    monkeypatch.setattr(record, "today", lambda: NOW - timedelta(days_ago))
    record.note_attempt(name, True, tuple(mistakes))
    monkeypatch.setattr(record, "today", lambda: NOW)


def snr(alphas_cumprod):
    return 1 / (1 / alphas_cumprod - 1)


def said(capsys, *answer):
    review(*answer)
    return capsys.readouterr().out


def the_wrong_one(shown, name):
    """The label of the wrong one of three, found without the code under test: by its source in the catalogue."""
    parts = re.split(r"^  # (\d+[abc])$", shown, flags=re.MULTILINE)[1:]
    sources = dict(zip(parts[::2], parts[1::2], strict=True))
    wrong = [source.replace(" ", "") for source in wrong_answers(find(name))]
    (label,) = [
        key for key, text in sources.items() if any(w in text.replace("\n  ", "\n").replace(" ", "") for w in wrong)
    ]
    return label


def test_nothing_passed_nothing_to_review(capsys):
    record.note_attempt("snr", False)
    assert "Nothing to review yet" in said(capsys)
    assert "Call review() first" in said(capsys, "1a")


@pytest.mark.parametrize("right", [True, False])
def test_which_of_these_three_is_wrong(capsys, monkeypatch, right):
    passed("snr", 12, monkeypatch)
    shown = said(capsys)
    assert shown.startswith("○ Review 1, snr: which of these three is wrong?\n  You passed it 12 days ago.")
    assert shown.count("def snr(") == 3
    label = the_wrong_one(shown, "snr")
    answer = label if right else next(other for other in ("1a", "1b", "1c") if other != label)
    verdict = said(capsys, answer)
    assert verdict.startswith("✓" if right else "✗")
    assert f"{label} is wrong" in verdict or f"the wrong one is {label}" in verdict
    entry = record.entries()["snr"]
    assert (entry.reviews, entry.reviews_right, entry.reviewed_on) == (1, int(right), NOW)


def test_the_order_is_drawn_and_stays(capsys, monkeypatch):
    passed("snr", 12, monkeypatch)
    assert said(capsys) == said(capsys)
    entry = record.entries()["snr"]
    drawn = [reviews._which_is_wrong(number, find("snr"), entry) for number in range(1, 40)]
    assert {asked.answer[-1] for asked in drawn} == {"a", "b", "c"}
    assert len({asked.why for asked in drawn}) > 4


@pytest.mark.parametrize("name", ["snr", "q_sample", "extract", "ema_update", "PreNorm"])
def test_two_are_right_and_one_is_wrong(name):
    quiz = find(name)
    for number in range(1, 12):
        asked = reviews._which_is_wrong(number, quiz, record.Entry())
        shown = dict(re.findall(r"# (\d+[abc])\n(.*?)(?=\n\n\n# |\Z)", asked.card.listing, re.DOTALL))
        assert len(shown) == len(asked.options) == 3
        for label, source in shown.items():
            assert (source in wrong_answers(quiz)) == (label == asked.answer)
            assert (source in right_answers(quiz)) == (label != asked.answer)
        assert asked.why == wrong_answers(quiz)[shown[asked.answer]].hint


def test_a_mistake_that_was_made_comes_back():
    entry = record.Entry(passed=True, mistakes={"noise_to_signal": 1})
    hint = next(mistake.hint for mistake in find("snr").mistakes if mistake.name == "noise_to_signal")
    assert {reviews._which_is_wrong(number, find("snr"), entry).why for number in range(9)} == {hint}


def test_the_one_unseen_for_longest_comes_first(capsys, monkeypatch):
    passed("extract", 8, monkeypatch)
    passed("snr", 30, monkeypatch)
    passed("q_step", 2, monkeypatch)
    for name in ("snr", "extract", "q_step"):
        assert f", {name}:" in said(capsys)
        said(capsys, f"{reviews._asked.number}a")
    assert reviews._asked is None
    assert "snr" in said(capsys)  # all were seen today: the first again
    assert "Nothing is due yet" in said(capsys)


def test_a_quiz_passed_before_days_were_noted_counts_as_old(capsys, file):
    file.write_text('{"snr": {"attempts": 1, "passed": true, "looked": false}}')
    assert "You passed it some time ago" in said(capsys)


def test_new_numbers(capsys, monkeypatch):
    passed("snr", 20, monkeypatch)
    record.note_review("snr", True)
    shown = said(capsys)
    assert shown.startswith("○ Review 2: write snr once more")
    assert "raise NotImplementedError" in shown
    seeds = []
    examine = reviews.examine_everywhere
    monkeypatch.setattr(
        reviews, "examine_everywhere", lambda quiz, attempt, seed: seeds.append(seed) or examine(quiz, attempt, seed)
    )
    wrong = lambda alphas_cumprod: alphas_cumprod  # noqa: E731
    wrong.__name__ = "snr"
    assert said(capsys, wrong).startswith("✗ Review 2, snr")
    assert record.entries()["snr"].reviews == 1  # it may be tried again
    assert said(capsys, snr).startswith("✓ Review 2, snr: right, with new numbers")
    assert seeds == [2, 2]
    entry = record.entries()["snr"]
    assert (entry.reviews, entry.reviews_right, entry.attempts) == (2, 2, 1)


def test_the_courses_own_is_no_answer(capsys, monkeypatch):
    passed("snr", 20, monkeypatch)
    record.note_review("snr", True)
    said(capsys)
    assert "not yours" in said(capsys, find("snr").reference)
    assert record.entries()["snr"].reviews == 1


def test_a_question_comes_back_as_it_was(capsys, monkeypatch):
    question = find("what_t_zero_does")
    passed("what_t_zero_does", 20, monkeypatch)
    shown = said(capsys)
    for letter, option in question.options.items():
        assert f"1{letter} {option.text.replace('`', '')}" in shown
    verdict = said(capsys, f"1{question.answer}")
    assert verdict.startswith("✓ Review 1, what_t_zero_does: right")
    assert record.entries()["what_t_zero_does"].reviews_right == 1


def test_an_old_cell_answers_no_new_question(capsys, monkeypatch):
    """Run All in a notebook with an answered review: its letter must not be graded for the next one."""
    passed("snr", 20, monkeypatch)
    passed("extract", 19, monkeypatch)
    said(capsys)
    said(capsys, "1a")
    before = record.entries()
    assert "Nothing is asked" in said(capsys, "1a")
    said(capsys)
    for old in ("1a", "a", "b", "", "maybe"):
        assert 'The answer is one of "2a", "2b", "2c"' in said(capsys, old)
    assert record.entries() == before
    assert said(capsys, " 2B. ")[0] in "✓✗"


@pytest.mark.parametrize("odd", [3, [], object(), lambda x: x, check, find])
def test_odd_answers_get_a_sentence(capsys, monkeypatch, odd):
    passed("snr", 20, monkeypatch)
    said(capsys)
    assert 'The answer is one of "1a", "1b", "1c"' in said(capsys, odd)
    record.note_review("snr", True)
    said(capsys)
    assert "It asks for snr: write it under this name" in said(capsys, odd)
    assert "It asks for code: write snr, then review(snr)" in said(capsys, "2a")
    assert record.entries()["snr"].reviews == 1


def test_skipping_counts_as_seen_and_asks_the_next(capsys, monkeypatch):
    passed("snr", 20, monkeypatch)
    passed("extract", 19, monkeypatch)
    said(capsys)
    assert ", extract: which" in said(capsys, "skip")
    entry = record.entries()["snr"]
    assert (entry.reviews, entry.reviews_right) == (1, 0)


def test_inside_an_attempt_nothing_is_asked(capsys, monkeypatch):
    passed("extract", 20, monkeypatch)

    def snr(alphas_cumprod):
        review()
        return alphas_cumprod / (1 - alphas_cumprod)

    check(snr)
    assert "Review" not in capsys.readouterr().out


def test_under_a_kernel_that_is_older_than_the_courses_files(capsys, monkeypatch):
    def wrong_answers(quiz):
        raise OSError("lineno is out of bounds")

    passed("snr", 20, monkeypatch)
    monkeypatch.setattr(reviews, "wrong_answers", wrong_answers)
    assert "Restart the kernel" in said(capsys)


def test_the_reference_looks_like_the_others():
    """Annotations, docstrings and comments would tell which one is the course's."""
    shown = plain(find("q_sample").solution, "q_sample")
    assert shown in right_answers(find("q_sample"))
    assert ":" not in shown.splitlines()[0].removesuffix(":")
