"""What the course brings along: its notebooks, networks, tables, pictures and configs; and the images to learn from."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

from course_lib.cli.doctor.report import INSTALL_AGAIN, Check
from course_lib.errors import CourseError
from course_lib.paths import CONFIGS, DATA, NOTEBOOKS, ROOT

LFS_POINTER = b"version https://git-lfs"

# What chapters load. Each network has a card, NAME.md, beside it.
JUDGES = ("classifier/fashion_mnist", "classifier/fashion_mnist_convnext", "classifier/fashion_mnist_plain")
NETWORKS = (
    *("fashion_mnist", "fashion_mnist_cpu", "skips_all", "skips_none", "textures", "latent", "latent_textures", "flow"),
    *JUDGES,
)
TABLES = (
    *("ablation.csv", "equal_minutes.csv", "fashion_mnist.csv", "fashion_mnist_scores.csv"),
    *("bits_per_dimension.csv", "fast_sampling.csv", "memorisation.csv", "sample_size.csv", "times.csv"),
    *("guidance.csv", "editing_psnr.csv", "inpainting.csv", "latent.csv", "flow.csv"),
    *("flow_points.csv", "coloured_textures.csv", "bugs/diagnose.csv"),
)
PICTURES = ("pictures/ablation.png", "pictures/denoising.webp")
RUNS = (
    *("beta_for_its_root", "class_never_dropped", "cut_schedule", "fid_of_128", "flips", "inverted_mask"),
    *("mean_times_noise", "nan_half", "no_ema_warmup", "no_skips", "noise_at_t0", "off_by_one_end"),
    *("off_by_one_start", "one_t_per_batch", "train_mode", "wrong_parametrisation", "zero_to_one_images"),
    *("healthy_ancestral", "healthy_inpainting", "healthy_linear", "healthy_solver", "healthy_textures", "healthy_v"),
)  # chapter 17's gallery
SHIPPED = (
    *(f"{name}.safetensors" for name in (*NETWORKS, "pictures/coloured_textures", *(f"bugs/{run}" for run in RUNS))),
    *TABLES,
    *PICTURES,
)


def bring_back(*paths: Path) -> str:
    """The remedy for files of the course that are gone or damaged."""
    names = " ".join(_named(path) for path in paths)
    if (ROOT / ".git").exists():
        return f"Bring it back from git: `git checkout -- {names}`."
    return f"Download the course again, and copy {names} from there."


def _named(path: Path) -> str:
    return f"data/{path.relative_to(DATA).as_posix()}".removesuffix("/.") if path.is_relative_to(DATA) else path.name


def notebooks() -> list[Check]:
    """Whether there is a notebook for each source, and each can be opened."""
    wanted = {file.stem for file in (NOTEBOOKS / "source").glob("*.py")} or {"00_start"}
    wrong = []
    for name in sorted(wanted):
        file = NOTEBOOKS / f"{name}.ipynb"
        try:
            json.loads(file.read_text(encoding="utf-8"))["cells"]
        except (OSError, ValueError, KeyError, TypeError) as problem:
            value = "missing" if isinstance(problem, FileNotFoundError) else f"damaged: {problem}"
            remedy = (
                f"Bring it back from git: `git checkout -- notebooks/{file.name}`. It replaces what you wrote there."
            )
            wrong.append(Check(f"notebooks/{file.name}", False, value, remedy))
    good = len(wanted) - len(wrong)
    return [Check("notebooks", True, f"{good} in {NOTEBOOKS}"), *wrong] if good else wrong


def data_files() -> list[Check]:
    """The files in data/ that the chapters load: there, not only a pointer of git LFS, and readable."""
    missing = [DATA / name for name in SHIPPED if not (DATA / name).exists()]
    if len(missing) == len(SHIPPED):
        value = f"{DATA} is missing or empty: chapter 00 and others load networks from it"
        return [Check("data/", False, value, bring_back(DATA))]
    wrong = [Check(_named(path), False, "missing: chapters load it", bring_back(path)) for path in missing]
    for name in (*TABLES, *PICTURES):
        if DATA / name not in missing:
            wrong += _faults(DATA / name, _read_table if name in TABLES else _read_picture)
    for file in _networks():
        card = file.with_suffix(".md")
        if not card.is_file():
            wrong.append(Check(_named(card), False, f"missing: the card of {file.name}", bring_back(card)))
    return [Check("data files", True, f"{len(SHIPPED) - len(missing)} of {len(SHIPPED)} in {DATA}"), *wrong]


def _networks() -> list[Path]:
    return sorted([*DATA.glob("*.safetensors"), *DATA.glob("classifier/*.safetensors")])


def _read_table(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines(), strict=True))
    if not rows or any(None in row or None in row.values() for row in rows) or not text.endswith("\n"):
        raise ValueError("it is empty, or cut short")


def _read_picture(file: Path) -> None:
    from PIL import Image, ImageSequence

    with Image.open(file) as picture:
        for frame in ImageSequence.Iterator(picture):
            frame.load()
    if file.suffix == ".gif" and not file.read_bytes().endswith(b";"):  # for Pillow a film may end anywhere
        raise ValueError("it is cut short")


def _read_network(file: Path) -> None:
    from course_lib.judges.judge import load_judge
    from course_lib.runs.checkpoints import load_checkpoint

    if file.parent.name == "classifier":
        load_judge(file, "cpu")
    else:
        load_checkpoint(file, "cpu")


def _faults(file: Path, read: Callable[[Path], None]) -> list[Check]:
    """Why the file cannot be used, in one line, or nothing."""
    try:
        with file.open("rb") as start:
            if start.read(len(LFS_POINTER)) == LFS_POINTER:
                remedy = "Fetch it: `git lfs install`, then `git lfs pull`."
                return [Check(_named(file), False, "only git LFS's pointer, not the file", remedy)]
        read(file)
    except ImportError:
        raise  # the installation is broken, not the file
    except CourseError as problem:
        return [Check(_named(file), False, str(problem), bring_back(file))]
    except Exception as problem:  # Pillow's readers raise whatever the damage makes them stumble over
        return [Check(_named(file), False, f"damaged: {problem}", bring_back(file))]
    return []


def checkpoints() -> list[Check]:
    """The shipped networks: each must load, with a config that is understood, and hold finite numbers."""
    files = _networks()
    wrong = [fault for file in files for fault in _faults(file, _read_network)]
    bad = {check.name for check in wrong}
    good = [_named(file).removeprefix("data/") for file in files if _named(file) not in bad]
    return [Check("checkpoints", True, ", ".join(good)), *wrong] if good else wrong


def configs() -> list[Check]:
    """The training configs: each must be understood."""
    from course_lib.runs.config import load_config

    files, wrong = sorted(CONFIGS.glob("*.yaml")), []
    for file in files:
        try:
            load_config(file)
        except CourseError as problem:
            remedy = f"Correct it, or bring it back from git: `git checkout -- configs/{file.name}`."
            wrong.append(Check(f"configs/{file.name}", False, " ".join(str(problem).split()), remedy))
    if not files:
        remedy = "Bring them back from git: `git checkout -- configs`."
        return [Check("configs", False, f"none in {CONFIGS}, so `course train` has nothing to train by", remedy)]
    return [Check("configs", True, f"{len(files) - len(wrong)} of {len(files)} in {CONFIGS}"), *wrong]


def drawing() -> list[Check]:
    """Whether our own code draws its pictures here: they are the data where there is no other."""
    from course_lib.image_data.garments import draw_garments
    from course_lib.image_data.textures import draw_textures

    for name, images in (("garments", draw_garments(10)[0]), ("textures", draw_textures(10, 28)[0])):
        blank = sum(image.min() == image.max() for image in images)
        if blank:
            return [Check("drawing", False, f"{blank} of {len(images)} built-in {name} are blank", INSTALL_AGAIN)]
    return [Check("drawing", True, "the built-in garments and textures")]


def data_source() -> list[Check]:
    """What `load_images("auto")` takes here. What the hub would have to send is not fetched."""
    from course_lib.errors import DataError
    from course_lib.image_data.loading import with_source
    from course_lib.image_data.tables import FASHION, hub_answers, maybe_prepared

    chosen = os.environ.get("COURSE_DATA")
    try:
        if chosen in (None, "", "auto") and not maybe_prepared(FASHION) and hub_answers():
            return [Check("data", True, "Fashion-MNIST from the hub, fetched when it is first used")]
        return [Check("data", True, with_source("auto", "train", lambda source, why: source.title + why))]
    except DataError as problem:
        remedy = f"Correct or unset COURSE_DATA, which is {chosen!r}." if chosen else INSTALL_AGAIN
        return [Check("data", False, str(problem), remedy)]
