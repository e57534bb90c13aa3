"""Quiz `SinusoidalPositionEmbeddings` of chapter 07."""

import math

import torch
from einops import rearrange

from course_lib import blocks
from course_lib.checker.quiz import Quiz


def steps_to_embed(g: torch.Generator) -> list[tuple]:
    """Three widths; t out of order with 0 and a large one, so that slow and fast waves both show."""
    return [
        ((8,), torch.tensor([7, 0, 199, 42, 1])),
        ((32,), torch.randint(200, (4,), generator=g)),
        ((6,), torch.cat([torch.tensor([150]), torch.randint(2, 100, (2,), generator=g)])),
    ]


SinusoidalPositionEmbeddings = Quiz(
    blocks.SinusoidalPositionEmbeddings,
    cases=steps_to_embed,
    points=3,
    minutes=12,
    hints=(
        "Half of the numbers are sines, half are cosines, at the same dim / 2 frequencies. Make the frequencies first.",
        "The frequencies fall from 1 to 1/10,000, by the same factor each time: exp of something that falls evenly "
        "from 0 to -log(10,000).",
        "frequencies = exp(-log(10_000) * arange(half) / (half - 1)), on t's device; angles = t as a column times "
        "frequencies; all sines, then all cosines.",
    ),
)


def angles_of(self, t, last=None):
    half = self.dim // 2
    last = half - 1 if last is None else last
    return t[:, None] * torch.exp(-math.log(10_000) * torch.arange(half, device=t.device) / last)


def waves(angles):
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


@SinusoidalPositionEmbeddings.mistake(
    "Sines and cosines alternate. The numbers are all there: in which order does this course put them?"
)
def interleaved(self, t):
    angles = angles_of(self, t)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


@SinusoidalPositionEmbeddings.mistake("The cosines come first. At t = 0 the first half should be zeros.")
def cosines_first(self, t):
    angles = angles_of(self, t)
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


@SinusoidalPositionEmbeddings.mistake(
    "The slowest wave is a little too fast: it should reach 1/10,000 exactly. Into how many gaps do `half` "
    "frequencies cut the way?"
)
def divided_by_half(self, t):
    return waves(angles_of(self, t, last=self.dim // 2))


@SinusoidalPositionEmbeddings.mistake(
    "The frequencies stop halfway down: the exponent runs over `half` places, and you divide as if there were `dim`."
)
def divided_by_dim(self, t):
    return waves(angles_of(self, t, last=self.dim - 1))


@SinusoidalPositionEmbeddings.mistake(
    "Your frequencies grow up to 10,000, so even neighbouring t get random-looking values. Which sign has the exponent?"
)
def frequencies_grow(self, t):
    return waves(angles_of(self, t, last=1 - self.dim // 2))


@SinusoidalPositionEmbeddings.mistake(
    "The frequencies climb from 1 to 10,000, so one step of t is thousands of turns. Should the power of 10,000 "
    "rise or fall with k?"
)
def powers_grow(self, t):
    half = self.dim // 2
    return waves(t[:, None] * 10_000 ** (torch.arange(half) / (half - 1)))


@SinusoidalPositionEmbeddings.mistake(
    "Your k starts at 1, so sin(t) itself, the fastest wave, is not among them. Where does `arange` begin?"
)
def counts_from_one(self, t):
    half = self.dim // 2
    return waves(t[:, None] * 10_000 ** (-torch.arange(1, half + 1) / (half - 1)))


@SinusoidalPositionEmbeddings.mistake(
    "exp(-10,000 k) is 0 at once. To get 10,000 to a power out of `exp`, what goes in front of the exponent?"
)
def without_the_log(self, t):
    half = self.dim // 2
    return waves(t[:, None] * torch.exp(-10_000 * torch.arange(half) / (half - 1)))


@SinusoidalPositionEmbeddings.mistake("`exp` undoes the natural logarithm, and you took the one to base 10.")
def with_log_10(self, t):
    half = self.dim // 2
    return waves(t[:, None] * torch.exp(-4.0 * torch.arange(half) / (half - 1)))


@SinusoidalPositionEmbeddings.mistake(
    "Your frequencies fall by the same *amount* each time. They have to fall by the same *factor*: what does that to "
    "the exponent?"
)
def evenly_spaced_frequencies(self, t):
    return waves(t[:, None] * torch.linspace(1, 1e-4, self.dim // 2))


@SinusoidalPositionEmbeddings.mistake("No 2 pi here: the fastest wave is sin(t) itself.")
def with_two_pi(self, t):
    return waves(2 * math.pi * angles_of(self, t))


@SinusoidalPositionEmbeddings.mistake(
    "Only the sines are there, so half of the width is missing. A sine alone cannot tell t from pi - t."
)
def only_sines(self, t):
    return angles_of(self, t).sin()


@SinusoidalPositionEmbeddings.mistake("The sines stand there twice. What tells a sine's rise from its fall?")
def sines_twice(self, t):
    angles = angles_of(self, t)
    return torch.cat([angles.sin(), angles.sin()], dim=-1)


@SinusoidalPositionEmbeddings.mistake(
    "A whole `dim` of frequencies for sines and another for cosines: twice as wide as asked for."
)
def twice_as_wide(self, t):
    return waves(t[:, None] * torch.exp(-math.log(10_000) * torch.arange(self.dim) / (self.dim - 1)))


@SinusoidalPositionEmbeddings.mistake("All rows embed the first t. Each row of the batch has its own.")
def embeds_the_first_t(self, t):
    return waves(angles_of(self, t[:1])).expand(len(t), -1)


@SinusoidalPositionEmbeddings.alternative("")
def with_powers(self, t):
    half = self.dim // 2
    frequencies = 10_000 ** (-torch.linspace(0, 1, half, device=t.device))
    return waves(torch.outer(t.float(), frequencies))


@SinusoidalPositionEmbeddings.alternative("")
def with_logspace(self, t):
    angles = t.unsqueeze(1) * torch.logspace(0, -4, self.dim // 2, device=t.device)
    return rearrange([angles.sin(), angles.cos()], "two b k -> b (two k)")


@SinusoidalPositionEmbeddings.alternative("")
def filled_in(self, t):
    half = self.dim // 2
    out = torch.zeros(len(t), self.dim, device=t.device)
    for k in range(half):
        angle = t / 10_000 ** (k / (half - 1))
        out[:, k], out[:, half + k] = angle.sin(), angle.cos()
    return out
