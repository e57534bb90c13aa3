"""Folders of splits, whatever they are called: no test image is ever learned without a word."""

from pathlib import Path

import pytest
from PIL import Image

from course_lib.errors import DataError
from course_lib.image_data.layout import find_layout
from course_lib.image_data.splits import MixedSplitsError, meaning
from course_lib.images import class_names, load_images


def tree(root: Path, *files: str) -> Path:
    """Grey pictures; each has another grey value."""
    for index, file in enumerate(files):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (16, 16), index).save(root / file)
    return root


def both(one: str, two: str) -> list[str]:
    """Two splits of cats and dogs: three pictures of each class in the first one, one of each in the second."""
    return [f"{one}/{kind}/{index}.png" for kind in ("cat", "dog") for index in range(3)] + [
        f"{two}/{kind}/0.png" for kind in ("cat", "dog")
    ]


PAIRS = [
    ("train", "test", "test"),
    ("training", "testing", "test"),
    ("Train", "Test", "test"),
    ("TRAIN", "VAL", "validation"),
    ("train", "dev", "validation"),
    ("train", "valid", "validation"),
    ("Training", "Validation", "validation"),
    ("train", "eval", "test"),
    ("seg_train", "seg_test", "test"),
    ("mnist_train", "mnist_test", "test"),
    ("mnist-train", "mnist-val", "validation"),
    ("train_images", "test_images", "test"),
    ("trainImages", "testImages", "test"),
    ("TrainSet", "TestSet", "test"),
    ("trainset", "testset", "test"),
    ("train2017", "val2017", "validation"),
    ("DIV2K_train_HR", "DIV2K_valid_HR", "validation"),
    ("images_train", "test", "test"),
    ("train data", "test data", "test"),
    ("archive/train", "archive/test", "test"),
    ("data/train", "data/test", "test"),
    ("a/b/Training", "a/b/Test", "test"),
    ("seg_train/seg_train", "seg_test/seg_test", "test"),
    ("train/images", "test/images", "test"),
    ("train/animals", "test/animals", "test"),
    ("train/train_images", "test/test_images", "test"),
]


@pytest.mark.parametrize(("one", "two", "other"), PAIRS)
def test_splits_are_known_by_their_usual_names(tmp_path, capsys, one, two, other):
    tree(tmp_path, *both(one, two))
    images, labels = load_images(tmp_path)
    assert images[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    images, labels = load_images(tmp_path, other)
    assert images[:, 0, 0, 0].tolist() == [6, 7]
    assert labels.tolist() == [0, 1]
    assert class_names(tmp_path) == ("cat", "dog")
    first, second = capsys.readouterr().out.splitlines()
    assert "6 images" in first
    assert "2 classes (cat, dog), split train" in first
    assert f"of train, {other}" in first
    assert "2 images" in second
    assert f"split {other}" in second


def test_the_line_names_folders_that_are_called_otherwise(tmp_path, capsys):
    tree(tmp_path, *both("seg_train", "seg_test"))
    load_images(tmp_path, "test")
    assert "2 classes (cat, dog), split test (seg_test) of train, test\n" in capsys.readouterr().out


def test_a_split_may_be_asked_for_by_any_of_its_names(tmp_path):
    tree(tmp_path, *both("Train", "val"))
    for name in ("validation", "val", "valid", "dev"):
        assert len(load_images(tmp_path, name)[0]) == 2
    with pytest.raises(DataError, match="no split 'test'; choose one of: train, validation"):
        load_images(tmp_path, "test")


def test_an_eval_beside_a_test_is_for_validation():
    layout = find_layout(["train/1.png", "eval/2.png", "test/3.png"])
    assert layout.pictures == {"train": ["train/1.png"], "validation": ["eval/2.png"], "test": ["test/3.png"]}


def test_splits_inside_the_classes():
    layout = find_layout(["cat/Train/1.png", "cat/Test/2.png", "dog/Train/3.png"])
    assert layout.pictures == {"train": ["cat/Train/1.png", "dog/Train/3.png"], "test": ["cat/Test/2.png"]}
    assert layout.names == ("cat", "dog")


def test_domains_in_the_names_of_the_splits_are_classes():
    layout = find_layout(["trainA/1.png", "trainB/2.png", "testA/3.png", "testB/4.png"])
    assert layout.pictures["test"] == ["testA/3.png", "testB/4.png"]
    assert (layout.names, layout.classes["trainB/2.png"], layout.classes["testB/4.png"]) == (("a", "b"), "b", "b")


def test_one_folder_around_the_classes_is_no_class():
    layout = find_layout(["archive/pets/cat/1.png", "archive/pets/dog/2.png"])
    assert layout.names == ("cat", "dog")
    assert find_layout(["images/1.png", "images/2.png"]).names == ()
    assert find_layout(["cats/1.png"]).names == ("cats",)
    assert find_layout(["cats/2019/1.png"]).names == ("cats",)


@pytest.mark.parametrize(
    "classes",
    [
        ("cat", "dog", "train"),
        ("car", "plane", "train"),
        ("bus", "train"),
        ("Bus", "Train"),
        ("bullet_train", "electric_locomotive"),
        ("bus_station", "train_station"),
        ("test_tube", "beaker", "train_station"),
        ("invalid", "valid"),
        ("crash_test", "road"),
        ("training", "match"),
    ],
)
def test_a_class_that_sounds_like_a_split_stays_a_class(tmp_path, capsys, classes):
    tree(tmp_path, *(f"{name}/1.png" for name in classes))
    assert class_names(tmp_path) == tuple(sorted(classes))
    assert load_images(tmp_path)[1].tolist() == list(range(len(classes)))
    assert f"{len(classes)} classes" in capsys.readouterr().out


def test_a_class_called_train_inside_splits(tmp_path):
    tree(tmp_path, *(f"{split}/{kind}/1.png" for split in ("train", "test") for kind in ("car", "train")))
    assert class_names(tmp_path) == ("car", "train")
    assert load_images(tmp_path)[0][:, 0, 0, 0].tolist() == [0, 1]


MIXED = {
    "train beside extra": ["train/cat/1.png", "train/dog/1.png", "extra/cat/1.png"],
    "without classes": ["train/1.png", "extra/1.png"],
    "train, test and extra": [*both("train", "test"), "extra/1.png"],
    "a picture beside": [*both("train", "test"), "cover.png"],
    "a picture beside one": ["train/cat/1.png", "1.png"],
    "test beside classes": ["cat/1.png", "dog/1.png", "test/1.png"],
    "validation beside classes": ["cat/1.png", "dog/1.png", "Validation/1.png"],
    "prefixed, with others": ["seg_train/1.png", "seg_test/1.png", "seg_pred/1.png"],
    "two names for one": ["train/1.png", "training/1.png", "test/1.png"],
    "in capitals too": ["train/1.png", "Train/2.png"],
    "two years of one": ["train2014/1.png", "train2017/1.png", "val2014/1.png"],
    "other data": ["mnist_train/1.png", "fashion_test/1.png"],
    "query and gallery": ["bounding_box_train/1.png", "bounding_box_test/1.png", "query/1.png"],
    "only some in layers": ["pets/train/1.png", "pets/test/1.png", "others/1.png"],
    "only some classes": ["cat/train/1.png", "cat/test/1.png", "dog/1.png"],
    "inside classes beside pictures": ["cat/1.png", "cat/test/2.png", "dog/1.png"],
    "inside another": ["train/train/cat/1.png", "train/test/cat/1.png", "test/cat/1.png"],
    "both in one name": ["train_val/1.png", "test/1.png"],
    "built like a split": ["train/cat/1.png", "train/dog/2.png", "new/1.png"],
    "sharing its classes": ["train/cat/1.png", "train/dog/2.png", "more/cat/1.png"],
}


@pytest.mark.parametrize("name", MIXED)
def test_what_looks_like_splits_only_in_part_is_refused(tmp_path, name):
    tree(tmp_path / "own", *MIXED[name])
    for split in ("train", "test"):
        with pytest.raises(DataError, match=r"cannot tell the splits of .*Put all pictures into folders called train"):
            load_images(tmp_path / "own", split)


def test_the_refusal_names_the_folders():
    with pytest.raises(MixedSplitsError, match=r"^test and train look like splits, but extra does not$"):
        find_layout(MIXED["train, test and extra"])
    with pytest.raises(MixedSplitsError, match=r"^train and training both mean the split 'train'$"):
        find_layout(MIXED["two names for one"])
    with pytest.raises(MixedSplitsError, match=r"^train looks like a split, but 1\.png lies beside$"):
        find_layout(MIXED["a picture beside one"])


def test_a_split_without_classes_has_labels_that_are_not_known(tmp_path, capsys):
    tree(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/test/1.png")
    assert load_images(tmp_path)[1].tolist() == [0, 1]
    assert load_images(tmp_path, "test")[1].tolist() == [-1]
    assert "2 classes (cat, dog), none in test, split train of train, test\n" in capsys.readouterr().out


def test_a_class_that_train_does_not_have_is_said(tmp_path, capsys):
    tree(tmp_path, "train/cat/1.png", "test/cat/1.png", "test/Cat/1.png")
    load_images(tmp_path)
    assert "2 classes (Cat, cat), only outside train: Cat, split train" in capsys.readouterr().out


def test_a_picture_beside_the_class_folders_is_said(tmp_path, capsys):
    tree(tmp_path, "cat/1.png", "dog/1.png", "cover.png")
    assert load_images(tmp_path)[1].tolist() == [0, 0, 0]
    assert class_names(tmp_path) == ()
    assert "no classes, as cover.png lies beside the folders, no splits\n" in capsys.readouterr().out


def test_many_classes_stay_one_short_line(tmp_path, capsys):
    tree(tmp_path, *(f"class number {index:03}/1.png" for index in range(300)))
    load_images(tmp_path)
    line = capsys.readouterr().out
    assert "300 classes (class number 000, class number 001, ...), no splits" in line
    assert len(line) < 250


@pytest.mark.parametrize(
    ("name", "split"),
    [("Bild_train", "train"), ("train_test", None), ("contest", None), ("Evaluation", "test"), ("restrain", None)],
)
def test_what_names_mean(name, split):
    assert meaning(name)[0] == split
