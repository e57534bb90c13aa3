"""The cache of decoded images: what is read from it is what was written, or nothing."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from course_lib.image_data import cache, loading
from course_lib.image_data.cache import from_cache, to_cache
from course_lib.image_data.decoding import Decoded
from course_lib.images import load_images


@pytest.fixture
def own(tmp_path):
    for name, size in (("cat", 16), ("dog", 20)):
        (tmp_path / "own" / name).mkdir(parents=True)
        Image.new("L", (size, 16), size).save(tmp_path / "own" / name / "1.png")
    (tmp_path / "own" / "2.heic").write_bytes(b"?")
    return tmp_path / "own"


def as_in_a_new_process():
    loading._memory.clear()
    loading._announced.clear()


def only_file(tmp_path) -> Path:
    (file,) = (tmp_path / "cache").iterdir()
    return file


def about(file: Path) -> dict:
    from safetensors import safe_open

    with safe_open(file, framework="pt") as stored:
        return json.loads(stored.metadata()["course"])


def rewrite(file: Path, **changes) -> None:
    tensors, metadata = load_file(file), about(file) | changes
    save_file(tensors, file, {"course": json.dumps(metadata)})


def test_the_line_is_the_same_from_the_cache(own, tmp_path, capsys, monkeypatch):
    expected = load_images(own)
    first = capsys.readouterr().out
    assert "mixed sizes" in first
    assert "left out: 1 .heic" in first
    as_in_a_new_process()
    monkeypatch.setattr(loading, "decode_all", lambda *arguments: pytest.fail("decoded again"))
    assert all(map(torch.equal, load_images(own), expected))
    assert capsys.readouterr().out == first


def test_what_an_older_version_kept_is_not_read(own, tmp_path):
    load_images(own)
    file = only_file(tmp_path)
    fingerprint = about(file)["fingerprint"]
    assert from_cache(file, fingerprint) is not None
    rewrite(file, format=cache.FORMAT - 1)
    assert from_cache(file, fingerprint) is None
    metadata = {key: value for key, value in about(file).items() if key != "format"}
    save_file(load_file(file), file, {"course": json.dumps(metadata)})
    assert from_cache(file, fingerprint) is None


def test_another_folders_file_in_this_ones_place_is_not_read(own, tmp_path):
    load_images(own)
    load_images(own, image_size=8)
    one, two = (tmp_path / "cache").iterdir()
    one.write_bytes(two.read_bytes())
    as_in_a_new_process()
    assert load_images(own)[0].shape[-1] == 16
    assert load_images(own, image_size=8)[0].shape[-1] == 8


@pytest.mark.parametrize(
    "changes", [{"remark": ", 7 classes"}, {"checksum": 1}, {"remark": None}, {"fingerprint": "x"}, {"format": "2"}]
)
def test_changed_words_are_not_read(own, tmp_path, changes):
    load_images(own)
    file = only_file(tmp_path)
    fingerprint = about(file)["fingerprint"]
    rewrite(file, **changes)
    assert from_cache(file, fingerprint) is None


def test_every_single_byte_that_changes_is_noticed(tmp_path):
    file = tmp_path / "one.safetensors"
    decoded = Decoded(torch.arange(12, dtype=torch.uint8).view(3, 1, 2, 2), torch.tensor([0, 1, 2]), ", 3 classes")
    assert to_cache(file, "same", decoded) == ""
    sound = file.read_bytes()
    for place in range(len(sound)):
        file.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
        found = from_cache(file, "same")
        if found is not None:  # a byte that says nothing, such as the fill at the end of the header
            assert torch.equal(found.images, decoded.images)
            assert torch.equal(found.labels, decoded.labels)
            assert (found.labels.dtype, found.remark) == (torch.int64, decoded.remark)


def test_what_killed_processes_left_is_removed(own, tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    old = [folder / ".own-train-1234.safetensors.abcd.unfinished", folder / "own-train-1234.0123abcd.unfinished"]
    young = folder / ".own-train-1234.safetensors.0123.unfinished"
    for file in (*old, young):
        file.write_bytes(b"half")
    for file in old:
        os.utime(file, (time.time() - 3600,) * 2)
    load_images(own)
    assert sorted(file.suffix for file in folder.iterdir()) == [".safetensors", ".unfinished"]
    assert young.exists()


def test_a_name_of_full_length_has_a_cache_too(tmp_path):
    own = tmp_path / ("x" * 255)
    own.mkdir()
    Image.new("L", (8, 8)).save(own / "1.png")
    load_images(own)
    assert only_file(tmp_path).suffix == ".safetensors"


NO_SPACE = """
import resource
import sys
from course_lib.images import load_images
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for size in (30, 40, 50):
    print(load_images(sys.argv[1], image_size=size)[0].shape[-1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit to set")
def test_a_disk_without_space_is_said_and_no_error(own, tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", NO_SPACE, str(own)],
        env=os.environ | {"COURSE_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(Path(cache.ROOT))},
        capture_output=True,
        text=True,
        check=True,
    )
    notes = [line for line in result.stdout.splitlines() if line.startswith("note: ")]
    assert [line for line in result.stdout.splitlines() if line.isdigit()] == ["30", "40", "50"]
    assert len(notes) == 1  # once, though all three were too large
    assert "are not kept; COURSE_CACHE can name another folder. " in notes[0]
    assert result.stderr == ""
    assert list((tmp_path / "cache").iterdir()) == []
