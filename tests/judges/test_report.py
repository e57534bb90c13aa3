"""An evaluation as JSON and as a table: nothing is lost, nothing is invented."""

import json
import math

import pytest
from small_checkpoints import make_checkpoint

from course_lib.files import FileError, check_place
from course_lib.judges.report import EVALUATION, ROWS, Evaluation, as_json, shown, table
from course_lib.judges.scoring import Measures, Score
from course_lib.runs.cost import Calls
from course_lib.runs.guides import Guide
from course_lib.runs.samplers import DEFAULT, Sampler


def measures(first):
    return Measures(first, first / 1000, first + 1, first / 10, first / 5)


SCORES = [Score("one", 0, measures(2.0), measures(1.0)), Score("two", 0, measures(3.0), measures(2.0))]
SCORES += [Score("one", 1, measures(4.0), measures(1.0)), Score("two", 1, measures(4.0), measures(2.0))]


def evaluation(**changes):
    guide = Guide(make_checkpoint(conditional=False), 1.2, 0.0, math.inf, "weak")
    settings = {
        "checkpoint": "mine",
        "step": 7,
        "sampler": DEFAULT,
        "steps": 20,
        "guide": guide,
        "calls": Calls(20, 15, 0.5),
        "device": "cpu",
        "precision": "auto",
        "jobs": 2,
        "seconds_sampling": 3.5,
        "seconds_judging": 1.0,
        "scores": SCORES,
    }
    return Evaluation(**settings | changes)


def test_the_file_holds_all_numbers_and_all_that_they_depend_on():
    content = json.loads(as_json(evaluation()))
    assert (content["checkpoint"], content["step"], content["samples"]) == ("mine", 7, 2048)
    assert content["sampler"] == {"name": "dpm_solver", "steps": 20, "spacing": "log_snr", "eta": 0.0}
    assert content["guide"] == {"name": "weak", "weight": 1.2, "lowest": 0.0, "highest": None}
    assert content["calls"] == {"network": 20, "guide": 15, "guide_cost": 0.5, "total": 27.5}
    assert (content["device"], content["precision"], content["jobs"]) == ("cpu", "auto", 2)
    assert content["seconds"] == {"sampling": 3.5, "judging": 1.0}
    assert content["versions"].keys() == {"course_lib", "torch"}
    assert [(one["judge"], one["seed"]) for one in content["scores"]] == [
        ("one", 0),
        ("two", 0),
        ("one", 1),
        ("two", 1),
    ]
    last = content["scores"][-1]
    assert last["samples"] == {
        "distance": 4.0,
        "kernel_distance": 0.004,
        "inception_score": 5.0,
        "precision": 0.4,
        "recall": 0.8,
    }
    assert last["floor"]["distance"] == 2.0
    assert (last["ratio"], last["recall_ratio"]) == (2.0, 2.0)
    assert content["disagreement"].startswith("The judges disagree: 1.75 times the floor for two, 3.00 for one.")


def test_without_a_guide_and_with_another_sampler():
    content = json.loads(as_json(evaluation(guide=None, sampler=Sampler("ddim", 9, "leading", 0.5), steps=9)))
    assert content["guide"] is None
    assert content["sampler"] == {"name": "ddim", "steps": 9, "spacing": "leading", "eta": 0.5}
    agreeing = json.loads(as_json(evaluation(scores=[one for one in SCORES if one.judge == "one"])))
    assert agreeing["disagreement"] is None


def test_the_words_for_sampler_and_calls():
    assert evaluation().sampler_words == "dpm_solver, 20 steps, evenly spaced in log-SNR"
    words = evaluation(sampler=Sampler("ddim", 9, None, 0.5), steps=9).sampler_words
    assert words == "ddim, 9 steps, evenly spaced (trailing), eta 0.5"
    assert evaluation().calls_words == "27.5 network calls a sample (20, and 15 of the guide, each 0.5)"
    assert evaluation(guide=None, calls=Calls(200)).calls_words == "200 network calls a sample"


def test_a_number_stands_with_its_deviation_over_the_seeds():
    assert shown([1.0, 2.0, 3.0], 2) == "2.00 ± 1.00"
    assert shown([0.25], 2) == "0.25"
    for numbers, says in (
        ([0.04123, 0.05123], "0.0462 ± 0.0071"),
        ([12345.6], "12,346"),
        ([99.96], "100.0"),
        ([-0.000123], "-0.000123"),
        ([0.0], "0.000"),
        ([1.234], "1.23"),
    ):
        assert shown(numbers) == says


def test_the_table_has_a_column_for_each_judge_and_a_row_for_each_measure():
    rows = {title: cells for title, *cells in table(SCORES[:2])}
    assert rows["Frechet distance"] == ["2.00", "3.00"]
    assert rows["  times the floor"] == ["2.00", "1.50"]
    assert rows["KID x 1000"] == ["2.00", "3.00"]
    assert rows["precision"] == ["0.200", "0.300"]
    assert rows["recall"] == ["0.400", "0.600"]
    assert rows["  share of real images'"] == ["2.00", "1.50"]
    assert rows["Inception score"] == ["3.00", "4.00"]
    titles, floors = [row[0] for row in table(SCORES)], [row for row in table(SCORES) if "real images" in row[0]]
    assert len(titles) == len(ROWS) == 12
    assert [floor[1] for floor in floors[:2]] == ["1.00 ± 0.00", "1.00 ± 0.00"]
    assert [row[1] for row in table(SCORES)][2] == "3.00 ± 1.41"


def test_only_an_evaluation_is_replaced(tmp_path):
    file = tmp_path / "scores.json"
    file.write_text(as_json(evaluation()))
    check_place(file, EVALUATION)
    for other in ('{"students": []}', "[1]", "dear diary", "[" * 100_000):
        file.write_text(other)
        with pytest.raises(FileError, match=r"scores\.json is there already and is no evaluation"):
            check_place(file, EVALUATION)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileError):
        check_place(file, EVALUATION)
