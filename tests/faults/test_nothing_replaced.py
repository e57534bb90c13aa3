"""No command replaces what cannot be made again: a file of another kind, a run, a folder, a device."""

import json
import os

import pytest
import torch
from faults.tiny import STEPS, course, done, refusal, training, unpacked
from faults.works import ENDINGS
from PIL import Image
from safetensors.torch import save

from course_lib.judges.networks import Classifier
from course_lib.quizzes.certificate import GENERATOR
from course_lib.runs.checkpoints import export_checkpoint
from course_lib.runs.tensor_files import write_safetensors


@pytest.fixture(scope="module")
def kinds(undisturbed, tmp_path_factory):
    """One file of every kind: its content, by the kind's name."""
    place = tmp_path_factory.mktemp("kinds")
    for name in ("png", "gif", "bmp"):
        Image.new("L", (8, 8)).save(place / f"a.{name}")
    export_checkpoint(undisturbed / "checkpoint.safetensors", place / "export")
    weights = {f"model.{name}": value for name, value in Classifier().state_dict().items()}
    write_safetensors(place / "classifier", weights, {})
    write_safetensors(place / "samples", {"images": torch.zeros(1)}, {})
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return {
        "run": (undisturbed / "checkpoint.safetensors").read_bytes(),
        "picture": (place / "a.png").read_bytes(),
        "film": (place / "a.gif").read_bytes(),
        "bitmap": (place / "a.bmp").read_bytes(),
        "samples": (place / "samples").read_bytes(),
        "export": (place / "export").read_bytes(),
        "classifier": (place / "classifier").read_bytes(),
        "scores": json.dumps({"checkpoint": "mine", "sampler": {}, "scores": []}).encode(),
        "record": json.dumps({"extract": {"attempts": 3, "passed": False}}).encode(),
        "certificate": f"<!doctype html>\n<html><head>{GENERATOR}</head></html>".encode(),
        "another page": b"<!doctype html>\n<html><body>my thesis</body></html>",
        "text": b"my thesis\n" * 100,
        "table": b"step,grade\n1,2\n",
        "notebook": json.dumps(notebook).encode(),
        "program": b"#!/bin/sh\nexit 0\n",
        "bytes": bytes(range(256)) * 4,
        "cut off": (undisturbed / "checkpoint.safetensors").read_bytes()[:5000],
        "somebody else's tensors": save({"optimizer.0.step": torch.zeros(3)}),
        "somebody else's description": save({"optimizer.0.step": torch.zeros(3)}, {"format": "pt"}),
    }


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("writer", ENDINGS)
def test_no_file_of_another_kind(writer, linked, kinds, writers, calls, tmp_path, faults):
    """Refused before any work, in a line that names the file; also behind a link."""
    for kind, content in kinds.items():
        if kind == writer:
            continue
        place = tmp_path / "kinds" / kind.replace(" ", "_")
        place.mkdir(parents=True)
        file = target = place / f"mine{ENDINGS[writer]}"
        if linked:
            target = place / "elsewhere"
            file.symlink_to(target)
        target.write_bytes(content)
        said = refusal(course(*writers[writer](file)))
        assert file.name in said, said
        assert target.read_bytes() == content, kind
        assert file.is_symlink() == linked
        assert len(os.listdir(place)) == 1 + linked
        faults("file of another kind")
    assert not calls
    assert not (tmp_path / "new.png").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other devices")
@pytest.mark.parametrize("writer", ENDINGS)
def test_no_folder_no_device_no_pipe(writer, writers, calls, tmp_path, faults):
    ending = ENDINGS[writer]
    (tmp_path / f"folder{ending}").mkdir()
    (tmp_path / f"full{ending}").mkdir()
    (tmp_path / f"full{ending}" / "thesis").write_text("mine")
    (tmp_path / f"null{ending}").symlink_to("/dev/null")
    (tmp_path / f"link{ending}").symlink_to(tmp_path / f"full{ending}")
    os.mkfifo(tmp_path / f"pipe{ending}")
    for name in ("folder", "full", "null", "link", "pipe"):
        said = refusal(course(*writers[writer](tmp_path / f"{name}{ending}")))
        assert f"{name}{ending}" in said
        faults("file of another kind")
    assert (tmp_path / f"full{ending}" / "thesis").read_text() == "mine"
    assert (tmp_path / f"null{ending}").is_symlink()
    assert not calls


@pytest.mark.parametrize("writer", ["picture", "film", "samples", "export", "record", "certificate"])
def test_its_own_kind_and_a_link_are_replaced(writer, kinds, writers, tmp_path):
    """The refusals are no habit; and what a link leads to stays as it is."""
    file, target = tmp_path / f"mine{ENDINGS[writer]}", tmp_path / "elsewhere"
    target.write_bytes(kinds[writer])
    file.symlink_to(target)
    done(*writers[writer](file))
    assert target.read_bytes() == kinds[writer]
    assert file.is_file()
    assert not file.is_symlink()


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "log.csv", "config.yaml"])
def test_a_run_does_not_replace_other_peoples_files(name, kinds, calls, tmp_path, faults):
    """With and without --fresh, which deletes a run and nothing else."""
    for kind, content in kinds.items():
        if kind == "run" or (name == "checkpoint.safetensors" and kind == "cut off"):
            continue
        for options in ((), ("--fresh",)):
            out = tmp_path / f"{kind}{len(options)}".replace(" ", "_")
            out.mkdir()
            (out / name).write_bytes(content)
            (out / "samples_mine.png").write_bytes(b"mine")
            result = course(*training(out, *options))
            assert (out / name).read_bytes() == content, (kind, options, result.output)
            assert str(out) in refusal(result)
            assert (out / "samples_mine.png").read_bytes() == b"mine"
            faults("file of another kind")
    assert not calls


def test_a_run_is_not_replaced_by_what_is_made_of_it(undisturbed, kinds, tmp_path, faults):
    """breaker: sample X --out X, export to another run's checkpoint, by any way of naming it."""
    own, other = tmp_path / "own.safetensors", tmp_path / "other.safetensors"
    own.write_bytes(kinds["run"])
    other.write_bytes(kinds["run"])
    (tmp_path / "link.safetensors").symlink_to(own)
    os.link(own, tmp_path / "hard.safetensors")
    places = [
        own,
        other,
        tmp_path / "." / "own.safetensors",
        tmp_path / "link.safetensors",
        tmp_path / "hard.safetensors",
    ]
    for place in places:
        for words in (("sample", own, "--out", place), ("export", own, place), ("train-classifier", "--out", place)):
            refusal(course(*words))
            assert own.read_bytes() == other.read_bytes() == kinds["run"]
            faults("file of another kind")


def test_starting_over_deletes_what_is_left_of_a_run(kinds, tmp_path, faults):
    """A checkpoint that was cut off cannot be read any more, and stands in nobody's way."""
    for length in (0, 50, 1000, len(kinds["run"]) - 1):
        out = tmp_path / str(length)
        out.mkdir()
        (out / "checkpoint.safetensors").write_bytes(kinds["run"][:length])
        assert "broken" in refusal(course(*training(out)))
        done(*training(out, "--fresh"))
        assert unpacked(out / "checkpoint.safetensors")[1]["step"] == STEPS
        faults("wrong file")
