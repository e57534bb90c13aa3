"""Quiz `ema_update` of chapter 09."""

import torch
from torch import nn

from course_lib import training
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.inputs import ToyConvDenoiser


def two_networks(g: torch.Generator) -> list[tuple]:
    """Pairs of equal shape and unequal weights. Mostly the average is frozen, as in a run; once it is not.

    Tables that do not learn are the same in both, so that it makes no difference who averages them, too.
    """
    cases = []
    for channels, width, decay, frozen in [(2, 5, 0.9, True), (1, 4, 0.25, True), (3, 7, 0.98, False), (1, 3, 0, True)]:
        ema = nn.Sequential(nn.Sequential(ToyConvDenoiser(channels, width, g)), nn.Linear(width, channels))
        model = nn.Sequential(nn.Sequential(ToyConvDenoiser(channels, width, g)), nn.Linear(width, channels))
        with torch.no_grad():
            for parameter in (*ema.parameters(), *model.parameters()):
                parameter.copy_(torch.randn(parameter.shape, generator=g))
        cases.append((ema.requires_grad_(not frozen), model, decay))
    return cases


ema_update = Quiz(
    training.ema_update,
    cases=two_networks,
    points=2,
    minutes=8,
    hints=(
        "`ema.parameters()` and `model.parameters()` come in the same order: go through both at once.",
        "A tensor is changed in place by methods that end in `_`: `mul_`, `add_`, `copy_`, `lerp_`. "
        "Under `torch.no_grad()`, since nobody will ask the average for gradients.",
        "with torch.no_grad(), for every pair: average.mul_(decay).add_((1 - decay) * new)",
    ),
    changes=("ema",),
    learns=("model",),
)


def pairs(ema, model):
    return list(zip(ema.parameters(), model.parameters(), strict=True))


@ema_update.mistake("The shares are swapped: of the old average hardly anything is left. Which of the two should stay?")
@torch.no_grad()
def shares_swapped(ema, model, decay):
    for average, new in pairs(ema, model):
        average.lerp_(new, decay)


@ema_update.mistake("`ema` becomes a copy of the model: nothing is averaged. How much of the old average should stay?")
@torch.no_grad()
def a_copy(ema, model, decay):
    for average, new in pairs(ema, model):
        average.copy_(new)


@ema_update.mistake(
    "The tensors in `ema` are as before. `p = ...` or `d[k] = ...` only gives a new tensor an old name: "
    "what writes into the old tensor?"
)
@torch.no_grad()
def a_new_name(ema, model, decay):
    for average, new in pairs(ema, model):
        average = decay * average + (1 - decay) * new


@ema_update.mistake(
    "You put new parameters in the place of the old ones, and whoever holds the old ones sees no change. "
    "What writes into a tensor that is there?"
)
def others_in_their_place(ema, model, decay):
    new = model.state_dict()
    mixed = {name: decay * value + (1 - decay) * new[name] for name, value in ema.state_dict().items()}
    ema.load_state_dict(mixed, assign=True)


@ema_update.mistake(
    "The values are right, but the average remembers how it was computed, back to the first step. "
    "Who would ask it for gradients?"
)
def with_its_history(ema, model, decay):
    for average, new in pairs(ema, model):
        average.mul_(decay).add_((1 - decay) * new)


@ema_update.mistake("You move the model, and the average stays where it was. Which of the two is to follow the other?")
@torch.no_grad()
def moves_the_model(ema, model, decay):
    for average, new in pairs(ema, model):
        new.mul_(decay).add_((1 - decay) * average)


@ema_update.mistake("The model is frozen: after this call it learns nothing more. Which of the two needs no gradients?")
@torch.no_grad()
def freezes_the_model(ema, model, decay):
    model.requires_grad_(False)
    for average, new in pairs(ema, model):
        average.lerp_(new, 1 - decay)


@ema_update.mistake("Only the first parameter moves. Is there a `return` or a `break` inside of the loop?")
@torch.no_grad()
def only_the_first(ema, model, decay):
    for average, new in pairs(ema, model):
        average.lerp_(new, 1 - decay)
        return


@ema_update.mistake("Only the last parameter moves. What stands inside of the loop, and what after it?")
@torch.no_grad()
def only_the_last(ema, model, decay):
    average, new = pairs(ema, model)[-1]
    average.lerp_(new, 1 - decay)


@ema_update.mistake("Only the weights move. What else does a layer add to its output?")
@torch.no_grad()
def weights_without_biases(ema, model, decay):
    for average, new in pairs(ema, model):
        if average.ndim > 1:
            average.lerp_(new, 1 - decay)


@ema_update.mistake(
    "Only those parameters move that want a gradient. The average is usually frozen: should it then stand still?"
)
@torch.no_grad()
def frozen_ones_stay(ema, model, decay):
    for average, new in pairs(ema, model):
        if average.requires_grad:
            average.lerp_(new, 1 - decay)


@ema_update.mistake("The average shrinks, and nothing of the model comes in. What are the two terms of the sum?")
@torch.no_grad()
def only_shrinks(ema, model, decay):
    for average in ema.parameters():
        average.mul_(decay)


@ema_update.mistake("The model's share is added, but nothing of the old average goes. Do the two shares add up to 1?")
@torch.no_grad()
def only_grows(ema, model, decay):
    for average, new in pairs(ema, model):
        average.add_((1 - decay) * new)


@ema_update.mistake(
    "The whole model is added to the shrunken average, so the weights grow. Do the two shares add up to 1?"
)
@torch.no_grad()
def whole_model_added(ema, model, decay):
    for average, new in pairs(ema, model):
        average.mul_(decay).add_(new)


@ema_update.mistake("It is the middle of the two, whatever `decay` is. How much of the old average should stay?")
@torch.no_grad()
def the_middle(ema, model, decay):
    for average, new in pairs(ema, model):
        average.lerp_(new, 0.5)


@ema_update.mistake("It moves away from the model. Which one is subtracted from which?")
@torch.no_grad()
def moves_away(ema, model, decay):
    for average, new in pairs(ema, model):
        average.sub_((1 - decay) * (new - average))


@ema_update.alternative("")
def through_data(ema, model, decay):
    for average, new in zip(ema.parameters(), model.parameters(), strict=True):
        average.data = decay * average.data + (1 - decay) * new.data


@ema_update.alternative("")
def through_the_state(ema, model, decay):
    new = model.state_dict()
    ema.load_state_dict({name: decay * value + (1 - decay) * new[name] for name, value in ema.state_dict().items()})


@ema_update.alternative("")
def difference_and_return(ema, model, decay):
    others = dict(model.named_parameters())
    with torch.no_grad():
        for name, average in ema.named_parameters():
            average -= (1 - decay) * (average - others[name])
    return ema


@ema_update.alternative("")
def all_at_once(ema, model, decay):
    with torch.no_grad():
        torch._foreach_mul_(list(ema.parameters()), decay)
        torch._foreach_add_(list(ema.parameters()), list(model.parameters()), alpha=1 - decay)
