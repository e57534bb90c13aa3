"""Nothing that is not finite (nan, inf) is stored, loaded, sampled, scored or exported."""

import math
import os
import re

import pytest
import torch
from faults.tiny import SETTINGS, bits, course, done, listed, refusal, training, unpacked
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.optim.optimizer import register_optimizer_step_post_hook

from course_lib.errors import CourseError
from course_lib.images import load_images
from course_lib.pictures.gifs import save_film
from course_lib.pictures.plots import save_grid
from course_lib.runs.checkpoints import export_checkpoint, load_checkpoint, read_network
from course_lib.runs.config import load_config
from course_lib.runs.denoiser import SamplingError
from course_lib.runs.folder import add_row, open_run, store
from course_lib.runs.loop import preview, train
from course_lib.runs.run import TrainingError
from course_lib.runs.tensor_files import NotFiniteError, write_safetensors

BREAKS = {  # settings that break a run, though each of them is allowed
    "weight decay": ["training.weight_decay=1e308", "training.checkpoint_every=1", "training.steps=50"],
    "learning rate": ["training.lr=1", "training.grad_clip=null", "training.checkpoint_every=5", "training.steps=40"],
    "stored at the end only": ["training.weight_decay=1e308", "training.checkpoint_every=0", "training.steps=30"],
    "previews": ["training.weight_decay=1e308", "training.sample_every=1", "training.checkpoint_every=0"],
}


def finite(path):
    return all(bool(tensor.isfinite().all()) for tensor in load_file(path).values())


def rewritten(path, change, to):
    """The checkpoint `path` with other tensors, written without the course's own writer, which would refuse."""
    with safe_open(path, framework="pt") as stored:
        described = stored.metadata()
    save_file(change(load_file(path)), to, described)
    return to


@pytest.fixture
def file(undisturbed):
    return undisturbed / "checkpoint.safetensors"


@pytest.mark.parametrize("name", BREAKS)
def test_a_run_that_breaks_stores_nothing_that_is_not_finite(name, tmp_path, faults):
    out = tmp_path / "run"
    result = course(*training(out, *BREAKS[name]))
    if result.exit_code:
        assert re.search(r"not finite|is nan|is inf", refusal(result))
    if (out / "checkpoint.safetensors").exists():
        assert finite(out / "checkpoint.safetensors")
    assert result.exit_code or name == "learning rate"  # which breaks on some machines only
    faults("not finite")


def test_a_run_that_breaks_keeps_the_good_checkpoint_and_its_advice_can_be_followed(tmp_path, faults):
    """The run is good for three steps; in the fourth a weight breaks."""
    out, steps = tmp_path / "run", []

    def spoil(optimizer, *_):
        steps.append(1)
        if len(steps) == 4:
            optimizer.param_groups[0]["params"][5].data.fill_(math.nan)

    spoiler = register_optimizer_step_post_hook(spoil)
    said = refusal(course(*training(out, "training.steps=30")))
    spoiler.remove()
    assert unpacked(out / "checkpoint.safetensors")[1]["step"] == 3
    assert finite(out / "checkpoint.safetensors")
    assert "The checkpoint of step 3 is whole and stays" in said
    advised = re.search(r"--set (training\.start_from=\S+) --set (training\.lr=\S+) --out ANOTHER", said)
    done(*training(tmp_path / "another", advised[1], advised[2]))
    assert finite(tmp_path / "another" / "checkpoint.safetensors")
    done(*training(out, "--fresh", advised[2]))
    faults("not finite")


def test_a_number_that_is_not_finite_anywhere_in_a_run(tmp_path, faults):
    """In each tensor of the network, of its average, of Adam's moments; in a loss; in a row of the log."""
    images, _ = load_images("garments", image_size=8)
    out = tmp_path / "run"
    list(train(load_config("garments_smoke", SETTINGS), out))
    good = (out / "checkpoint.safetensors").read_bytes()
    run = open_run(load_config("garments_smoke", SETTINGS), out, images, [str(label) for label in range(10)], True)
    tensors = [*run.model.state_dict().values(), *run.ema.state_dict().values()]
    tensors += [value for state in run.optimizer.state.values() for value in state.values()]
    assert len(tensors) > 200
    for number, tensor in enumerate(tensors):
        flat, odd = tensor.view(-1), (math.nan, math.inf, -math.inf)[number % 3]
        before = float(flat[-1])
        flat[-1] = odd
        with pytest.raises(TrainingError, match=r"not finite.*stays"):
            store(run, out)
        flat[-1] = before
        faults("not finite")
    for odd in (math.nan, math.inf):
        run.losses.append(torch.tensor(odd))
        with pytest.raises(TrainingError, match="loss"):
            store(run, out)
        with pytest.raises(TrainingError, match="loss is"):
            add_row(run, out)
        run.losses.clear()
        faults("not finite", 2)
    assert (out / "checkpoint.safetensors").read_bytes() == good
    stored = bits(out)
    store(run, out)
    assert bits(out) == stored


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_a_network_that_is_not_finite_for_every_reader(odd, file, tmp_path, faults):
    """sample, evaluate, export, start_from, resume."""
    bad = rewritten(
        file, lambda tensors: {k: torch.full_like(v, odd) for k, v in tensors.items()}, tmp_path / "b.safetensors"
    )
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.safetensors").write_bytes(bad.read_bytes())
    before = listed(tmp_path)
    for words in (
        ("sample", bad, "-n", 4, "--out", tmp_path / "x.png"),
        ("sample", bad, "-n", 4, "--out", tmp_path / "x.safetensors", "--gif", tmp_path / "x.gif"),
        ("evaluate", bad, "--seeds", 1),
        ("export", bad, tmp_path / "e.safetensors"),
        training(tmp_path / "other", f"training.start_from={bad}"),
        training(tmp_path / "run"),
    ):
        said = refusal(course(*words))
        assert "not finite" in said
        assert bad.name in said or "checkpoint.safetensors" in said
        faults("not finite")
    assert set(listed(tmp_path)) - set(before) <= {"other"}
    assert not (tmp_path / "other" / "checkpoint.safetensors").exists()
    assert (tmp_path / "run" / "checkpoint.safetensors").read_bytes() == bad.read_bytes()


def test_samples_that_overflow_are_not_written(file, tmp_path, faults):
    """Every weight is finite; what the network makes of noise is not."""

    def enlarge(tensors):
        return {k: v * (1e30 if v.dim() > 1 else 1) for k, v in tensors.items()}

    wild = rewritten(file, enlarge, tmp_path / "wild.safetensors")
    for words in (
        ("--out", tmp_path / "x.png"),
        ("--out", tmp_path / "x.safetensors"),
        ("--out", tmp_path / "x.png", "--gif", tmp_path / "x.gif"),
    ):
        assert "samples are not finite" in refusal(course("sample", wild, "-n", 2, "--device", "cpu", *words))
        faults("not finite")
    assert listed(tmp_path) == ["wild.safetensors"]
    network = load_checkpoint(wild, "cpu")
    assert all(bool(tensor.isfinite().all()) for tensor in network.model.state_dict().values())


def test_a_preview_that_overflows_ends_the_run_and_keeps_it(tmp_path, faults):
    images, _ = load_images("garments", image_size=8)
    run = open_run(load_config("garments_smoke", SETTINGS), tmp_path, images, [str(label) for label in range(10)], True)
    for parameter in run.ema.parameters():
        parameter.mul_(1e30)
    with pytest.raises(SamplingError, match=r"not finite"):
        preview(run)
    faults("not finite")


def test_an_export_that_float16_cannot_hold(file, tmp_path, faults):
    """The weight is finite in the checkpoint."""
    name = "ema." + next(iter(read_network(file)[0]))
    for size in (7e4, -1e30):
        large = rewritten(
            file, lambda tensors, size=size: tensors | {name: tensors[name] * 0 + size}, tmp_path / "l.safetensors"
        )
        with pytest.raises(NotFiniteError, match="float16 cannot hold"):
            export_checkpoint(large, tmp_path / "e.safetensors")
        faults("not finite")
    assert listed(tmp_path) == ["l.safetensors"]


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.float8_e5m2])
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_the_writer_refuses_every_type(kind, odd, tmp_path, faults):
    path = tmp_path / "a.safetensors"
    write_safetensors(path, {"a": torch.ones(3).to(kind)}, {})
    before = path.read_bytes()
    with pytest.raises(NotFiniteError, match=r"1 of 2 tensors are not finite \(the first: b\)"):
        write_safetensors(path, {"a": torch.ones(3), "b": torch.tensor([1.0, odd, 2.0]).to(kind)}, {})
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.safetensors"]
    faults("not finite")


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_pictures_and_films(odd, tmp_path, faults):
    images = torch.zeros(4, 1, 8, 8)
    images[2, 0, 3, 3] = odd
    with pytest.raises(CourseError, match=r"not finite"):
        save_grid(images, tmp_path / "a.png")
    with pytest.raises(CourseError):
        save_film([images[2, 0].numpy()], tmp_path / "a.gif")
    assert os.listdir(tmp_path) == []
    faults("not finite", 2)


def test_the_checks_let_a_good_run_through(file):
    assert finite(file)
    assert load_checkpoint(file, "cpu").step == 2
