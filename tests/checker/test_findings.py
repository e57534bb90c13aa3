"""What `examine` says about attempts that are in no catalogue."""

import functools
import itertools

import numpy as np
import pytest
import torch

from course_lib import blocks, forward, images, reverse, schedules
from course_lib.checker import examine as examiner
from course_lib.checker import running
from course_lib.checker.quiz import Quiz
from course_lib.errors import CourseError
from course_lib.quizzes import commands, examine
from course_lib.quizzes.inputs import noisy_batches


def right(x_start, t, noise, schedule):
    ac = schedule.alphas_cumprod[t].reshape(-1, *[1] * (x_start.ndim - 1))
    return ac.sqrt() * x_start + (1 - ac).sqrt() * noise


def in_place(x_start, t, noise, schedule):
    signal = forward.extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    return x_start.mul_(signal).add_(forward.extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape) * noise)


def schedule_changed(x_start, t, noise, schedule):
    result = right(x_start, t, noise, schedule)
    schedule.betas = schedule.betas.clamp(0, 0.01)
    return result


def right_for_one_t(x_start, t, noise, schedule):
    return right(x_start, t.sort().values, noise, schedule)


def does_nothing_with_noise(x_start, t, noise, schedule):
    return right(x_start, t, torch.zeros_like(noise), schedule) + 0.2 * x_start.cos()


def sometimes_random(x_start, t, noise, schedule):
    return right(x_start, t, noise + torch.randn(()), schedule)


def forgets_the_return(x_start, t, noise, schedule):
    right(x_start, t, noise, schedule)


def divides_by_zero(x_start, t, noise, schedule):
    return right(x_start, t, noise, schedule) * ((t + 1) / t).reshape(-1, *[1] * (x_start.ndim - 1))


def leaves_the_device(x_start, t, noise, schedule):
    return right(x_start, t, noise, schedule) + torch.zeros(x_start.shape)


def unfinished(x_start, t, noise, schedule):
    x_t = ...
    return x_t  # noqa: RET504 - as students leave it


@pytest.mark.parametrize(
    ("attempt", "finding", "says"),
    [
        (lambda x, t, n, s: right(x, t, n, s).numpy(), "type", "a NumPy array, expected is a tensor"),
        (lambda x, t, n, s: [right(x, t, n, s)], "type", "1 thing in a tuple or list"),
        (lambda x, t, n, s: 0.5, "type", "type `float`"),
        (lambda x, t, n, s: right(x, t, n, s).to_sparse(), "type", "sparse"),
        (lambda x, t: x, "type", "`q_sample(x_start, t, noise, schedule)`"),
        (forgets_the_return, "type", "Is the `return` missing?"),
        (3, "type", "not its result"),
        (lambda x, t, n, s: right(x, t, n, s).mean(), "shape", "Its shape is (), expected is (5, 2, 12, 16)"),
        (lambda x, t, n, s: right(x, t, n, s)[None], "shape", "1 axis too many"),
        (lambda x, t, n, s: right(x, t, n, s).transpose(0, 1), "shape", "(2, 5, 12, 16)"),
        (lambda x, t, n, s: x.new_ones(1).expand(10**12), "shape", "(1000000000000)"),
        (lambda x, t, n, s: right(x, t, n, s).half(), "dtype", "float16, expected is float32"),
        (lambda x, t, n, s: right(x, t, n, s).double(), "dtype", "float64"),
        (lambda x, t, n, s: right(x, t, n, s).to("meta"), "device", "on meta"),
        (lambda x, t, n, s: right(x, t, n, s).detach().log(), "nan", "values are nan or infinite"),
        (divides_by_zero, "nan", "divides by zero"),
        (lambda x, t, n, s: -right(x, t, n, s), "values", "Right but for the sign"),
        (lambda x, t, n, s: 3 * right(x, t, n, s), "values", "Always 3 times what is expected"),
        (lambda x, t, n, s: right(x, t, n, s) + 0.01, "values", "Yours at [0, 0, 0, 0] is"),
        (sometimes_random, "values", "moves torch's global random state"),
        (does_nothing_with_noise, "ignores", "whatever `noise` is"),
        (lambda x, t, n, s: right(x, t * 0, n, s), "ignores", "whatever `t` is"),
        (right_for_one_t, "equal_t", "share one `t`"),
        (in_place, "mutates", "It changes `x_start`"),
        (schedule_changed, "mutates", "It changes `schedule`"),
        (unfinished, "not_attempted", "write the body"),
        (lambda x, t, n, s: None, "not_attempted", "write the body"),
        (..., "not_attempted", "write the body"),
        (lambda x, t, n, s: undefined_name, "raises", "NameError"),  # noqa: F821
        (lambda x, t, n, s: s.alphas_cumprod[t + 1] * x, "raises", "How far does the index run?"),
        (right, "correct", "`q_sample` is right"),
    ],
)
def test_each_finding(attempt, finding, says):
    report = examine("q_sample", attempt)
    assert (report.finding, report.mistake) == (finding, None)
    assert says in report.message
    assert report.passed == (finding == "correct")
    assert "tensor(" not in report.message
    assert len(report.message) < 330


def test_an_error_names_the_line():
    report = examine("q_sample", lambda x, t, n, s: x @ n)
    assert "in the line `report = examine" in report.message


@functools.wraps(forward.q_sample)
def wrapped(*args):
    return forward.q_sample(*args)


@pytest.mark.parametrize("attempt", [forward.q_sample, functools.partial(forward.q_sample), wrapped])
def test_the_reference_is_no_attempt(attempt):
    assert examine("q_sample", attempt).finding == "stand_in"


def test_float32_will_do_where_the_reference_has_float64():
    assert examine("linear_beta_schedule", lambda T, a=1e-4, b=0.02: torch.linspace(a, b, T)).passed
    assert examine("linear_beta_schedule", lambda T, a=1e-4, b=0.02: torch.linspace(a, b, T).half()).finding == "dtype"


def test_one_of_two_results_is_named():
    def attempt(x_start, x_t, t, schedule):
        mean, variance = forward.q_posterior(x_start, x_t, t, schedule)
        return mean, variance + 0.5

    assert examine("q_posterior", attempt).message.startswith("The variance: ")
    report = examine("q_posterior", lambda x, y, t, s: (*forward.q_posterior(x, y, t, s), 1))
    assert (report.finding, "3 things where 2 things, mean and variance" in report.message) == ("type", True)


def test_what_was_drawn_and_printed_comes_along():
    def attempt(images):
        print("shape", tuple(images.shape))
        return images.float() / 100

    report = examine("to_model_range", attempt)
    assert report.printed == "shape (3, 1, 4, 5)\n"
    assert report.yours.shape == report.expected.shape == (3, 1, 4, 5)


def test_examining_is_repeatable():
    def own_noise(x_start, t, noise, schedule):
        return right(x_start, t, torch.randn(noise.shape) + 1, schedule)

    reports = [examine("q_sample", own_noise) for _ in range(2)]
    assert reports[0].message == reports[1].message
    assert reports[0].finding == "ignores"
    assert torch.equal(reports[0].yours, reports[1].yours)


def test_a_device_that_is_not_there_is_an_error():
    absent = next(kind for kind in ("cuda", "mps", "xpu") if not getattr(torch, kind).is_available())
    with pytest.raises(CourseError, match="not available"):
        examine("q_sample", right, device=absent)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu():
    assert examine("q_sample", right, device="cuda").passed
    report = examine("q_sample", leaves_the_device, device="cuda")
    assert (report.finding, report.message[:9]) == ("device", "On cuda: ")


# Other kinds of quizzes


@pytest.fixture
def examined(monkeypatch):
    def use(quiz, attempt):
        monkeypatch.setattr(commands, "find", lambda name: quiz)
        return examine(quiz.name, attempt)

    return use


def feature_maps(g):
    x = torch.randn(2, 8, 5, 6, generator=g)
    return [((8, 16, 12), x, torch.randn(2, 12, generator=g)), ((8, 8, 4, 8, "add"), x, torch.randn(2, 4, generator=g))]


BLOCK = Quiz(blocks.ResnetBlock, feature_maps, points=3, minutes=15, hints=("Norm, activation, convolution.",))


@BLOCK.mistake("Where is the shortcut?")
def no_shortcut(self, x, time=None):
    return blocks.ResnetBlock.forward(self, x, time) - self.shortcut(x)


@BLOCK.mistake("The time does not enter.")
def no_time(self, x, time=None):
    return blocks.ResnetBlock.forward(self, x, None)


def test_a_module_gets_the_reference_s_parameters(examined):
    source = BLOCK.solution
    names = dict(vars(blocks))
    exec(source, names)
    assert examined(BLOCK, names["ResnetBlock"]).passed
    assert examined(BLOCK, blocks.ResnetBlock).finding == "stand_in"
    assert examined(BLOCK, type("Mine", (blocks.ResnetBlock,), {})).finding == "stand_in"
    for mistake in BLOCK.mistakes:
        assert examined(BLOCK, mistake.attempt).mistake == mistake.name
    exec(source.replace("self.norm2", "self.norm3"), names)
    report = examined(BLOCK, names["ResnetBlock"])
    assert (report.finding, "norm2.bias" in report.message) == ("type", True)
    assert examined(BLOCK, names["ResnetBlock"](8, 8)).finding == "type"
    exec(source.replace("return self.conv2", "return 2 * self.conv2"), names)
    assert examined(BLOCK, names["ResnetBlock"]).finding == "values"


def linear_model(x, t):
    return 0.3 * x + 0.01 * t.reshape(-1, *[1] * (x.ndim - 1))


def losses(g):
    return [
        (linear_model, x.requires_grad_(), t, noise, schedule, kind, "v")
        for (x, t, noise, schedule), kind in zip(noisy_batches(g), itertools.cycle(("l1", "l2", "huber")), strict=False)
    ]


def test_a_loss_must_let_gradients_through(examined):
    quiz = Quiz(reverse.p_losses, losses, points=3, minutes=10, hints=("Compare.",))

    def mine(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
        return reverse.p_losses(model, x_start, t, noise, schedule, loss_type, predicts)

    assert examined(quiz, mine).passed
    report = examined(quiz, lambda *args: mine(*args).detach())
    assert (report.finding, "gradient" in report.message) == ("type", True)
    assert examined(quiz, lambda *args: mine(*args).item()).finding == "type"
    assert examined(quiz, lambda m, *args: mine(lambda x, t: torch.zeros_like(x), *args)).finding in ("ignores", "type")


def chains(g):
    schedule = schedules.NoiseSchedule.from_name("cosine", 4)
    return [(linear_model, (2, 3), schedule, torch.Generator().manual_seed(5))]


def test_a_generator_of_states_is_compared_state_by_state(examined):
    quiz = Quiz(reverse.p_sample_steps, chains, points=3, minutes=10, hints=("Yield.",))

    def mine(model, shape, schedule, generator=None):
        yield from reverse.p_sample_steps(model, shape, schedule, generator)

    def without_the_first(model, shape, schedule, generator=None):
        yield from list(reverse.p_sample_steps(model, shape, schedule, generator))[1:]

    def endless(model, shape, schedule, generator=None):
        while True:
            yield torch.zeros(shape)

    assert examined(quiz, mine).passed
    assert "4 things where 5 things" in examined(quiz, without_the_first).message
    assert examined(quiz, endless).finding == "type"


def test_a_reassigned_function_does_not_change_the_verdict(monkeypatch):
    """Somebody's `torch.cumprod = ...` or `course_lib.forward.extract = ...` in a cell above."""
    monkeypatch.setattr(forward, "extract", lambda values, t, shape: values[0])
    assert examine("q_sample", right).passed
    monkeypatch.setattr(torch, "cumprod", lambda *args, **kw: args[0])
    assert examine("alphas_cumprod_from_betas", lambda betas: (1 - betas).cumprod(0)).passed
    assert examine("alphas_cumprod_from_betas", lambda betas: torch.cumprod(1 - betas, dim=0)).mistake == "single_steps"


def stays_on_the_cpu(x):
    return torch.linspace(-1, 1, 256)[x.long()]


def test_what_stays_on_the_cpu_passes_with_a_note_before_devices_were_taught():
    for name, attempt in (("to_model_range", stays_on_the_cpu), ("q_sample", leaves_the_device)):
        report = examine(name, attempt)
        assert (report.passed, report.finding) == (True, "correct")
        assert "only on the CPU" in report.note
    assert "in the line `return right(" in report.note
    assert examine("q_sample", right).note == ""


class OnTheCpu(blocks.Downsample):
    def forward(self, x):
        return self.conv(x) + torch.zeros(self.conv(x).shape)


def test_from_chapter_07_on_what_stays_on_the_cpu_is_refused():
    report = examine("Downsample", OnTheCpu)
    assert (report.finding, "only on the CPU" in report.message) == ("device", True)


def test_uint8_only_is_no_float():
    assert examine("to_model_range", lambda x: images.to_uint8(x)).finding in ("dtype", "raises")


def test_a_number_of_numpy_is_a_number():
    def counted(model):
        return sum(np.prod(p.shape, dtype=np.int64) for p in set(model.parameters()) if p.requires_grad)

    assert examine("count_parameters", counted).passed
    assert examine("count_parameters", lambda model: counted(model) + 1).finding in ("values", "mistake")


def test_a_wrong_module_does_not_seem_to_draw_random_numbers():
    class Downsample(blocks.Downsample):
        def forward(self, x):
            return self.conv(x) + 1

    report = examine("Downsample", Downsample)
    assert (report.finding, "random" in report.message) == ("values", False)


def residuals(g):
    return [((torch.nn.Linear(6, 6),), torch.randn(2, 6, generator=g))]


def test_a_layer_among_the_arguments_of_a_module_is_left_alone(examined):
    quiz = Quiz(blocks.Residual, residuals, 1, 1, ("Add.",))

    class Mine(blocks.Residual):
        def forward(self, x):
            return x + self.layer(x)

    class Wrong(blocks.Residual):
        def forward(self, x):
            return self.layer(x)

    assert examined(quiz, Mine).finding == "correct"
    assert examined(quiz, Wrong).finding == "values"


def test_checking_a_module_makes_no_tensor_that_only_the_checker_needs_on_meta(examined):
    """Otherwise every right module would be run on torch's meta device, whose first use takes seconds."""
    quiz = Quiz(blocks.Residual, residuals, 1, 1, ("Add.",))

    class Mine(blocks.Residual):
        def forward(self, x):
            return x + self.layer(x)

    (case,) = residuals(torch.Generator().manual_seed(0))
    with running.NewTensors() as new:
        assert running.runnable(quiz.manner, Mine, quiz.state(case))(*case).shape == (2, 6)
    assert not new.found


class HalfBlind(blocks.Attention):
    def forward(self, x):
        q, k, v = blocks.rearrange(
            self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads
        )
        with torch.no_grad():
            weights = (q @ k.transpose(-1, -2) * self.scale).softmax(dim=-1)
        return self.to_out(blocks.rearrange(weights @ v, "b n (h w) d -> b (n d) h w", h=x.shape[-2]))


class Seeing(HalfBlind):
    def forward(self, x):
        q, k, v = blocks.rearrange(
            self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads
        )
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        return self.to_out(blocks.rearrange(out, "b n (h w) d -> b (n d) h w", h=x.shape[-2]))


def test_a_part_of_the_gradient_that_is_cut_off_is_found():
    report = examine("Attention", HalfBlind)
    assert (report.finding, "gradient" in report.message) == ("type", True)
    assert examine("Attention", Seeing).passed


class Endless(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        while True:
            pass


def test_a_gradient_that_never_comes_is_no_pass(monkeypatch):
    monkeypatch.setattr(examiner, "SECONDS", 0.5)

    class Downsample(blocks.Downsample):
        def forward(self, x):
            return Endless.apply(self.conv(x))

    report = examine("Downsample", Downsample)
    assert (report.passed, report.finding) == (False, "timeout")
