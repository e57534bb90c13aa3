"""What the names of folders and files say about splits: `Train`, `mnist_test` or `val` are such names."""

import re
from collections.abc import Collection, Iterable, Mapping

from course_lib.image_data.wording import shown

# as the library `datasets` reads them, and the longer forms
WORDS = {
    "train": ("train", "training", "trainval", "trainvalid"),
    "validation": ("validation", "validate", "validating", "valid", "val", "dev", "development"),
    "test": ("test", "testing", "tests", "eval", "evaluation", "evaluate"),
}
SPLIT_OF = {word: split for split, words in WORDS.items() for word in words}
EVAL = {"eval", "evaluation", "evaluate"}  # a test, unless there is another one
CAN_BE_A_CLASS = {"train", "training", "valid", "dev", "development"}  # trains; valid and invalid
FILLERS = {
    *("set", "sets", "data", "dataset", "split", "folder", "dir", "samples", "examples", "all"),
    *("image", "images", "img", "imgs", "picture", "pictures", "pic", "pics", "photo", "photos"),
    *("png", "pngs", "jpg", "jpgs", "jpeg", "jpegs", "parquet"),
}
COMPANIONS = {  # what lies beside splits, and is no class
    *("extra", "pred", "predict", "prediction", "predictions", "unlabeled", "unlabelled", "unlabel", "unsup"),
    *("holdout", "heldout", "submission", "query", "gallery"),
}


class MixedSplitsError(Exception):
    """Some names look like splits, but not all of them can be understood."""


def words_of(name: str) -> list[str]:
    """`mnistTrain_2` is mnist, train, 2; `trainset` is train, set."""
    words: list[str] = []
    for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[^\W\d_A-Z]+|\d+", name):
        word = word.lower()
        fused = re.fullmatch(f"({'|'.join(sorted(SPLIT_OF, key=len, reverse=True))})({'|'.join(FILLERS)})", word)
        words += fused.groups() if fused else [word]
    return words


def meaning(name: str) -> tuple[str | None, str]:
    """The split that a name means, None for none or several; and what else it says, "" for nothing."""
    words = words_of(name)
    splits = {SPLIT_OF[word] for word in words if word in SPLIT_OF}
    rest = " ".join(word for word in words if word not in SPLIT_OF and word not in FILLERS)
    return (splits.pop(), rest) if len(splits) == 1 else (None, rest)


def meanings(names: Collection[str]) -> dict[str, tuple[str | None, str]]:
    """`meaning` of each; "eval" beside a test is for validation."""
    read = {name: meaning(name) for name in names}
    evals = {name for name in names if EVAL & set(words_of(name))}
    tests = {rest for name, (split, rest) in read.items() if split == "test" and name not in evals}
    return {
        name: ("validation", rest) if name in evals and split == "test" and rest in tests else (split, rest)
        for name, (split, rest) in read.items()
    }


def is_plain(name: str) -> bool:
    """Whether the name says nothing but a split."""
    split, rest = meaning(name)
    return split is not None and not rest


def surely_split(name: str) -> bool:
    """Whether it is the name of a split and of no class: a class of trains may be called "train"."""
    return is_plain(name) and not CAN_BE_A_CLASS & {name.lower()}


def is_wrapper(name: str, split: str) -> bool:
    """Whether a folder, alone in that split's folder, is only one more layer: `test/test`, `train/images`."""
    words = set(words_of(name))
    return meaning(name)[0] == split or (bool(words) and words <= FILLERS)


def splits_among(inner: Mapping[str, set[str]]) -> dict[str, tuple[str, str]] | None:
    """What each of the folders beside each other means: a split, and a class if their names say one (trainA, testB).

    inner    the folders' names; for each the names of the folders in it

    None if the names are no splits. Raises MixedSplitsError if that cannot be told.
    """
    read = meanings(inner)
    splits = {split for split, _ in read.values()}
    if None in splits or not splits:
        refuse_mixed(inner)
        return None
    plain = [name for name in inner if is_plain(name)]
    rests = {split: sorted(rest for other, rest in read.values() if other == split) for split in splits}
    for split, found in rests.items():
        if len(set(found)) < len(found):
            same = [name for name in inner if read[name][0] == split]
            raise MixedSplitsError(f"{named(same)} {'both' if len(same) == 2 else 'all'} mean the split {split!r}")
    if len(splits) == 1:
        if len(inner) == 1 and (plain or inner[next(iter(inner))]):  # an only folder: crash_test/1.png is a class
            return {name: (str(split), rest if len(inner) > 1 else "") for name, (split, rest) in read.items()}
        if any(surely_split(name) for name in inner):
            raise MixedSplitsError(f"not all of {named(inner)} can be splits")
        return None
    same_rests = len({tuple(found) for found in rests.values()}) == 1
    if same_rests or (plain and all(len(found) == 1 for found in rests.values())):
        several = len(next(iter(rests.values()))) > 1
        return {name: (str(split), rest if several else "") for name, (split, rest) in read.items()}
    raise MixedSplitsError(f"{named(inner)} look like splits, but their names do not agree")


def refuse_mixed(inner: Mapping[str, set[str]]) -> None:
    """Raise MixedSplitsError if some of the names, though not all, are surely splits."""
    read = meanings(inner)
    plain = {name for name in inner if is_plain(name)}
    others = sorted(name for name in inner if read[name][0] is None)

    def mixed(names: Collection[str]) -> MixedSplitsError:
        rest = set(inner) - set(names)
        verb = "looks like a split" if len(names) == 1 else "look like splits"
        return MixedSplitsError(f"{named(names)} {verb}, but {named(rest)} {'does' if len(rest) == 1 else 'do'} not")

    if len({read[name][0] for name in plain}) > 1 or any(surely_split(name) for name in plain):
        raise mixed(plain)
    by_rest: dict[str, set[str]] = {}
    for name, (split, rest) in read.items():
        if split:
            by_rest.setdefault(rest, set()).add(name)
    for rest, names in by_rest.items():
        if len({read[name][0] for name in names}) > 1:
            raise mixed(names)
        for other in others:
            words = words_of(other)
            about = " ".join(word for word in words if word not in COMPANIONS and word not in FILLERS)
            if COMPANIONS & set(words) and about in ("", rest):
                raise mixed(names)
    for name in plain:  # one that may be a class: is it built like the others, or like a split?
        beside = [inner[other] for other in others]
        if len(inner[name]) > 1 and (not any(beside) or any(inner[name] & folders for folders in beside)):
            raise mixed([name])


def named(names: Iterable[str]) -> str:
    """cat, dog and 7 more."""
    words = [shown(name) for name in sorted(names)]
    if len(words) > 5:
        words = [*words[:4], f"{len(words) - 4} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
