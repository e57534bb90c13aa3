"""The list of mutants fits the code, and a mutant that no test notices is told."""

import importlib.util

import pytest

from course_lib.paths import ROOT

spec = importlib.util.spec_from_file_location("mutants", ROOT / "tools" / "mutants.py")
mutants = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mutants)


def test_every_mutant_has_its_text_its_fault_and_its_tests():
    """The text of a mutant that was rewritten gets a new one in tools/mutants.py, with the same fault."""
    assert len(mutants.MUTANTS) >= 54
    assert [str(mutant) for mutant in mutants.MUTANTS if mutants.places(mutant, ROOT) != 1] == []
    assert [str(mutant) for mutant in mutants.MUTANTS if mutant.old == mutant.new] == []
    files = {test.partition("::")[0] for mutant in mutants.MUTANTS for test in mutant.tests}
    assert [file for file in sorted(files) if not (ROOT / file).is_file()] == []


@pytest.fixture
def repository(tmp_path):
    """One function with a bug-free body and a test that looks at half of it."""
    for part in mutants.PARTS:
        (tmp_path / part).mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "course_lib" / "__init__.py").touch()
    (tmp_path / "course_lib" / "signs.py").write_text("def sign(x):\n    return 1 if x > 0 else -1\n")
    test = "from course_lib.signs import sign\n\n\ndef test_it():\n    assert sign(2) == 1\n"
    (tmp_path / "tests" / "test_signs.py").write_text(test)
    return tmp_path


def mutant(old, new):
    return mutants.Mutant("course_lib/signs.py", old, new, ("tests/test_signs.py",))


def test_what_is_noticed_and_what_survives(repository, capsys):
    before = (repository / "course_lib" / "signs.py").read_text()
    edits = [mutant("return 1", "return 3"), mutant("-1", "-3"), mutant("x > 0", "x >")]
    assert mutants.run(edits, repository) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said[:-1]] == ["caught", "SURVIVED", "caught"]
    assert said[-1] == "2 of 3 caught, 67%."
    assert (repository / "course_lib" / "signs.py").read_text() == before


def test_tests_that_fail_anyway_notice_nothing(repository):
    (repository / "tests" / "test_signs.py").write_text("def test_it():\n    assert False\n")
    with pytest.raises(SystemExit, match=r"mend them first:\ntests/test_signs\.py"):
        mutants.run([mutant("-1", "-3")], repository)


def test_tests_that_are_not_there_are_an_error(repository):
    (repository / "tests" / "test_signs.py").write_text("")
    with pytest.raises(RuntimeError, match="could not run"):
        mutants.run([mutant("-1", "-3")], repository)
