"""Every setting of a run does what it is for. A field that is added to a section fails here until it has a line."""

import pytest
import torch

from course_lib.errors import CourseError
from course_lib.runs import loop
from course_lib.runs.config import DiffusionConfig, TrainingConfig, check_config
from course_lib.runs.folder import store
from course_lib.runs.loop import advance, preview, train
from course_lib.runs.run import fresh_run

CALM = {"sample_every": 0, "checkpoint_every": 0, "steps": 12, "warmup_steps": 1, "batch_size": 8}
CALM |= {"device": "cpu", "precision": "fp32"}
SHAPE, NAMES = (1, 8, 8), ["a"] * 10

# Fields that the weights after three steps depend on. Some need another setting beside them to show.
MOVE_WEIGHTS = {
    "training": {
        "batch_size": 7,
        "lr": 1e-3,
        "lr_final": 1.0,
        "warmup_steps": 0,
        "betas": (0.5, 0.6),
        "weight_decay": 0.5,
        "grad_clip": 1e-3,
        "label_dropout": 0.9,
        "precision": "bf16",
        "seed": 1,
    },
    "diffusion": {
        "schedule": "linear",
        "timesteps": 7,
        "zero_terminal_snr": True,
        "predicts": "start",
        "loss_type": "huber",
    },
}
# Fields that samples of one and the same network depend on.
MOVE_SAMPLES = {
    "training": {"seed": 1, "precision": "bf16"},
    "diffusion": {
        "schedule": "linear",
        "timesteps": 7,
        "zero_terminal_snr": True,
        "predicts": "start",
        "clip_start": False,
    },
}
# Fields that do something else; each has a test of its own below.
OTHERS = {
    "training": {
        "steps",
        "ema_decay",
        "start_from",
        "channels_last",
        "device",
        "sample_every",
        "sample_count",
        "checkpoint_every",
    },
    "diffusion": set(),
}


def pairs(table):
    return [(section, field) for section, fields in table.items() for field in fields]


def config(section="training", **changes):
    settings = {
        "model": {"dim": 8, "dim_mults": [1, 2], "class_conditional": True},
        "diffusion": {"timesteps": 10, "predicts": "v"},  # zero_terminal_snr is not for "noise"
        "training": dict(CALM),
    }
    settings[section] |= changes
    return check_config(settings)


@pytest.fixture(scope="module")
def pictures():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (20, *SHAPE), generator=generator, dtype=torch.uint8), torch.arange(20) % 10


def trained(pictures, settings, steps=3):
    run = fresh_run(settings, SHAPE, NAMES)
    for _ in range(steps):
        advance(run, *pictures)
    return run


def flat(network):
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


@pytest.fixture(scope="module")
def plain(pictures):
    return trained(pictures, config())


@pytest.mark.parametrize(("section", "kind"), [("training", TrainingConfig), ("diffusion", DiffusionConfig)])
def test_every_field_has_its_test(section, kind):
    tested = {*MOVE_WEIGHTS[section], *MOVE_SAMPLES[section], *OTHERS[section]}
    assert tested == set(kind.model_fields), "say in this file what the field is for, and test it"


def test_without_a_change_nothing_changes(pictures, plain):
    again = trained(pictures, config())
    assert torch.equal(flat(again.model), flat(plain.model))
    assert torch.equal(preview(again), preview(plain))


@pytest.mark.parametrize(("section", "field"), pairs(MOVE_WEIGHTS))
def test_the_weights_depend_on(section, field, pictures, plain):
    changed = trained(pictures, config(section, **{field: MOVE_WEIGHTS[section][field]}))
    difference = (flat(changed.model) - flat(plain.model)).abs().max()
    assert difference > 1e-5


@pytest.mark.parametrize(("section", "field"), pairs(MOVE_SAMPLES))
def test_the_samples_of_one_network_depend_on(section, field, plain):
    changed = fresh_run(config(section, **{field: MOVE_SAMPLES[section][field]}), SHAPE, NAMES)
    changed.ema.load_state_dict(plain.ema.state_dict())
    assert (preview(changed) - preview(plain)).abs().max() > 1e-4


def test_ema_decay_moves_the_averaged_weights_alone(pictures, plain):
    none = trained(pictures, config(ema_decay=0))
    assert torch.equal(flat(none.model), flat(plain.model))
    assert torch.equal(flat(none.ema), flat(none.model))
    assert (flat(plain.ema) - flat(plain.model)).abs().max() > 1e-4
    half, less = (flat(trained(pictures, config(ema_decay=decay)).ema) for decay in (0.15, 0.05))
    assert (half - less).abs().max() > 1e-4


def test_channels_last_is_how_the_weights_lie(pictures):
    run = trained(pictures, config(channels_last=True), steps=1)
    for network in (run.model, run.ema):
        assert network.middle[0].conv1.weight.is_contiguous(memory_format=torch.channels_last)


def test_the_device_is_the_one_that_is_named():
    assert fresh_run(config(device="cpu"), SHAPE, NAMES).device == torch.device("cpu")
    with pytest.raises(CourseError, match="'abacus' is not available"):
        fresh_run(config(device="abacus"), SHAPE, NAMES)


def test_start_from_is_where_the_weights_come_from(pictures, plain, tmp_path):
    store(plain, tmp_path)
    run = fresh_run(config(start_from=str(tmp_path / "checkpoint.safetensors")), SHAPE, NAMES)
    assert torch.equal(flat(run.model), flat(plain.ema))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"steps": 3}, {3: {"checkpoint"}}),
        ({"steps": 4, "checkpoint_every": 2}, {2: {"checkpoint"}, 4: {"checkpoint"}}),
        ({"steps": 4, "sample_every": 3}, {3: {"samples"}, 4: {"samples", "checkpoint"}}),
    ],
)
def test_when_a_run_ends_saves_and_samples(changes, expected, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "load_images", lambda *args, **kwargs: pictures)
    happened = {}

    def note(step, what):
        happened.setdefault(step, set()).add(what)

    monkeypatch.setattr(loop, "store", lambda run, out: note(run.step, "checkpoint"))
    monkeypatch.setattr(loop, "save_grid", lambda images, path: note(int(path.stem.split("_")[1]), "samples"))
    steps = [progress.step for progress in train(config(**changes), tmp_path)]
    assert steps == list(range(1, changes["steps"] + 1))
    assert happened == expected


def test_as_many_samples_as_asked_for(pictures):
    assert preview(fresh_run(config(sample_count=5), SHAPE, NAMES)).shape == (5, *SHAPE)
