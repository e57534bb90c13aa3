"""A run that is watched: shown, stopped without an error, and shown with its old curve when it goes on."""

import pytest
import torch

from course_lib.pictures import live
from course_lib.runs import loop, watching
from course_lib.runs.config import check_config
from course_lib.runs.watching import watch

TINY = {
    "data": {"source": "garments"},
    "model": {"dim": 8, "dim_mults": [1, 2]},
    "diffusion": {"timesteps": 10},
    "training": {"steps": 24, "batch_size": 4, "sample_every": 0, "device": "cpu", "precision": "fp32"},
}


@pytest.fixture
def watched(monkeypatch):
    """What is shown goes nowhere; the LiveTrainings that were made."""
    images = torch.randint(256, (20, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    monkeypatch.setattr(loop, "load_images", lambda *args, **kwargs: (images, torch.zeros(20, dtype=torch.long)))
    made = []

    class Quiet(live.LiveTraining):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

        def _show(self, now):
            pass

    monkeypatch.setattr(watching, "LiveTraining", Quiet)
    return made


def test_a_run_that_is_stopped_is_stored_and_goes_on_with_its_curve(watched, monkeypatch, tmp_path):
    update = live.LiveTraining.update

    def stop_at_15(self, step, loss, samples=None):
        update(self, step, loss, samples)
        if step == 15:
            raise KeyboardInterrupt

    monkeypatch.setattr(live.LiveTraining, "update", stop_at_15)
    first = watch(check_config(TINY), tmp_path, "")
    assert first.step == 15
    assert watched[0].stopped
    second = watch(check_config(TINY), tmp_path, "")
    assert second.step == 24
    assert not watched[1].stopped
    assert watched[0].before[0].tolist() == []
    assert watched[1].before[0].tolist() == [10]
    assert watched[1].done == list(range(16, 25))
