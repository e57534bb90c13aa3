"""Answers that are compiled, cached, bound or objects: examined as what they are, at once."""

import functools
import os
import subprocess
import sys
import textwrap

import pytest
import torch

from course_lib import forward
from course_lib.checker.submission import unwrapped
from course_lib.quizzes import check, examine


def q_sample(x_start, t, noise, schedule):
    ac = schedule.alphas_cumprod[t].reshape(-1, *[1] * (x_start.ndim - 1))
    return ac.sqrt() * x_start + (1 - ac).sqrt() * noise


def told(code):
    """What a fresh process prints; compiling is torch's business, so each asks a process of its own."""
    code = f"import torch\nfrom course_lib.quizzes import check, examine\n{textwrap.dedent(code)}"
    environment = os.environ | {"COURSE_PROGRESS": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_compiled_answer_is_examined_as_it_is_written():
    """Compiling it for the six shapes of the cases would take longer than an examination may."""
    said = told(
        """
        import time
        @torch.compile
        def q_sample(x_start, t, noise, schedule):
            ac = schedule.alphas_cumprod[t].reshape(-1, *[1] * (x_start.ndim - 1))
            return ac.sqrt() * x_start + (1 - ac).sqrt() * noise
        start = time.process_time()
        assert check(q_sample) is q_sample
        print(time.process_time() - start < 3)
        @torch.compile(dynamic=True)
        def snr(alphas_cumprod):
            return (1 - alphas_cumprod) / alphas_cumprod
        print(examine("snr", snr).mistake)
        from course_lib import forward
        print(examine("q_sample", torch.compile(forward.q_sample)).finding)
        calls = []
        torch.compile(lambda: calls.append(torch.compiler.is_compiling()), backend="eager")()
        print(calls)  # compiling works as before
        """
    )
    assert "q_sample is right: 3 points" in said
    assert "without torch.compile" in said
    assert said.splitlines()[-4:] == ["True", "noise_to_signal", "stand_in", "[True]"]


def test_what_is_compiled_inside_an_answer_is_not():
    def inside(x_start, t, noise, schedule):
        @torch.compile(dynamic=True)
        def mixed(signal, sigma):
            return signal * x_start + sigma * noise

        ac = schedule.alphas_cumprod[t].reshape(-1, *[1] * (x_start.ndim - 1))
        return torch.compile(mixed)(ac.sqrt(), (1 - ac).sqrt())

    before = torch.compile
    loaded = "torch._dynamo" in sys.modules
    assert examine("q_sample", inside).passed
    assert torch.compile is before
    assert ("torch._dynamo" in sys.modules) is loaded


class AnObject:
    def __call__(self, x_start, t, noise, schedule):
        return q_sample(x_start, t, noise, schedule)

    def q_sample(self, x_start, t, noise, schedule):
        return q_sample(x_start, t, noise, schedule)


class ANetwork(torch.nn.Module):
    def forward(self, x_start, t, noise, schedule):
        return q_sample(x_start, t, noise, schedule)


KINDS = {
    "cache": functools.cache(q_sample),
    "lru_cache": functools.lru_cache(maxsize=2)(q_sample),
    "no_grad": torch.no_grad()(q_sample),
    "inference_mode": torch.inference_mode()(q_sample),
    "partial": functools.partial(q_sample),
    "partial of a cache": functools.partial(functools.cache(q_sample)),
    "a method": AnObject().q_sample,
    "an object": AnObject(),
    "a network": ANetwork(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_right_answers_of_other_kinds_pass(capsys, kind):
    attempt = KINDS[kind]
    assert examine("q_sample", attempt).passed
    has_a_name = kind not in ("an object", "a network")
    check(attempt)
    assert ("q_sample is right" in capsys.readouterr().out) is has_a_name


def test_a_script_is_known_by_its_name(capsys):
    scripted = torch.jit.script(forward_half)
    assert examine("to_model_range", scripted).passed
    check(scripted)
    assert "There is no quiz called forward_half" in capsys.readouterr().out


def forward_half(images):
    return images.to(torch.float32) / 127.5 - 1


@pytest.mark.parametrize("wrapped", [functools.cache, functools.lru_cache(maxsize=3), torch.no_grad()])
def test_the_courses_own_stays_its_own_in_a_cache(wrapped):
    assert examine("q_sample", wrapped(forward.q_sample)).finding == "stand_in"
    assert unwrapped(functools.cache(functools.partial(functools.cache(forward.q_sample)))) is forward.q_sample


def test_a_stub_in_a_cache_is_no_attempt():
    @functools.cache
    def snr(alphas_cumprod):
        """Nothing yet."""

    assert examine("snr", snr).finding == "not_attempted"
