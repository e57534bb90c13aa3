"""Cards as plain text and as HTML."""

import re

from course_lib.checker.card import Card, Fold


def test_html_escapes_and_follows_the_theme():
    card = Card("bad", "`a<b`", "x < y & `z`", ("note",), rows=(("h",), ("<i>",)), listing="if a < b: pass")
    html = card.as_html()
    assert "<code" in html
    assert "x &lt; y &amp; " in html
    assert "&lt;i&gt;" in html
    assert "<i>" not in html
    assert "var(--jp-content-font-color1" in html
    assert not re.search(r"background:(?!transparent|rgba\(128)", html)
    assert card.as_text().startswith("✗ a<b\n  x < y & z")


def test_folds_are_closed_escaped_and_only_in_html():
    card = Card("info", "Hints", folds=(Fold("One", "`a` < b", "x < y", Fold("Two", "later")),))
    html = card.as_html()
    assert re.findall(r"<summary[^>]*>(.*?)</summary>", html) == ["One", "Two"]
    assert html.index("later") < html.index("</details></details>")  # the second lies inside the first
    assert "<details open" not in html
    assert "&lt; b" in html
    assert "x &lt; y" in html
    assert card.as_text() == "→ Hints"


def test_columns_of_a_table_stand_under_each_other():
    rows = (("name", "points"), ("`snr`", "1"), ("longer name", "12"))
    lines = Card("info", "Table", rows=rows).as_text().splitlines()[1:]
    assert [line.index(word) for line, word in zip(lines, ("points", "1", "12"), strict=True)] == [15, 15, 15]
