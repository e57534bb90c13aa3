"""Types: the settings' words are said once, and the list of modules that nobody has checked yet only shrinks."""

import subprocess
import sys
import tomllib
from typing import get_args

import pytest

from course_lib import reverse, schedules, types, unet
from course_lib.judges import report
from course_lib.paths import ROOT
from course_lib.runs import samplers

NOT_CHECKED_COUNT = 36  # lower it whenever the list in pyproject.toml becomes shorter; never raise it

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOT_CHECKED = [
    module for rule in PYPROJECT["tool"]["mypy"]["overrides"] if rule.get("ignore_errors") for module in rule["module"]
]


def test_the_list_of_unchecked_modules_has_not_grown():
    assert len(NOT_CHECKED) == NOT_CHECKED_COUNT, "change pyproject.toml and NOT_CHECKED_COUNT together, downwards"
    chapters = {"toy", "mixtures", "schedules", "forward", "reverse", "objective", "blocks", "unet", "training"}
    chapters |= {"sampling", "evaluation", "fast_sampling", "errors", "paths", "types", "images"}
    assert not chapters & {module.removeprefix("course_lib.") for module in NOT_CHECKED}


def test_every_unchecked_module_still_has_errors(tmp_path):
    """A module that is clean leaves the list, so that it stays clean."""
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines(keepends=True)
    config = tmp_path / "pyproject.toml"
    config.write_text("".join(line for line in lines if line.strip() != "ignore_errors = true"), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", str(config), "--cache-dir", str(ROOT / ".mypy_cache")]
    report = subprocess.run([*command, "-p", "course_lib"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert "error: " in report.stdout, report.stderr
    wrong = {line.split(":")[0] for line in report.stdout.splitlines() if ": error: " in line}
    modules = {path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in wrong}
    assert not set(NOT_CHECKED) - modules, "these have no error left: take them off the list in pyproject.toml"


@pytest.mark.parametrize(
    ("names", "choices"),
    [
        (types.Predicts, reverse.PREDICTIONS),
        (types.LossType, reverse.LOSSES),
        (types.BetaSchedule, schedules.BETA_SCHEDULES),
        (types.AttentionKind, unet.ATTENTIONS),
        (types.Block, unet.BLOCKS),
        (types.Skips, unet.SKIPS),
        (types.SamplerName, samplers.USUAL_STEPS),
        (types.SamplerName, samplers.USUAL_SPACING),
        (types.Spacing, report.SPACING_WORDS),
    ],
)
def test_a_type_and_the_check_at_run_time_know_the_same_words(names, choices):
    assert set(get_args(names)) == set(choices)
