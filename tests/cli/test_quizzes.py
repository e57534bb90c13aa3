"""`course quizzes`: what there is, and the beginning of a new one."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_lib import reverse
from course_lib.cli import app
from course_lib.quizzes import skeleton
from course_lib.quizzes.registry import every_quiz, quizzes_of

ROOT = Path(__file__).parents[2]


def course(*words, ok=True):
    result = CliRunner().invoke(app, list(words))
    assert (result.exit_code == 0) is ok, result.output + str(result.exception)
    return result.stdout + result.stderr


def test_the_list_names_points_and_minutes():
    said = course("quizzes", "list")
    assert re.search(r"04 forward +q_sample +3 +\d+", said)
    assert re.findall(r"^ ?\d\d \w+ +(\w+)", said, re.MULTILINE) == list(every_quiz())
    of_one = course("quizzes", "list", "forward")
    assert re.findall(r"04 forward +(\w+)", of_one) == list(quizzes_of("forward"))
    assert "03 schedules" not in of_one
    assert "Choose one of: start, toy" in course("quizzes", "list", "x", ok=False)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("q_sample", "--chapter", "forward"), "is there already"),
        (("nothing_like_it", "--chapter", "forward"), "Write it first, in course_lib/forward.py"),
        (("extract_all", "--chapter", "forwards"), "The chapters: start, toy"),
        (("load_images", "--chapter", "start"), "say where it is: --module NAME"),
        (("find", "--chapter", "start", "--module", "quizzes/registry"), "say where it is: --module NAME"),
        (("x", "--chapter", "start", "--module", "../course_lib/toy"), "say where it is: --module NAME"),
    ],
)
def test_a_quiz_that_cannot_be_begun_is_refused_with_a_remedy(words, says):
    assert says in course("quizzes", "new", *words, ok=False)


@pytest.fixture
def copy(tmp_path):
    """A copy of the library, in which files may be written."""
    shutil.copytree(ROOT / "course_lib", tmp_path / "course_lib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    def run(*command):
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        done = subprocess.run([sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize(("name", "chapter"), [("predict_start", "reverse"), ("Residual", "blocks")])
def test_a_skeleton_loads_is_listed_and_is_tidy(copy, tmp_path, name, chapter):
    said = copy("-m", "course_lib.cli", "quizzes", "new", name, "--chapter", chapter)
    assert f'# %% quiz="{name}"' in said
    assert f"{name} = check({name})" in said
    assert "raise NotImplementedError" in said
    folder = f"course_lib/quizzes/{chapter}"
    assert f"ruff check --fix {folder}; ruff format {folder}; pytest tests/quizzes/test_catalogue.py -k {name}" in said
    assert "TODO" in (tmp_path / folder / f"{name}.py").read_text()
    copy("-m", "ruff", "check", "--fix", folder, "--quiet", "--ignore", "E501")
    copy("-m", "ruff", "format", folder, "--quiet")
    copy("-m", "ruff", "check", f"{folder}/{name}.py", f"{folder}/__init__.py")
    loads = f"from course_lib.quizzes.registry import quizzes_of; print(list(quizzes_of('{chapter}')))"
    assert copy("-c", loads).strip() == str([*quizzes_of(chapter), name])


# Nothing of somebody else's is written over


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where skeletons are written, instead of the course's own catalogue."""
    shutil.copytree(skeleton.FOLDER / "reverse", tmp_path / "reverse")
    monkeypatch.setattr(skeleton, "FOLDER", tmp_path)
    monkeypatch.setattr(skeleton, "_reference", lambda name, module: reverse.predict_start)
    return tmp_path / "reverse"


def test_a_file_that_is_there_stays(folder):
    (folder / "predict_start.py").write_text("somebody's work")
    (folder / "draw_noise.py").symlink_to(folder / "nowhere")
    for name in ("predict_start", "draw_noise"):
        assert "is there already" in course("quizzes", "new", name, "--chapter", "reverse", ok=False)
    assert (folder / "predict_start.py").read_text() == "somebody's work"
    assert (folder / "draw_noise.py").is_symlink()


@pytest.mark.parametrize("writes", [0, 1])
def test_a_disk_that_fills_up_leaves_all_as_it_was(folder, monkeypatch, writes):
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    fsync, done = os.fsync, []

    def refuse(number):
        if len(done) == writes:
            raise OSError(28, "No space left on device")
        done.append(number)
        fsync(number)

    monkeypatch.setattr(skeleton.os, "fsync", refuse)
    said = course("quizzes", "new", "predict_start", "--chapter", "reverse", ok=False)
    assert said.startswith("error:")
    assert "the disk is full" in said
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
