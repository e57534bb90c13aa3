"""Tables of encoded images: Parquet and Arrow files, and the hub's data sets, which arrive as such."""

import functools
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib.errors import DataError
from course_lib.image_data.source import Item, damaged
from course_lib.image_data.wording import one_line, shown

if TYPE_CHECKING:
    from datasets import DatasetDict, Features
    from pyarrow import RecordBatch

    from course_lib.image_data.labels import Labels

FASHION = "zalando-datasets/fashion_mnist"
BINARY = {"binary", "large_binary"}
PROBE_SECONDS = 1.5  # how long the hub may take to answer before we do without it


class OutOfReach(DataError):
    """A data set of the hub that is not in the cache, while the hub does not answer."""


def stored_features(file: Path, remedy: str) -> "Features":
    """The columns that a Parquet file declares."""
    from datasets import Features
    from pyarrow import ArrowException, parquet

    try:
        return Features.from_arrow_schema(parquet.read_schema(file))
    except (ArrowException, OSError) as problem:
        raise damaged(file, problem, remedy) from problem


def find_image_column(features: "Features") -> str | None:
    """The first column of images: declared as such, or bytes, or with a field `bytes` as images have."""
    from datasets import Image

    for name, feature in features.items():
        binary = "bytes" in feature if isinstance(feature, dict) else getattr(feature, "dtype", "") in BINARY
        if binary or isinstance(feature, Image):
            return name
    return None


def table_items(features: "Features", files: list[Path], labels: "Labels", remedy: str) -> Iterator[Item]:
    """The rows of Parquet or Arrow files, and an UnusableError for each damaged file.

    Raises DataError if no column has images.
    """
    from pyarrow import ArrowException

    image = find_image_column(features)
    if image is None:
        kinds = {name: getattr(feature, "dtype", type(feature).__name__) for name, feature in features.items()}
        columns = ", ".join(f"{name} ({kind})" for name, kind in kinds.items())
        raise DataError(
            f"{shown(files[0])} has no column of images; its columns are: {columns}. Name another data set."
        )
    for file in files:
        row = 0
        try:
            for batch in batches(file, [image] + ([labels.column] if labels.column else [])):
                batch.validate(full=True)  # garbled offsets would crash the process, not raise
                values = batch.column(labels.column).to_pylist() if labels.column else [None] * len(batch)
                for cell, value in zip(batch.column(image).to_pylist(), values, strict=True):
                    place = f"the image in row {row} of {shown(file)}"
                    yield place, encoded(cell), labels.number(value, row)
                    row += 1
        except (ArrowException, OSError, ValueError, KeyError) as problem:
            yield shown(file), damaged(file, problem, remedy), -1


def batches(file: Path, columns: list[str]) -> Iterator["RecordBatch"]:
    """A file's record batches of about a thousand rows."""
    import pyarrow as pa
    from pyarrow import parquet

    if file.suffix == ".parquet":
        with parquet.ParquetFile(file, page_checksum_verification=True) as table:
            yield from table.iter_batches(batch_size=1000, columns=columns)
    else:
        with pa.memory_map(str(file)) as stream:
            yield from (batch.select(columns) for batch in pa.ipc.open_stream(stream))


def encoded(value: dict | bytes | None) -> bytes | Path | None:
    """The image's bytes, or the file that holds them, from a cell of a column of images."""
    if not isinstance(value, dict):
        return value
    return value.get("bytes") or (Path(value["path"]) if value.get("path") else None)


# The hub


@functools.cache
def hub_dataset(name: str) -> "DatasetDict":
    """The splits of a data set of the hub; what is in the cache is taken from there, the network not asked.

    Raises OutOfReach if it is not in the cache and the hub does not answer, DataError for all other problems.
    """
    trouble = None
    if maybe_prepared(name):
        try:
            with offline():
                return load_dataset(name)
        except ConnectionError:
            pass  # it was not there after all
        except Exception as problem:  # OSError, ValueError, KeyError, ...: the cache is damaged
            trouble = problem  # perhaps by a killed process; then the hub can mend it
    if not hub_answers():
        raise (hub_problem(name, trouble) if trouble else out_of_reach(name)) from trouble
    try:
        return load_dataset(name)
    except Exception as problem:  # of datasets, huggingface_hub, the HTTP client, pyarrow, the disk, ...
        raise hub_problem(name, problem) from problem


def maybe_prepared(name: str) -> bool:
    """Whether it is worth looking into the cache of `datasets`, which takes a second to import."""
    from huggingface_hub import constants

    cache = os.environ.get("HF_DATASETS_CACHE") or os.path.join(constants.HF_HOME, "datasets")
    return any(Path(cache).expanduser().glob(name.partition("/")[0] + "___*"))


def load_dataset(name: str) -> "DatasetDict":
    import datasets

    return datasets.load_dataset(name, keep_in_memory=False)  # only what stays on disk has files to name


@contextmanager
def offline() -> Iterator[None]:
    """Keep `datasets` from asking the network, and from warning that it did not.

    Both libraries read HF_HUB_OFFLINE from the environment when imported, and these flags at every call.
    """
    import datasets
    from huggingface_hub import constants

    before = datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE, datasets.logging.get_verbosity()
    datasets.config.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE = True
    datasets.logging.set_verbosity_error()
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE = before[:2]
        datasets.logging.set_verbosity(before[2])


@functools.cache
def hub_answers() -> bool:
    """Whether the hub answers within PROBE_SECONDS; asked once per process.

    In a thread of its own, because no timeout ends a name look-up that hangs. Any answer in the hub's own
    language will do, but not the login page of a hotel's network.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    answered, finished = threading.Event(), threading.Event()

    def ask() -> None:
        try:
            HfApi().dataset_info(FASHION, timeout=PROBE_SECONDS)
            answered.set()
        except HfHubHTTPError as problem:
            if problem.response is not None and problem.response.status_code < 500:
                answered.set()
        except Exception:  # no name, no route, no certificate, no JSON, ...: all the same to us
            pass
        finished.set()

    threading.Thread(target=ask, daemon=True, name="hub probe").start()
    finished.wait(PROBE_SECONDS)
    return answered.is_set()


def out_of_reach(name: str) -> OutOfReach:
    """What to say when the network would be needed."""
    from huggingface_hub import constants

    unfinished = next(downloaded_folder(name).glob("blobs/*.incomplete"), None)
    half = f"; an earlier download stopped half-way ({unfinished})" if unfinished else ""
    return OutOfReach(
        f"no network: there is no folder {name!r}, no complete copy of the hub's data set {name!r} in the "
        f"cache ({constants.HF_HOME}){half}, and the hub does not answer. Connect to the internet once and "
        f"run this again, or set COURSE_DATA to a folder of images, or use 'garments'."
    )


def hub_problem(name: str, problem: Exception) -> DataError:
    """What to say when the hub or its cache gave us something that cannot be used."""
    from datasets.exceptions import DatasetNotFoundError

    for file in cached_files(name):
        reason = why_unreadable(file)
        if reason is not None:
            return damaged(file, reason, remedy_for_cache(file))
    if isinstance(problem, DatasetNotFoundError):
        return DataError(f"there is no folder {name!r} and on the hub no such public data set; check the spelling.")
    if type(problem) is FileNotFoundError and prepared_folder(name).is_dir():
        return damaged(prepared_folder(name), problem, remedy_for_cache(prepared_folder(name) / "any file"))
    return DataError(f"cannot load {name!r} from the hub: {one_line(problem)} Try again later, or use 'garments'.")


def remedy_for_cache(file: Path) -> str:
    """Which folder to delete: of a download all of it, as its snapshots are links to its blobs."""
    folder = next((parent for parent in file.parents if parent.name.startswith("datasets--")), file.parent)
    return f"Delete the folder {folder} and run this again with a network."


def prepared_folder(name: str) -> Path:
    """Where `datasets` keeps the Arrow files of a hub's data set."""
    import datasets
    from datasets.naming import camelcase_to_snakecase

    owner, _, last = name.rpartition("/")
    return Path(datasets.config.HF_DATASETS_CACHE, f"{owner}___{camelcase_to_snakecase(last)}")


def downloaded_folder(name: str) -> Path:
    """Where `huggingface_hub` keeps the files of a hub's data set as they were downloaded."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE, "datasets--" + name.replace("/", "--"))


def cached_files(name: str) -> list[Path]:
    """Everything that we have read or will read of a hub's data set."""
    infos = sorted(prepared_folder(name).rglob("dataset_info.json"))
    arrows = sorted(prepared_folder(name).rglob("*.arrow"))
    return infos + arrows + sorted(downloaded_folder(name).rglob("snapshots/**/*.parquet"))


def why_unreadable(file: Path) -> Exception | None:
    """What goes wrong when the whole file is read; None if nothing does."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        if file.suffix == ".json":
            json.loads(file.read_text("utf-8"))
        elif file.suffix == ".parquet":
            for _ in parquet.ParquetFile(file, page_checksum_verification=True).iter_batches():
                pass
        else:
            for batch in pa.ipc.open_stream(pa.memory_map(str(file))):
                batch.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as problem:
        return problem
    return None
