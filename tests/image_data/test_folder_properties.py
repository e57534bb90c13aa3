"""What holds for every folder, however it is laid out: tried on random ones.

A picture's grey value says which picture it is, and the way there whether it belongs to a test.
"""

import contextlib
import io
import os
import re
import tempfile
from pathlib import Path

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from course_lib.errors import DataError
from course_lib.image_data import loading
from course_lib.image_data.layout import find_layout
from course_lib.image_data.splits import CAN_BE_A_CLASS, MixedSplitsError, words_of
from course_lib.images import class_names, load_images

TRAIN = ["train", "Train", "TRAINING", "training", "mnist_train", "train_images", "trainset", "seg-train"]
TEST = ["test", "Test", "TESTING", "eval", "mnist_test", "test_images", "testset", "seg-test", "Evaluation"]
VALIDATION = ["val", "Valid", "validation", "dev", "mnist_val", "val_images"]
OTHERS = ["cat", "Dog", "extra", "images", "a b", "2019", "contest", "日本", "station", "query", "archive"]
READ = ["png", "PNG", "bmp", "tif"]
JUNK = ["heic", "HEIC", "txt", "csv", "dng", "svg", ""]
HELD_OUT = {"test", "testing", "testset", "eval", "evaluation", "val", "validation"}

folder_names = st.sampled_from([*TRAIN, *TEST, *VALIDATION, *OTHERS])
trails = st.lists(folder_names, max_size=4).map(tuple)
endings = st.sampled_from([*READ, *READ, *JUNK])


def tried(count: int):
    checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    return settings(max_examples=count, deadline=None, suppress_health_check=checks)


@st.composite
def split_folders(draw):
    """A layout that people use: a train folder, others, in each the classes, perhaps below a common folder."""
    around = draw(st.lists(st.sampled_from(["archive", "data", "my pets"]), max_size=2))
    names = draw(st.sampled_from(["{}", "mnist_{}", "{}_images", "seg-{}", "{}Set", "{}2017"]))
    change = draw(st.sampled_from([str, str.upper, str.capitalize]))
    words = [draw(st.sampled_from(["train", "training"])), draw(st.sampled_from(["test", "testing", "val", "dev"]))]
    classes = draw(st.lists(st.sampled_from(["cat", "dog", "train", "car", "1", "日本"]), max_size=3, unique=True))
    inner = draw(st.sampled_from([[], ["images"]])) if classes else []
    trails = []
    for split, word in enumerate(words):
        for kind in classes or [None]:
            name = names.format(change(word))
            trails.append((split, (*around, name, *inner, *([kind] if kind else []))))
    return trails, sorted(classes)


@st.composite
def folders(draw):
    """Files with the folders on their way: of a usual layout, of classes alone, or of anything."""
    kind = draw(st.sampled_from(["usual", "usual", "classes", "anything"]))
    if kind == "usual":
        ways = st.sampled_from([way for _, way in draw(split_folders())[0]])
    elif kind == "classes":
        ways = st.sampled_from([("cat",), ("dog",), ("dog", "old"), ("train",), ("日本",)])
    else:
        ways = trails
    return draw(st.lists(st.tuples(ways, endings), min_size=1, max_size=8))


def held_out(trail) -> bool:
    """Whether a folder on the way is surely for tests and nothing else, by a rule that is written anew here."""
    return any(name.lower() in HELD_OUT for name in trail)


@tried(600)
@given(st.lists(trails, min_size=1, max_size=8))
def test_no_picture_of_a_test_is_ever_in_train(ways):
    pictures = sorted({"/".join([*way, f"{index}.png"]) for index, way in enumerate(ways)})
    try:
        layout = find_layout(pictures)
    except MixedSplitsError:
        return
    assert sorted(picture for found in layout.pictures.values() for picture in found) == pictures
    assert set(layout.names) == {kind for kind in layout.classes.values() if kind is not None}
    for picture in layout.pictures.get("train", []):
        assert not held_out(picture.split("/")[:-1]), (picture, layout)


@tried(300)
@given(split_folders())
def test_usual_layouts_are_understood(case):
    ways, classes = case
    pictures = {"/".join([*way, "1.png"]): split for split, way in ways}
    layout = find_layout(list(pictures))
    assert sorted(layout.pictures["train"]) == sorted(name for name, split in pictures.items() if split == 0)
    assert len(layout.pictures) == 2
    if len(classes) != 1 or classes[0] not in ("images",):
        assert list(layout.names) == classes


@tried(300)
@given(st.lists(st.sampled_from(["cat", "dog", "bus", "station", "train_station", "bullet_train", "1"]), min_size=1))
def test_a_class_called_train_stays_one(classes):
    names = sorted({*classes, "train"})
    if len(names) > 1:
        layout = find_layout([f"{name}/1.png" for name in names])
        assert (list(layout.pictures), layout.names) == (["train"], tuple(names))


def make(root: Path, entries) -> tuple[list[Path], list[Path]]:
    """The pictures, which have their index for a value, and the other files."""
    pictures, others = [], []
    for index, (trail, ending) in enumerate(entries):
        file = root.joinpath(*trail, f"file{index}" + (f".{ending}" if ending else ""))
        file.parent.mkdir(parents=True, exist_ok=True)
        if ending in READ:
            Image.new("L", (4, 4), index).save(file, format={"png": "png", "bmp": "bmp", "tif": "tiff"}[ending.lower()])
            pictures.append(file)
        else:
            file.write_bytes(b"no picture")
            others.append(file)
    return pictures, others


def read(root: Path, split: str) -> tuple[torch.Tensor, torch.Tensor, str] | DataError:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            images, labels = load_images(root, split)
        except DataError as problem:
            return problem
    return images, labels, said.getvalue()


def counted(line: str) -> int:
    """How many files the visible line calls left out."""
    tail = line.partition("; left out: ")[2].partition(";")[0]
    return sum(int(number) for number in re.findall(r"(?:^|, )(\d+) ", tail))


@tried(80)
@given(entries=folders())
def test_every_file_is_read_or_counted_and_twice_the_same(entries):
    with tempfile.TemporaryDirectory() as place, unremembered(place):
        root = Path(place, "own")
        root.mkdir()
        pictures, others = make(root, entries)
        seen, counts, splits = [], {}, []
        for split in ("train", "validation", "test"):
            forget()
            first = read(root, split)
            if isinstance(first, DataError):
                assert str(first).count("\n") == 0
                assert isinstance(read(root, split), DataError)
                continue
            images, labels, line = first
            splits.append(split)
            seen += images[:, 0, 0, 0].tolist()
            assert labels.min() >= -1
            assert labels.max() < max(1, len(labels_of(root)))
            assert line.count("\n") == 1
            counts[split] = counted(line)
            in_memory = read(root, split)
            forget()
            from_disk = read(root, split)
            for again in (in_memory, from_disk):
                assert torch.equal(again[0], images)
                assert torch.equal(again[1], labels)
            assert from_disk[2] == line
        if splits:
            values = [int(re.search(r"\d+", file.stem).group()) for file in pictures]
            assert sorted(seen) == sorted(values), "a picture was lost, or is in two splits"
            assert sum(counts.values()) >= len(others)
            if len(splits) == 1:
                assert sum(counts.values()) == len(others)


def labels_of(root: Path) -> tuple[str, ...]:
    """`class_names`, also for a folder without a split "train"."""
    try:
        return class_names(root)
    except DataError:
        return loading.with_source(root, first_split(root), lambda source, why: source.class_names())


def first_split(root: Path) -> str:
    return next(split for split in ("validation", "test") if not isinstance(read(root, split), DataError))


@contextlib.contextmanager
def unremembered(place: str):
    before = os.environ.get("COURSE_CACHE")
    os.environ["COURSE_CACHE"] = str(Path(place, "cache"))
    try:
        yield
    finally:
        os.environ.pop("COURSE_CACHE")
        if before is not None:
            os.environ["COURSE_CACHE"] = before


def forget():
    loading._memory.clear()
    loading._announced.clear()


def test_the_rule_written_anew_knows_only_words_that_are_no_class():
    assert not HELD_OUT & CAN_BE_A_CLASS
    assert all(words_of(name) for name in HELD_OUT)
