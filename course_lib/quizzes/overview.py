"""`progress`: the course at a glance, one chapter in detail, and the fast track past a chapter."""

import difflib

from course_lib.checker import progress as record
from course_lib.checker.card import Card, show
from course_lib.checker.matching import Matching
from course_lib.checker.progress import Entry
from course_lib.checker.quiz import Choice, Quiz
from course_lib.errors import CourseError
from course_lib.quizzes.commands import options_of
from course_lib.quizzes.registry import CHAPTERS, every_quiz, quizzes_of
from course_lib.quizzes.sources import stub

HARDEST = 2  # so many quizzes of a chapter have to be passed to skip it
SHOWN = 5  # of so many open quizzes the overview repeats what went wrong

Record = dict[str, Entry]


def progress(chapter: object = None, *, test_out: object = None) -> None:
    """Show how far you are: passed quizzes, points, minutes left, and the mistakes that you met in open ones.

    chapter    one chapter in detail, by name or number: "start", "00", 0
    test_out   a chapter that you may know already: shows its two hardest quizzes; whoever passes both, without a look
               at the solution, may skip the chapter
    """
    try:
        if test_out is not None:
            _show_test(_chapter(test_out, 'progress(test_out="schedules")'))
        elif chapter is not None:
            show(_detail(_chapter(chapter, 'progress("schedules")'), record.entries()))
        else:
            show(_glance(record.entries()))
    except CourseError as problem:
        show(Card("bad", "Which chapter is it?", str(problem)))


def _chapter(asked: object, example: str) -> str:
    """The chapter that is meant by a name, a number, a notebook's name or a quiz's. Raises CourseError for none."""
    remedy = f"Give its name or number, as in `{example}`; `progress()` lists them."
    if type(asked) is str:
        text = asked.strip().lower().removesuffix(".ipynb")
    elif type(asked) is int:
        text = str(asked)
    else:
        raise CourseError(remedy)
    number, _, name = text.partition("_") if text[:2].isdigit() else (text, "", "")
    if number.isascii() and number.isdigit() and int(number) < len(CHAPTERS):
        found = CHAPTERS[int(number)]
    else:
        homes = {quiz: home for home in CHAPTERS for quiz in quizzes_of(home)}
        found = text if text in CHAPTERS else homes.get(str(asked).strip(), "")
    if not found or name not in ("", found):
        close = difflib.get_close_matches(text, CHAPTERS, n=1)
        guess = f"Did you mean `{close[0]}`? " if close else ""
        raise CourseError(f"There is no chapter `{text[:40]}`. {guess}{remedy}")
    return found


# The course at a glance


def totals(known: Record, chapter: str) -> tuple[int, int, int, int]:
    """Of a chapter the passed quizzes, all quizzes, the points got, all points."""
    quizzes = quizzes_of(chapter).values()
    done = [quiz for quiz in quizzes if _entry(known, quiz).passed]
    return len(done), len(quizzes), sum(quiz.points for quiz in done), sum(quiz.points for quiz in quizzes)


def is_tested_out(known: Record, chapter: str) -> bool:
    """Whether it was asked for the two hardest quizzes, and both are passed without a look at the solution."""
    entries = [_entry(known, quiz) for quiz in hardest(chapter)]
    return all(entry.test_out and entry.passed and not entry.looked for entry in entries)


def hardest(chapter: str) -> list[Quiz | Choice]:
    """The two quizzes with the most points, of these the ones with the most minutes, in the notebook's order.

    None of them needs a picture that only the notebook has.
    """
    quizzes = [quiz for quiz in quizzes_of(chapter).values() if not isinstance(quiz, Matching)]
    chosen = sorted(quizzes, key=lambda quiz: (-quiz.points, -quiz.minutes))[:HARDEST]
    return [quiz for quiz in quizzes if quiz in chosen]


def _entry(known: Record, quiz: Quiz | Choice) -> Entry:
    return known.get(quiz.name, Entry())


def _glance(known: Record) -> Card:
    chapters = [chapter for chapter in CHAPTERS if quizzes_of(chapter)]
    rows = [("chapter", "passed", "points", "tries", "mistakes met", "minutes left", "open")]
    rows += [_row(known, chapter) for chapter in chapters]
    done, count, points, every = map(sum, zip(*(totals(known, chapter) for chapter in chapters), strict=True))
    looked = [f"`{name}`" for name, entry in known.items() if entry.looked and name in every_quiz()]
    notes = [f"Solution looked at first: {', '.join(looked)}."] if looked else []
    unsure = [quiz for quiz in every_quiz().values() if not _entry(known, quiz).passed and _met(known, quiz)]
    notes += [f"`{quiz.name}`: {_met(known, quiz)[0]}" for quiz in unsure[:SHOWN]]
    title = f"{done} of {count} quizzes passed, {points} of {every} points"
    return Card("good" if done == count else "info", title, rows=tuple(rows), notes=tuple(notes))


def _row(known: Record, chapter: str) -> tuple[str, ...]:
    quizzes = list(quizzes_of(chapter).values())
    done, count, points, every = totals(known, chapter)
    left = [quiz for quiz in quizzes if not _entry(known, quiz).passed]
    tries = sum(_entry(known, quiz).attempts for quiz in quizzes)
    mistakes = sum(len(_known_mistakes(known, quiz)) for quiz in quizzes)
    names = ", ".join(f"`{quiz.name}`" for quiz in left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
    minutes = str(sum(quiz.minutes for quiz in left))
    if left and is_tested_out(known, chapter):
        names, minutes = f"tested out; there is also {names}", "0"
    passed, got = f"{done} of {count}", f"{points} of {every}"
    return f"{CHAPTERS.index(chapter):02d} {chapter}", passed, got, str(tries), str(mistakes), minutes, names or "-"


def _known_mistakes(known: Record, quiz: Quiz | Choice) -> list[tuple[int, str]]:
    """How often each mistake was met, and its hint, the most frequent first; none that the catalogue has no more."""
    counts = _entry(known, quiz).mistakes
    found = [(counts[mistake.name], mistake.hint) for mistake in quiz.mistakes if mistake.name in counts]
    return sorted(found, key=lambda pair: -pair[0])


def _met(known: Record, quiz: Quiz | Choice) -> list[str]:
    """The mistakes met, in the words that help."""
    often = {1: "", 2: " (met twice)"}
    return [f"{hint}{often.get(count, f' (met {count} times)')}" for count, hint in _known_mistakes(known, quiz)]


# One chapter


def _detail(chapter: str, known: Record) -> Card:
    quizzes = list(quizzes_of(chapter).values())
    done, count, points, every = totals(known, chapter)
    rows = [("quiz", "points", "minutes", "tries", "state")]
    rows += [
        (f"`{quiz.name}`", str(quiz.points), str(quiz.minutes), str(entry.attempts), _state(entry))
        for quiz in quizzes
        for entry in [_entry(known, quiz)]
    ]
    open_ones = [quiz for quiz in quizzes if not _entry(known, quiz).passed]
    notes = [f"`{quiz.name}`: {text}" for quiz in open_ones for text in _met(known, quiz)]
    if is_tested_out(known, chapter):
        notes.append("Tested out: you passed its two hardest quizzes, so you may skip the rest.")
    elif open_ones:
        notes.append(
            f'Known already? `progress(test_out="{chapter}")` shows the two hardest; pass them and skip the rest.'
        )
    title = f"{CHAPTERS.index(chapter):02d} {chapter}: {done} of {count} quizzes passed, {points} of {every} points"
    return Card("good" if done == count else "info", title, rows=tuple(rows), notes=tuple(notes))


def _state(entry: Entry) -> str:
    """In words: passed (when, and how), reviewed, or open."""
    if not entry.passed:
        return "open, solution looked at" if entry.looked else "open"
    words = f"passed on {entry.passed_on}" if entry.passed_on else "passed"
    words += " after a look at the solution" if entry.looked else ""
    if entry.reviews:
        words += f"; reviewed, {entry.reviews_right} of {entry.reviews} right"
    return words


# The fast track


def _show_test(chapter: str) -> None:
    chosen = hardest(chapter)
    record.note_test_out([quiz.name for quiz in chosen])
    names = " and ".join(f"`{quiz.name}`" for quiz in chosen)
    known = record.entries()
    if is_tested_out(known, chapter):
        show(Card("good", f"You may skip `{chapter}`", f"You have passed its two hardest quizzes, {names}."))
        return
    seen = [f"`{quiz.name}`" for quiz in chosen if _entry(known, quiz).looked]
    if seen:
        text = (
            f"You have seen the solution of {' and '.join(seen)}, so passing would show nothing. Do its other quizzes."
        )
        show(Card("info", f"`{chapter}` cannot be tested out any more", text))
        return
    minutes = sum(quiz.minutes for quiz in chosen)
    text = f"Pass {names} without a look at the solution, about {minutes} minutes, and you may skip the chapter."
    show(Card("info", f"The two hardest quizzes of `{chapter}`", text))
    for quiz in chosen:
        if _entry(known, quiz).passed:
            show(Card("good", f"`{quiz.name}` is passed already"))
        elif isinstance(quiz, Choice):
            show(Card("open", quiz.text, options_of(quiz), (f'Answer in a cell: `check("...", "{quiz.name}")`',)))
        else:
            show(_card_to_write(quiz))


def _card_to_write(quiz: Quiz) -> Card:
    listing = f"{stub(quiz)}\n\n\n{quiz.name} = check({quiz.name})"
    return Card("open", f"`{quiz.name}`: copy this into a cell and write the body", listing=listing)
