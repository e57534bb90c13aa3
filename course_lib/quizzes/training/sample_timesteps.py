"""Quiz `sample_timesteps` of chapter 09."""

import torch

from course_lib import training
from course_lib.checker.quiz import Quiz


def draws(g: torch.Generator) -> list[tuple]:
    """Fewer images than time steps, more, as many, and a single one. Each generator has been used before."""
    cases = []
    for batch_size, timesteps in [(40, 10), (7, 1000), (16, 16), (150, 3), (1, 30)]:
        generator = torch.Generator().manual_seed(int(torch.randint(1_000_000, (), generator=g)))
        torch.rand(9, generator=generator)
        cases.append((batch_size, timesteps, generator))
    return cases


sample_timesteps = Quiz(
    training.sample_timesteps,
    cases=draws,
    points=1,
    minutes=4,
    difficulty=1,
    importance=4,
    hints=(
        "Algorithm 1 draws t uniformly for every image. How many numbers is that, and which are allowed?",
        "`torch.randint` leaves its upper end out. It takes a size, which is a tuple, a `generator` and a `device`.",
        "`torch.randint(timesteps, (batch_size,), generator=generator, device=generator.device)`",
    ),
    atol=0.01,
)

sample_timesteps.edits(
    one_for_the_batch=(
        "(batch_size,) -> (1,)",
        "generator.device) -> generator.device).expand(batch_size)",
        "All images of the batch get the same t, so a batch sees one level of noise. How many numbers should be drawn?",
    ),
    a_single_number=(
        "(batch_size,) -> (1,)",
        "A single number comes back. How many time steps does a batch of `batch_size` images need?",
    ),
    counted_from_one=(
        "generator.device) -> generator.device) + 1",
        "These are 1 ... T, as the paper counts. Where does this course begin to count, and end?",
    ),
    never_zero=(
        "(timesteps, -> (1, timesteps,",
        "t = 0 is never drawn, so the network never learns the last step to a clean image.",
    ),
    never_the_last=(
        "(timesteps, -> (timesteps - 1,",
        "The largest t is never drawn, though every sample starts there. Is the upper end of `randint` in or out?",
    ),
    one_too_many=(
        "(timesteps, -> (timesteps + 1,",
        "T itself can be drawn, and the schedule has no such entry. Is the upper end of `randint` in or out?",
    ),
    ten_steps=("(timesteps, -> (10,", "The result has the range 0 ... 9, whatever `timesteps` is. How large can t be?"),
    thousand_steps=("(timesteps, -> (1000,", "The result has the range 0 ... 999, whatever `timesteps` is."),
    not_long=(
        "generator.device) -> generator.device).float()",
        "The right numbers, of the wrong type. What may be used as an index into the schedule?",
    ),
    generator_left_out=(
        "generator=generator, ->",
        "The numbers do not depend on `generator`. Who could then repeat this batch?",
    ),
    like_cards=(
        "randint(timesteps, (batch_size,), -> randperm(timesteps,",
        "generator.device) -> generator.device)[:batch_size]",
        "No t comes twice: that is dealing cards, not throwing dice. "
        "What if the batch is larger than the number of time steps?",
    ),
    in_turn=(
        "randint(timesteps, (batch_size,), generator=generator, -> arange(batch_size,",
        "generator.device) -> generator.device) % timesteps",
        "The time steps come in turn, the same in every batch. Where does chance come in?",
    ),
    in_order=(
        "generator.device) -> generator.device).sort().values",
        "The right numbers in ascending order: the first image of a batch always gets the least noise. "
        "Each image should be as likely to get any t.",
    ),
    in_pairs=(
        "(batch_size,) -> (batch_size // 2 + 1,)",
        "return torch -> half = torch",
        "generator.device) -> generator.device); return torch.cat([half, timesteps - 1 - half])[:batch_size]",
        "The second half mirrors the first, t and T - 1 - t, as the code of some papers does. "
        "Here each image has a draw of its own.",
    ),
    as_a_column=(
        "generator.device) -> generator.device)[:, None]",
        "A column, (batch_size, 1). Which shape of `t` does `extract` expect?",
    ),
    loses_a_batch_of_one=(
        "generator.device) -> generator.device).squeeze()",
        "For a batch of one image the axis of the batch is lost. What does `squeeze` do to a size of 1?",
    ),
    changed_places=(
        "(timesteps, (batch_size,) -> (batch_size, (timesteps,)",
        "`batch_size` and `timesteps` have changed places. Which is the size, and which is the end?",
    ),
    scaled_fractions=(
        "randint(timesteps, (batch_size,), -> rand(batch_size,",
        "generator.device) -> generator.device).mul(timesteps).long()",
        "Uniform as well, but other numbers than `torch.randint` draws, and the course compares those. "
        "Can you do without fractions?",
    ),
    rounded_fractions=(
        "randint(timesteps, (batch_size,), -> rand(batch_size,",
        "generator.device) -> generator.device).mul(timesteps - 1).round().long()",
        "Rounding to the nearest gives both ends half as often as the steps between. What draws whole numbers at once?",
    ),
    fractions=(
        "randint(timesteps, (batch_size,), -> rand(batch_size,",
        "generator.device) -> generator.device) * timesteps",
        "Fractions, between which the schedule has no entries. What draws whole numbers, without a detour?",
    ),
    fractions_of_one=(
        "randint(timesteps, (batch_size,), -> rand(batch_size,",
        "Times between 0 and 1, as flow models use them. This schedule is a table: which numbers are its places?",
    ),
)


@sample_timesteps.mistake(
    "The numbers begin anew at every call, from the generator's first seed. Who passes it in has used it before: "
    "draw on from where it is."
)
def from_the_first_seed(batch_size, timesteps, generator):
    generator = torch.Generator(generator.device).manual_seed(generator.initial_seed())
    return training.sample_timesteps(batch_size, timesteps, generator)


@sample_timesteps.mistake(
    "The first call is right, and a second one gives the same time steps again: "
    "afterwards the generator is where it was."
)
def generator_stays_where_it_was(batch_size, timesteps, generator):
    state = generator.get_state()
    t = training.sample_timesteps(batch_size, timesteps, generator)
    generator.set_state(state)
    return t


@sample_timesteps.mistake(
    "The numbers are the same whichever generator comes in, and in every call: a seed of the function's own stands in "
    "its way."
)
def own_seed(batch_size, timesteps, generator):
    return training.sample_timesteps(batch_size, timesteps, generator.manual_seed(0))


@sample_timesteps.alternative("An empty tensor is filled in place by `random_`.")
def filled_in_place(batch_size, timesteps, generator):
    return torch.empty(batch_size, dtype=torch.long, device=generator.device).random_(timesteps, generator=generator)


@sample_timesteps.alternative("`randint` with its lower end, its size as a list and its type spelt out.")
def with_both_ends(batch_size, timesteps, generator):
    size = [batch_size]
    return torch.randint(0, timesteps, size=size, dtype=torch.int64, generator=generator, device=generator.device)
