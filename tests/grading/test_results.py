"""grades.csv, grades.json and what moved between two of them."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from course_lib.grading.errors import GradingError
from course_lib.grading.records import Result, Status, Student
from course_lib.grading.results import gather, harmless, regrade_diff, shown, write_grades
from course_lib.quizzes.registry import find

QUIZZES = {"q_step": 2.0, "q_sample": 3.0}
STUDENTS = [Student("anna", "Müller, Anna"), Student("ben", '=HYPERLINK("x")'), Student("ming", "王小明")]
SUBMISSIONS: dict[str, tuple[Status, Sequence[str]]] = {
    "anna": ("received", ()),
    "ben": ("late", ["3 hours late."]),
    "ming": ("missing", ["There is no file of this student."]),
}
HINT = {mistake.name: mistake.hint for mistake in find("q_sample").mistakes}
RESULTS = [
    Result("anna", "q_step", "04_forward", 2.0, 2.0, "correct", None, "`q_step` is right.", 0.1),
    Result("anna", "q_sample", "04_forward", 1.0, 3.0, "mistake", "no_roots", HINT["no_roots"], 0.2),
    Result("ben", "q_sample", "04_forward", 2 / 3, 3.0, "shape", None, "The shape is (2,) – not (3,).", 0.2),
]


def written(folder: Path, results: Sequence[Result] = RESULTS, students: Sequence[Student] = STUDENTS) -> Path:
    write_grades(folder, gather(students, SUBMISSIONS, results, QUIZZES))
    return folder


def test_the_csv_has_a_row_for_everyone_on_the_roster(tmp_path: Path) -> None:
    assert (written(tmp_path) / "grades.csv").read_bytes().decode() == (
        "student_id,name,status,total,max_total,q_step,q_sample\r\n"
        'anna,"Müller, Anna",received,3,5,2,1\r\n'
        'ben,"\'=HYPERLINK(""x"")",late,0.67,5,0,0.67\r\n'
        "ming,王小明,missing,0,5,0,0\r\n"
    )


def test_the_json_has_the_promised_schema_and_nothing_else(tmp_path: Path) -> None:
    grades = json.loads((written(tmp_path) / "grades.json").read_bytes())
    assert set(grades) == {"students"}
    for student in grades["students"]:
        assert list(student) == ["id", "name", "status", "total", "max_total", "quizzes"]
        assert list(student["quizzes"]) == list(QUIZZES)
        for quiz in student["quizzes"].values():
            assert list(quiz) == ["score", "max_score", "finding", "reason"]
    anna, ben, ming = grades["students"]
    assert anna["quizzes"]["q_sample"] == {
        "score": 1.0, "max_score": 3.0, "finding": "mistake", "reason": HINT["no_roots"],
    }  # fmt: skip
    assert (ben["name"], ben["total"], ben["max_total"]) == ('=HYPERLINK("x")', 0.67, 5.0)
    assert ben["quizzes"]["q_step"]["finding"] == "missing"
    assert ming["quizzes"]["q_step"]["finding"] == "no_submission"


def test_the_same_results_in_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    one = written(tmp_path / "one")
    slower = [replace(result, seconds=9.0) for result in reversed(RESULTS)]
    other = written(tmp_path / "other", slower)
    for name in ("grades.csv", "grades.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_nothing_but_the_two_files_is_left_and_old_ones_are_replaced(tmp_path: Path) -> None:
    written(tmp_path, [])
    written(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["grades.csv", "grades.json"]
    assert "received,3,5" in (tmp_path / "grades.csv").read_text(encoding="utf-8")


def test_the_last_of_several_results_counts_and_strangers_are_left_out() -> None:
    better = replace(RESULTS[2], score=3.0, finding="correct")
    stranger = replace(RESULTS[0], student_id="zoe")
    no_more = replace(RESULTS[0], quiz="extract")
    rows = gather(STUDENTS, SUBMISSIONS, iter([*RESULTS, better, stranger, no_more]), QUIZZES)
    assert [row.total for row in rows] == [3.0, 3.0, 0.0]
    assert all(list(row.results) == list(QUIZZES) for row in rows)


def test_who_is_in_no_submission_handed_in_nothing() -> None:
    (row,) = gather([Student("new", "New")], {}, [], QUIZZES)
    assert (row.status, row.handed_in, row.total, row.max_total) == ("missing", False, 0.0, 5.0)


def test_a_result_out_of_other_points_is_refused() -> None:
    with pytest.raises(GradingError, match="out of 2, but has 4 points"):
        gather(STUDENTS, SUBMISSIONS, RESULTS, {"q_step": 4.0})


def test_a_total_is_rounded_once() -> None:
    thirds = [Result("anna", f"quiz_{n}", "", 1 / 3, 1.0, "values", None, "", 0.0) for n in range(3)]
    (row,) = gather(STUDENTS[:1], SUBMISSIONS, thirds, {f"quiz_{n}": 1.0 for n in range(3)})
    assert row.total == 1.0


@pytest.mark.parametrize(
    ("points", "text"),
    [(3.0, "3"), (0.0, "0"), (-0.001, "0"), (2.5, "2.5"), (2 / 3, "0.67"), (10.0, "10"), (1e3, "1000")],
)
def test_points_have_at_most_two_decimals(points: float, text: str) -> None:
    assert shown(points) == text


def test_points_that_are_no_number_are_refused() -> None:
    with pytest.raises(ValueError, match="nan"):
        shown(float("nan"))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "+49 30 1", "-1+1", "-", "@sum", "\tx", "\rx", "\nx", "＝1", "-1e", "-1 "]
)
def test_a_formula_is_neutralised(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1", "-2.5", "12", "Anna", "", "a=b", "'=x", "O'Neill", " x"])
def test_text_and_negative_numbers_stay(text: str) -> None:
    assert harmless(text) == text


def test_a_csv_reader_gets_names_back_whatever_is_in_them(tmp_path: Path) -> None:
    names = ['a"b', "a,b", "a\nb", "a\r\nb", "a\rb", "x" * 5000, "", "王"]
    written(tmp_path, [], [Student(f"s{n}", name) for n, name in enumerate(names)])
    with (tmp_path / "grades.csv").open(newline="", encoding="utf-8") as file:
        assert [row["name"] for row in csv.DictReader(file)] == names


def test_a_name_that_no_encoding_has_is_written_all_the_same(tmp_path: Path) -> None:
    written(tmp_path, [], [Student("a", "x\udcff")])
    assert json.loads((tmp_path / "grades.json").read_bytes())["students"][0]["name"] == "x\udcff"
    assert r"x\udcff" in (tmp_path / "grades.csv").read_text(encoding="utf-8")


# What moved


def test_a_regrade_says_whose_grade_moved_and_why(tmp_path: Path) -> None:
    old = written(tmp_path / "old")
    right = replace(RESULTS[1], score=3.0, finding="correct", mistake=None, reason="`q_sample` is right.")
    named = replace(RESULTS[2], score=0.0, finding="mistake", mistake="multiplied", reason=HINT["multiplied"])
    new = written(tmp_path / "new", [RESULTS[0], right, named])
    anna, ben = regrade_diff(old / "grades.json", new / "grades.json")
    assert (anna.student_id, anna.name, anna.quiz) == ("anna", "Müller, Anna", "q_sample")
    assert anna.before
    assert anna.after
    assert (anna.before.score, anna.before.finding, anna.before.mistake) == (1.0, "mistake", "no_roots")
    assert (anna.after.score, anna.after.finding, anna.after.mistake) == (3.0, "correct", None)
    assert ben.before
    assert ben.after
    assert (ben.before.score, ben.before.finding, ben.before.mistake) == (0.67, "shape", None)
    assert (ben.after.score, ben.after.finding, ben.after.mistake) == (0.0, "mistake", "multiplied")


def test_other_words_for_the_same_grade_are_no_move(tmp_path: Path) -> None:
    old = written(tmp_path / "old")
    new = written(tmp_path / "new", [*RESULTS[:2], replace(RESULTS[2], finding="values", reason="Other values.")])
    assert regrade_diff(old / "grades.json", new / "grades.json") == []


def test_students_who_come_and_go_are_moves(tmp_path: Path) -> None:
    old, new = written(tmp_path / "old", RESULTS, STUDENTS[:2]), written(tmp_path / "new", RESULTS, STUDENTS[1:])
    moved = regrade_diff(old / "grades.json", new / "grades.json")
    assert [(one.student_id, one.before is None, one.after is None) for one in moved] == [
        ("ming", True, False), ("ming", True, False), ("anna", False, True), ("anna", False, True),
    ]  # fmt: skip


def test_two_mistakes_at_once_have_two_names(tmp_path: Path) -> None:
    old = written(tmp_path / "old")
    both = f"Two things at once. {HINT['no_roots']} And: {HINT['multiplied']}"
    new = written(tmp_path / "new", [RESULTS[0], replace(RESULTS[1], score=0.0, reason=both), RESULTS[2]])
    (moved,) = regrade_diff(old / "grades.json", new / "grades.json")
    assert moved.after
    assert moved.after.mistake == "no_roots, multiplied"


@pytest.mark.parametrize("text", ["", "[]", '{"students": [1]}', '{"students": [{"id": "a"}]}', "\xff"])
def test_what_is_no_grades_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.json").write_bytes(text.encode("latin-1"))
    good = written(tmp_path) / "grades.json"
    for pair in ((tmp_path / "other.json", good), (good, tmp_path / "other.json")):
        with pytest.raises(GradingError, match=r"other\.json is no grades\.json"):
            regrade_diff(*pair)
