"""How a test gets a script of tools/ as a module."""

import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from course_lib.paths import ROOT


@pytest.fixture
def load_tool(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """A function of a script's name in tools/: the script as a fresh module, which may import its neighbours."""

    def load(name: str) -> ModuleType:
        monkeypatch.syspath_prepend(ROOT / "tools")
        spec = importlib.util.spec_from_file_location(f"{name}_script", ROOT / "tools" / f"{name}.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return load
