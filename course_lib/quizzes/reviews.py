"""`review`: what was passed some time ago comes back."""

import random
from dataclasses import dataclass
from datetime import date

from course_lib.checker import progress as record
from course_lib.checker.card import Card, show
from course_lib.checker.examine import is_busy
from course_lib.checker.matching import Matching
from course_lib.checker.progress import Entry
from course_lib.checker.quiz import Choice, Quiz
from course_lib.errors import CourseError
from course_lib.quizzes.commands import examine_everywhere, name_of
from course_lib.quizzes.registry import every_quiz
from course_lib.quizzes.sources import right_answers, stub, wrong_answers

DUE = 7  # days after passing, or after the last review


@dataclass(frozen=True)
class _Asked:
    """What is asked: to write the code again, or (with options) to choose. Labels are "7a", "7b", ... in review 7.

    No label is ever used twice, so that an old cell, run again, answers no new question.
    """

    number: int
    quiz: Quiz | Choice
    card: Card
    options: tuple[str, ...] = ()
    answer: str = ""
    why: str = ""


_asked: _Asked | None = None  # in this kernel; what was asked in another one is asked again


def review(answer: object = None) -> None:
    """Ask again about the quiz that you have not seen for the longest time; of interest from a week on.

    answer   what you answer to the question that was shown: one of its labels, as in `review("7b")`; where it asks for
             code, your function; "skip" for the next question. Without an answer: ask.

    A quiz comes back in turn as "which of these three is wrong?" and as code to write once more, which is examined with
    new numbers; a question comes back as it was. The three are the course's own answer, other right answers and a known
    mistake, if possible one that you once made; shown are only those whose source shows all that they do.
    Which quiz, which form and which order follow from your record, so that asking again asks the same.
    """
    if is_busy():
        return
    if answer is None:
        _ask()
    elif _asked is None:
        show(Card("bad", "Nothing is asked", "Call `review()` first, then answer what it shows."))
    elif type(answer) is str:
        _grade_label(_asked, answer.strip(" .:?_()'\"").lower())
    else:
        _grade_code(_asked, answer)


def _ask() -> None:
    global _asked
    known = record.entries()
    passed = {name: quiz for name, quiz in every_quiz().items() if name in known and known[name].passed}
    if not passed:
        show(Card("info", "Nothing to review yet", "Pass a quiz first; a week later it comes back here."))
        return
    name = min(passed, key=lambda name: (_last_seen(known[name]), known[name].reviews))
    number = 1 + sum(entry.reviews for entry in known.values())
    try:
        _asked = _question(number, passed[name], known[name])
    except (OSError, SyntaxError, ValueError, StopIteration):  # the lines of a source are elsewhere by now
        show(Card("bad", "The course has changed since this kernel began", "Restart the kernel, then ask again."))
        return
    show(_asked.card)


def _last_seen(entry: Entry) -> date:
    """Days were not noted at first: a quiz passed then was passed long ago."""
    return max((day for day in (entry.passed_on, entry.reviewed_on) if day), default=date.min)


def _question(number: int, quiz: Quiz | Choice, entry: Entry) -> _Asked:
    if isinstance(quiz, Matching):
        return _one_row(number, quiz, entry)
    if isinstance(quiz, Choice):
        return _as_before(number, quiz, entry)
    wrong = wrong_answers(quiz)
    if entry.reviews % 2 == 0 and wrong and len(right_answers(quiz)) > 1:
        return _which_is_wrong(number, quiz, entry)
    return _once_more(number, quiz, entry)


def _when(entry: Entry) -> str:
    """How long ago, as a sentence."""
    seen = _last_seen(entry)
    if seen == date.min:
        return "You passed it some time ago."
    days = (record.today() - seen).days
    if days < DUE:
        return "Nothing is due yet: this is what you have not seen for the longest time."
    return f"You {'answered' if entry.reviews else 'passed'} it {days} days ago."


def _which_is_wrong(number: int, quiz: Quiz, entry: Entry) -> _Asked:
    draw = random.Random(f"{quiz.name} {number}")
    wrong = wrong_answers(quiz)
    met = [source for source, mistake in wrong.items() if mistake.name in entry.mistakes]
    chosen = draw.choice(met or list(wrong))
    sources = [chosen, *draw.sample(right_answers(quiz), 2)]
    draw.shuffle(sources)
    labels = _labels(number, len(sources))
    listing = "\n\n\n".join(f"# {label}\n{source}" for label, source in zip(labels, sources, strict=True))
    text = f"{_when(entry)} Two of these do what `{quiz.name}` should do."
    title = f"Review {number}, `{quiz.name}`: which of these three is wrong?"
    card = Card("open", title, text, _how(labels), listing=listing)
    return _Asked(number, quiz, card, labels, labels[sources.index(chosen)], wrong[chosen].hint)


def _as_before(number: int, quiz: Choice, entry: Entry) -> _Asked:
    labels = _labels(number, len(quiz.options))
    texts = [option.text for option in quiz.options.values()]
    lines = [f"`{label}` {text}" for label, text in zip(labels, texts, strict=True)]
    card = Card("open", f"Review {number}: {quiz.text}", "\n".join([_when(entry), *lines]), _how(labels))
    answer = labels[list(quiz.options).index(quiz.answer)]
    return _Asked(number, quiz, card, labels, answer, quiz.why)


def _one_row(number: int, quiz: Matching, entry: Entry) -> _Asked:
    """One row, in words, since its picture is not here, and three of the causes."""
    draw = random.Random(f"{quiz.name} {number}")
    row = draw.randrange(len(quiz.answer))
    right = quiz.answer[row]
    chosen = [right, *draw.sample([letter for letter in quiz.options if letter != right], 2)]
    draw.shuffle(chosen)
    labels = _labels(number, len(chosen))
    lines = [f"`{label}` {quiz.options[letter].text}" for label, letter in zip(labels, chosen, strict=True)]
    title = f"Review {number}, `{quiz.name}`: a picture shows {quiz.shows[row]}. What is the cause?"
    card = Card("open", title, "\n".join([_when(entry), *lines]), _how(labels))
    return _Asked(number, quiz, card, labels, labels[chosen.index(right)], quiz.options[right].why)


def _once_more(number: int, quiz: Quiz, entry: Entry) -> _Asked:
    text = f"{_when(entry)} It will be examined with new numbers."
    listing = f"{stub(quiz)}\n\n\nreview({quiz.name})"
    notes = ('`review("skip")` takes the next one.',)
    return _Asked(
        number, quiz, Card("open", f"Review {number}: write `{quiz.name}` once more", text, notes, (), listing)
    )


def _labels(number: int, count: int) -> tuple[str, ...]:
    return tuple(f"{number}{letter}" for letter in "abcdef"[:count])


def _how(labels: tuple[str, ...]) -> tuple[str, ...]:
    calls = " or ".join(f'`review("{label}")`' for label in labels)
    return (f'Answer: {calls}. `review("skip")` takes the next one.',)


def _grade_label(asked: _Asked, answer: str) -> None:
    title = f"Review {asked.number}"
    if answer == "skip":
        _note(asked, right=False)
        _ask()
    elif not asked.options:
        show(Card("bad", title, f"It asks for code: write `{asked.quiz.name}`, then `review({asked.quiz.name})`."))
    elif answer not in asked.options:
        labels = ", ".join(f'"{label}"' for label in asked.options)
        show(Card("bad", title, f"The answer is one of {labels}. `review()` shows the question again."))
    else:
        right = answer == asked.answer
        _note(asked, right)
        show(_verdict(asked, answer, right))


def _verdict(asked: _Asked, answer: str, right: bool) -> Card:
    name, mark = f"`{asked.quiz.name}`", "good" if right else "bad"
    notes = ("`review()` asks the next one.",)
    if isinstance(asked.quiz, Choice):
        title = f"Review {asked.number}, {name}: {'right' if right else f'the answer is {asked.answer}'}"
        return Card(mark, title, asked.why, notes)
    found = f"yes, {answer} is wrong" if right else f"{answer} is right, the wrong one is {asked.answer}"
    return Card(mark, f"Review {asked.number}, {name}: {found}", f"Its author would hear: {asked.why}", notes)


def _grade_code(asked: _Asked, attempt: object) -> None:
    name, title = asked.quiz.name, f"Review {asked.number}"
    if asked.options:
        labels = ", ".join(f'"{label}"' for label in asked.options)
        show(Card("bad", title, f"The answer is one of {labels}. `review()` shows the question again."))
        return
    try:
        named = name_of(attempt, f"review({name})")
    except CourseError:
        named = ""
    if named != name:
        show(Card("bad", title, f"It asks for `{name}`: write it under this name, then `review({name})`."))
        return
    report = examine_everywhere(asked.quiz, attempt, seed=asked.number)
    if report.passed:
        _note(asked, right=True)
        notes = (*([report.note] if report.note else []), "`review()` asks the next one.")
        show(Card("good", f"{title}, `{name}`: right, with new numbers", notes=notes))
        return
    mark = "open" if report.finding in ("not_attempted", "stand_in") else "bad"
    again = f'Change it, then `review({name})` again; `review("skip")` takes the next one.'
    show(Card(mark, f"{title}, `{name}`", report.message, (again,)))


def _note(asked: _Asked, right: bool) -> None:
    global _asked
    record.note_review(asked.quiz.name, right)
    _asked = None
