"""What chapter 00 draws."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from course_lib.images import class_names
from course_lib.pictures.plots import image_grid, show_images, with_text
from course_lib.pictures.widgets import show_film, show_slider


def sampling_frames(states: Sequence[tuple[int, Tensor]], steps: int, columns: int = 6) -> list[np.ndarray]:
    """A picture for each (steps that are done, images (N, 1, H, W)): the images as a grid, and the count above."""
    return [with_text(image_grid(x, columns, scale=4), f"step {done} of {steps}") for done, x in states]


def show_sampling(states: Sequence[tuple[int, Tensor]], steps: int) -> None:
    """Show images on their way from noise to samples as a film; see `sampling_frames`."""
    alternative = f"A film: {len(states[0][1])} squares of noise become pictures of clothes."
    show_film(sampling_frames(states, steps), alternative, colours=16)


def show_stages(states: Sequence[tuple[int, Tensor]]) -> None:
    """Draw the first eight images of some states, a row for each state."""
    images = torch.cat([x[:8].cpu().clamp(-1, 1) for _, x in states])
    titles = [f"step {done}" if place == 0 else "" for done, _ in states for place in range(8)]
    alternative = "Rows of eight samples: first noise, then the outlines of clothes, then the kind, at last details."
    show_images(images, titles, "Eight samples on their way", 8, alternative=alternative)


def show_classes(images: Tensor, labels: Tensor) -> None:
    """Draw one image of each of the ten classes."""
    chosen = torch.stack([images[labels == label][1] for label in range(10)])
    alternative = "Ten small pictures of clothes, one for each class, white and grey on black."
    show_images(chosen, list(class_names()), "One picture of each class", 5, alternative=alternative)


def show_fading(image_at: Callable[[int], Tensor], steps: Sequence[int]) -> None:
    """Draw `image_at(t)`, (1, 1, H, W), for each t of `steps`."""
    images = torch.cat([image_at(t) for t in steps]).clamp(-1, 1)
    titles = [f"$t = {t}$" for t in steps]
    alternative = "A boot at eight times: its seams vanish first, then it is a shadow, at last there is only noise."
    show_images(images, titles, "The same boot, with more and more noise", 4, alternative=alternative)


def show_fading_slider(image_at: Callable[[int], Tensor], steps: Sequence[int]) -> None:
    """Show a slider over `steps` with `image_at(t)`, (1, 1, H, W), at twelve times its size."""

    def draw(t: int) -> np.ndarray:
        return image_grid(image_at(t), scale=12)

    still = image_grid(torch.cat([image_at(t) for t in (0, 50, 100, 150)]), columns=4, scale=4)
    show_slider(draw, steps, "t", still, "A slider over t, and the boot with that much noise.", start=0)
