"""The table of coloured textures, the card that quotes it, and the script that makes it."""

import csv
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch

from course_lib.image_data.coloured_textures import CLASS_NAMES, draw_coloured_textures
from course_lib.judges.networks import Classifier
from course_lib.paths import DATA
from course_lib.runs.checkpoints import load_checkpoint


@pytest.fixture
def script(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    """tools/coloured_textures.py."""
    return load_tool("coloured_textures")


def test_the_card_quotes_the_table(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    script.table()
    printed = capsys.readouterr().out.splitlines()
    card = (DATA / "latent_textures.md").read_text(encoding="utf-8").splitlines()
    assert len(printed) == 2 + 5
    assert [line for line in printed if line not in card] == []


def test_no_texture_is_both_learned_and_real(script: ModuleType) -> None:
    learned, _ = draw_coloured_textures(50)
    for seed in (100, 101):
        real, _ = script.textures(50, seed)
        same = (torch.from_numpy(learned).permute(0, 3, 1, 2)[:, None] == real[None]).flatten(2).all(dim=2)
        assert not same.any()


def test_distances_and_shares(script: ModuleType) -> None:
    torch.manual_seed(0)
    judge = Classifier(len(CLASS_NAMES), 3).eval()
    real, _ = script.textures(200, 7)
    reference = script.fit_gaussian(script.extract_features(judge, real))
    assert script.distance(judge, real, reference) == pytest.approx(0, abs=1e-3)
    assert script.distance(judge, 255 - real, reference) > 0.001
    said = script.class_probabilities(judge, script.extract_features(judge, real)).argmax(dim=1)
    assert script.share(judge, real, said) == 1
    assert script.share(judge, real, (said + 1) % 10) == 0


def test_a_network_is_called_as_its_folder_or_its_name(script: ModuleType) -> None:
    assert script.shown("runs/patches/checkpoint.safetensors") == "patches"
    assert script.shown("latent_textures") == "latent_textures"


def test_the_shipped_network_draws_colours_of_64_pixels() -> None:
    checkpoint = load_checkpoint("latent_textures", "cpu")
    assert checkpoint.picture_shape == (3, 64, 64)
    assert tuple(checkpoint.class_names) == CLASS_NAMES
    assert checkpoint.autoencoder
    assert checkpoint.autoencoder.scale == pytest.approx(1.0847, abs=1e-3)


def test_the_table_is_whole() -> None:
    with (DATA / "coloured_textures.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["network"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["real textures", "latents", "autoencoder alone", "patches", "pixels"]
    assert float(rows["pixels"]["multiply_adds"]) > 5 * float(rows["latents"]["multiply_adds"])


@pytest.mark.parametrize("name", ["latents", "pixels", "patches"])
def test_stored_samples_are_there(name: str) -> None:
    from course_lib.drawings.latent import stored_textures

    images = stored_textures()[name]
    assert images.shape == (10, 3, 64, 64)
    assert Path(DATA / "pictures" / "coloured_textures.safetensors").stat().st_size < 500_000
