"""How long 64 pictures take: the course's default sampler, the ancestral one, and the classic recipe: a table.

All in one run, because machines are noisy: the ratios are what is worth quoting. The classic network has no trained
weights here, which changes no time.
"""

import time

import torch
from rich.console import Console
from rich.table import Table

from course_lib.runs.checkpoints import Checkpoint, load_checkpoint, make_model, make_schedule, sample_steps
from course_lib.runs.config import load_config
from course_lib.runs.cost import count_calls
from course_lib.runs.denoiser import picture_generators
from course_lib.runs.devices import keep_freed_memory
from course_lib.runs.guides import usual_guide
from course_lib.runs.samplers import ANCESTRAL, DEFAULT

COUNT = 64
ROUNDS = 20  # each takes a twentieth of its steps in turn, so that what else the machine does hits all alike


def untrained(name):
    """The network of a config, for 28 x 28 grey images."""
    config = load_config(name)
    model = make_model(config, 1, 10).eval().requires_grad_(False)
    return Checkpoint(model, make_schedule(config), config, (1, 28, 28), [str(label) for label in range(10)], 0)


def test_seconds_per_64_samples(capsys):
    keep_freed_memory()
    ours, classic, guide = load_checkpoint("fashion_mnist", "cpu"), untrained("classic"), usual_guide("fashion_mnist")
    ways = {
        "default": (ours, DEFAULT, guide, "auto"),
        "default in fp32": (ours, DEFAULT, guide, "fp32"),
        "default without its guide": (ours, DEFAULT, None, "auto"),
        "ancestral": (ours, ANCESTRAL, None, "auto"),
        "classic recipe, fp32": (classic, ANCESTRAL, None, "fp32"),
    }
    walks = {
        name: sample_steps(checkpoint, COUNT, picture_generators(0, 0, COUNT), None, precision, sampler, its)
        for name, (checkpoint, sampler, its, precision) in ways.items()
    }
    seconds, busy = dict.fromkeys(ways, 0.0), dict.fromkeys(ways, 0.0)
    for round_ in range(ROUNDS):
        for name, walk in walks.items():
            checkpoint, sampler, _, _ = ways[name]
            states = sampler.steps_in(checkpoint.schedule) // ROUNDS + (round_ == 0)  # x_T comes before the first step
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(states):
                next(walk)
            seconds[name] += time.perf_counter() - wall
            busy[name] += time.process_time() - cpu
    assert all(next(walk, None) is None for walk in walks.values())

    title = f"{COUNT} pictures on {torch.get_num_threads()} threads"
    table = Table("", "steps", "calls", "seconds", "CPU seconds", "times the default", title=title)
    for name, (checkpoint, sampler, its, _) in ways.items():
        calls = count_calls(checkpoint, sampler, its).total
        steps, ratio = sampler.steps_in(checkpoint.schedule), seconds[name] / seconds["default"]
        numbers = (f"{calls:.4g}", f"{seconds[name]:.1f}", f"{busy[name]:.1f}", f"{ratio:.2f}")
        table.add_row(name, str(steps), *numbers)
    with capsys.disabled():
        Console(width=110).print(table)
