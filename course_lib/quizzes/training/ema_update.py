"""Quiz `ema_update` of chapter 09."""

import copy

import torch
from torch import nn

from course_lib import training
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.inputs import ToyConvDenoiser


def two_networks(g: torch.Generator) -> list[tuple]:
    """Pairs of equal shape and unequal weights. Mostly the average is frozen, as in a run; once a part of the model is.

    Tables that do not learn are the same in both, so that it makes no difference who averages them, too.
    """
    cases = []
    for channels, width, decay, frozen in [(2, 5, 0.9, True), (1, 4, 0.25, True), (3, 7, 0.98, False), (1, 3, 0, True)]:
        ema = nn.Sequential(nn.Sequential(ToyConvDenoiser(channels, width, g)), nn.Linear(width, channels))
        model = nn.Sequential(nn.Sequential(ToyConvDenoiser(channels, width, g)), nn.Linear(width, channels))
        with torch.no_grad():
            for parameter in (*ema.parameters(), *model.parameters()):
                parameter.copy_(torch.randn(parameter.shape, generator=g))
        model[1].requires_grad_(frozen)
        cases.append((ema.requires_grad_(not frozen), model, decay))
    return cases


def trained_on(ema, model, decay):
    """For the second call: the model has moved meanwhile."""
    moved = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in moved.parameters():
            parameter.mul_(-0.5).add_(1)
    return ema, moved, decay


ema_update = Quiz(
    training.ema_update,
    cases=two_networks,
    points=2,
    minutes=8,
    difficulty=2,
    importance=4,
    hints=(
        "`ema.parameters()` and `model.parameters()` come in the same order: go through both at once.",
        "A tensor is changed in place by methods that end in `_`: `mul_`, `add_`, `copy_`, `lerp_`. "
        "Under `torch.no_grad()`, since nobody will ask the average for gradients.",
        "with torch.no_grad(), for every pair: average.mul_(decay).add_((1 - decay) * new)",
    ),
    changes=("ema",),
    learns=("model",),
    calls=2,
    then=trained_on,
)

ema_update.edits(
    shares_swapped=(
        "1 - decay -> decay",
        "The shares are swapped: of the old average hardly anything is left. Which of the two should stay?",
    ),
    a_copy=(
        "average.lerp_(new, 1 - decay) -> average.copy_(new)",
        "`ema` becomes a copy of the model: nothing is averaged. How much of the old average should stay?",
    ),
    a_new_name=(
        "average.lerp_(new, 1 - decay) -> average = average.lerp(new, 1 - decay)",
        "The tensors in `ema` are as before. A new tensor under an old name, as in `p = ...`, or in a copy of `ema` "
        "does not change them: what writes into the old tensor?",
    ),
    with_its_history=(
        "@torch.no_grad() ->",
        "average.lerp_(new, 1 - decay) -> average.mul_(decay).add_((1 - decay) * new)",
        "The values are right, but the average remembers how it was computed, back to the first step. "
        "Who would ask it for gradients?",
    ),
    moves_the_model=(
        "average.lerp_(new, 1 - decay) -> new.lerp_(average, 1 - decay)",
        "The model moves, and the average stays where it was. Which of the two is to follow the other?",
    ),
    freezes_the_model=(
        "average.lerp_(new, 1 - decay) -> average.lerp_(new.requires_grad_(False), 1 - decay)",
        "The model is frozen: after this call it learns nothing more. Which of the two needs no gradients?",
    ),
    only_the_first=(
        "1 - decay) -> 1 - decay); break",
        "Only the first parameter moves. Is there a `return` or a `break` inside of the loop?",
    ),
    weights_without_biases=(
        "average.lerp_(new, 1 - decay) -> average.lerp_(new, 1 - decay) if average.ndim > 1 else None",
        "Only the weights move. What else does a layer add to its output?",
    ),
    top_layers_only=(
        "ema.parameters(), model.parameters() -> ema[1].parameters(), model[1].parameters()",
        "Only layers at the top level move, and none inside of other parts. What goes all the way down?",
    ),
    frozen_ones_stay=(
        "average.lerp_(new, 1 - decay) -> average.lerp_(new, 1 - decay) if average.requires_grad else None",
        "Only those parameters move that want a gradient. The average is usually frozen: should it then stand still?",
    ),
    untrained_ones_stay=(
        "average.lerp_(new, 1 - decay) -> average.lerp_(new, 1 - decay) if new.requires_grad else None",
        "Parameters that are frozen in the model do not move in the average. Every parameter of `ema` follows.",
    ),
    only_shrinks=(
        "average.lerp_(new, 1 - decay) -> average.mul_(decay)",
        "The average shrinks, and nothing of the model comes in. What are the two terms of the sum?",
    ),
    only_grows=(
        "average.lerp_(new, 1 - decay) -> average.add_((1 - decay) * new)",
        "The model's share is added, but nothing of the old average goes. Do the two shares add up to 1?",
    ),
    whole_model_added=(
        "average.lerp_(new, 1 - decay) -> average.mul_(decay).add_(new)",
        "The whole model is added to the shrunken average, so the weights grow. Do the two shares add up to 1?",
    ),
    a_number_added=(
        "average.lerp_(new, 1 - decay) -> average.mul_(decay).add_(1 - decay)",
        "The same number, 1 - decay, is added everywhere. Of what is it the share?",
    ),
    the_middle=(
        "1 - decay -> 0.5",
        "It is the middle of the two, whatever `decay` is. How much of the old average should stay?",
    ),
    usual_decay=(
        "1 - decay -> 0.001",
        "The average moves by a thousandth, whatever `decay` is. Where does it come in?",
    ),
    moves_away=("1 - decay -> decay - 1", "It moves away from the model. Which one is subtracted from which?"),
)


@ema_update.mistake(
    "New parameters stand in the place of the old ones, and whoever holds the old ones sees no change. "
    "What writes into a tensor that is there?"
)
def others_in_their_place(ema, model, decay):
    new = model.state_dict()
    mixed = {name: decay * value + (1 - decay) * new[name] for name, value in ema.state_dict().items()}
    ema.load_state_dict(mixed, assign=True)


@ema_update.mistake("Only the last parameter moves. What stands inside of the loop, and what after it?")
@torch.no_grad()
def only_the_last(ema, model, decay):
    average, new = list(zip(ema.parameters(), model.parameters(), strict=True))[-1]
    average.lerp_(new, 1 - decay)


@ema_update.alternative("Through `.data`, which no graph sees.")
def through_data(ema, model, decay):
    for average, new in zip(ema.parameters(), model.parameters(), strict=True):
        average.data = decay * average.data + (1 - decay) * new.data


@ema_update.alternative("Through the state dict: new values are copied into the tensors that are there.")
def through_the_state(ema, model, decay):
    new = model.state_dict()
    ema.load_state_dict({name: decay * value + (1 - decay) * new[name] for name, value in ema.state_dict().items()})


@ema_update.alternative("By name, and as a step towards the model.")
def difference_and_return(ema, model, decay):
    others = dict(model.named_parameters())
    with torch.no_grad():
        for name, average in ema.named_parameters():
            average -= (1 - decay) * (average - others[name])
    return ema


@ema_update.alternative("All tensors in two calls, as optimizers do it.")
def all_at_once(ema, model, decay):
    with torch.no_grad():
        torch._foreach_mul_(list(ema.parameters()), decay)
        torch._foreach_add_(list(ema.parameters()), list(model.parameters()), alpha=1 - decay)
