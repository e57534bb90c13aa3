"""The tables of chapters 15 and 16: the script that makes them, and the cards that quote them."""

import csv
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch

from course_lib.judges.judge import SAMPLES
from course_lib.judges.scoring import Measures, Score
from course_lib.paths import DATA
from course_lib.runs.config import load_config


@pytest.fixture
def script(load_tool: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/few_steps.py, which draws nothing here and finds all images equally good."""
    module = load_tool("few_steps")
    module.asked = []

    def batches(checkpoint, count, seed, sampler):
        module.asked.append((checkpoint, sampler.steps, seed))
        return [torch.zeros(count, 1, 28, 28, dtype=torch.uint8)]

    bad, good = Measures(3.0, 0.1, 6.0, 0.9, 0.8), Measures(2.0, 0.1, 6.0, 0.9, 0.8)
    monkeypatch.setattr(module, "load_checkpoint", lambda name, device: name)
    monkeypatch.setattr(module, "sample_batches", batches)
    monkeypatch.setattr(module, "score", lambda images, judge, seed: Score(judge.name, seed, bad, good))
    return module


def test_both_networks_are_asked_as_often_and_nothing_twice(script: ModuleType, tmp_path: Path) -> None:
    out = tmp_path / "flow.csv"
    script.flow(out=out, seeds=2)
    assert script.asked == [
        (network, calls, seed) for seed in (0, 1) for network in ("fashion_mnist_cpu", "flow") for calls in script.CALLS
    ]
    rows = script.read(out)
    assert len(rows) == 2 * 2 * 4 * 3
    assert {row["times_the_floor"] for row in rows} == {"1.5000"}
    before = out.read_text()
    script.asked.clear()
    script.flow(out=out, seeds=2)
    assert (script.asked, out.read_text()) == ([], before)
    assert SAMPLES == 2048  # what the cards say


@pytest.mark.parametrize("name", ["flow", "latent"])
def test_the_card_quotes_the_table(script: ModuleType, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    script.table()
    card = (DATA / f"{name}.md").read_text(encoding="utf-8").splitlines()
    printed = capsys.readouterr().out.strip().split("\n\n")[["flow", "latent"].index(name)]
    rows = [line for line in printed.splitlines() if line.startswith("| ")]
    assert len(rows) >= 2 + 3
    assert [row for row in rows if row not in card] == []


def test_the_flow_and_the_ddpm_were_trained_alike() -> None:
    """One name in the comparison may differ: the path, and what is predicted, which belongs to it."""
    flow, ddpm = load_config("flow"), load_config("fashion_mnist_cpu")
    assert (flow.model, flow.training, flow.data) == (ddpm.model, ddpm.training, ddpm.data)
    assert flow.diffusion.timesteps == ddpm.diffusion.timesteps


def lines(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_are_whole() -> None:
    flow = {(row["network"], row["calls"], row["judge"]) for row in lines("flow.csv") if row["seed"] == "0"}
    assert len(flow) == 2 * 4 * 3
    latent = {(row["network"], row["sampler"], row["judge"]) for row in lines("latent.csv") if row["seed"] == "0"}
    assert len(latent) == 3 * 3
