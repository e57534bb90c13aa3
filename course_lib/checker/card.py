"""Show a card: HTML in a notebook, in the theme's own colours, and plain text elsewhere."""

import base64
import html
import re
import sys
from dataclasses import dataclass

from course_lib.pictures.plots import COLOURS

MARKS = {
    "good": ("✓", COLOURS["exact"]),
    "bad": ("✗", COLOURS["learned"]),
    "open": ("○", COLOURS["noise"]),
    "info": ("→", COLOURS["data"]),
}
_BOX = (
    "border-left:4px solid {colour};padding:.35em .8em;margin:.3em 0;max-width:46em;line-height:1.45;"
    "color:var(--jp-content-font-color1,var(--vscode-foreground,inherit));font-family:var(--jp-content-font-family,sans-serif)"
)
_FAINT = "opacity:.8;font-size:.92em;margin-top:.25em"
_FOLD = "margin:.25em 0 .25em .2em"
_CODE = "background:rgba(128,128,128,.18);color:inherit;padding:0 .25em;border-radius:3px;overflow-wrap:anywhere"
_CELL = "text-align:left;vertical-align:top;padding:.15em .9em .15em 0;border:0;background:transparent;color:inherit"
_NARROW = f"{_CELL};white-space:nowrap"
_LAST = f"{_CELL};overflow-wrap:anywhere;min-width:6em"
_LISTING = (
    "background:transparent;color:inherit;margin:.4em 0;overflow-x:auto;white-space:pre;word-break:normal;"
    "font-family:var(--jp-code-font-family,monospace);font-size:.92em"
)


@dataclass(frozen=True)
class Fold:
    """What a notebook shows only when its title is clicked: a sentence, a listing, and one more fold inside."""

    title: str
    text: str = ""
    listing: str = ""
    inside: "Fold | None" = None

    def as_html(self) -> str:
        parts = [f'<summary style="cursor:pointer">{_inline(self.title)}</summary>']
        parts += [f"<div>{_inline(self.text)}</div>"] if self.text else []
        parts += [f'<pre style="{_LISTING}">{html.escape(self.listing)}</pre>'] if self.listing else []
        parts += [self.inside.as_html()] if self.inside else []
        return f'<details style="{_FOLD}">{"".join(parts)}</details>'


@dataclass(frozen=True)
class Card:
    """A title, a sentence or two, small print; `backticks` mark code. `rows` are a table, the first one its header.

    `folds` are for notebooks only: in plain text nothing can be folded, so nothing of them is there.
    """

    mark: str
    title: str
    text: str = ""
    notes: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    listing: str = ""
    picture: bytes = b""
    alternative: str = ""
    folds: tuple[Fold, ...] = ()

    def as_text(self) -> str:
        lines = [f"{MARKS[self.mark][0]} {self.title}", *self._paragraph(), *(f"  {note}" for note in self.notes)]
        return "\n".join(lines).replace("`", "")

    def _paragraph(self) -> list[str]:
        rows = [[cell.replace("`", "") for cell in row] for row in self.rows]  # what is not shown needs no room
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return [f"  {line}" for line in [*self.text.splitlines(), *table, *self.listing.splitlines()]]

    def as_html(self) -> str:
        sign, colour = MARKS[self.mark]
        parts = [f'<div><b><span style="color:{colour}">{sign}</span> {_inline(self.title)}</b></div>']
        parts += [f"<div>{_inline(line)}</div>" for line in self.text.splitlines()]
        if self.rows:
            parts.append(_table(self.rows))
        if self.listing:
            parts.append(f'<pre style="{_LISTING}">{html.escape(self.listing)}</pre>')
        if self.picture:
            data, alternative = base64.b64encode(self.picture).decode(), html.escape(self.alternative)
            source = f'src="data:image/png;base64,{data}" alt="{alternative}"'
            parts.append(f'<img {source} style="max-width:100%;background:transparent"/>')
        parts += [fold.as_html() for fold in self.folds]
        parts += [f'<div style="{_FAINT}">{_inline(note)}</div>' for note in self.notes]
        return f'<div style="{_BOX.format(colour=colour)}">{"".join(parts)}</div>'


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", rf'<code style="{_CODE}">\1</code>', html.escape(text, quote=False))


def _table(rows: tuple[tuple[str, ...], ...]) -> str:
    lines = []
    for row in rows:
        tag = "td" if lines else "th"
        styles = [_NARROW] * (len(row) - 1) + [_LAST]
        cells = zip(styles, row, strict=True)
        lines.append("".join(f'<{tag} style="{style}">{_inline(cell)}</{tag}>' for style, cell in cells))
    inner = "".join(f'<tr style="background:transparent">{line}</tr>' for line in lines)
    return f'<table style="border-collapse:collapse;margin:.4em 0;font-size:1em;color:inherit">{inner}</table>'


def show(card: Card) -> None:
    """Put the card under the cell, or print it."""
    if in_notebook():
        from IPython.display import display

        display({"text/html": card.as_html(), "text/plain": card.as_text()}, raw=True)
        return
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(card.as_text().encode(encoding, "replace").decode(encoding))


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None
