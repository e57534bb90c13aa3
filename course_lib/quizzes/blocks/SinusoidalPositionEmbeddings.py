"""Quiz `SinusoidalPositionEmbeddings` of chapter 07."""

import torch
from einops import rearrange

from course_lib import blocks
from course_lib.checker.quiz import Quiz


def steps_to_embed(g: torch.Generator) -> list[tuple]:
    """t out of order with 0 and a large one, so that slow and fast waves both show; the smallest width; one step."""
    return [
        ((8,), torch.tensor([7, 0, 199, 42, 1])),
        ((32,), torch.randint(200, (4,), generator=g)),
        ((6,), torch.cat([torch.tensor([150]), torch.randint(2, 100, (2,), generator=g)])),
        ((2,), torch.tensor([3, 0, 150])),
        ((12,), torch.randint(2, 200, (1,), generator=g)),
    ]


SinusoidalPositionEmbeddings = Quiz(
    blocks.SinusoidalPositionEmbeddings,
    cases=steps_to_embed,
    points=3,
    minutes=12,
    difficulty=3,
    importance=5,
    hints=(
        "Half of the numbers are sines, half are cosines, at the same dim / 2 frequencies. Make the frequencies first.",
        "The frequencies fall from 1 to 1/10,000, by the same factor each time: exp of something that falls evenly "
        "from 0 to -log(10,000).",
        "frequencies = exp(-log(10_000) * arange(half) / max(half - 1, 1)), on t's device; angles = t as a column "
        "times frequencies; all sines, then all cosines.",
    ),
)


# What can go wrong with the frequencies ...

STEPS = "torch.arange(half, device=t.device) / max(half - 1, 1)"  # from 0 to 1
FREQUENCIES = f"torch.exp(-math.log(10_000) * {STEPS})"

SinusoidalPositionEmbeddings.edits(
    guided_diffusion=(
        "max(half - 1, 1) -> half",
        "[angles.sin(), angles.cos()] -> [angles.cos(), angles.sin()]",
        "That is the embedding of guided-diffusion: cosines first, and the slowest wave is too fast. "
        "This one has the sines first and reaches 1/10,000.",
    ),
    transformer=(
        "max(half - 1, 1) -> half",
        "torch.cat([angles.sin(), angles.cos()], dim=-1) -> torch.stack([angles.sin(), angles.cos()], -1).flatten(1)",
        "That is the Transformer's own: sines and cosines alternate, and the slowest wave is too fast. "
        "The docstring names both differences.",
    ),
    divided_by_half=(
        "max(half - 1, 1) -> half",
        "The slowest wave is too fast: it should reach 1/10,000 exactly. Into how many gaps do `half` "
        "frequencies cut the way?",
    ),
    divided_by_dim_minus_one=(
        "max(half - 1, 1) -> (self.dim - 1)",
        "The frequencies stop about halfway down, as if there were `dim` of them. There are fewer.",
    ),
    divided_by_dim=(
        "max(half - 1, 1) -> self.dim",
        "The slowest wave is much too fast: its exponent gets less than halfway. How many frequencies are there?",
    ),
    unguarded=(
        "max(half - 1, 1) -> (half - 1)",
        "With `dim=2` there is a single frequency and no gap to a next one: 0 is divided by 0. "
        "What should stand below then?",
    ),
    unguarded_number=(
        f"-math.log(10_000) * {STEPS} -> -math.log(10_000) / (half - 1) * torch.arange(half, device=t.device)",
        "The smallest width is 2, with a single frequency: nothing can be divided by `half - 1` then.",
    ),
    reversed=(
        "torch.arange(half, device=t.device) -> (half - 1 - torch.arange(half, device=t.device))",
        "The frequencies are in reverse order. The fastest wave comes first.",
    ),
    without_exp=(
        "torch.exp( -> (",
        "The frequencies are the exponents themselves, from 0 down to -9.2. What undoes a logarithm?",
    ),
    down_to_a_thousandth=(
        "math.log(10_000) -> math.log(1_000)",
        "The frequencies end at 1/1,000. How slow does the docstring want the slowest wave?",
    ),
    counts_from_one=(
        "torch.arange(half, device=t.device) -> torch.arange(1, half + 1, device=t.device)",
        "All frequencies are one place too low, so sin(t) itself, the fastest wave, is not among them. "
        "With which number does k begin?",
    ),
    fractions_lost=(
        f"{STEPS} -> (torch.arange(half, device=t.device) // max(half - 1, 1))",
        "All frequencies but the last are 1: the exponents between have lost their fractions. Which division keeps "
        "them?",
    ),
    flat_behind_the_first=(
        "math.log(10_000) -> 10_000",
        "All frequencies behind the first are 0, so only one wave moves. "
        "Print them: are they floats, and how large are the exponents?",
    ),
    with_log_10=(
        "math.log(10_000) -> math.log10(10_000)",
        "The frequencies stop at exp(-4). Which logarithm does `exp` undo?",
    ),
    with_e_for_ten=(
        "math.log(10_000) -> math.log(10_000) * math.log(10)",
        "The frequencies fall to 10 to the power of -9.2: the exponent belongs to e, the base is 10. "
        "Which power of 10 is 1/10,000?",
    ),
    evenly_spaced_frequencies=(
        f"{FREQUENCIES} -> torch.linspace(1, 1e-4, half, device=t.device)",
        "The frequencies fall by the same *amount* each time. They have to fall by the same *factor*: what does that "
        "mean for the exponent?",
    ),
    random_frequencies=(
        f"{FREQUENCIES} -> torch.randn(half, device=t.device)",
        "The frequencies are random, others in each call: no network could learn what they mean. The docstring says "
        "where they begin and end.",
    ),
    # three ways to write it: angles as large as 10,000 t show how the frequencies were rounded
    frequencies_grow=(
        "-math.log(10_000) -> math.log(10_000)",
        "The frequencies grow up to 10,000, so even neighbouring t get random-looking values. Which sign has the "
        "exponent?",
    ),
    powers_grow=(
        f"{FREQUENCIES} -> 10_000 ** ({STEPS})",
        "The frequencies climb from 1 to 10,000, so one step of t is thousands of turns. Should the power of 10,000 "
        "rise or fall with k?",
    ),
    factors_grow=(
        f"{FREQUENCIES} -> torch.exp(torch.arange(half, device=t.device) * (math.log(10_000) / max(half - 1, 1)))",
        "Each frequency is higher than the one before, up to 10,000. They should fall, down to 1/10,000.",
    ),
)

# ... and with the rest

SinusoidalPositionEmbeddings.edits(
    interleaved=(
        "torch.cat([angles.sin(), angles.cos()], dim=-1) -> torch.stack([angles.sin(), angles.cos()], -1).flatten(1)",
        "Sines and cosines alternate. The numbers are all there: in which order does this course put them?",
    ),
    cosines_first=(
        "[angles.sin(), angles.cos()] -> [angles.cos(), angles.sin()]",
        "The cosines come first. At t = 0 the first half should be zeros.",
    ),
    joined_along_the_batch=(
        "dim=-1 -> dim=0",
        "Sines and cosines lie below each other, so there are twice as many rows. Along which axis do they belong?",
    ),
    with_two_pi=("angles = -> angles = 2 * math.pi *", "No 2 pi here: the fastest wave is sin(t) itself."),
    only_sines=(
        "torch.cat([angles.sin(), angles.cos()], dim=-1) -> angles.sin()",
        "Only the sines are there, so half of the width is missing. A sine alone cannot tell t from pi - t.",
    ),
    sines_twice=(
        "angles.cos() -> angles.sin()",
        "The sines stand there twice. What tells a sine's rise from its fall?",
    ),
    twice_as_wide=(
        "half = self.dim // 2 -> half = self.dim",
        "A whole `dim` of frequencies for sines and another for cosines: twice as wide as asked for.",
    ),
    embeds_the_first_t=(
        "rearrange(t, -> rearrange(t[:1].expand_as(t),",
        "All rows embed the first t. Each row of the batch has its own.",
    ),
    share_of_the_largest_t=(
        "rearrange(t, -> rearrange(t / t.max(),",
        "t is divided by the largest one of the batch, so what a step looks like depends on its neighbours. "
        "The waves take t as it is.",
    ),
)


def waves(angles):
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


@SinusoidalPositionEmbeddings.alternative("The frequencies are powers of 10,000, with evenly spaced exponents.")
def with_powers(self, t):
    half = self.dim // 2
    frequencies = 10_000 ** (-torch.linspace(0, 1, half, device=t.device))
    return waves(torch.outer(t.float(), frequencies))


@SinusoidalPositionEmbeddings.alternative("`logspace` makes numbers that fall by the same factor, in powers of 10.")
def with_logspace(self, t):
    angles = t.unsqueeze(1) * torch.logspace(0, -4, self.dim // 2, device=t.device)
    return rearrange([angles.sin(), angles.cos()], "two b k -> b (two k)")


@SinusoidalPositionEmbeddings.alternative("One frequency after the other, written into a tensor of the right size.")
def filled_in(self, t):
    half = self.dim // 2
    out = torch.zeros(len(t), self.dim, device=t.device)
    for k in range(half):
        angle = t / 10_000 ** (k / max(half - 1, 1))
        out[:, k], out[:, half + k] = angle.sin(), angle.cos()
    return out
