"""Make an environment of the oldest or the newest packages that pyproject.toml allows.

python3 tools/versions.py oldest                build/oldest-venv: what pyproject.toml names, at its lower bound
python3 tools/versions.py newest                build/newest-venv: everything as new as it can be
python3 tools/versions.py oldest --torch cpu    with PyTorch's CPU build

What the named packages need in their turn is as new as they allow. build/oldest.txt and build/newest.txt list the
whole. `make test-oldest` and `make test-newest` run the tests with it.
"""

import argparse
import subprocess
import sys
import tomllib
import venv

from setup import PYTHON_IN_VENV, ROOT


def requirements(pyproject, which):
    """The packages that pyproject.toml names, extras and build tool included; "oldest" turns each `>=` into `==`.

    A resolver that is asked for the lowest versions passes over a bound that clashes with another one, in silence.
    Asked for `==`, it names the clash, and the bound can be raised.
    """
    project = pyproject["project"]
    named = [pyproject["build-system"]["requires"], project["dependencies"], *project["optional-dependencies"].values()]
    lines = [line for group in named for line in group]
    return [line.replace(">=", "==") for line in lines] if which == "oldest" else lines


def commands(python, which, torch):
    """What fills the environment of `python` with the packages in build/WHICH.in, one command after the other."""
    uv = [str(python), "-m", "uv", "pip"]
    into = ["--python", str(python)]
    build = ["--torch-backend", "cpu"] if torch == "cpu" else []
    return [
        [str(python), "-m", "pip", "install", "--quiet", "uv"],
        [
            *uv,
            "compile",
            "--quiet",
            "--upgrade",
            *into,
            *build,
            f"build/{which}.in",
            "--output-file",
            f"build/{which}.txt",
        ],
        [*uv, "install", *into, *build, "--requirement", f"build/{which}.txt"],
        # With the build tool that has just been installed: it has a bound, too.
        [*uv, "install", *into, "--no-deps", "--no-build-isolation", "--editable", "."],
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", choices=("oldest", "newest"))
    parser.add_argument("--torch", choices=("default", "cpu"), default="default", help="the build of PyTorch")
    options = parser.parse_args()
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folder = ROOT / "build" / f"{options.which}-venv"
    venv.create(folder, clear=True, with_pip=True)
    wanted = "\n".join(requirements(pyproject, options.which))
    (ROOT / "build" / f"{options.which}.in").write_text(wanted + "\n", encoding="utf-8")
    for command in commands(folder / PYTHON_IN_VENV, options.which, options.torch):
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            sys.exit(f"versions: `{' '.join(command[1:5])}` failed. Its last lines above say why.")


if __name__ == "__main__":
    main()
