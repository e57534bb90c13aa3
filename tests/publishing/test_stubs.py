"""What a notebook gives a student to start from is what the course's reference has.

The docstring of a stub says what the function does. The reference's docstring begins with the same words, and goes on
with what the student is to find out (the formula), the sources and the errors. So stubs are written by hand, and
compared here.
"""

import ast

import jupytext
import pytest

from course_lib.checker.quiz import Quiz
from course_lib.publishing.notebooks import sources
from course_lib.quizzes.registry import find

CELLS = [cell for source in sources([]) for cell in jupytext.read(source).cells if cell.cell_type == "code"]
WRITTEN = {cell.metadata["quiz"]: cell.source for cell in CELLS if "quiz" in cell.metadata}
STUBS = {name: source for name, source in WRITTEN.items() if isinstance(find(name), Quiz)}
QUESTIONS = WRITTEN.keys() - STUBS
MODULES = [name for name in STUBS if find(name).is_module]
WHOLE = [name for name in MODULES if find(name).whole]  # the student writes `__init__`, too


def definition(source):
    """The function or class that a cell defines (there may be others before it)."""
    return ast.parse(source).body[-1]


def signature(node):
    """Everything about a function or class but its docstring and its body."""
    if isinstance(node, ast.ClassDef):
        return (
            node.name,
            [ast.unparse(base) for base in node.bases],
            {name: signature(f) for name, f in methods(node).items()},
        )
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    return node.name, ast.unparse(node.args), node.returns and ast.unparse(node.returns), decorators


def methods(node):
    return {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}


def words(node):
    return (ast.get_docstring(node) or "").split()


def body(node):
    return [ast.unparse(statement) for statement in (node.body[1:] if ast.get_docstring(node) else node.body)]


@pytest.mark.parametrize("name", STUBS)
def test_a_stub_has_the_references_signature(name):
    assert signature(definition(STUBS[name])) == signature(definition(find(name).solution))


@pytest.mark.parametrize("name", STUBS)
def test_the_references_docstring_begins_with_the_stubs(name):
    stub, reference = words(definition(STUBS[name])), words(definition(find(name).solution))
    assert stub
    assert " ".join(reference).startswith(" ".join(stub))


@pytest.mark.parametrize("name", STUBS)
def test_a_stub_leaves_the_work_to_the_student(name):
    stub = definition(STUBS[name])
    written = [stub]
    if name in MODULES:
        written = [methods(stub)[part] for part in ("__init__", "forward") if part == "forward" or name in WHOLE]
    assert [body(part) for part in written] == [["raise NotImplementedError"]] * len(written)


def test_some_module_is_written_whole():
    assert WHOLE


@pytest.mark.parametrize("name", [name for name in MODULES if name not in WHOLE])
def test_a_modules_init_is_given_as_the_reference_has_it(name):
    given, reference = (methods(definition(source))["__init__"] for source in (STUBS[name], find(name).solution))
    assert body(given) == body(reference)


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_a_questions_letter_has_a_name_of_its_own(name):
    """With one name for all, the letter of the question before would be graded."""
    assert WRITTEN[name].startswith(f'{name} = ""')
    assert f'check({name}, "{name}")' in [cell.source for cell in CELLS]
