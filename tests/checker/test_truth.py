"""No sentence of the checker is false: faults of these kinds were found by people who did not know the catalogue."""

import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest
import torch

from course_lib import forward, reverse, training
from course_lib.checker.examine import examine as examine_quiz
from course_lib.checker.quiz import Quiz
from course_lib.quizzes import examine
from course_lib.quizzes.registry import find
from course_lib.reverse import draw_noise

# Random numbers


def loop(steps, seed=None, count=lambda step: step, graph=False):
    """`p_sample_loop` over `steps(T)`, the model told `count(step)`; all draws come from the generator."""

    def attempt(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
        if seed is not None:
            torch.manual_seed(seed)
        x = draw_noise(shape, schedule, generator)
        for step in steps(schedule.timesteps):
            t = torch.full((shape[0],), count(step))
            noise = draw_noise(shape, schedule, generator)
            x = reverse.p_sample(model, x, t, noise, schedule, predicts, clip_start)
        return x

    return attempt if graph else torch.no_grad()(attempt)


def backwards(timesteps):
    return range(timesteps - 1, -1, -1)


@pytest.mark.parametrize(
    "attempt",
    [
        loop(lambda T: range(T - 1, -1, -3)),
        loop(backwards, count=lambda step: max(step - 2, 0)),
        loop(lambda T: [0, 1]),
    ],
)
def test_who_draws_through_the_generator_is_not_told_to_draw_by_himself(attempt):
    message = examine("p_sample_loop", attempt).message
    assert "random" not in message
    assert "of its own" not in message


def test_a_right_loop_passes_and_one_that_seeds_does_not():
    assert examine("p_sample_loop", loop(backwards)).passed
    report = examine("p_sample_loop", loop(backwards, seed=0))
    assert (report.passed, "seed" in report.message) == (False, True)


def test_a_seed_inside_is_found_where_no_generator_comes_in():
    def noisy(x, scale):
        return x + scale * torch.randn(x.shape)

    def seeded(x, scale):
        torch.manual_seed(3)
        return noisy(x, scale)

    def another_stream(x, scale):
        return x + scale * torch.randn(x.flip(0).shape)

    quiz = Quiz(noisy, lambda g: [(torch.zeros(4), 1.0)], 1, 1, ("?",))
    assert examine_quiz(quiz, another_stream).passed
    assert not examine_quiz(quiz, seeded).passed


def test_the_graph_of_all_steps_is_not_kept():
    report = examine("p_sample_loop", loop(backwards, graph=True))
    assert (report.passed, "graph" in report.message) == (False, True)


def test_a_second_call_goes_on_where_the_first_one_ended():
    def from_a_copy(batch_size, timesteps, generator):
        copy = torch.Generator()
        copy.set_state(generator.get_state())
        return torch.randint(timesteps, (batch_size,), generator=copy)

    report = examine("sample_timesteps", from_a_copy)
    assert not report.passed


# Errors


def fails(x, kind):
    if kind == "first":
        raise RuntimeError("the first thing is wrong")
    return x


def test_two_errors_of_one_class_are_two_mistakes():
    quiz = Quiz(lambda x, kind: x, lambda g: [(torch.ones(3), "first"), (torch.ones(3), "second")], 1, 1, ("?",))
    quiz.mistake("The first thing.")(fails)

    def other(x, kind):
        if kind == "first":
            raise RuntimeError("another thing altogether")
        return x

    same, different = examine_quiz(quiz, lambda x, kind: fails(x, kind)), examine_quiz(quiz, other)
    assert (same.mistake, different.mistake) == ("fails", None)
    assert "another thing altogether" in different.message


def test_a_decision_for_the_whole_batch_is_named():
    def p_sample(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
        mean = reverse.p_mean(model, x_t, t, schedule, predicts, clip_start)
        return mean if t == 0 else mean + forward.extract(schedule.posterior_variance, t, x_t.shape).sqrt() * noise

    report = examine("p_sample", p_sample)
    assert (report.passed, "row" in report.message) == (False, True)


def test_a_missing_axis_is_no_index():
    report = examine("q_sample", lambda x, t, n, s: x.flatten(1).mean(2) + n)
    assert "How far does the index run" not in report.message
    assert "fewer axes" in report.message
    assert "(5, 2, 12, 16)" in report.message


# Where it was seen


def test_for_which_option_it_was_seen():
    def p_losses(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
        right = reverse.p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
        return 1.3 * right + 0.1 if loss_type == "huber" else right

    message = examine("p_losses", p_losses).message
    assert '`loss_type="huber"`' in message
    assert "right otherwise" in message


def test_for_which_shape_it_was_seen():
    def q_sample(x_start, t, noise, schedule):
        right = forward.q_sample(x_start, t, noise, schedule)
        return right + 0.1 * x_start.mean() * noise**2 if x_start.ndim == 1 else right

    assert "`x_start` of 1 axis, right otherwise." in examine("q_sample", q_sample).message


# Sizes


@pytest.mark.parametrize("change", [lambda v: v.clamp(min=2e-4), lambda v: v + 3e-4])
def test_a_small_variance_is_compared_in_proportion(change):
    def q_posterior(x_start, x_t, t, schedule):
        mean, variance = forward.q_posterior(x_start, x_t, t, schedule)
        return mean, change(variance)

    assert not examine("q_posterior", q_posterior).passed


def test_a_size_that_is_wrong_is_said_as_a_size():
    report = examine(
        "q_sample", lambda x, t, n, s: torch.cat([x, n], -1) if x.ndim == 4 else forward.q_sample(x, t, n, s)
    )
    assert "Axis 3 has the size 32, it should be 16." in report.message


# What the caller owns


def test_a_network_is_neither_frozen_nor_put_to_sleep():
    count = find("count_parameters").reference

    def freezes(model):
        number = count(model)
        model.requires_grad_(False)
        return number

    def sleeps(model):
        return count(model.eval())

    for attempt in (freezes, sleeps):
        report = examine("count_parameters", attempt)
        assert (report.finding, "`model`" in report.message) == ("mutates", True)


def test_a_patched_comparison_compares_as_before(monkeypatch):
    def wrong(x_start, t, noise, schedule):
        return x_start

    def yes(*args, **options):
        return torch.ones((), dtype=torch.bool)

    for owner in (torch, torch.Tensor):
        for name in ("isclose", "allclose", "equal"):
            monkeypatch.setattr(owner, name, yes, raising=False)
    assert not examine("q_sample", wrong).passed
    assert torch.isclose is yes  # what the cell above says stays


def test_what_is_patched_inside_the_attempt_is_put_back():
    before = torch.Tensor.mul

    def attempt(x_start, t, noise, schedule):
        torch.isclose = torch.Tensor.mul = lambda *args, **options: torch.ones(())
        return x_start

    assert not examine("q_sample", attempt).passed
    assert torch.Tensor.mul is before


CELLS = """
    import nbformat, nbclient
    code = ["from course_lib.quizzes import check", "def snr(a):\\n    quit()\\nsnr = check(snr)", "print('here')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in code])
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    shown = notebook.cells[1].outputs
    assert any("ends the program" in output.get("data", {}).get("text/plain", "") for output in shown), shown
    assert notebook.cells[2].outputs[0]["text"] == "here\\n"
    assert not notebook.cells[1].get("metadata", {}).get("ask_exit")
"""


def test_quit_inside_an_attempt_does_not_end_the_kernel():
    subprocess.run([sys.executable, "-c", textwrap.dedent(CELLS)], check=True, timeout=600)


def test_a_wrong_type_is_no_other_mistake_with_right_numbers():
    """The catalogue has mistakes whose numbers are right: a loss that keeps its graph, for one."""

    def train_step(model, optimizer, *batch):
        return training.train_step(model, optimizer, *batch).double()

    report = examine("train_step", train_step)
    assert "graph" not in report.message


def test_a_number_is_no_reason():
    """`gap` differs from case to case, so some gap always belongs to the wrong cases alone; the type is the reason."""

    def image_grid(images, columns=None, scale=1, gap=1):
        picture = find("image_grid").reference(images, columns, scale, gap)
        return picture // 2 if images.is_floating_point() else picture

    message = examine("image_grid", image_grid).message
    assert "In this check: wrong with `images` of type float32, right otherwise." in message


# Results of several parts


def pairs(count):
    """Two lists of pairs, as `unet_widths` returns them."""
    return [(count, 2 * count), (2 * count, 4 * count)], [(8 * count, 2 * count), (4 * count, count)]


PAIRS = Quiz(pairs, lambda g: [(3,), (5,)], 1, 1, ("?",), returns=("way down", "way up"))


def test_one_wrong_number_does_not_speak_for_the_others():
    def half_of_one(count):
        down, ups = pairs(count)
        return down, [(ups[0][0] // 2, ups[0][1]), *ups[1:]]

    message = examine_quiz(PAIRS, half_of_one).message
    assert "times" not in message
    assert "The way up: Right only in row 1. Yours at [0, 0] is 12, expected is 24." in message


def test_a_part_of_a_part_has_both_names():
    def named(count):
        return pairs(count), ("first", "second")

    def other(count):
        return pairs(count), ("first", "third")

    quiz = Quiz(named, lambda g: [(3,)], 1, 1, ("?",), returns=("table", "heading"))
    assert examine_quiz(quiz, other).message.startswith("The heading, item 1: It returns 'third'")
    assert examine_quiz(quiz, lambda count: named(count)).passed


def test_whole_numbers_that_are_right_by_chance_are_no_clue():
    def places(count):
        return torch.tensor([3, 1, 4, 0, 2]) + count

    def others(count):
        return torch.tensor([0, 3, 4, 1, 1]) + count

    quiz = Quiz(places, lambda g: [(0,), (1,)], 1, 1, ("?",))
    assert "Right only" not in examine_quiz(quiz, others).message


# What is handed out one by one


def losses(change):
    """`train_loop` with `change(its losses)` in the place of its losses."""
    return lambda *args: change(training.train_loop(*args))


@pytest.mark.parametrize(
    ("change", "passed"),
    [(lambda found: map(torch.clone, found), True), (list, False), (lambda f: iter(list(f)), False)],
)
def test_losses_come_when_their_step_is_done(change, passed):
    assert examine("train_loop", losses(change)).passed is passed


def test_a_list_in_the_place_of_an_iterator_is_told_to_yield():
    quiz = replace(find("train_loop"), mistakes=[])
    assert "expected is an iterator" in examine_quiz(quiz, losses(list)).message


def test_a_draw_that_is_left_out_shows_in_the_next_call():
    @torch.no_grad()
    def p_sample_from(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
        for step in reversed(range(start + 1)):
            t = torch.full((len(x_t),), step, device=x_t.device)
            noise = draw_noise(x_t.shape, schedule, generator) if step else torch.zeros_like(x_t)
            x_t = reverse.p_sample(model, x_t, t, noise, schedule, predicts, clip_start)
        return x_t

    quiz = find("p_sample_from")
    assert examine_quiz(quiz, p_sample_from).mistake == "nothing_drawn_at_the_end"
    assert examine_quiz(replace(quiz, changes=(), calls=1), p_sample_from).passed  # that is what `calls` is for
