"""How many faults the tests injected, by kind: a line at the end of the tests' report.

The numbers travel with each test's own report, so they arrive from other processes (`pytest -n`), too.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

SAID = pytest.StashKey[bool]()


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> Iterator[Callable[..., None]]:
    """faults("kill") or faults("kill", 12): so many more faults of that kind were injected."""
    counts: dict[str, int] = {}
    request.node.user_properties.append(("faults", counts))

    def count(kind: str, number: int = 1) -> None:
        counts[kind] = counts.get(kind, 0) + number

    yield count
    assert counts, "this test was to count its faults, and it injected none"


def pytest_terminal_summary(terminalreporter, config) -> None:
    if SAID in config.stash:
        return
    config.stash[SAID] = True
    total: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for name, counts in report.user_properties:
                    if name == "faults":
                        total.update(counts)
    if total:
        listed = ", ".join(f"{kind} {number}" for kind, number in sorted(total.items()))
        terminalreporter.write_line(f"faults injected: {total.total()} ({listed})")
