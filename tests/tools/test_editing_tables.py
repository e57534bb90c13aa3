"""The tables of chapter 14: what tools/editing.py has written, and the card that quotes it."""

import csv
import os
import subprocess
import sys
from statistics import fmean

from course_lib.paths import DATA, ROOT


def lines(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_card_quotes_the_tables_as_they_are_printed():
    environment = os.environ | {"COLUMNS": "200"}
    words = [sys.executable, str(ROOT / "tools" / "editing.py"), "table"]
    printed = subprocess.run(words, capture_output=True, text=True, env=environment, check=True).stdout
    card = (DATA / "editing.md").read_text(encoding="utf-8")
    rows = [line for line in printed.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 5 + 2 + 7
    assert [row for row in rows if row not in card.splitlines()] == []


def test_the_sentences_of_the_card_are_true():
    psnr = lines("editing_psnr.csv")

    def of(method, grey):
        return fmean(float(line["psnr"]) for line in psnr if (line["method"], line["grey"]) == (method, str(grey)))

    for grey in (10, 25, 50, 75, 100):
        assert of("one call", grey) > of("ten steps", grey) > of("non-local means", grey) > of("median", grey)
    starts = {line["t"]: [] for line in psnr if line["method"] == "one call from"}
    for line in psnr:
        if line["method"] == "one call from":
            starts[line["t"]].append(float(line["psnr"]))
    assert max(fmean(values) for values in starts.values()) < of("one call", 50)
    assert len(starts) == 11

    inpainting = lines("inpainting.csv")

    def distance(method, steps, visits):
        found = [
            float(line["distance"])
            for line in inpainting
            if (line["method"], line["steps"], line["jump_n_sample"]) == (method, str(steps), str(visits))
        ]
        assert len(found) == 9
        return fmean(found)

    replaced = distance("replacement", 40, 1)
    assert distance("replacement", 200, 1) > 0.9 * replaced
    for visits in (2, 4, 8, 16):
        assert 0.28 * replaced < distance("RePaint", 40, visits) < 0.38 * replaced
        assert 4 < distance("RePaint", 40, visits) / distance("exact", 0, 0) < 7
