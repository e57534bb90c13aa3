"""What the tests of all drawings use."""

import pytest
from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def films(monkeypatch, request):
    """What the test's `drawings` showed as a film: (frames, alternative) each time."""
    shown = []
    monkeypatch.setattr(request.module.drawings, "show_film", lambda frames, text, **_: shown.append((frames, text)))
    return shown
