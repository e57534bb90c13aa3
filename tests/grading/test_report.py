"""report.html and the feedback pages: what they count, and that nothing of a student's gets out of its place."""

import base64
import hashlib
import random
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from course_lib.grading.feedback import file_names, write_feedback
from course_lib.grading.records import Result, Status, Student
from course_lib.grading.report import write_report
from course_lib.grading.report.figures import alike, correlation, items, mistakes, other_findings, overview
from course_lib.grading.report.histogram import drawn
from course_lib.grading.results import Row, gather
from course_lib.quizzes.registry import find

NASTY = [
    "<script>alert(1)</script>",
    '=HYPERLINK("http://evil.example","win")',
    "王小明",
    "‮evil",
    "A" * 300,
    '"><img src=x>',
]
QUIZZES = {"extract": 2.0, "q_step": 2.0, "q_sample": 3.0, "q_posterior": 4.0, "p_losses": 3.0}
CHAPTERS = {"extract": "04_forward", "q_step": "04_forward", "q_sample": "04_forward", "q_posterior": "04_forward"}


def result(student: str, quiz: str, finding: str = "correct", mistake: str | None = None, reason: str = "") -> Result:
    points = QUIZZES[quiz]
    score = points if finding == "correct" else 0.0
    return Result(student, quiz, CHAPTERS.get(quiz, "05_reverse"), score, points, finding, mistake, reason, 0.1)


def a_class(count: int = 40) -> list[Row]:
    """Made-up students: some with nasty names, some late, some missing; better ones pass more."""
    draw = random.Random(0)
    first, last = ["Anna", "Ben", "Chloé", "Dmitri", "Elif", "Femi"], ["Müller", "Okafor", "Nowak", "Sato", "Diaz"]
    students = [Student(f"s{n:03}", NASTY[n] if n < len(NASTY) else f"{draw.choice(first)} {draw.choice(last)}")
                for n in range(count)]  # fmt: skip
    submissions: dict[str, tuple[Status, Sequence[str]]] = {}
    results = []
    for n, student in enumerate(students):
        status: Status = {7: "missing", 8: "unreadable", 9: "late"}.get(n, "received")  # type: ignore[assignment]
        reasons = {8: ("`forward<b>.ipynb` is cut off: it is no JSON after byte 1200.",), 9: ("3 hours late.",)}
        submissions[student.id] = (status, reasons.get(n, ()))
        if status in ("missing", "unreadable"):
            continue
        ability = draw.random()
        for hardness, quiz in enumerate(QUIZZES):
            if draw.random() < ability + 0.4 - 0.1 * hardness:
                results.append(result(student.id, quiz, reason=f"`{quiz}` is right."))
            elif draw.random() < 0.6:
                mistake = draw.choice(find(quiz).mistakes[:4])
                results.append(result(student.id, quiz, "mistake", mistake.name, mistake.hint))
            elif draw.random() < 0.5:
                results.append(
                    result(student.id, quiz, "raises", None, "It raises ValueError: </td><script>x</script>")
                )
            else:
                results.append(result(student.id, quiz, "missing", None, "There is no answer in the notebooks."))
    return gather(students, submissions, results, QUIZZES)


class Page(HTMLParser):
    """The tags of a page, the text outside of scripts and styles, and the cells of its tables by table."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.tables: list[list[list[str]]] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._inside and self._inside[-1] in ("script", "style"):
            return
        self.text += data
        if {"td", "th"} & set(self._inside):
            self.tables[-1][-1][-1] += data


def reported(path: Path, rows: list[Row], **more: object) -> Page:
    write_report(path / "report.html", rows, "Held in `bubblewrap`.\n\nNo network.", **more)  # type: ignore[arg-type]
    return Page((path / "report.html").read_text(encoding="utf-8"))


def plainly(text: str) -> str:
    return " ".join(text.split())


# The numbers


def small(*scores: tuple[float, float, float]) -> list[Row]:
    """A class of students with scores in three quizzes of 2, 2 and 3 points."""
    quizzes = {name: QUIZZES[name] for name in ("extract", "q_step", "q_sample")}
    results = [
        Result(f"s{n}", quiz, "", score, points, "correct" if score == points else "values", None, "Wrong.", 0.0)
        for n, row in enumerate(scores)
        for (quiz, points), score in zip(quizzes.items(), row, strict=True)
    ]
    students = [Student(f"s{n}", f"S{n}") for n in range(len(scores))]
    return gather([*students, Student("none", "None")], {s.id: ("received", ()) for s in students}, results, quizzes)


def test_difficulty_and_discrimination_are_those_of_a_hand_calculation() -> None:
    rows = small((2, 2, 3), (2, 1, 3), (2, 1, 0), (2, 0, 0))
    extract, q_step, q_sample = items(rows)
    assert (q_step.passed, q_step.failed, q_step.missing) == (1, 3, 0)
    assert q_step.share == pytest.approx(4 / 8)
    assert q_sample.share == pytest.approx(6 / 12)
    assert extract.discrimination is None  # all have the same score
    # q_step 2, 1, 1, 0 with the other two 5, 5, 2, 2: covariance 3 / 3, deviations sqrt(2 / 3) and sqrt(3)
    assert q_step.discrimination == pytest.approx(1 / (2 / 3 * 3) ** 0.5)


def test_a_quiz_that_the_better_ones_fail_has_a_negative_discrimination() -> None:
    (*_, q_sample) = items(small((2, 2, 0), (2, 0, 0), (0, 0, 3)))
    assert q_sample.discrimination is not None
    assert q_sample.discrimination < -0.5


def test_a_correlation_needs_three_rows_that_vary() -> None:
    assert correlation([1, 2], [1, 2]) is None
    assert correlation([1, 1, 1], [1, 2, 3]) is None
    assert correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)


def test_who_did_not_hand_in_is_counted_but_not_averaged() -> None:
    numbers = overview(small((2, 2, 3), (2, 1, 0)))
    assert numbers.statuses == {"received": 2, "late": 0, "missing": 1, "unreadable": 0}
    assert (numbers.mean, numbers.median, numbers.max_total) == (5.0, 5.0, 7.0)
    assert overview(small()).mean is None


def test_what_was_not_attempted_is_missing_and_not_failed() -> None:
    findings = ["correct", "not_attempted", "stand_in", "missing", "shape"]
    found = [result("a", quiz, finding) for quiz, finding in zip(QUIZZES, findings, strict=True)]
    rows = gather([Student("a", "A")], {"a": ("received", ())}, found, QUIZZES)
    assert [(item.passed, item.failed, item.missing) for item in items(rows)] == [
        (1, 0, 0), (0, 0, 1), (0, 0, 1), (0, 0, 1), (0, 1, 0),
    ]  # fmt: skip


def test_mistakes_come_by_how_many_made_them_with_the_catalogues_hint() -> None:
    hints = {mistake.name: mistake.hint for mistake in find("q_sample").mistakes}
    students = [Student(f"s{n}", f"S{n}") for n in range(5)]
    found = [
        result("s0", "q_step", "mistake", "no_such_name", "What was said then."),
        result("s0", "q_sample", "mistake", "no_roots", hints["no_roots"]),
        result("s1", "q_sample", "mistake", "multiplied", f"Two things at once. {hints['multiplied']} And: another."),
        result("s2", "q_sample", "mistake", "multiplied", f"Two things at once. {hints['multiplied']} And: another."),
        result("s3", "q_sample", "raises", None, "It raises KeyError."),
        result("s4", "q_sample"),
    ]
    rows = gather(students, {student.id: ("received", ()) for student in students}, found, QUIZZES)
    assert [(made.quiz, made.name, made.students, made.hint) for made in mistakes(rows)] == [
        ("q_sample", "multiplied", ("s1", "s2"), hints["multiplied"]),
        ("q_step", "no_such_name", ("s0",), "What was said then."),
        ("q_sample", "no_roots", ("s0",), hints["no_roots"]),
    ]
    assert [(made.quiz, made.name, made.students, made.hint) for made in other_findings(rows)] == [
        ("q_sample", "raises", ("s3",), "It raises KeyError.")
    ]


def test_equal_answers_are_grouped_wrong_ones_first_and_singles_left_out() -> None:
    rows = small((2, 1, 3), (2, 1, 3), (2, 1, 3), (2, 2, 0))
    prints = {(f"s{n}", "extract"): "same" for n in range(4)} | {(f"s{n}", "q_step"): "x" for n in range(3)}
    prints |= {("s3", "q_step"): "y", ("none", "q_step"): "x", ("s0", "q_sample"): "z", ("s1", "q_sample"): "z"}
    wrong, pair, everyone = alike(rows, prints)
    assert (wrong.quiz, wrong.students, wrong.finding) == ("q_step", ("s0", "s1", "s2"), "values")
    assert wrong.share == pytest.approx(3 / 4)
    assert (pair.quiz, pair.students, pair.finding) == ("q_sample", ("s0", "s1"), "correct")
    assert (everyone.quiz, len(everyone.students), everyone.share) == ("extract", 4, 1.0)


def test_the_histogram_counts_everyone_once_and_full_marks_in_the_last_bar() -> None:
    bars = drawn([0, 0.5, 1, 9.99, 10, 3 * 0.1 * 10], 10)
    assert [bar.count for bar in bars] == [2, 1, 0, 1, 0, 0, 0, 0, 0, 2]
    assert bars[-1].height == max(bar.height for bar in bars)
    assert bars[-1].says == "2 with 90 to 100 %"
    assert sum(bar.count for bar in drawn([0.0], 0.0)) == 1


# The page


def test_the_report_says_all_of_this(tmp_path: Path) -> None:
    rows = a_class()
    page = reported(tmp_path, rows, fingerprints={("s010", "q_step"): "x", ("s011", "q_step"): "x"})
    text = plainly(page.text)
    for words in ("on the roster40", "missing1", "unreadable1", "late1", "corrected item-total correlation"):
        assert words in text
    assert "This is no proof of anything." in text
    assert "Held in bubblewrap." in text
    made, _, quizzes, equal, students = page.tables
    counts = [int(plainly(row[0])) for row in made[1:]]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 1
    hints = {mistake.hint for quiz in QUIZZES for mistake in find(quiz).mistakes}
    assert all(plainly(row[3]) in {plainly(hint.replace("`", "")) for hint in hints} for row in made[1:])
    assert [plainly(row[0]) for row in quizzes[1:]] == list(QUIZZES)
    item = items(rows)[2]
    assert [plainly(cell) for cell in quizzes[3][3:6]] == [str(item.passed), str(item.failed), str(item.missing)]
    assert len(equal) == 2
    assert len(students) == 41
    assert plainly(students[9][4]) == "forward<b>.ipynb is cut off: it is no JSON after byte 1200."


def test_nothing_is_fetched_and_only_our_script_may_run(tmp_path: Path) -> None:
    page = reported(tmp_path, a_class(), feedback={"s010": "feedback/s010.html"})
    source = (tmp_path / "report.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(scripts[-1].encode()).digest()).decode()
    policies = [attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes]
    assert policies == [f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"]
    assert [tag for tag, _ in page.tags].count("script") == 1
    addresses = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert all(address and address.startswith(("#", "feedback/")) for address in addresses)
    assert not re.search(r"url\(|@import", source)


def test_what_students_wrote_stays_text(tmp_path: Path) -> None:
    page = reported(tmp_path, a_class(), fingerprints={("s000", "q_step"): "x", ("s005", "q_step"): "x"})
    ours = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "h1",
        "h2",
        "h3",
        "nav",
        "a",
        "dl",
        "div",
        "dt",
        "dd",
    }
    ours |= {
        "figure",
        "figcaption",
        "svg",
        "line",
        "rect",
        "text",
        "p",
        "strong",
        "em",
        "table",
        "thead",
        "tbody",
        "tr",
    }
    ours |= {"th", "td", "code", "details", "summary", "bdi", "span", "ul", "li", "script"}
    assert {tag for tag, _ in page.tags} <= ours
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text
    assert "It raises ValueError: </td><script>x</script>" in page.text
    assert '"><img src=x>' in page.text
    assert "A" * 81 not in page.text


def test_the_same_rows_give_the_same_report_and_seconds_do_not_count(tmp_path: Path) -> None:
    reported(tmp_path / "one", a_class())
    reported(tmp_path / "two", a_class())
    assert (tmp_path / "one" / "report.html").read_bytes() == (tmp_path / "two" / "report.html").read_bytes()


@pytest.mark.parametrize("rows", [[], small(), small((2, 2, 3))], ids=["nobody", "nothing handed in", "one"])
def test_a_class_too_small_for_numbers_has_a_report(tmp_path: Path, rows: list[Row]) -> None:
    page = reported(tmp_path, rows)
    assert ("Nobody handed in." in page.text) == (not any(row.handed_in for row in rows))
    assert "Answers were not compared" in page.text
    assert "nan" not in page.text


def test_two_students_of_one_name_are_told_apart(tmp_path: Path) -> None:
    students = [Student("a1", "Anna"), Student("a2", "Anna"), Student("b", "Ben")]
    found = [result(student.id, "q_step", "shape") for student in students]
    rows = gather(students, {student.id: ("received", ()) for student in students}, found, QUIZZES)
    others = reported(tmp_path, rows).tables[0]
    assert plainly(others[1][4]) == "namesAnna (a1), Anna (a2), Ben"


# Feedback


def test_feedback_has_the_hint_the_mistakes_name_and_other_ways_after_a_pass(tmp_path: Path) -> None:
    hint = find("q_sample").mistakes[0].hint
    found = [result("a", "q_step"), result("a", "q_sample", "mistake", "no_root_on_the_noise", hint)]
    rows = gather([Student("a", "Anna")], {"a": ("received", ("for the instructor",))}, found, QUIZZES)
    pages = write_feedback(tmp_path, rows)
    assert pages == {"a": tmp_path / "a.html"}
    page = Page(pages["a"].read_text(encoding="utf-8"))
    text = plainly(page.text)
    assert "2 of 14 points · 1 of 5 quizzes passed" in text
    assert "a known mistake: no root on the noise" in text
    assert plainly(hint) in text
    (passed,) = [part for part in page.text.split("Chapter") if "q_step" in part]
    assert passed.count("Other right ways to write it") == 1  # q_sample was not passed
    assert "def " in passed
    assert "quiz.alternative" not in page.text.replace("q_step.", "quiz.")
    assert "for the instructor" not in page.text


def test_feedback_of_nasty_names_is_harmless_and_complete(tmp_path: Path) -> None:
    rows = a_class()
    pages = write_feedback(tmp_path, rows)
    assert len({*pages.values()}) == len(list(tmp_path.iterdir())) == len(rows)
    for row in rows:
        page = Page(pages[row.student.id].read_text(encoding="utf-8"))
        assert {"script", "img"}.isdisjoint(tag for tag, _ in page.tags)
        assert row.student.name[:80] in page.text
    assert "Nothing of yours was found." in pages["s007"].read_text(encoding="utf-8")
    assert "no notebook in it could be read" in plainly(pages["s008"].read_text(encoding="utf-8"))


def test_feedback_of_two_runs_is_the_same(tmp_path: Path) -> None:
    one, two = write_feedback(tmp_path / "one", a_class(12)), write_feedback(tmp_path / "two", a_class(12))
    assert all(one[student].read_bytes() == two[student].read_bytes() for student in one)


def test_file_names_are_safe_and_no_two_alike() -> None:
    ids = ["../../etc/passwd", ".", "..", "", "a/b", "a_b", "a b", "Anna", "anna", "CON", "nul.x", "王", "李"]
    ids += ["x" * 400, "x" * 401, "a\0b", "a\nb", ".hidden", "-rf", "a.b", "x\udcff"]
    names = file_names(Student(identity, "") for identity in ids)
    assert len({name.casefold() for name in names.values()}) == len(ids)
    assert all(
        re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._~-]*\.html|~[0-9a-f]{12}\.html", name) for name in names.values()
    )
    assert all(len(name) < 100 for name in names.values())
    assert names["a_b"] == "a_b.html"
    assert names["a.b"] == "a.b.html"
    assert "con.html" not in {name.casefold() for name in names.values()}
    assert not [name for name in names.values() if name.casefold().startswith("nul.")]


def test_a_students_file_name_is_the_same_in_another_class() -> None:
    assert file_names([Student("a/b", "")])["a/b"] == file_names([Student("a/b", ""), Student("c", "")])["a/b"]
