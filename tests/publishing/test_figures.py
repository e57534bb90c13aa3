"""Every picture that is committed decodes and shows something; a cell that draws and shows none is named."""

import base64
import random
import re
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.paths import DATA, NOTEBOOKS, ROOT
from course_lib.pictures.faults import picture_fault
from course_lib.pictures.gifs import film, gif
from course_lib.pictures.saving import encode
from course_lib.publishing import notebooks
from course_lib.publishing.figures import cells_without_figure, count_pictures, figure_faults, text_faults
from course_lib.publishing.notebooks import NotebookError, build, check, sources
from tools import lessons

CHAPTERS = [source.stem for source in sources([])]
PICTURES = sorted(
    path for path in DATA.rglob("*") if path.suffix.lower() in (".png", ".gif", ".webp", ".jpg", ".jpeg", ".svg")
)
NOISE = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
PNG, BLANK, GIF = encode(NOISE), encode(np.zeros_like(NOISE)), gif([NOISE, NOISE[::-1].copy()])
WEBP = film([NOISE, NOISE[::-1].copy()])
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/><path d="M 0 0 L 9 9"/></svg>'


def text(content):
    return base64.b64encode(content).decode()


def read(chapter):
    return nbformat.read(NOTEBOOKS / f"{chapter}.ipynb", as_version=4)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_picture_of_a_committed_notebook_is_whole(chapter):
    notebook = read(chapter)
    assert lessons.lesson(chapter).pictures >= 5
    assert figure_faults(notebook, NOTEBOOKS) == []


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_every_picture_in_data_is_whole(path):
    assert picture_fault(path.read_bytes()) == ""


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *DATA.rglob("*.md")], ids=lambda path: path.name)
def test_every_picture_that_a_text_names_is_there_and_whole(path):
    assert [fault for fault in text_faults(path.read_text(encoding="utf-8"), path.parent) if fault] == []


def test_the_readme_and_the_data_have_pictures():
    assert len(PICTURES) >= 2
    assert list(text_faults((ROOT / "README.md").read_text(encoding="utf-8"), ROOT))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_nearly_every_figure_of_the_course_is_missed_where_its_cell_shows_none(chapter):
    notebook = read(chapter)
    with_figure = {cell.id for cell in notebook.cells if count_pictures(new_notebook(cells=[cell]))}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    missed = set(cells_without_figure(notebook.cells))
    assert missed <= with_figure
    assert len(missed) >= 0.6 * len(with_figure)  # the others are drawn by functions of the library with other names


@pytest.mark.parametrize(
    ("source", "draws"),
    [
        ("show_images(x, [], '')", True),
        ("plots.show_curves({}, '', '', '')", True),
        ("import matplotlib.pyplot as plt\nplt.plot([1])", True),
        ("%matplotlib inline\nfor i in range(3):\n    plt.show()", True),
        ("left, right = panels('', ['a', 'b'], '', '')", True),
        ("live = LiveTraining(9, '')", True),
        ("with torch.no_grad():\n    show_film(frames, '')", True),
        ("draw = lambda: plt.plot([1])", False),
        ("def mine():\n    show_images(x, [], '')", False),
        ("def mine():\n    show_images(x, [], '')\n\n\nmine()", True),
        ("def mine():\n    show_images(x, [], '')\n\n\ndef more():\n    mine()\n\n\nmore()", True),
        ("if LONG:\n    show_images(x, [], '')", False),
        ("axis.plot([1])\nadd_legend(axis)", False),
        ("# show_images(x)\nprint('show_images(x)')", False),
        ("this is no Python: show_images(x)", False),
        ("plt.close('all')", False),
    ],
)
def test_a_cell_that_draws_needs_a_picture(source, draws):
    cell = new_code_cell(source)
    assert cells_without_figure([cell]) == ([cell.id] if draws else [])
    for data in ({"image/png": text(PNG)}, {"text/html": f'<img src="data:image/gif;base64,{text(GIF)}">'}):
        cell.outputs = [new_output("display_data", data)]
        assert cells_without_figure([cell]) == []


def shown(data):
    """A notebook whose only cell has this output."""
    return new_notebook(cells=[new_code_cell("1", outputs=[new_output("display_data", data)])])


def with_widget(content):
    buffers = [{"data": text(content), "encoding": "base64", "path": ["value"]}] if content is not None else []
    state = {"ID": {"model_name": "ImageModel", "state": {}, "buffers": buffers}}
    return new_notebook(metadata={"widgets": {"application/vnd.jupyter.widget-state+json": {"state": state}}})


def everywhere(content, kind="png"):
    """Notebooks that hold the picture in each place where a notebook can have one."""
    uri = f"data:image/{kind};base64,{text(content)}"
    return [
        shown({f"image/{kind}": text(content)}),
        shown({f"image/{kind}": text(content) + "\n"}),
        shown({"text/html": f'<p><img alt="a" src="{uri}"></p>'}),
        shown({"text/html": f"<div style=\"background: url('{uri}')\"></div>"}),
        shown({"text/markdown": f"![a]({uri})"}),
        shown({"application/json": {"deep": [{"picture": uri}]}}),
        new_notebook(cells=[new_markdown_cell(f"![a]({uri})")]),
        new_notebook(
            cells=[new_markdown_cell("![a](attachment:a)", attachments={"a": {f"image/{kind}": text(content)}})]
        ),
        with_widget(content),
    ]


@pytest.mark.parametrize(
    ("content", "kind", "fault"),
    [
        (PNG, "png", False),
        (GIF, "gif", False),
        (BLANK, "png", True),
        (PNG[:-40], "png", True),
        (PNG[:40] + b"?" + PNG[41:], "png", True),
        (b"", "png", True),
        (GIF[:-200], "gif", True),
        (WEBP, "webp", False),
        (WEBP[:-200], "webp", True),
        (WEBP[: len(WEBP) // 2], "webp", True),
    ],
    ids=["png", "gif", "blank", "cut", "changed", "empty", "cut gif", "webp", "cut webp", "half a webp"],
)
def test_a_damaged_picture_is_found_wherever_it_is(content, kind, fault):
    for place, notebook in enumerate(everywhere(content, kind)):
        assert len(figure_faults(notebook, NOTEBOOKS)) == fault, place


@pytest.mark.parametrize(
    "data",
    [
        {"image/png": "no base64!"},
        {"image/png": text(PNG)[:-5]},
        {"image/svg+xml": SVG[:-9]},
        {"text/html": "<img alt='a picture that is gone'>"},
        {"text/html": f'<img src="dbta:image/png;base64,{text(PNG)}">'},
        {"text/html": '<img src="no_such_file.png">'},
        {"text/html": f'<img src="data:image/png,{text(PNG)}">'},
    ],
)
def test_a_picture_that_nobody_can_see_is_found(data):
    assert len(figure_faults(shown(data), NOTEBOOKS)) == 1


def test_pictures_as_svg_from_files_and_from_the_web_are_let_pass(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    for data in (
        {"image/svg+xml": SVG},
        {"text/html": '<img src="https://example.org/a.png">'},
        {"text/html": '<img src="a.png">'},
    ):
        assert figure_faults(shown(data), tmp_path) == []


def test_a_slider_without_its_picture_is_found():
    assert len(figure_faults(with_widget(None), NOTEBOOKS)) == 1


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    """The course's shortest chapter, in a folder of its own."""
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    (tmp_path / "source").mkdir()
    shutil.copy(NOTEBOOKS / "04_forward.ipynb", tmp_path)
    return Path(shutil.copy(NOTEBOOKS / "source" / "04_forward.py", tmp_path / "source"))


BASE64 = r'(?<=base64,)[A-Za-z0-9+/=]{99,}|(?<="image/png": ")[A-Za-z0-9+/=]{99,}|(?<="data": ")[A-Za-z0-9+/=]{99,}'


def cut_picture(content):
    return content[: len(content) // 2]


def change_bytes(content):
    rng = random.Random(0)
    middle = bytes(byte ^ rng.randrange(1, 256) for byte in content[len(content) // 2 :][:20])
    return content[: len(content) // 2] + middle + content[len(content) // 2 + 20 :]


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("damage", [cut_picture, change_bytes, lambda content: BLANK, lambda content: b""])
def test_checking_finds_each_damaged_picture_of_a_chapter(chapter, number, damage):
    path = chapter.parents[1] / "04_forward.ipynb"
    written = path.read_text(encoding="utf-8")
    assert check(chapter) == []
    found = list(re.finditer(BASE64, written))
    assert len(found) > number  # figures, a film, a slider and its still picture
    start, end = found[number].span()
    damaged = written[:start] + text(damage(base64.b64decode(written[start:end]))) + written[end:]
    path.write_text(damaged, encoding="utf-8")
    assert [problem for problem in check(chapter) if "picture" in problem]


def test_checking_finds_a_figure_that_is_missing(chapter):
    path = chapter.parents[1] / "04_forward.ipynb"
    notebook = nbformat.read(path, as_version=4)
    there = count_pictures(notebook)
    cell = next(cell for cell in notebook.cells if "drawings.show_" in cell.source and cell.outputs)
    lost, cell.outputs = count_pictures(new_notebook(cells=[cell])), []
    nbformat.write(notebook, path)
    found = check(chapter)
    assert f"{cell.id}: it draws, but shows no picture" in "\n".join(found)
    assert [problem for problem in found if f"shows {there - lost} pictures, and {there} when it was built" in problem]


def test_a_notebook_without_its_figures_is_not_built(chapter):
    source = chapter.with_name("42_figures.py")
    begin = "# %%\nimport course_lib\nimport matplotlib.pyplot as plt\n\n"
    source.write_text(begin + "# %%\nplt.switch_backend('agg')\n\n# %%\nplt.plot([0, 1]);\n")
    with pytest.raises(NotebookError, match="42-figures-02: it draws, but shows no picture"):
        build(source)
    assert not notebooks.place(source).exists()


@pytest.mark.parametrize("backend", ["agg", "unheard_of"])
def test_a_build_has_its_figures_whatever_the_shell_says(chapter, monkeypatch, backend):
    source = chapter.with_name("42_figures.py")
    source.write_text("# %%\nimport matplotlib.pyplot as plt\n\nplt.plot([0, 1]);\n")
    monkeypatch.setenv("MPLBACKEND", backend)
    build(source)
    assert check(source) == []
    assert count_pictures(nbformat.read(notebooks.place(source), as_version=4)) == 1
