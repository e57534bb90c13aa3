"""A run's folder: what is missing is made, what is not ours is kept, and nothing changes without a word."""

import os

import pytest
import torch

from course_lib.errors import CourseError
from course_lib.runs import loop
from course_lib.runs.checkpoints import export_checkpoint
from course_lib.runs.config import check_config
from course_lib.runs.folder import CHECKPOINT, stored_step
from course_lib.runs.loop import train
from course_lib.runs.run import TrainingError
from course_lib.runs.tensor_files import read_safetensors

TINY = {
    "data": {"source": "garments"},
    "model": {"dim": 8, "dim_mults": [1, 2]},
    "diffusion": {"timesteps": 5},
    "training": {
        "steps": 12,
        "batch_size": 8,
        "sample_every": 6,
        "sample_count": 4,
        "checkpoint_every": 4,
        "device": "cpu",
        "precision": "fp32",
    },
}


def tiny(**changes):
    return check_config(TINY | {"training": TINY["training"] | changes})


@pytest.fixture(autouse=True)
def few_garments(monkeypatch):
    images = torch.randint(256, (20, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    monkeypatch.setattr(loop, "load_images", lambda *args, **kwargs: (images, torch.arange(20) % 10))


def columns(folder):
    return [row.split(",")[:2] for row in (folder / "log.csv").read_text().splitlines()]


@pytest.mark.parametrize("missing", ["log.csv", "samples_000012.png", "config.yaml"])
def test_what_is_missing_beside_the_last_checkpoint_is_made(tmp_path, missing):
    """As after a kill between the checkpoint and the rest; also when the run has ended."""
    list(train(tiny(), tmp_path))
    before, rows = (tmp_path / missing).read_bytes(), columns(tmp_path)
    (tmp_path / missing).unlink()
    for left in (f".{CHECKPOINT}.abcd.unfinished", f".{CHECKPOINT}.wxyz", ".samples_000006.png.abcd.unfinished"):
        (tmp_path / left).write_bytes(b"half")
    (tmp_path / ".samples.png.abcd.unfinished").write_bytes(b"another command writes it")
    assert list(train(tiny(), tmp_path)) == []
    assert (tmp_path / missing).read_bytes() == before
    assert columns(tmp_path) == rows
    assert {file.name for file in tmp_path.glob(".?*")} == {".lock", ".samples.png.abcd.unfinished"}


def test_a_kept_picture_is_not_drawn_again(tmp_path):
    list(train(tiny(), tmp_path))
    (tmp_path / "samples_000012.png").write_bytes(b"kept")
    list(train(tiny(), tmp_path))
    assert (tmp_path / "samples_000012.png").read_bytes() == b"kept"


def test_another_number_of_steps_says_what_happens_to_the_learning_rate(tmp_path, capsys):
    list(train(tiny(), tmp_path))
    next(train(tiny(steps=24), tmp_path))
    said = capsys.readouterr().out
    assert "run: training.steps was 12 and is 24 now" in said
    assert "at step 12 goes from 2% to 62% of training.lr" in said
    assert f"--set training.start_from={tmp_path / CHECKPOINT} --out ANOTHER" in said
    list(train(tiny(steps=24), tmp_path))
    assert "training.steps was" not in capsys.readouterr().out


def test_classes_are_needed_for_a_network_with_classes(tmp_path, monkeypatch):
    config = check_config(TINY | {"model": TINY["model"] | {"class_conditional": True}})
    monkeypatch.setattr(loop, "class_names", lambda source: ())
    with pytest.raises(TrainingError, match=r"needs classes, and garments has none.*one folder for each class"):
        next(train(config, tmp_path))
    assert next(train(tiny(), tmp_path / "without")).step == 1
    monkeypatch.undo()
    images = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    monkeypatch.setattr(loop, "load_images", lambda *args, **kwargs: (images, torch.full((4,), -1)))
    with pytest.raises(TrainingError, match="needs classes"):  # a split in which no label is known
        next(train(config, tmp_path))


def test_starting_over_does_not_delete_an_exported_network(tmp_path):
    list(train(tiny(), tmp_path / "run"))
    export_checkpoint(tmp_path / "run" / CHECKPOINT, tmp_path / CHECKPOINT)
    before = (tmp_path / CHECKPOINT).read_bytes()
    with pytest.raises(TrainingError, match="is no run's checkpoint"):
        next(train(tiny(), tmp_path, resume=False))
    assert (tmp_path / CHECKPOINT).read_bytes() == before


def test_starting_over_replaces_what_is_broken(tmp_path):
    list(train(tiny(), tmp_path))
    whole = (tmp_path / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(whole[:1000])
    with pytest.raises(CourseError, match="broken or half-copied"):
        next(train(tiny(), tmp_path))
    assert len(list(train(tiny(), tmp_path, resume=False))) == 12


def test_two_trainings_do_not_share_a_folder(tmp_path):
    first = train(tiny(), tmp_path)
    next(first)
    with pytest.raises(TrainingError, match=r"another training is at work in .*--out"):
        next(train(tiny(), tmp_path))
    first.close()
    assert stored_step(tmp_path) == 1
    assert next(train(tiny(), tmp_path)).step == 2


@pytest.mark.parametrize("checkpoint_every", [0, 1])
def test_weights_that_are_not_finite_are_not_stored(tmp_path, checkpoint_every):
    """Decay alone makes the weights inf while every loss is finite until the next step."""
    config = tiny(weight_decay=1e308, checkpoint_every=checkpoint_every)
    with pytest.raises(TrainingError, match=r"--fresh --set training.lr="):
        list(train(config, tmp_path))
    assert not (tmp_path / CHECKPOINT).exists()


def test_a_run_that_breaks_keeps_its_last_good_checkpoint_and_the_advice_works(tmp_path, monkeypatch):
    def then_break(run, images, labels):
        loss = take_step(run, images, labels)
        if run.step == 7:
            next(run.ema.parameters()).view(-1)[0] = float("inf")
        return loss

    take_step = loop.advance
    monkeypatch.setattr(loop, "advance", then_break)
    with pytest.raises(
        TrainingError, match=r"broke before step 8: .*not finite.*checkpoint of step 4.*stays"
    ) as caught:
        list(train(tiny(), tmp_path / "run"))
    tensors, metadata = read_safetensors(tmp_path / "run" / CHECKPOINT)
    assert metadata["step"] == 4
    assert all(bool(tensor.isfinite().all()) for tensor in tensors.values())
    advice = dict(word.split("=") for word in str(caught.value).split() if word.startswith("training."))
    monkeypatch.setattr(loop, "advance", take_step)
    changes = {"lr": float(advice["training.lr"]), "start_from": advice["training.start_from"]}
    assert len(list(train(tiny(**changes), tmp_path / "another"))) == 12
    assert len(list(train(tiny(lr=changes["lr"]), tmp_path / "run", resume=False))) == 12


def test_a_run_folder_is_private_where_the_umask_says_so(tmp_path):
    before = os.umask(0o077)
    try:
        list(train(tiny(steps=1), tmp_path / "run"))
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o077 for file in (tmp_path / "run").iterdir()} == {0}


def test_a_loss_that_is_not_finite_between_two_rows_of_the_log_is_not_stored(tmp_path, monkeypatch):
    """The weights are finite still: only what was lost with them tells that the run is broken."""
    take_step = loop.advance
    broken = lambda run, *data: take_step(run, *data) * (float("nan") if run.step == 3 else 1)  # noqa: E731
    monkeypatch.setattr(loop, "advance", broken)
    with pytest.raises(TrainingError, match=r"a loss before step 4 is not finite.*checkpoint of step 2.*stays"):
        list(train(tiny(checkpoint_every=2), tmp_path))
    assert stored_step(tmp_path) == 2
