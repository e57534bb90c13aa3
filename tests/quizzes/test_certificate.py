"""The page of what was passed."""

import re
from datetime import date
from html.parser import HTMLParser

import pytest

import course_lib
from course_lib.checker import progress as record
from course_lib.checker.progress import Entry
from course_lib.errors import CourseError
from course_lib.quizzes.certificate import CERTIFICATE, certificate
from course_lib.quizzes.overview import hardest
from course_lib.quizzes.registry import CHAPTERS, every_quiz, quizzes_of


class Page(HTMLParser):
    """Rows of cells, the text, and what is fetched from elsewhere."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.text, self.fetched, self.open = [], "", [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.fetched += [value for name, value in attributes if name in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag  # nothing is left open

    def handle_data(self, data):
        self.text += data
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


@pytest.fixture(autouse=True)
def monday(monkeypatch):
    monkeypatch.setattr(record, "today", lambda: date(2026, 3, 2))


def test_points_chapters_days_and_version():
    known = {"snr": Entry(2, True, False, date(2026, 2, 3)), "extract": Entry(1, True, True, date(2026, 2, 1))}
    page = Page(certificate(known, "Ada"))
    rows = {row[0]: row[1:] for row in page.rows}
    assert rows["03 schedules"] == [
        f"1 of {len(quizzes_of('schedules'))}",
        f"1 of {points('schedules')}",
        "2026-02-03",
        "",
    ]
    assert rows["04 forward"][0] == f"1 of {len(quizzes_of('forward'))}"
    assert rows["01 toy"][2:] == ["", ""]
    assert f"Ada has passed 2 of {len(every_quiz())} quizzes" in page.text
    assert "1 of them after a look at the solution" in page.text
    assert f"version {course_lib.__version__}" in page.text
    assert "2026-03-02" in page.text
    assert "so far" in page.text
    assert page.open == []


def points(chapter):
    return sum(quiz.points for quiz in quizzes_of(chapter).values())


def test_it_is_plain_about_what_it_is_worth():
    text = Page(certificate({"snr": Entry(1, True)})).text
    assert "Self-checked" in text
    assert "nobody\nwatched" in text


def test_complete_and_tested_out():
    known = {name: Entry(1, True) for name in quizzes_of("toy")}
    known |= {quiz.name: Entry(1, True, test_out=True) for quiz in hardest("schedules")}
    rows = {row[0]: row[-1] for row in Page(certificate(known)).rows}
    assert rows["01 toy"] == "complete"
    assert rows["03 schedules"] == "tested out"
    assert rows["04 forward"] == ""
    page = Page(certificate({name: Entry(1, True) for name in every_quiz()}))
    assert "The diffusion course, completed" in page.text
    assert [row[-1] for row in page.rows[1:-1]] == ["complete"] * sum(bool(quizzes_of(c)) for c in CHAPTERS)


def test_it_stands_alone_and_fits_dark_light_and_paper():
    html = certificate({"snr": Entry(1, True)})
    assert Page(html).fetched == []
    assert "http" not in html
    assert "url(" not in html
    assert all(rule in html for rule in ("prefers-color-scheme: dark", "@media print", "@page"))


def test_a_name_is_no_html():
    html = certificate({"snr": Entry(1, True)}, "<script>alert(1)</script>{title}")
    assert "<script" not in html
    assert re.search(r"&lt;script&gt;.*\{title\}", html)


def test_nothing_passed_nothing_to_certify():
    with pytest.raises(CourseError, match=r"Begin with notebooks/00_start\.ipynb"):
        certificate({"snr": Entry(3)})


def test_it_says_what_made_it_where_it_is_looked_for(tmp_path):
    (tmp_path / "c.html").write_text(certificate({"snr": Entry(1, True)}, "A" * 5000), encoding="utf-8")
    (tmp_path / "other.html").write_text('<!doctype html><meta name="generator" content="Hugo">')
    assert CERTIFICATE.is_one(tmp_path / "c.html")
    assert not CERTIFICATE.is_one(tmp_path / "other.html")
