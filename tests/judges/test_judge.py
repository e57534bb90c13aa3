"""A judge and its file: what it sees, its splits, and what is no judge."""

from pathlib import Path

import pytest
import torch

from course_lib.images import load_images
from course_lib.judges.classifier import accuracy
from course_lib.judges.judge import JUDGES, SAMPLES, find_judge, load_judge
from course_lib.judges.networks import ARCHITECTURES, ConvNextClassifier
from course_lib.runs.tensor_files import CheckpointError, read_safetensors, write_safetensors

REAL = Path(__file__).parents[3] / "shared" / "data" / "fashion_mnist"


@pytest.fixture
def parts():
    """The content of a judge's file."""
    torch.manual_seed(0)
    tensors = {f"model.{name}": value for name, value in ConvNextClassifier(3).state_dict().items()}
    tensors["test.features"] = torch.arange(2 * SAMPLES + 10).half()[:, None].expand(-1, 128).contiguous()
    return tensors, {"image_shape": (1, 28, 28), "class_names": ["a", "b", "c"], "architecture": "convnext"}


def written(folder, tensors, about):
    write_safetensors(folder / "mine.safetensors", tensors, about)
    return folder / "mine.safetensors"


def test_a_judge_is_what_its_file_says(parts, tmp_path):
    judge = load_judge(written(tmp_path, *parts), "cpu")
    assert (judge.name, judge.architecture, judge.class_names) == ("mine", "convnext", ["a", "b", "c"])
    assert isinstance(judge.network, ConvNextClassifier)
    assert not judge.network.training
    assert not any(parameter.requires_grad for parameter in judge.network.parameters())
    images = torch.randint(256, (3, 1, 28, 28), dtype=torch.uint8)
    seen = judge.features(images)
    torch.testing.assert_close(seen, judge.network.features(images / 127.5 - 1).double(), rtol=1e-4, atol=1e-5)
    chances = judge.probabilities(seen)
    assert chances.shape == (3, 3)
    assert torch.allclose(chances.sum(dim=1), torch.ones(3, dtype=torch.float64))
    assert torch.equal(judge.test_features, parts[0]["test.features"].double())


def test_a_split_holds_out_2048_images_and_has_none_twice(parts, tmp_path):
    judge = load_judge(written(tmp_path, *parts), "cpu")
    every = parts[0]["test.features"].double()[:, 0].sort().values
    held_out = []
    for number in range(3):
        out, reference = judge.split(number)
        assert (len(out), len(reference)) == (SAMPLES, SAMPLES + 10)
        assert torch.equal(torch.cat([out, reference])[:, 0].sort().values, every)
        torch.testing.assert_close(judge.references[number].mean, reference.mean(dim=0))
        torch.testing.assert_close(judge.references[number].covariance, torch.cov(reference.T))
        held_out.append(out)
    assert not any(torch.equal(held_out[a], held_out[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert torch.equal(judge.split(1)[0], held_out[1])  # the same ones at every call


def test_what_is_no_judge_is_said(parts, tmp_path):
    tensors, about = parts
    for odd, says in (
        ({"test.features": tensors["test.features"][:-11]}, "4096 rows"),
        ({"test.features": tensors["test.features"][:, :-1]}, "128 features"),
        ({"test.features": tensors["test.features"][:, 0]}, "128 features"),
        ({"test.features": None}, "make it anew"),
        ({"model.head.weight": None}, "holds no classifier"),
        ({"model.norm.bias": None}, "it lacks 1 tensors"),
    ):
        changed = {name: tensor for name, tensor in (tensors | odd).items() if tensor is not None}
        with pytest.raises(CheckpointError, match=rf"mine\.safetensors.*{says}"):
            load_judge(written(tmp_path, changed, about))
    with pytest.raises(CheckpointError, match=r"'transformer'.*residual, convnext, plain"):
        load_judge(written(tmp_path, tensors, about | {"architecture": "transformer"}))
    with pytest.raises(CheckpointError, match=r"does not fit its own config|lacks"):
        load_judge(written(tmp_path, tensors, about | {"architecture": "plain"}))
    with pytest.raises(CheckpointError, match=r"no classifier nowhere.*train-classifier.*fashion_mnist"):
        load_judge("nowhere")


def test_a_file_without_an_architecture_is_the_first_one(tmp_path):
    """So were those that versions before 0.3 wrote, but for the features."""
    tensors = {f"model.{name}": value for name, value in ARCHITECTURES["residual"].network(3).state_dict().items()}
    tensors["test.features"] = torch.zeros(2 * SAMPLES, 128).half()
    judge = load_judge(written(tmp_path, tensors, {"image_shape": (1, 28, 28), "class_names": list("abc")}), "cpu")
    assert judge.architecture == "residual"


@pytest.mark.parametrize("name", JUDGES)
def test_a_shipped_judge_has_its_card_and_plausible_floors(name):
    judge = load_judge(name, "cpu")
    assert judge.architecture == dict(zip(JUDGES, ARCHITECTURES, strict=True))[name]
    assert judge.image_shape == (1, 28, 28)
    assert len(judge.class_names) == 10
    assert len(judge.test_features) == 10_000
    card = find_judge(name).with_suffix(".md").read_text()
    assert "course train-classifier" in card
    assert f"{sum(p.numel() for p in judge.network.parameters()):,} parameters" in card
    stated = read_safetensors(find_judge(name))[1]["accuracy"]
    assert stated > 0.9
    named = judge.probabilities(judge.test_features).argmax(dim=1).bincount(minlength=10)
    assert (named - 1000).abs().max() < 150  # there are 1,000 images of each class


@pytest.mark.skipif(not REAL.is_dir(), reason=f"there is no Fashion-MNIST in {REAL}")
@pytest.mark.parametrize("name", JUDGES)
def test_a_shipped_judge_names_test_images_and_knows_what_it_sees_in_them(name):
    judge = load_judge(name, "cpu")
    images, labels = load_images(str(REAL), "test")
    assert accuracy(judge.network, images[:1000], labels[:1000]) > 0.91
    seen = judge.features(images[:100])
    torch.testing.assert_close(seen, judge.test_features[:100], rtol=2e-2, atol=2e-2 * float(seen.abs().max()))
