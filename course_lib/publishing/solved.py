"""A plugin for pytest, beside nbval: every notebook with the course's own answers in it is run once and compared.

    pytest -p course_lib.publishing.solved --nbval --dist loadfile notebooks

nbval runs the students' notebooks, notebooks/*.ipynb. This plugin collects their sources, notebooks/source/*.py, and
runs the solved version of each in the same way: `check` has to call every answer right, and every other cell has to
give the outputs that the student's notebook has. Where they differ on purpose (a cell that shows what the student has
passed, for example) the cell carries the tag `nbval-ignore-output`.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile, find_metadata_tags

from course_lib.publishing.notebooks import ENVIRONMENT, is_graded, plain_text, read_source, says_right, turn


def pytest_configure(config: pytest.Config) -> None:
    """Kernels inherit the environment."""
    if config.option.nbval:
        os.environ.update(ENVIRONMENT)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "SolvedNotebook | None":
    """The source of a notebook, when nbval is on."""
    if is_source(file_path) and parent.config.option.nbval:
        return SolvedNotebook.from_parent(parent, path=file_path)
    return None


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> "Nothing | None":
    """pytest imports a file that the command line names, to look for tests: that would run the whole notebook."""
    return Nothing.from_parent(parent, path=module_path) if is_source(module_path) else None


def is_source(path: Path) -> bool:
    """Whether a notebook is built from it."""
    return path.parent.name == "source" and path.match("[0-9][0-9]_*.py")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long notebooks first."""
    items.sort(key=lambda item: turn(item.path))


class Nothing(pytest.File):
    """A file without tests."""

    def collect(self) -> list[pytest.Item]:
        """None."""
        return []


class SolvedNotebook(IPyNbFile):
    """A notebook with the course's answers, and with the outputs that the student's notebook should share.

    It runs in a folder of its own: what it writes must not meet what the student's notebook writes at the same time.
    """

    def collect(self) -> Iterator["SolvedCell"]:
        """Each code cell. Raises CollectError if the student's notebook is not built from this source."""
        path = self.path.parents[1] / f"{self.path.stem}.ipynb"
        built = nbformat.read(path, as_version=4).cells if path.exists() else []
        self.nb = read_source(self.path, solved=True)
        if [cell.id for cell in self.nb.cells] != [cell.id for cell in built]:
            raise self.CollectError(f"{path.name} has other cells; run: course notebooks build {self.path.stem}")
        code = [(cell, shown) for cell, shown in zip(self.nb.cells, built, strict=True) if cell.cell_type == "code"]
        for number, (cell, shown) in enumerate(code):
            cell.outputs, cell.execution_count = shown.outputs, number  # without a number nbval would compare nothing
            options = defaultdict(bool, {"check": True}) | dict(find_metadata_tags(cell.metadata))
            options["check"] |= is_graded(cell)
            yield SolvedCell.from_parent(self, name=cell.id, cell_num=number, cell=cell, options=options)

    def setup(self) -> None:
        """Start the kernel."""
        self.folder = TemporaryDirectory()
        timeout = self.config.option.nbval_kernel_startup_timeout
        self.kernel = RunningKernel(self.nb.metadata.kernelspec.name, cwd=self.folder.name, startup_timeout=timeout)
        self.setup_sanitize_files()

    def teardown(self) -> None:
        """Stop the kernel."""
        super().teardown()
        self.folder.cleanup()


class SolvedCell(IPyNbCell):
    """A code cell of a solved notebook."""

    def compare_outputs(self, test: list, ref: list, skip_compare: tuple | None = None) -> bool:
        """Whether `test`, what the cell gave, says "right" for a graded cell; for others whether it equals `ref`."""
        if not is_graded(self.cell):
            return super().compare_outputs(test, ref, skip_compare)
        self.comparison_traceback = ["The check does not call the course's own answer right:", plain_text(test)]
        return says_right(test)
