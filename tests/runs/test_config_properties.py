"""Whatever stands in a config, it ends in a Config that works or in a ConfigError that a person can read."""

import math

import pytest
import torch
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course_lib.runs import settings_file
from course_lib.runs.checkpoints import make_model, make_schedule
from course_lib.runs.config import SECTIONS, Config, ConfigError, check_config, load_config
from course_lib.runs.memory import footprint

NUMBERS = st.integers() | st.sampled_from([0, 1, 2, 64, 2**43, 2**63, 10**12, 10**400]) | st.floats()
WORDS = st.text(max_size=8) | st.sampled_from(["auto", "1e3", "1,2,4", "[1, 2]", "none", "true", "\udcff", "9" * 5000])
SIMPLE = st.none() | st.booleans() | NUMBERS | WORDS | st.binary(max_size=4)
KEYS = (
    st.text(max_size=8) | st.none() | st.booleans() | st.integers() | st.binary(max_size=3) | st.tuples(st.integers())
)
NAMES = st.sampled_from(sorted({*SECTIONS, *(key for section in SECTIONS.values() for key in section.model_fields)}))
JUNK = st.recursive(
    SIMPLE,
    lambda inside: st.lists(inside, max_size=10) | st.dictionaries(KEYS | NAMES, inside, max_size=5),
    max_leaves=10,
)


def refusal(given_settings: object) -> str | None:
    try:
        config = check_config(given_settings)
    except ConfigError as error:
        message = str(error)
        assert 0 < len(message.splitlines()) < 20
        assert len(message) < 6000
        message.encode()  # any terminal and any log can be given it
        return message
    assert isinstance(config, Config)
    return None


@given(JUNK)
def test_anything_is_a_config_or_refused(junk):
    refusal(junk)


@given(st.data())
def test_any_value_of_any_key_is_taken_or_refused_by_name(data):
    section = data.draw(st.sampled_from(sorted(SECTIONS)))
    key = data.draw(st.sampled_from(sorted(SECTIONS[section].model_fields)))
    message = refusal({section: {key: data.draw(JUNK)}})
    assert message is None or message.startswith(
        (f"{section}.{key}: ", f"{section}: {key} ", "model: blocks", "model: att")
    )


@given(st.dictionaries(st.sampled_from(sorted(SECTIONS)), st.dictionaries(KEYS | NAMES, JUNK, max_size=20)))
def test_no_unknown_key_gets_through(sections):
    unknown = [
        (section, key)
        for section, keys in sections.items()
        for key in keys
        if not (isinstance(key, str) and key in SECTIONS[section].model_fields)
    ]
    message = refusal(sections)
    if unknown:
        assert message is not None
        assert "unknown key" in message or "more settings are wrong" in message


FOREVER = st.text(alphabet="abc10.:,-?[]{}&*!|>'\"%@`#~ \n\t<=_e", max_size=60)
CONTENTS = st.binary(max_size=200) | FOREVER.map(str.encode) | st.text(max_size=60).map(str.encode)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("configs") / "any.yaml"


@pytest.mark.parametrize("loader", [yaml.SafeLoader, settings_file.LOADER])
@settings(max_examples=150, deadline=2000)
@example(b"training:\n  steps: *x\n")
@example(b"\xff\xfe")
@example(b"? - a\n: b")
@given(content=CONTENTS)
def test_any_file_is_a_config_or_refused_by_name(loader, file, content):
    file.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings_file, "LOADER", loader)
        try:
            message = None if load_config(file) else ""
        except ConfigError as error:
            message = str(error)
    assert message is None or 0 < len(message.splitlines()) < 20


PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=12) | st.sampled_from(
    ["1e3", "010", "1:30", "no", "~", "2024-01-01", "=", "<<", "0x1f", "1_0"]
)


@given(st.dictionaries(TEXTS, st.dictionaries(TEXTS, PLAIN | TEXTS | st.lists(PLAIN | TEXTS, max_size=4), max_size=4)))
def test_what_yaml_writes_is_read_again(content):
    assert settings_file.parse(yaml.safe_dump(content)) == content


def optional(strategies):
    return st.fixed_dictionaries({}, optional=strategies)


@st.composite
def small_configs(draw):
    """Settings of every kind, for a network that fits into a test."""
    levels = draw(st.integers(1, 3))
    each = {"min_size": levels, "max_size": levels}
    model = {
        "dim": st.sampled_from([4, 6, 8]),
        "block": st.sampled_from(["resnet", "convnext"]),
        "init_dim": st.none() | st.integers(1, 8),
        "blocks_per_level": st.integers(1, 2) | st.lists(st.integers(1, 2), **each),
        "attention": st.none() | st.lists(st.sampled_from(["none", "linear", "full"]), **each),
        "skips": st.sampled_from(["all", "level", "none"]),
        "top_skip": st.booleans(),
        "time_mode": st.sampled_from(["add", "scale_shift"]),
        "transposed": st.booleans(),
        "patch": st.integers(1, 8),
        "class_conditional": st.booleans(),
    }
    diffusion = {
        "schedule": st.sampled_from(["linear", "quadratic", "cosine", "sigmoid"]),
        "timesteps": st.integers(2, 5) | st.integers(2, 10_000),
        "zero_terminal_snr": st.booleans(),
        "loss_type": st.sampled_from(["l1", "l2", "huber"]),
        "clip_start": st.booleans(),
    }
    training = {
        "steps": st.integers(1, 10**9),
        "batch_size": st.integers(1, 100_000),
        "lr": st.floats(0, 1, exclude_min=True),
        "betas": st.tuples(*[st.floats(0, 1, exclude_max=True)] * 2),
        "grad_clip": st.none() | st.floats(0, exclude_min=True, allow_infinity=False),
        "seed": st.integers(0, 2**43),
        "start_from": st.none() | TEXTS,
        "device": TEXTS,
    }
    return {
        "data": draw(optional({"source": TEXTS, "image_size": st.none() | st.integers(4, 1024)})),
        "model": draw(optional(model)) | {"dim_mults": draw(st.lists(st.integers(1, 3), **each))},
        "diffusion": draw(optional(diffusion)) | {"predicts": draw(st.sampled_from(["v", "start"]))},
        "training": draw(optional(training)),
    }


@settings(deadline=None, max_examples=25)
@given(small_configs(), st.sampled_from([(1, 8, 8), (3, 5, 9), (1, 1, 1)]))
def test_a_valid_config_works(given_settings, image_shape):
    config = check_config(given_settings)

    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
    assert check_config(settings_file.parse(text)) == config

    constants = [value for value in vars(make_schedule(config)).values() if isinstance(value, torch.Tensor)]
    assert len(constants) == 10
    assert all(value.isfinite().all() for value in constants)

    model = make_model(config, image_shape[0], num_classes=3)
    x = torch.zeros(2, *image_shape)
    with torch.no_grad():
        prediction = model(x, torch.tensor([0, config.diffusion.timesteps - 1]))
    assert prediction.shape == x.shape
    assert prediction.isfinite().all()

    estimate = footprint(config, image_shape, num_classes=3, bf16=False)
    assert estimate.weights == sum(parameter.nbytes for parameter in model.parameters())
    for need in (estimate.training(config.training.batch_size), estimate.sampling(2)):
        assert math.isfinite(need)
        assert need > 0


@pytest.mark.parametrize("schedule", ["linear", "quadratic", "cosine", "sigmoid"])
@pytest.mark.parametrize("zero", [True, False])
def test_the_shortest_schedules_are_finite_or_refused(schedule, zero):
    for timesteps in (1, 2, 3, 4, 10_000):
        given_settings = {"schedule": schedule, "timesteps": timesteps, "zero_terminal_snr": zero, "predicts": "v"}
        if zero and timesteps == 1:
            with pytest.raises(ConfigError, match=r"zero_terminal_snr needs timesteps of 2 or more.*timesteps=200"):
                check_config({"diffusion": given_settings})
            continue
        constants = vars(make_schedule(check_config({"diffusion": given_settings}))).values()
        assert all(value.isfinite().all() for value in constants if isinstance(value, torch.Tensor))
