"""The tables of chapters 11 and 12: the script that makes them, what it has written, and who quotes it."""

import csv
import importlib.util
import re
import sys

import pytest
import torch

from course_lib.judges.judge import SAMPLES
from course_lib.judges.scoring import Measures
from course_lib.paths import DATA, ROOT


@pytest.fixture
def script(monkeypatch):
    """tools/scores.py."""
    spec = importlib.util.spec_from_file_location("scores", ROOT / "tools" / "scores.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "scores", module)  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def scores(script, monkeypatch):
    """The script, which draws nothing here and finds every set of images equally good."""
    module = script
    module.drawn = []

    def draw(plan, seeds, count, jobs):
        module.drawn.append((plan.sampler, plan.guide and plan.guide.weight, *seeds))
        return [(None, torch.full((count, 1, 28, 28), 7 * seeds[0], dtype=torch.uint8))]

    monkeypatch.setattr(module, "draw", draw)
    monkeypatch.setattr(module, "together", lambda chunks, seed: chunks[0][1])
    monkeypatch.setattr(module, "measure", lambda judge, features, seed: Measures(2.0, 0.1, 6.0, 0.9, 0.8))
    monkeypatch.setattr(module.Judge, "features", lambda judge, images: images)
    monkeypatch.setattr(module, "SETTINGS", (module.dpm_solver(3), module.inside(4, 1.3)))
    return module


def test_every_setting_is_drawn_once_for_each_seed_and_judged_by_all(scores, tmp_path):
    out = tmp_path / "front.csv"
    scores.front(samples=tmp_path, jobs=1, out=out)
    lines = scores.read(out)
    assert [(sampler.steps, weight, seed) for sampler, weight, seed in scores.drawn] == [
        *((3, None, seed) for seed in range(3)),
        *((4, 1.3, seed) for seed in range(3)),
    ]
    assert len(lines) == 2 * 3 * 3
    assert {line["calls"] for line in lines if line["weight"] == "1"} == {"3.0"}
    assert {(line["seed"], line["black"]) for line in lines} == {("0", "1.0000"), ("1", "0.0000"), ("2", "0.0000")}
    assert len(list(tmp_path.glob("*.safetensors"))) == 6


def test_what_is_there_is_neither_drawn_nor_judged_again(scores, tmp_path):
    out = tmp_path / "front.csv"
    scores.front(samples=tmp_path, jobs=1, out=out)
    out.write_text(out.read_text().replace(",2,", ",9,", 1))  # a line that no measurement would write
    before = out.read_text()
    scores.drawn.clear()
    scores.front(samples=tmp_path / "elsewhere", jobs=1, out=out)
    assert out.read_text() == before
    assert scores.drawn == []


def test_the_table_is_that_of_the_script_s_settings(script):
    with (DATA / "fast_sampling.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    expected = {
        tuple((setting.identity | {"seed": str(seed), "judge": judge})[key] for key in script.IDENTITY)
        for setting in script.SETTINGS
        for seed in script.SEEDS
        for judge in script.JUDGES
    }
    assert {tuple(line[key] for key in script.IDENTITY) for line in lines} == expected
    assert len(lines) == len(expected)
    assert SAMPLES == 2048  # what the cards say


def test_the_cards_quote_the_table(script, capsys):
    """data/fast_sampling.md holds what `scores.py table` prints, and the README's lines are taken from there."""
    script.table(DATA / "fast_sampling.csv")
    printed = capsys.readouterr().out.strip()
    assert printed in (DATA / "fast_sampling.md").read_text(encoding="utf-8")
    triples = {tuple(re.findall(r"\d+\.\d+ ± \d+\.\d+", line)) for line in printed.splitlines()}
    quoted = [
        found
        for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
        if len(found := tuple(re.findall(r"\d+\.\d+ ± \d+\.\d+", line))) == 3
    ]
    assert len(quoted) == 5
    assert set(quoted) <= triples


def test_the_table_of_guidance_is_that_of_its_settings_and_its_card_quotes_it(script, capsys):
    lines = script.read(DATA / "guidance.csv")
    expected = {
        tuple((setting.identity | {"seed": str(seed), "judge": judge})[key] for key in script.IDENTITY)
        for setting in script.LABEL_SETTINGS
        for seed in script.SEEDS
        for judge in script.JUDGES
    }
    assert {tuple(line[key] for key in script.IDENTITY) for line in lines} == expected
    assert len(lines) == len(expected)
    script.trade_table(DATA / "guidance.csv")
    assert capsys.readouterr().out.strip() in (DATA / "guidance.md").read_text(encoding="utf-8")


def test_guidance_by_labels_is_scored_with_the_network_itself_as_its_guide(scores, tmp_path, monkeypatch):
    monkeypatch.setattr(scores, "LABEL_SETTINGS", (scores.label(1.0), scores.label(2.0, 0.2, 5.0)))
    monkeypatch.setattr(scores.Judge, "probabilities", lambda judge, features: torch.eye(10)[[3] * len(features)])
    out = tmp_path / "trade.csv"
    scores.trade(samples=tmp_path, jobs=1, out=out)
    lines = scores.read(out)
    assert [(weight, seed) for _, weight, seed in scores.drawn] == [(w, seed) for w in (None, 2.0) for seed in range(3)]
    assert {(line["weight"], line["guide"]) for line in lines} == {("1", "none"), ("2", "fashion_mnist")}
    named = {line["seed"]: float(line["agreement"]) for line in lines}
    for seed in range(3):  # a judge that calls everything 3 agrees with a tenth of the labels
        exact = float((scores.draw_labels(10, SAMPLES, seed) == 3).double().mean())
        assert named[str(seed)] == pytest.approx(exact, abs=1e-4)
