"""Quiz `rescale_zero_terminal_snr` of chapter 03."""

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz

rescale_zero_terminal_snr = Quiz(
    schedules.rescale_zero_terminal_snr,
    cases=lambda g: [
        (schedules.linear_beta_schedule(200),),
        (schedules.sigmoid_beta_schedule(30, 0.01, 0.3),),
        (schedules.cosine_beta_schedule(12),),
        (0.05 + 0.3 * torch.rand(5, generator=g, dtype=torch.float64),),
        (torch.tensor([0.1, 0.2], dtype=torch.float64),),
    ],
    points=3,
    minutes=10,
    difficulty=4,
    importance=3,
    hints=(
        "Work on the root of alpha-bar, the amplitude of the signal: "
        "its last value has to become 0, its first must stay.",
        "First shift (subtract the last value), then stretch (so that the first is what it was). "
        "Square, and go back from alpha-bar to beta.",
        "root = (root - root[-1]) * root[0] / (root[0] - root[-1]); alphas = "
        "neighbours of root² divided, the first one as it is; 1 - alphas.",
    ),
    rtol=5e-5,  # tells a last beta of 0.9999 from 1
    atol=1e-6,
)

# Shift and stretch
rescale_zero_terminal_snr.edits(
    only_shifted=(
        "* root[0] / (root[0] - root[-1]) ->",
        "Shifted, not stretched: the end is 0 now, but the first value moved too. It has to be what it was.",
    ),
    first_beta_zero=(
        "* root[0] / -> /",
        "The first beta is 0: that step adds no noise at all. alpha-bar has to start where it did, a little below 1.",
    ),
    stretched_as_if_from_one=(
        "* root[0] / (root[0] - root[-1]) -> / (1 - root[-1])",
        "alpha-bar does not start where it did. The stretch has to bring the first root back to itself, "
        "and before any stretch it was a little below 1.",
    ),
    stretch_upside_down=(
        "* root[0] / (root[0] - root[-1]) -> * (root[0] - root[-1]) / root[0]",
        "alpha-bar starts too low: after the shift the first value became smaller still. "
        "By which factor does it come back to what it was?",
    ),
    multiplied_only=(
        "* root[0] / (root[0] - root[-1]) -> * root[0]",
        "alpha-bar starts lower than it did. A stretch needs a factor above 1: what is missing in yours?",
    ),
    first_root_changed_in_between=(
        "* root[0] / (root[0] - root[-1]) -> * (root[0] - root[-1]) / (root[0] - 2 * root[-1])",
        "alpha-bar starts too high. If you keep `root[0]` and then change `root` in place, what you kept changes, too.",
    ),
    alphas_cumprod_rescaled=(
        ".sqrt() ->",
        "root**2 -> root",
        "Here alpha-bar is shifted and stretched. The paper does it to its root, the amplitude of the signal.",
    ),
    betas_rescaled=(
        "return 1 - alphas -> return betas[0] + (betas - betas[0]) * (1 - betas[0]) / (betas[-1] - betas[0])",
        "Here the betas themselves are stretched until the last is 1. The paper stretches the root of alpha-bar.",
    ),
    no_product=(
        "alphas_cumprod_from_betas(betas) -> (1 - betas)",
        "return 1 - alphas -> return 1 - alphas_cumprod",
        "Here the roots of the single alphas are shifted and stretched. "
        "It should be the root of alpha-bar, their product.",
    ),
    ratios_of_single_steps=(
        "alphas_cumprod_from_betas(betas) -> (1 - betas)",
        "It begins with 1 - beta of single steps as if that were alpha-bar. What is left after all steps so far?",
    ),
    only_the_last_beta=(
        "return 1 - alphas -> return torch.cat([betas[:-1], betas.new_ones(1)])",
        "Only the last beta has changed. That does reach zero, but with a jump at the end: "
        "all steps should share the change.",
    ),
    faded_out=(
        "(root - root[-1]) * root[0] / (root[0] - root[-1]) -> root * torch.linspace(1, 0, len(root))",
        "The curve is multiplied by a line from 1 to 0. It does end at 0; "
        "the paper gets there by a shift and a stretch.",
    ),
)

# Back to betas
rescale_zero_terminal_snr.edits(
    root_not_squared=(
        "root**2 -> root",
        "The rescaled root is not squared: what is turned into betas is still an amplitude.",
    ),
    root_returned=(
        "return 1 - alphas -> return root",
        "This is the new root of alpha-bar. Two things are left to do: undo the root, then go back to single steps.",
    ),
    alphas_cumprod_not_undone=(
        "return 1 - alphas -> return alphas_cumprod",
        "This is the new alpha-bar. Asked are the betas: back from the product to the single steps.",
    ),
    product_not_undone=(
        "return 1 - alphas -> return 1 - alphas_cumprod",
        "1 - alpha-bar is the noise of all steps so far. For one step, divide alpha-bar by the one before.",
    ),
    alphas_not_betas=(
        "return 1 - alphas -> return alphas",
        "These are the alphas, what each step keeps: the last one is 0. The betas are what is missing to 1.",
    ),
    first_beta_lost=(
        "torch.cat([alphas_cumprod[:1], alphas_cumprod[1:] / alphas_cumprod[:-1]]) -> "
        "alphas_cumprod[1:] / alphas_cumprod[:-1]",
        "One beta is missing: T values have T - 1 ratios of neighbours. What stands before the first?",
    ),
    ratio_turned_over=(
        "alphas_cumprod[1:] / alphas_cumprod[:-1] -> alphas_cumprod[:-1] / alphas_cumprod[1:]",
        "The last beta is infinite: its ratio divides by the new alpha-bar at the end, which is 0. "
        "Which of two neighbours is the share that is left?",
    ),
    clipped=(
        "return 1 - alphas -> return (1 - alphas).clamp(max=0.999)",
        "The last beta is 0.999, the limit of the cosine. Here the end should be exactly 0, so what must it be?",
    ),
    clipped_nearer_to_one=(
        "return 1 - alphas -> return (1 - alphas).clamp(max=0.9999)",
        "The last beta is 0.9999: a trace of the signal is left. What is the whole of it?",
    ),
    lifted_from_zero=(
        "root**2 -> root**2 + 1e-4",
        "alpha-bar ends a little above 0, by 0.0001, and the last beta is not 1. "
        "The paper means exactly 0, and no division fails: by what is the last alpha-bar divided?",
    ),
)


@rescale_zero_terminal_snr.alternative("As in algorithm 1 of the paper: in place, so the two ends are cloned first.")
def as_in_algorithm_1(betas):
    alphas_bar_sqrt = (1 - betas).cumprod(0).sqrt()
    first, last = alphas_bar_sqrt[0].clone(), alphas_bar_sqrt[-1].clone()
    alphas_bar_sqrt -= last
    alphas_bar_sqrt *= first / (first - last)
    alphas_bar = alphas_bar_sqrt**2
    alphas = alphas_bar[1:] / alphas_bar[:-1]
    return 1 - torch.cat([alphas_bar[0:1], alphas])


@rescale_zero_terminal_snr.alternative(
    "The root is interpolated between its first value and 0; beta is a relative fall."
)
def by_interpolation(betas):
    root = (1 - betas).cumprod(0) ** 0.5
    share = (root[0] - root) / (root[0] - root[-1])
    new = torch.lerp(root[:1].expand_as(root), torch.zeros_like(root), share).square()
    before = torch.nn.functional.pad(new[:-1], (1, 0), value=1.0)
    return (before - new) / before
