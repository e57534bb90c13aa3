"""Quiz `frechet_distance` of chapter 11."""

import torch
from torch import Tensor

from course_lib import evaluation
from course_lib.checker.quiz import Quiz


def pairs_of_gaussians(g: torch.Generator) -> list[tuple]:
    """Covariances that do not commute; one dimension; one covariance twice; one Gaussian twice; one singular each.

    In the last two, two features are always alike. So an eigenvalue is 0, and as after rounding it is slightly below.
    """

    def draw(d: int) -> tuple[Tensor, Tensor]:
        root = torch.randn(d, d, generator=g, dtype=torch.float64)
        covariance = root @ root.T / d + 0.2 * torch.eye(d, dtype=torch.float64)
        return torch.randn(d, generator=g, dtype=torch.float64), covariance

    alike = torch.tensor([0.5, 0.5]).double(), torch.full((2, 2), 0.75).double() + 1e-9 * (1 - torch.eye(2)).double()
    mean, covariance = draw(4)
    same = draw(3)
    return [
        (*draw(5), *draw(5)),
        (*draw(3), *draw(3)),
        (*draw(1), *draw(1)),
        (mean, covariance, draw(4)[0], covariance),
        (*same, *same),
        (*alike, *draw(2)),
        (*draw(2), *alike),
    ]


frechet_distance = Quiz(
    evaluation.frechet_distance,
    cases=pairs_of_gaussians,
    points=3,
    minutes=12,
    difficulty=3,
    importance=5,
    hints=(
        "Three parts: the squared distance of the means, the two traces, and twice the trace of a matrix root. "
        "In one dimension it is (m1 - m2)² + (s1 - s2)².",
        "A trace is the sum of the eigenvalues. So you need the roots of the eigenvalues of C1 C2, and the symmetric "
        "C1^(1/2) C2 C1^(1/2) has the same ones.",
        "values, vectors = torch.linalg.eigh(covariance1); root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T; "
        "overlap = torch.linalg.eigvalsh(root @ covariance2 @ root).clamp(min=0).sqrt().sum()",
    ),
    atol=1e-4,
)

OVERLAP = "torch.linalg.eigvalsh(root @ covariance2 @ root).clamp(min=0).sqrt().sum()"
MEANS = "(mean1 - mean2).square().sum()"
TRACES = "covariance1.trace() + covariance2.trace()"

# The means
frechet_distance.edits(
    means_not_squared=(
        f"{MEANS} -> (mean1 - mean2).norm()",
        "The distance of the means comes in without its square. Only the squared one has the unit of a variance.",
    ),
    means_left_out=(
        f"{MEANS} + ->",
        "The means make no difference. Two clouds of one shape that lie apart should have a distance.",
    ),
    means_averaged=(
        "(mean1 - mean2).square().sum() -> (mean1 - mean2).square().mean()",
        "The squared differences of the means are averaged over the features. |m1 - m2|² is their sum.",
    ),
    means_absolute=(
        "(mean1 - mean2).square().sum() -> (mean1 - mean2).abs().sum()",
        "The absolute differences of the means are added up. |m1 - m2|² is a sum of squares.",
    ),
    means_summed_first=(
        "(mean1 - mean2).square().sum() -> (mean1 - mean2).sum().square()",
        "The differences of the means are summed before they are squared, so that they cancel. Which comes first?",
    ),
    one_number_per_feature=(
        "(mean1 - mean2).square().sum() -> (mean1 - mean2).square()",
        "The squared differences of the means are not summed, so the result has d numbers. A distance is one.",
    ),
)

# The traces and their signs
frechet_distance.edits(
    overlap_once=(
        "2 * overlap -> overlap",
        "The trace of the root is subtracted once. A Gaussian has distance 0 from itself: how often does it take?",
    ),
    overlap_left_out=(
        "- 2 * overlap ->",
        "Nothing is subtracted from the two traces. A Gaussian should have distance 0 from itself.",
    ),
    overlap_added=(
        "- 2 * overlap -> + 2 * overlap",
        "The trace of the root is added. A Gaussian has distance 0 from itself: with which sign?",
    ),
    second_trace_forgotten=(
        "+ covariance2.trace() ->",
        "The trace of the second covariance is missing. The distance from 1 to 2 is that from 2 to 1.",
    ),
    first_trace_forgotten=(
        "covariance1.trace() + ->",
        "The trace of the first covariance is missing. The distance from 1 to 2 is that from 2 to 1.",
    ),
    only_the_means=(
        f"+ {TRACES} - 2 * overlap ->",
        "Only the means are compared. Clouds of different shape can have one mean: where do the covariances come in?",
    ),
    all_entries_summed=(
        f"{TRACES} -> covariance1.sum() + covariance2.sum()",
        "All entries of the covariances are added up. The trace is the sum of the diagonal.",
    ),
    determinants=(
        f"{TRACES} -> covariance1.det() + covariance2.det()",
        "The determinants stand where the traces should: the product of the eigenvalues instead of their sum.",
    ),
    root_of_all=(
        f"return {MEANS} + {TRACES} - 2 * overlap -> return ({MEANS} + {TRACES} - 2 * overlap).clamp(min=0).sqrt()",
        "This is the root of what is asked. FID is the squared distance, without a root at the end.",
    ),
    divided_by_the_features=(
        f"return {MEANS} + {TRACES} - 2 * overlap -> return ({MEANS} + {TRACES} - 2 * overlap) / len(mean1)",
        "The distance is divided by the number of features. It is a sum over them, not a mean.",
    ),
)

# The root
frechet_distance.edits(
    no_root=(
        f"{OVERLAP} -> (covariance1 @ covariance2).trace()",
        "The trace of C1 C2 comes in without a root. In one dimension there should be s1 s2, not its square.",
    ),
    root_of_the_trace=(
        f"{OVERLAP} -> (covariance1 @ covariance2).trace().sqrt()",
        "The root of a sum is not the sum of the roots. Take the root of each eigenvalue of C1 C2, then add them.",
    ),
    root_of_every_entry=(
        f"{OVERLAP} -> (covariance1 @ covariance2).sqrt().trace()",
        "The root is taken of each entry of C1 C2. A matrix root is another thing: R with R @ R = C1 C2.",
    ),
    only_the_diagonals=(
        f"{OVERLAP} -> (covariance1.diagonal() * covariance2.diagonal()).sqrt().sum()",
        "Only the diagonals of the two covariances count, as if the features were independent. "
        "The product C1 C2 is one of matrices.",
    ),
    product_of_the_roots=(
        f"{OVERLAP} -> (values := torch.linalg.eigh(covariance2)) and "
        "(root @ (values[1] * values[0].clamp(min=0).sqrt()) @ values[1].T).trace()",
        "C1^(1/2) C2^(1/2) is the root of C1 C2 only if the two commute. "
        "Put C2 between two roots of C1, and take the root of that.",
    ),
    eigenvalues_paired_by_size=(
        f"{OVERLAP} -> (values.clamp(min=0) * torch.linalg.eigvalsh(covariance2).clamp(min=0)).sqrt().sum()",
        "The eigenvalues of C1 and C2 are multiplied in order of size, whatever their directions. "
        "Asked are those of the product.",
    ),
    triangle_of_the_product=(
        f"{OVERLAP} -> torch.linalg.eigvalsh(covariance1 @ covariance2).clamp(min=0).sqrt().sum()",
        "`eigvalsh` reads one triangle of a matrix and takes it for symmetric. C1 C2 is not: "
        "which symmetric matrix has its eigenvalues?",
    ),
    singular_values_of_the_product=(
        f"{OVERLAP} -> torch.linalg.svdvals(covariance1 @ covariance2).sqrt().sum()",
        "These are roots of the singular values of C1 C2. It is not symmetric, so its eigenvalues are others.",
    ),
    root_of_one_covariance=(
        f"{OVERLAP} -> (root @ covariance2).trace()",
        "There is a root of C1, but none of C2. In one dimension there should be s1 s2.",
    ),
    covariances_added=(
        "root @ covariance2 @ root -> (covariance1 + covariance2) / 2",
        "The root is taken of the mean of the two covariances. It should be taken of their product.",
    ),
    vectors_on_the_wrong_side=(
        "(vectors * values.clamp(min=0).sqrt()) @ vectors.T -> (vectors.T * values.clamp(min=0).sqrt()) @ vectors",
        "The root of C1 has turned eigenvectors. `eigh` returns them as columns: is root @ root equal to C1?",
    ),
)

# What rounding does
frechet_distance.edits(
    first_root_of_a_negative=(
        "values.clamp(min=0).sqrt() -> values.sqrt()",
        "nan where the first covariance is singular: by rounding an eigenvalue of 0 can come out negative. "
        "What keeps it at 0?",
    ),
    second_root_of_a_negative=(
        "(root @ covariance2 @ root).clamp(min=0) -> (root @ covariance2 @ root)",
        "nan where the second covariance is singular: by rounding an eigenvalue of 0 can come out negative. "
        "What keeps it at 0?",
    ),
    both_roots_of_negatives=(
        "values.clamp(min=0).sqrt() -> values.sqrt()",
        "(root @ covariance2 @ root).clamp(min=0) -> (root @ covariance2 @ root)",
        "nan where one of the covariances is singular: an eigenvalue that should be 0 can come out slightly negative. "
        "What keeps it at 0?",
    ),
)


@frechet_distance.mistake(
    "Right until a covariance is singular: Cholesky's root needs eigenvalues above 0, and two features that are "
    "always alike have one of 0. `eigh` can do it."
)
def roots_by_cholesky(mean1, covariance1, mean2, covariance2):
    one, other = torch.linalg.cholesky(covariance1), torch.linalg.cholesky(covariance2)
    overlap = torch.linalg.svdvals(one.T @ other).sum()
    return (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - 2 * overlap


@frechet_distance.mistake(
    "The squared differences of the covariances are added up. "
    "That has the unit of a variance squared, and |m1 - m2|² that of a variance."
)
def covariances_as_if_they_were_means(mean1, covariance1, mean2, covariance2):
    return (mean1 - mean2).square().sum() + (covariance1 - covariance2).square().sum()


@frechet_distance.mistake(
    "That is the KL divergence of two Gaussians. It is not symmetric, and it has no root of C1 C2."
)
def kl_instead(mean1, covariance1, mean2, covariance2):
    inverse, apart = torch.linalg.inv(covariance2), mean2 - mean1
    logs = (covariance2.det() / covariance1.det()).log()
    return 0.5 * ((inverse @ covariance1).trace() + apart @ inverse @ apart - len(mean1) + logs)


@frechet_distance.alternative("The eigenvalues of C1 C2 itself, which `eigvals` returns as complex numbers.")
def complex_eigenvalues(mean1, covariance1, mean2, covariance2):
    roots = torch.linalg.eigvals(covariance1 @ covariance2).sqrt().real
    difference = mean1 - mean2
    return difference @ difference + torch.trace(covariance1 + covariance2) - 2 * roots.sum()


@frechet_distance.alternative(
    "Two roots by singular values; the trace is the sum of the singular values of their product."
)
def nuclear_norm(mean1, covariance1, mean2, covariance2):
    def root(covariance):
        u, s, vh = torch.linalg.svd(covariance)
        return u @ torch.diag(s.sqrt()) @ vh

    overlap = torch.linalg.matrix_norm(root(covariance1) @ root(covariance2), ord="nuc")
    return torch.sum((mean1 - mean2) ** 2) + covariance1.trace() + covariance2.trace() - 2 * overlap


@frechet_distance.alternative("The roots of both, as matrices, with C2's on the outside.")
def the_other_way_round(mean1, covariance1, mean2, covariance2):
    def root(covariance):
        values, vectors = torch.linalg.eigh(covariance)
        return vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.mT

    outside = root(covariance2)
    inside = root(outside @ covariance1 @ outside)
    return (mean2 - mean1).norm() ** 2 + (covariance1 + covariance2 - 2 * inside).diagonal().sum()
