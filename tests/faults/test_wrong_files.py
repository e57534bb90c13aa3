"""Files that are no networks, or damaged ones: one line, which names the file.

Never a traceback, never an endless wait, and never a success with a network that is not there.
"""

import io
import os
import pickle
import random
import zipfile

import torch
from faults.tiny import SETTINGS, course, refusal, training
from faults.wrong import described, not_for_ever, packed, part, says_so
from PIL import Image
from safetensors.torch import save

from course_lib.errors import CourseError
from course_lib.image_data.cache import from_cache, to_cache
from course_lib.image_data.decoding import Decoded
from course_lib.judges.judge import load_judge
from course_lib.runs.checkpoints import export_checkpoint, load_checkpoint
from course_lib.runs.config import load_config
from course_lib.runs.loop import train


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
            train(load_config("garments_smoke", [*SETTINGS, f"training.start_from={path}"]), tmp_path / "s")
        ),
        lambda path: load_judge(path, "cpu"),
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
        (judge, [lambda path: load_judge(path, "cpu")]),
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
