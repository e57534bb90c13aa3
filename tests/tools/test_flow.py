"""tools/flow.py: a small run of what chapter 16 measures, and the table of the large one."""

import csv
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch

from course_lib.paths import DATA

Key = tuple[str, str, int]  # velocity, solver, calls


@pytest.fixture
def script(load_tool: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/flow.py with one seed, few points and short trainings."""
    module = load_tool("flow")
    for name, small in {"SEEDS": (0,), "COUNT": 500, "PAIRS": 2000, "TRAINING": 150}.items():
        monkeypatch.setattr(module, name, small)
    return module


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def of_the_first_seed(path: Path, column: str) -> dict[Key, float]:
    return {
        (row["velocity"], row["solver"], int(row["calls"])): float(row[column])
        for row in lines(path)
        if row["seed"] == "0"
    }


@pytest.mark.parametrize("size", ["small", "committed"])
def test_more_calls_come_nearer_and_reflow_makes_straight(script: ModuleType, tmp_path: Path, size: str) -> None:
    table = DATA / "flow_points.csv"
    if size == "small":
        table = tmp_path / "points.csv"
        script.points(out=table)
    distance, straightness = (of_the_first_seed(table, column) for column in ("distance", "straightness"))
    for velocity in ("exact", "learned"):
        assert distance[velocity, "Euler", 100] < distance[velocity, "Euler", 5] < distance[velocity, "Euler", 1] / 5
        assert distance[velocity, "midpoint", 20] < distance[velocity, "midpoint", 2] / 5
    assert distance["reflowed", "Euler", 1] < distance["learned", "Euler", 1] / 5
    assert straightness["reflowed", "Euler", 1] < straightness["learned", "Euler", 1] / 5


def test_the_committed_table_has_what_the_script_asks_for(script: ModuleType, tmp_path: Path) -> None:
    script.TRAINING = 1
    script.points(out=tmp_path / "points.csv")
    small, large = lines(tmp_path / "points.csv"), lines(DATA / "flow_points.csv")
    assert list(small[0]) == list(large[0])
    asked = of_the_first_seed(tmp_path / "points.csv", "distance")
    assert list(asked) == list(of_the_first_seed(DATA / "flow_points.csv", "distance"))
    assert len(large) == 3 * len(asked)


def test_the_networks_velocity_depends_on_place_and_time(script: ModuleType) -> None:
    torch.manual_seed(0)
    network = script.VelocityNetwork()
    x, t = torch.tensor([[0.3, -0.2], [0.3, -0.2], [1.0, 0.5]]), torch.tensor([0.1, 0.7, 0.1])
    first, later, elsewhere = network(x, t)
    assert first.shape == (2,)
    assert not torch.allclose(first, later)
    assert not torch.allclose(first, elsewhere)
