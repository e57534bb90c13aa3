"""Hostile files and zips: each is refused with a reason, none is followed, and none writes a byte."""

import errno
import io
import os
import socket
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_lib.grading import archives
from course_lib.grading.archives import MB, Allowance, DiskItem, Item, Refused, opened, read, shown
from course_lib.grading.errors import GradingError

CONTENT = b'{"cells": []}'
PATIENT = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)


def item(path: Path) -> DiskItem:
    return DiskItem(path, path.name, path.lstat())


def refusal(path: Path) -> str:
    with pytest.raises(Refused) as caught:
        read(item(path), Allowance())
    return str(caught.value)


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def packed(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def files(tree: Item) -> Iterator[Item]:
    for child in tree.children():
        if child.is_folder:
            yield from files(child)
        else:
            yield child


def verdicts(path: Path, work: Path) -> dict[str, bytes | str]:
    """What reading each file of a zip gives: its bytes, or why not."""
    found: dict[str, bytes | str] = {}
    allowance = Allowance()
    with opened(item(path), work, allowance) as tree:
        for one in files(tree):
            try:
                found[one.path.removeprefix(f"{path.name}/")] = read(one, allowance)
            except Refused as problem:
                found[one.path.removeprefix(f"{path.name}/")] = str(problem)
    return found


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def little_memory() -> Iterator[None]:
    """Fails if what is done in it takes more than 4 MB at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 4 * MB
    finally:
        tracemalloc.stop()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


# On the disk


def test_a_plain_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(CONTENT)
    assert read(item(tmp_path / "a.ipynb"), Allowance()) == CONTENT


def symlink(path: Path) -> None:
    (path.parent / "secret").write_bytes(b"secret")
    path.symlink_to("secret")


def hard_link(path: Path) -> None:
    (path.parent / "secret").write_bytes(b"secret")
    path.hardlink_to(path.parent / "secret")


def named_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(path.parent)  # a socket's path may be short only
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)


def huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 200 * MB)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (symlink, "link"),
        (lambda path: path.symlink_to("/dev/zero"), "link"),
        (lambda path: path.symlink_to(path), "link"),
        (hard_link, "hard link"),
        (os.mkfifo, "device"),
        (named_socket, "device"),
        (huge, "200 MB"),
    ],
)
def test_what_is_not_a_plain_file_is_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], says: str
) -> None:
    make(tmp_path / "a.ipynb")
    monkeypatch.setattr(DiskItem, "open", lambda self: pytest.fail("it was opened"))
    assert says in refusal(tmp_path / "a.ipynb")


@pytest.mark.parametrize("make", [symlink, hard_link, os.mkfifo, named_socket, Path.mkdir])
def test_what_changes_after_the_look_is_not_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(CONTENT)
    before = item(path)
    path.unlink()
    make(path)
    with pytest.raises(Refused):
        read(before, Allowance())


def test_what_grows_after_the_look_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(CONTENT)
    before = item(path)
    huge(path)
    with pytest.raises(Refused, match="not read"):
        read(before, Allowance())


def test_what_vanishes_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.ipynb").write_bytes(CONTENT)
    folder, file = item(tmp_path / "folder"), item(tmp_path / "folder" / "a.ipynb")
    (tmp_path / "folder" / "a.ipynb").unlink()
    (tmp_path / "folder").rmdir()
    for look in (lambda: read(file, Allowance()), folder.children):
        with pytest.raises(Refused, match="cannot be read"):
            look()


def test_children_come_in_order_and_not_more_than_asked(tmp_path: Path) -> None:
    for name in ("c", "a", "d", "b"):
        (tmp_path / name).touch()
    assert [child.name for child in item(tmp_path).children()] == ["a", "b", "c", "d"]
    assert [child.name for child in item(tmp_path).children(2)] == ["a", "b"]


def test_all_that_is_read_counts(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(bytes(100))
    allowance = Allowance(250)
    assert [len(read(item(tmp_path / "a.ipynb"), allowance)) for _ in range(2)] == [100, 100]
    with pytest.raises(Refused, match="this student's files"):
        read(item(tmp_path / "a.ipynb"), allowance)


# Zips


def test_an_ordinary_zip(tmp_path: Path, work: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"hw/forward.ipynb": CONTENT, "b\\c.txt": b"", "./d.txt": b"d"})
    assert verdicts(path, work) == {"hw/forward.ipynb": CONTENT, "b/c.txt": b"", "d.txt": b"d"}


@pytest.mark.parametrize(
    "name",
    [
        "../out.ipynb",
        "a/../../out.ipynb",
        "/tmp/out.ipynb",
        "..\\out.ipynb",
        "C:\\out.ipynb",
        "C:/out.ipynb",
        "//h/s/o",
    ],
)
def test_names_that_lead_out_of_the_zip(tmp_path: Path, work: Path, name: str) -> None:
    path = zipped(tmp_path / "a.zip", {name: CONTENT, "good.ipynb": CONTENT})
    before = everything(tmp_path)
    found = verdicts(path, work)
    assert found.pop("good.ipynb") == CONTENT
    (reason,) = found.values()
    assert "leads out" in str(reason)
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    ("mode", "says"), [(0o120777, "link"), (0o020666, "device"), (0o060660, "device"), (0o010666, "pipe")]
)
def test_links_and_devices_in_a_zip(tmp_path: Path, work: Path, mode: int, says: str) -> None:
    info = zipfile.ZipInfo("a.ipynb")
    info.create_system, info.external_attr = 3, mode << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
        archive.writestr("good.ipynb", CONTENT)
    found = verdicts(tmp_path / "a.zip", work)
    assert says in str(found["a.ipynb"])
    assert found["good.ipynb"] == CONTENT


def flagged(content: bytes, mask: int) -> bytes:
    """The zip with a flag in each header."""
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(signature)
        while start >= 0:
            (flags,) = struct.unpack_from("<H", content, start + at)
            content = content[: start + at] + struct.pack("<H", flags | mask) + content[start + at + 2 :]
            start = content.find(signature, start + 1)
    return content


def test_an_encrypted_zip(tmp_path: Path, work: Path) -> None:
    (tmp_path / "a.zip").write_bytes(flagged(packed({"a.ipynb": CONTENT}), 1))
    assert "password" in str(verdicts(tmp_path / "a.zip", work)["a.ipynb"])


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_unpack_without_a_limit(tmp_path: Path, work: Path, method: int) -> None:
    path = zipped(tmp_path / "a.zip", {"a.ipynb": bytes(20 * MB)}, method)
    with little_memory():
        assert "packed in a way" in str(verdicts(path, work)["a.ipynb"])


def test_a_bomb_by_its_ratio(tmp_path: Path, work: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"bomb.ipynb": bytes(20 * MB), "good.ipynb": CONTENT})
    with little_memory():
        found = verdicts(path, work)
    assert "bomb" in str(found["bomb.ipynb"])
    assert found["good.ipynb"] == CONTENT


def with_sizes(content: bytes, claimed: int) -> bytes:
    """The zip with another unpacked size in each header."""
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = content.find(signature)
        content = content[: start + at] + struct.pack("<I", claimed) + content[start + at + 4 :]
    return content


@pytest.mark.parametrize("claimed", [10, 0])
def test_a_bomb_that_lies_about_its_size(tmp_path: Path, work: Path, claimed: int) -> None:
    (tmp_path / "a.zip").write_bytes(with_sizes(packed({"a.ipynb": bytes(100 * MB)}), claimed))
    with little_memory():
        found = verdicts(tmp_path / "a.zip", work)["a.ipynb"]
    assert found == "is damaged, or no zip. Ask for it again." or found == b""


def test_a_member_that_claims_more_than_it_has(tmp_path: Path, work: Path) -> None:
    (tmp_path / "a.zip").write_bytes(with_sizes(packed({"a.ipynb": CONTENT}), 900_000))
    assert verdicts(tmp_path / "a.zip", work) == {"a.ipynb": CONTENT}


def test_all_members_together_have_a_limit(tmp_path: Path, work: Path) -> None:
    path = zipped(tmp_path / "a.zip", {f"{n}.ipynb": bytes(1000) for n in range(10)}, zipfile.ZIP_STORED)
    allowance = Allowance(path.stat().st_size + 4500)
    with opened(item(path), work, allowance) as tree:
        results = []
        for one in files(tree):
            try:
                results.append(len(read(one, allowance)))
            except Refused:
                results.append(0)
    assert results == [1000] * 4 + [0] * 6


def test_members_that_share_their_bytes(tmp_path: Path, work: Path) -> None:
    """Fifield's bomb: each entry of the table leads to the same bytes, so that no ratio looks odd."""
    content = packed({"a.ipynb": os.urandom(10_000)})
    table, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry = content[table:end]
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 60, 60, 60 * len(entry), table, 0)
    (tmp_path / "a.zip").write_bytes(content[:table] + 60 * entry + tail)
    allowance, results = Allowance(100_000), []
    with opened(item(tmp_path / "a.zip"), work, allowance) as tree:
        for one in files(tree):
            try:
                results.append(len(read(one, allowance)))
            except Refused:
                results.append(0)
    assert len(results) == 60
    assert sum(results) <= 100_000


def test_a_zip_of_countless_files_is_not_listed(tmp_path: Path, work: Path) -> None:
    path = zipped(tmp_path / "a.zip", {f"{n}": b"" for n in range(archives.MAX_MEMBERS + 1)}, zipfile.ZIP_STORED)
    with little_memory(), pytest.raises(Refused, match="10,000 files"), opened(item(path), work, Allowance()):
        pass


def test_members_are_counted_across_the_pieces_that_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO(b"x" * 5 + archives.MEMBER * 7 + b"xPK\x01" + b"\x02")
    for size in range(1, 12):
        monkeypatch.setattr(archives, "PIECE", size)
        assert archives._members(file) == 8


def test_a_zip_that_is_too_large(tmp_path: Path, work: Path) -> None:
    path = tmp_path / "a.zip"
    path.touch()
    os.truncate(path, archives.MAX_ARCHIVE + 1)
    with pytest.raises(Refused, match="128 MB"), opened(item(path), work, Allowance()):
        pass


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"no zip at all", packed({"a.ipynb": bytes(5000)})[:-30], b"PK\x05\x06"]
)
def test_what_is_no_zip(tmp_path: Path, work: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(Refused, match="damaged"), opened(item(tmp_path / "a.zip"), work, Allowance()):
        pass


def test_a_member_whose_bytes_were_changed(tmp_path: Path, work: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.ipynb": b"12345", "b.ipynb": CONTENT}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"12345", b"12346"))
    found = verdicts(path, work)
    assert "damaged" in str(found["a.ipynb"])
    assert found["b.ipynb"] == CONTENT


def test_a_zip_that_is_a_link(tmp_path: Path, work: Path) -> None:
    zipped(tmp_path / "b.zip", {"a.ipynb": CONTENT})
    (tmp_path / "a.zip").symlink_to("b.zip")
    with pytest.raises(Refused, match="link"), opened(item(tmp_path / "a.zip"), work, Allowance()):
        pass


def test_a_zip_in_a_zip_needs_no_name_in_work(tmp_path: Path, work: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"b.zip": packed({"c.ipynb": CONTENT})})
    allowance = Allowance()
    with opened(item(path), work, allowance) as outer:
        (inner,) = outer.children()
        with opened(inner, work, allowance) as tree:
            assert list(work.iterdir()) == []
            (file,) = tree.children()
            assert (file.path, read(file, allowance)) == ("a.zip/b.zip/c.ipynb", CONTENT)


def test_opening_a_zip_counts_too(tmp_path: Path, work: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"b.zip": packed({"c.ipynb": os.urandom(5000)})}, zipfile.ZIP_STORED)
    with pytest.raises(Refused, match="this student's files"), opened(item(path), work, Allowance(5000)):
        pass
    allowance = Allowance(path.stat().st_size + 5000)
    with opened(item(path), work, allowance) as outer:
        (inner,) = outer.children()
        with pytest.raises(Refused, match="this student's files"), opened(inner, work, allowance):
            pass


def test_a_full_disk_is_not_the_students_fault(tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "a.zip", {"b.zip": packed({"c.ipynb": CONTENT})})

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(archives.tempfile, "TemporaryFile", full)
    allowance = Allowance()
    with opened(item(path), work, allowance) as outer:
        (inner,) = outer.children()
        with pytest.raises(GradingError, match="disk is full"), opened(inner, work, allowance):
            pass


def test_a_mistake_of_our_own_is_not_taken_for_a_damaged_zip(tmp_path: Path, work: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.ipynb": CONTENT})
    with pytest.raises(ValueError, match="ours"), opened(item(path), work, Allowance()):
        raise ValueError("ours")


def test_deep_and_long_and_odd_names(tmp_path: Path, work: Path) -> None:
    names = [
        "/".join("d" * 30) + "/a.ipynb",
        "x" * 60_000 + ".ipynb",
        "\u202e\x1b[31m\n.ipynb",
        "名前🙂.ipynb",
        "a//b",
        " ",
    ]
    path = zipped(tmp_path / "a.zip", dict.fromkeys(names, CONTENT))
    found = verdicts(path, work)
    assert len(found) == len(names)
    assert [str(reason) for reason in found.values() if reason != CONTENT] == [
        "is left out: it lies in more than 20 folders."
    ]
    assert all(name.isprintable() and len(name) <= 2 * archives.MAX_SHOWN for name in found)
    assert "名前🙂.ipynb" in found


def test_a_file_and_a_folder_of_one_name_and_names_twice(tmp_path: Path, work: Path) -> None:
    content = packed({"a": b"1", "a/b": b"2", "a/c": b"3", "empty/": b""})
    (tmp_path / "a.zip").write_bytes(content.replace(b"a/c", b"a/b"))
    with opened(item(tmp_path / "a.zip"), work, Allowance()) as tree:
        assert sorted(read(one, Allowance()) for one in files(tree)) == [b"1", b"2", b"3"]


def test_dates_that_do_not_exist(tmp_path: Path, work: Path) -> None:
    content = packed({"a.ipynb": CONTENT})
    at = content.index(b"PK\x01\x02") + 12
    (tmp_path / "a.zip").write_bytes(content[:at] + b"\xff\xff\xff\xff" + content[at + 4 :])
    with opened(item(tmp_path / "a.zip"), work, Allowance()) as tree:
        (file,) = files(tree)
        assert isinstance(file.changed, float)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=300, deadline=None
)
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12),
    st.one_of(st.none(), st.floats(0, 1)),
)
def test_any_damage_gives_bytes_or_a_reason(
    tmp_path: Path, work: Path, changes: list[tuple[float, int]], cut: float | None
) -> None:
    content = bytearray(packed({"a.ipynb": CONTENT * 5, "b/c.zip": packed({"d.ipynb": CONTENT})}))
    for place, value in changes:
        content[int(place * len(content))] = value
    (tmp_path / "a.zip").write_bytes(bytes(content if cut is None else content[: int(cut * len(content))]))
    try:
        found = verdicts(tmp_path / "a.zip", work)
    except Refused as problem:
        found = {"": str(problem)}
    assert all(isinstance(one, bytes) or one.endswith(".") for one in found.values())
    assert list(work.iterdir()) == []


@settings(PATIENT)
@given(st.text(max_size=400))
def test_a_name_in_a_sentence(name: str) -> None:
    assert shown(name).isprintable()
    assert len(shown(name)) <= archives.MAX_SHOWN
    if name.isprintable() and len(name) <= archives.MAX_SHOWN:
        assert shown(name) == name
