"""The curves of chapter 09: the script that makes them, and what it has written."""

import csv
import importlib.util

import pytest
import torch

from course_lib.paths import ROOT
from course_lib.runs.checkpoints import load_checkpoint
from course_lib.runs.config import load_config


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return [{k: v if k == "recipe" else float(v) for k, v in row.items()} for row in csv.DictReader(file)]


@pytest.fixture
def curves(monkeypatch):
    """tools/curves.py with a few images and networks that are quick."""
    spec = importlib.util.spec_from_file_location("curves", ROOT / "tools" / "curves.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(256, (96, 1, 28, 28), dtype=torch.uint8, generator=generator)
    quick = "diffusion.timesteps=3", "training.batch_size=8"
    monkeypatch.setattr(module, "SAMPLES", 32)
    monkeypatch.setattr(module, "load_images", lambda *_: (pictures, torch.arange(96) % 10))
    monkeypatch.setattr(module, "load_config", lambda name, changes: load_config(name, [*changes, *quick]))
    threads = torch.get_num_threads()
    yield module
    torch.set_num_threads(threads)


def test_the_floor_is_the_distance_of_held_out_images(curves):
    judge = curves.Judge(16)
    held_out = curves.load_images()[0][:32].split(16)
    distances = [judge.distance(images) for images in held_out]
    assert judge.floor == pytest.approx(sum(distances) / 2)
    assert judge.distance(torch.zeros(16, 1, 28, 28, dtype=torch.uint8)) > 2 * judge.floor


def test_where_the_classes_take_turns_the_floor_s_images_do_so_too(curves):
    labels = torch.tensor([2, 0, 0, 1, 2, 0, 1, 1, 0])
    assert curves.take_turns(labels).tolist() == [1, 3, 0, 2, 6, 4]  # two of class 2
    pictures, _ = curves.load_images()
    held_out = pictures[:30].view(3, 10, 1, 28, 28)  # classes 0 to 9, three times
    judge = curves.Judge(10, in_turn=True)
    assert judge.floor == pytest.approx(sum(map(judge.distance, held_out)) / 3)


def test_where_the_classes_take_turns_the_samples_do_so_too(curves, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        curves,
        "sample_batches",
        lambda *_, labels, sampler: drawn.append(labels) or [torch.zeros(12, 1, 28, 28, dtype=torch.uint8)],
    )
    checkpoint = load_checkpoint("fashion_mnist", "cpu")
    for in_turn in (True, False):
        curves.Judge(12, in_turn)(checkpoint)
    assert drawn[0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert drawn[1] is None


def test_the_commands_write_what_the_chapter_reads(curves, tmp_path):
    curves.equal_minutes(minutes=0.01, count=8, out=tmp_path / "minutes.csv")
    rows = read(tmp_path / "minutes.csv")
    assert list(rows[0]) == list(read(ROOT / "data" / "equal_minutes.csv")[0])
    assert [row["recipe"] for row in rows] == ["fashion_mnist_cpu", "classic"] * 3
    assert rows[-1]["images"] == 8 * rows[-1]["steps"]
    curves.snapshots([ROOT / "data" / "skips_all.safetensors"], count=2, out=tmp_path / "scores.csv")
    (row,) = read(tmp_path / "scores.csv")
    assert list(row) == list(read(ROOT / "data" / "fashion_mnist_scores.csv")[0])
    assert row["step"] == 1000
    assert row["distance"] > row["floor"] > 0


# What it has written


def test_at_equal_minutes_the_course_s_recipe_has_seen_more_and_draws_better():
    rows = read(ROOT / "data" / "equal_minutes.csv")
    ours, classic = ([row for row in rows if row["recipe"] == name] for name in ("fashion_mnist_cpu", "classic"))
    assert len(ours) == len(classic) == 3
    for mine, theirs in zip(ours, classic, strict=True):
        assert mine["core_minutes"] == pytest.approx(theirs["core_minutes"], rel=0.2)
        assert mine["images"] > 5 * theirs["images"]
        assert theirs["distance"] > mine["distance"] > mine["floor"]


def test_the_shipped_model_s_scores_fall():
    rows = read(ROOT / "data" / "fashion_mnist_scores.csv")
    assert [row["step"] for row in rows] == sorted(row["step"] for row in rows)
    assert rows[0]["distance"] > 1.5 * rows[-1]["distance"]
    assert all(row["distance"] > row["floor"] for row in rows)
