"""Quizzes of chapter 09: at which time steps a batch is trained, and two questions. Three more have their own files."""

import torch

from course_lib import training
from course_lib.quizzes.catalogue import Choice, Option, Quiz

ORDER = (  # as in the notebook
    *("sample_timesteps", "train_step", "warmup_decay", "ema_update"),
    *("ema_or_not", "where_does_resume_continue"),
)


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


@sample_timesteps.alternative
def filled_in_place(batch_size, timesteps, generator):
    return torch.empty(batch_size, dtype=torch.long, device=generator.device).random_(timesteps, generator=generator)


@sample_timesteps.alternative
def with_both_ends(batch_size, timesteps, generator):
    size = [batch_size]
    return torch.randint(0, timesteps, size=size, dtype=torch.int64, generator=generator, device=generator.device)


ema_or_not = Choice(
    "ema_or_not",
    "The learning rate of the run falls to almost 0. You measure the loss on unseen pictures, of the weights and of "
    "their average, all along. Where do you expect the average to be better?",
    options={
        "a": Option(
            "From the first step to the last: an average is calmer than what it averages.",
            "Calmer, yes. But what is in it after the first steps, and how restless are the weights themselves "
            "when the steps have become tiny?",
        ),
        "b": Option(
            "On the way: at first it lags behind, at the end both are the same.",
            "At first it still holds worse weights; later the weights jump around, and it lies in the middle. "
            "A falling rate calms them by itself: only at a constant one would the average stay ahead.",
        ),
        "c": Option(
            "At the end, and there most of all: by then it has seen all the weights.",
            "It forgets: only the last stretch counts. How far apart are the weights of that stretch, "
            "when the steps have become tiny?",
        ),
        "d": Option(
            "At the beginning, when the weights move most.",
            "They move most then, and all in one direction. Where is an average of the last steps, "
            "if every step is better than the one before?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    hints=(
        "An average helps where weights jump to and fro, and hurts where they go one way. When do they do what?",
        "And when do they do neither? Look at the curve of `warmup_decay` again.",
    ),
)

where_does_resume_continue = Choice(
    "where_does_resume_continue",
    "A run with AdamW, a learning rate that falls, and EMA is killed at step 640. The last checkpoint was written at "
    "step 500. What has to be in it, so that the resumed run ends with the same weights as one that was never killed?",
    options={
        "a": Option(
            "The weights of the model: the rest is there again after some steps.",
            "AdamW would begin with empty averages of its gradients, and the learning rate with its warm-up. "
            "Some steps later it is another run: what else has to go on?",
        ),
        "b": Option(
            "The weights, their average, and the state of the optimizer.",
            "All of it is needed. But how does the run know how high the learning rate is, and which batch comes next?",
        ),
        "c": Option(
            "All that, and the number of the step, if the draws of a step follow from seed and number.",
            "Then steps 501 to 640 are taken once more, with the same batches, the same t and the same noise. "
            "Nothing else has a memory.",
        ),
        "d": Option(
            "Whatever is in it, the draws of 501 to 640 are lost: it can only go on in a similar way.",
            "These steps have to be taken again, yes. But who says that their random numbers cannot be drawn again: "
            "what makes a generator repeat itself?",
        ),
    },
    answer="c",
    points=1,
    minutes=3,
    hints=(
        "Go through `train_step` line by line: which things does a step leave behind for the next one?",
        "And what depends on how many steps have been taken? The learning rate, the decay of the average, the batch.",
    ),
)
