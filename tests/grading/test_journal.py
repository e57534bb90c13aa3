"""The journal: what was finished is there after any end."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from course_lib.grading.errors import GradingError
from course_lib.grading.journal import Journal
from course_lib.grading.records import Result

ONE = Result("anna", "q_sample", "04_forward", 3.0, 3.0, "correct", None, "Right.", 0.2)
OTHER = replace(
    ONE, student_id="ben", score=0.0, finding="mistake", mistake="no_root", reason="The root – √ – is missing."
)


def test_results_come_back_as_they_were(tmp_path: Path) -> None:
    with Journal(tmp_path / "out" / "journal.jsonl") as journal:
        journal.add(ONE, "a")
        journal.add(OTHER, "b")
    with Journal(tmp_path / "out" / "journal.jsonl") as journal:
        assert journal.knows("anna", "q_sample", "a")
        assert not journal.knows("anna", "q_sample", "b")
        assert not journal.knows("anna", "q_step", "a")
        assert list(journal.results()) == [ONE, OTHER]
        assert journal.result("carl", "q_sample") is None


def test_the_last_result_of_a_question_counts(tmp_path: Path) -> None:
    better = replace(OTHER, score=3.0, finding="correct", mistake=None)
    with Journal(tmp_path / "journal.jsonl") as journal:
        for result, fingerprint in [(OTHER, "a"), (ONE, "a"), (better, "b")]:
            journal.add(result, fingerprint)
        assert journal.result("ben", "q_sample") == better
        assert not journal.knows("ben", "q_sample", "a")
        assert len(list(journal.results())) == 2


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_that_was_cut_off_is_forgotten_and_written_anew(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "journal.jsonl"
    with Journal(file) as journal:
        journal.add(ONE, "a")
        journal.add(OTHER, "b")
    whole = file.read_bytes()
    file.write_bytes(whole[:-cut])
    with Journal(file) as journal:
        assert list(journal.results()) == [ONE]
        journal.add(OTHER, "b")
    assert file.read_bytes() == whole


@pytest.mark.parametrize("text", ["hello\n", '{"result": 1}\n', "[]\n", '{"fingerprint": "a", "result": {}}\n'])
def test_another_file_is_not_taken_for_a_journal(tmp_path: Path, text: str) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_text(text)
    with pytest.raises(GradingError, match="no journal"), Journal(file):
        pass
    assert file.read_text() == text


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_what_was_added_survives_a_kill(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    script = (
        "import sys; from pathlib import Path; from course_lib.grading.journal import Journal\n"
        "from tests.grading.test_journal import ONE\n"
        "with Journal(Path(sys.argv[1])) as journal:\n"
        "    while True:\n"
        "        journal.add(ONE, 'a'); print(flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(file)], stdout=subprocess.PIPE)
    assert child.stdout
    said = sum(1 for _ in zip(range(20), child.stdout, strict=False))
    os.kill(child.pid, signal.SIGKILL)
    said += len(child.stdout.read().splitlines())
    child.wait()
    child.stdout.close()
    with Journal(file) as journal:
        assert list(journal.results()) == [ONE]
    assert len(file.read_bytes().splitlines()) >= said >= 20
