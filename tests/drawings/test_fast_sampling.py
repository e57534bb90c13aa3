"""The drawings of chapter 12: what they draw is what they were given."""

from functools import partial

import numpy as np
import pytest
import torch
from drawn import axes
from matplotlib import pyplot as plt

from course_lib.drawings import fast_sampling as drawings
from course_lib.fast_sampling import ddim_step, ddim_timesteps, heun_step, log_snr_timesteps
from course_lib.mixtures import GaussianMixture
from course_lib.pictures.plots import image_grid
from course_lib.schedules import NoiseSchedule, sigma_from_alphas_cumprod, snr

SCHEDULE = NoiseSchedule.from_name("cosine", 50)
BUMPS = GaussianMixture([-1.0, 1.0], std=0.3)
PLANE = GaussianMixture([[1.0, 1.0], [-1.0, 1.0]], std=0.2)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# Garments in rows

SHADES = {"light": torch.full((3, 1, 6, 6), 1.0), "dark": torch.full((3, 1, 6, 6), -1.0)}


def test_named_rows_have_their_images_at_the_right_and_their_names_at_the_left():
    picture = drawings.named_rows(SHADES, "what to look at")
    grid = image_grid(torch.cat(list(SHADES.values())), 3, scale=4)
    assert np.array_equal(picture[48:, -grid.shape[1] :, 0], grid)
    assert (picture[48:, -grid.shape[1] :, 3] == 255).all()
    names = picture[48:, : -grid.shape[1], 3]
    assert names[: len(names) // 2].any()
    assert names[len(names) // 2 :].any()
    assert picture[:48, :, 3].any()


def test_a_longer_name_gets_more_room():
    short, long = (drawings.named_rows({name: SHADES["dark"]}, "") for name in ("a", "a longer name"))
    assert long.shape[1] > short.shape[1] + 20


@pytest.mark.parametrize("show", ["show_calls", "show_fresh_noise", "show_spacings", "show_weights"])
def test_rows_are_shown_as_one_picture_with_a_text(films, show):
    getattr(drawings, show)(SHADES)
    (((picture,), text),) = films
    assert np.array_equal(picture[48:], drawings.named_rows(SHADES, "any")[48:])
    assert len(text) > 40


# Paths


def test_points_move_and_every_second_call_is_a_frame():
    states = torch.stack([normal(60, 2) * scale for scale in (1.0, 0.8, 0.6, 0.4, 0.2)])
    frames = drawings.flow_frames({"a": states, "b": states.flip(0)}, PLANE, (3, 2), every=2)
    assert len(frames) == 3
    assert all(frame.shape == frames[0].shape for frame in frames)
    assert not np.array_equal(frames[0], frames[2])


def test_the_points_of_a_frame_are_those_of_its_state(monkeypatch):
    seen = []
    monkeypatch.setattr(drawings, "figure_picture", lambda draw, size: seen.append(draw))
    states = torch.stack([normal(60, 2, seed=seed) for seed in range(5)])
    drawings.flow_frames({"a": states}, PLANE, (3,), every=2)
    figure = plt.figure()
    seen[1](figure)
    (axis,) = figure.axes
    points, trailed = axis.collections[-2:]
    assert torch.allclose(torch.tensor(points.get_offsets().data, dtype=torch.float32), states[2])
    assert len(axis.lines) == 3
    for line, end in zip(axis.lines, trailed.get_offsets().data, strict=True):
        x, y = line.get_data()
        assert len(x) == 3
        assert (float(x[-1]), float(y[-1])) == pytest.approx(tuple(end))
    assert "2 of 4" in figure.get_suptitle()


def test_the_film_of_points_has_a_text(films):
    states = torch.stack([normal(200, 2)] * 3)
    drawings.show_flow({"0": states, "1": states}, PLANE)
    ((frames, text),) = films
    assert len(frames) == 2
    assert len(text) > 40


def test_the_share_of_the_left_bump_is_written_in():
    drawings.show_starts({"a": torch.tensor([-1.0, -1, 1, 1]), "b": torch.tensor([-1.0, -1, -1, 1])}, BUMPS)
    assert [axis.texts[0].get_text() for axis in axes()] == ["left: 50%", "left: 75%"]


# Slopes and orders


def euler(x, t, t_prev):
    return ddim_step(partial(BUMPS.optimal_noise, schedule=SCHEDULE), x, t, t_prev, torch.zeros_like(x), SCHEDULE)


def test_the_long_steps_are_those_of_the_sampler_and_the_exact_paths_lie_nearer_to_heun_s():
    heun = partial(heun_step, partial(BUMPS.optimal_noise, schedule=SCHEDULE), schedule=SCHEDULE)
    few = torch.tensor([35, 20, 3])
    drawings.show_slopes({"DDIM": euler, "Heun": heun}, few, BUMPS, SCHEDULE, starts=(0.6,))
    (axis,) = axes()
    exact, first, second = axis.lines
    signal, sigma = SCHEDULE.sqrt_alphas_cumprod, sigma_from_alphas_cumprod(SCHEDULE.alphas_cumprod)
    assert torch.allclose(torch.as_tensor(first.get_xdata()), sigma[few])
    y = torch.as_tensor(first.get_ydata())
    x = euler(y[:1] * signal[35], few[:1], few[1:2])
    assert float(x) / float(signal[20]) == pytest.approx(float(y[1]), abs=1e-5)
    end = float(exact.get_ydata()[-1])
    assert abs(float(second.get_ydata()[-1]) - end) < abs(float(y[-1]) - end)


def test_errors_are_drawn_as_they_are_beside_lines_of_the_given_slopes():
    errors = {"DDIM": {10: 0.1, 20: 0.05}, "2M": {10: 0.04, 20: 0.01}}
    drawings.show_orders(errors, slopes=(1, 2))
    (axis,) = axes()
    first, second, *guides = axis.lines
    assert list(first.get_data()[1]) == [0.1, 0.05]
    assert list(second.get_data()[1]) == [0.04, 0.01]
    for slope, guide in zip((1, 2), guides, strict=True):
        (x0, x1), (y0, y1) = guide.get_data()
        assert np.log(y1 / y0) / np.log(x1 / x0) == pytest.approx(-slope)
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")


def test_the_dots_are_the_timesteps_at_their_log_snr():
    choices = {"t": ddim_timesteps(50, 5), "log-SNR": log_snr_timesteps(SCHEDULE, 5)}
    drawings.show_timesteps(choices, SCHEDULE)
    for axis, timesteps in zip(axes(), choices.values(), strict=True):
        x, y = axis.lines[-1].get_data()
        assert torch.equal(torch.as_tensor(x), timesteps)
        assert torch.allclose(torch.as_tensor(y), snr(SCHEDULE.alphas_cumprod.double()).log()[timesteps])


# Samplers side by side


def test_the_race_begins_with_noise_and_a_row_that_is_done_waits(films):
    images = [torch.full((2, 1, 4, 4), value) for value in (-1.0, 0.0, 1.0)]
    noise = normal(2, 1, 4, 4)
    drawings.show_race({"a": images, "b": images[:2]}, noise)
    ((frames, text),) = films
    assert len(text) > 40
    expected = [("a", "b", noise, noise)] + [("a", "b", images[k], images[min(k, 1)]) for k in range(3)]
    for frame, (a, b, first, second) in zip(frames, expected, strict=True):
        assert np.array_equal(frame[48:], drawings.named_rows({a: first, b: second}, "")[48:])


def test_the_slider_s_picture_has_the_samples_of_its_number_of_calls():
    samples = {3: torch.full((4, 1, 6, 6), -1.0), 50: torch.full((4, 1, 6, 6), 1.0)}
    for calls, shade in ((3, 0), (50, 255)):
        picture = drawings.calls_picture(samples, calls)
        grid = image_grid(samples[calls], 2, scale=4)
        assert picture[48:, :, 0].shape == tuple(2 * n for n in grid.shape)
        assert picture[60, 10, 0] == shade


def test_guided_points_have_their_distance_written_in():
    points = {"data": torch.zeros(5, 2), "weight 1": torch.ones(5, 2)}
    drawings.show_guided_points(points, lambda x: x.norm(dim=1).mean())
    assert [axis.texts[0].get_text() for axis in axes()[:2]] == ["0.00", "1.41"]


# What was measured


def row(**changes):
    usual = {"sampler": "dpm_solver", "spacing": "log_snr", "steps": 20.0, "eta": 0.0, "guide": "none", "weight": 1.0}
    usual |= {"lowest": 0.0, "highest": float("inf"), "calls": 20.0, "seed": 0.0, "judge": "fashion_mnist"}
    return usual | {"distance": 0.06, "floor": 0.03} | changes


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "2M"),
        ({"spacing": "trailing"}, "2M, trailing"),
        ({"guide": "fashion_mnist_cpu", "weight": 1.2}, None),
        ({"sampler": "heun"}, "Heun"),
        ({"sampler": "ddim", "spacing": "trailing"}, "DDIM"),
        ({"sampler": "ddim"}, "DDIM, even in log-SNR"),
        ({"sampler": "ddim", "spacing": "leading"}, None),
        ({"sampler": "ddim", "spacing": "trailing", "eta": 1.0}, "ancestral"),
        ({"sampler": "ancestral", "spacing": "trailing", "eta": 1.0}, "ancestral"),
        ({"sampler": "ancestral", "spacing": "trailing", "guide": "fashion_mnist_cpu"}, None),
        ({"sampler": "heun", "guide": "fashion_mnist_cpu"}, None),
    ],
)
def test_a_configuration_has_its_curve(changes, name):
    assert drawings.sampler_name(row(**changes)) == name


def test_the_mean_of_the_seeds_and_their_range():
    rows = [row(seed=float(seed), distance=0.03 * value) for seed, value in enumerate((1, 2, 6))]
    assert drawings.mean_and_range(rows, lambda r: r["calls"], drawings.ratio) == {20.0: pytest.approx((3, 1, 6))}


def judged(**changes):
    return [
        row(seed=float(seed), judge=judge, distance=0.03 * (1 + seed) * factor, **changes)
        for seed in range(3)
        for judge, factor in (("fashion_mnist", 1), ("fashion_mnist_convnext", 2))
    ]


def test_quality_has_a_line_for_each_sampler_and_its_calls():
    rows = judged() + judged(calls=10.0, steps=10.0) + judged(sampler="heun", calls=19.0)
    drawings.show_quality(rows + judged(guide="fashion_mnist_cpu", weight=1.2, calls=31.0))
    names = [label.get_text() for label in axes()[0].get_yticklabels()]
    assert names == ["2M, 20", "2M, 10", "Heun, 19"]
    for axis, factor in zip(axes(), (1, 2), strict=True):
        for place in range(3):
            spread, *seeds, mean = axis.lines[5 * place : 5 * place + 5]
            assert list(spread.get_xdata()) == pytest.approx([factor, 3 * factor])
            assert [float(sign.get_xdata()[0]) for sign in seeds] == pytest.approx([factor, 2 * factor, 3 * factor])
            assert [float(sign.get_ydata()[0]) for sign in seeds] == [place] * 3
            assert list(mean.get_xdata()) == pytest.approx([2 * factor] * 2)


def test_the_front_is_drawn_over_the_weight_for_each_number_of_steps():
    guided = {"guide": "fashion_mnist_cpu", "weight": 1.2}
    rows = judged() + judged(**guided) + judged(sampler="ddim") + judged(steps=10.0)
    rows += judged(**guided | {"lowest": 0.2, "highest": 5.0}) + judged(
        guide="fashion_mnist_cpu", weight=1.5, lowest=0.2, highest=5.0
    )
    drawings.show_front(rows)
    for axis, factor in zip(axes(), (1, 2), strict=True):
        always, in_part = axis.containers
        assert (always.get_label(), in_part.get_label()[:15]) == ("20 steps, always", "20 steps, where")
        assert list(always[0].get_xdata()) == [1, 1.2]
        assert list(in_part[0].get_xdata()) == [1.2, 1.5]
        assert list(always[0].get_ydata()) == pytest.approx([2 * factor] * 2)


def test_times_are_means_over_the_steps():
    times = [("heun", 20, "none", 5.0), ("heun", 10, "none", 2.0), ("heun", 10, "none", 3.0), ("ddim", 10, "none", 1.3)]
    times += [("dpm_solver", 16, "fashion_mnist_cpu", 2.2)]
    drawings.show_times([dict(zip(("sampler", "steps", "guide", "seconds"), one, strict=True)) for one in times])
    ddim, heun, guided = axes()[0].lines
    assert (list(heun.get_xdata()), list(heun.get_ydata())) == ([10, 20], [2.5, 5.0])
    assert list(ddim.get_ydata()) == [1.3]
    assert (guided.get_label(), list(guided.get_ydata())) == ("2M, guided", [2.2])


def test_configurations_are_printed_and_one_that_is_missing_is_said(capsys):
    rows = [row(judge=judge, distance=0.03 * factor) for factor, judge in enumerate(drawings.JUDGES, 1)]
    drawings.print_ways(rows, {"this": {"steps": 20}})
    _, this = capsys.readouterr().out.splitlines()
    assert this.split() == ["this", "1.0", "2.0", "3.0"]
    with pytest.raises(ValueError, match="0 rows"):
        drawings.print_ways(rows, {"that": {"steps": 5}})


def test_the_best_is_that_of_one_configuration():
    rows = judged() + judged(steps=10.0)
    assert drawings.best(rows, "fashion_mnist_convnext", steps=20) == pytest.approx((4, 2, 6))
    with pytest.raises(ValueError, match="name one configuration"):
        drawings.best(rows, "fashion_mnist")
    with pytest.raises(ValueError, match="0 rows"):
        drawings.best(rows, "fashion_mnist", steps=5)
