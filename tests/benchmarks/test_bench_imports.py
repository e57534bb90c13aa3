"""What `import course_lib` and its modules cost beside `import torch`. Prints a table, asserts nothing."""

import statistics
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

MODULES = (
    "sys",
    "torch",
    "course_lib",
    "course_lib.cli",
    "course_lib.forward",
    "course_lib.images",
    "course_lib.training",
)


def test_import_times_side_by_side(capsys):
    table = Table("import", "seconds (fresh process, median of 5)", "times torch")
    seconds = {module: [] for module in MODULES}
    for _ in range(5):
        for module in MODULES:
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
            seconds[module].append(time.perf_counter() - start)
    medians = {module: statistics.median(times) for module, times in seconds.items()}
    for module, median in medians.items():
        table.add_row(module, f"{median:.2f}", f"{median / medians['torch']:.2f}")
    with capsys.disabled():
        Console(width=110).print(table)
