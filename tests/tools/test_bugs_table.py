"""tools/bugs.py: what it writes of a run, and of all of them."""

import importlib.util
import sys

import pytest

from course_lib.experiments.broken_runs import BROKEN_RUNS, BUGS, TRAININGS
from course_lib.paths import ROOT
from course_lib.runs.config import check_config


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("bugs_script", ROOT / "tools" / "bugs.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bugs_script"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["bugs_script"]


def test_a_row_says_what_was_found(script, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", "garments")
    run = next(run for run in BROKEN_RUNS if run.name == "off_by_one_end")
    row = script.row(run, BUGS)
    assert row["found"] == "noise_at_t0 off_by_one_end"
    assert (row["first"], row["named"], row["broken"]) == ("no", "yes", "yes")


def test_the_summary_counts_hits_and_false_alarms(script):
    rows = [
        {"broken": "yes", "named": "yes", "first": "no", "found": "a b"},
        {"broken": "yes", "named": "no", "first": "no", "found": ""},
        {"broken": "no", "named": "no", "first": "no", "found": "a"},
        {"broken": "no", "named": "no", "first": "no", "found": ""},
    ]
    assert script.summary(rows).startswith("1 of 2 broken runs named, 0 of them first; 1 of 2 healthy runs called")


def test_every_training_has_settings_that_the_course_takes():
    for name, training in TRAININGS.items():
        assert check_config(training.settings).training.steps <= 1200, name


def test_the_card_has_the_tables_summary(script):
    import csv

    with open(BUGS / "diagnose.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert script.markdown(rows) in script.CARD.read_text(encoding="utf-8")
