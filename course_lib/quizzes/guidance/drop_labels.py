"""Quiz `drop_labels` of chapter 13."""

import torch

from course_lib import guidance
from course_lib.checker.quiz import Quiz


def labels_of_batches(g: torch.Generator) -> list[tuple]:
    """(labels, dropout, null_class, generator): in most batches some labels are not known.

    Every larger batch has several rows of class 0, and none has the last two classes: the null class is not the number
    behind the largest label. In the last three nothing is dropped by chance, nothing at all, and everything.
    """
    cases = []
    for count, dropout, null_class, unknown in [
        (64, 0.5, 10, 9),
        (200, 0.1, 10, 0),
        (100, 0.25, 5, 12),
        (40, 0.8, 7, 5),
        (1, 0.3, 10, 0),
        (30, 0.0, 5, 4),
        (12, 0.0, 6, 0),
        (30, 1.0, 12, 3),
    ]:
        labels = torch.randint(null_class - 2, (count,), generator=g)
        labels[-count // 4 :: 2] = 0
        labels[torch.randperm(count, generator=g)[:unknown]] = -1
        seed = int(torch.randint(1000, (), generator=g))
        cases.append((labels, dropout, null_class, torch.Generator().manual_seed(seed)))
    return cases


drop_labels = Quiz(
    guidance.drop_labels,
    cases=labels_of_batches,
    points=2,
    minutes=8,
    difficulty=2,
    importance=4,
    hints=(
        "Every row decides by itself whether its label goes. One random number for each row is enough.",
        "A number drawn evenly from 0 to 1 is below `dropout` with probability `dropout`. "
        "Draw from the generator that is given, and think of the rows whose label is -1, too.",
        "dropped = torch.rand(len(labels), generator=generator, device=labels.device) < dropout, "
        "then null_class where `dropped | (labels < 0)` and the old label elsewhere",
    ),
)

DRAW = "torch.rand(len(labels), generator=generator, device=labels.device)"
RESULT = "labels.masked_fill(dropped | (labels < 0), null_class)"

# Which rows lose their labels
drop_labels.edits(
    keeps_with_dropout=(
        "device=labels.device) < dropout -> device=labels.device) >= dropout",
        "The labels are kept with probability `dropout`, and dropped otherwise. "
        "With a dropout of 0.1, nine labels in ten should stay.",
    ),
    dropped_below_the_rest=(
        "device=labels.device) < dropout -> device=labels.device) < 1 - dropout",
        "The labels are dropped with probability 1 - dropout. With a dropout of 0.1, nine labels in ten should stay.",
    ),
    one_draw_for_the_batch=(
        "torch.rand(len(labels), -> torch.rand(1,",
        "One random number decides for the whole batch: all labels stay or all are dropped. "
        "Each row needs a draw of its own.",
    ),
    one_draw_for_each_class=(
        f"{DRAW} < dropout -> torch.rand(null_class + 1, generator=generator, device=labels.device)[labels] < dropout",
        "All rows of a class share one random number, so a class is dropped as a whole. "
        "Each row needs a draw of its own.",
    ),
    nothing_dropped=(
        "dropped | (labels < 0) -> labels < 0",
        "Only labels that are not known become the null class. The known ones are never dropped.",
    ),
    all_dropped=(
        "dropped | (labels < 0) -> torch.ones_like(dropped)",
        "Every label becomes the null class. What can the network still learn about the classes?",
    ),
    all_or_none_by_any=(
        "dropped | (labels < 0) -> (dropped | (labels < 0)).any()",
        "As soon as one row is to be dropped, all of them are. Each row decides for itself.",
    ),
    drawn_from_a_bell=(
        "torch.rand(len(labels), -> torch.randn(len(labels),",
        "The numbers come from a Gaussian, half of which lies below 0: about half of the labels go even when "
        "`dropout` is 0. Which distribution has a share of `dropout` below `dropout`?",
    ),
    first_rows=(
        f"{DRAW} -> torch.arange(len(labels), device=labels.device) / len(labels)",
        "It is always the first rows whose labels are dropped. Chance decides for each row.",
    ),
    exact_share=(
        f"{DRAW} -> torch.randperm(len(labels), generator=generator, device=labels.device) / len(labels)",
        "In each batch the same number of labels is dropped. Here the rows decide independently of each other, "
        "so their number varies.",
    ),
    two_chances=(
        f"{DRAW} < dropout -> ({DRAW} < dropout) | ({DRAW} < dropout)",
        "Two draws decide about each label, so more of them are dropped than `dropout` says. "
        "One draw for each row is enough.",
    ),
    half_the_chance=(
        "device=labels.device) < dropout -> device=labels.device) < dropout / 2",
        "Only half as many labels are dropped as `dropout` says.",
    ),
    always_a_tenth=(
        "device=labels.device) < dropout -> device=labels.device) < 0.1",
        "The labels are dropped with probability 0.1, whatever `dropout` is.",
    ),
    always_half=(
        "device=labels.device) < dropout -> device=labels.device) < 0.5",
        "The labels are dropped with probability 0.5, whatever `dropout` is.",
    ),
    numbers_sorted=(
        f"{DRAW} < dropout -> {DRAW}.sort().values < dropout",
        "The random numbers are in order, so it is the first rows whose labels are dropped. "
        "What does sorting do to independent draws?",
    ),
)

# Where the random numbers come from
drop_labels.edits(
    global_random_numbers=(
        "generator=generator, -> ",
        "The random numbers are torch's global ones. The result has to follow from `generator`.",
    ),
    drawn_for_the_known_only=(
        f"{DRAW} < dropout -> torch.zeros_like(labels).double().masked_scatter("
        "labels >= 0, torch.rand(int((labels >= 0).sum()), generator=generator).double()) < dropout",
        "Numbers are drawn for the known labels only. The description draws one for each row, known or not.",
    ),
    same_numbers_in_every_call=(
        "generator=generator, -> generator=torch.Generator(labels.device).set_state(generator.get_state()),",
        "The next call would draw the same numbers again, because `generator` itself is not moved on. "
        "Draw from it, not from a copy.",
    ),
    seeded_inside=(
        "generator=generator, -> generator=torch.Generator(labels.device).manual_seed(0),",
        "A generator is made and seeded with 0 inside, so every call drops the same rows. "
        "Draw from the one that is given.",
    ),
)

# What becomes of unknown labels, and what is put in
drop_labels.edits(
    unknown_left=(
        "dropped | (labels < 0) -> dropped",
        "Labels of -1 are left as they are where chance does not drop them. -1 says that the label is not known: "
        "which class stands for that?",
    ),
    unknown_never_replaced=(
        "dropped | (labels < 0) -> dropped & (labels >= 0)",
        "Labels of -1 always stay -1. They say that the label is not known: which class stands for that?",
    ),
    unknown_only_by_chance=(
        "dropped | (labels < 0) -> dropped & (labels < 0)",
        "Only rows that are both not known and chosen by chance become the null class. Either reason is enough.",
    ),
    one_reason_only=(
        "dropped | (labels < 0) -> dropped ^ (labels < 0)",
        "A row that is not known and chosen by chance as well keeps its -1. What if both are true?",
    ),
    class_0_unknown=(
        "(labels < 0) -> (labels <= 0)",
        "Class 0 is always dropped. It is a class like the others; -1 says that a label is not known.",
    ),
    unknown_are_class_0=(
        f"{RESULT} -> labels.clamp(min=0).masked_fill(dropped, null_class)",
        "Rows without a known label become class 0. That is a class of its own: which label means any class?",
    ),
    null_0=(
        f"{RESULT} -> labels.masked_fill(dropped | (labels < 0), 0)",
        "Dropped labels become 0, and that is a class of its own. Which label means any class?",
    ),
    dropped_are_0=(
        f"{RESULT} -> (labels * ~dropped).masked_fill(labels < 0, null_class)",
        "Labels dropped by chance become 0, and that is a class of its own. Which label means any class?",
    ),
    multiplied_by_the_mask=(
        f"{RESULT} -> labels * ~dropped",
        "Labels dropped by chance become 0, which is a class of its own, and unknown ones may stay -1. "
        "Which label means any class?",
    ),
    dropped_are_unknown=(
        f"{RESULT} -> labels.masked_fill(dropped | (labels < 0), -1)",
        "Dropped labels become -1. The network needs the number of its null class: an embedding has no row -1.",
    ),
    null_one_less=(
        f"{RESULT} -> labels.masked_fill(dropped | (labels < 0), null_class - 1)",
        "Dropped labels become null_class - 1: the null class stands behind the classes, which count from 0.",
    ),
    null_one_more=(
        f"{RESULT} -> labels.masked_fill(dropped | (labels < 0), null_class + 1)",
        "Dropped labels become null_class + 1. `null_class` itself is the label that means any class.",
    ),
    null_for_the_largest=(
        f"{RESULT} -> labels.masked_fill(dropped | (labels < 0), labels.max() + 1)",
        "Dropped labels become one more than the largest label of the batch. That depends on which rows came; "
        "`null_class` says which label it is.",
    ),
    another_class=(
        f"{RESULT} -> labels.masked_fill(labels < 0, null_class)"
        ".where(~dropped, torch.randint_like(labels, null_class, generator=generator))",
        "Rows dropped by chance get a class drawn at random, so the network is told something false. "
        "Tell it that the class may be any.",
    ),
    kept_ones_are_null=(
        f"{RESULT} -> labels.masked_fill(~(dropped | (labels < 0)), null_class)",
        "The kept labels became the null class, and the dropped ones stayed. Where the mask is true, "
        "`masked_fill` writes, and the first choice of `torch.where` is taken.",
    ),
    null_added=(
        f"{RESULT} -> labels + null_class * (dropped | (labels < 0))",
        "`null_class` is added to the labels that are dropped. It stands in their place.",
    ),
    rows_removed=(
        f"{RESULT} -> labels[~(dropped | (labels < 0))]",
        "The rows that are dropped are missing. Every image needs a label, so as many come out as went in.",
    ),
    only_the_mask=(
        f"{RESULT} -> dropped | (labels < 0)",
        "What comes back says which labels to drop. Return the labels themselves.",
    ),
    labels_as_floats=(
        f"{RESULT} -> labels.float().masked_fill(dropped | (labels < 0), float(null_class))",
        "The labels are right, but they are floating-point numbers now. An embedding looks up whole numbers.",
    ),
)


@drop_labels.alternative("`torch.where` chooses between the null class and the label.")
def with_where(labels, dropout, null_class, generator):
    chance = torch.rand(labels.shape, generator=generator, device=labels.device)
    return torch.where((chance < dropout) | (labels == -1), null_class, labels)


@drop_labels.alternative("First the unknown labels of a copy, then those that chance drops, by their places.")
def a_copy_is_changed(labels, dropout, null_class, generator):
    labels = labels.clone()
    labels[labels < 0] = null_class
    labels[torch.rand(len(labels), generator=generator, device=labels.device) < dropout] = null_class
    return labels


@drop_labels.alternative("Counts with the mask: 1 where a label stays, 0 where it goes.")
def by_arithmetic(labels, dropout, null_class, generator):
    chance = torch.empty(len(labels), device=labels.device).uniform_(generator=generator)
    kept = ((chance >= dropout) & (labels >= 0)).long()
    return kept * labels + (1 - kept) * null_class


@drop_labels.alternative("Label by label, in a list.")
def label_by_label(labels, dropout, null_class, generator):
    chances = torch.rand(len(labels), generator=generator, device=labels.device)
    pairs = zip(labels.tolist(), chances.tolist(), strict=True)
    new = [null_class if label < 0 or chance < dropout else label for label, chance in pairs]
    return torch.tensor(new, device=labels.device)
