"""The rules for lessons that a machine can see, held against every built notebook."""

import ast
import re

import nbformat
import pytest

from course_lib.checker.quiz import Quiz
from course_lib.paths import NOTEBOOKS
from course_lib.publishing.notebooks import sources
from course_lib.quizzes.registry import find
from tools import lessons

CHAPTERS = [source.stem for source in sources([])]
FILM_BYTES, FILM_WIDTH = 600_000, 480
LINE = 78  # characters that a screen 800 pixels wide shows of code
LARGEST_BLOCK = 200  # words between two cells
DRAWING = 0.25  # of the lines that a reader sees
OLD = {
    "a caption for what the picture's text says": r"\*In the picture",
    "a prediction that nobody can answer": r"\*\*Predict",
    "an aphorism's word": r"\b[Ww]hoever\b",
}


@pytest.fixture(params=CHAPTERS)
def chapter(request):
    return request.param


@pytest.fixture
def notebook(chapter):
    return nbformat.read(NOTEBOOKS / f"{chapter}.ipynb", as_version=4)


def test_every_picture_has_its_text(chapter):
    found = lessons.lesson(chapter)
    assert (found.captions, found.without_text) == (0, 0)
    assert found.pictures >= 3


def test_no_block_of_text_is_long(chapter):
    assert lessons.lesson(chapter).largest_block <= LARGEST_BLOCK


def test_most_of_the_code_is_about_diffusion(chapter):
    assert lessons.lesson(chapter).drawing <= DRAWING


def test_no_line_of_code_is_cut_off_on_a_small_screen(notebook):
    """Nor of folded code: those who open it want to read it."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    long = [(cell.id, line) for cell in code for line in cell.source.splitlines() if len(line) > LINE]
    assert long == []


def test_films_are_large_and_light(notebook):
    for html in lessons.outputs([cell for cell in notebook.cells if cell.cell_type == "code"]):
        for tag in lessons.IMG.findall(html):
            for film in lessons.FILM.findall(tag):
                assert len(film) * 3 / 4 <= FILM_BYTES
                assert int(re.search(r'\bwidth="(\d+)"', tag)[1]) >= FILM_WIDTH


def test_the_text_has_none_of_the_old_habits(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert [what for what, pattern in OLD.items() if re.search(pattern, text)] == []


def folded_names(cells):
    """The quizzes that some cell waits for."""
    calls = [
        node
        for cell in cells
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "after_answer"
    ]
    return {argument.value for call in calls for argument in call.args}


def test_what_answers_a_question_waits_for_the_answer(notebook):
    """Every question has a cell that shows what happens, below its check, and nothing of it stands open."""
    names = [c.metadata.nbgrader.grade_id for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution")]
    questions = {name for name in names if not isinstance(find(name), Quiz)}
    assert questions - folded_names(notebook.cells) == set()
    for cell in notebook.cells:
        if cell.cell_type == "code" and "with after_answer(" in cell.source:
            html = "".join(lessons.outputs([cell]))
            assert html.count('<details class="after-answer"><summary') >= 1
            assert '<details class="after-answer" open>' not in html


def test_every_exercise_says_how_hard_it_is(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for cell in notebook.cells:
        grader = cell.metadata.get("nbgrader", {})
        if grader.get("solution") and isinstance(find(grader["grade_id"]), Quiz):
            assert re.search(
                rf"\*\*Exercise\*\* `{grader['grade_id']}` · difficulty [1-5]/5 · importance [1-5]/5", text
            )


def test_a_chapter_opens_and_closes_as_all_do(notebook):
    text = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert "**After this notebook you can**" in text[0]
    assert re.search(r"\*\*Minutes:\*\* \d+.*\*\*Builds on:\*\*", text[0], re.DOTALL)
    end = text[-1]
    places = [end.index(heading) for heading in ("## What you now have", "## Think about it", "## Read on")]
    assert places == sorted(places)
    assert len(re.findall(r"^[123]\. ", end[places[1] : places[2]], re.MULTILINE)) == 3
    assert "arxiv.org/abs/" in end[places[2] :]


def test_the_minutes_of_chapter_00_s_map_are_those_of_the_chapters():
    start = nbformat.read(NOTEBOOKS / "00_start.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in start.cells)
    rows = dict(re.findall(r"^\| (\d\d) \| \w+ \| (\d+) \|", text, re.MULTILINE))
    said = {}
    for name in CHAPTERS:
        first = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells[0].source
        said[name[:2]] = re.search(r"\*\*Minutes:\*\* (\d+)", first)[1]
    assert rows == said


# The measures can fail


def test_drawing_lines_are_counted():
    cells = [
        "import torch\nfrom course_lib.pictures.plots import panels\n",
        "x = torch.ones(3)\naxes = panels(\n    1)\nfor axis in axes:\n    axis.plot(x)\ny = x + 1",
        "def mine():\n    panels(1)\n\n\nmine()\nprint(y)",
        "with after_answer('a'):\n    print(y)\n    mine()",
    ]
    assert lessons.drawing_lines(cells, cells) == 1 + 4 + 3 + 1
    assert lessons.drawing_lines(cells[1:], cells) == 4 + 3 + 1  # the imports stand in a folded cell


def test_words_in_folds_formulas_and_tables_make_no_block_long():
    cells = [
        nbformat.v4.new_markdown_cell("one two $x + y$ three\n<details><summary>four</summary>five</details>"),
        nbformat.v4.new_markdown_cell("| six | seven |\n\neight"),
        nbformat.v4.new_code_cell("1"),
        nbformat.v4.new_markdown_cell("nine [ten](https://eleven.org)"),
    ]
    assert list(lessons.blocks(cells)) == [4, 2]


def test_a_picture_without_text_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(lessons, "NOTEBOOKS", tmp_path)
    html = '<img alt="{}" src="data:image/png;base64,AAAA">'
    data = [{"text/html": html.format("x" * 30)}, {"text/html": html.format("short")}, {"image/png": "AAAA"}]
    cell = nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("display_data", d) for d in data])
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("a b"), cell]), tmp_path / "a.ipynb")
    found = lessons.lesson("a")
    assert (found.pictures, found.without_text, found.words) == (3, 2, 2)
