"""Files that are no networks, and safetensors that are valid outside and wrong inside: one line, which names the file.

Never a traceback, never an endless wait, and never a success with a network that is not there.
"""

import copy
import io
import json
import math
import os
import pickle
import random
import signal
import zipfile
from contextlib import contextmanager
from functools import partial

import pytest
import torch
from faults.tiny import course, done, outcome, refusal, training
from PIL import Image
from safetensors.torch import load, save

from course_lib.errors import CourseError
from course_lib.image_data.cache import from_cache, to_cache
from course_lib.image_data.decoding import Decoded
from course_lib.judges.classifier import Classifier, load_classifier
from course_lib.runs.checkpoints import export_checkpoint, load_checkpoint
from course_lib.runs.config import load_config
from course_lib.runs.folder import restore
from course_lib.runs.loop import train
from course_lib.runs.run import fresh_run

SETTING = [word for word in training("x")[2:-2] if word != "--set"]


@contextmanager
def not_for_ever(seconds=20):
    """A reader that waits for ever is a failure, not a test that hangs."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def late(*_):
        raise AssertionError("it waits for ever")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def described(content):
    """The tensors and the description in the content of a file."""
    length = int.from_bytes(content[:8], "little")
    return load(content), json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["course"])


def packed(tensors, about):
    return save(tensors, {"course": about if isinstance(about, str) else json.dumps(about)})


@pytest.fixture(scope="session")
def whole(undisturbed):
    """The content of a checkpoint of training."""
    return (undisturbed / "checkpoint.safetensors").read_bytes()


@pytest.fixture(scope="session")
def judge():
    """The content of a classifier's file."""
    tensors = {f"model.{name}": value for name, value in Classifier().state_dict().items()}
    statistics = {"statistics.mean": torch.zeros(6, 128), "statistics.covariance": torch.zeros(6, 128, 128)}
    about = {"image_shape": [1, 28, 28], "class_names": [str(label) for label in range(10)]}
    return packed(tensors | statistics, about)


@pytest.fixture
def go_on(whole):
    """Lets a run that knows its data go on from the file that is given."""
    run = fresh_run(load_config("garments_smoke", SETTING), (1, 8, 8), [str(label) for label in range(10)])
    run.data = described(whole)[1]["data"]
    return partial(restore, run)


def says_so(read, path, what=""):
    """The reader refuses the file in one line that names it; anything else than an error of ours is a failure."""
    with not_for_ever():
        try:
            read(path)
        except CourseError as error:
            said = str(error)
        else:
            raise AssertionError(f"{what or path.name} was read as if nothing were wrong")
    assert "\n" not in said
    assert path.name in said, said
    assert len(said) < 600, said
    return said


NO_CONFIGS = (
    *(None, [], "garments", 1, {"model": {"depth": 3}}, {"odd": {}}, {"model": 3}, {"model": {"dim": "wide"}}),
    *({"model": {"dim": 10**9}}, {"diffusion": {"timesteps": math.nan}}, {"diffusion": {"timesteps": 0}}),
    *({"training": {"lr": math.inf}}, {"model": {"dim_mults": []}}, {"model": {"dim_mults": [10**30]}}),
)
NO_SHAPES = ([0, 8, 8], ["a", 8, 8], [1, 8], [1, 8, 8, 8], None, "1x8x8", [1, -8, 8], [math.nan] * 3, [10**9] * 3, {})
NO_LOGS = (
    *(None, 3, [[1]], {}, [[1, math.nan, 2.0]], [["a", 1.0, 2.0]], [[1, 2.0, math.inf]], [[-1, 2.0, 3.0]]),
    [[1, math.inf, 1.0]],
)
FIELDS = {  # odd values of each field of a checkpoint's description
    "step": (-5, "three", 1.5, None, [], math.nan, math.inf, 10**400, -(10**400)),
    "image_shape": NO_SHAPES,
    "class_names": (3, None, [1, 2], "boots", {"a": 1}, [None], [["a"]]),
    "config": NO_CONFIGS,
}
FIELDS_OF_A_RUN = {
    "precision": ("fp7", None, 3),
    "data": (3, None, []),
    "seconds": (-1, "long", None, math.nan, math.inf, -math.inf),
    "log": NO_LOGS,
    "losses": (None, 3, ["a"], [math.nan], [math.inf], {}),
}


def odd_descriptions(about, fields):
    """Descriptions with one field missing or odd, and what is no description at all."""
    for name, values in fields.items():
        yield f"without {name}", {key: value for key, value in about.items() if key != name}
        for value in values:
            yield f"{name} = {value!r:.40}", about | {name: value}


NO_DESCRIPTIONS = (
    "",
    "{",
    "null",
    "[]",
    "3",
    '"text"',
    "{}",
    "[" * 100_000,
    '{"a":' * 100_000,
    "\ufeff{}",
    "NaN",
    "1" * 5000,
)


def odd_tensors(tensors):
    """Each tensor missing; some with another shape, another type, nan, inf; and one too many."""
    for name, tensor in tensors.items():
        yield f"without {name}", {key: value for key, value in tensors.items() if key != name}
        yield f"{name} with one axis more", tensors | {name: tensor[None].clone()}
        if tensor.is_floating_point():
            bad = tensor.clone()
            bad.view(-1)[-1] = math.nan if len(name) % 2 else -math.inf
            yield f"{name} not finite", tensors | {name: bad}
    name = max(tensors, key=lambda key: tensors[key].numel())
    for kind in (torch.int64, torch.bool, torch.uint8, torch.complex64):
        yield f"{name} as {kind}", tensors | {name: tensors[name].to(kind)}
    yield "one too many", tensors | {f"{name}.more": torch.zeros(1)}
    yield "flat", tensors | {name: tensors[name].flatten().clone()}
    yield "transposed", tensors | {name: tensors[name].transpose(0, -1).contiguous()}
    yield "empty", tensors | {name: torch.zeros(0)}
    yield "huge", tensors | {name: torch.full_like(tensors[name], 1e300, dtype=torch.float64)}
    yield "none", {}


def part(tensors, prefix):
    return {name: value for name, value in tensors.items() if name.startswith(prefix)}


def test_a_network_with_a_wrong_description(whole, tmp_path, faults):
    tensors, about = described(whole)
    path = tmp_path / "odd.safetensors"
    for what, odd in odd_descriptions(about, FIELDS):
        path.write_bytes(packed(part(tensors, "ema."), odd))
        says_so(load_checkpoint, path, what)
        faults("wrong file")
    for text in NO_DESCRIPTIONS:
        path.write_bytes(packed(part(tensors, "ema."), text))
        says_so(load_checkpoint, path)
        faults("wrong file")


def test_a_run_with_a_wrong_description(whole, go_on, tmp_path, faults):
    tensors, about = described(whole)
    path = tmp_path / "odd.safetensors"
    optional = {"losses"}  # older checkpoints have none
    for what, odd in odd_descriptions(about, FIELDS | FIELDS_OF_A_RUN):
        path.write_bytes(packed(tensors, odd))
        if what.removeprefix("without ") in optional:
            continue
        says_so(go_on, path, what)
        faults("wrong file")


def test_a_network_with_wrong_tensors(whole, tmp_path, faults):
    tensors, about = described(whole)
    path = tmp_path / "odd.safetensors"
    for what, odd in odd_tensors(part(tensors, "ema.")):
        path.write_bytes(packed(odd, about))
        says_so(load_checkpoint, path, what)
        faults("wrong file")


def test_a_run_with_wrong_tensors(whole, go_on, tmp_path, faults):
    """The weights of training and Adam's moments, every fifth: the reader is the same one for all."""
    tensors, about = described(whole)
    path = tmp_path / "odd.safetensors"
    for prefix in ("model.", "optimizer."):
        for what, odd in list(odd_tensors(part(tensors, prefix)))[::5]:
            rest = {name: value for name, value in tensors.items() if not name.startswith(prefix)}
            path.write_bytes(packed(rest | odd, about))
            says_so(go_on, path, what)
            faults("wrong file")


def test_a_wrong_classifier(judge, tmp_path, faults):
    tensors, about = described(judge)
    path = tmp_path / "odd.safetensors"
    weights = part(tensors, "model.")
    fields = {name: FIELDS[name] for name in ("image_shape", "class_names")}
    cases = [(what, packed(tensors, odd)) for what, odd in odd_descriptions(about, fields)]
    cases += [(what, packed(odd, about)) for what, odd in list(odd_tensors(weights))[::4]]
    cases += [(text, packed(tensors, text)) for text in NO_DESCRIPTIONS[:6]]
    for what, content in cases:
        path.write_bytes(content)
        says_so(lambda path: load_classifier(path, "cpu"), path, what)
        faults("wrong file")


def test_wrong_statistics_of_a_classifier(judge, undisturbed, tmp_path, faults):
    """The network here draws 8 x 8: what is asked is whether the statistics are looked at before anything else."""
    tensors, about = described(judge)
    path = tmp_path / "odd.safetensors"
    for name in ("statistics.mean", "statistics.covariance"):
        for value in (
            torch.full_like(tensors[name], math.nan),
            None,
            torch.zeros(3),
            torch.zeros(6, 128, dtype=torch.int64),
        ):
            odd = {key: copy.deepcopy(tensor) for key, tensor in tensors.items() if key != name}
            path.write_bytes(packed(odd if value is None else odd | {name: value}, about))
            refusal(course("evaluate", undisturbed / "checkpoint.safetensors", "--classifier", path, "--device", "cpu"))
            faults("wrong file")


def other_files(whole, judge, folder):
    """What people take for a checkpoint."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a/data.pkl", b"x")
    torch.save({"a": torch.zeros(1)}, folder / "t.pt")
    picture = io.BytesIO()
    Image.new("L", (8, 8)).save(picture, "PNG")
    tensors, about = described(whole)
    contents = {
        "empty": b"",
        "zip": archive.getvalue(),
        "torch": (folder / "t.pt").read_bytes(),
        "pickle": pickle.dumps({"a": 1}),
        "old pickle": pickle.dumps({"a": 1}, protocol=0),
        "png": picture.getvalue(),
        "gif": b"GIF89a" + bytes(100),
        "git lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n",
        "html": b"<!DOCTYPE html><html><body>Not found</body></html>",
        "xml": b"<?xml version='1.0'?><Error/>",
        "text": b"dear diary\n" * 50,
        "json": b'{"step": 3}',
        "zeros": bytes(5000),
        "ones": b"\xff" * 5000,
        "long header": (2**63).to_bytes(8, "little") + b"{}",
        "header that is no JSON": (10).to_bytes(8, "little") + b"x" * 10,
        "deep header": (200_000).to_bytes(8, "little") + b'{"a":' * 40_000,
        "offsets past the end": (62).to_bytes(8, "little")
        + b'{"a":{"dtype":"F32","shape":[99],"data_offsets":[0,396]}}     ',
        "no description": save(tensors),
        "samples": packed({"images": torch.zeros(2, 1, 8, 8, dtype=torch.uint8)}, {"checkpoint": "x", "seed": 0}),
        "classifier": judge,
        "cache": packed(
            {"images": torch.zeros(2, 1, 8, 8), "labels": torch.zeros(2)}, {"format": 2, "fingerprint": ""}
        ),
        "weights without averages": packed(part(tensors, "model."), about),
        "no tensors": packed({}, about),
    }
    for name, content in contents.items():
        path = folder / f"{name.replace(' ', '_')}.safetensors"
        path.write_bytes(content)
        yield path
    yield from odd_places(folder)


def odd_places(folder):
    (folder / "folder.safetensors").mkdir()
    (folder / "circle.safetensors").symlink_to(folder / "circle.safetensors")
    (folder / "nowhere.safetensors").symlink_to(folder / "not there")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.safetensors")
        yield folder / "pipe.safetensors"
    yield from (folder / f"{name}.safetensors" for name in ("folder", "circle", "nowhere"))


def test_other_files_for_every_reader(whole, judge, tmp_path, faults):
    readers = [
        load_checkpoint,
        lambda path: export_checkpoint(path, tmp_path / "out" / "e.safetensors"),
        lambda path: next(
            train(load_config("garments_smoke", [*SETTING, f"training.start_from={path}"]), tmp_path / "s")
        ),
        lambda path: load_classifier(path, "cpu"),
    ]
    for path in other_files(whole, judge, tmp_path):
        for number, read in enumerate(readers):
            if path.name == "classifier.safetensors" and number == 3:
                continue
            says_so(read, path)
            faults("wrong file")
    assert not (tmp_path / "out" / "e.safetensors").exists()
    assert not (tmp_path / "s" / "checkpoint.safetensors").exists()


def test_other_files_for_the_commands(whole, judge, tmp_path, faults):
    (tmp_path / "files").mkdir()
    for path in other_files(whole, judge, tmp_path / "files"):
        for words in (
            ("sample", path, "-n", 1, "--out", tmp_path / "a.png"),
            ("evaluate", path),
            ("export", path, tmp_path / "a.safetensors"),
        ):
            with not_for_ever():
                assert path.name in refusal(course(*words))
            faults("wrong file")
    assert os.listdir(tmp_path) == ["files"]


def test_other_files_in_the_folder_of_a_run(whole, judge, tmp_path, faults):
    """In place of the checkpoint: training neither goes on from it nor replaces it."""
    (tmp_path / "files").mkdir()
    for path in other_files(whole, judge, tmp_path / "files"):
        if path.name in ("nowhere.safetensors", "circle.safetensors"):  # links to nothing: a run may start there
            continue
        out = tmp_path / path.stem
        out.mkdir()
        content = path.read_bytes() if path.is_file() else None
        os.rename(path, out / "checkpoint.safetensors")
        with not_for_ever():
            said = refusal(course(*training(out)))
        assert str(out) in said, said
        if content is not None:
            assert (out / "checkpoint.safetensors").read_bytes() == content
        assert "log.csv" not in os.listdir(out)
        faults("wrong file")


def test_a_file_cut_off_anywhere(whole, judge, go_on, tmp_path, faults):
    for content, reads in (
        (whole, [load_checkpoint, go_on]),
        (judge, [lambda path: load_classifier(path, "cpu")]),
    ):
        lengths = [len(content) * share // 50 for share in range(50)] + [1, 7, 8, 9, 100, len(content) - 1]
        for length in lengths:
            path = tmp_path / "cut.safetensors"
            path.write_bytes(content[:length])
            for read in reads:
                assert "broken" in says_so(read, path) or length < 32
                faults("wrong file")


def test_a_file_with_something_behind_its_end(whole, tmp_path, faults):
    for more in (b"\0", b"x" * 1000, whole):
        path = tmp_path / "long.safetensors"
        path.write_bytes(whole + more)
        says_so(load_checkpoint, path)
        faults("wrong file")


def test_the_length_of_the_head_is_no_kind_of_file(whole, tmp_path, faults):
    """A checkpoint that was cut off is not called a pickle, whatever its first bytes happen to be."""
    tensors, about = described(whole)
    for more in range(256):
        content = packed(part(tensors, "ema."), about | {"note": "x" * more})
        if content[0] == 0x80:
            break
    assert content[0] == 0x80
    (tmp_path / "a.safetensors").write_bytes(content[:-1])
    assert "broken or half-copied" in says_so(load_checkpoint, tmp_path / "a.safetensors")
    faults("wrong file")


def test_flipped_bytes(whole, tmp_path, faults):
    """In the head, anywhere: an error of ours, or a network that is finite. In a weight both are possible."""
    generator, head = random.Random(0), int.from_bytes(whole[:8], "little") + 8
    path, loaded = tmp_path / "flipped.safetensors", 0
    for attempt in range(300):
        content = bytearray(whole)
        for _ in range(generator.choice((1, 1, 2, 5))):
            content[generator.randrange(8 if attempt % 10 == 0 else head if attempt % 5 else len(whole))] ^= (
                generator.randrange(1, 256)
            )
        path.write_bytes(content)
        try:
            with not_for_ever():
                network = load_checkpoint(path, "cpu")
        except CourseError as error:
            said = str(error)
            assert "\n" not in said
            assert path.name in said
        else:
            loaded += 1
            assert all(bool(tensor.isfinite().all()) for tensor in network.model.state_dict().values())
        faults("wrong file")
    assert loaded < 290


def test_a_damaged_cache_is_not_there(tmp_path, faults):
    """Every byte is under a checksum: what is read is what was written."""
    images, labels = torch.arange(300, dtype=torch.uint8).reshape(3, 1, 10, 10), torch.arange(3)
    file, generator = tmp_path / "a.safetensors", random.Random(0)
    to_cache(file, "print", Decoded(images, labels, "note"))
    content = file.read_bytes()
    for attempt in range(250):
        damaged = bytearray(content)
        if attempt < 50:
            damaged = damaged[: len(content) * attempt // 50]
        else:
            damaged[generator.randrange(len(content))] ^= generator.randrange(1, 256)
        file.write_bytes(damaged)
        with not_for_ever():
            found = from_cache(file, "print")
        if found is not None:  # a byte that means nothing, such as a space
            assert torch.equal(found.images, images)
            assert torch.equal(found.labels, labels)
            assert found.remark == "note"
        faults("wrong file")


def test_a_copy_of_the_file_is_as_good_as_the_file(whole, expected, tmp_path):
    """The readers do not simply refuse everything: taken apart and packed again, a run goes on."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.safetensors").write_bytes(packed(*described(whole)))
    assert "trained already" in done(*training(tmp_path / "run"))
    made = outcome(tmp_path / "run")
    assert made["checkpoint.safetensors"] == expected["checkpoint.safetensors"]
    assert made["samples_000002.png"] == expected["samples_000002.png"]
