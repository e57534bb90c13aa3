"""How long an edit of eight pictures takes, in times eight new samples with the same network: a table.

All in one run, because machines are noisy: the ratios are what is worth quoting.
"""

import time
from functools import partial
from itertools import pairwise
from statistics import median

import torch
from rich.console import Console
from rich.table import Table

from course_lib.editing import denoise_from, inpaint_sample_loop, invert, repaint_schedule, sketch_to_image
from course_lib.fast_sampling import ddim_sample_loop
from course_lib.guidance import label_guided
from course_lib.runs.checkpoints import load_checkpoint
from course_lib.runs.devices import keep_freed_memory

COUNT, ROUNDS = 8, 5


def test_seconds_per_edit(capsys):
    keep_freed_memory()
    trained = load_checkpoint("fashion_mnist", "cpu")
    schedule, options = trained.schedule, {"clip_start": trained.config.diffusion.clip_start}
    noise = torch.randn(COUNT, *trained.image_shape, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(trained.image_shape)
    mask[..., 14:] = 0
    labels = torch.arange(COUNT)
    model = partial(trained.model, labels=labels)
    guided = label_guided(trained.model, labels, 10, 2.0, schedule, 0.2, 5.0)
    with torch.no_grad():
        pictures = ddim_sample_loop(model, noise.shape, schedule, 20, **options)
        inpaint = partial(inpaint_sample_loop, known=pictures, mask=mask, schedule=schedule, jump_length=5, **options)
        edits = {
            "new samples, DDIM 20": (20, lambda: ddim_sample_loop(model, noise.shape, schedule, 20, **options)),
            "the same, guided by labels": (20, lambda: ddim_sample_loop(guided, noise.shape, schedule, 20, **options)),
            "denoise, one call": (1, lambda: denoise_from(model, pictures + noise, 83, schedule, **options)),
            "from a sketch, 20 steps": (20, lambda: sketch_to_image(model, pictures, 130, noise, schedule, **options)),
            "inpaint by replacement, 25 steps": (25, lambda: inpaint(model, steps=25)),
            "inpaint by RePaint, 25 steps, 4 times": (
                sum(after < level for level, after in pairwise(repaint_schedule(25, 5, 4))),
                lambda: inpaint(model, steps=25, jump_n_sample=4),
            ),
            "invert, 50 steps": (50, lambda: invert(model, pictures, schedule, 50, **options)),
        }
        seconds: dict[str, list[float]] = {name: [] for name in edits}
        for _ in range(ROUNDS):
            for name, (_, edit) in edits.items():
                start = time.perf_counter()
                edit()
                seconds[name].append(time.perf_counter() - start)

    first = median(seconds["new samples, DDIM 20"])
    table = Table(
        "", "steps", "seconds", "times new samples", title=f"{COUNT} pictures, {torch.get_num_threads()} threads"
    )
    for name, (steps, _) in edits.items():
        took = median(seconds[name])
        table.add_row(name, str(steps), f"{took:.2f}", f"{took / first:.2f}")
    with capsys.disabled():
        Console(width=110).print(table)
