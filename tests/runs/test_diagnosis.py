"""`diagnosis`: the committed broken runs are named, healthy ones are not, and no name of a file is read."""

import csv
import shutil
from dataclasses import replace

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from small_checkpoints import make_checkpoint

from course_lib.experiments.broken_runs import BROKEN_RUNS, BUGS, HEALTHY_RUNS
from course_lib.images import load_images, to_model_range
from course_lib.runs import diagnosis
from course_lib.runs.diagnosis import network
from course_lib.runs.tensor_files import CheckpointError, write_safetensors

UNNAMED = {"beta_for_its_root", "train_mode", "off_by_one_start"}  # with garments to compare with


@pytest.fixture(autouse=True)
def garments(monkeypatch):
    """The images that everybody has."""
    monkeypatch.setenv("COURSE_DATA", "garments")


def names(file, source=None):
    return [one.name for one in diagnosis.diagnose(file, source).findings]


def test_there_are_seventeen_broken_runs_and_they_take_less_than_six_megabytes():
    assert len(BROKEN_RUNS) == len({run.name for run in BROKEN_RUNS}) == 17
    assert sum(file.stat().st_size for file in BUGS.iterdir()) < 6e6
    assert {file.stem for file in BUGS.glob("*.safetensors")} == {
        run.name for run in (*BROKEN_RUNS, *HEALTHY_RUNS) if run.file.parent == BUGS
    }


@pytest.mark.parametrize("run", [run for run in BROKEN_RUNS if run.name not in UNNAMED], ids=lambda run: run.name)
def test_a_broken_run_is_named(run, tmp_path):
    """Under another name, too: only what is in the file counts."""
    file = tmp_path / "x.safetensors"
    shutil.copy(run.file, file)
    found = diagnosis.diagnose(file).findings
    assert run.name in [one.name for one in found]
    assert found[0].name == run.name or found[0].sure == "likely"


def test_what_is_not_named_is_not_called_something_else():
    for run in BROKEN_RUNS:
        if run.name in UNNAMED:
            assert names(run.file) == []


def test_at_least_twelve_are_named_and_the_table_says_the_same():
    assert len(BROKEN_RUNS) - len(UNNAMED) >= 12
    with open(BUGS / "diagnose.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == [run.name for run in (*BROKEN_RUNS, *HEALTHY_RUNS)]
    assert sum(row["named"] == "yes" for row in rows) >= 12
    assert not any(row["found"] for row in rows if row["broken"] == "no")


@pytest.mark.parametrize("run", HEALTHY_RUNS, ids=lambda run: run.name)
def test_a_healthy_run_is_not_called_broken(run):
    assert names(run.file, run.data) == []


def test_the_shipped_flow_is_healthy():
    assert names("flow", "garments") == []


def test_every_finding_has_a_chapter_that_exists():
    from course_lib.paths import NOTEBOOKS

    for bug in diagnosis.CATALOGUE.values():
        assert (NOTEBOOKS / "source" / f"{bug.chapter}.py").is_file(), bug
        assert bug.cause.endswith(".")
        assert bug.cure.endswith(".")


def samples(images, **more):
    return diagnosis.Samples(images, **more)


@pytest.fixture(scope="module")
def probe():
    return diagnosis.probe_of("garments", (1, 28, 28))


@pytest.fixture
def real(probe):
    """Images that the probe has not."""
    return to_model_range(load_images("garments")[0][-64:])


def found(images, probe, **more):
    return [one.name for one in diagnosis.diagnose_samples(samples(images, **more), probe)]


def test_real_images_are_healthy_samples(real, probe):
    assert found(real, probe) == []


def test_what_is_done_to_samples_is_seen(real, probe):
    noise = torch.randn(real.shape, generator=torch.Generator().manual_seed(0))
    assert found(noise, probe) == ["wrong_parametrisation"]
    assert found(0 * real, probe) == ["mean_times_noise"]
    assert found(0 * real - 1, probe) == ["black_images"]
    assert found(real[:1] + 0.02 * noise, probe) == ["all_alike"]
    assert found((real + 0.1 * noise).clamp(-1, 1), probe) == ["noise_at_t0", "off_by_one_end"]
    assert found(probe.others[:64], probe) == ["copies"]
    assert found(torch.nn.functional.avg_pool2d(real, 5, 1, 2), probe)[:1] == ["beta_for_its_root"]
    assert found(real / 0, probe) == ["nan_half"]


def test_mirrored_shoes_are_seen(probe):
    images, labels = load_images("garments")
    shoes = to_model_range(images[-2000:][(labels[-2000:] == 9) | (labels[-2000:] == 7)])[:64]
    assert "flips" not in found(shoes, probe)
    half = torch.cat([shoes[:32].flip(-1), shoes[32:]])
    assert found(half, probe) == ["flips"]


def test_a_score_of_many_samples_is_not_refused(real, probe):
    generator = torch.Generator().manual_seed(0)
    for count, expected in ((128, ["fid_of_128"]), (4096, [])):
        features = torch.randn(count, 64, generator=generator)
        assert found(real, probe, features=features, score=10.0) == expected


def test_the_note_says_when_garments_stand_in(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "garments stand in" in diagnosis.probe_of(str(tmp_path / "empty"), (1, 28, 28)).note
    assert "other images" in diagnosis.probe_of("garments", (1, 28, 28), trained_on="9 images, checksum 00000000").note


def discs(count):
    """uint8 (count, 28, 28): a disc anywhere, which looks to no side."""
    places = torch.rand(count, 2, generator=torch.Generator().manual_seed(0)) * 16 + 6
    across = (torch.arange(28.0) - places[:, :1]).square()
    down = (torch.arange(28.0) - places[:, 1:]).square()
    return ((down[:, :, None] + across[:, None] < 25) * 255).to(torch.uint8)


def folder_of_discs(folder, count):
    """Two classes, and no split that is called "test"."""
    for number, image in enumerate(discs(count)):
        file = folder / "ab"[2 * number // count] / f"{number:03}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.numpy()).save(file)
    return str(folder)


def test_data_without_a_split_test_are_parted(tmp_path):
    probe = diagnosis.probe_of(folder_of_discs(tmp_path / "many", 40), (1, 28, 28), ("a", "b"))
    assert (len(probe.images), len(probe.others)) == (10, 30)
    assert probe.labels.tolist() == [0] * 5 + [1] * 5
    assert float(torch.cdist(probe.images.flatten(1), probe.others.flatten(1)).min()) > 1
    few = diagnosis.probe_of(folder_of_discs(tmp_path / "few", 4), (1, 28, 28))
    assert len(few.images) == len(few.others) == 4


def test_a_network_of_images_that_look_to_no_side_was_not_trained_with_flips():
    """It cleans mirrored images as well as the others, because these are as good."""
    images = to_model_range(discs(240)[:, None])
    probe = diagnosis.Probe(images[:200], images[200:], None, "")
    checkpoint = make_checkpoint(shape=(1, 28, 28))
    asked = replace(network.ask(checkpoint, probe), model=lambda x, t: x)
    assert network._flips(asked, checkpoint, probe) == []


def test_samples_are_read_in_every_range(tmp_path):
    images = load_images("garments")[0][:4]
    expected = to_model_range(images)
    for number, stored in enumerate((images, images / 255, expected, images.float())):
        file = tmp_path / f"{number}.safetensors"
        save_file({"samples": stored}, file)
        assert torch.allclose(diagnosis.read_samples(file).images, expected, atol=1e-5)


def test_a_pickle_and_a_file_without_images_are_refused(tmp_path):
    torch.save({"samples": torch.zeros(2, 1, 8, 8)}, tmp_path / "x.pt")
    with pytest.raises(CheckpointError, match="pickle"):
        diagnosis.read_samples(tmp_path / "x.pt")
    save_file({"weights": torch.zeros(3)}, tmp_path / "y.safetensors")
    with pytest.raises(CheckpointError, match="weights"):
        diagnosis.read_samples(tmp_path / "y.safetensors")


def stored(checkpoint, path):
    about = {
        "config": checkpoint.config.model_dump(mode="json"),
        "image_shape": checkpoint.image_shape,
        "class_names": checkpoint.class_names,
        "step": 1,
    }
    write_safetensors(path, {f"ema.{name}": value for name, value in checkpoint.model.state_dict().items()}, about)
    return path


def test_a_network_without_training_is_found(tmp_path):
    file = stored(make_checkpoint(shape=(1, 28, 28)), tmp_path / "x.safetensors")
    assert diagnosis.diagnose(file).findings


def test_a_network_of_latents_is_refused(tmp_path):
    file = stored(make_checkpoint(shape=(4, 8, 8)), tmp_path / "x.safetensors")
    with pytest.raises(CheckpointError, match="latents"):
        diagnosis.diagnose(file)
