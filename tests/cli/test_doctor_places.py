"""`course doctor` on the folders that the course writes to: read-only, full, small; and what they cost."""

import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.cli.doctor import places as rooms
from course_lib.cli.doctor.places import environment, places, progress_record, size, writing
from course_lib.cli.doctor.report import carried_out
from course_lib.image_data.cache import cache_file
from course_lib.paths import ROOT
from course_lib.runs.checkpoints import make_model
from course_lib.runs.config import load_config

MB = 10**6

# How each place is moved to another folder.
MOVED_BY = {
    "cache": "COURSE_CACHE",
    "temporary": "TMPDIR",
    "hub": "HF_HOME",
    "datasets": "HF_HOME",
    "jupyter": "JUPYTER_RUNTIME_DIR",
}


@pytest.fixture(autouse=True)
def healthy(monkeypatch, tmp_path):
    """Every place is a folder of its own; the run's is below the working folder."""
    monkeypatch.setenv("COURSE_DATA", "garments")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setattr(rooms, "NOTEBOOKS", tmp_path / "notebooks")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_start.ipynb").write_text("x" * 1000)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def disk(tmp_path):
    """Makes a small disk at tmp_path/NAME: disk(name, "size=4m")."""
    mounted = []

    def mount(name: str, options: str) -> Path:
        place = tmp_path / name
        place.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
        try:
            ended = subprocess.run(command, capture_output=True, check=False)
        except FileNotFoundError:
            pytest.skip("there is no command `mount` here")
        if ended.returncode:
            pytest.skip(f"a disk cannot be mounted here: {ended.stderr.decode().strip()}")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


def wrong(look=writing):
    return [check for check in carried_out(look) if not check.ok]


def test_nothing_wrong():
    checks = carried_out(writing)
    assert [check for check in checks if not check.ok] == []
    assert {check.name for check in checks} == {"notebooks", "cache", "runs", "temporary", "jupyter", "disk"}
    assert sum("GB" in check.value for check in checks) >= 4


def test_looking_leaves_nothing_behind(tmp_path):
    before = sorted(tmp_path.rglob("*"))
    carried_out(writing)
    carried_out(progress_record)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["notebooks", "cache", "work", "jupyter"])
def test_read_only(disk, name):
    folder = disk(name, "ro,size=1m")
    (check,) = wrong()
    assert check.name == {"work": "runs"}.get(name, name)
    assert str(folder) in check.value
    assert "read-only" in check.value
    remedy = {"notebooks": "copy the whole course", "work": "--out"}.get(name) or MOVED_BY[name]
    assert remedy in check.remedy


@pytest.mark.parametrize("name", ["notebooks", "cache", "work"])
def test_disk_too_small(disk, name):
    disk(name, "size=4m")
    (check,) = wrong()
    assert check.name == "disk"
    assert "only 0.00 GB free" in check.value
    assert {"work": "runs"}.get(name, name) in check.value
    assert "Free 0." in check.remedy


def test_places_on_one_disk_are_added_up(disk, monkeypatch):
    """Each would fit alone."""
    folder = disk("shared", "size=120m")
    (folder / "work").mkdir()
    monkeypatch.setenv("COURSE_CACHE", str(folder / "cache"))
    monkeypatch.chdir(folder / "work")
    (check,) = wrong()
    assert check.name == "disk"
    assert "cache" in check.value
    assert "runs" in check.value


def test_what_is_in_the_cache_already_is_not_asked_for_again(disk, monkeypatch):
    folder = disk("cache", "size=125m")
    (folder / "old").write_bytes(bytes(120 * MB))
    assert wrong() == []


def test_no_more_files_can_be_made(disk):
    folder = disk("cache", "size=200m,nr_inodes=3")
    (folder / "one").touch()
    (folder / "two").touch()
    (check,) = wrong()
    assert check.name == "cache"
    assert "full" in check.value


def test_limit_on_the_size_of_files():
    """Nothing but the attempt shows it, nor a quota: there is room enough on the disk."""
    code = "from course_lib.cli.doctor.places import *; [print(c.name, c.value) for c in writing() if not c.ok]"
    command = f"ulimit -f 20000; exec {sys.executable} -c '{code}'"  # blocks of 1024 bytes
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "cache" in ended.stdout
    assert "may not become that large" in ended.stdout


@pytest.mark.parametrize("name", ["cache", "jupyter"])
@pytest.mark.parametrize("kind", ["below a file", "a file", "a dangling link", "a circle"])
def test_the_folder_is_none(tmp_path, monkeypatch, name, kind):
    odd = tmp_path / "odd"
    if "file" in kind:
        odd.write_text("in the way")
    else:
        odd.symlink_to(odd if kind == "a circle" else tmp_path / "nowhere")
    monkeypatch.setenv(MOVED_BY[name], str(odd / "below" if kind == "below a file" else odd))
    (check,) = wrong()
    assert check.name == name
    assert MOVED_BY[name] in check.remedy
    assert "INSTALL" not in check.remedy


@pytest.mark.skipif(not Path("/proc/1").is_dir(), reason="there is no /proc here")
def test_a_file_system_without_files(monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", "/proc/1/course")
    (check,) = wrong()
    assert check.name == "cache"


def test_the_hub_only_where_it_is_used(monkeypatch, tmp_path):
    def named():
        return {check.name for check in carried_out(writing)}

    assert "hub" not in named()
    monkeypatch.setenv("COURSE_DATA", "auto")
    assert {"hub", "datasets"} <= named()
    monkeypatch.setenv("COURSE_DATA", "ylecun/mnist")
    assert "hub" in named()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert "hub" not in named()


def test_the_hub_needs_nothing_more_where_the_data_is(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", "")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "hf"))

    def needed():
        return sum(place.needs for place in places() if place.name in ("hub", "datasets"))

    assert 60 * MB < needed() < 90 * MB
    (tmp_path / "hf" / "zalando-datasets___fashion_mnist").mkdir(parents=True)
    assert needed() == 0


# The record


def test_progress_is_kept():
    (check,) = carried_out(progress_record)
    assert check.ok
    assert not check.remedy


def test_progress_in_a_read_only_folder(disk, monkeypatch):
    folder = disk("there", "ro,size=1m")
    monkeypatch.setenv("COURSE_PROGRESS", str(folder / "progress.json"))
    (check,) = wrong(progress_record)
    assert "read-only" in check.value
    assert "COURSE_PROGRESS" in check.remedy


def test_progress_where_a_folder_is(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path))
    (check,) = wrong(progress_record)
    assert "COURSE_PROGRESS" in check.remedy


def test_progress_that_is_damaged_is_a_note(tmp_path):
    (tmp_path / "progress.json").write_text('{"q_sample": {"attempts": 1')
    (check,) = carried_out(progress_record)
    assert check.ok
    assert "damaged" in check.value
    assert check.remedy


def test_progress_that_is_switched_off(monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "")
    (check,) = carried_out(progress_record)
    assert check.ok
    assert "not kept" in check.value


# What things cost


def test_the_cache_is_where_the_pictures_go(monkeypatch):
    (cache,) = [place.folder for place in places() if place.name == "cache"]
    assert cache == cache_file(("garments", "train", None, None)).parent
    monkeypatch.delenv("COURSE_CACHE")
    (cache,) = [place.folder for place in places() if place.name == "cache"]
    assert cache == cache_file(("garments", "train", None, None)).parent == ROOT / "data" / "cache"


@pytest.mark.parametrize(
    ("config", "classes", "bytes_of_a_run"),
    [("fashion_mnist", 10, rooms.RUN), ("fashion_mnist_cpu", 10, rooms.CHAPTER_RUNS - 24_200_000 - 13_200_000)],
)
def test_a_run_takes_sixteen_bytes_a_parameter(config, classes, bytes_of_a_run):
    """Weights, their average, and Adam's two moments."""
    network = make_model(load_config(config), 1, classes)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert 16 * parameters <= bytes_of_a_run <= 1.03 * 16 * parameters


def test_size(tmp_path):
    assert size(tmp_path / "none") == 0
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(bytes(1000))
    (tmp_path / "c").write_bytes(bytes(10))
    assert size(tmp_path) == 1010 + 1000  # with the notebook of `healthy`


def test_environment_says_what_it_takes():
    checks = carried_out(environment)
    assert all(check.ok and "GB" in check.value for check in checks)
    assert len(checks) == (sys.prefix != sys.base_prefix)
