"""The command `course`, as a user calls it."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import typer
from PIL import Image
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.cli.console import says_what_to_do
from course_lib.evaluation import (
    fit_gaussian,
    frechet_distance,
    read_split,
    sample_batches,
    score,
    split_statistics,
)
from course_lib.images import load_images, to_uint8
from course_lib.judges.classifier import FEATURES, Classifier, accuracy, extract_features, load_classifier
from course_lib.runs.checkpoints import load_checkpoint, sample_steps
from course_lib.runs.denoiser import picture_generators
from course_lib.runs.tensor_files import read_safetensors, write_safetensors

REAL = Path(__file__).parents[3] / "shared" / "data" / "fashion_mnist"

TINY = ["data.source=garments", "model.dim=8", "model.dim_mults=[1,2]", "model.class_conditional=true"]
TINY += ["diffusion.timesteps=6", "training.steps=3", "training.batch_size=4", "training.sample_count=2"]


def course(*words, ok=True):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert (result.exit_code == 0) is ok, result.output + str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return " ".join((result.stdout + result.stderr).split())


def set_all(settings):
    return [word for setting in settings for word in ("--set", setting)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    said = course("train", "garments_smoke", *set_all(TINY), "--out", out)
    assert re.search(r"step 3/3 loss \d\.\d+ \d+ images/s 0 s left", said)
    return out


def test_help_lists_the_commands():
    said = course("--help")
    assert all(command in said for command in ("doctor", "train", "sample", "evaluate", "export", "notebooks"))


def test_training_the_same_command_again_says_that_it_is_done(run):
    assert "trained already" in course("train", "garments_smoke", *set_all(TINY), "--out", run)


def test_a_wrong_setting_is_one_clear_message(tmp_path):
    said = course("train", "garments_smoke", "--set", "training.stepz=3", "--out", tmp_path / "x", ok=False)
    assert said.startswith("error: unknown key training.stepz; did you mean 'steps'?")
    assert "Traceback" not in said
    assert not (tmp_path / "x").exists()


def test_a_missing_folder_of_pictures_is_one_clear_message(tmp_path):
    said = course(
        "train", "folder_128_colour", "--set", f"data.source={tmp_path / 'none'}", "--out", tmp_path / "x", ok=False
    )
    assert "none" in said
    assert "Traceback" not in said


def test_samples_as_a_picture_and_a_gif(run, tmp_path):
    checkpoint = run / "checkpoint.safetensors"
    said = course("sample", checkpoint, "-n", 6, "--out", tmp_path / "s.png", "--gif", tmp_path / "d.gif")
    assert "6 images of 1 x 28 x 28" in said
    with Image.open(tmp_path / "s.png") as picture:
        assert picture.size == (2 * (3 * 29 - 1), 2 * (2 * 29 - 1))
    with Image.open(tmp_path / "d.gif") as gif:
        assert gif.n_frames == 7  # six steps, and the noise that they start from


def test_samples_as_a_tensor_in_batches(run, tmp_path):
    checkpoint = run / "checkpoint.safetensors"
    draw = lambda out, *more: course("sample", checkpoint, "-n", 7, "--batch", 3, "--out", tmp_path / out, *more)  # noqa: E731
    draw("a.safetensors")
    draw("b.safetensors")
    draw("c.safetensors", "--seed", 1)
    a, b, c = (read_safetensors(tmp_path / f"{name}.safetensors")[0]["images"] for name in "abc")
    assert (a.dtype, tuple(a.shape)) == (torch.uint8, (7, 1, 28, 28))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert len({image.numpy().tobytes() for image in a}) == 7


def test_the_samples_are_those_of_the_checkpoint_with_all_that_was_asked_for(run, tmp_path):
    checkpoint = run / "checkpoint.safetensors"
    asked = ("--label", "bag", "--seed", 5, "--precision", "bf16", "--device", "cpu")
    course("sample", checkpoint, "-n", 3, *asked, "--out", tmp_path / "s.safetensors")
    loaded, generators = load_checkpoint(checkpoint, "cpu"), picture_generators(5, 0, 3)
    *_, expected = sample_steps(loaded, 3, generators, label=8, precision="bf16")
    assert torch.equal(read_safetensors(tmp_path / "s.safetensors")[0]["images"], to_uint8(expected))


def test_samples_of_a_class_by_name(run, tmp_path):
    checkpoint = run / "checkpoint.safetensors"
    course("sample", checkpoint, "-n", 1, "--label", "bag", "--out", tmp_path / "s.png")
    assert "8 Bag" in course("sample", checkpoint, "-n", 1, "--label", "hat", "--out", tmp_path / "s.png", ok=False)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--out", "s.jpeg2"], "must end in .png or .safetensors"),
        (["--film", "d.mp4"], "must end in .gif or .webp"),
    ],
)
def test_a_wrong_ending_is_refused_before_any_sampling(run, words, says):
    assert says in course("sample", run / "checkpoint.safetensors", *words, ok=False)


def test_a_missing_checkpoint_names_the_courses_own():
    assert "The course's own: fashion_mnist" in course("sample", "nothing_here", ok=False)


def test_a_place_that_cannot_be_written_is_one_clear_message(run, tmp_path):
    (tmp_path / "file").touch()
    for words in (
        ("train", "garments_smoke", *set_all(TINY), "--out", tmp_path / "file"),
        ("sample", run / "checkpoint.safetensors", "-n", "1", "--out", tmp_path / "file" / "a.png"),
        ("export", run / "checkpoint.safetensors", tmp_path / "file" / "a.safetensors"),
    ):
        assert re.search("error: .*file.*Name another place", course(*words, ok=False))
    assert ".safetensors" in course("export", run / "checkpoint.safetensors", tmp_path / "a.png", ok=False)


def test_an_export_samples(run, tmp_path):
    course("export", run / "checkpoint.safetensors", tmp_path / "small.safetensors")
    course("sample", tmp_path / "small.safetensors", "-n", 1, "--out", tmp_path / "s.png")
    assert (tmp_path / "s.png").exists()


def test_every_shipped_checkpoint_samples_and_has_its_card(tmp_path):
    shipped = sorted((Path(__file__).parents[2] / "data").glob("*.safetensors"))
    assert shipped
    for path in shipped:
        course("sample", path.stem, "-n", 1, "--out", tmp_path / "s.png")
        assert "course train" in path.with_suffix(".md").read_text()


def test_the_shipped_classifier_has_its_card_and_a_plausible_floor():
    """Its weights and its statistics belong together; scoring samples with it takes minutes (data/*.md)."""
    model, statistics = load_classifier(device="cpu")
    card = (Path(__file__).parents[2] / "data" / "classifier" / "fashion_mnist.md").read_text()
    assert "course train-classifier" in card
    assert f"{sum(p.numel() for p in model.parameters()):,} parameters" in card
    floors = [frechet_distance(*read_split(statistics, split)) for split in range(3)]
    assert max(floors) < 1.5 * min(floors)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"there is no Fashion-MNIST in {REAL}")
def test_the_shipped_classifier_names_test_images_and_knows_their_statistics():
    model, statistics = load_classifier(device="cpu")
    images, labels = load_images(str(REAL), "test")
    assert accuracy(model, images[:2000], labels[:2000]) > 0.93
    order = torch.randperm(10_000, generator=torch.Generator().manual_seed(0))
    seen = extract_features(model, images[order[:2048]])
    assert torch.allclose(fit_gaussian(seen).mean, read_split(statistics, 0)[0].mean, atol=2e-3)


@pytest.fixture
def classifier_file(tmp_path, monkeypatch):
    """The file of an untrained classifier, with the statistics of few, invented features."""
    monkeypatch.setattr("course_lib.evaluation.SAMPLES", 40)
    features = torch.rand(100, FEATURES, generator=torch.Generator().manual_seed(0))
    tensors = {f"model.{name}": value for name, value in Classifier().state_dict().items()}
    path = tmp_path / "classifier.safetensors"
    names = [str(label) for label in range(10)]
    write_safetensors(path, tensors | split_statistics(features), {"image_shape": (1, 28, 28), "class_names": names})
    return path


def test_scores_stand_beside_their_floor(run, classifier_file):
    said = course("evaluate", run / "checkpoint.safetensors", "--classifier", classifier_file, "--seeds", 2)
    lines = re.findall(r"seed (\d): ([\d.]+), floor ([\d.]+), ([\d.]+) times the floor", said)
    assert [line[0] for line in lines] == ["0", "1"]
    for _, distance, floor, ratio in lines:
        assert float(ratio) == pytest.approx(float(distance) / float(floor), rel=0.02)
    assert "times the floor with 6 network calls a sample" in said


def test_each_seed_scores_samples_of_its_own_in_the_precision_asked_for(run, classifier_file):
    checkpoint = run / "checkpoint.safetensors"
    asked = ("--classifier", classifier_file, "--seeds", 2, "--precision", "bf16", "--device", "cpu")
    said = course("evaluate", checkpoint, *asked)
    loaded, judge = load_checkpoint(checkpoint, "cpu"), load_classifier(classifier_file, "cpu")
    for seed in range(2):
        expected = score(sample_batches(loaded, 40, seed, precision="bf16"), *judge, seed)
        assert f"seed {seed}: {expected.distance:.3g}, floor {expected.floor:.3g}" in said


def test_scoring_without_a_classifier_says_how_to_make_one(run):
    said = course("evaluate", run / "checkpoint.safetensors", "--classifier", "nowhere", ok=False)
    assert "course train-classifier" in said
    assert "Traceback" not in said


def test_picture_k_is_the_same_for_every_number_and_batch(run, tmp_path):
    def draw(count, batch, seed=3):
        out = tmp_path / f"{count}_{batch}_{seed}.safetensors"
        asked = ("-n", count, "--batch", batch, "--seed", seed, "--precision", "fp32", "--device", "cpu")
        course("sample", run / "checkpoint.safetensors", *asked, "--out", out)
        return read_safetensors(out)[0]["images"].int()

    five = draw(5, 64)
    for count, batch in ((5, 2), (3, 3), (1, 1)):
        assert (draw(count, batch) - five[:count]).abs().max() <= 1
    assert (draw(5, 64, seed=4) - five).abs().max() > 50


def test_help_shows_defaults_and_every_argument():
    assert "[default: runs/CONFIG]" in course("train", "--help")
    assert "A checkpoint, or the name of one in data/" in course("export", "--help")
    assert "Where to write the network" in course("export", "--help")


def test_the_version_is_told():
    assert re.fullmatch(r"course \d+\.\d+\.\d+", course("--version"))


def test_the_next_command_can_be_copied_whatever_the_folder_is_called(tmp_path):
    out = tmp_path / "my $HOME; run"
    said = course("train", "garments_smoke", *set_all(TINY), "--out", out)
    assert f"course sample '{out}/checkpoint.safetensors' --out" in said


@pytest.mark.parametrize(
    "problem",
    [
        OSError(errno.ENOSPC, "No space left on device"),  # without a file's name
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        PermissionError(errno.EACCES, "Permission denied", "x.png"),
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: 10 bytes"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"),
    ],
)
def test_what_the_system_refuses_is_one_line(monkeypatch, capsys, problem):
    @says_what_to_do
    def command():
        raise problem

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == 1
    said = capsys.readouterr().err
    assert re.fullmatch(r"error: [^\n]+\.\n", said)
    assert "Traceback" not in said


def test_a_bug_of_ours_stays_a_traceback():
    @says_what_to_do
    def command():
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        command()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_folder_with_letters_that_the_terminal_lacks(tmp_path, encoding):
    """The whole command in a process of its own: its streams are what is tried."""
    out = tmp_path / "日本 ü"
    settings = {"PYTHONIOENCODING": encoding, "COLUMNS": "40", "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "course_lib.cli", "train", "garments_smoke", *set_all(TINY), "--out", str(out)]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, check=False)
    said = done.stdout.decode(encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "\\u65e5\\u672c" in said
    assert f"next: course sample '{tmp_path}/" in said  # in one line
    assert (out / "checkpoint.safetensors").exists()


@pytest.mark.parametrize("device", ["cpu:x", "tpu", "", "cuda:99", "日本"])
def test_a_device_that_does_not_exist_is_one_clear_message(run, device):
    said = course("sample", run / "checkpoint.safetensors", "--device", device, "-n", 1, ok=False)
    assert said.startswith("error: device ")
    assert "Traceback" not in said
