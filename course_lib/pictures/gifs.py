"""Moving pictures: GIF files, which everything shows, and WebP, which is sharp and small."""

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from course_lib.files import write_file
from course_lib.pictures.saving import as_image, check_film_place


def denoising_frames(states: Iterable[Tensor], total: int, count: int = 22) -> Iterator[Tensor]:
    """Pick about `count` of the `total` states that a sampler yields, in their order, and never keep the others.

    Frame j, counted back from the last one (j = 0, 1, ..., count - 1), is the state with the index
    (total - 1) · (1 - (j / (count - 1))^1.5), rounded. So the last state and the first are there, and the frames lie
    closer together towards the end, since the eye sees little happen in the noise. An index that comes up twice gives
    one frame. count = 1 gives the last state alone; if total <= count, every state is a frame.
    """
    last = total - 1
    chosen = {round(last * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for index, state in enumerate(states):
        if index in chosen or total <= count:
            yield state


def gif(frames: Sequence[np.ndarray], seconds: float = 4.0, colours: int = 16) -> bytes:
    """Frames, uint8 (H, W) grey or (H, W, 3) colour, as the content of a GIF file that loops for ever.

    It plays for `seconds`, then rests on the last frame for 1.5 s. Fewer `colours` make a smaller file: noise hardly
    compresses.
    Raises ValueError without frames, PictureError for a frame that is not such a picture.
    """
    if not len(frames):
        raise ValueError("a GIF needs at least one frame.")
    pictures = [_on_white(as_image(frame)) for frame in frames]
    # one palette for all frames, taken from the last and the first: otherwise the shades flicker
    both = Image.new("RGB", (pictures[0].width, 2 * pictures[0].height))
    both.paste(pictures[0], (0, 0))
    both.paste(pictures[-1], (0, pictures[0].height))
    palette = both.quantize(colours, method=Image.Quantize.MEDIANCUT)
    pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    durations = _durations(seconds, len(pictures))
    content = io.BytesIO()
    pictures[0].save(
        content, format="GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=False
    )
    return content.getvalue()


def film(frames: Sequence[np.ndarray], seconds: float = 4.0, colours: int = 64) -> bytes:
    """Frames, uint8 (H, W), (H, W, 3) or (H, W, 4), as the content of an animated WebP file that loops for ever.

    It plays for `seconds`, then rests on the last frame for 1.5 s. Large frames of drawings, or of images with enlarged
    pixels, need a fifth of what a GIF does, and what is transparent stays so. Each frame has at most `colours` of its
    own: with fewer the file is smaller.
    Raises ValueError without frames, PictureError for a frame that is not such a picture.
    """
    if not len(frames):
        raise ValueError("a film needs at least one frame.")
    octree = Image.Quantize.FASTOCTREE  # the only one that knows transparency
    pictures = [as_image(frame).convert("RGBA").quantize(colours, method=octree).convert("RGBA") for frame in frames]
    durations = _durations(seconds, len(pictures))
    content = io.BytesIO()
    pictures[0].save(
        content, format="WEBP", save_all=True, append_images=pictures[1:], duration=durations, loop=0, lossless=True
    )
    return content.getvalue()


def save_film(frames: Sequence[np.ndarray], path: str | Path, seconds: float = 4.0, colours: int = 16) -> None:
    """Write frames as a film to `path`, whole or not at all, as its ending says: .gif or .webp.

    Raises what `gif` and `film` raise, PictureError for another ending, and FileError if it cannot be written.
    """
    check_film_place(path)
    write_file(path, (film if Path(path).suffix.lower() == ".webp" else gif)(frames, seconds, colours))


def _durations(seconds: float, count: int) -> list[int]:
    """How long each frame is shown, in milliseconds: a film rests on its last one."""
    return [max(int(1000 * seconds / count), 20)] * (count - 1) + [1500]


def _on_white(picture: Image.Image) -> Image.Image:
    """A GIF has no half-transparent pixels."""
    whole = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", whole.size, "white"), whole).convert("RGB")
