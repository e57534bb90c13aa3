"""The drawings of chapter 03: what is drawn is read back from the axes."""

import math

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from course_lib import schedules, toy
from course_lib.drawings import schedules as drawings
from course_lib.schedules import NoiseSchedule


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def picture(seed=0, count=1):
    return torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def axes():
    """The axes of the one figure that was shown, which says in words what there is to see."""
    (number,) = plt.get_fignums()
    figure = plt.figure(number)
    assert len(figure.alternative) > 60
    return figure.axes


def curves(timesteps):
    return {
        name: schedules.alphas_cumprod_from_betas(function(timesteps))
        for name, function in schedules.BETA_SCHEDULES.items()
    }


def test_each_row_is_noised_at_its_times():
    schedule = NoiseSchedule.from_name("cosine", 100)
    clean, noise = picture(0), picture(1)
    rows = drawings.noised(clean, [0, 99], noise, schedule)
    assert rows.shape == (2, 1, 28, 28)
    assert (rows[0] - clean[0]).abs().max() < 0.1
    assert (rows[1] - noise[0]).abs().max() < 0.01


@pytest.mark.parametrize("named", [True, False])
def test_the_four_rows_hide_their_names_or_say_them(named):
    drawings.show_four_schedules(picture(0), picture(1), named=named)
    (axis,) = axes()
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels == (list(drawings.ROWS) if named else ["row 1", "row 2", "row 3", "row 4"])
    said = plt.gcf().alternative
    assert ("quadratic" in said) == named
    drawn = np.asarray(axis.images[0].get_array())
    height = drawn.shape[0] / 4
    second_column = slice(drawn.shape[1] // 6 * 2, drawn.shape[1] // 6 * 3)
    spread = [drawn[round(i * height) : round((i + 1) * height), second_column].std() for i in range(4)]
    assert min(spread) > 10
    assert len(set(spread)) == 4


def test_the_row_that_the_question_asks_for_is_linear():
    from course_lib.quizzes.registry import find

    assert drawings.ROWS["abcd".index(find("which_row_is_linear").answer)] == "linear"


def test_the_film_writes_t_and_is_wide_enough():
    frames = drawings.fading_frames(picture(0), picture(1), [0, 500, 999])
    assert len(frames) == 3
    assert len({frame.shape for frame in frames}) == 1
    assert frames[0].shape[1] / 2 >= 480
    assert not np.array_equal(frames[0][:48], frames[1][:48])  # the line with t


@pytest.mark.parametrize(
    ("show", "arguments"),
    [
        (drawings.show_linear, lambda: (curves(1000)["linear"],)),
        (drawings.show_full_length, lambda: (curves(1000),)),
        (drawings.show_both_lengths, lambda: (curves(1000), curves(200))),
        (drawings.show_log_snr, lambda: ({k: schedules.snr(v).log() for k, v in curves(1000).items()}, curves(200))),
        (drawings.show_rescaled, lambda: ({"linear": curves(200)["linear"], "rescaled": curves(200)["cosine"]},)),
    ],
)
def test_curves_are_drawn_as_they_are(show, arguments):
    given = arguments()
    show(*given)
    groups = [group if isinstance(group, dict) else {"linear": group} for group in given]
    shown = axes()
    assert len(shown) == len(groups)
    assert len({axis.get_ylim() for axis in shown}) == 1
    for axis, group in zip(shown, groups, strict=True):
        for line, (name, curve) in zip(axis.lines, group.items(), strict=True):
            assert line.get_label() == name
            np.testing.assert_allclose(line.get_xdata(), np.arange(len(curve)))
            np.testing.assert_allclose(line.get_ydata(), curve.numpy())


def test_the_alternatives_say_true_values():
    full, short = curves(1000), curves(200)
    assert [round(float(full[name][499]), 2) for name in ("linear", "sigmoid", "quadratic", "cosine")] == [
        *(0.08, 0.30, 0.33, 0.49)
    ]
    assert [round(float(short[name][-1]), 2) for name in ("linear", "sigmoid", "quadratic", "cosine")] == [
        *(0.13, 0.13, 0.24, 0.0)
    ]
    assert float(full["linear"][249]) == pytest.approx(0.52, abs=0.01)
    ends = {name: math.log(float(schedules.snr(curve)[-1])) for name, curve in full.items()}
    assert {name: round(end) for name, end in ends.items()} == {
        "linear": -10,
        "sigmoid": -10,
        "quadratic": -7,
        "cosine": -20,
    }


def test_levels_and_steps_share_their_sigmas():
    levels = toy.noise_levels(20, 10.0, 0.001)
    schedule = NoiseSchedule.from_name("linear", 1000)
    drawings.show_levels_and_steps(levels, {"linear": schedule}, [3, 1])
    left, right = axes()
    np.testing.assert_allclose(left.lines[0].get_ydata(), levels)
    drawn = np.asarray(right.lines[0].get_ydata())
    assert drawn[0] == pytest.approx(0.01, rel=0.01)  # sqrt(beta_0) = 0.01
    assert drawn[-1] == pytest.approx(float((1 / schedule.alphas_cumprod[-1] - 1).sqrt()))
    assert left.get_ylim() == right.get_ylim()
    for axis in (left, right):
        assert [line.get_ydata()[0] for line in axis.lines[1:]] == [3, 1]


def test_both_forms_stand_below_each_other():
    drawings.show_both_forms(picture(0, 3), picture(1, 3), [0.1, 1.0, 3.0], [1, 2, 3])
    (axis,) = axes()
    assert len(axis.get_xticklabels()) == 3
    assert "t = 2" in axis.get_xticklabels()[1].get_text()


def test_the_explorer_draws_all_lengths_alike():
    drawn = [drawings.explorer_picture(timesteps, picture(0), picture(1)) for timesteps in (50, 1000)]
    assert drawn[0].shape == drawn[1].shape
    assert drawn[0].shape[1] / 2 < 740
    assert not np.array_equal(*drawn)


def test_a_perfect_network_draws_images_of_the_data_set():
    dataset = picture(3, 5)
    schedule = NoiseSchedule.from_name("cosine", 30)
    drawn = drawings.perfect_samples(schedule, dataset, 4, torch.Generator().manual_seed(0))
    distance = torch.cdist(drawn.flatten(1), dataset.flatten(1)).min(dim=1).values
    assert distance.max() < 0.5


def test_grids_of_the_perfect_network_have_their_names():
    drawings.show_perfect(
        {"data": picture(0, 24), "linear, T = 200": picture(1, 24), "cosine, T = 200": picture(2, 24)}
    )
    assert [axis.get_title() for axis in axes()] == ["data", "linear, T = 200", "cosine, T = 200"]
    assert all(np.asarray(axis.images[0].get_array()).std() > 10 for axis in axes())


def test_brightness_is_that_of_whole_images():
    dark, bright = torch.full((100, 1, 28, 28), -0.2), torch.full((100, 1, 28, 28), 0.1)
    drawings.show_brightness({"noise": bright, "linear": dark})
    (axis,) = axes()
    tallest = [max(patches, key=lambda bar: bar.get_height()) for patches in axis.containers]
    found = [bar.get_x() + bar.get_width() / 2 for bar in tallest]
    assert any(x == pytest.approx(-0.2, abs=0.02) for x in found)


def test_shares_of_kinds_are_counted_and_drawn():
    dataset = picture(3, 10)
    labels = torch.arange(10)
    data = drawings.kind_shares(dataset, dataset, labels)
    assert data == pytest.approx({"tops": 0.4, "dresses, trousers": 0.2, "shoes": 0.3, "bags": 0.1})
    bags = drawings.kind_shares(dataset[[8, 8, 8, 5]] + 0.01, dataset, labels)
    assert bags == pytest.approx({"tops": 0.0, "dresses, trousers": 0.0, "shoes": 0.25, "bags": 0.75})
    drawings.show_kinds({"data": data, "linear": bags, "cosine": data}, samples=4)
    (axis,) = axes()
    np.testing.assert_allclose([bar.get_height() for bar in axis.patches], list(data.values()))
    drawn = [np.asarray(container[0].get_ydata()) for container in axis.containers[1:]]
    assert [container.get_label() for container in axis.containers] == ["data", "linear", "cosine"]
    np.testing.assert_allclose(drawn[0], list(bags.values()))
    np.testing.assert_allclose(drawn[1], list(data.values()))
    ends = [segment[:, 1] for segment in axis.containers[1][2][0].get_segments()]
    assert ends[2][1] - ends[2][0] == pytest.approx(4 * (0.25 * 0.75 / 4) ** 0.5)
