"""Every dependency has a lower bound, the pins keep to the ranges, and the oldest set is these bounds."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import module_from_spec, spec_from_file_location

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from course_lib.paths import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def versions():
    spec = spec_from_file_location("versions", ROOT / "tools" / "versions.py")
    module = module_from_spec(spec)
    sys.path.insert(0, str(ROOT / "tools"))  # it imports setup.py, which stands beside it
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(ROOT / "tools"))
    return module


def parsed(lines):
    return {canonicalize_name(line.name): line.specifier for line in map(Requirement, lines)}


def test_every_dependency_has_one_lower_bound_and_the_pins_keep_to_the_ranges(versions):
    lines = versions.requirements(PYPROJECT, "newest")
    ranges = parsed(lines)
    assert len(ranges) == len(lines) > 30, "a package is named twice: pip would take the narrower range in silence"
    pins = re.findall(r"^(\S+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    pins = {canonicalize_name(name): version for name, version in pins}
    for name, specifier in ranges.items():
        assert [part.operator for part in specifier].count(">=") == 1, f"{name} needs one lower bound, `>=`"
        assert specifier.contains(pins[name]), f"constraints.txt pins {name} outside its range"


def test_the_oldest_set_is_every_lower_bound(versions):
    ranges = parsed(versions.requirements(PYPROJECT, "newest"))
    for name, pin in parsed(versions.requirements(PYPROJECT, "oldest")).items():
        lowest = next(part.version for part in ranges[name] if part.operator == ">=")
        exact = [part.version for part in pin if part.operator == "=="]
        assert exact == [lowest], name
        assert not any(part.operator == ">=" for part in pin), name


def test_conda_installs_the_same_with_the_same_python():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert environment[-1] == {"pip": ["-c constraints.txt", "-e ."]}
    pythons = SpecifierSet(Requirement(environment[0]).specifier)
    needed = SpecifierSet(PYPROJECT["project"]["requires-python"])
    assert {part for part in pythons if part.operator == ">="} == set(needed)


UV = """
import pathlib, sys
with open("uv.log", "a") as log:
    print(*sys.argv[1:], file=log)
sys.exit("no version is old enough" if "nothing==0.1" in pathlib.Path("build/oldest.in").read_text() else 0)
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder with tools/, and a uv that only notes what it is told: pip finds it there instead of in the network."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    files = {
        "uv/__init__.py": "",
        "uv/__main__.py": UV,
        "uv-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: uv\nVersion: 1.0\n",
        "uv-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "uv-1.0.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(tmp_path / "uv-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path


def make(course, which, needs):
    text = (
        f'build-system.requires = ["builder>=7"]\n[project]\ndependencies = {needs}\n[project.optional-dependencies]\n'
    )
    (course / "pyproject.toml").write_text(text + 'test = ["checker>=2,<3"]\n')
    command = [sys.executable, str(course / "tools" / "versions.py"), which, "--torch", "cpu"]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ, timeout=300)


def test_an_environment_is_made_and_what_is_left_of_an_old_one_is_not_in_it(course):
    leftover = course / "build" / "oldest-venv" / "leftover"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    done = make(course, "oldest", ["thing>=1.5"])
    assert done.returncode == 0, done.stderr
    assert not leftover.exists()
    assert (course / "build" / "oldest.in").read_text().split() == ["builder==7", "thing==1.5", "checker==2,<3"]
    compiled, installed, course_itself = (course / "uv.log").read_text().splitlines()
    python = str(course / "build" / "oldest-venv")
    assert all(line.split("--python ")[1].startswith(python) for line in (compiled, installed, course_itself))
    assert re.search(r"pip compile .*--torch-backend cpu build/oldest.in --output-file build/oldest.txt$", compiled)
    assert re.search(r"pip install .*--torch-backend cpu --requirement build/oldest.txt$", installed)
    assert re.search(r"pip install .*--no-deps --no-build-isolation --editable \.$", course_itself)


def test_what_cannot_be_resolved_ends_it(course):
    done = make(course, "oldest", ["nothing>=0.1"])
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2:] == [
        "no version is old enough",
        "versions: `-m uv pip compile` failed. Its last lines above say why.",
    ]
    assert len((course / "uv.log").read_text().splitlines()) == 1
