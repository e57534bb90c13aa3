"""The drawings of chapter 17: what they draw is what they were given."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawn import axes
from safetensors.torch import save_file

from course_lib.drawings import bugs as drawings
from course_lib.drawings.fast_sampling import named_rows
from course_lib.experiments import broken_runs
from course_lib.experiments.broken_runs import BROKEN_RUNS, HEALTHY_RUNS
from course_lib.images import to_model_range
from course_lib.pictures.plots import image_grid


def garments(n, seed=0):
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(seed)) * 2 - 1


# Rows


@pytest.mark.parametrize(
    "show",
    ["show_steps", "show_updates", "show_pasted", "show_inputs", "show_readings", "show_skips", "show_neighbours"],
)
def test_rows_are_shown_as_one_picture_with_a_text(films, show):
    rows = {"broken": garments(8), "yours": garments(8, seed=1)}
    getattr(drawings, show)(rows)
    (((picture,), text),) = films
    assert np.array_equal(picture[48:], named_rows(rows, "any")[48:])
    assert len(text) > 40


def test_the_six_rows_are_numbered_in_their_order(films):
    six = [garments(8, seed) for seed in range(6)]
    drawings.show_six(six)
    (((picture,), _),) = films
    expected = named_rows({f"row {number}": images for number, images in enumerate(six, 1)}, "any")
    assert np.array_equal(picture[48:], expected[48:])


def test_own_images_stand_in_rows_of_eight_below_their_title(films):
    images = torch.randint(256, (16, 1, 28, 28), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    drawings.show_own(images, "16 images")
    (((picture,), text),) = films
    grid = image_grid(images, 8, 3)
    assert np.array_equal(picture[48:, :, 0], grid.repeat(2, axis=0).repeat(2, axis=1))
    assert "16 images" in text
    assert picture.shape[1] / 2 <= 800  # pixels of the page


# The gallery


def test_every_run_with_a_picture_hangs_in_the_gallery_once():
    hung = [name for group in drawings.GALLERY.values() for name in group]
    assert len(hung) == len(set(hung)) == 15
    assert {run.name for run in BROKEN_RUNS} - set(hung) == {"nan_half", "fid_of_128"}
    assert set(drawings.HEALTHY.values()) <= {run.name for run in HEALTHY_RUNS}
    assert drawings.GALLERY.keys() == drawings.HEALTHY.keys() == drawings.SEEN.keys()


def test_stored_samples_come_in_the_models_range(tmp_path, monkeypatch):
    monkeypatch.setattr(broken_runs, "BUGS", tmp_path)
    run = next(run for run in BROKEN_RUNS if run.name == "noise_at_t0")
    stored = torch.randint(256, (12, 1, 28, 28), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    save_file({"samples": stored}, run.file)
    assert torch.equal(drawings.pictures_of(run), to_model_range(stored[:8]))
    save_file({"samples": 3 * garments(12)}, run.file)
    assert torch.equal(drawings.pictures_of(run, 5), (3 * garments(12))[:5].clamp(-1, 1))


def test_a_checkpoints_pictures_are_drawn_by_its_network():
    run = replace(next(run for run in HEALTHY_RUNS if run.name == "textures"))
    pictures = drawings.pictures_of(run, 2)
    assert pictures.shape == (2, 1, 28, 28)
    assert float(pictures.abs().max()) <= 1
    assert float(pictures.std()) > 0.1
    assert torch.equal(pictures, drawings.pictures_of(run, 2))


@pytest.mark.parametrize("group", drawings.GALLERY)
def test_the_gallery_shows_letters_and_folds_the_causes(group, films, monkeypatch):
    shown, drawn = [], []
    monkeypatch.setattr(drawings, "display", lambda data, raw: shown.append(data))
    monkeypatch.setattr(drawings, "pictures_of", lambda run: drawn.append(run.name) or garments(8, len(drawn)))
    drawings.show_gallery(group)
    names = drawings.GALLERY[group]
    assert drawn == [drawings.HEALTHY[group], *names]
    (((picture,), _),) = films
    letters = ["healthy", *"ABCDEFGH"[: len(names)]]
    expected = named_rows({letter: garments(8, row) for row, letter in enumerate(letters, 1)}, "any")
    assert np.array_equal(picture[48:], expected[48:])
    (data,) = shown
    assert data["text/html"].startswith("<details><summary>")
    assert data["text/html"].count("<tr>") == 1 + len(names)
    causes = [next(run for run in BROKEN_RUNS if run.name == name).cause for name in names]
    assert data["text/plain"].splitlines() == [
        f"{letter}: {cause}" for letter, cause in zip("ABCDEFGH", causes, strict=False)
    ]


# Figures


def test_batch_losses_have_one_range_and_every_batch():
    losses = {"own": torch.tensor([0.1, 0.12, 0.11]), "one": torch.tensor([0.01, 0.5, 0.2, 0.1])}
    drawings.show_batch_losses(losses)
    left, right = axes()
    for axis, values in ((left, losses["own"]), (right, losses["one"])):
        assert sum(patch.get_height() for patch in axis.patches) == len(values)
        assert axis.patches[-1].get_x() + axis.patches[-1].get_width() == pytest.approx(0.5)


def test_the_sample_size_curve_is_the_mean_of_the_seeds_of_real_images():
    drawings.show_sample_size(
        [
            {"what": what, "n": n, "seed": seed, "distance": distance + seed}
            for what, n, distance in (("real", 128, 2.0), ("real", 2048, 1.0), ("normal", 128, 40.0))
            for seed in (0, 2)
        ]
    )
    (axis,) = axes()
    (line,) = axis.lines
    assert [list(values) for values in line.get_data()] == [[128, 2048], [3, 2]]
    assert axis.get_ylim()[0] == 0


def test_what_the_text_says_of_the_sample_size_is_in_the_file():
    rows = [row for row in drawings.read_table("sample_size") if row["what"] == "real"]
    mean = {n: np.mean([row["distance"] for row in rows if row["n"] == n]) for n in (128, 2048)}
    assert mean[128] == pytest.approx(0.34, abs=0.01)
    assert mean[2048] == pytest.approx(0.02, abs=0.005)


def test_the_loss_by_t_is_drawn_from_zero_with_a_line_at_1():
    drawings.show_loss_by_t({0: 0.8, 9: 0.2, 18: 0.1})
    (axis,) = axes()
    curve, line = axis.lines
    assert [list(values) for values in curve.get_data()] == [[0, 9, 18], [0.8, 0.2, 0.1]]
    assert list(line.get_ydata()) == [1, 1]
    assert axis.get_ylim()[0] == 0
