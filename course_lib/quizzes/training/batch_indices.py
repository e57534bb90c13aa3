"""Quiz `batch_indices` of chapter 09."""

import torch

from course_lib import training
from course_lib.checker.quiz import Quiz
from course_lib.training import epoch_order


def places(g: torch.Generator) -> list[tuple]:
    """Batches inside of an epoch, at its end, across it, and larger than the data set; a data set of one batch."""
    cases = []
    for step, batch_size, count in [(0, 4, 23), (3, 5, 23), (4, 5, 23), (9, 7, 23), (2, 9, 4), (3, 6, 6), (7, 6, 18)]:
        cases.append((step, batch_size, count, int(torch.randint(1000, (), generator=g))))
    return cases


batch_indices = Quiz(
    training.batch_indices,
    cases=places,
    points=3,
    minutes=12,
    difficulty=4,
    importance=3,
    hints=(
        "Number the places in the long list: batch `step` has the places from step * batch_size to (step + 1) * "
        "batch_size - 1. In which epoch is a place, and where in it?",
        "`divmod(place, count)` gives both: the epoch, and the place in it. A slice of `epoch_order` gives all that is "
        "left of an epoch; `torch.cat` joins two pieces.",
        "while start < end: epoch, first = divmod(start, count); take epoch_order(epoch, count, seed)[first : first + "
        "end - start]; move start on by as many as that was",
    ),
    atol=0.01,
)

SLICE = "epoch_order(epoch, count, seed)[first : first + end - start]"

batch_indices.edits(
    always_the_first_batch=(
        "start, end = step * batch_size, (step + 1) * batch_size -> start, end = 0, batch_size",
        "It is the first batch in every step. Where does `step` come in?",
    ),
    one_batch_ahead=(
        "start, end = step * batch_size, (step + 1) * batch_size -> "
        "start, end = (step + 1) * batch_size, (step + 2) * batch_size",
        "It is the batch of the next step. At which place does batch 0 begin?",
    ),
    always_the_first_epoch=(
        "epoch_order(epoch, -> epoch_order(0,",
        "All epochs have the same order. Which argument of `epoch_order` makes them differ?",
    ),
    epochs_count_from_one=(
        "epoch_order(epoch, -> epoch_order(epoch + 1,",
        "The orders belong to the epochs that come next. Which number has the first epoch?",
    ),
    epoch_is_the_step=(
        "epoch_order(epoch, -> epoch_order(step,",
        "Each step shuffles anew, so a picture may come twice before another comes once. How long does an order last?",
    ),
    seed_and_epoch_swapped=(
        "epoch_order(epoch, count, seed) -> epoch_order(seed, count, epoch)",
        "The orders are those of the epoch with the number `seed`, as if it had changed places with the epoch.",
    ),
    step_is_the_place=(
        "start, end = step * batch_size, (step + 1) * batch_size -> start, end = step, step + batch_size",
        "Batch `step` begins at place `step`, so it shares images with the one before. How many places lie before it?",
    ),
    seed_left_out=(
        "count, seed)[first -> count, 0)[first",
        "The order is the same for every seed. Where does `seed` come in?",
    ),
    begins_each_epoch_anew=(
        f"{SLICE} -> epoch_order(epoch, count, seed)[: end - start]",
        "It takes the beginning of an epoch's order, wherever the batch lies. Which part of the order is its turn?",
    ),
    sorted_pictures=(
        "return torch.cat(parts) -> return torch.cat(parts).sort().values",
        "The right pictures, but sorted. Who asked for that?",
    ),
    in_the_files_order=(
        f"{SLICE} -> torch.arange(count)[first : first + end - start]",
        "The pictures come in the order of the data set, the same in every epoch. Which function shuffles them?",
    ),
)


@batch_indices.mistake(
    "Batches at the end of an epoch are too short. The list goes on with the next epoch: where do the others come from?"
)
def short_at_the_end(step, batch_size, count, seed):
    epoch, first = divmod(step * batch_size, count)
    return epoch_order(epoch, count, seed)[first : first + batch_size]


@batch_indices.mistake(
    "At the end of an epoch it goes on with the beginning of the same order. Which order comes after the end?"
)
def around_the_same_epoch(step, batch_size, count, seed):
    epoch, first = divmod(step * batch_size, count)
    order = epoch_order(epoch, count, seed)
    return order.repeat(batch_size // count + 2)[first : first + batch_size]


@batch_indices.mistake(
    "A batch ends with the second epoch that it touches. How many does it touch if it is larger than the data set?"
)
def two_epochs_at_most(step, batch_size, count, seed):
    epoch, first = divmod(step * batch_size, count)
    both = torch.cat([epoch_order(epoch, count, seed), epoch_order(epoch + 1, count, seed)])
    return both[first : first + batch_size]


@batch_indices.mistake(
    "The orders are shuffles seeded with `seed + epoch`, not those of `epoch_order`. "
    "With such seeds, two runs share most of their epochs."
)
def orders_of_its_own(step, batch_size, count, seed):
    numbers = [divmod(place, count) for place in range(step * batch_size, (step + 1) * batch_size)]
    draws = {e: torch.randperm(count, generator=torch.Generator().manual_seed(seed + e)) for e, _ in numbers}
    return torch.stack([draws[epoch][place] for epoch, place in numbers])


@batch_indices.mistake(
    "Each batch is drawn with replacement, so one image may come twice before another comes once. "
    "Which function gives an order of all images?"
)
def drawn_with_replacement(step, batch_size, count, seed):
    return torch.randint(count, (batch_size,), generator=torch.Generator().manual_seed(seed + step))


@batch_indices.mistake(
    "What is left of an epoch is thrown away, and each epoch begins with a new batch. "
    "Does a batch have to end where an epoch does?"
)
def drops_the_rest(step, batch_size, count, seed):
    whole = max(count // batch_size, 1)
    epoch, number = divmod(step, whole)
    return epoch_order(epoch, count, seed)[number * batch_size : (number + 1) * batch_size]


@batch_indices.mistake("A list or tuple of numbers comes back. The docstring asks for a tensor, long (batch_size,).")
def a_list(step, batch_size, count, seed):
    return training.batch_indices(step, batch_size, count, seed).tolist()


@batch_indices.alternative("Place by place: each one knows its epoch.")
def place_by_place(step, batch_size, count, seed):
    numbers = [divmod(place, count) for place in range(step * batch_size, (step + 1) * batch_size)]
    return torch.stack([epoch_order(epoch, count, seed)[place] for epoch, place in numbers])


@batch_indices.alternative("All epochs that the batch touches, joined, and one slice.")
def one_slice(step, batch_size, count, seed):
    start = step * batch_size
    first, last = start // count, (start + batch_size - 1) // count
    orders = torch.cat([epoch_order(epoch, count, seed) for epoch in range(first, last + 1)])
    return orders[start - first * count :][:batch_size]


@batch_indices.alternative("The whole list from the beginning: slow in a long run, but short.")
def the_whole_list(step, batch_size, count, seed):
    epochs = (step + 1) * batch_size // count + 1
    return torch.cat([epoch_order(e, count, seed) for e in range(epochs)]).split(batch_size)[step]


@batch_indices.alternative("By recursion: what is left, then the rest from the next epoch.")
def by_recursion(step, batch_size, count, seed):
    def piece(start, length):
        epoch, first = divmod(start, count)
        found = epoch_order(epoch, count, seed)[first : first + length]
        missing = length - len(found)
        return torch.cat([found, piece(start + len(found), missing)]) if missing else found

    return piece(step * batch_size, batch_size)
