"""Quiz `repaint_schedule` of chapter 14."""

from itertools import accumulate

from course_lib import editing
from course_lib.checker.quiz import Quiz

repaint_schedule = Quiz(
    editing.repaint_schedule,
    # steps is a multiple of jump_length, or is not; in the third a jump just reaches the top; four have no jumps.
    cases=lambda g: [
        (12, 3, 3),
        (13, 4, 4),
        (11, 5, 2),
        (12,),
        (20, 5, 4),
        (9, 2, 1),
        (7, 1, 3),
        (3, 5, 2),
        (4, 4, 3),
        (1, 1, 2),
    ],
    points=4,
    minutes=15,
    difficulty=4,
    importance=3,
    hints=(
        "Keep a level and a list. Go down one level at a time: where do you have to go up again, and how often?",
        "Before you start, write down how many returns each of the levels 0, jump_length, 2 jump_length, ... below "
        "steps - jump_length has: jump_n_sample - 1. Each jump uses up one.",
        "At a level with returns left: take one away, append the jump_length levels above it, and go on down from the "
        "highest of them. Elsewhere go one down, until -1 is appended.",
    ),
)

RETURNS = "dict.fromkeys(range(0, steps - jump_length, jump_length), jump_n_sample - 1)"
PLACES = "range(0, steps - jump_length, jump_length)"
UP = "levels += range(level + 1, level + jump_length + 1)"
TOP = "level += jump_length"

# How often it returns
repaint_schedule.edits(
    no_jumps=(
        f"{RETURNS} -> {{}}",
        "The levels go straight down, whatever jump_n_sample is. Where does RePaint go up again?",
    ),
    one_return_too_many=(
        "jump_n_sample - 1 -> jump_n_sample",
        "There are jump_n_sample returns from each of these levels. jump_n_sample counts how often the part is gone "
        "down, and the first time needs no jump.",
    ),
    one_return_too_few=(
        "jump_n_sample - 1 -> jump_n_sample - 2",
        "There is one return too few from each of these levels. With jump_n_sample = 2 each part is gone down twice: "
        "how many jumps does that take?",
    ),
    one_return=(
        "jump_n_sample - 1 -> int(jump_n_sample > 1)",
        "It returns once from each of these levels, which is right for jump_n_sample = 2. How often for larger values?",
    ),
    always_one_return=(
        "jump_n_sample - 1 -> 1",
        "It returns once from each of these levels, whatever jump_n_sample is. With 1 it should go straight down.",
    ),
    never_without_a_return=(
        "jump_n_sample - 1 -> max(jump_n_sample - 1, 1)",
        "Right for jump_n_sample = 2 and more. With 1 each part is gone down once: how many jumps are there then?",
    ),
    returns_double=(
        "jump_n_sample - 1 -> 2 * (jump_n_sample - 1)",
        "There are twice as many returns as there should be. A return is one way up and one way down.",
    ),
    arguments_swapped=(
        f"{RETURNS} -> {{level: jump_length - 1 for level in range(0, steps - jump_n_sample, jump_n_sample)}}",
        f"{UP} -> levels += range(level + 1, level + jump_n_sample + 1)",
        f"{TOP} -> level += jump_n_sample",
        "The numbers have changed places: jump_length says how far a jump goes up, jump_n_sample how many times a part "
        "is gone down.",
    ),
)

# From where it returns
repaint_schedule.edits(
    from_every_level=(
        f"{PLACES} -> range(steps - jump_length)",
        "It jumps from every level. The levels with a jump are jump_length apart, so that the parts lie side by side.",
    ),
    counted_from_the_top=(
        f"{PLACES} -> range(steps - 1 - jump_length, -1, -jump_length)",
        "The levels with a jump are counted down from steps - 1. RePaint counts them from level 0 up.",
    ),
    counted_from_above_the_top=(
        f"{PLACES} -> range(steps - jump_length, 0, -jump_length)",
        "The levels with a jump are counted down from `steps`, and the first jump leads above steps - 1. "
        "RePaint counts them from level 0 up.",
    ),
    without_level_0=(
        f"{PLACES} -> range(jump_length, steps - jump_length, jump_length)",
        "Level 0 has no jump, so the part that ends there is gone down once. Which multiple of jump_length is 0?",
    ),
    only_the_first_place=(
        f"{PLACES} -> {PLACES}[-1:]",
        "Only the highest of these levels has jumps: are all returns used up there? Each level has its own number.",
    ),
    only_level_0=(
        f"{PLACES} -> {PLACES}[:1]",
        "Only level 0 has jumps. Which other levels have some, on the way down to it?",
    ),
    only_the_ends=(
        f"{PLACES} -> [*{PLACES}[:1], *{PLACES}[1:][-1:]]",
        "Only the lowest and the highest of these levels have jumps. What about those between?",
    ),
    last_place_too_high=(
        f"{PLACES} -> range(0, steps - jump_length + 1, jump_length)",
        "Where steps is a multiple of jump_length, one jump arrives at level `steps`. The highest level is steps - 1: "
        "below which level does a jump have room?",
    ),
    last_place_left_out=(
        f"{PLACES} -> range(0, steps - jump_length - 1, jump_length)",
        "A jump that arrives exactly at steps - 1 is left out. It still has room.",
    ),
    no_room_above=(
        f"{PLACES} -> range(0, steps, jump_length)",
        "All multiples of jump_length have a jump, so some jumps lead above steps - 1. "
        "Which levels are far enough below it?",
    ),
    cut_off_at_the_top=(
        f"{PLACES} -> range(0, steps, jump_length)",
        f"{UP} -> levels += range(level + 1, min(level + jump_length, steps - 1) + 1)",
        f"{TOP} -> level = min(level + jump_length, steps - 1)",
        "Jumps that would lead above steps - 1 are cut off there. RePaint leaves them out: which levels have room for "
        "a whole jump?",
    ),
    cut_off_jump_below_the_top=(
        f"{PLACES} -> range(0, steps - jump_length + 1, jump_length)",
        f"{UP} -> levels += range(level + 1, min(level + jump_length, steps - 1) + 1)",
        f"{TOP} -> level = min(level + jump_length, steps - 1)",
        "Where steps is a multiple of jump_length, level steps - jump_length has a jump that is one level shorter. "
        "RePaint leaves that jump out.",
    ),
    counted_from_one=(
        f"{PLACES} -> range(jump_length - 1, steps - jump_length, jump_length)",
        "The levels with a jump are one below the multiples of jump_length. Here levels count from 0, "
        "and level 0 has a jump.",
    ),
    one_level_too_early=(
        f"{PLACES} -> range(1, steps - jump_length, jump_length)",
        "Each jump begins one level too early, above a multiple of jump_length. Do you jump before you have arrived?",
    ),
    places_too_far_apart=(
        f"{PLACES} -> range(0, steps - jump_length, jump_length + 1)",
        "The levels with a jump are jump_length + 1 apart. How far does one jump reach?",
    ),
    every_second_place=(
        f"{PLACES} -> range(0, steps - jump_length, 2 * jump_length)",
        "Only every second of these levels has a jump, so parts of the way are gone down once. "
        "How far apart are the multiples of jump_length?",
    ),
    from_clean_data=(
        f"{PLACES} -> range(-1, steps - jump_length, jump_length)",
        "while level >= 0 -> while level >= 0 or returns.get(level, 0) > 0",
        "The levels with a jump are counted from -1, clean data. Count them from 0: at -1 the picture is finished.",
    ),
)

# How it goes up and comes back
repaint_schedule.edits(
    no_way_back=(
        f"{TOP} -> pass",
        "It goes up, and then on down from where it left: the way back is missing. "
        "Down from which level does it go after a jump?",
    ),
    up_again_and_again=(
        "if returns.get(level, 0) > 0 -> while returns.get(level, 0) > 0",
        f"{TOP} -> pass",
        "It goes up several times in a row and never comes back down in between. "
        "What has to happen before it can go up again?",
    ),
    one_leap=(
        f"{UP} -> levels += [level + jump_length]",
        "A jump is one leap: the levels between are missing on the way up. Each level is a neighbour of the one "
        "before, also upwards.",
    ),
    leaps_there_and_back=(
        "returns[level] -= 1 -> times, returns[level] = returns[level], 0",
        f"{UP} -> levels += [level + jump_length, level] * times",
        f"{TOP} -> pass",
        "A jump leaps up and leaps back down, and the levels between are missing both ways. The way back down is what "
        "the jump is for.",
    ),
    one_level_too_high=(
        f"{UP} -> levels += range(level + 1, level + jump_length + 2)",
        f"{TOP} -> level += jump_length + 1",
        "Each jump goes up by jump_length + 1. Where does the range of the levels on the way up end?",
    ),
    one_level_too_low=(
        f"{UP} -> levels += range(level + 1, level + jump_length)",
        f"{TOP} -> level += jump_length - 1",
        "Each jump goes up by jump_length - 1. A range ends before its second number.",
    ),
    top_twice=(
        f"{UP} -> levels += [*range(level + 1, level + jump_length + 1), level + jump_length]",
        "The level at the top of each jump is there twice. Each level is a neighbour of the one before: "
        "what comes after the top?",
    ),
    bottom_twice=(
        f"{UP} -> levels += range(level, level + jump_length + 1)",
        "The level where each jump begins is there twice: when it arrives and when it leaves. Once is enough.",
    ),
    both_ends_twice=(
        f"{UP} -> levels += [*range(level, level + jump_length + 1), level + jump_length]",
        "The levels at both ends of each jump are there twice. Each level is a neighbour of the one before.",
    ),
    stops_below_the_top=(
        f"{UP} -> levels += range(level + 1, level + jump_length)",
        "The highest level of each jump is missing: level + jump_length - 1 is there twice. "
        "A range ends before its second number.",
    ),
    top_skipped_on_the_way_down=(
        f"{TOP} -> level += jump_length - 1",
        "After each jump one level is left out on the way down: from the top it goes two levels down at once.",
    ),
    up_by_one=(
        f"{UP} -> levels.append(level + 1)",
        f"{TOP} -> level += 1",
        "Each jump goes up by one level only. jump_length says how far.",
    ),
    up_in_reverse=(
        f"{UP} -> levels += range(level + jump_length, level, -1)",
        "The levels of the way up come in falling order, so the jump begins with a leap to its top.",
    ),
    up_without_writing=(
        f"{UP} -> pass",
        "The way up is missing in the list: after a jump the next level is far above the one before. "
        "The sampler needs each level between, to add noise.",
    ),
    back_to_the_start=(
        f"{UP} -> levels += range(level + 1, steps)",
        f"{TOP} -> level = steps - 1",
        "Each jump goes all the way up to steps - 1. jump_length says how far it goes.",
    ),
    all_returns_in_one_jump=(
        "returns[level] -= 1 -> jump, returns[level] = jump_length * returns[level], 0",
        f"{UP} -> levels += range(level + 1, level + jump + 1)",
        f"{TOP} -> level += jump",
        "From each level there is one long jump in place of several short ones. Each goes up by jump_length.",
    ),
)

# Where it begins and ends
repaint_schedule.edits(
    without_clean_data=(
        "return levels -> return levels[:-1]",
        "The last level is 0; -1, clean data, is missing. Where does the last step lead to?",
    ),
    ends_at_first_sight_of_0=(
        "while level >= 0 -> while level > 0",
        "It ends as soon as level 0 is reached: its jump is missing, and so is -1, clean data.",
    ),
    goes_on_below_clean_data=(
        "while level >= 0 -> while level >= -1",
        "There is one level too many at the end, -2. Which level is clean data?",
    ),
    begins_at_steps=(
        "level, levels = steps - 1, [steps - 1] -> level, levels = steps, [steps]",
        "It begins at `steps`. There are `steps` levels with noise, and the lowest is 0: which is the highest?",
    ),
    begins_one_too_low=(
        "level, levels = steps - 1, [steps - 1] -> level, levels = steps - 1, []",
        "The first level, steps - 1, is missing. The list begins where the sampler does: with pure noise.",
    ),
    all_one_too_high=(
        "return levels -> return [level + 1 for level in levels]",
        "Every level is one too large. The list goes from steps - 1 down to -1, clean data.",
    ),
    rising=(
        "return levels -> return levels[::-1]",
        "The levels come in reverse: from clean data to noise. Where does a sampler begin?",
    ),
    noise_levels_for_0_to_steps=(
        "return levels -> return [steps - 1 - level for level in levels]",
        "The levels count how far it has come, so they rise from 0. Here the highest level, steps - 1, is pure noise.",
    ),
)


@repaint_schedule.mistake(
    "Every level is repeated on its own. RePaint goes up by jump_length levels, so that several steps in a row are "
    "taken again."
)
def each_level_repeated(steps, jump_length=10, jump_n_sample=10):
    return [level for level in range(steps - 1, -1, -1) for _ in range(jump_n_sample)] + [-1]


@repaint_schedule.mistake(
    "Every level is left and entered again on its own, by a jump of one level. jump_length says how far a jump goes "
    "up, and how far apart the jumps are."
)
def each_level_up_and_down(steps, jump_length=10, jump_n_sample=10):
    pairs = [(level, jump_n_sample if level < steps - 1 else 1) for level in range(steps - 1, -1, -1)]
    return [visited for level, times in pairs for visited in ([level, level + 1] * times)[: 2 * times - 1]] + [-1]


@repaint_schedule.mistake(
    "The whole way, from noise to clean data, is gone down jump_n_sample times. RePaint repeats short parts of it: "
    "jump_length levels each."
)
def whole_way_repeated(steps, jump_length=10, jump_n_sample=10):
    return list(range(steps - 1, -2, -1)) * jump_n_sample


@repaint_schedule.mistake(
    "Each part is gone down jump_n_sample times, but the way up is missing: after a part the list leaps to its top. "
    "The sampler needs each level between, to add noise."
)
def parts_repeated_without_going_up(steps, jump_length=10, jump_n_sample=10):
    tops = [steps - 1, *reversed(range(jump_length, steps - jump_length, jump_length))]
    levels = []
    for top, end in zip(tops, [*tops[1:], -1], strict=True):
        levels += list(range(top, end, -1)) * jump_n_sample
    return [*levels, -1]


@repaint_schedule.alternative("RePaint's own code: jumps are kept by level, and t goes down at the start of each turn.")
def code_of_the_paper(steps, jump_length=10, jump_n_sample=10):
    jumps = {}
    for j in range(0, steps - jump_length, jump_length):
        jumps[j] = jump_n_sample - 1
    t, ts = steps, []
    while t >= 1:
        t = t - 1
        ts.append(t)
        if jumps.get(t, 0) > 0:
            jumps[t] = jumps[t] - 1
            for _ in range(jump_length):
                t = t + 1
                ts.append(t)
    ts.append(-1)
    return ts


@repaint_schedule.alternative("Level by level, without a count: where there are jumps, all of them come one by one.")
def up_and_down_in_place(steps, jump_length=10, jump_n_sample=10):
    levels = []
    for level in reversed(range(-1, steps)):
        levels.append(level)
        if level >= 0 and level % jump_length == 0 and level + jump_length < steps:
            up = list(range(level + 1, level + jump_length + 1))
            levels.extend((up + up[-2::-1] + [level]) * (jump_n_sample - 1))
    return levels


@repaint_schedule.alternative("A generator that hands out level after level.")
def handed_out(steps, jump_length=10, jump_n_sample=10):
    def down_to(bottom):
        if bottom + jump_length < steps:
            for _ in range(jump_n_sample - 1):
                yield from range(bottom + 1, bottom + jump_length)
                yield from range(bottom + jump_length, bottom - 1, -1)

    for level in range(steps - 1, -1, -1):
        yield level
        if level % jump_length == 0:
            yield from down_to(level)
    yield -1


@repaint_schedule.alternative("The moves, +1 and -1, are written down first and then added up.")
def moves_added_up(steps, jump_length=10, jump_n_sample=10):
    there_and_back = [1] * jump_length + [-1] * jump_length
    moves = []
    for level in range(steps - 1, -1, -1):
        if not level % jump_length and level < steps - jump_length:
            moves += there_and_back * (jump_n_sample - 1)
        moves.append(-1)
    return tuple(accumulate(moves, initial=steps - 1))


@repaint_schedule.alternative("The list itself says how often a level was visited.")
def visits_counted(steps, jump_length=10, jump_n_sample=10):
    levels = [steps - 1]
    while levels[-1] >= 0:
        level = levels[-1]
        fits = level % jump_length == 0 and level + jump_length < steps
        if fits and levels.count(level) < jump_n_sample:
            for _ in range(jump_length):
                levels.append(levels[-1] + 1)
        levels.append(levels[-1] - 1)
    return levels
