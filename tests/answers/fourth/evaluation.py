"""Answers to the quizzes of chapter 11."""

import math

import numpy as np
import torch
from einops import einsum, rearrange, reduce, repeat
from torch import Tensor
from torch.nn import functional

from answers import disputed, right, wrong
from course_lib.evaluation import bin_log_probability
from course_lib.forward import extract, q_posterior, q_sample
from course_lib.objective import kl_between_gaussians, last_step_loss, step_kl
from course_lib.reverse import p_mean, predict_start

# frechet_distance


def root_of(matrix):
    """The symmetric root of a symmetric matrix without negative eigenvalues."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


@right("frechet_distance", "two calls of eigh, in float64")
def frechet_two_eigh(mean1: Tensor, covariance1: Tensor, mean2: Tensor, covariance2: Tensor) -> Tensor:
    m1, c1, m2, c2 = (v.double() for v in (mean1, covariance1, mean2, covariance2))
    root = root_of(c1)
    overlap = torch.linalg.eigvalsh(root @ c2 @ root).clamp(min=0).sqrt().sum()
    distance = (m1 - m2).square().sum() + c1.trace() + c2.trace() - 2 * overlap
    return distance.to(mean1.dtype)


@right("frechet_distance", "the eigenvalues of C1 C2 itself, complex ones cut to their real part")
def frechet_eigvals(mean1, covariance1, mean2, covariance2):
    product = covariance1.double() @ covariance2.double()
    values = torch.linalg.eigvals(product).real.clamp(min=0)
    difference = (mean1 - mean2).double()
    spread = (covariance1.double() + covariance2.double()).diagonal().sum()
    return (difference @ difference + spread - 2 * values.sqrt().sum()).to(mean1)


@right("frechet_distance", "nuclear norm of the product of the two roots")
def frechet_nuclear_norm(mean1, covariance1, mean2, covariance2):
    c1, c2 = covariance1.to(torch.float64), covariance2.to(torch.float64)
    overlap = torch.linalg.matrix_norm(root_of(c1) @ root_of(c2), ord="nuc")
    return (torch.dist(mean1, mean2) ** 2 + torch.trace(c1 + c2) - 2 * overlap).to(mean1.dtype)


@right("frechet_distance", "numpy, and the same with the two Gaussians exchanged")
def frechet_numpy(mean1, covariance1, mean2, covariance2):
    m1, c1, m2, c2 = (v.detach().cpu().double().numpy() for v in (mean1, covariance1, mean2, covariance2))
    values, vectors = np.linalg.eigh(c2)
    root = vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T
    overlap = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ c1 @ root), 0)).sum()
    distance = np.sum((m1 - m2) ** 2) + np.trace(c1) + np.trace(c2) - 2 * overlap
    return torch.tensor(distance, dtype=mean1.dtype, device=mean1.device)


@right("frechet_distance", "factors C = F F' by svd: the overlap is the sum of the singular values of F1' F2")
def frechet_factors(mean1, covariance1, mean2, covariance2):
    factors = []
    for covariance in (covariance1, covariance2):
        left, values, _ = torch.linalg.svd(covariance.double())
        factors.append(left * values.sqrt())
    one, two = factors
    spread = one.square().sum() + two.square().sum()  # the traces
    overlap = torch.linalg.svdvals(one.T @ two).sum()
    squared = torch.cdist(mean1.double()[None], mean2.double()[None]).squeeze() ** 2
    return (squared + spread - 2 * overlap).to(mean1.dtype)


@wrong("frechet_distance", "the 2 before the root is forgotten")
def frechet_without_two(mean1, covariance1, mean2, covariance2):
    root = root_of(covariance1)
    overlap = torch.linalg.eigvalsh(root @ covariance2 @ root).clamp(min=0).sqrt().sum()
    return (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - overlap


@wrong("frechet_distance", "no root at all: twice the trace of the product")
def frechet_without_root(mean1, covariance1, mean2, covariance2):
    product = covariance1 @ covariance2
    return (mean1 - mean2).square().sum() + torch.trace(covariance1 + covariance2 - 2 * product)


@wrong("frechet_distance", "the root of each number of the product, not the matrix root")
def frechet_elementwise_root(mean1, covariance1, mean2, covariance2):
    product = (covariance1 @ covariance2).abs().sqrt()
    return (mean1 - mean2).square().sum() + torch.trace(covariance1 + covariance2 - 2 * product)


@wrong("frechet_distance", "as if both covariances were diagonal")
def frechet_diagonal(mean1, covariance1, mean2, covariance2):
    std1, std2 = covariance1.diagonal().sqrt(), covariance2.diagonal().sqrt()
    return (mean1 - mean2).square().sum() + (std1 - std2).square().sum()


@wrong("frechet_distance", "the length of the mean's difference is not squared")
def frechet_unsquared_means(mean1, covariance1, mean2, covariance2):
    root = root_of(covariance1)
    overlap = torch.linalg.eigvalsh(root @ covariance2 @ root).clamp(min=0).sqrt().sum()
    return (mean1 - mean2).norm() + covariance1.trace() + covariance2.trace() - 2 * overlap


@wrong("frechet_distance", "the distance, not its square")
def frechet_root_of_result(mean1, covariance1, mean2, covariance2):
    root = root_of(covariance1)
    overlap = torch.linalg.eigvalsh(root @ covariance2 @ root).clamp(min=0).sqrt().sum()
    squared = (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - 2 * overlap
    return squared.clamp(min=0).sqrt()


@wrong("frechet_distance", "the mean of the squared differences, not their sum")
def frechet_mean_of_means(mean1, covariance1, mean2, covariance2):
    root = root_of(covariance1)
    overlap = torch.linalg.eigvalsh(root @ covariance2 @ root).clamp(min=0).sqrt().sum()
    return functional.mse_loss(mean1, mean2) + covariance1.trace() + covariance2.trace() - 2 * overlap


@wrong("frechet_distance", "the singular values of C1 C2, which are not its eigenvalues")
def frechet_singular_values(mean1, covariance1, mean2, covariance2):
    overlap = torch.linalg.svdvals(covariance1 @ covariance2).sqrt().sum()
    return (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - 2 * overlap


@wrong("frechet_distance", "eigvalsh of C1 C2, which is not symmetric")
def frechet_eigvalsh_of_product(mean1, covariance1, mean2, covariance2):
    overlap = torch.linalg.eigvalsh(covariance1 @ covariance2).clamp(min=0).sqrt().sum()
    return (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - 2 * overlap


@wrong("frechet_distance", "the trace of the product of the two roots: right only if they commute")
def frechet_product_of_roots(mean1, covariance1, mean2, covariance2):
    overlap = torch.trace(root_of(covariance1) @ root_of(covariance2))
    return (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - 2 * overlap


@wrong("frechet_distance", "sums of the whole matrices in place of traces")
def frechet_sums_for_traces(mean1, covariance1, mean2, covariance2):
    root = root_of(covariance1)
    overlap = torch.linalg.eigvalsh(root @ covariance2 @ root).clamp(min=0).sqrt().sum()
    return (mean1 - mean2).square().sum() + covariance1.sum() + covariance2.sum() - 2 * overlap


@wrong("frechet_distance", "one root too many: the fourth roots of the eigenvalues")
def frechet_root_twice(mean1, covariance1, mean2, covariance2):
    middle = root_of(root_of(covariance1) @ covariance2 @ root_of(covariance1))
    overlap = torch.linalg.eigvalsh(middle).clamp(min=0).sqrt().sum()
    return (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - 2 * overlap


@wrong("frechet_distance", "no root in the middle: C1 C2 C1")
def frechet_without_inner_root(mean1, covariance1, mean2, covariance2):
    overlap = torch.linalg.eigvalsh(covariance1 @ covariance2 @ covariance1).clamp(min=0).sqrt().sum()
    return (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - 2 * overlap


@disputed("frechet_distance", "wrong to its author: no Cholesky factor of low rank; right for what has full rank")
def frechet_cholesky(mean1, covariance1, mean2, covariance2):
    lower = torch.linalg.cholesky(covariance1)
    overlap = torch.linalg.eigvalsh(lower.T @ covariance2 @ lower).clamp(min=0).sqrt().sum()
    return (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - 2 * overlap


@disputed("frechet_distance", "right to its author; it returns float64 for float32, which the stub does not forbid")
def frechet_float64(mean1, covariance1, mean2, covariance2):
    c1, c2 = covariance1.double(), covariance2.double()
    root = root_of(c1)
    overlap = torch.linalg.eigvalsh(root @ c2 @ root).clamp(min=0).sqrt().sum()
    return (mean1 - mean2).double().square().sum() + c1.trace() + c2.trace() - 2 * overlap


@wrong("frechet_distance", "a sign: the overlap is added")
def frechet_plus_overlap(mean1, covariance1, mean2, covariance2):
    root = root_of(covariance1)
    overlap = torch.linalg.eigvalsh(root @ covariance2 @ root).clamp(min=0).sqrt().sum()
    return (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() + 2 * overlap


@wrong("frechet_distance", "the means are forgotten")
def frechet_without_means(mean1, covariance1, mean2, covariance2):
    root = root_of(covariance1)
    overlap = torch.linalg.eigvalsh(root @ covariance2 @ root).clamp(min=0).sqrt().sum()
    return covariance1.trace() + covariance2.trace() - 2 * overlap


@wrong("frechet_distance", "the Frobenius distance of the covariances")
def frechet_frobenius(mean1, covariance1, mean2, covariance2):
    return (mean1 - mean2).square().sum() + (covariance1 - covariance2).square().sum()


@wrong("frechet_distance", "the eigenvectors' matrix is used as if its rows were the vectors")
def frechet_transposed_vectors(mean1, covariance1, mean2, covariance2):
    values, vectors = torch.linalg.eigh(covariance1)
    root = vectors.T @ values.clamp(min=0).sqrt().diag() @ vectors
    overlap = torch.linalg.eigvalsh(root @ covariance2 @ root).clamp(min=0).sqrt().sum()
    return (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - 2 * overlap


@wrong("frechet_distance", "adds 1e-6 to the caller's covariances in place, so that the roots exist")
def frechet_in_place(mean1, covariance1, mean2, covariance2):
    covariance1.diagonal().add_(1e-6)
    covariance2.diagonal().add_(1e-6)
    root = root_of(covariance1)
    overlap = torch.linalg.eigvalsh(root @ covariance2 @ root).clamp(min=0).sqrt().sum()
    return (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - 2 * overlap


@wrong("frechet_distance", "Kullback and Leibler's divergence of two Gaussians")
def frechet_is_kl(mean1, covariance1, mean2, covariance2):
    one = torch.distributions.MultivariateNormal(mean1, covariance1, validate_args=False)
    two = torch.distributions.MultivariateNormal(mean2, covariance2, validate_args=False)
    return torch.distributions.kl_divergence(one, two)


@wrong("frechet_distance", "a complex number comes back")
def frechet_complex(mean1, covariance1, mean2, covariance2):
    overlap = torch.linalg.eigvals(covariance1 @ covariance2).sqrt().sum()
    return (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - 2 * overlap


# kernel_distance


@right("kernel_distance", "three matrices, the diagonals masked")
def kernel_masked(features1: Tensor, features2: Tensor) -> Tensor:
    def kernel(x, y):
        return (x @ y.T / x.shape[1] + 1) ** 3

    def among(x):
        other = ~torch.eye(len(x), dtype=torch.bool, device=x.device)
        return kernel(x, x)[other].mean()

    return among(features1) + among(features2) - 2 * kernel(features1, features2).mean()


@right("kernel_distance", "loops over pairs i < j, in float64")
def kernel_loops(features1, features2):
    x, y = features1.double(), features2.double()
    d = x.shape[1]

    def among(rows):
        pairs = [(a @ b / d + 1) ** 3 for i, a in enumerate(rows) for b in rows[:i]]
        return torch.stack(pairs).mean()

    cross = torch.stack([(a @ b / d + 1) ** 3 for a in x for b in y]).mean()
    return (among(x) + among(y) - 2 * cross).to(features1.dtype)


@right("kernel_distance", "einops; sum less trace over n (n - 1)")
def kernel_einops(features1, features2):
    def kernel(x, y):
        return (einsum(x, y, "i d, j d -> i j") / x.shape[-1] + 1).pow(3)

    n, m = len(features1), len(features2)
    k11, k22 = kernel(features1, features1), kernel(features2, features2)
    first = (reduce(k11, "i j ->", "sum") - k11.trace()) / (n * (n - 1))
    second = (reduce(k22, "i j ->", "sum") - k22.trace()) / (m * (m - 1))
    return first + second - 2 * reduce(kernel(features1, features2), "i j ->", "mean")


@right("kernel_distance", "the cube multiplied out, one matrix of all rows, weights for each pair")
def kernel_one_matrix(features1, features2):
    rows = torch.cat([features1, features2]).double()
    n, m = len(features1), len(features2)
    product = rows @ rows.mT / rows.size(1)
    kernel = product**3 + 3 * product**2 + 3 * product + 1
    kernel.fill_diagonal_(0)
    weight = torch.empty_like(kernel)
    weight[:n, :n] = 1 / (n * (n - 1))
    weight[n:, n:] = 1 / (m * (m - 1))
    weight[:n, n:] = weight[n:, :n] = -1 / (n * m)
    return (weight * kernel).sum().to(features1)


@right("kernel_distance", "numpy, the upper triangle")
def kernel_numpy(features1, features2):
    x, y = (v.detach().cpu().numpy().astype(np.float64) for v in (features1, features2))

    def kernel(a, b):
        return (np.dot(a, b.T) / a.shape[1] + 1) ** 3

    def among(a):
        return kernel(a, a)[np.triu_indices(len(a), k=1)].mean()

    result = among(x) + among(y) - 2 * kernel(x, y).mean()
    return torch.as_tensor(result, dtype=features1.dtype, device=features1.device)


@wrong("kernel_distance", "each row is compared with itself, too")
def kernel_biased(features1, features2):
    def kernel(x, y):
        return ((x @ y.T / x.shape[1] + 1) ** 3).mean()

    return kernel(features1, features1) + kernel(features2, features2) - 2 * kernel(features1, features2)


def distance_by(kernel):
    """The unbiased distance with another kernel."""

    def distance(features1, features2):
        def among(x):
            values = kernel(x, x)
            return (values.sum() - values.diagonal().sum()) / (len(x) * (len(x) - 1))

        return among(features1) + among(features2) - 2 * kernel(features1, features2).mean()

    return distance


@wrong("kernel_distance", "not divided by d")
def kernel_without_d(features1, features2):
    return distance_by(lambda x, y: (x @ y.T + 1) ** 3)(features1, features2)


@wrong("kernel_distance", "the 1 in the kernel is forgotten")
def kernel_without_one(features1, features2):
    return distance_by(lambda x, y: (x @ y.T / x.shape[1]) ** 3)(features1, features2)


@wrong("kernel_distance", "squared in place of cubed")
def kernel_squared(features1, features2):
    return distance_by(lambda x, y: (x @ y.T / x.shape[1] + 1) ** 2)(features1, features2)


@wrong("kernel_distance", "divides 1 by d, too")
def kernel_bracket(features1, features2):
    return distance_by(lambda x, y: ((x @ y.T + 1) / x.shape[1]) ** 3)(features1, features2)


@wrong("kernel_distance", "divides by the number of rows, not of features")
def kernel_rows_for_d(features1, features2):
    return distance_by(lambda x, y: (x @ y.T / len(x) + 1) ** 3)(features1, features2)


@wrong("kernel_distance", "divides by the root of d, as attention does")
def kernel_root_of_d(features1, features2):
    return distance_by(lambda x, y: (x @ y.T / x.shape[1] ** 0.5 + 1) ** 3)(features1, features2)


@wrong("kernel_distance", "a Gaussian kernel")
def kernel_rbf(features1, features2):
    return distance_by(lambda x, y: torch.exp(-(torch.cdist(x, y) ** 2) / (2 * x.shape[1])))(features1, features2)


@wrong("kernel_distance", "the cosine in place of the product")
def kernel_cosine(features1, features2):
    def kernel(x, y):
        return (functional.normalize(x, dim=1) @ functional.normalize(y, dim=1).T + 1) ** 3

    return distance_by(kernel)(features1, features2)


@wrong("kernel_distance", "128 is hard-coded for d")
def kernel_hard_coded_d(features1, features2):
    return distance_by(lambda x, y: (x @ y.T / 128 + 1) ** 3)(features1, features2)


@wrong("kernel_distance", "the cross term is taken once")
def kernel_cross_once(features1, features2):
    k12 = (features1 @ features2.T / features1.shape[1] + 1) ** 3
    return distance_by(lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3)(features1, features2) + k12.mean()


@wrong("kernel_distance", "the root: the discrepancy, not its square")
def kernel_root_of_result(features1, features2):
    squared = distance_by(lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3)(features1, features2)
    return squared.clamp(min=0).sqrt()


@wrong("kernel_distance", "negative values become 0")
def kernel_clamped(features1, features2):
    return distance_by(lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3)(features1, features2).clamp(min=0)


@wrong("kernel_distance", "the diagonal is left out of the sum, but counted in the mean")
def kernel_mean_with_zeros(features1, features2):
    def among(x):
        return ((x @ x.T / x.shape[1] + 1) ** 3).fill_diagonal_(0).mean()

    cross = (features1 @ features2.T / features1.shape[1] + 1) ** 3
    return among(features1) + among(features2) - 2 * cross.mean()


@wrong("kernel_distance", "the diagonal of the cross matrix is left out, too")
def kernel_cross_without_diagonal(features1, features2):
    def mean(x, y):
        values = (x @ y.T / x.shape[1] + 1) ** 3
        return (values.sum() - values.diagonal().sum()) / (values.numel() - min(len(x), len(y)))

    return mean(features1, features1) + mean(features2, features2) - 2 * mean(features1, features2)


@wrong("kernel_distance", "n for both sets: wrong if they have different sizes")
def kernel_one_size(features1, features2):
    def kernel(x, y):
        return (x @ y.T / x.shape[1] + 1) ** 3

    n = len(features1)
    k11, k22, k12 = kernel(features1, features1), kernel(features2, features2), kernel(features1, features2)
    among = k11.sum() - k11.trace() + k22.sum() - k22.trace()
    return among / (n * (n - 1)) - 2 * k12.sum() / n**2


@wrong("kernel_distance", "the sum over i < j, divided by the number of ordered pairs")
def kernel_half(features1, features2):
    def among(x):
        return ((x @ x.T / x.shape[1] + 1) ** 3).triu(diagonal=1).sum() / (len(x) * (len(x) - 1))

    cross = (features1 @ features2.T / features1.shape[1] + 1) ** 3
    return among(features1) + among(features2) - 2 * cross.mean()


@wrong("kernel_distance", "only row i of one with row i of the other")
def kernel_paired(features1, features2):
    n = min(len(features1), len(features2))
    cross = ((features1[:n] * features2[:n]).sum(dim=1) / features1.shape[1] + 1) ** 3
    inner = distance_by(lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3)
    whole = (features1 @ features2.T / features1.shape[1] + 1) ** 3
    return inner(features1, features2) + 2 * whole.mean() - 2 * cross.mean()


@wrong("kernel_distance", "the kernel of the mean features")
def kernel_of_means(features1, features2):
    d = features1.shape[1]
    x, y = features1.mean(dim=0), features2.mean(dim=0)
    return (x @ x / d + 1) ** 3 + (y @ y / d + 1) ** 3 - 2 * (x @ y / d + 1) ** 3


@wrong("kernel_distance", "centres the caller's features in place")
def kernel_centred(features1, features2):
    features1 -= features1.mean(dim=0)
    features2 -= features2.mean(dim=0)
    return distance_by(lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3)(features1, features2)


@wrong("kernel_distance", "times 1000, as papers print it")
def kernel_times_thousand(features1, features2):
    return 1000 * distance_by(lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3)(features1, features2)


@wrong("kernel_distance", "the transposed product: features with features")
def kernel_transposed(features1, features2):
    return distance_by(lambda x, y: (x.T @ y / x.shape[0] + 1) ** 3)(features1, features2)


@wrong("kernel_distance", "a plain number comes back in float64 and as numpy")
def kernel_as_numpy(features1, features2):
    x, y = features1.numpy().astype(np.float64), features2.numpy().astype(np.float64)
    k11, k22, k12 = ((a @ b.T / x.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    n, m = len(x), len(y)
    among = (k11.sum() - np.trace(k11)) / (n * (n - 1)) + (k22.sum() - np.trace(k22)) / (m * (m - 1))
    return np.asarray(among - 2 * k12.mean())


# inception_score


@right("inception_score", "xlogy, since 0 log 0 is 0")
def inception_xlogy(probabilities: Tensor) -> Tensor:
    marginal = probabilities.mean(dim=0)
    divergence = (torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, marginal)).sum(dim=1)
    return divergence.mean().exp()


@right("inception_score", "the entropy of the mean less the mean entropy")
def inception_entropies(probabilities):
    together = torch.special.entr(probabilities.mean(0)).sum()
    apart = torch.special.entr(probabilities).sum(-1).mean()
    return torch.exp(together - apart)


@right("inception_score", "functional.kl_div with batchmean")
def inception_kl_div(probabilities):
    marginal = probabilities.mean(dim=0, keepdim=True).clamp(min=1e-30)
    divergence = functional.kl_div(marginal.log().expand_as(probabilities), probabilities, reduction="batchmean")
    return divergence.exp()


@right("inception_score", "loops over plain numbers")
def inception_loops(probabilities):
    rows = probabilities.tolist()
    marginal = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    total = 0.0
    for row in rows:
        total += sum(p * math.log(p / q) for p, q in zip(row, marginal, strict=True) if p > 0)
    return probabilities.new_tensor(math.exp(total / len(rows)))


@right("inception_score", "exp of the divergence row by row, then the geometric mean; einops and float64")
def inception_geometric(probabilities):
    p = probabilities.double()
    marginal = repeat(reduce(p, "n k -> k", "mean"), "k -> n k", n=len(p))
    ratio = ((p + 1e-300) / (marginal + 1e-300)) ** p
    each = ratio.prod(dim=1)  # exp of the divergence, row by row
    return each.log().mean().exp().to(probabilities.dtype)


@right("inception_score", "clamped at 1e-12 before the logarithm")
def inception_clamped(probabilities):
    p = probabilities.clamp(min=1e-12)
    return (p * (p / p.mean(dim=0, keepdim=True)).log()).sum(dim=1).mean().exp()


@wrong("inception_score", "exp is forgotten")
def inception_without_exp(probabilities):
    marginal = probabilities.mean(dim=0)
    terms = torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, marginal)
    return terms.sum(dim=1).mean()


@wrong("inception_score", "the mean of exp, not exp of the mean")
def inception_exp_inside(probabilities):
    marginal = probabilities.mean(dim=0)
    terms = torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, marginal)
    return terms.sum(dim=1).exp().mean()


@wrong("inception_score", "the divergence the other way round")
def inception_reversed(probabilities):
    marginal = probabilities.mean(dim=0, keepdim=True)
    terms = marginal * (marginal.clamp(min=1e-12).log() - probabilities.clamp(min=1e-12).log())
    return terms.sum(dim=1).mean().exp()


@wrong("inception_score", "the arguments of kl_div are swapped")
def inception_kl_div_swapped(probabilities):
    marginal = probabilities.mean(dim=0, keepdim=True).expand_as(probabilities)
    logs = probabilities.clamp(min=1e-12).log()
    return functional.kl_div(logs, marginal, reduction="batchmean").exp()


@wrong("inception_score", "kl_div with reduction mean, which divides by n K")
def inception_kl_div_mean(probabilities):
    marginal = probabilities.mean(dim=0, keepdim=True).clamp(min=1e-12)
    return functional.kl_div(marginal.log().expand_as(probabilities), probabilities, reduction="mean").exp()


@wrong("inception_score", "p(y) is the mean along the wrong axis")
def inception_wrong_marginal(probabilities):
    marginal = probabilities.mean(dim=1, keepdim=True)
    terms = torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, marginal)
    return terms.sum(dim=1).mean().exp()


@wrong("inception_score", "sums over the images and takes the mean over the classes")
def inception_wrong_sum(probabilities):
    marginal = probabilities.mean(dim=0)
    terms = torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, marginal)
    return terms.sum(dim=0).mean().exp()


@wrong("inception_score", "the sum over the images, not the mean")
def inception_sum(probabilities):
    marginal = probabilities.mean(dim=0)
    terms = torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, marginal)
    return terms.sum().exp()


@wrong("inception_score", "p(y) is uniform")
def inception_uniform_marginal(probabilities):
    terms = torch.xlogy(probabilities, probabilities) + probabilities * math.log(probabilities.shape[1])
    return terms.sum(dim=1).mean().exp()


@wrong("inception_score", "bits inside, nats outside")
def inception_log2(probabilities):
    marginal = probabilities.mean(dim=0).clamp(min=1e-12)
    terms = probabilities * (probabilities.clamp(min=1e-12).log2() - marginal.log2())
    return terms.sum(dim=1).mean().exp()


@wrong("inception_score", "softmax of what is already a probability")
def inception_softmax_again(probabilities):
    p = probabilities.softmax(dim=1)
    return (p * (p.log() - p.mean(dim=0).log())).sum(dim=1).mean().exp()


@wrong("inception_score", "only the entropy of p(y): is everything there?")
def inception_only_marginal(probabilities):
    return torch.special.entr(probabilities.mean(dim=0)).sum().exp()


@wrong("inception_score", "only the entropy of each row: a sharp classifier gets 1")
def inception_only_rows(probabilities):
    return torch.special.entr(probabilities).sum(dim=1).mean().exp()


@wrong("inception_score", "a sign: the reciprocal comes out")
def inception_sign(probabilities):
    marginal = probabilities.mean(dim=0)
    terms = torch.xlogy(probabilities, marginal) - torch.xlogy(probabilities, probabilities)
    return terms.sum(dim=1).mean().exp()


@wrong("inception_score", "each image's most likely class counts, as if it were certain")
def inception_hard_labels(probabilities):
    hard = functional.one_hot(probabilities.argmax(dim=1), probabilities.shape[1]).to(probabilities)
    marginal = hard.mean(dim=0)
    return (torch.xlogy(hard, hard) - torch.xlogy(hard, marginal)).sum(dim=1).mean().exp()


@wrong("inception_score", "one number for each image")
def inception_per_image(probabilities):
    marginal = probabilities.mean(dim=0)
    terms = torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, marginal)
    return terms.sum(dim=1).exp()


@wrong("inception_score", "the logarithm is forgotten: a ratio")
def inception_without_log(probabilities):
    marginal = probabilities.mean(dim=0)
    return (probabilities * probabilities / marginal).sum(dim=1).mean().exp()


@wrong("inception_score", "NaN where a class has probability 0")
def inception_zero_is_nan(probabilities):
    marginal = probabilities.mean(dim=0)
    return (probabilities * (probabilities / marginal).log()).sum(dim=1).mean().exp()


@wrong("inception_score", "a guard against log 0 that is so large that it shows")
def inception_large_guard(probabilities):
    marginal = probabilities.mean(dim=0, keepdim=True)
    terms = probabilities * (torch.log(probabilities + 0.05) - torch.log(marginal + 0.05))
    return terms.sum(dim=1).mean().exp()


@wrong("inception_score", "adds its guard to the caller's probabilities")
def inception_in_place(probabilities):
    probabilities += 1e-8
    marginal = probabilities.mean(dim=0)
    return (probabilities * (probabilities / marginal).log()).sum(dim=1).mean().exp()


@wrong("inception_score", "(mean, std) over ten splits, as torchmetrics does")
def inception_ten_splits(probabilities):
    scores = []
    for part in probabilities.chunk(10):
        marginal = part.mean(dim=0)
        terms = torch.xlogy(part, part) - torch.xlogy(part, marginal)
        scores.append(terms.sum(dim=1).mean().exp())
    return torch.stack(scores).mean(), torch.stack(scores).std()


@wrong("inception_score", "the mean over ten splits: each has its own p(y)")
def inception_mean_of_splits(probabilities):
    scores = []
    for part in probabilities.chunk(10):
        marginal = part.mean(dim=0)
        terms = torch.xlogy(part, part) - torch.xlogy(part, marginal)
        scores.append(terms.sum(dim=1).mean().exp())
    return torch.stack(scores).mean()


@wrong("inception_score", "p(y) of ten classes, hard-coded")
def inception_ten_classes(probabilities):
    marginal = probabilities.reshape(-1, 10).mean(dim=0)
    terms = torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, marginal)
    return terms.sum(dim=1).mean().exp()


# precision_recall


def exact_distances(x, y):
    """Distances of all rows by subtraction: equal rows have exactly 0."""
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")


def reach(x, k):
    """The distance from each row to its k-th nearest other row."""
    return exact_distances(x, x).fill_diagonal_(float("inf")).kthvalue(k, dim=1).values


@right("precision_recall", "cdist and kthvalue, the row itself is the nearest")
def precision_kthvalue(real: Tensor, generated: Tensor, k: int = 3) -> tuple[Tensor, Tensor]:
    def radii(x):
        return exact_distances(x, x).kthvalue(k + 1, dim=1).values

    cross = exact_distances(real, generated)  # (n, m)
    precision = (cross <= radii(real)[:, None]).any(dim=0)
    recall = (cross <= radii(generated)).any(dim=1)
    return precision.to(real.dtype).mean(), recall.to(real.dtype).mean()


@right("precision_recall", "loops over rows, squared distances in float64")
def precision_loops(real, generated, k=3):
    def share(points, centres):
        radii = []
        for i, centre in enumerate(centres):
            others = torch.cat([centres[:i], centres[i + 1 :]])
            radii.append((others - centre).square().sum(dim=1).sort().values[k - 1])
        inside = 0
        for point in points:
            inside += any((point - c).square().sum() <= r for c, r in zip(centres, radii, strict=True))
        return real.new_tensor(inside / len(points))

    x, y = real.double(), generated.double()
    return share(y, x), share(x, y)


@right("precision_recall", "without radii: fewer than k others are nearer")
def precision_by_counting(real, generated, k=3):
    def covered(points, centres):
        apart = exact_distances(centres, centres).fill_diagonal_(torch.inf)
        away = exact_distances(centres, points)  # (centres, points)
        nearer = (apart[:, :, None] < away[:, None, :]).sum(dim=1)
        return (nearer < k).any(dim=0).to(real).mean()

    return covered(generated, real), covered(real, generated)


@right("precision_recall", "einops, all differences at once, topk of the smallest")
def precision_einops(real, generated, k=3):
    def squares(x, y):
        return reduce((rearrange(x, "i d -> i 1 d") - rearrange(y, "j d -> 1 j d")) ** 2, "i j d -> i j", "sum")

    def radii(x):
        return squares(x, x).topk(k + 1, dim=1, largest=False).values[:, -1:]

    precision = reduce((squares(real, generated) <= radii(real)).to(real), "i j -> j", "max")
    recall = reduce((squares(generated, real) <= radii(generated)).to(real), "i j -> j", "max")
    return precision.mean(), recall.mean()


@right("precision_recall", "numpy, the square expanded, with room for rounding at the border")
def precision_numpy(real, generated, k=3):
    x, y = (v.detach().cpu().numpy().astype(np.float64) for v in (real, generated))

    def squares(a, b):
        return np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T, 0)

    def share(points, centres):
        own = squares(centres, centres)
        np.fill_diagonal(own, np.inf)
        radii = np.partition(own, k - 1, axis=1)[:, k - 1]
        room = 1e-9 * (np.square(centres).sum(1).max() + np.square(points).sum(1).max())
        inside = (squares(centres, points) <= radii[:, None] + room).any(axis=0)
        return torch.tensor(inside.mean(), dtype=real.dtype, device=real.device)

    return share(y, x), share(x, y)


@wrong("precision_recall", "the row itself counts as its first neighbour")
def precision_self_is_neighbour(real, generated, k=3):
    def radii(x):
        return exact_distances(x, x).kthvalue(k, dim=1).values

    cross = exact_distances(real, generated)
    precision = (cross <= radii(real)[:, None]).any(dim=0)
    recall = (cross <= radii(generated)).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "one neighbour too far: k + 1, and the row itself is left out")
def precision_one_too_far(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross <= reach(real, k + 1)[:, None]).any(dim=0)
    recall = (cross <= reach(generated, k + 1)).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "precision and recall are exchanged")
def precision_exchanged(real, generated, k=3):
    cross = exact_distances(real, generated)
    inside_real = (cross <= reach(real, k)[:, None]).any(dim=0)
    inside_generated = (cross <= reach(generated, k)).any(dim=1)
    return inside_generated.to(real).mean(), inside_real.to(real).mean()


@wrong("precision_recall", "the border does not belong to the ball")
def precision_open_balls(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross < reach(real, k)[:, None]).any(dim=0)
    recall = (cross < reach(generated, k)).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "the share of balls that hold a row, not of rows that lie in a ball (coverage)")
def precision_other_axis(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross <= reach(real, k)[:, None]).any(dim=1)
    recall = (cross <= reach(generated, k)).any(dim=0)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "in all balls, not in any")
def precision_all_balls(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross <= reach(real, k)[:, None]).all(dim=0)
    recall = (cross <= reach(generated, k)).all(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "density: in how many balls, divided by k")
def precision_density(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross <= reach(real, k)[:, None]).sum(dim=0) / k
    recall = (cross <= reach(generated, k)).sum(dim=1) / k
    return precision.mean(), recall.mean()


@wrong("precision_recall", "one radius for all balls: the mean one")
def precision_mean_radius(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross <= reach(real, k).mean()).any(dim=0)
    recall = (cross <= reach(generated, k).mean()).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "one radius for all balls: the largest")
def precision_largest_radius(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross <= reach(real, k).max()).any(dim=0)
    recall = (cross <= reach(generated, k).max()).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "only the ball around the nearest row is asked")
def precision_nearest_ball(real, generated, k=3):
    cross = exact_distances(real, generated)
    near_real, near_generated = cross.min(dim=0), cross.min(dim=1)
    precision = near_real.values <= reach(real, k)[near_real.indices]
    recall = near_generated.values <= reach(generated, k)[near_generated.indices]
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "squared distances against a radius that is not squared")
def precision_squared_against_plain(real, generated, k=3):
    cross = exact_distances(real, generated) ** 2
    precision = (cross <= reach(real, k)[:, None]).any(dim=0)
    recall = (cross <= reach(generated, k)).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "sums of absolute differences")
def precision_manhattan(real, generated, k=3):
    def radii(x):
        return torch.cdist(x, x, p=1).kthvalue(k + 1, dim=1).values

    cross = torch.cdist(real, generated, p=1)
    precision = (cross <= radii(real)[:, None]).any(dim=0)
    recall = (cross <= radii(generated)).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "angles: each row is scaled to length 1")
def precision_angles(real, generated, k=3):
    x, y = functional.normalize(real, dim=1), functional.normalize(generated, dim=1)
    cross = exact_distances(x, y)
    precision = (cross <= reach(x, k)[:, None]).any(dim=0)
    recall = (cross <= reach(y, k)).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "always three neighbours: k plays no part")
def precision_three(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross <= reach(real, 3)[:, None]).any(dim=0)
    recall = (cross <= reach(generated, 3)).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "the radius reaches to the k-th nearest row of the other set")
def precision_radius_to_the_others(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross <= cross.kthvalue(k, dim=1).values[:, None]).any(dim=0)
    recall = (cross <= cross.kthvalue(k, dim=0).values).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "the radii are exchanged: the balls around real rows are as large as generated ones")
def precision_own_radius(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross <= reach(generated, k)).any(dim=0)
    recall = (cross <= reach(real, k)[:, None]).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "the diagonal of the cross distances is left out, as if row i were the same image")
def precision_without_cross_diagonal(real, generated, k=3):
    cross = exact_distances(real, generated).fill_diagonal_(float("inf"))
    precision = (cross <= reach(real, k)[:, None]).any(dim=0)
    recall = (cross <= reach(generated, k)).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "counts, not shares")
def precision_counts(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross <= reach(real, k)[:, None]).any(dim=0)
    recall = (cross <= reach(generated, k)).any(dim=1)
    return precision.to(real).sum(), recall.to(real).sum()


@wrong("precision_recall", "the mean over all pairs")
def precision_share_of_pairs(real, generated, k=3):
    cross = exact_distances(real, generated)
    return (cross <= reach(real, k)[:, None]).to(real).mean(), (cross <= reach(generated, k)).to(real).mean()


@wrong("precision_recall", "the k-th farthest: topk takes the largest")
def precision_farthest(real, generated, k=3):
    def radii(x):
        return exact_distances(x, x).topk(k, dim=1).values[:, -1]

    cross = exact_distances(real, generated)
    precision = (cross <= radii(real)[:, None]).any(dim=0)
    recall = (cross <= radii(generated)).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "both are divided by the number of real rows")
def precision_one_count(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross <= reach(real, k)[:, None]).any(dim=0)
    recall = (cross <= reach(generated, k)).any(dim=1)
    return precision.to(real).sum() / len(real), recall.to(real).sum() / len(real)


@wrong("precision_recall", "recall is what precision leaves over")
def precision_and_the_rest(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross <= reach(real, k)[:, None]).any(dim=0).to(real).mean()
    return precision, 1 - precision


@wrong("precision_recall", "the caller's rows are standardised in place")
def precision_in_place(real, generated, k=3):
    std = real.std(dim=0)
    real /= std
    generated /= std
    cross = exact_distances(real, generated)
    precision = (cross <= reach(real, k)[:, None]).any(dim=0)
    recall = (cross <= reach(generated, k)).any(dim=1)
    return precision.to(real).mean(), recall.to(real).mean()


@wrong("precision_recall", "their harmonic mean, one number")
def precision_f1(real, generated, k=3):
    cross = exact_distances(real, generated)
    precision = (cross <= reach(real, k)[:, None]).any(dim=0).to(real).mean()
    recall = (cross <= reach(generated, k)).any(dim=1).to(real).mean()
    return 2 * precision * recall / (precision + recall).clamp(min=1e-12)


# bits_per_dimension


def bits_parts(model, x_start, t, noise, schedule, predicts="noise", clip_start=False):
    """x_t, the exact mean and variance, the model's mean."""
    x_t = q_sample(x_start, t, noise, schedule)
    mean, exact_variance = q_posterior(x_start, x_t, t, schedule)
    return x_t, mean, exact_variance, p_mean(model, x_t, t, schedule, predicts, clip_start)


@right("bits_per_dimension", "both for all rows, chosen by torch.where")
def bits_where(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start: bool = False) -> Tensor:
    x_t, mean, exact, model_mean = bits_parts(model, x_start, t, noise, schedule, predicts, clip_start)
    ours = extract(variance, t, x_t.shape)
    kl = kl_between_gaussians(mean, exact, model_mean, ours)
    last = -bin_log_probability(x_start, model_mean, ours.expand_as(x_start))
    nats = torch.where((t == 0)[:, None, None, None], last, kl)
    return nats.mean(dim=(1, 2, 3)) / math.log(2)


@right("bits_per_dimension", "row by row, the model asked once")
def bits_rows(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    _, mean, exact, model_mean = bits_parts(model, x_start, t, noise, schedule, predicts, clip_start)
    costs = []
    for i, step in enumerate(t.tolist()):
        ours = variance[step].to(x_start).expand_as(x_start[i])
        if step == 0:
            nats = -bin_log_probability(x_start[i], model_mean[i], ours)
        else:
            nats = kl_between_gaussians(mean[i], exact[i], model_mean[i], ours)
        costs.append(nats.mean() / math.log(2))
    return torch.stack(costs)


@right("bits_per_dimension", "the parts of the KL from the error of x_0, in float64")
def bits_from_start_error(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    x_t = q_sample(x_start, t, noise, schedule)
    start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        start = torch.clip(start, -1, 1)
    ours = variance.double()[t]
    exact = schedule.posterior_variance.double()[t].clamp(min=1e-30)  # 0 at t = 0, where it is not used
    error = (x_start - start).double().flatten(1).square().mean(dim=1)
    weight = schedule.posterior_mean_coef1.double()[t].square() / (2 * ours)
    kl = weight * error + 0.5 * (torch.log(ours / exact) + exact / ours - 1)
    mean, _ = q_posterior(start, x_t, t, schedule)
    first = bin_log_probability(x_start, mean, extract(variance, t, x_t.shape).expand_as(mean))
    kl = torch.where(t == 0, -first.flatten(1).mean(dim=1).double(), kl)
    return kl.div(math.log(2)).to(x_start.dtype)


@right("bits_per_dimension", "the rows of t = 0 and the others apart, torch.distributions, einops")
def bits_by_distributions(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    _, mean, exact, model_mean = bits_parts(model, x_start, t, noise, schedule, predicts, clip_start)
    ours = extract(variance, t, x_start.shape).expand_as(x_start)
    nats, end = torch.empty_like(x_start), t == 0
    nats[end] = -bin_log_probability(x_start[end], model_mean[end], ours[end])
    q = torch.distributions.Normal(mean[~end], exact[~end].sqrt().expand_as(mean[~end]))
    p = torch.distributions.Normal(model_mean[~end], ours[~end].sqrt())
    nats[~end] = torch.distributions.kl_divergence(q, p)
    return reduce(nats / np.log(2), "b c h w -> b", "mean")


@right("bits_per_dimension", "chapter 06's step_kl, with a model that says the clipped x_0")
def bits_by_step_kl(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    def start_model(x_t, steps):
        start = predict_start(model(x_t, steps), x_t, steps, schedule, predicts)
        return start.clamp(-1, 1) if clip_start else start

    kl = step_kl(start_model, x_start, t, noise, schedule, variance, "start")
    x_t = q_sample(x_start, t, noise, schedule)
    mean = p_mean(start_model, x_t, t, schedule, "start")
    first = bin_log_probability(x_start, mean, variance[t].reshape(-1, 1, 1, 1))
    is_first = (t == 0).reshape(-1, 1, 1, 1)
    return torch.where(is_first, first.neg(), kl).mean([1, 2, 3]) * math.log2(math.e)


def bits_with(kl=kl_between_gaussians, last=bin_log_probability, finish=None):
    """`bits_where` with other parts."""

    def bits(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
        x_t, mean, exact, model_mean = bits_parts(model, x_start, t, noise, schedule, predicts, clip_start)
        ours = extract(variance, t, x_t.shape)
        first = -last(x_start, model_mean, ours.expand_as(x_start))
        nats = torch.where((t == 0).reshape(-1, 1, 1, 1), first, kl(mean, exact, model_mean, ours))
        return finish(nats) if finish else nats.mean(dim=(1, 2, 3)) / math.log(2)

    return bits


@wrong("bits_per_dimension", "nats, not bits")
def bits_in_nats(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    bits = bits_with(finish=lambda nats: nats.mean(dim=(1, 2, 3)))
    return bits(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "times log 2, not divided by it")
def bits_times_log2(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    bits = bits_with(finish=lambda nats: nats.mean(dim=(1, 2, 3)) * math.log(2))
    return bits(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "the sum over the image: bits for an image")
def bits_of_image(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    bits = bits_with(finish=lambda nats: nats.sum(dim=(1, 2, 3)) / math.log(2))
    return bits(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "bits for a pixel: the channels are summed")
def bits_of_pixel(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    bits = bits_with(finish=lambda nats: nats.sum(dim=1).mean(dim=(1, 2)) / math.log(2))
    return bits(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "the mean over the batch, too: a scalar")
def bits_of_batch(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    bits = bits_with(finish=lambda nats: nats.mean() / math.log(2))
    return bits(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "one number for each pixel: no mean")
def bits_elementwise(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    bits = bits_with(finish=lambda nats: nats / math.log(2))
    return bits(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "always divided by 28 * 28, the size of our garments")
def bits_hard_coded_size(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    bits = bits_with(finish=lambda nats: nats.flatten(1).sum(dim=1) / (28 * 28 * math.log(2)))
    return bits(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "the KL the other way round")
def bits_kl_reversed(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    def reversed_kl(mean, exact, model_mean, ours):
        return kl_between_gaussians(model_mean, ours, mean, exact)

    return bits_with(reversed_kl)(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "standard deviations where the KL wants variances")
def bits_kl_of_roots(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    def root_kl(mean, exact, model_mean, ours):
        return kl_between_gaussians(mean, exact.sqrt(), model_mean, ours.sqrt())

    return bits_with(root_kl)(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "only the means' part of the KL: the variances are taken as equal")
def bits_only_means(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    def mean_part(mean, exact, model_mean, ours):
        return (mean - model_mean) ** 2 / (2 * ours)

    return bits_with(mean_part)(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "a slip in the KL: the half is missing")
def bits_kl_without_half(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    def double_kl(*parts):
        return 2 * kl_between_gaussians(*parts)

    return bits_with(double_kl)(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "a sign at t = 0: the log-probability itself")
def bits_sign_at_zero(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    bits = bits_with(last=lambda *parts: -bin_log_probability(*parts))
    return bits(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "at t = 0 the density, which chapter 06 has, not the probability of the grey level")
def bits_density_at_zero(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    bits = bits_with(last=lambda x, mean, ours: -((2 * math.pi * ours).log() + (x - mean) ** 2 / ours) / 2)
    return bits(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "the root of the variance for the grey levels")
def bits_root_at_zero(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    bits = bits_with(last=lambda x, mean, ours: bin_log_probability(x, mean, ours.sqrt()))
    return bits(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "x_0 and the mean exchanged for the grey levels")
def bits_exchanged_at_zero(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    bits = bits_with(last=lambda x, mean, ours: bin_log_probability(mean, x, ours))
    return bits(model, x_start, t, noise, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "the KL at t = 0, too, which is infinite there")
def bits_kl_everywhere(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    x_t, mean, exact, model_mean = bits_parts(model, x_start, t, noise, schedule, predicts, clip_start)
    kl = kl_between_gaussians(mean, exact, model_mean, extract(variance, t, x_t.shape))
    return kl.mean(dim=(1, 2, 3)) / math.log(2)


@wrong("bits_per_dimension", "the grey levels' probability at every t")
def bits_levels_everywhere(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    x_t, _, _, model_mean = bits_parts(model, x_start, t, noise, schedule, predicts, clip_start)
    ours = extract(variance, t, x_t.shape).expand_as(x_t)
    return -bin_log_probability(x_start, model_mean, ours).mean(dim=(1, 2, 3)) / math.log(2)


@wrong("bits_per_dimension", "the first row's t decides for the whole batch")
def bits_first_row_decides(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    x_t, mean, exact, model_mean = bits_parts(model, x_start, t, noise, schedule, predicts, clip_start)
    ours = extract(variance, t, x_t.shape)
    if t[0] == 0:
        nats = -bin_log_probability(x_start, model_mean, ours.expand_as(x_t))
    else:
        nats = kl_between_gaussians(mean, exact, model_mean, ours)
    return nats.mean(dim=(1, 2, 3)) / math.log(2)


@wrong("bits_per_dimension", "t = 1 counts as the last step, as in the paper")
def bits_counts_from_one(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    x_t, mean, exact, model_mean = bits_parts(model, x_start, t, noise, schedule, predicts, clip_start)
    ours = extract(variance, t, x_t.shape)
    last = -bin_log_probability(x_start, model_mean, ours.expand_as(x_t))
    nats = torch.where((t <= 1).reshape(-1, 1, 1, 1), last, kl_between_gaussians(mean, exact, model_mean, ours))
    return nats.mean(dim=(1, 2, 3)) / math.log(2)


@wrong("bits_per_dimension", "our variance is ignored: always beta-tilde")
def bits_posterior_variance(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    table = schedule.posterior_variance.clone()
    table[0] = variance[0]
    return bits_with()(model, x_start, t, noise, schedule, table, predicts, clip_start)


@wrong("bits_per_dimension", "our variance is ignored: always beta")
def bits_beta(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    return bits_with()(model, x_start, t, noise, schedule, schedule.betas, predicts, clip_start)


@wrong("bits_per_dimension", "variance[t] is not shaped for images")
def bits_unshaped_variance(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    _, mean, exact, model_mean = bits_parts(model, x_start, t, noise, schedule, predicts, clip_start)
    kl = kl_between_gaussians(mean, exact, model_mean, variance[t])
    last = -bin_log_probability(x_start, model_mean, variance[t].expand_as(x_start))
    nats = torch.where((t == 0)[:, None, None, None], last, kl)
    return nats.mean(dim=(1, 2, 3)) / math.log(2)


@wrong("bits_per_dimension", "clip_start is not passed on")
def bits_without_clip(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    return bits_with()(model, x_start, t, noise, schedule, variance, predicts)


@wrong("bits_per_dimension", "predicts is not passed on")
def bits_noise_only(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    return bits_with()(model, x_start, t, noise, schedule, variance, clip_start=clip_start)


@wrong("bits_per_dimension", "predicts and clip_start come in the wrong order: every x_0 is clipped")
def bits_always_clipped(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    return bits_with()(model, x_start, t, noise, schedule, variance, predicts, True)


@wrong("bits_per_dimension", "the model sees x_0 without noise")
def bits_clean_input(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    mean, exact = q_posterior(x_start, x_start, t, schedule)
    model_mean = p_mean(model, x_start, t, schedule, predicts, clip_start)
    ours = extract(variance, t, x_start.shape)
    last = -bin_log_probability(x_start, model_mean, ours.expand_as(x_start))
    nats = torch.where((t == 0)[:, None, None, None], last, kl_between_gaussians(mean, exact, model_mean, ours))
    return nats.mean(dim=(1, 2, 3)) / math.log(2)


@wrong("bits_per_dimension", "the noise is drawn afresh")
def bits_fresh_noise(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    fresh = torch.randn_like(x_start)
    return bits_with()(model, x_start, t, fresh, schedule, variance, predicts, clip_start)


@wrong("bits_per_dimension", "the simple loss, in bits")
def bits_simple_loss(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    error = model(q_sample(x_start, t, noise, schedule), t) - noise
    return error.square().mean(dim=(1, 2, 3)) / math.log(2)


@wrong("bits_per_dimension", "chapter 06's terms as they are: continuous data, no clip")
def bits_of_chapter_six(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    kl = step_kl(model, x_start, t, noise, schedule, variance, predicts)
    last = last_step_loss(model, x_start, noise, schedule, variance, predicts)
    nats = torch.where((t == 0)[:, None, None, None], last, kl)
    return nats.mean(dim=(1, 2, 3)) / math.log(2)


@wrong("bits_per_dimension", "adds up the two costs, the KL without its infinity")
def bits_added(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    x_t, mean, exact, model_mean = bits_parts(model, x_start, t, noise, schedule, predicts, clip_start)
    ours = extract(variance, t, x_t.shape)
    kl = kl_between_gaussians(mean, exact.clamp(min=1e-20), model_mean, ours)
    last = -bin_log_probability(x_start, model_mean, ours.expand_as(x_t))
    return (kl + last).mean(dim=(1, 2, 3)) / math.log(2)


@wrong("bits_per_dimension", "a mask times infinity is NaN at t = 0")
def bits_mask_times_infinity(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    x_t, mean, exact, model_mean = bits_parts(model, x_start, t, noise, schedule, predicts, clip_start)
    ours, inner = extract(variance, t, x_t.shape), (t > 0).to(x_t).reshape(-1, 1, 1, 1)
    kl = kl_between_gaussians(mean, exact, model_mean, ours)
    last = -bin_log_probability(x_start, model_mean, ours.expand_as(x_t))
    return (inner * kl + (1 - inner) * last).mean(dim=(1, 2, 3)) / math.log(2)


@wrong("bits_per_dimension", "noises the caller's x_start in place, and compares with that")
def bits_in_place(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    x_t = x_start.mul_(extract(schedule.sqrt_alphas_cumprod, t, x_start.shape))
    x_t += extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape) * noise
    mean, exact = q_posterior(x_start, x_t, t, schedule)
    model_mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    ours = extract(variance, t, x_t.shape)
    last = -bin_log_probability(x_start, model_mean, ours.expand_as(x_t))
    nats = torch.where((t == 0)[:, None, None, None], last, kl_between_gaussians(mean, exact, model_mean, ours))
    return nats.mean(dim=(1, 2, 3)) / math.log(2)


@wrong("bits_per_dimension", "scales the caller's noise in place; the numbers are right")
def bits_scales_noise(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    noise *= extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    x_t = signal * x_start + noise
    mean, exact = q_posterior(x_start, x_t, t, schedule)
    model_mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    ours = extract(variance, t, x_t.shape)
    last = -bin_log_probability(x_start, model_mean, ours.expand_as(x_t))
    nats = torch.where((t == 0)[:, None, None, None], last, kl_between_gaussians(mean, exact, model_mean, ours))
    return nats.mean(dim=(1, 2, 3)) / math.log(2)
