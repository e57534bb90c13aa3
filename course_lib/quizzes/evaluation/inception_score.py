"""Quiz `inception_score` of chapter 11."""

import torch
from torch import Tensor

from course_lib import evaluation
from course_lib.checker.quiz import Quiz


def answers_of_a_classifier(g: torch.Generator) -> list[tuple]:
    """Unsure ones; some that are quite sure; all images alike (1); one of each class (K); a class that nobody has."""

    def draw(n: int, k: int, sharpness: float = 1.5) -> Tensor:
        return (sharpness * torch.randn(n, k, generator=g, dtype=torch.float64)).softmax(dim=1)

    sure = torch.eye(4, dtype=torch.float64)
    nobody = torch.cat([draw(6, 2), torch.zeros(6, 1, dtype=torch.float64)], dim=1)
    return [
        (draw(7, 4),),
        (draw(4, 6, 3.0),),
        (torch.cat([draw(5, 4), sure[:2]]),),
        (draw(1, 5).expand(3, 5).clone(),),
        (sure[torch.tensor([2, 0, 3, 1])],),
        (nobody,),
    ]


inception_score = Quiz(
    evaluation.inception_score,
    cases=answers_of_a_classifier,
    points=2,
    minutes=8,
    difficulty=2,
    importance=3,
    hints=(
        "How do the answers for one image differ from the average answer? "
        "The average answer, p(y), is the mean over the images.",
        "KL(p(y | x) || p(y)) is a sum over the classes of p(y | x) (log p(y | x) - log p(y)). "
        "`torch.xlogy(a, b)` is a log b, and 0 where a is 0.",
        "p = probabilities, q = p.mean(dim=0): ((torch.xlogy(p, p) - torch.xlogy(p, q)).sum(dim=1)).mean().exp()",
    ),
    atol=1e-4,
)

KL = "torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, marginal)"
RESULT = "return kl.sum(dim=1).mean().exp()"

# From KL to the score
inception_score.edits(
    exp_left_out=(
        f"{RESULT} -> return kl.sum(dim=1).mean()",
        "It is the mean KL, in nats. The score is exp of it, so that it counts classes.",
    ),
    exp_inside_the_mean=(
        f"{RESULT} -> return kl.sum(dim=1).exp().mean()",
        "exp is taken for each image, then the mean. The other way round: the mean of exp is larger.",
    ),
    exp_before_the_sum=(
        f"{RESULT} -> return kl.exp().sum(dim=1).mean()",
        "exp is taken for each class, then the sum. exp comes last, when there is a single number.",
    ),
    one_score_per_image=(
        f"{RESULT} -> return kl.sum(dim=1).exp()",
        "A score for each image comes back. Where does the mean over the images come in?",
    ),
    mean_over_the_classes=(
        f"{RESULT} -> return kl.mean().exp()",
        "The mean is taken over images and classes. KL is a sum over the classes; the mean is over the images alone.",
    ),
    summed_over_the_images=(
        f"{RESULT} -> return kl.sum().exp()",
        "The KL of all images is added up, so more images give a larger score. Which of the two sums is a mean?",
    ),
    sums_and_means_swapped=(
        f"{RESULT} -> return kl.sum(dim=0).mean().exp()",
        "The sum runs over the images and the mean over the classes. KL is a sum over the classes.",
    ),
    sign_turned_around=(
        f"{RESULT} -> return (-kl.sum(dim=1).mean()).exp()",
        "It is 1 over the score: the exponent has the wrong sign. A KL is never below 0, so the score is at least 1.",
    ),
    bits_in_the_exponent=(
        f"{RESULT} -> return (kl.sum(dim=1).mean() / math.log(2)).exp()",
        "KL in bits stands in an exponential with base e. Logarithm and exponential need one base.",
    ),
    power_of_two=(
        f"{RESULT} -> return 2 ** kl.sum(dim=1).mean()",
        "KL in nats stands in a power of 2. Logarithm and exponential need one base.",
    ),
    median_of_the_images=(
        f"{RESULT} -> return kl.sum(dim=1).median().exp()",
        "The median over the images is taken. The score has their mean.",
    ),
)

# p(y)
inception_score.edits(
    marginal_over_the_classes=(
        "probabilities.mean(dim=0) -> probabilities.mean(dim=1, keepdim=True)",
        "Every class gets the same share in p(y), whatever the images show. p(y) is the mean over the images.",
    ),
    marginal_is_a_sum=(
        "probabilities.mean(dim=0) -> probabilities.sum(dim=0)",
        "p(y) does not sum to 1: it is the sum of the rows. Its mean is asked.",
    ),
    marginal_of_the_most_likely=(
        "probabilities.mean(dim=0) -> "
        "torch.bincount(probabilities.argmax(dim=1), minlength=probabilities.shape[1]) / len(probabilities)",
        "p(y) counts the most likely classes. It is the mean of the probabilities themselves.",
    ),
    marginal_of_the_first_image=(
        "probabilities.mean(dim=0) -> probabilities[0]",
        "Each image is compared with the first one. p(y) is the mean over all of them.",
    ),
    geometric_mean=(
        "probabilities.mean(dim=0) -> probabilities.log().mean(dim=0).softmax(dim=0)",
        "p(y) is made of the mean of the logarithms. It is the mean of the probabilities.",
    ),
)

# KL
inception_score.edits(
    zero_times_log_zero=(
        f"{KL} -> probabilities * (probabilities.log() - marginal.log())",
        "nan where a probability is 0: 0 log 0 is 0 in a KL, but 0 times minus infinity for a computer. "
        "What does `torch.xlogy` return?",
    ),
    zero_over_zero=(
        f"{KL} -> torch.xlogy(probabilities, probabilities / marginal)",
        "nan where no image has anything of a class: p(y) is 0 there, too. Its term should be 0: `xlogy` does that, "
        "if it is given each of the two by itself.",
    ),
    certainty_alone=(
        "- torch.xlogy(probabilities, marginal) ->",
        "p(y) has no part in it: that is how sure each image is, with a sign. "
        "The score compares each image with the average.",
    ),
    uncertainty_of_each_image=(
        f"{KL} -> -torch.xlogy(probabilities, probabilities)",
        "This is the entropy of each image's classes. It is large where the classifier is unsure, "
        "and the score should be small there.",
    ),
    diversity_alone=(
        f"{KL} -> -torch.xlogy(probabilities, marginal)",
        "This is the entropy of p(y) alone: whether all classes are there. How sure each image is does not count.",
    ),
    kl_reversed=(
        f"{KL} -> torch.xlogy(marginal, marginal) - torch.xlogy(marginal, probabilities)",
        "The two distributions have changed places. In KL(p(y | x) || p(y)) the weights are those of the image.",
    ),
    marginal_weighs=(
        f"{KL} -> torch.xlogy(marginal, probabilities) - torch.xlogy(marginal, marginal)",
        "p(y) weighs the logarithms. In KL(p(y | x) || p(y)) the weights are those of the image.",
    ),
    log_of_the_product=(
        "- torch.xlogy(probabilities, marginal) -> + torch.xlogy(probabilities, marginal)",
        "The two logarithms are added. KL has the logarithm of a quotient.",
    ),
    softmax_once_more=(
        "marginal = -> probabilities = probabilities.softmax(dim=1); marginal =",
        "The probabilities go through a softmax once more, as if they were logits. That makes all of them alike.",
    ),
    most_likely_class_alone=(
        "marginal = -> probabilities = torch.eye(probabilities.shape[1]).to(probabilities)[probabilities.argmax(dim=1)]"
        "; marginal =",
        "Each image counts as fully sure of its most likely class. How sure the classifier is should count.",
    ),
    only_where_it_is_likely=(
        f"{RESULT} -> return kl.clamp(min=0).sum(dim=1).mean().exp()",
        "What is below 0 is left out of the sum over the classes. Single terms of a KL may be, the sum is not.",
    ),
)


@inception_score.alternative("The entropy of the mean, less the mean of the entropies.")
def from_entropies(probabilities):
    diversity = torch.special.entr(probabilities.mean(dim=0)).sum()
    doubt = torch.special.entr(probabilities).sum(dim=1).mean()
    return torch.exp(diversity - doubt)


@inception_score.alternative("Zeros are replaced by the smallest number there is; the logarithms do no harm then.")
def clamped_logarithms(probabilities):
    tiny = torch.finfo(probabilities.dtype).tiny
    log_p = probabilities.clamp(min=tiny).log()
    log_q = probabilities.mean(dim=0, keepdim=True).clamp(min=tiny).log()
    return (probabilities * (log_p - log_q)).sum(dim=1).mean().exp()


@inception_score.alternative("Image by image, over the classes that it has anything of.")
def image_by_image(probabilities):
    average, total = probabilities.mean(dim=0), 0
    for row in probabilities:
        there = row > 0
        total = total + (row[there] * torch.log(row[there] / average[there])).sum()
    return (total / len(probabilities)).exp()


@inception_score.alternative("`Categorical` and its `kl_divergence`, with the zeros kept a little above 0.")
def by_distributions(probabilities):
    kept = probabilities + 1e-12
    one, other = (torch.distributions.Categorical(probs) for probs in (kept, kept.mean(dim=0)))
    return torch.distributions.kl_divergence(one, other).mean().exp()
