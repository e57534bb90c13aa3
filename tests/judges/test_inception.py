"""Inception as a judge: what it asks for before it downloads anything, and what it is fed with; without a network."""

import hashlib
import sys
import types
import urllib.error
from pathlib import Path

import pytest
import torch
from torch import nn

from course_lib.judges import inception
from course_lib.judges.inception import ADDRESS, WEIGHTS, Inception, check_inception, load_inception, weights_file
from course_lib.judges.scoring import EvaluationError


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    """Every package is there, the data are chosen, and PyTorch's cache is empty."""
    monkeypatch.setenv("COURSE_DATA", "garments")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setattr(inception.importlib.util, "find_spec", lambda name: name)
    fake = types.SimpleNamespace(NoTrainInceptionV3=Fake)
    monkeypatch.setitem(sys.modules, "torchmetrics", types.ModuleType("torchmetrics"))
    monkeypatch.setitem(sys.modules, "torchmetrics.image", types.ModuleType("torchmetrics.image"))
    monkeypatch.setitem(sys.modules, "torchmetrics.image.fid", fake)


class Fake(nn.Module):
    """As torchmetrics' network: it takes bytes in three channels, and has a last layer called fc."""

    def __init__(self, name, features, weights):
        super().__init__()
        assert (name, features) == ("inception-v3-compat", ["2048"])
        if Path(weights).read_bytes() != b"right":
            raise RuntimeError("Invalid magic number; corrupt file?")
        self.fc = nn.Linear(2048, 1008)
        self.seen = []

    def forward(self, x):
        assert x.dtype == torch.uint8
        assert x.shape[1] == 3
        self.seen.append(len(x))
        return x.float().mean(dim=(1, 2, 3))[:, None].expand(-1, 2048)


def put_weights(content=b"right"):
    weights_file().parent.mkdir(parents=True)
    weights_file().write_bytes(content)


def test_before_a_download_it_says_what_and_asks():
    with pytest.raises(EvaluationError) as caught:
        check_inception(allowed=False)
    assert all(words in str(caught.value) for words in (WEIGHTS, "95 MB", "github.com/toshas/torch-fidelity", "--yes"))
    assert str(weights_file().parent) in str(caught.value)
    check_inception(allowed=True)
    put_weights()
    check_inception(allowed=False)  # nothing would be downloaded


def test_what_is_missing_is_named_with_what_to_do(monkeypatch):
    monkeypatch.delenv("COURSE_DATA")
    with pytest.raises(EvaluationError, match="set COURSE_DATA to those that the network has learned"):
        check_inception(allowed=True)
    monkeypatch.setattr(inception.importlib.util, "find_spec", lambda name: None if name == "torch_fidelity" else name)
    with pytest.raises(EvaluationError, match="pip install torch-fidelity`"):
        check_inception(allowed=True)
    monkeypatch.setattr(inception.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EvaluationError, match="pip install torchmetrics torch-fidelity`"):
        check_inception(allowed=True)


def test_the_judge_has_looked_at_the_test_images_in_colour_and_in_small_batches(monkeypatch):
    put_weights()
    images = torch.randint(256, (4100, 1, 6, 6), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    monkeypatch.setattr(inception, "load_images", lambda source, split: (images, None) if split == "test" else None)
    judge = load_inception("cpu")
    assert (judge.name, judge.image_shape, len(judge.class_names)) == ("inception", (1, 6, 6), 1008)
    assert judge.test_features.shape == (4100, 2048)
    expected = images.double().mean(dim=(1, 2, 3))
    torch.testing.assert_close(judge.test_features[:, 7], expected, rtol=1e-5, atol=1e-4)  # the bytes as they were
    assert max(judge.network.network.seen) == inception.AT_A_TIME
    features = judge.features(images[:3])
    fc = judge.network.network.fc
    expected = (features.float() @ fc.weight.T).softmax(dim=1).double()  # without the bias
    torch.testing.assert_close(judge.probabilities(features), expected, rtol=1e-4, atol=1e-9)
    assert not any(parameter.requires_grad for parameter in judge.network.parameters())


def test_colours_stay_as_they_are():
    network = Inception(Recorder())
    x = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    network.features(x)
    assert torch.equal(network.network.seen, ((x + 1) * 127.5).round().to(torch.uint8))


class Recorder(nn.Module):
    def forward(self, x):
        self.seen = x
        return torch.zeros(len(x), 2048)


def test_too_few_images_are_refused(monkeypatch):
    put_weights()
    monkeypatch.setattr(inception, "load_images", lambda *_: (torch.zeros(100, 1, 6, 6, dtype=torch.uint8), None))
    with pytest.raises(EvaluationError, match=r"4,096 test images; COURSE_DATA has 100"):
        load_inception("cpu")


def test_weights_that_are_none_are_named():
    put_weights(b"<html>")
    with pytest.raises(EvaluationError, match=r"is no file of Inception's weights.*Delete it"):
        inception._network()


def test_without_a_network_it_says_where_the_file_belongs(monkeypatch):
    def offline(*_, **__):
        raise urllib.error.URLError("Temporary failure in name resolution")

    monkeypatch.setattr(torch.hub, "urlopen", offline)
    with pytest.raises(EvaluationError) as caught:
        inception._network()
    said = str(caught.value)
    assert "name resolution" in said
    assert ADDRESS in said
    assert str(weights_file().parent) in said
    assert "\n" not in said
    assert not weights_file().exists()


def test_another_file_than_the_right_one_is_not_kept(monkeypatch, tmp_path):
    """A digest is in the file's name."""
    (tmp_path / "offered").write_bytes(b"right")
    monkeypatch.setattr(inception, "ADDRESS", (tmp_path / "offered").as_uri())
    with pytest.raises(EvaluationError, match="invalid hash value"):
        inception._network()
    assert not list(weights_file().parent.iterdir())
    right = hashlib.sha256(b"right").hexdigest()[:8]
    monkeypatch.setattr(inception, "WEIGHTS", f"weights-{right}.pth")
    assert isinstance(inception._network(), Fake)
    assert weights_file().read_bytes() == b"right"
