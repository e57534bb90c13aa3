"""Quiz `sample_timesteps` of chapter 09."""

import torch

from course_lib import training
from course_lib.checker.quiz import Quiz


def draws(g: torch.Generator) -> list[tuple]:
    """Fewer images than time steps, more, and as many. Each generator has been used before."""
    cases = []
    for batch_size, timesteps in [(40, 10), (7, 1000), (16, 16), (150, 3)]:
        generator = torch.Generator().manual_seed(int(torch.randint(1_000_000, (), generator=g)))
        torch.rand(9, generator=generator)
        cases.append((batch_size, timesteps, generator))
    return cases


sample_timesteps = Quiz(
    training.sample_timesteps,
    cases=draws,
    points=1,
    minutes=4,
    hints=(
        "Algorithm 1 draws t uniformly for every image. How many numbers is that, and which are allowed?",
        "`torch.randint` leaves its upper end out. It takes a size, which is a tuple, a `generator` and a `device`.",
        "`torch.randint(timesteps, (batch_size,), generator=generator, device=generator.device)`",
    ),
    atol=0.01,
)


def whole(high, batch_size, generator):
    return torch.randint(high, (batch_size,), generator=generator, device=generator.device)


@sample_timesteps.mistake(
    "All images of the batch get the same t, so a batch sees one level of noise. How many numbers should be drawn?"
)
def one_for_the_batch(batch_size, timesteps, generator):
    return whole(timesteps, 1, generator).repeat(batch_size)


@sample_timesteps.mistake("A single number comes back. How many time steps does a batch of `batch_size` images need?")
def a_single_number(batch_size, timesteps, generator):
    return whole(timesteps, 1, generator)


@sample_timesteps.mistake("These are 1 ... T, as the paper counts. Where does this course begin to count, and end?")
def counted_from_one(batch_size, timesteps, generator):
    return whole(timesteps, batch_size, generator) + 1


@sample_timesteps.mistake("t = 0 is never drawn, so the network never learns the last step to a clean image.")
def never_zero(batch_size, timesteps, generator):
    return whole(timesteps - 1, batch_size, generator) + 1


@sample_timesteps.mistake(
    "The largest t is never drawn, though every sample starts there. Is the upper end of `randint` in or out?"
)
def never_the_last(batch_size, timesteps, generator):
    return whole(timesteps - 1, batch_size, generator)


@sample_timesteps.mistake(
    "T itself can be drawn, and the schedule has no such entry. Is the upper end of `randint` in or out?"
)
def one_too_many(batch_size, timesteps, generator):
    return whole(timesteps + 1, batch_size, generator)


@sample_timesteps.mistake("The right numbers, of the wrong type. What may be used as an index into the schedule?")
def not_long(batch_size, timesteps, generator):
    return whole(timesteps, batch_size, generator).float()


@sample_timesteps.mistake("The numbers do not depend on `generator`. Who could then repeat this batch?")
def generator_left_out(batch_size, timesteps, generator):
    return torch.randint(timesteps, (batch_size,), device=generator.device)


@sample_timesteps.mistake(
    "No t comes twice: that is dealing cards, not throwing dice. "
    "What if the batch is larger than the number of time steps?"
)
def like_cards(batch_size, timesteps, generator):
    return torch.randperm(timesteps, generator=generator, device=generator.device)[:batch_size]


@sample_timesteps.mistake("The time steps come in turn, the same in every batch. Where does chance come in?")
def in_turn(batch_size, timesteps, generator):
    return torch.arange(batch_size, device=generator.device) % timesteps


@sample_timesteps.mistake("A column, (batch_size, 1). Which shape of `t` does `extract` expect?")
def as_a_column(batch_size, timesteps, generator):
    return whole(timesteps, batch_size, generator)[:, None]


@sample_timesteps.mistake("`batch_size` and `timesteps` have changed places. Which is the size, and which is the end?")
def changed_places(batch_size, timesteps, generator):
    return whole(batch_size, timesteps, generator)


@sample_timesteps.mistake(
    "Uniform as well, but other numbers than `torch.randint` draws, and the course compares those. "
    "Can you do without fractions?"
)
def scaled_fractions(batch_size, timesteps, generator):
    return (torch.rand(batch_size, generator=generator, device=generator.device) * timesteps).long()


@sample_timesteps.mistake(
    "Fractions, between which the schedule has no entries. What draws whole numbers, without a detour?"
)
def fractions(batch_size, timesteps, generator):
    return torch.rand(batch_size, generator=generator, device=generator.device) * timesteps


@sample_timesteps.alternative("")
def filled_in_place(batch_size, timesteps, generator):
    return torch.empty(batch_size, dtype=torch.long, device=generator.device).random_(timesteps, generator=generator)


@sample_timesteps.alternative("")
def with_both_ends(batch_size, timesteps, generator):
    size = [batch_size]
    return torch.randint(0, timesteps, size=size, dtype=torch.int64, generator=generator, device=generator.device)
