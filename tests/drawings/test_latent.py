"""The drawings of chapter 15: what they draw is what they were given."""

import numpy as np
import pytest
import torch
from drawn import axes

from course_lib.drawings import latent as drawings
from course_lib.drawings.fast_sampling import named_rows
from course_lib.pictures.plots import image_grid


def garments(n, seed=0):
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_latents_become_four_squares():
    latents = torch.zeros(2, 4, 7, 7)
    latents[:, 1], latents[:, 2], latents[0, 3, 0, 0] = 3.0, -6.0, 1.5
    pictures = drawings.latent_pictures(latents)
    assert pictures.shape == (2, 1, 28, 28)
    assert (pictures[:, :, :14, :14] == 0).all()
    assert (pictures[:, :, :14, 14:] == 1).all()
    assert (pictures[:, :, 14:, :14] == -1).all()
    assert (pictures[0, 0, 14:16, 14:16] == 0.5).all()
    assert float(pictures[0, 0, 14:, 14:].sum()) == 4 * 0.5


@pytest.mark.parametrize("show", ["show_two_balances", "show_wishes", "show_forgotten_scale"])
def test_rows_are_shown_as_one_picture_with_a_text(films, show):
    rows = {"one": garments(10), "other": garments(10, seed=1)}
    getattr(drawings, show)(rows)
    (((picture,), text),) = films
    assert np.array_equal(picture[48:], named_rows(rows, "any")[48:])
    assert len(text) > 40


def test_latents_stand_between_images_and_decoded_ones(films):
    images, decoded = garments(3), garments(3, seed=1)
    latents = torch.randn(3, 4, 7, 7, generator=torch.Generator().manual_seed(0))
    drawings.show_there_and_back(images, latents, decoded)
    (((picture,), _),) = films
    rows = {"image": images, "latents": drawings.latent_pictures(latents), "decoded": decoded, "lost": images - decoded}
    assert np.array_equal(picture[48:], named_rows(rows, "any")[48:])


def test_the_film_has_a_frame_for_each_state(films):
    latents = [torch.randn(10, 4, 7, 7, generator=torch.Generator().manual_seed(k)) for k in range(3)]
    decoded = [garments(10, seed) for seed in range(3)]
    drawings.show_denoising(latents, decoded)
    ((frames, _),) = films
    assert len(frames) == 3
    grid = image_grid(torch.cat([drawings.latent_pictures(latents[1]), decoded[1]]), 10, 2)
    assert np.array_equal(frames[1][48:, :, 0], grid.repeat(2, axis=0).repeat(2, axis=1))


def test_samples_stand_in_rows_of_ten(films):
    images = garments(20)
    drawings.show_samples(images)
    (((picture,), _),) = films
    assert np.array_equal(picture[48:, :, 0], image_grid(images, 10, 2).repeat(2, axis=0).repeat(2, axis=1))


def test_costs_are_drawn_by_side(closed_figures):
    costs = {"a": {28: 5.0, 64: 20.0}, "b": {28: 1.0, 64: 7.0}, "c": {28: 0.5, 64: 0.7}}
    drawings.show_cost(costs)
    (axis,) = axes()
    assert [list(line.get_ydata()) for line in axis.lines] == [list(cost.values()) for cost in costs.values()]
    assert [list(line.get_xdata()) for line in axis.lines] == [[28, 64]] * 3


def test_histograms_of_all_numbers(closed_figures):
    drawings.show_latent_numbers({"raw": torch.arange(8.0).reshape(2, 1, 2, 2), "noise": torch.zeros(5)})
    (axis,) = axes()
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["raw", "noise"]


def test_scores_are_means_over_the_seeds(capsys):
    rows = [
        {"network": "latent", "sampler": sampler, "judge": judge, "seed": seed, "times_the_floor": value + seed}
        for sampler, value in (("dpm_solver", 4.0), ("autoencoder alone", 1.0))
        for judge in ("first", "second", "third")
        for seed in (0.0, 1.0)
    ]
    drawings.print_scores(rows)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["latent,", "16", "calls", "4.5", "4.5", "4.5"]
    assert lines[2].split() == ["autoencoder", "alone", "1.5", "1.5", "1.5"]


def test_a_walk_has_a_row_among_pixels_and_one_among_latents(films):
    rows = {"pixels": garments(9), "latents": garments(9, seed=1)}
    drawings.show_half_way(rows)
    (((picture,), _),) = films
    assert np.array_equal(picture[48:], named_rows(rows, "any")[48:])


def test_coloured_rows_keep_their_colours():
    colours = torch.tensor([-1.0, 0.0, 1.0])[None, :, None, None].expand(2, 3, 8, 8)
    picture = named_rows({"one": colours}, "any", scale=1)
    assert picture[-1, -1].tolist() == [0, 128, 255, 255]


def test_the_film_of_textures_has_every_second_state(films):
    states = [torch.rand(10, 3, 64, 64) * 2 - 1 for _ in range(7)]
    drawings.show_coloured_film(states)
    ((frames, _),) = films
    assert len(frames) == 4
    assert frames[0].shape[1] >= 480


def test_the_table_of_textures_names_each_network_once(capsys):
    drawings.print_textures(drawings.read_table("coloured_textures"))
    lines = capsys.readouterr().out.splitlines()
    assert [line[:18].strip() for line in lines[1:]] == [
        "real textures",
        "latents",
        "autoencoder alone",
        "patches",
        "pixels",
    ]
    assert lines[2].split()[-1] == "2.8"
