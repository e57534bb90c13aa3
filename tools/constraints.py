"""Resolve pyproject.toml's open ranges anew and pin the result in constraints.txt (`make constraints`).

python3 tools/constraints.py --torch 2.14.0     also move to another PyTorch (else the pinned one stays)
"""

import argparse
import json
import re
import subprocess
import tempfile
import venv
from pathlib import Path

from setup import PYTHON_IN_VENV, ROOT, TORCH_CPU_INDEX

CONSTRAINTS = ROOT / "constraints.txt"
# Needed on macOS or Windows only, so a resolve on Linux does not see them.
ELSEWHERE = ["appnope", "colorama", "pywinpty"]
# Their newer releases need a newer Python than some students have: Debian 12's is 3.11.2 (tests/test_constraints.py).
HELD_BACK = ["soupsieve<3"]

HEADER = """\
# The exact versions that the course is tested with: pip install -c constraints.txt -e .
# Made by `make constraints` from the open ranges in pyproject.toml; don't edit by hand.
# What only a CUDA build of torch needs is not here: torch pins that itself.
"""


def pinned_torch():
    return re.search(r"^torch==(\S+)$", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE)[1]


def resolve(torch):
    """Lines `name==version` of a fresh environment with every extra, torch's CPU build included."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / PYTHON_IN_VENV

        def pip(*arguments):
            command = [str(python), "-m", "pip", *arguments]
            return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout

        pip("install", "--no-deps", "--index-url", TORCH_CPU_INDEX, f"torch=={torch}")
        pip("install", "--upgrade", "setuptools", ".[test,grading]", *HELD_BACK)
        frozen = pip("list", "--format", "json", "--exclude", "pip", "--exclude", "course_lib")
        pins = {package["name"]: package["version"].partition("+")[0] for package in json.loads(frozen)}

        # A dry run for Windows finds them all: appnope and colorama are the same file everywhere.
        platform = ["--platform", "win_amd64", "--only-binary", ":all:", "--target", folder]
        report = pip("install", "--quiet", "--dry-run", "--no-deps", "--report", "-", *platform, *ELSEWHERE)
        for package in json.loads(report)["install"]:
            pins[package["metadata"]["name"]] = package["metadata"]["version"]
    return [f"{name}=={version}\n" for name, version in sorted(pins.items(), key=lambda pin: pin[0].lower())]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch", default=pinned_torch(), help="the version of PyTorch to pin")
    torch = parser.parse_args().torch
    CONSTRAINTS.write_text(HEADER + "".join(resolve(torch)), encoding="utf-8")


if __name__ == "__main__":
    main()
