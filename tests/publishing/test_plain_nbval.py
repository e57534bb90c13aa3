"""`pytest --nbval notebooks`, without any option or variable that only the Makefile knows, compares rightly."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from course_lib.paths import NOTEBOOKS
from course_lib.publishing import notebooks
from course_lib.publishing.notebooks import build

# What depends on the environment; an answer, which counts as an attempt; a film, whose bytes differ from run to run.
SOURCE = """# %%
import os

import numpy as np
import torch
from torch import Tensor

from course_lib.images import load_images
from course_lib.pictures.widgets import show_film
from course_lib.quizzes import check

# %%
load_images()
print(os.environ["COURSE_PROGRESS"], torch.get_num_threads(), os.environ["MPLBACKEND"])

# %%
show_film(list(np.random.default_rng().integers(0, 256, (2, 16, 16)).astype(np.uint8)), "noise")

# %% quiz="snr"
def snr(alphas_cumprod: Tensor) -> Tensor:
    return 1 - alphas_cumprod

# %%
snr = check(snr)
"""
UNSET = (
    "COURSE_DATA",
    "COURSE_PROGRESS",
    "MPLBACKEND",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "CI",
    "PYTEST_CURRENT_TEST",
)
BUILT_FOR = {"COURSE_DATA": "fashion_mnist_that_is_elsewhere", "OMP_NUM_THREADS": "3", "MPLBACKEND": "agg"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A course of one notebook, with the course's own conftest.py and sanitize.cfg beside it."""
    folder = tmp_path_factory.mktemp("course") / "notebooks"
    (folder / "source").mkdir(parents=True)
    for name in ("conftest.py", "sanitize.cfg"):
        shutil.copy(NOTEBOOKS / name, folder)
    (folder / "source" / "42_answer.py").write_text(SOURCE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notebooks, "FOLDER", folder)
        build(folder / "source" / "42_answer.py")
    return folder


def nbval(*words, folder, environment=None):
    """Run nbval in the folder above; returns pytest's output, and whether it passed."""
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *words]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=folder.parent, env=kept | (environment or {}), check=False
    )
    return done.returncode == 0 and "5 passed" in done.stdout, done.stdout


@pytest.mark.parametrize(
    "words", [["--nbval", "notebooks"], ["--nbval", "--nbval-lax", "notebooks/42_answer.ipynb"]], ids=" ".join
)
def test_nbval_passes_whatever_is_given(folder, words):
    passed, said = nbval(*words, folder=folder)
    assert passed, said


def test_nbval_passes_whatever_the_shell_says_and_leaves_the_users_progress_alone(folder, tmp_path):
    record = tmp_path / "progress.json"
    record.write_text('{"q_sample": {"attempts": 3}}')
    passed, said = nbval(
        "--nbval", "notebooks", folder=folder, environment=BUILT_FOR | {"COURSE_PROGRESS": str(record)}
    )
    assert passed, said
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]
    assert record.read_text() == '{"q_sample": {"attempts": 3}}'


def test_without_the_conftest_it_would_not(folder, tmp_path):
    """So the tests above do show that it works."""
    shutil.copytree(folder, tmp_path / "notebooks")
    (tmp_path / "notebooks" / "conftest.py").unlink()
    record = tmp_path / "progress.json"
    environment = BUILT_FOR | {"COURSE_PROGRESS": str(record)}
    passed, said = nbval("--nbval", "notebooks", folder=tmp_path / "notebooks", environment=environment)
    assert not passed
    assert len(re.findall("^FAILED", said, re.MULTILINE)) >= 2
    assert "snr" in record.read_text()


def test_other_tests_of_the_same_run_keep_their_environment(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "notebooks")
    own = "import os\n\ndef test_own():\n    assert os.environ['COURSE_DATA'] == 'mine'\n"
    (tmp_path / "test_own.py").write_text(own)
    _, said = nbval("--nbval", ".", folder=tmp_path / "notebooks", environment={"COURSE_DATA": "mine"})
    assert "6 passed" in said
