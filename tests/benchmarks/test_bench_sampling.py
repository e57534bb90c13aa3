"""How long 64 samples of the shipped model take, with chapter 10's sampler. Prints a table, asserts nothing."""

import time

import torch
from rich.console import Console
from rich.table import Table

from course_lib.runs.checkpoints import load_checkpoint, sample_steps
from course_lib.runs.devices import keep_freed_memory


def test_seconds_per_64_samples(capsys):
    keep_freed_memory()
    trained = load_checkpoint("fashion_mnist", "cpu")
    calls = trained.schedule.timesteps
    title = f"64 samples of the shipped model, {calls} network calls, {torch.get_num_threads()} threads"
    table = Table("precision", "seconds", "ms/call", "times fp32", title=title)
    first = None
    for precision in ("fp32", "bf16"):
        start = time.perf_counter()
        for _ in sample_steps(trained, 64, torch.Generator().manual_seed(0), precision=precision):
            pass
        seconds = time.perf_counter() - start
        first = first or seconds
        table.add_row(precision, f"{seconds:.1f}", f"{1000 * seconds / calls:.0f}", f"{first / seconds:.1f}")
    with capsys.disabled():
        Console(width=110).print(table)
