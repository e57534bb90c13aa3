"""Settings: what is right is read, what is wrong is named."""

import os
import sys
import time

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from course_lib.errors import CourseError
from course_lib.paths import CONFIGS
from course_lib.runs import settings_file
from course_lib.runs.config import LARGEST_SEED, MOST_STEPS, Config, ConfigError, check_config, load_config

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
        ("diffusion.schedule=flow", 'predicts "v"'),
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


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def loader(request, monkeypatch):
    """Each of the readers that PyYAML can come with."""
    if not hasattr(yaml, request.param):
        pytest.skip("this PyYAML comes without libyaml")
    monkeypatch.setattr(settings_file, "LOADER", getattr(yaml, request.param))


@pytest.fixture
def read(tmp_path):
    def read(content):
        path = tmp_path / "mine.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_config(path)

    return read


@pytest.fixture
def refusal(read):
    def refusal(content):
        with pytest.raises(ConfigError) as caught:
            read(content)
        return str(caught.value)

    return refusal


STEPS_3 = Config().model_copy(update={"training": Config().training.model_copy(update={"steps": 3})})


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("training:\n#  steps: 3\nmodel:\ndata: ~\n", Config()),
        ("# nothing\n", Config()),
        ("---\n", Config()),
        (" \n\n", Config()),
        (b"\xef\xbb\xbftraining:\n  steps: 3\n", STEPS_3),  # with a byte order mark, as Windows editors write it
        ("training:\r\n  steps: 3\r\n", STEPS_3),
        ("{training: {steps: 3}}", STEPS_3),
        ("training:\n  steps: 3e0\n", STEPS_3),
        ("training:\n  steps: 03\n", STEPS_3),
        ("training:\n  'steps': '3'\n", STEPS_3),
    ],
)
def test_what_a_file_may_look_like(content, expected, read):
    assert read(content) == expected


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("training:\n  steps: 3\n  lr: 1\n  steps: 3\n", ["line 4", "training.steps", "line 2", "Keep one"]),
        ("data:\n  source: a\nmodel:\ndata:\n", ["line 4", "data", "line 1"]),
        ("training:\n  betas: {a: 1, b: 2, a: 3}\n", ["line 2", "training.betas.a"]),
        ("1: 2\n", ["unknown section 1", "training"]),
        ("training:\n  5: 6\n", ["unknown key training.5", "steps"]),
        ("true: 6\n", ["unknown section true"]),
        ("[a]: 3\n", ["line 1", "a key must be a word"]),
        ("training:\n  ? {x: y}\n  : 3\n", ["line 2", "(at training)", "a key must be a word"]),
        ("x: &x {steps: 3}\ntraining: *x\n", ["line 1", "aliases", "quote"]),
        ("training: &t\n  steps: *t\n", ["line 1", "aliases"]),
        ("training:\n  <<: {steps: 3}\n", ["unknown key training.<<"]),
        ("training:\n  steps: !!int 3\n", ["line 2", "training.steps", "tags (!)"]),
        ("!!python/object/apply:os.system [ls]\n", ["line 1", "tags (!)"]),
        ("training:\n\tsteps: 3\n", ["line 2", "tab", "spaces"]),
        ("training:\n  steps 3\n  lr: 4\n", ["line 3", "'lr: 4'", "`key: value`"]),
        ("data:\n  source: @home\n", ["line 2", "@home", "'single quotes'"]),
        ("data:\n  source: 'home\n", ["line 2", "'single quotes'"]),
        ("training:\n---\nmodel:\n", ["line 3", "second document", "`---`"]),
        ("training.steps: 3\n", ["unknown section training.steps", "below 'training:'"]),
        ("steps: 3\n", ["did you mean 'training.steps'"]),
        ("training:\n  steps:3\n", ["training: must hold keys and values", "'steps:3'"]),
        ("training:\n- steps\n", ["training: must hold keys and values", "['steps']"]),
        ("- training\n", ["mine.yaml", "['training']", "`training:`"]),
        ("training:\n  steps:\n", ["training.steps", "nothing", "2000"]),
        ("data:\n  source: 2024\n", ["data.source", "quotes", "2024"]),
        ("training:\n  steps: 1:30\n", ["training.steps", "'1:30'"]),  # not ninety
        ("training:\n  steps: yes\n", ["training.steps", "true"]),  # not one
        ("training:\n  steps: " + "9" * 5000, ["training.steps", "smaller", "99..."]),
        ("training:\n  steps: " + "k" * 10**5, ["training.steps", "kk..."]),
        ("training:\n  steps: 3\n".encode("utf-16"), ["UTF-16", "UTF-8"]),
        ("training:\n  steps: 3\n".encode("utf-16-le"), ["line 1", "UTF-8"]),
        ("data:\n  source: Bücher\n".encode("latin-1"), ["line 2", "UTF-8"]),
        ("data:\n  source: a\x07b\n", ["line 2", "character"]),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), ["line 1", "UTF-8"]),
        (bytes(100), ["line 1", "character"]),
        ("#" * 3_000_000, ["mine.yaml", "2,000,000 bytes"]),
    ],
)
def test_what_is_wrong_in_a_file_is_named(content, says, refusal):
    message = refusal(content)
    assert all(words in message for words in says), message
    assert len(message) < 500


BOMBS = {
    "laughs": "a: &a [x,x,x]\n"
    + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcd", "bcde", strict=True)),
    "brackets": "a: " + "[" * 100_000,
    "braces": "{a: " * 50_000,
    "dashes": "- " * 50_000,
    "closed": "a: " + "[" * 100_000 + "]" * 100_000,
    "indented": "".join(f"{' ' * depth}k:\n" for depth in range(1000)),
    "questions": "? " * 10_000,
    "sections": "".join(f"section_{number}: {number}\n" for number in range(50_000)),
    "keys": "training:\n" + "".join(f"  key_{number}: {number}\n" for number in range(50_000)),
    "entries": f"model:\n  dim_mults: [{'0, ' * 100_000}]\n",
    "anchors": "&a " * 10_000,
    "quotes": '"' * 100_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_small_file_takes_long_or_fills_the_screen(name, refusal):
    start = time.process_time()
    message = refusal(BOMBS[name])
    assert time.process_time() - start < 10
    assert len(message.splitlines()) <= 12
    assert len(message) < 3000


def test_of_many_mistakes_ten_are_named_and_the_others_counted():
    with pytest.raises(ConfigError) as caught:
        check_config({"training": {f"key_{number}": number for number in range(100_000)}})
    lines = str(caught.value).splitlines()
    assert len(lines) == 11
    assert lines[0].startswith("unknown key training.key_0. Known: steps, ")
    assert lines[1] == "unknown key training.key_1."
    assert "99,990 more" in lines[-1]


def test_a_key_with_a_dot_does_not_hide_the_real_one():
    with pytest.raises(ConfigError, match=r"(?s)training\.steps: must be .*unknown section training\.steps"):
        check_config({"training": {"steps": 0}, "training.steps": 3})


def test_a_folder_is_no_config(tmp_path):
    with pytest.raises(ConfigError, match=r"is a folder.*classic"):
        load_config(tmp_path)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "", "/dev/zero", "\udcff"])
def test_names_that_no_file_has(name):
    with pytest.raises(ConfigError, match=r"no config file .*classic"):
        load_config(name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("training:\n")
    path.chmod(0)
    with pytest.raises(CourseError, match=r"mine\.yaml cannot be read: you have no permission"):
        load_config(path)


@pytest.mark.skipif(sys.platform != "linux", reason="the file that the system refuses to read is Linux's")
def test_a_file_that_the_system_refuses_to_read():
    with pytest.raises(CourseError, match="/proc/self/mem cannot be read"):
        load_config("/proc/self/mem")


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("training.steps=1e3", 1000),
        ("training.steps=1.5e3", 1500),
        ("training.steps=1_000", 1000),
        ("training.steps=1000.0", 1000),
        ("model.dim_mults=1,2,4", (1, 2, 4)),
        ("model.dim_mults=1, 2, 4", (1, 2, 4)),
        ("model.blocks_per_level=1,2,1", (1, 2, 1)),
        ("model.blocks_per_level=2", 2),
        ("model.attention=none,linear,full", ("none", "linear", "full")),
        ("training.betas=0.9,0.999", (0.9, 0.999)),
        ("data.source=2024", "2024"),
        ("data.source=2024-01-01", "2024-01-01"),
        ("data.source=007", "007"),
        ("data.source='007'", "007"),
        ("data.source=[mine]", "[mine]"),
        ("data.source=*.png", "*.png"),
        ("training.start_from=null", None),
        (" training.steps = 5 ", 5),
    ],
)
def test_changes_as_people_write_them(change, value):
    section, key = change.partition("=")[0].strip().split(".")
    assert getattr(getattr(load_config("garments_smoke", [change]), section), key) == value


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("training.steps=1,000", ["training.steps", "'1,000'", "a whole number, e.g. 2000"]),
        ("training.steps=1e400", ["training.steps", "'1e400'"]),
        ("training.steps=true", ["training.steps", "true", "a whole number"]),
        ("training.steps=", ["training.steps", "nothing", "a whole number"]),
        ("model.dim_mults=[1,2", ["model.dim_mults", "'[1,2'", "[1, 2, 2]"]),
        ("model.dim_mults=1 2 4", ["model.dim_mults", "'1 2 4'", "[1, 2, 2]"]),
        ("model.dim_mults=4", ["model.dim_mults", "(given: 4)", "[1, 2, 2]"]),
        ("model.dim_mults=[1,2,x]", ["model.dim_mults", "'x'"]),
        ("model.attention=none", ["model.attention", "'none'", "[none, linear, full]"]),
        ("model.skips=no", ["model.skips", "all, level, none"]),
        ("model.blocks_per_level=[1, 2, x]", ["model.blocks_per_level", "'x'"]),
        ("model.blocks_per_level=[1, 2]", ["blocks_per_level has 2 entries", "dim_mults has 3 levels"]),
        ("data.channels=true", ["data.channels", "true", "1, 3"]),
        ("data.flip=maybe", ["data.flip", "'maybe'", "true or false"]),
        ("data.source=\udcff", ["data.source", "UTF-8"]),
        ("training={steps: 3}", ["section.key=value"]),
        (".=3", ["section.key=value"]),
        ("training.=3", ["section.key=value"]),
        ("training.x.y=3", ["unknown key training.x.y"]),
        ("training.st\x1beps=3", ["unknown key", r"st\x1beps"]),
    ],
)
def test_a_wrong_change_says_what_to_write(change, says):
    with pytest.raises(ConfigError) as caught:
        load_config("garments_smoke", [change])
    message = str(caught.value)
    assert all(words in message for words in says), message
    assert message.isprintable()


@pytest.mark.parametrize("second", ["training.steps=4", " training.steps = 4"])
def test_of_two_changes_of_one_key_the_last_counts(second):
    """A command line that is made by a script adds its changes at the end."""
    assert load_config("garments_smoke", ["training.steps=3", "training.lr=1", second]).training.steps == 4


def test_a_set_section_that_the_file_leaves_empty(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("training:\n")
    assert load_config(path, ["training.steps=3"]) == STEPS_3


@pytest.mark.parametrize(
    "change",
    [
        "training.seed=8796093022209",
        "training.steps=1e12",
        "training.batch_size=1e9",
        "training.sample_count=1e9",
        "training.warmup_steps=1e30",
        "training.sample_every=1e30",
        "training.checkpoint_every=1e30",
        "model.dim=1e6",
        "model.init_dim=1e6",
        "model.dim_mults=1,100",
        "model.dim_mults=1,1,1,1,1,1,1,1,1",
        "model.blocks_per_level=1000000000000",
        "model.blocks_per_level=1,1,1000",
        "model.patch=100",
        "data.image_size=1e6",
        "diffusion.timesteps=1e9",
    ],
)
def test_sizes_that_no_sane_run_has(change):
    key = change.partition("=")[0]
    with pytest.raises(ConfigError, match=rf"^{key}: must .*(less than or equal to|at most) [0-9]+") as caught:
        load_config("garments_smoke", [change])
    assert len(str(caught.value).splitlines()) == 1


def test_the_largest_seed_is_one_that_torch_takes():
    torch.Generator().manual_seed(LARGEST_SEED * 1_000_003 + MOST_STEPS)


@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=5), max_size=3))
def test_nonsense_never_gets_through_unnoticed(section):
    try:
        config = check_config({"training": section})
    except ConfigError:
        return
    assert set(section) <= set(type(config.training).model_fields)
