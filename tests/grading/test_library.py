"""In the copy of course_lib for a question the answer is out of reach, and all else works."""

import ast
import functools
import inspect
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import FunctionType, ModuleType

import pytest
import torch
from nbformat import NotebookNode

from course_lib.checker.quiz import Quiz
from course_lib.grading import library
from course_lib.grading.answers import read_answers
from course_lib.grading.library import COPIES, library_without
from course_lib.paths import NOTEBOOKS
from course_lib.quizzes.registry import CHAPTERS, UnknownQuizError, every_quiz, find, quizzes_of

QUIZZES = {name: quiz for name, quiz in every_quiz().items() if isinstance(quiz, Quiz)}
CHAPTER = {name: chapter for chapter in CHAPTERS for name in quizzes_of(chapter)}

QUESTIONS = [next(name for name in quizzes_of(chapter) if name not in QUIZZES) for chapter in CHAPTERS]
LAST = QUESTIONS[-1]  # nothing is taken out for it

# Their references are in classes, tables, other rooms, or are used by nearly everything.
SPECIAL = (
    "linear_beta_schedule",
    "alphas_cumprod_from_betas",
    "extract",
    "energy_distance",
    "unet_forward",
    "to_uint8",
)
SAMPLE = sorted({*SPECIAL, "image_grid", "ResnetBlock", "v_from_start_and_noise", *COPIES})

IMPORT_ALL = """
import importlib, json, os, pathlib, sys
import datasets, einops, ipywidgets, matplotlib.pyplot, pydantic, safetensors.torch, torchmetrics, tqdm.auto
for line in sys.stdin:
    name, folder = json.loads(line)
    read, write = os.pipe()
    if os.fork() == 0:
        sys.path.insert(0, folder)
        faults = []
        for path in sorted(pathlib.Path(folder).rglob("*.py")):
            module = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
            try:
                found = importlib.import_module(module)
            except BaseException as error:
                faults.append(f"{module}: {type(error).__name__}: {error}")
                continue
            if not (found.__file__ or folder).startswith(folder):
                faults.append(f"{module} is not the copy's: {found.__file__}")
            for label, value in vars(found).items():
                if callable(value) and name in (label, getattr(value, "__qualname__", "").partition(".")[0]):
                    faults.append(f"{module}.{label} is reachable")
        os.write(write, json.dumps(faults).encode())
        os._exit(0)
    os.close(write)
    print(json.dumps([name, json.load(os.fdopen(read))]), flush=True)
"""


@functools.cache
def copied(name: str) -> dict[str, str]:
    """The texts of the copy for a quiz, by module."""
    texts = {".".join(("course_lib", *path.with_suffix("").parts)): text for path, text in library._texts(find(name))}
    return {module.removesuffix(".__init__"): text for module, text in texts.items()}


@functools.cache
def bound(text: str) -> frozenset[str]:
    """The names that a module's text binds."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return frozenset(names)


@functools.cache
def docstrings(text: str) -> int:
    """How many there are."""
    kinds = ast.FunctionDef | ast.ClassDef | ast.Module
    return sum(bool(ast.get_docstring(node)) for node in ast.walk(ast.parse(text)) if isinstance(node, kinds))


@functools.cache
def imported(text: str) -> frozenset[tuple[str, str]]:
    """What a module's text imports from course_lib, by full names."""
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) and not node.level]
    return frozenset(
        (node.module, alias.name) for node in imports for alias in node.names if "course_lib" in node.module
    )


@functools.cache
def defined(text: str) -> set[str]:
    return {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def reaches(start: object, goals: list[object]) -> bool:
    """Whether code of `start` can come to one of `goals`, through the objects themselves: not through source text."""
    waiting, seen = [start], set()
    while waiting:
        thing = inspect.unwrap(waiting.pop()) if callable(waiting[-1]) else waiting.pop()
        if any(thing is goal for goal in goals):
            return True
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, dict):
            waiting += thing.values()
        elif isinstance(thing, type) and thing.__module__.startswith("course_lib"):
            members = [getattr(member, "__func__", getattr(member, "fget", member)) for member in vars(thing).values()]
            waiting += [member for member in members if isinstance(member, FunctionType)]
            waiting += thing.__bases__
        elif isinstance(thing, FunctionType) and thing.__module__.startswith("course_lib"):
            for code in codes(thing.__code__):
                found = [thing.__globals__[name] for name in code.co_names if name in thing.__globals__]
                modules = [one for one in found if isinstance(one, ModuleType) and "course_lib" in one.__name__]
                waiting += [vars(module)[name] for module in modules for name in code.co_names if name in vars(module)]
                waiting += found
            waiting += thing.__defaults__ or ()
    return False


def codes(code):
    yield code
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from codes(constant)


def test_the_copies_import_and_the_answer_is_in_no_module(tmp_path):
    """A sample: an import of everything takes half a second."""
    lines = "".join(json.dumps([name, str(library_without(name, tmp_path))]) + "\n" for name in SAMPLE)
    command = [sys.executable, "-P", "-c", IMPORT_ALL]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, cwd=tmp_path, timeout=300, check=True)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [[name, []] for name in SAMPLE]


RUN_ANSWERS = """
import builtins, dis, json, os, sys, types
import torch
for line in sys.stdin:
    name, folder, source = json.loads(line)
    read, write = os.pipe()
    if os.fork() == 0:
        sys.path.insert(0, folder)
        names = {"__name__": "__main__"}
        exec(compile(source, "<answer>", "exec"), names)
        methods = vars(names[name]).values() if isinstance(names[name], type) else [names[name]]
        waiting, missing = [one.__code__ for one in methods if isinstance(one, types.FunctionType)], set()
        while waiting:
            code = waiting.pop()
            read_names = {one.argval for one in dis.get_instructions(code) if one.opname == "LOAD_GLOBAL"}
            missing |= read_names - names.keys() - vars(builtins).keys()
            waiting += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
        os.write(write, json.dumps(sorted(missing)).encode())
        os._exit(0)
    os.close(write)
    print(json.dumps([name, json.load(os.fdopen(read))]), flush=True)
"""


def test_the_courses_own_answers_find_there_what_they_need(tmp_path):
    lines = ""
    for name in SAMPLE:
        chapter = CHAPTER[name]
        (path,) = NOTEBOOKS.glob(f"[0-9][0-9]_{chapter}.ipynb")
        content = json.loads(path.read_text(encoding="utf-8"))
        content["cells"].append({"cell_type": "code", "metadata": {}, "source": QUIZZES[name].solution})
        source = read_answers(NotebookNode(content), chapter, list(quizzes_of(chapter)))[name].source
        lines += json.dumps([name, str(library_without(name, tmp_path)), source]) + "\n"
    command = [sys.executable, "-P", "-c", RUN_ANSWERS]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, cwd=tmp_path, timeout=300, check=True)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [[name, []] for name in SAMPLE], done.stderr


@pytest.mark.parametrize("name", [*QUIZZES, *QUESTIONS])
def test_what_a_copy_imports_is_there(name):
    texts = copied(name)
    for module, text in texts.items():
        for home, wanted in imported(text):
            assert f"{home}.{wanted}" in texts or wanted in bound(texts.get(home, "")), (module, home, wanted)


@pytest.mark.parametrize("name", [*QUIZZES, *QUESTIONS])
def test_what_knows_answers_is_left_out(name):
    rooms = {module.split(".")[1] for module in copied(name) if "." in module}
    assert not rooms & {"quizzes", "publishing", "cli", "drawings"}
    assert {module for module in copied(name) if ".experiments" in module} <= {
        "course_lib.experiments",
        "course_lib.experiments.toy2d",
    }
    assert not rooms & set(CHAPTERS[CHAPTERS.index(CHAPTER[name]) + 1 :])
    assert set(CHAPTERS[: CHAPTERS.index(CHAPTER[name]) + 1]) <= rooms
    assert "course_lib.checker.running" in copied(name)


@functools.cache
def whole() -> Counter[str]:
    """The lines of all of course_lib that a copy may have."""
    return Counter(line.strip() for text in copied(LAST).values() for line in text.splitlines())


@functools.cache
def lines(text: str) -> frozenset[str]:
    return frozenset(line.strip() for line in text.splitlines())


def lines_of(name: str) -> set[str]:
    """The lines of the reference that stand nowhere else in course_lib."""
    (definition,) = ast.parse(QUIZZES[name].solution).body
    return {line for line in lines(ast.unparse(definition)) if whole()[line] == 1}


@pytest.mark.parametrize("name", QUIZZES)
def test_the_answers_text_is_in_no_file(name):
    texts = copied(name)
    assert name not in defined(texts.get(QUIZZES[name].reference.__module__, ""))
    assert not [
        module for module, text in texts.items() if (QUIZZES[name].reference.__module__, name) in imported(text)
    ]
    assert lines_of(name), "nothing to look for"
    assert not [module for module, text in texts.items() if lines_of(name) & lines(text)]


@pytest.mark.parametrize("name", QUIZZES)
def test_no_docstring_is_left(name):
    assert not [module for module, text in copied(name).items() if docstrings(text)]


@pytest.mark.parametrize("name", QUIZZES)
def test_earlier_quizzes_are_there_unless_they_use_the_answer(name):
    copies = [getattr(sys.modules[module], one) for module, one in COPIES.get(name, ())]
    goals = [QUIZZES[name].reference, *copies]
    earlier = list(QUIZZES)[: list(QUIZZES).index(name)]
    kept = [one for one in earlier if not reaches(QUIZZES[one].reference, goals)]
    there = [one for one in earlier if one in defined(copied(name).get(QUIZZES[one].reference.__module__, ""))]
    assert there == kept


@pytest.mark.parametrize("name", QUIZZES)
def test_the_types_of_the_inputs_are_there(name):
    def types(value):
        if isinstance(value, tuple | list):
            return {one for item in value for one in types(item)}
        thing = value if isinstance(value, FunctionType) else type(value)
        return {(thing.__module__, thing.__qualname__.partition(".")[0])}

    wanted = {one for case in QUIZZES[name].cases(torch.Generator().manual_seed(0)) for one in types(case)}
    ours = {one for one in wanted if one[0].startswith("course_lib.") and ".quizzes." not in one[0]}
    for module, what in ours:
        assert what in defined(copied(name).get(module, "")), (module, what)


def test_an_import_takes_what_was_compiled(tmp_path):
    folder = library_without("q_sample", tmp_path)
    show = "import sys; sys.path.insert(0, sys.argv[1]); from course_lib import forward as f; import inspect; "
    show += "print(f.__cached__, f.q_step.__code__.co_filename, 'return' in inspect.getsource(f.q_step))"
    run = [sys.executable, "-B", "-v", "-P", "-c", show, str(folder)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=300, check=True)
    home = folder / "course_lib"
    (cached,) = home.glob("__pycache__/forward.*.pyc")
    assert done.stdout.split() == [str(cached), str(home / "forward.py"), "True"]
    assert f"code object from '{cached}'" in done.stderr


def test_methods_and_tables_that_use_the_answer_go_alone():
    schedules = copied("cosine_beta_schedule")["course_lib.schedules"]
    assert "BETA_SCHEDULES" not in schedules
    assert "def from_name" not in schedules
    assert "def to(self" in schedules
    assert "def linear_beta_schedule" in schedules
    assert (
        "def forward"
        not in copied("unet_forward")["course_lib.unet"].partition("class Unet")[2].partition("\nclass ")[0]
    )


def test_what_does_as_much_as_an_answer_is_gone():
    assert "GaussianMixture" not in defined(copied("mixture_score")["course_lib.mixtures"])
    assert "GaussianMixture" in defined(copied("euler_sampler")["course_lib.mixtures"])
    assert not {"predict_start", "p_mean"} & defined(copied("start_of_output")["course_lib.reverse"])


def test_the_checker_gets_an_empty_class_for_what_is_gone():
    assert "NoiseSchedule = type('gone', (), {})" in copied("alphas_cumprod_from_betas")["course_lib.checker.values"]
    assert "import NoiseSchedule" in copied("q_sample")["course_lib.checker.values"]


def test_a_copy_is_written_once(tmp_path):
    folder = library_without("snr", tmp_path)
    (folder / "mark").touch()
    assert library_without("snr", tmp_path) == folder
    assert (folder / "mark").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["snr"]


def test_half_a_copy_is_never_there(tmp_path, monkeypatch):
    def stops(quiz):
        yield Path("start.py"), "x = 1\n"
        raise KeyboardInterrupt

    monkeypatch.setattr(library, "_texts", stops)
    with pytest.raises(KeyboardInterrupt):
        library_without("snr", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_quiz(tmp_path):
    with pytest.raises(UnknownQuizError):
        library_without("../nothing", tmp_path / "new")
