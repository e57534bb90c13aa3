"""Chapter 00: a picture and noise are mixed; and the table of names that all chapters use."""

from torch import Tensor

from course_lib.paths import NOTEBOOKS


def add_noise(x_start: Tensor, noise: Tensor, signal: float) -> Tensor:
    """x_start and noise, both (B, ...), mixed so that the share `signal` of the variance comes from x_start.

    sqrt(signal) * x_start + sqrt(1 - signal) * noise, with signal from 0 (pure noise) to 1 (no noise), which is the
    alpha-bar of 2006.11239, equation 4.
    """
    return signal**0.5 * x_start + (1 - signal) ** 0.5 * noise


def notation() -> None:
    """Show the course's symbols: what each is called in the code, in words, and where it comes from."""
    from IPython.display import Markdown, display

    display(Markdown(filename=NOTEBOOKS / "notation.md"))
