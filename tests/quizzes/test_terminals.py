"""What is said survives every terminal: one without these letters, a narrow one, none at all."""

import os
import subprocess
import sys

import pytest

CODE = """
from course_lib.quizzes import check, hint, progress, question, review, solution
check(lambda alphas_cumprod: alphas_cumprod / (1 - alphas_cumprod), "snr")
check(lambda alphas_cumprod: 1 / alphas_cumprod, "snr")
check("b", "what_t_zero_does")
check(None, "q_sample")
hint("snr"); hint("nothing of the kind ☃"); solution("snr"); question("what_t_zero_does"); review()
progress(); progress("schedules"); progress(test_out="toy")
"""


def said(tmp_path, **settings):
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONUTF8", "LANG", "LC_ALL")}
    environment |= {"COURSE_PROGRESS": str(tmp_path / "x" / "p.json"), **settings}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, timeout=300)
    assert done.stderr == b""
    assert done.returncode == 0
    return done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "utf-8"])
def test_letters_that_a_terminal_does_not_have(tmp_path, encoding):
    settings = {"PYTHONIOENCODING": encoding, "NO_COLOR": "1", "COLUMNS": "40", "TERM": "dumb"}
    text = said(tmp_path, **settings).decode(encoding)
    right, wrong = ("✓", "✗") if encoding == "utf-8" else ("?", "?")
    assert f"{right} snr is right: 1 point" in text
    assert f"{wrong} snr" in text
    assert "1 of " in text
    assert "\x1b" not in text


def test_a_place_that_cannot_be_written_with_letters_that_are_not_there(tmp_path):
    (tmp_path / "日本").write_text("a file")
    settings = {"PYTHONIOENCODING": "cp1252", "COURSE_PROGRESS": str(tmp_path / "日本" / "p.json")}
    text = said(tmp_path, **settings).decode("cp1252")
    assert text.count("COURSE_PROGRESS=FILE") == 1
    assert "? snr is right" in text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Unix only")
def test_no_output_at_all(tmp_path):
    environment = os.environ | {"COURSE_PROGRESS": str(tmp_path / "p.json")}
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command], env=environment, stderr=subprocess.PIPE, timeout=300
    )
    assert done.stderr == b""
    assert done.returncode == 0
    assert (tmp_path / "p.json").exists()
