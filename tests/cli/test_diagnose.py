"""`course diagnose`: what it prints, and how it ends."""

import json

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.experiments.broken_runs import BUGS
from course_lib.images import load_images


@pytest.fixture(autouse=True)
def garments(monkeypatch):
    monkeypatch.setenv("COURSE_DATA", "garments")


def course(*words):
    return CliRunner().invoke(app, ["diagnose", *map(str, words)])


def test_the_likeliest_cause_its_cure_and_its_chapter_are_printed():
    result = course(BUGS / "wrong_parametrisation.safetensors")
    assert result.exit_code == 1
    said = " ".join(result.stdout.split())
    assert "1. wrong_parametrisation (sure)" in said
    assert "seen: the file says that the network predicts v" in said
    assert 'cure: Give the sampler what the network was trained on: diffusion.predicts="noise"' in said
    assert "read: notebooks/06_objective.ipynb" in said
    assert "The file does not say which images it was trained on" in said


def test_healthy_samples_end_with_0(tmp_path):
    save_file({"samples": load_images("garments")[0][-64:]}, tmp_path / "x.safetensors")
    result = course(tmp_path / "x.safetensors", "--data", "garments")
    assert result.exit_code == 0, result.output
    assert "nothing found" in result.stdout


def test_json_is_all_of_stdout(tmp_path):
    save_file({"samples": torch.zeros(8, 1, 28, 28)}, tmp_path / "x.safetensors")
    result = course(tmp_path / "x.safetensors", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["kind"] == "samples"
    assert [one["name"] for one in told["findings"]] == ["mean_times_noise"]
    assert set(told["findings"][0]) == {"name", "sure", "evidence", "cause", "cure", "chapter"}


@pytest.mark.parametrize("name", ["missing.safetensors", "missing", "broken.safetensors", "pickle.pt"])
def test_what_cannot_be_looked_into_ends_with_2_and_one_sentence(name, tmp_path):
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    (tmp_path / "pickle.pt").write_bytes(b"\x80\x04.")
    result = course(tmp_path / name)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1
