"""Settings: what is right is read, what is wrong is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.paths import CONFIGS
from course_lib.runs.config import Config, ConfigError, check_config, load_config

NAMES = sorted(path.stem for path in CONFIGS.glob("*.yaml"))


def test_the_promised_configs_are_there():
    promised = {"garments_smoke", "fashion_mnist_cpu", "fashion_mnist_gpu", "classic", "textures", "mnist"}
    assert promised | {"folder_128_colour"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_config_of_the_course_is_valid(name):
    assert isinstance(load_config(name), Config)


def test_the_classic_recipe_to_the_letter():
    config = load_config("classic")
    training = config.training
    assert config.data.flip
    assert (config.diffusion.schedule, config.diffusion.timesteps, config.diffusion.loss_type) == (
        "linear",
        200,
        "huber",
    )
    assert (training.batch_size, training.lr, training.lr_final, training.warmup_steps) == (128, 1e-3, 1.0, 0)
    assert (training.betas, training.weight_decay, training.grad_clip, training.ema_decay) == ((0.9, 0.999), 0, None, 0)
    assert training.steps == 5 * 469  # five epochs


def test_overrides_reach_their_section_with_their_type():
    changes = ["training.lr=1e-4", "training.grad_clip=null", "model.dim_mults=[1, 2]", "data.source=a folder/x=y"]
    config = load_config("garments_smoke", changes)
    assert config.training.lr == 1e-4
    assert config.training.grad_clip is None
    assert config.model.dim_mults == (1, 2)
    assert config.data.source == "a folder/x=y"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("training.learning_rate=1", "unknown key training.learning_rate"),
        ("training.batchsize=1", "did you mean 'batch_size'"),
        ("training.dim=8", r"did you mean 'model.dim'"),
        ("trainin.steps=1", "unknown section trainin; did you mean 'training'"),
        ("training.steps=0", "training.steps: .*greater than or equal to 1"),
        ("training.steps=many", "training.steps: .*'many'"),
        ("training.lr=-1", "training.lr"),
        ("training.lr=.nan", "training.lr"),
        ("training.ema_decay=1", "training.ema_decay: .*less than 1"),
        ("training.betas=[0.9, 1.0]", "training.betas"),
        ("training.precision=fp8", "training.precision: .*bf16"),
        ("diffusion.schedule=cosin", "diffusion.schedule: .*cosine"),
        ("diffusion.timesteps=1.5", "diffusion.timesteps"),
        ("model.dim=7", "model.dim: .*multiple of 2"),
        ("model.dim_mults=[]", "model.dim_mults"),
        ("model.dim_mults=[1, 0]", "model.dim_mults"),
        ("model.blocks_per_level=0", "model.blocks_per_level"),
        ("model.attention=[everywhere]", "model.attention"),
        ("data.channels=2", "data.channels"),
        ("diffusion.zero_terminal_snr=true", 'predicts "v"'),
        ("steps=3", "section.key=value"),
        ("training.steps", "section.key=value"),
    ],
)
def test_what_is_wrong_is_named(change, says):
    with pytest.raises(ConfigError, match=says):
        load_config("garments_smoke", [change])


def test_every_mistake_is_named_at_once():
    with pytest.raises(ConfigError) as caught:
        check_config({"training": {"lr": 0}, "model": {"dim": -2}})
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["model.dim", "training.lr"]


def test_a_misspelt_config_name_gets_a_suggestion():
    with pytest.raises(ConfigError, match=r"did you mean 'garments_smoke'.*fashion_mnist_cpu"):
        load_config("garment_smoke")


@pytest.mark.parametrize("text", ["training: [1", "- a list", "just words", "\xff\xfe"])
def test_broken_yaml_names_the_file(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match=r"mine\.yaml"):
        load_config(path)


def test_an_empty_file_is_the_courses_recipe(tmp_path):
    path = tmp_path / "empty.yaml"
    path.write_text("")
    assert load_config(path) == Config()


@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=5), max_size=3))
def test_nonsense_never_gets_through_unnoticed(section):
    try:
        config = check_config({"training": section})
    except ConfigError:
        return
    assert set(section) <= set(type(config.training).model_fields)
