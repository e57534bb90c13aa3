"""What is wrong with a picture that nobody looks at any more: it does not decode, or it shows nothing."""

import io
import warnings
from xml.etree import ElementTree

import numpy as np
from PIL import Image, ImageSequence

# Less than this share of the pixels stands out, by this many grey levels or more: then nothing is seen.
LEAST_SHARE, LEAST_LEVELS = 1e-3, 16

ENDS = {"PNG": b"IEND\xaeB`\x82", "GIF": b";", "JPEG": b"\xff\xd9"}  # a file that was cut off may decode all the same
DRAWN = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "image", "use"}


def picture_fault(content: bytes) -> str:
    """What is wrong with a picture file: it does not decode, in any of its frames, or is blank. "" if nothing is.

    Understands SVG and what Pillow can read.
    """
    if content.lstrip()[:5].lower() in (b"<?xml", b"<svg ", b"<!doc"):
        return _svg_fault(content)
    try:
        with warnings.catch_warnings(action="error", category=UserWarning), Image.open(io.BytesIO(content)) as picture:
            picture.verify()  # PNG's checksums, which decoding ignores
        with Image.open(io.BytesIO(content)) as picture:
            kind, frames = picture.format or "", [frame.convert("RGBA") for frame in ImageSequence.Iterator(picture)]
    except Exception as problem:  # Pillow raises OSError, SyntaxError, ValueError, EOFError, struct.error and others
        return f"it does not decode ({type(problem).__name__}: {problem})"
    if not content.rstrip(b"\0").endswith(ENDS.get(kind, b"")):
        return "its end is missing"
    blank = [str(number) for number, frame in enumerate(frames, 1) if is_blank(frame)]
    if blank and len(frames) == 1:
        return "it is blank: all of one colour"
    return f"blank frames: {', '.join(blank)} of {len(frames)}" if blank else ""


def is_blank(picture: Image.Image) -> bool:
    """Whether a picture shows nothing on white paper: (nearly) all pixels have the same colour."""
    paper = Image.new("RGBA", picture.size, "white")
    shown = Image.alpha_composite(paper, picture.convert("RGBA")).convert("RGB")
    counted = shown.getcolors(maxcolors=shown.width * shown.height) or []
    counts, colours = np.array([count for count, _ in counted]), np.array([colour for _, colour in counted])
    far = np.abs(colours - colours[counts.argmax()]).max(axis=1) >= LEAST_LEVELS
    return bool(counts[far].sum() < LEAST_SHARE * counts.sum())


def _svg_fault(content: bytes) -> str:
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as problem:
        return f"it is no valid SVG ({problem})"
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    if names[0] != "svg":
        return "it is no SVG"
    return "" if sum(name in DRAWN for name in names) > 1 else "it is blank: nothing is drawn on its background"
