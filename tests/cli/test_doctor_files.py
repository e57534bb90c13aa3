"""`course doctor` on the course's own files: each is removed or damaged in turn, in a copy."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from course_lib.cli.doctor import course_files
from course_lib.cli.doctor.course_files import (
    NETWORKS,
    PICTURES,
    SHIPPED,
    TABLES,
    checkpoints,
    configs,
    data_files,
    data_source,
    drawing,
    notebooks,
)
from course_lib.cli.doctor.report import carried_out
from course_lib.image_data import garments, loading, tables
from course_lib.paths import CONFIGS, DATA, NOTEBOOKS, ROOT
from course_lib.runs.tensor_files import read_safetensors, write_safetensors

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"


@pytest.fixture(autouse=True)
def course(monkeypatch, tmp_path):
    """A copy of the course's data, notebooks and configs: `course_files` looks at it."""
    copy = tmp_path / "course"
    cached = shutil.ignore_patterns("cache", "runs", ".ipynb_checkpoints")
    shutil.copytree(DATA, copy / "data", ignore=cached)
    shutil.copytree(CONFIGS, copy / "configs")
    shutil.copytree(NOTEBOOKS, copy / "notebooks", ignore=cached)
    (copy / ".git").mkdir()
    monkeypatch.setattr(course_files, "ROOT", copy)
    monkeypatch.setattr(course_files, "DATA", copy / "data")
    monkeypatch.setattr(course_files, "CONFIGS", copy / "configs")
    monkeypatch.setattr(course_files, "NOTEBOOKS", copy / "notebooks")
    return copy


def wrong(look):
    return [check for check in carried_out(look) if not check.ok]


def only_wrong(look):
    (check,) = wrong(look)
    assert check.remedy
    assert "\n" not in check.value
    return check


def test_nothing_is_wrong_in_the_course_itself():
    assert [check for look in (notebooks, data_files, checkpoints, configs, drawing) for check in wrong(look)] == []


# data/


def test_the_list_names_every_file_that_git_has_and_the_chapters_load():
    listing = subprocess.run(["git", "ls-files", "data"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("this is no git checkout")
    tracked = {name.removeprefix("data/") for name in listing.stdout.split()}
    assert {name for name in tracked if not name.endswith(".md")} == set(SHIPPED)
    files = [*(NOTEBOOKS / "source").glob("*.py"), *(ROOT / "course_lib" / "drawings").glob("*.py")]
    sources = "\n".join(file.read_text(encoding="utf-8") for file in files)
    loaded = set(re.findall(r'load_checkpoint\("(\w+)"', sources)) | set(re.findall(r'\b_?table\("(\w+)"\)', sources))
    assert len(loaded) >= 7
    assert loaded <= {name.partition(".")[0] for name in SHIPPED}


def test_no_data_at_all(course):
    shutil.rmtree(course / "data")
    check = only_wrong(data_files)
    assert check.name == "data/"
    assert "chapter 00" in check.value
    assert "git checkout -- data`" in check.remedy


def test_no_data_but_a_cache(course):
    shutil.rmtree(course / "data")
    (course / "data" / "cache").mkdir(parents=True)
    assert only_wrong(data_files).name == "data/"


@pytest.mark.parametrize("name", SHIPPED)
def test_one_file_is_missing(course, name):
    (course / "data" / name).unlink()
    check = only_wrong(data_files)
    assert check.name == f"data/{name}"
    assert f"git checkout -- data/{name}`" in check.remedy


def test_without_git_the_remedy_is_another(course):
    (course / ".git").rmdir()
    (course / "data" / "ablation.csv").unlink()
    remedy = only_wrong(data_files).remedy
    assert "git" not in remedy
    assert "data/ablation.csv" in remedy


@pytest.mark.parametrize("name", [*TABLES, *PICTURES])
@pytest.mark.parametrize("damage", ["empty", "cut", "pointer", "noise"])
def test_table_or_picture_is_damaged(course, name, damage):
    file = course / "data" / name
    content = file.read_bytes()
    noise = np.random.default_rng(0).bytes(500)
    half = content[: content.index(b",", len(content) // 2)]  # in a table: in the middle of a line
    file.write_bytes({"empty": b"", "cut": half, "pointer": POINTER.encode(), "noise": noise}[damage])
    check = only_wrong(data_files)
    assert check.name == f"data/{name}"
    assert ("git lfs pull" if damage == "pointer" else "git checkout") in check.remedy


@pytest.mark.parametrize("name", NETWORKS)
def test_card_is_missing(course, name):
    (course / "data" / f"{name}.md").unlink()
    assert only_wrong(data_files).name == f"data/{name}.md"


def test_a_network_of_the_users_own_needs_a_card_too(course):
    shutil.copy(course / "data" / "skips_all.safetensors", course / "data" / "mine.safetensors")
    assert only_wrong(data_files).name == "data/mine.md"
    assert wrong(checkpoints) == []


# The networks in it


def spoil_number(value):
    def spoil(file):
        tensors, metadata = load_file(file), read_safetensors(file)[1]
        name = next(key for key, tensor in tensors.items() if tensor.is_floating_point())
        tensors[name].view(-1)[-1] = value
        save_file(tensors, file, {"course": json.dumps(metadata)})

    return spoil


def drop_tensor(file):
    tensors, metadata = read_safetensors(file)
    tensors.popitem()
    write_safetensors(file, tensors, metadata)


def change_metadata(**changes):
    def spoil(file):
        tensors, metadata = read_safetensors(file)
        write_safetensors(file, tensors, metadata | changes)

    return spoil


DAMAGE = {
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:-4]),
    "empty": lambda file: file.write_bytes(b""),
    "pointer": lambda file: file.write_text(POINTER),
    "a web page": lambda file: file.write_text("<!DOCTYPE html><html></html>"),
    "another library's": lambda file: save_file({"weight": torch.zeros(3)}, file),
    "not a number": spoil_number(float("nan")),
    "infinite": spoil_number(float("inf")),
    "a tensor is missing": drop_tensor,
    "other classes": change_metadata(class_names=["one", "two"]),
    "other shape": change_metadata(image_shape=[3, 28, 28]),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
}


@pytest.mark.parametrize("name", ["fashion_mnist_cpu", "textures", "classifier/fashion_mnist"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_network_is_damaged(course, name, damage):
    if (name, damage) == ("fashion_mnist_cpu", "other classes"):
        pytest.skip("it knows no classes, so two names fit it as well as ten")
    DAMAGE[damage](course / "data" / f"{name}.safetensors")
    check = only_wrong(checkpoints)
    assert check.name == f"data/{name}.safetensors"
    good = carried_out(checkpoints)[0].value.split(", ")
    assert len(good) == len(NETWORKS) - 1
    assert f"{name}.safetensors" not in good
    assert ("git lfs pull" if damage == "pointer" else f"git checkout -- data/{name}.safetensors") in check.remedy


@pytest.mark.parametrize("name", ["fashion_mnist", "skips_none"])
def test_config_of_a_network_is_not_understood(course, name):
    config = read_safetensors(course / "data" / f"{name}.safetensors")[1]["config"]
    config["model"]["from_the_future"] = 1
    change_metadata(config=config)(course / "data" / f"{name}.safetensors")
    assert "from_the_future" in only_wrong(checkpoints).value


def test_every_network_is_damaged(course):
    for file in (course / "data").glob("**/*.safetensors"):
        file.write_bytes(b"")
    assert len(wrong(checkpoints)) == len(NETWORKS)


# Notebooks and configs


@pytest.mark.parametrize("damage", [None, "", '{"cells": [', "[]", "{}"])
def test_notebook_is_missing_or_damaged(course, damage):
    file = course / "notebooks" / "00_start.ipynb"
    if damage is None:
        file.unlink()
    else:
        file.write_text(damage)
    check = only_wrong(notebooks)
    assert check.name == "notebooks/00_start.ipynb"
    assert "replaces what you wrote" in check.remedy


def test_no_notebooks(course):
    shutil.rmtree(course / "notebooks")
    assert only_wrong(notebooks).name == "notebooks/00_start.ipynb"


def test_config_is_damaged(course):
    (course / "configs" / "textures.yaml").write_text("model:\n  dmi: 3\n")
    check = only_wrong(configs)
    assert check.name == "configs/textures.yaml"
    assert "dmi" in check.value


def test_no_configs(course):
    shutil.rmtree(course / "configs")
    assert "course train" in only_wrong(configs).value


# What is learned from


def test_drawing_that_gives_blank_pictures(monkeypatch):
    monkeypatch.setattr(garments, "draw_garments", lambda count: (np.zeros((count, 28, 28), np.uint8), None))
    assert "10 of 10 built-in garments are blank" in only_wrong(drawing).value


@pytest.mark.parametrize("chosen", ["no/such/folder/anywhere", "an empty folder", "grments"])
def test_data_source_that_is_not_there(monkeypatch, tmp_path, chosen):
    if chosen == "an empty folder":
        (tmp_path / chosen).mkdir()
        chosen = str(tmp_path / chosen)
    monkeypatch.setenv("COURSE_DATA", chosen)
    check = only_wrong(data_source)
    assert chosen in check.value
    assert "COURSE_DATA" in check.remedy


def test_data_source_without_a_network(monkeypatch):
    monkeypatch.setenv("COURSE_DATA", "")
    monkeypatch.setattr(tables, "maybe_prepared", lambda name: False)
    monkeypatch.setattr(tables, "hub_answers", lambda: False)
    monkeypatch.setattr(loading, "_auto", [])
    (check,) = carried_out(data_source)
    assert check.ok
    assert "built-in garments" in check.value


def test_data_source_that_the_hub_would_send_is_not_fetched(monkeypatch):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setattr(tables, "maybe_prepared", lambda name: False)
    monkeypatch.setattr(tables, "hub_answers", lambda: True)

    def fetched(name):
        raise AssertionError("the doctor downloads")

    monkeypatch.setattr(tables, "load_dataset", fetched)
    (check,) = carried_out(data_source)
    assert check.ok
    assert "Fashion-MNIST" in check.value
