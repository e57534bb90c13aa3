"""No file given to the course can run code: what SECURITY.md says, held against the code itself."""

import ast
from pathlib import Path

import pytest

from course_lib.paths import ROOT

FILES = sorted((ROOT / "course_lib").rglob("*.py"))
# calls and imports that can run what stands in a file, and the one place where the catalogue's own source is compiled
FORBIDDEN_CALLS = {
    *(
        "eval",
        "exec",
        "compile",
        "__import__",
        "torch.load",
        "torch.jit.load",
        "torch.package",
        "np.load",
        "numpy.load",
    ),
    *("yaml.load", "yaml.full_load", "yaml.unsafe_load", "os.system", "os.popen", "joblib.load", "pandas.read_pickle"),
}
FORBIDDEN_IMPORTS = {"pickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
FORBIDDEN_WORDS = {"trust_remote_code", "weights_only", "allow_pickle", "UnsafeLoader", "FullLoader"}
ALLOWED = {
    *(("course_lib/checker/quiz.py", "exec"), ("course_lib/checker/quiz.py", "compile")),
    ("course_lib/judges/parallel.py", "pickle"),  # through a pipe to a process that it has started itself: no file
    # the grader: students' answers run in a confined child, which gets inputs from the grader and sends back data only
    *(("course_lib/grading/worker.py", word) for word in ("exec", "compile", "pickle")),
    ("course_lib/grading/examiner.py", "cloudpickle"),  # for the child; `dumps` only
    ("course_lib/grading/answers.py", "compile"),  # is a cell Python? The code is thrown away
    *(("course_lib/grading/library.py", word) for word in ("compile", "marshal")),  # the child's copy of course_lib
}


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def faults(source: str, name: str) -> list[str]:
    """What in a module's source could run code out of a file, a line each."""
    found = []
    for node in ast.walk(ast.parse(source)):
        words = []
        if isinstance(node, ast.Call):
            words = [dotted(node.func)] if dotted(node.func) in FORBIDDEN_CALLS else []
            words += [keyword.arg for keyword in node.keywords if keyword.arg in FORBIDDEN_WORDS]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            words = [module for module in modules if module.partition(".")[0] in FORBIDDEN_IMPORTS]
        elif isinstance(node, ast.Attribute | ast.Name):
            last = node.attr if isinstance(node, ast.Attribute) else node.id
            words = [last] if last in FORBIDDEN_WORDS else []
        found += [f"{name}:{node.lineno}: {word}" for word in words if (name, word) not in ALLOWED]
    return found


def test_no_module_can_run_what_stands_in_a_file():
    assert len(FILES) > 100
    assert [
        fault for file in FILES for fault in faults(file.read_text("utf-8"), file.relative_to(ROOT).as_posix())
    ] == []


@pytest.mark.parametrize(
    "line",
    [
        "torch.load('x')",
        "import pickle",
        "from pickle import loads",
        "eval(text)",
        "yaml.load(file, Loader=yaml.FullLoader)",
        "np.load('x', allow_pickle=True)",
        "load_dataset('x', trust_remote_code=True)",
    ],
)
def test_each_of_these_would_be_found(line):
    assert faults(line, "course_lib/x.py")


def test_the_page_names_the_files_that_are_read():
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert all(
        word in page
        for word in (".safetensors", ".yaml", "Parquet", "Pillow", ".course_progress.json", Path(__file__).name)
    )
