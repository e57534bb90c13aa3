"""Quiz `reparameterize` of chapter 15."""

import torch
from torch.distributions import Normal

from course_lib import latent
from course_lib.checker.quiz import Quiz


def encoded_batches(g: torch.Generator) -> list[tuple]:
    """(mean, log_variance, noise): latents of images, vectors and single numbers; narrow and wide distributions.

    The first can learn, as what an encoder gives. Log-variances have both signs.
    """
    cases = []
    for shape, centre in [((5, 2, 3, 4), 0.0), ((6, 6), -1.5), ((7, 3), 1.0), ((9,), 0.0), ((1, 4, 2, 2), -0.5)]:
        mean, log_variance, noise = (torch.randn(shape, generator=g) for _ in range(3))
        cases.append((mean, log_variance + centre, noise))
    mean, log_variance, noise = cases[0]
    cases[0] = (mean.requires_grad_(), log_variance.requires_grad_(), noise)
    return cases


reparameterize = Quiz(
    latent.reparameterize,
    cases=encoded_batches,
    points=2,
    minutes=6,
    difficulty=2,
    importance=5,
    hints=(
        "Any normal distribution is a standard normal one, stretched and shifted. By what is it stretched?",
        "The noise is multiplied by the standard deviation, the root of the variance. "
        "How do you take a root of a number if you know its logarithm?",
        "mean + exp(log_variance / 2) * noise",
    ),
)

STD = "(log_variance / 2).exp()"
DRAW = f"mean + {STD} * noise"

# What the log-variance is taken for
reparameterize.edits(
    noise_times_variance=(
        f"{STD} -> log_variance.exp()",
        "The noise is multiplied by the variance. What has the same unit as the mean?",
    ),
    log_variance_as_deviation=(
        f"{STD} -> log_variance",
        "The log-variance is taken for the standard deviation. It is negative for a variance below 1, so it cannot be.",
    ),
    log_variance_as_variance=(
        f"{STD} -> log_variance.sqrt()",
        "The log-variance is taken for the variance, and the root of a negative number is nan. "
        "Which function undoes a logarithm?",
    ),
    log_variance_as_variance_of_any_sign=(
        f"{STD} -> log_variance.abs().sqrt()",
        "The root of the log-variance is taken, without its sign. A negative log-variance means a variance below 1.",
    ),
    exp_missing=(
        f"{STD} -> log_variance / 2",
        "The logarithm of the standard deviation multiplies the noise. What turns it into the standard deviation?",
    ),
    doubled=(
        f"{STD} -> (2 * log_variance).exp()",
        "Doubling a logarithm squares the number. The standard deviation is the root of the variance, not its square.",
    ),
    halved_after_exp=(
        f"{STD} -> log_variance.exp() / 2",
        "Half of the variance multiplies the noise. A root is half of the logarithm: what comes first?",
    ),
    halved_twice=(
        f"{STD} -> (log_variance / 4).exp()",
        "The root is taken twice: the noise is multiplied by the root of the standard deviation.",
    ),
    one_over_deviation=(
        f"{STD} -> (-log_variance / 2).exp()",
        "The noise is divided by the standard deviation. A large variance should spread the draws more, not less.",
    ),
    one_over_variance=(
        f"{STD} -> (-log_variance).exp()",
        "The noise is divided by the variance. A large variance should spread the draws more, not less.",
    ),
    powers_of_two=(
        f"{STD} -> torch.exp2(log_variance / 2)",
        "This takes powers of 2. The logarithm is the natural one: which base does it have?",
    ),
    softplus=(
        f"{STD} -> torch.nn.functional.softplus(log_variance)",
        "Softplus makes a number positive, and some networks use it. Here the number is the variance's logarithm.",
    ),
    root_of_softplus=(
        f"{STD} -> torch.nn.functional.softplus(log_variance).sqrt()",
        "Softplus is used to get a variance. Here the number is its logarithm: which function undoes that?",
    ),
    one_deviation_for_a_row=(
        f"{STD} -> (log_variance / 2).exp().reshape(len(mean), -1).mean(dim=1).reshape(-1, *[1] * (mean.ndim - 1))",
        "Each row has one standard deviation here, the mean of its numbers. Every number has a variance of its own.",
    ),
    one_deviation_for_all=(
        f"{STD} -> (log_variance / 2).exp().mean()",
        "All numbers share one standard deviation, the mean of the batch. Every number has a variance of its own.",
    ),
)

# How the three are put together
reparameterize.edits(
    mean_only=(
        f"+ {STD} * noise ->",
        "Only the mean comes back. A draw needs the noise as well.",
    ),
    mean_left_out=(
        "mean + ->",
        "The draw is centred at 0. Where does the mean come in?",
    ),
    plain_noise=(
        f"{STD} * noise -> noise",
        "The noise is added as it is, with a variance of 1. The encoder says how wide the distribution is.",
    ),
    deviation_without_noise=(
        "* noise ->",
        "Mean plus standard deviation: nothing is random here. Where does the noise come in?",
    ),
    deviation_added=(
        "* noise -> + noise",
        "The standard deviation is added to the noise. That shifts the noise; what stretches it?",
    ),
    noise_subtracted=(
        "mean + -> mean -",
        "The noise is subtracted. Minus the noise would be just as likely, but the formula adds what is given.",
    ),
    mean_stretched_too=(
        f"{DRAW} -> (mean + noise) * {STD}",
        "The mean is multiplied by the standard deviation, too. Stretch the noise first, then shift it.",
    ),
    mean_stretched_instead=(
        f"{DRAW} -> mean * {STD} + noise",
        "The standard deviation multiplies the mean and not the noise. Which of the two should it stretch?",
    ),
    mean_as_a_factor=(
        "mean + -> mean *",
        "The mean is a factor here. It should be added: it says where the draws are centred.",
    ),
    noise_of_the_first_row=(
        "* noise -> * noise[:1]",
        "All rows get the noise of the first. Each row has its own.",
    ),
    noise_without_sign=(
        "* noise -> * noise.abs()",
        "The noise comes in without its sign, so no draw is below its mean. Half of them should be.",
    ),
    squared_noise=(
        "* noise -> * noise.square()",
        "The noise is squared, so no draw is below its mean. Half of them should be.",
    ),
    clamped=(
        f"{DRAW} -> ({DRAW}).clamp(-1, 1)",
        "The result is clamped to [-1, 1]. That is the range of images; latents have no bounds.",
    ),
    noise_drawn_afresh=(
        "* noise -> * torch.randn_like(mean)",
        "You draw noise of your own. Use the noise that is given, then the same call gives the same latents again.",
    ),
    detached=(
        f"{DRAW} -> ({DRAW}).detach()",
        "The values are right, but no gradient flows back through the draw. The encoder could not learn from it.",
    ),
)


@reparameterize.alternative("First the variance, then its root.")
def root_of_the_variance(mean, log_variance, noise):
    variance = log_variance.exp()
    return mean + variance.sqrt() * noise


@reparameterize.alternative("In one call of torch: the first, plus the product of the two others.")
def in_one_call(mean, log_variance, noise):
    return torch.addcmul(mean, noise, torch.exp(0.5 * log_variance))


@reparameterize.alternative("Through torch's Normal, which holds the mean and the standard deviation.")
def stretched_by_torch(mean, log_variance, noise):
    q = Normal(mean, torch.exp(log_variance) ** 0.5)
    return q.loc + noise * q.scale


@reparameterize.alternative("Divided by the root of the precision, 1 / variance.")
def divided_by_the_root_of_the_precision(mean, log_variance, noise):
    precision = torch.exp(-log_variance)
    return noise / precision.sqrt() + mean
