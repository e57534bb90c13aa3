"""The pinned versions can be installed by everybody whom the README promises it to."""

import re
from importlib.metadata import distributions

from packaging.specifiers import SpecifierSet

from course_lib.paths import ROOT


def test_every_pin_can_be_met_on_the_oldest_python():
    """pip does not see a release that needs a newer Python than it runs on, and then calls the pin a conflict."""
    pins = dict(re.findall(r"^(\S+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE))
    pinned = [package for package in distributions() if package.version.partition("+")[0] == pins.get(package.name)]
    assert len(pinned) > 50
    needs = {package.name: package.metadata.get("Requires-Python") or "" for package in pinned}
    assert {name: need for name, need in needs.items() if "3.11.0" not in SpecifierSet(need)} == {}
