"""`image_tables`: Parquet folders, the real Fashion-MNIST, and the hub, of which a small one runs in this file."""

import hashlib
import io
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image
from pyarrow import parquet

from course_lib.errors import DataError
from course_lib.image_data import loading, sources, tables
from course_lib.image_data.garments import CLASS_NAMES
from course_lib.image_data.tables import FASHION, OutOfReach
from course_lib.images import class_names, load_images

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data" / "fashion_mnist"
NAMED = Path(os.environ.get("COURSE_DATA", ""))
REAL = NAMED if (NAMED / "fashion_mnist").is_dir() else SHARED
README = """---
dataset_info:
  features:
  - {name: image, dtype: image}
  - name: label
    dtype: {class_label: {names: {'0': bag, '1': boot, '2': coat}}}
configs:
- config_name: default
  data_files:
  - {split: train, path: data/train-*}
  - {split: test, path: data/test-*}
---
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """A cache of our own, few drawings, and nothing remembered from other tests."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setattr(sources, "DRAWN_SPLITS", {"train": (40, 0), "test": (20, 1)})
    for memory in (loading._memory, loading._announced, loading._auto):
        memory.clear()
    tables.hub_dataset.cache_clear()
    tables.hub_answers.cache_clear()


def png(index: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.full((8, 8), index, np.uint8)).save(content, "png")
    return content.getvalue()


def write(file: Path, contents: list[bytes | None], labels: list[int] | None = None, **options) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    table = {"image": [{"bytes": content, "path": None} for content in contents]}
    table["label"] = [index % 3 for index in range(len(contents))] if labels is None else labels
    parquet.write_table(pa.table(table), file, compression="none", **options)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A data set as it lies on the hub: 30 training images, in each of them its index, and 20 test images."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "README.md").write_text(README)
    write(
        folder / "data" / "train-00000-of-00002.parquet",
        [png(index) for index in range(18)],
        row_group_size=5,
    )
    write(folder / "data" / "train-00001-of-00002.parquet", [png(index) for index in range(18, 30)])
    write(folder / "data" / "test-00000-of-00001.parquet", [png(200)] * 20)
    return folder


@pytest.fixture
def own(repository, tmp_path):
    """A copy of the repository, to break."""
    return Path(shutil.copytree(repository, tmp_path / "own"))


def contents(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


# Folders in the hub's layout


def test_the_readme_tells_splits_and_classes(own, monkeypatch, tmp_path):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    data, labels = load_images(own)
    assert (data.dtype, labels.dtype, data.shape) == (torch.uint8, torch.int64, (30, 1, 8, 8))
    assert data[:, 0, 3, 3].tolist() == list(range(30))
    assert labels.tolist() == [*(index % 3 for index in range(18)), *(index % 3 for index in range(12))]
    assert class_names(own) == ("bag", "boot", "coat")
    assert len(load_images(own, "test")[0]) == 20
    assert not (tmp_path / "hf").exists()  # read in place


def test_without_a_readme_the_file_names_do(own):
    (own / "README.md").unlink()
    assert load_images(own)[0].shape == (30, 1, 8, 8)
    assert len(load_images(own, "test")[0]) == 20
    assert class_names(own) == ("0", "1", "2")


def test_a_column_of_bare_bytes_and_unknown_labels(tmp_path):
    table = pa.table({"label": [None, 7], "picture": [png(1), png(2)]})
    parquet.write_table(table, tmp_path / "data.parquet")
    data, labels = load_images(tmp_path)
    assert data[:, 0, 0, 0].tolist() == [1, 2]
    assert labels.tolist() == [-1, 0]
    assert class_names(tmp_path) == ("7",)


@pytest.mark.parametrize(
    ("train", "test", "names", "numbers"),
    [
        ([1, 5, 9, 5], [9, 1], ("1", "5", "9"), ([0, 1, 2, 1], [2, 0])),
        ([1, 5], [9, 5], ("1", "5", "9"), ([0, 1], [2, 1])),
        ([10, 2], [None, 2], ("2", "10"), ([1, 0], [-1, 0])),
        ([0, 1], [-1, -1], ("0", "1"), ([0, 1], [-1, -1])),
        ([-1, 1], [1], ("-1", "1"), ([0, 1], [1])),
        (["dog", "cat"], ["cat"], ("cat", "dog"), ([1, 0], [0])),
        ([True, False], [True], ("False", "True"), ([1, 0], [1])),
        ([2**40, 3], [3], ("3", str(2**40)), ([1, 0], [0])),
    ],
)
def test_labels_without_names_are_numbered_over_all_splits(tmp_path, capsys, train, test, names, numbers):
    write(tmp_path / "train.parquet", [png(1)] * len(train), train)
    write(tmp_path / "test.parquet", [png(1)] * len(test), test)
    assert class_names(tmp_path) == names
    assert load_images(tmp_path)[1].tolist() == numbers[0]
    assert load_images(tmp_path, "test")[1].tolist() == numbers[1]
    assert f"{len(names)} classes ({', '.join(names)}), split train of train, test\n" in capsys.readouterr().out


def test_a_table_without_labels_has_no_classes(tmp_path, capsys):
    parquet.write_table(pa.table({"image": [png(1)], "label": [0.5]}), tmp_path / "data.parquet")
    assert load_images(tmp_path)[1].tolist() == [0]
    assert class_names(tmp_path) == ()
    assert "8 x 8, no classes, split train, the only one\n" in capsys.readouterr().out


def test_classes_of_another_split_that_is_damaged_cannot_be_known(tmp_path):
    write(tmp_path / "train.parquet", [png(1)], [1])
    (tmp_path / "test.parquet").write_bytes(b"half")
    with pytest.raises(DataError, match=r"test\.parquet is damaged"):
        load_images(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        ("Train", "Test"),
        ("training", "testing"),
        ("mnist_train", "mnist_test"),
        ("Train/0", "Test/0"),
        ("TRAIN-00000-of-00001", "TEST-00000-of-00001"),
        ("data/train-00000-of-00001", "data/test-00000-of-00001"),
    ],
)
def test_the_splits_of_tables_are_known_by_their_usual_names(tmp_path, names):
    for value, name in enumerate(names):
        write(tmp_path / f"{name}.parquet", [png(value)] * (value + 1))
    assert load_images(tmp_path)[0].unique().tolist() == [0]
    assert load_images(tmp_path, "test")[0].unique().tolist() == [1]


def test_a_split_of_parts_may_have_any_name(tmp_path):
    for value, name in enumerate(["train", "test", "extra"]):
        write(tmp_path / f"{name}-00000-of-00001.parquet", [png(value)])
    assert [load_images(tmp_path, name)[0].max() for name in ("train", "test", "extra")] == [0, 1, 2]


@pytest.mark.parametrize("names", [("train", "test", "more"), ("Test", "0000")])
def test_tables_of_which_only_some_name_a_split_are_refused(tmp_path, names):
    for name in names:
        write(tmp_path / f"{name}.parquet", [png(1)])
    with pytest.raises(DataError, match=rf"cannot tell the splits of .*{names[-1]}\.parquet could belong to any"):
        load_images(tmp_path)


def test_tables_that_the_readme_leaves_out_are_said(own, capsys):
    write(own / "data" / "more.parquet", [png(1)])
    load_images(own)
    assert "3 classes (bag, boot, coat), split train of train, test; left out: 1 .parquet\n" in capsys.readouterr().out


def test_no_column_of_images(tmp_path):
    parquet.write_table(pa.table({"text": ["a"], "label": [1]}), tmp_path / "data.parquet")
    with pytest.raises(DataError, match=r"no column of images; .*text \(string\), label \(int64\)"):
        load_images(tmp_path)


def test_missing_and_empty_splits(own):
    with pytest.raises(DataError, match=r"no split 'valid'; choose one of: test, train"):
        load_images(own, "valid")
    write(own / "data" / "test-00000-of-00001.parquet", [png(0)])
    empty = parquet.read_table(own / "data" / "test-00000-of-00001.parquet").slice(0, 0)
    parquet.write_table(empty, own / "data" / "test-00000-of-00001.parquet")
    with pytest.raises(DataError, match="empty"):
        load_images(own, "test")


def test_a_readme_that_promises_missing_files(own):
    (own / "data" / "test-00000-of-00001.parquet").unlink()
    with pytest.raises(DataError, match=r"cannot tell the splits.*'test'.*README"):
        load_images(own, "test")


@pytest.mark.parametrize("readme", [True, False])
@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_half_a_parquet_file_is_named_and_left_alone(own, readme, share):
    if not readme:
        (own / "README.md").unlink()
    file = own / "data" / "train-00000-of-00002.parquet"
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    before = contents(own)
    with pytest.raises(DataError, match=r"train-00000-of-00002\.parquet is damaged.*again"):
        load_images(own)
    assert contents(own) == before


def test_a_damaged_page_is_named(own):
    file = own / "data" / "train-00001-of-00002.parquet"
    parquet.write_table(parquet.read_table(file), file, compression="none", write_page_checksum=True)
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"train-00001-of-00002\.parquet is damaged.*CRC"):
        load_images(own)


@pytest.mark.parametrize("content", [png(3)[:-30], b"", b"text", None], ids=["cut", "empty", "text", "missing"])
def test_a_damaged_image_is_named_by_its_row(own, content):
    write(own / "data" / "train-00001-of-00002.parquet", [*[png(1)] * 7, content, png(2)])
    with pytest.raises(DataError, match=r"image in row 7 of .*train-00001-of-00002\.parquet is damaged"):
        load_images(own)


def test_a_label_without_a_class_is_named(own):
    write(own / "data" / "train-00001-of-00002.parquet", [png(1)] * 2, [2, 3])
    with pytest.raises(DataError, match=r"train-00001-of-00002\.parquet is damaged.*row 1 has label 3 of 3"):
        load_images(own)


# The real one


@pytest.mark.skipif(not (REAL / "fashion_mnist").is_dir(), reason=f"there is no Fashion-MNIST in {REAL}")
@pytest.mark.parametrize(
    ("split", "count", "md5"),
    [
        ("train", 60_000, "f209073e486d5113ebe2cc431d4df862"),
        ("test", 10_000, "b7656a891b218fc13e45205c48a92cae"),
    ],
)
def test_fashion_mnist_is_read_right_and_kept_right(split, count, md5):
    for _ in ("decoded", "from the cache on disk"):
        loading._memory.clear()
        data, labels = load_images(REAL, split)
        assert data.shape == (count, 1, 28, 28)
        assert hashlib.md5(data.numpy().tobytes()).hexdigest() == md5
        assert labels.bincount().tolist() == [count // 10] * 10
    assert class_names(REAL) == CLASS_NAMES  # the drawn garments stand in for it


# The hub


def serve(repository: Path, name: str) -> ThreadingHTTPServer:
    """As much of the hub as `datasets` asks for when it loads one data set."""
    files = {str(file.relative_to(repository)): file.read_bytes() for file in repository.rglob("*") if file.is_file()}
    commit = "a" * 40

    def about(path):
        if path not in files:
            return {"type": "directory", "path": path, "size": 0, "oid": "0" * 40}
        oid = hashlib.sha1(files[path]).hexdigest()
        return {"type": "file", "path": path, "size": len(files[path]), "oid": oid}

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.partition("?")[0]
            if path.startswith(f"/datasets/{name}/resolve/"):
                file = path.split("/", 6)[6]
                body, error = files.get(file), "EntryNotFound"
            elif path.startswith(f"/api/datasets/{name}/tree/"):
                below = f"{path}/".split("/", 7)[7]
                body = [about(file) for file in (*files, "data") if file.startswith(below)]
            elif path == f"/api/datasets/{name}" or path.startswith(f"/api/datasets/{name}/revision/"):
                body = {"id": name, "sha": commit, "private": False, "tags": [], "downloads": 0, "likes": 0}
            else:
                body, error = None, "RepoNotFound"
            self.answer(body) if body is not None else self.answer({"error": error}, 404, error)

        def do_POST(self):  # .../paths-info/...
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = json.loads(body) if body.startswith("{") else parse_qs(body)  # huggingface_hub below 1.5: a form
            self.answer([about(path) for path in asked["paths"] if path in (*files, "data")])

        def answer(self, body, status=200, error=""):
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("X-Repo-Commit", commit)
            self.send_header("X-Error-Code", error)
            self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_HEAD = do_GET

        def log_message(self, *arguments):
            pass

    return started(ThreadingHTTPServer(("127.0.0.1", 0), Hub))


def started(server: ThreadingHTTPServer) -> ThreadingHTTPServer:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def address(server: ThreadingHTTPServer | socket.socket) -> str:
    host, port = server.server_address if isinstance(server, ThreadingHTTPServer) else server.getsockname()
    return f"http://{host}:{port}"


def in_new_process(code: str, home: Path, endpoint: str) -> subprocess.CompletedProcess:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "COURSE_"))}
    settings = {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "COURSE_CACHE": str(home.parent / "new cache")}
    environment = {**clean, **settings, "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300, check=True
    )


@pytest.fixture(scope="module")
def downloaded(repository, tmp_path_factory):
    """The cache of Hugging Face after one process has loaded Fashion-MNIST from the hub, and what it printed."""
    home = tmp_path_factory.mktemp("downloaded") / "home"
    code = "from course_lib.images import load_images; print(load_images()[0][:, 0, 0, 0].tolist())"
    hub = serve(repository, FASHION)
    printed = in_new_process(code, home, address(hub)).stdout
    hub.shutdown()
    return home, printed


@pytest.fixture
def home(monkeypatch, tmp_path):
    """An empty cache of Hugging Face, in a process that has imported its libraries before; nobody answers."""
    import datasets
    from huggingface_hub import constants

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        refusing = address(closed)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "home" / "datasets"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "home" / "datasets")
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", refusing)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "home"


@pytest.fixture
def cached(home, downloaded):
    """The cache after a download, to break."""
    shutil.copytree(downloaded[0], home, symlinks=True)
    load_images(FASHION, "test")  # datasets adds a lock file for the new place
    for memory in (loading._memory, loading._announced, tables.hub_dataset):
        getattr(memory, "cache_clear", getattr(memory, "clear", None))()
    return home


def test_the_first_choice_is_fashion_mnist_from_the_hub(downloaded):
    line, first_pixels = downloaded[1].splitlines()
    assert line == f"data: {FASHION}, 30 images 8 x 8"
    assert json.loads(first_pixels) == list(range(30))


def test_what_was_downloaded_once_needs_no_network(cached, monkeypatch, capsys, caplog):
    import datasets
    from huggingface_hub import constants

    monkeypatch.setattr(logging.getLogger("datasets"), "handlers", [caplog.handler])
    monkeypatch.setattr(tables, "hub_answers", lambda: pytest.fail("asked the network"))
    before = datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE, datasets.logging.get_verbosity()
    data, labels = load_images()
    assert data[:, 0, 0, 0].tolist() == list(range(30))
    assert labels[:4].tolist() == [0, 1, 2, 0]
    assert class_names() == ("bag", "boot", "coat")
    assert len(load_images("auto", "test")[0]) == 20
    assert capsys.readouterr() == (f"data: {FASHION}, 30 images 8 x 8\n", "")
    assert caplog.records == []
    after = datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE, datasets.logging.get_verbosity()
    assert after == before


def test_missing_split_of_a_cached_data_set(cached):
    with pytest.raises(DataError, match=f"{FASHION} has no split 'valid'; choose one of: test, train"):
        load_images(FASHION, "valid")


def between_batches(content: bytes) -> bytes:
    table = pa.ipc.open_stream(content).read_all()
    stream = io.BytesIO()
    writer = pa.ipc.new_stream(stream, table.schema)
    writer.write_table(table.slice(0, 20))
    return stream.getvalue()


def garbled(content: bytes) -> bytes:
    start = content.index(b"IDAT") + 4
    return content[:start] + b"\xff" * 60 + content[start + 60 :]


DAMAGE = {
    "nothing left": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "cut between batches": between_batches,
    "a garbled image": garbled,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_arrow_file_is_named_and_left_alone(cached, damage):
    (file,) = cached.rglob("*train.arrow")
    file.write_bytes(DAMAGE[damage](file.read_bytes()))
    before = contents(cached)
    for name in (FASHION, "auto"):
        with pytest.raises(DataError, match=rf"fashion_mnist-train\.arrow is damaged.*Delete the folder {file.parent}"):
            load_images(name)
    assert contents(cached) == before


@pytest.mark.parametrize("lost", ["dataset_info.json", "fashion_mnist-train.arrow"])
def test_a_lost_file_of_the_cache_is_named(cached, lost):
    (file,) = cached.rglob(lost)
    file.unlink()
    with pytest.raises(DataError, match=rf"{lost}.*Delete the folder"):
        load_images(FASHION)


def test_half_a_download_is_named(home):
    blob = home / "hub" / f"datasets--{FASHION.replace('/', '--')}" / "blobs" / "abc.incomplete"
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"PAR1")
    before = contents(home)
    with pytest.raises(OutOfReach, match=r"no network.*stopped half-way \(.*abc\.incomplete\).*Connect"):
        load_images(FASHION)
    assert len(load_images()[0]) == 40
    assert contents(home) == before


def test_asked_for_by_name_without_a_network(home):
    with pytest.raises(OutOfReach, match=r"no network.*'ylecun/mnist'.*Connect.*COURSE_DATA.*'garments'"):
        load_images("ylecun/mnist")
    assert not home.exists()


def test_auto_stays_what_it_is(home, monkeypatch, capsys):
    load_images()
    monkeypatch.setattr(sources, "hub_dataset", lambda name: pytest.fail("chose again"))
    assert load_images("auto", "test")[0].shape == (20, 1, 28, 28)
    assert class_names() == CLASS_NAMES
    reason = "no network, and no Fashion-MNIST in the cache"
    assert capsys.readouterr().out == f"data: built-in garments, 40 images 28 x 28 ({reason})\n"


class LoginPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>Welcome to our hotel</html>")

    def log_message(self, *arguments):
        pass


def test_a_hub_that_does_not_know_the_data_set_has_answered(home, repository, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", address(serve(repository, "some/other")))
    assert tables.hub_answers()


def test_a_login_page_is_not_the_hub(home, monkeypatch):
    from huggingface_hub import constants

    server = started(ThreadingHTTPServer(("127.0.0.1", 0), LoginPage))
    monkeypatch.setattr(constants, "ENDPOINT", address(server))
    assert not tables.hub_answers()


def test_a_name_look_up_that_hangs_is_given_up(home, monkeypatch):
    ended, asked = threading.Event(), []

    def hang(*arguments, **options):
        asked.append(arguments)
        ended.wait(20)
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(tables, "PROBE_SECONDS", 0.3)
    start = time.monotonic()
    assert not tables.hub_answers()
    assert not tables.hub_answers()
    assert 0.2 < time.monotonic() - start < 15
    assert len(asked) == 1
    ended.set()


def test_a_network_that_swallows_everything_costs_seconds(tmp_path):
    code = """
import sys, time
from course_lib.images import load_images
print({"datasets", "huggingface_hub", "PIL", "pyarrow"} & {*sys.modules} or "a cheap import")
start = time.monotonic()
print(len(load_images()[0]))
print(time.monotonic() - start)
"""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        result = in_new_process(code, tmp_path / "home", address(silent))
    cheap, line, count, seconds = result.stdout.splitlines()
    assert cheap == "a cheap import"
    assert line.endswith("(no network, and no Fashion-MNIST in the cache)")
    assert count == "10000"
    assert float(seconds) < 60  # 3 on an idle machine; without a limit the hub's library takes minutes
    assert result.stderr == ""
