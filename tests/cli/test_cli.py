"""The command `course`, as a user calls it."""

import errno
import json
import math
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
from course_lib.images import to_uint8
from course_lib.judges import inception
from course_lib.judges.judge import load_judge
from course_lib.judges.networks import ARCHITECTURES, Classifier, ConvNextClassifier
from course_lib.judges.parallel import Plan, draw, together
from course_lib.judges.scoring import draw_labels, score
from course_lib.runs.checkpoints import denoiser, load_checkpoint, sample_steps
from course_lib.runs.cost import count_calls
from course_lib.runs.denoiser import picture_generators
from course_lib.runs.guides import WEIGHT, choose_guide
from course_lib.runs.samplers import Sampler, choose_sampler
from course_lib.runs.tensor_files import read_safetensors, write_safetensors

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


def test_without_a_label_each_image_has_a_class_of_its_own(run, tmp_path):
    """A network that knows classes is far better when it is told one, so each image's class is drawn."""
    checkpoint = run / "checkpoint.safetensors"
    asked = ("--seed", 5, "--precision", "fp32", "--device", "cpu", "--guide", "none")
    course("sample", checkpoint, "-n", 5, "--batch", 2, *asked, "--out", tmp_path / "s.safetensors")
    images = read_safetensors(tmp_path / "s.safetensors")[0]["images"].int()
    network = denoiser(load_checkpoint(checkpoint, "cpu"), draw_labels(10, 5, 5), "fp32")
    assert (images - to_uint8(network.sample(5, picture_generators(5, 0, 5))).int()).abs().max() <= 1
    unlabelled = denoiser(load_checkpoint(checkpoint, "cpu"), None, "fp32").sample(5, picture_generators(5, 0, 5))
    assert (images - to_uint8(unlabelled).int()).abs().max() > 1


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
        card = path.with_suffix(".md").read_text()
        assert "course train" in card or "python tools/" in card  # how it was made


# Scores


@pytest.fixture
def judges(tmp_path, monkeypatch):
    """The files of two untrained classifiers, with few, invented features of test images."""
    monkeypatch.setattr("course_lib.judges.judge.SAMPLES", 40)
    monkeypatch.setattr("course_lib.judges.scoring.SAMPLES", 40)
    files = []
    for number, network in enumerate((Classifier(), ConvNextClassifier())):
        seen = torch.rand(100, 128, generator=torch.Generator().manual_seed(number))
        tensors = {f"model.{name}": value for name, value in network.state_dict().items()} | {"test.features": seen}
        about = {"image_shape": (1, 28, 28), "class_names": [str(label) for label in range(10)]}
        files.append(tmp_path / f"judge{number}.safetensors")
        write_safetensors(files[-1], tensors, about | {"architecture": ("residual", "convnext")[number]})
    return files


def both(judges):
    return [word for file in judges for word in ("--judge", file)]


def expected_scores(checkpoint, judges, sampler, guide=None, seeds=1, precision="auto"):
    plan = Plan(load_checkpoint(checkpoint, "cpu"), sampler, guide, precision)
    chunks = list(draw(plan, range(seeds), 40, 1))
    return [score(together(chunks, seed), load_judge(file, "cpu"), seed) for file in judges for seed in range(seeds)]


def test_scores_stand_beside_their_floor(run, judges, tmp_path):
    checkpoint = run / "checkpoint.safetensors"
    said = course("evaluate", checkpoint, *both(judges), "--seeds", 2, "--json", tmp_path / "s.json", "--jobs", 1)
    written = json.loads((tmp_path / "s.json").read_text())
    expected = expected_scores(checkpoint, judges, Sampler("dpm_solver"), seeds=2)
    assert [(one["judge"], one["seed"]) for one in written["scores"]] == [(e.judge, e.seed) for e in expected]
    for one, right in zip(written["scores"], expected, strict=True):
        assert one["samples"] == vars(right.samples)
        assert one["floor"] == vars(right.floor)
        assert one["ratio"] == right.ratio
    assert written["sampler"] == {"name": "dpm_solver", "steps": 6, "spacing": "log_snr", "eta": 0.0}
    assert written["calls"]["total"] == 6
    assert (written["guide"], written["jobs"], written["device"]) == (None, 1, "cpu")
    assert "samples of each of 2 seeds" in said
    assert "sampler: dpm_solver, 6 steps, evenly spaced in log-SNR guide: none" in said
    assert "cost: 6 network calls a sample" in said
    ratios = [one.ratio for one in expected[:2]]
    mean, spread = sum(ratios) / 2, abs(ratios[0] - ratios[1]) / math.sqrt(2)
    assert f"times the floor {mean:,.2f} ± {spread:,.2f}" in said
    assert "judge0 judge1" in said
    assert "± is the standard deviation over the seeds" in said
    assert ("The judges disagree: " in said) == bool(written["disagreement"])
    assert f"wrote {tmp_path}/s.json" in said


def test_a_warning_where_the_judges_disagree(run, judges):
    """These have seen nothing but noise."""
    said = course("evaluate", run / "checkpoint.safetensors", *both(judges), "--seeds", 1, "--jobs", 1)
    assert re.search(r"The judges disagree: [\d.]+ times the floor for judge\d, [\d.]+ for judge\d\. Believe", said)
    assert "This is one run: there are no error bars." in said
    assert "±" not in said
    alone = course("evaluate", run / "checkpoint.safetensors", "--classifier", judges[0], "--seeds", 1, "--jobs", 1)
    assert "disagree" not in alone
    assert "judge0" in alone


def test_what_is_asked_for_is_what_is_scored(run, judges, tmp_path):
    """Sampler, steps, spacing, eta, guide, weight, precision, and two processes: each reaches the samples."""
    checkpoint, file = run / "checkpoint.safetensors", tmp_path / "s.json"
    asked = ["--sampler", "ddim", "--steps", 4, "--spacing", "leading", "--eta", 0.5, "--precision", "bf16"]
    asked += ["--guide", checkpoint, "--guide-weight", 1.5, "--seeds", 1, "--device", "cpu", "--jobs", 2]
    said = course("evaluate", checkpoint, "--judge", judges[0], *asked, "--json", file)
    loaded, sampler = load_checkpoint(checkpoint, "cpu"), Sampler("ddim", 4, "leading", 0.5)
    guide = choose_guide(checkpoint, loaded, str(checkpoint), 1.5, "cpu")
    (expected,) = expected_scores(checkpoint, judges[:1], sampler, guide, precision="bf16")
    written = json.loads(file.read_text())
    assert written["scores"][0]["samples"] == vars(expected.samples)
    assert written["sampler"] == {"name": "ddim", "steps": 4, "spacing": "leading", "eta": 0.5}
    assert written["guide"] == {"name": "checkpoint", "weight": 1.5, "lowest": 0.2, "highest": 5.0}
    assert written["calls"] == {"network": 4, "guide": 4, "guide_cost": 1.0, "total": 8.0}
    assert "sampler: ddim, 4 steps, evenly spaced (leading), eta 0.5 guide: checkpoint, weight 1.5" in said
    assert "cost: 8 network calls a sample (4, and 4 of the guide, each 1)" in said


def test_the_course_own_network_has_its_guide_and_its_sampler():
    loaded = load_checkpoint("fashion_mnist", "cpu")
    guide = choose_guide("fashion_mnist", loaded, "auto", None, "cpu")
    calls = count_calls(loaded, choose_sampler(loaded.schedule), guide)
    assert guide.weight == WEIGHT
    assert (calls.network, calls.guide) == (16, 5)
    assert 18 < calls.total < 20


def test_a_table_fits_into_80_columns(run, judges):
    """With names as long as those of the course's own."""
    for file, name in zip(judges, ("fashion_mnist.safetensors", "fashion_mnist_convnext.safetensors"), strict=True):
        file.rename(file.with_name(name))
    files = [judges[0].with_name(f"fashion_mnist{end}.safetensors") for end in ("", "_convnext")]
    words = ["evaluate", run / "checkpoint.safetensors", *both(files), "--seeds", 2, "--jobs", 1]
    result = CliRunner().invoke(app, [str(word) for word in words])
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    table = lines[next(i for i, line in enumerate(lines) if "convnext" in line and "evaluate" not in line) :]
    assert max(map(len, table)) <= 80
    assert len([line for line in table if re.match(r"^(  )?[A-Za-z]", line) and "±" in line]) >= 12
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--judge", "nowhere"], "course train-classifier"),
        (["--steps", 7], "7 steps, and this network knows 1 to 6"),
        (["--eta", 0.5], "only the sampler ddim takes eta"),
        (["--guide", "nowhere"], "no checkpoint nowhere"),
        (["--guide", "textures"], "this network cannot be the guide: what they predict must agree"),
        (["--guide-weight", 1.5], "there is no guide that could have the weight"),
        (["--json", "scores.txt"], "must end in .json"),
        (["--device", "tpu"], "device 'tpu' is not available"),
    ],
)
def test_what_cannot_be_scored_is_said_before_anything_is_drawn(run, judges, words, says, monkeypatch):
    monkeypatch.setattr("course_lib.judges.parallel.draw", lambda *_: pytest.fail("it has begun to draw"))
    words = words if "--judge" in words else [*both(judges), *words]
    said = course("evaluate", run / "checkpoint.safetensors", *words, ok=False)
    assert says in said
    assert said.startswith("error: ")
    assert "Traceback" not in said


def test_labels_guide_what_has_a_label(run, tmp_path):
    words = ["sample", run / "checkpoint.safetensors", "-n", 2, "--guide", "labels", "--out", tmp_path / "two.png"]
    assert "--guide labels needs a label" in course(*words, ok=False)
    course(*words, "--label", 1, "--guide-weight", 3)
    assert (tmp_path / "two.png").is_file()


def test_networks_that_draw_something_else_and_judges_with_one_name_are_refused(run, judges, tmp_path):
    tensors, about = read_safetensors(run / "checkpoint.safetensors")
    write_safetensors(tmp_path / "small.safetensors", tensors, about | {"image_shape": [1, 8, 8]})
    said = course("evaluate", tmp_path / "small.safetensors", "--judge", judges[0], ok=False)
    assert "judge0 judges images of (1, 28, 28); this network draws (1, 8, 8)" in said
    (tmp_path / "b").mkdir()
    other = judges[1].rename(tmp_path / "b" / judges[0].name)
    words = ("evaluate", run / "checkpoint.safetensors", "--judge", judges[0], "--judge", other)
    assert "two judges have the name judge0" in course(*words, ok=False)


def test_inception_asks_before_it_downloads(run, judges, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", "garments")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(inception.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(inception, "_download", lambda file: pytest.fail("it downloads"))
    said = course("evaluate", run / "checkpoint.safetensors", "--inception", ok=False)
    assert said.startswith("error: --inception would download Inception's weights")
    assert "--yes" in said
    monkeypatch.setattr(inception, "load_inception", lambda device: load_judge(judges[1], device))
    said = course("evaluate", run / "checkpoint.safetensors", "--inception", "--yes", "--seeds", 1, "--jobs", 1)
    assert "judge1" in said


@pytest.mark.parametrize(("words", "architecture"), [([], "residual"), (["--architecture", "plain"], "plain")])
def test_a_classifier_of_the_architecture_that_is_asked_for(tmp_path, monkeypatch, words, architecture):
    monkeypatch.setattr("course_lib.judges.scoring.SAMPLES", 40)
    monkeypatch.setattr("course_lib.judges.judge.SAMPLES", 40)
    images = torch.randint(256, (256, 1, 28, 28), dtype=torch.uint8), torch.arange(256) % 10
    monkeypatch.setattr("course_lib.judges.scoring.load_images", lambda source, split="train": images)
    out = tmp_path / "c.safetensors"
    said = course("train-classifier", "--data", "garments", "--epochs", 1, "--out", out, "--device", "cpu", *words)
    assert re.search(r"epoch 1/1 loss \d\.\d{3} \d+\.\d\d% of the test images right", said)
    assert f"course evaluate CHECKPOINT --judge {out}" in said
    assert load_judge(out, "cpu").architecture == architecture


def test_every_architecture_can_be_asked_for():
    assert "residual|convnext|plain" in course("train-classifier", "--help")
    assert list(ARCHITECTURES) == ["residual", "convnext", "plain"]


# Samples


SAMPLERS = [
    [],
    ["--sampler", "ancestral"],
    ["--sampler", "ancestral", "--steps", 4],
    ["--sampler", "ddim", "--steps", 3, "--eta", 1],
    ["--sampler", "heun", "--steps", 3, "--spacing", "trailing"],
    ["--steps", 2],
]


@pytest.mark.parametrize("guided", [False, True], ids=["alone", "guided"])
@pytest.mark.parametrize("words", SAMPLERS, ids=lambda words: " ".join(map(str, words)) or "default")
def test_picture_k_is_the_same_for_every_sampler(run, words, guided, tmp_path):
    checkpoint = run / "checkpoint.safetensors"
    guide = ["--guide", checkpoint, "--guide-weight", 1.4] if guided else []

    def draw(count, batch):
        out = tmp_path / f"{count}_{batch}.safetensors"
        asked = ("-n", count, "--batch", batch, "--seed", 3, "--precision", "fp32", "--device", "cpu")
        course("sample", checkpoint, *asked, *words, *guide, "--out", out)
        return read_safetensors(out)[0]["images"].int()

    five = draw(5, 64)
    assert (draw(3, 2) - five[:3]).abs().max() <= 1
    given = dict(zip(words[::2], words[1::2], strict=True))
    loaded = load_checkpoint(checkpoint, "cpu")
    sampler = choose_sampler(
        loaded.schedule, given.get("--sampler"), given.get("--steps"), given.get("--spacing"), given.get("--eta", 0)
    )
    chosen = choose_guide(checkpoint, loaded, str(checkpoint), 1.4, "cpu") if guided else None
    network = denoiser(loaded, draw_labels(10, 5, 3), "fp32", sampler, chosen)
    expected = network.sample(5, picture_generators(3, 0, 5))
    assert torch.equal(five, to_uint8(expected).int())
    about = read_safetensors(tmp_path / "5_64.safetensors")[1]
    assert about["sampler"] == str(sampler)
    assert about["guide"] == ("checkpoint, weight 1.4, where sigma is from 0.2 to 5" if guided else "none")


def test_the_samplers_draw_different_pictures(run, tmp_path):
    """Otherwise the test above could not fail."""
    drawn = []
    for number, words in enumerate(SAMPLERS):
        out = tmp_path / f"{number}.safetensors"
        course("sample", run / "checkpoint.safetensors", "-n", 2, *words, "--out", out)
        drawn.append(read_safetensors(out)[0]["images"])
    assert all(not torch.equal(drawn[a], drawn[b]) for a in range(len(drawn)) for b in range(a))


def test_a_film_counts_the_samplers_steps(run, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr("course_lib.pictures.plots.with_text", lambda image, text: said.append(text) or image)
    for words, steps in (([], 6), (["--steps", 4], 4), (["--sampler", "heun", "--steps", 3], 3)):
        said.clear()
        out = ("--out", tmp_path / "s.png", "--film", tmp_path / "d.webp")
        course("sample", run / "checkpoint.safetensors", "-n", 2, *words, *out)
        assert said == [f"step {number} of {steps}" for number in range(steps + 1)]


def test_the_bar_counts_the_samplers_steps(run, tmp_path, bars):
    asked = ("-n", 5, "--batch", 2, "--out", tmp_path / "s.png")
    course("sample", run / "checkpoint.safetensors", *asked, "--sampler", "heun", "--steps", 4)
    course("sample", run / "checkpoint.safetensors", *asked)
    assert [(bar.total, bar.done) for bar in bars] == [(12, 12), (18, 18)]


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
