"""What importing costs, by what it pulls in: heavy libraries come only when they are needed."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "datasets", "matplotlib", "diffusers", "torchmetrics", "ipywidgets", "PIL", "pyarrow"}


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("course_lib", set()),
        ("course_lib.cli", set()),
        ("course_lib.reverse", {"torch"}),
        ("course_lib.unet", {"torch"}),
        ("course_lib.training", {"torch", "PIL"}),
    ],
)
def test_an_import_pulls_in_only_what_it_needs(module, allowed):
    script = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert HEAVY & set(loaded) <= allowed
