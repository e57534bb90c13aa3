"""One network's training speed and memory in a process of its own: measure_step.py CONFIG PRECISION keep|default.

Prints JSON: seconds per step (median), images per second, peak memory in MB. Random images, batch 128, 28 x 28.
"""

import json
import resource
import statistics
import sys
import time

import torch

from course_lib.runs.config import load_config
from course_lib.runs.devices import keep_freed_memory
from course_lib.runs.loop import advance
from course_lib.runs.run import fresh_run

name, precision, memory = sys.argv[1:]
if memory == "keep":
    keep_freed_memory()
config = load_config(name, [f"training.precision={precision}", "training.device=cpu", "training.batch_size=128"])
run = fresh_run(config, (1, 28, 28), [str(label) for label in range(10)])
images = torch.randint(256, (256, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
labels = torch.zeros(256, dtype=torch.long)
seconds = []
for _ in range(9):
    start = time.perf_counter()
    advance(run, images, labels)
    seconds.append(time.perf_counter() - start)
step = statistics.median(seconds[2:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
print(json.dumps({"step": step, "images": 128 / step, "peak": peak}))
