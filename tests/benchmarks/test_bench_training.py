"""How fast the course's network trains beside the classic one, in one run. Prints a table, asserts nothing."""

import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

CASES = [
    (config, precision, memory)
    for config in ("classic", "fashion_mnist_cpu")
    for precision, memory in (("fp32", "default"), ("fp32", "keep"), ("bf16", "keep"))
]


def test_training_speed_side_by_side(capsys):
    table = Table(
        "config",
        "precision",
        "allocator",
        "s/step",
        "images/s",
        "times classic",
        "peak MB",
        title="Training, batch 128",
    )
    first = None
    for case in CASES:
        script = Path(__file__).parent / "measure_step.py"
        run = subprocess.run([sys.executable, script, *case], check=True, capture_output=True, text=True)
        measured = json.loads(run.stdout.splitlines()[-1])
        first = first or measured["images"]
        table.add_row(
            *case,
            f"{measured['step']:.3f}",
            f"{measured['images']:.0f}",
            f"{measured['images'] / first:.1f}",
            f"{measured['peak']:.0f}",
        )
    with capsys.disabled():
        Console(width=110).print(table)
