"""Chapter 00's own function, against what it promises; and the table of names."""

import pytest
import torch

from course_lib.forward import q_sample
from course_lib.schedules import NoiseSchedule
from course_lib.start import add_noise, notation


@pytest.mark.parametrize("signal", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_the_variance_stays_and_its_share_is_the_signals(signal):
    generator = torch.Generator().manual_seed(0)
    x, noise = torch.randn(2, 200_000, generator=generator)
    mixed = add_noise(x, noise, signal)
    assert mixed.var() == pytest.approx(1, abs=0.02)
    assert (mixed * x).mean() == pytest.approx(signal**0.5, abs=0.02)


def test_it_is_the_leap_of_chapter_04_for_one_t():
    schedule = NoiseSchedule.from_name("cosine", 50)
    x, noise = torch.randn(2, 3, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    for t in (0, 20, 49):
        expected = q_sample(x, torch.full((3,), t), noise, schedule)
        assert torch.allclose(add_noise(x, noise, float(schedule.alphas_cumprod[t])), expected, atol=1e-5)


def test_the_table_of_names_is_shown(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    notation()
    assert "| $x_0$ | `x_start` |" in shown[0].data
