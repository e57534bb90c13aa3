"""What is taken from a notebook for each quiz: the attempt and what it needs, and nothing that only runs long."""

import json
import sys
import time
from pathlib import Path

import pytest
from nbformat import NotebookNode

from course_lib import forward
from course_lib.checker.quiz import Quiz
from course_lib.grading.answers import MAX_CELL, read_answers
from course_lib.grading.records import Answer
from course_lib.paths import NOTEBOOKS
from course_lib.quizzes import examine
from course_lib.quizzes.registry import CHAPTERS, every_quiz, quizzes_of

MARKED = {"nbgrader": {"grade_id": "double", "solution": True}}


def committed(chapter: str) -> Path:
    (path,) = NOTEBOOKS.glob(f"[0-9][0-9]_{chapter}.ipynb")
    return path


def quizzes_in(chapter: str) -> list[str]:
    """The quizzes that have a cell there."""
    cells = json.loads(committed(chapter).read_text(encoding="utf-8"))["cells"]
    marks = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in cells]
    return [mark for mark in marks if mark in quizzes_of(chapter)]


def notebook(*cells) -> NotebookNode:
    """Code cells, each a text or (metadata, text)."""
    pairs = [cell if isinstance(cell, tuple) else ({}, cell) for cell in cells]
    return NotebookNode({"cells": [{"cell_type": "code", "metadata": m, "source": text} for m, text in pairs]})


def answer(*cells, quiz: str = "double") -> Answer | None:
    return read_answers(notebook(*cells), "00_any", [quiz]).get(quiz)


def run(found: Answer | None) -> dict:
    """The names of the answer's module."""
    assert found is not None, "no answer was found"
    names = {"__name__": "__main__"}
    exec(compile(found.source, "<answer>", "exec"), names)
    return names


EVERY = [(chapter, name) for chapter in CHAPTERS for name in quizzes_in(chapter)]


@pytest.mark.parametrize(("chapter", "name"), EVERY, ids=[name for _, name in EVERY])
def test_the_courses_own_answer_passes_after_extraction(chapter, name):
    content = json.loads(committed(chapter).read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == name:
            is_function = isinstance(every_quiz()[name], Quiz)
            cell["source"] = every_quiz()[name].solution if is_function else f"{name} = {every_quiz()[name].solution}"
    found = read_answers(NotebookNode(content), chapter, list(quizzes_of(chapter)))[name]
    report = examine(name, run(found)[name])
    assert report.passed, report.message
    assert found.found == "cell"
    assert "course_lib.drawings" not in found.source


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_in_an_unsolved_notebook_each_answer_is_the_stub(chapter):
    found = read_answers(committed(chapter), chapter, list(quizzes_of(chapter)))
    assert list(found) == [name for name in quizzes_of(chapter) if name in quizzes_in(chapter)] != []
    for name, one in found.items():
        assert one.found == "cell"
        assert one.notebook == chapter
        is_function = isinstance(every_quiz()[name], Quiz)
        assert "raise NotImplementedError" in one.source if is_function else f'{name} = ""' in one.source


PLAIN = "def double(x):\n    return 2 * x"

STYLES = {
    "plain": [PLAIN],
    "helper in an earlier cell": ["def twice(x):\n    return x + x", "def double(x):\n    return twice(x)"],
    "helper in a later cell": ["def double(x):\n    return twice(x)", "def twice(x):\n    return x + x"],
    "helper of a helper": [
        "def b(x):\n    return x",
        "def a(x):\n    return b(x) + b(x)",
        "def double(x): return a(x)",
    ],
    "the last helper counts": [
        "def f(x):\n    return 0",
        "def double(x):\n    return f(x)",
        "def f(x):\n    return 2 * x",
    ],
    "constant": ["TWO = 2", "def double(x):\n    return TWO * x"],
    "constant from a constant that changes later": ["a = 1", "TWO = a + 1", "a = 50", "def double(x): return TWO * x"],
    "constant that is added to": ["TWO = 1\nTWO += 1", "def double(x):\n    return TWO * x"],
    "table filled by items": ["T = {}", "T['k'] = 2", "def double(x):\n    return T['k'] * x"],
    "list filled by append": ["T = []\nfor _ in range(2):\n    T.append(1)", "def double(x):\n    return sum(T) * x"],
    "table filled by a loop": ["T = {}\nfor i in range(9):\n    T[i] = 2 * i", "def double(x):\n    return T[x]"],
    "name that only a loop binds": ["for two in range(3):\n    pass", "def double(x):\n    return two * x"],
    "lambda": ["double = lambda x: 2 * x"],
    "partial": ["from functools import partial\nfrom operator import mul", "double = partial(mul, 2)"],
    "partial through a module": ["import functools, operator", "double = functools.partial(operator.mul, 2)"],
    "class with a call": ["class Doubler:\n    def __call__(self, x):\n        return 2 * x", "double = Doubler()"],
    "inherited class": ["class A:\n    k = 2", "class B(A):\n    f = lambda self, x: self.k * x", "double = B().f"],
    "method put in afterwards": ["class A: pass", "def f(self, x): return 2 * x", "A.f = f", "double = A().f"],
    "class that is defined anew": [
        "class A:\n    def one(self, x): return x",
        "class A(A):\n    def two(self, x): return self.one(x) * 2",
        "double = A().two",
    ],
    "class that reads a name of the module": ["two = 2", "class A:\n    two = two", "def double(x): return A.two * x"],
    "star import": ["from math import *", "def double(x):\n    return int(fsum([x, x]))"],
    "star import that hides a builtin": ["from operator import *", "def double(x):\n    return mul(pow(x, 1), 2)"],
    "import in parentheses": ["from math import (\n    sqrt,\n    floor,\n)", "def double(x): return floor(2 * x)"],
    "import with another name": ["import numpy as n", "def double(x):\n    return int(n.add(x, x))"],
    "import of submodules": ["import os\nimport os.path", "def double(x):\n    return 2 * x * bool(os.path.sep)"],
    "import of another submodule": [
        "import wsgiref.util\nimport wsgiref.types",
        "double = lambda x: wsgiref.util and 2 * x",
    ],
    "import inside try": [
        "try:\n    import nowhere as m\nexcept ImportError:\n    import math as m",
        "double = lambda x: m.floor(2 * x)",
    ],
    "decorator": ["def same(f):\n    return f", "@same\ndef double(x):\n    return 2 * x"],
    "decorator with arguments": [
        "import functools",
        "@functools.lru_cache(maxsize=None)\n\n@functools.cache\ndef double(x):\n    return 2 * x",
    ],
    "decorated with check": ["from course_lib.quizzes import check", "@check\ndef double(x):\n    return 2 * x"],
    "check under another name": ["from course_lib.quizzes import check as c", "double = c(lambda x: 2 * x, 'double')"],
    "handed to check only": ["def mine(x):\n    return 2 * x", "check(mine, 'double')"],
    "handed to check over two lines": ["check(lambda x:\n    2 * x, 'double')"],
    "handed to check as keyword": ["mine = lambda x: 2 * x", "double = check(mine, name='double')"],
    "check cell after it": [PLAIN, "double = check(double)"],
    "check cell with a keyword": [PLAIN, "double = check(attempt=double)"],
    "check in the same cell": [PLAIN + "\ndouble = check(double)\ncheck(double)"],
    "walrus": ["print(two := 2)", "def double(x):\n    return two * x"],
    "if": ["if True:\n    two = 2\nelse:\n    two = 3", "def double(x):\n    return two * x"],
    "if that does nothing": ["two = 2", "if False:\n    two = 3", "def double(x):\n    return two * x"],
    "name that a loop takes later": ["two = 2", "def double(x):\n    return two * x", "for two in range(9):\n    pass"],
    "if that overrides": ["two = 2\nif not two:\n    two = 3", "def double(x):\n    return two * x"],
    "definition inside if": ["if 1 > 0:\n    def double(x):\n        return 2 * x"],
    "with": ["import contextlib", "with contextlib.suppress(KeyError):\n    two = 2", "def double(x): return two * x"],
    "two names at once": ["one, two = 1, 2", "def double(x):\n    return two * x"],
    "several statements on a line": ["a = 1; two = 2; b = 3", "def double(x): return two * x"],
    "type alias": [
        "from typing import TypeAlias\nNumber: TypeAlias = int",
        "def double(x: Number) -> Number:\n    return 2 * x",
    ],
    "annotation of something missing": [
        "from nowhere import Tensor",
        "def double(x: Tensor) -> Float[Tensor, 'b']:\n    return 2 * x",
    ],
    "dataclass": [
        "from dataclasses import dataclass",
        "@dataclass\nclass P:\n    k: int = 2",
        "double = lambda x: P().k * x",
    ],
    "global set in a function": [
        "def setup():\n    global two\n    two = 2",
        "setup()",
        "def double(x): return two * x",
    ],
    "counter": ["count = 0", "def double(x):\n    global count\n    count += 1\n    return 2 * x"],
    "nested functions": ["k = 2", "def double(x):\n    def inner():\n        return k * x\n    return inner()"],
    "recursion": ["def double(x):\n    return 2 + double(x - 1) if x else 0"],
    "attribute of the function": ["def double(x):\n    return double.k * x", "double.k = 2"],
    "wrapped after its definition": ["import functools", PLAIN, "double = functools.cache(double)"],
    "default from a constant": ["K = 2", "def double(x, k=K):\n    return k * x", "K = 7"],
    "decorator that stands below": ["@same\ndef double(x):\n    return 2 * x", "def same(f):\n    return f"],
    "comprehension": ["parts = [i for i in range(3)]", "def double(x):\n    return x * max(parts)"],
    "comprehension with a constant that changes later": [
        "k = 1\ntwos = [k + i for i in (0, 1)]\nk = 50",
        "double = lambda x: x * max(twos)",
    ],
    "match": ["match 2:\n    case two:\n        pass", "def double(x):\n    return two * x"],
    "text with lines like magics": [
        'TEXT = """\n%matplotlib\n!ls\n"""\ntwo = 2 * (TEXT.count("%") > 0)',
        "double = lambda x: two * x",
    ],
    "modulo at the start of a line": ["two = (5\n%3)", "def double(x):\n    return two * x"],
    "magics around": [
        "%matplotlib inline\n!pip install x (\ntwo = 2\ntwo?\n?two",
        "%%time\ndef double(x):\n    return two * x",
    ],
    "timed assignment": ["%time two = 2\nfiles = !ls\nwhere = %pwd", "def double(x):\n    return two * x"],
    "magic inside": ["def double(x):\n    %timeit 1\n    return 2 * x"],
    "indented cell": ["    def double(x):\n        return 2 * x"],
    "carriage returns": ["two = 2\r\nzero = 0\r\n", "def double(x):\r\n    return two * x\r\n"],
    "letters of many bytes": ["ä = 'é'; zwei = 2; ö = 'ü'", "def double(x):\n    return zwei * x  # Größe"],
    "byte order mark": ["\ufeffdef double(x):\n    return 2 * x"],
    "from the future": ["from __future__ import annotations", PLAIN],
    "semicolon at the end": [PLAIN + ";"],
    "exception name": ["try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    two = 2", "double = lambda x: two * x"],
}


@pytest.mark.parametrize("cells", STYLES.values(), ids=STYLES)
def test_odd_styles(cells):
    names = run(answer(*cells))
    assert names["double"](3) == 6


def test_what_only_runs_long_is_not_taken():
    endless = "while True:\n    pass"
    cells = [
        "import time\nimport nowhere",
        "time.sleep(1000)\nprint('x')\nmodel = time.sleep(1000)",
        endless,
        "for step in range(10**9):\n    loss = step",
        PLAIN,
        "double = check(double)\ncheck(double)\nquestion('double')",
        "with after_answer('double'):\n    double(5)",
        "assert double(1) == 3",
    ]
    found = answer(*cells)
    assert found.source == f"from __future__ import annotations\n{PLAIN}\n"


def test_each_import_stands_alone():
    cells = [
        "from math import nothing, sqrt, floor\nimport nowhere, os",
        "def double(x):\n    return (nothing, nowhere, floor(2 * x))[2]",
    ]
    found = answer(*cells)
    assert "os" not in found.source.replace("nowhere", "")
    assert "sqrt" not in found.source
    with pytest.raises(NameError, match="nothing"):
        run(found)["double"](3)


def test_the_students_lines_are_kept():
    text = "def double( x ):\n\n    # Größe\n    return  2*x   # so"
    assert text.removesuffix("   # so") in answer("a = 1", text).source


def test_earlier_quizzes_are_the_references():
    cells = [
        "def extract(v, t, s):\n    return 0",
        "def q_step(x):\n    return extract",
        "def q_posterior(x):\n    return extract, q_step, q_sample",
        "def q_sample():\n    return 7",
    ]
    quizzes = ["extract", "q_step", "q_posterior", "q_sample"]
    found = read_answers(notebook(*cells), "04_forward", quizzes)
    assert run(found["q_posterior"])["q_posterior"](0)[:2] == (forward.extract, forward.q_step)
    assert run(found["q_posterior"])["q_posterior"](0)[2]() == 7  # a later one is the student's own
    assert run(found["extract"])["extract"](1, 2, 3) == 0


def test_a_helper_that_is_called_as_a_quiz_of_another_chapter_is_the_students():
    found = read_answers(
        notebook("def extract(v):\n    return v", "def p_mean(x):\n    return extract(x)"), "05_reverse", ["p_mean"]
    )
    assert run(found["p_mean"])["p_mean"](5) == 5


STUB = 'def double(x):\n    """Twice x."""\n    # here\n    raise NotImplementedError'


@pytest.mark.parametrize(
    ("cells", "found", "value"),
    [
        ([(MARKED, PLAIN), "def double(x):\n    return 0"], "cell", 6),
        ([(MARKED, PLAIN), (MARKED, "def double(x):\n    return 3 * x")], "cell", 9),
        ([(MARKED, "x = 1"), PLAIN], "name", 6),
        ([(MARKED, STUB), PLAIN], "name", 6),
        ([PLAIN, (MARKED, STUB)], "name", 6),
        ([(MARKED, PLAIN), (MARKED, STUB)], "cell", 6),
        (["def double(x):\n    return 0", PLAIN], "name", 6),
        ([({"quiz": "double"}, PLAIN), "double = None"], "cell", 6),
        ([(MARKED, "def double(x:\n    return 0"), PLAIN], "name", 6),
        ([(MARKED, STUB), "mine = lambda x: 2 * x", "double = check(mine, 'double')"], "name", 6),
    ],
)  # fmt: skip
def test_which_definition_counts(cells, found, value):
    one = answer(*cells)
    assert one.found == found
    assert run(one)["double"](3) == value


@pytest.mark.parametrize(
    "text", ['double = "b"', "double = 'b'  # I think", 'double: str = "b"', 'x = double = "b"', 'double = ("b")']
)
def test_a_letter(text):
    assert run(answer((MARKED, 'double = ""'), text, 'check(double, "double")'))["double"] == "b"


def test_an_empty_letter_is_found():
    assert run(answer((MARKED, 'double = ""  # your letter'), 'check(double, "double")'))["double"] == ""


@pytest.mark.parametrize(
    "cells",
    [
        ["x = 1"],
        ["double = check(double)"],
        ["from m import double"],
        ["for double in []:\n    pass"],
        ["del double"],
        ["double(3)"],
        ["double.k = 3"],
        ["double += 1"],
    ],
)
def test_no_answer(cells):
    assert answer(*cells) is None


def test_a_broken_cell_that_should_answer_raises_the_students_error():
    found = answer((MARKED, "def double(x):\n    return 2 * (x\n"))
    with pytest.raises(SyntaxError) as caught:
        run(found)
    assert caught.value.lineno == 2
    assert answer("def double(x) return 2").found == "name"


def test_markdown_and_raw_cells_are_not_read():
    content = notebook(PLAIN)
    for kind in ("markdown", "raw", "heading", None, 3):
        content.cells.append({"cell_type": kind, "metadata": MARKED, "source": "def double(x): return 0"})
    assert run(read_answers(content, "00_any", ["double"])["double"])["double"](3) == 6


def test_older_notebooks(tmp_path):
    path = tmp_path / "old.ipynb"
    path.write_text(
        json.dumps(
            {
                "nbformat": 3,
                "worksheets": [{"cells": [{"cell_type": "code", "input": ["def double(x):\n", "    return 2 * x"]}]}],
            }
        )
    )
    assert run(read_answers(path, "00_any", ["double"])["double"])["double"](3) == 6


EVIL_CELLS = {
    "syntax error": "def (",
    "null byte": "a = 1\0",
    "lone surrogate": "a = '\ud800'",
    "deep brackets": "(" * 100_000,
    "deep minus": "-" * 150_000 + "1",
    "deep attributes": "a" + ".a" * 90_000,
    "deep calls": "a" + "()" * 90_000,
    "deep sums": "1" + "+1" * 90_000,
    "deep lambdas": "lambda:" * 20_000 + "1",
    "deep elifs": "if 1: pass\n" + "elif 1: pass\n" * 10_000,
    "nearly too deep": "x = " + "not " * 900 + "1",
    "too long": "# " + "x" * MAX_CELL,
    "many magics": "!(\n" * 10_000,
    "magics in a long cell": "x = 1\n!(\n" * 20_000,
    "blank lines": "\n" * 190_000 + "(",
    "blanks": (" " * 1_000 + "\n") * 190 + "(",
    "changes without end": "a.x = a\n" * 20_000,
    "return": "return 5",
    "top-level await": "import asyncio\nawait asyncio.sleep(100)",
    "async for": "async for x in y:\n    z = x",
    "another language": "%%bash\nrm -rf x (",
    "another language again": "%%html\n<b>def double(x): pass",
    "unknown encoding": "# -*- coding: nonsense -*-\nx = 1",
    "future that is none": "from __future__ import braces",
    "kills at definition": "class A:\n    import os\n    os._exit(3)",
    "exits": "import sys\nsys.exit()\nraise SystemExit",
    "huge power": "x = 10 ** 10 ** 10\ny = 'a' * 10 ** 12",
    "removes the answer": "del double",
    "names that are dunders": "__builtins__ = {}\n__name__ = 3",
}


@pytest.mark.parametrize("cell", EVIL_CELLS.values(), ids=EVIL_CELLS)
def test_an_evil_cell_does_no_harm_to_another(cell):
    start = time.perf_counter()
    found = answer(cell, PLAIN, cell, (MARKED, cell))
    assert found.source == f"from __future__ import annotations\n{PLAIN}\n"
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("cell", EVIL_CELLS.values(), ids=EVIL_CELLS)
def test_an_evil_cell_alone_is_read_without_harm(cell):
    for found in read_answers(notebook((MARKED, cell)), "00_any", ["double"]).values():
        found.source.encode()


EVIL_NOTEBOOKS = {
    "empty": b"",
    "no json": b"<html>",
    "cut off": b'{"cells": [{"cell_type": "code", "source": "def dou',
    "not an object": b"[1, 2]",
    "null": b"null",
    "no cells": b'{"nbformat": 4}',
    "cells are none": b'{"cells": null}',
    "cells are a number": b'{"cells": 7, "worksheets": 3}',
    "cells of all sorts": b'{"cells": [1, null, "x", [], {}, {"cell_type": "code"}]}',
    "source is a number": b'{"cells": [{"cell_type": "code", "source": 5, "metadata": {}}]}',
    "source of all sorts": b'{"cells": [{"cell_type": "code", "source": [1, null, {}], "metadata": 3}]}',
    "metadata of all sorts": b'{"cells": [{"cell_type": "code", "source": "", "metadata": {"nbgrader": 4}}]}',
    "id is a list": b'{"cells": [{"cell_type": "code", "input": "a", "metadata": {"nbgrader": {"grade_id": []}}}]}',
    "no utf-8": b'\xff\xfe{"cells": []}',
    "deep": b"[" * 200_000,
    "huge number": b'{"cells": [' + b"1" * 100_000 + b"]}",
    "worksheets in worksheets": b'{"worksheets": [{"worksheets": [{"cells": []}]}, null]}',
}


@pytest.mark.parametrize("content", EVIL_NOTEBOOKS.values(), ids=EVIL_NOTEBOOKS)
def test_an_evil_notebook_has_no_answers(content, tmp_path):
    path = tmp_path / "evil.ipynb"
    path.write_bytes(content)
    assert read_answers(path, "00_any", ["double"]) == {}


def test_nothing_that_the_student_wrote_is_executed(monkeypatch):
    monkeypatch.setattr(sys, "touched", [], raising=False)
    cell = (
        "import sys\nsys.touched.append(1)\n\n@sys.touched.append\ndef double(x=sys.touched.append(2)):\n    return x"
    )
    assert answer(cell).source.count("touched") == 3
    assert sys.touched == []


def test_many_cells_are_read_in_no_time():
    cells = [f"x{i} = {i}\ndef f{i}(x):\n    return f{i - 1}(x) + x{i}" for i in range(1000)]
    start = time.perf_counter()
    found = answer("def f_(x): return x", *cells, "def double(x):\n    return f999(x)")
    assert "def f0(" in found.source
    assert time.perf_counter() - start < 10
