"""Quiz `LinearAttention` of chapter 07."""

import torch
from einops import einsum, rearrange

from course_lib import blocks
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.blocks.shared import maps_to_attend

LinearAttention = Quiz(
    blocks.LinearAttention,
    cases=maps_to_attend,
    points=4,
    minutes=20,
    hints=(
        'Cut as in `Attention`, but leave the pixels last: "... -> three b heads d (h w)". Two softmaxes: q over its '
        "features, k over the pixels.",
        'q gets `self.scale` as well, after its softmax. Then k and v first: einsum "b h d n, b h e n -> b h d e", '
        "summed over all pixels.",
        'Last: einsum "b h d e, b h d n -> b h e n" with q, back with "b heads d (h w) -> b (heads d) h w", and '
        "`to_out`.",
    ),
)


FLAT = "b (three heads d) h w -> three b heads d (h w)"


def linearly_attended(self, x, cut=FLAT, join="b heads d (h w) -> b (heads d) h w", soft_q=-2, soft_k=-1, scale=None):
    """Linear attention with one thing changed; `soft_q` and `soft_k` are the axes of the softmaxes, or None."""
    q, k, v = rearrange(self.to_qkv(x), cut, three=3, heads=self.heads)
    q = (q if soft_q is None else q.softmax(soft_q)) * (self.scale if scale is None else scale)
    k = k if soft_k is None else k.softmax(soft_k)
    return self.to_out(rearrange(v @ k.transpose(-1, -2) @ q, join, h=x.shape[2], w=x.shape[3]))


@LinearAttention.mistake("The scale is missing. After its softmax q is multiplied by `self.scale`.")
def linear_without_scale(self, x):
    return linearly_attended(self, x, scale=1)


@LinearAttention.mistake("You divide by `self.scale`, which is already 1 / sqrt(d). Is q to become larger or smaller?")
def linear_divided_by_the_scale(self, x):
    return linearly_attended(self, x, scale=1 / self.scale)


@LinearAttention.mistake(
    "You also divide by the number of pixels. k's softmax already makes a mean of the sum over them: how large is the "
    "sum of its weights?"
)
def divided_by_the_pixels(self, x):
    return linearly_attended(self, x, scale=self.scale / x[0, 0].numel())


@LinearAttention.mistake(
    "The scale comes before q's softmax in yours. There it changes how sharp q is; where does the definition put it?"
)
def linear_scaled_before(self, x):
    q, k, v = rearrange(self.to_qkv(x), FLAT, three=3, heads=self.heads)
    q, k = (q * self.scale).softmax(-2), k.softmax(-1)
    return self.to_out(
        rearrange(v @ k.transpose(-1, -2) @ q, "b heads d (h w) -> b (heads d) h w", h=x.shape[2], w=x.shape[3])
    )


@LinearAttention.mistake(
    "q's softmax runs over the pixels. Each pixel asks for itself: over which axis should its own question add up to 1?"
)
def q_over_pixels(self, x):
    return linearly_attended(self, x, soft_q=-1)


@LinearAttention.mistake(
    "k's softmax runs over the features. It has to share out one unit of attention among the pixels: which axis?"
)
def k_over_features(self, x):
    return linearly_attended(self, x, soft_k=-2)


@LinearAttention.mistake("The two softmaxes have changed axes: which runs over the features, which over the pixels?")
def softmaxes_swapped(self, x):
    return linearly_attended(self, x, soft_q=-1, soft_k=-2)


@LinearAttention.mistake("k has no softmax, so the sum over the pixels grows with their number.")
def k_without_softmax(self, x):
    return linearly_attended(self, x, soft_k=None)


@LinearAttention.mistake("q has no softmax: its weights can be negative.")
def q_without_softmax(self, x):
    return linearly_attended(self, x, soft_q=None)


@LinearAttention.mistake(
    "There is no softmax at all: weights can be negative and add up to anything. Which two stand in for the one "
    "between?"
)
def neither_softmax(self, x):
    return linearly_attended(self, x, soft_q=None, soft_k=None)


@LinearAttention.mistake(
    "That is the softmax attention from before, with all pairs of pixels. Here k and v meet first, and no n by n "
    "matrix is made."
)
def the_quadratic_one(self, x):
    q, k, v = rearrange(self.to_qkv(x), FLAT, three=3, heads=self.heads)
    weights = (q.transpose(-1, -2) @ k * self.scale).softmax(-1)
    out = v @ weights.transpose(-1, -2)
    return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=x.shape[2]))


@LinearAttention.mistake(
    "The small matrix is used the wrong way round: q meets the features of k, and what comes out are those of v. "
    "Which of d and e is summed away?"
)
def context_transposed(self, x):
    q, k, v = rearrange(self.to_qkv(x), FLAT, three=3, heads=self.heads)
    q, k = q.softmax(-2) * self.scale, k.softmax(-1)
    return self.to_out(rearrange(k @ v.transpose(-1, -2) @ q, "b n d (h w) -> b (n d) h w", h=x.shape[2]))


@LinearAttention.mistake(
    "Heads and features are mixed up when you cut the channels. A head's features lie side by side."
)
def linear_heads_mixed_up(self, x):
    return linearly_attended(self, x, cut="b (three d heads) h w -> three b heads d (h w)")


@LinearAttention.mistake("Cut right, joined wrong: heads and features have changed places on the way back.")
def linear_joined_wrong(self, x):
    return linearly_attended(self, x, join="b heads d (h w) -> b (d heads) h w")


@LinearAttention.mistake("Rows and columns are mixed up on the way back: the pixels were counted as `(h w)`.")
def linear_rows_and_columns(self, x):
    return linearly_attended(self, x, join="b heads d (w h) -> b (heads d) h w")


@LinearAttention.mistake("The input is added at the end, and `Residual`, which wraps this block, adds it once more.")
def linear_adds_x(self, x):
    return linearly_attended(self, x) + x


@LinearAttention.alternative("")
def the_slow_way(self, x):
    """(softmax q) (softmax k)^T first: the same numbers at the quadratic price."""
    q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
    weights = self.scale * q.softmax(dim=-1) @ k.softmax(dim=-2).mT
    return self.to_out(rearrange(weights @ v, "b heads (h w) d -> b (heads d) h w", h=x.shape[2]))


@LinearAttention.alternative("")
def with_einsum_over_the_map(self, x):
    q, k, v = rearrange(self.to_qkv(x), "b (three n d) h w -> three b n d h w", three=3, n=self.heads)
    k = k.flatten(-2).softmax(-1).view_as(k)
    context = einsum(k, v, "b n d h w, b n e h w -> b n d e")
    return self.to_out(einsum(q.softmax(2) * self.scale, context, "b n d h w, b n d e -> b n e h w").flatten(1, 2))


@LinearAttention.alternative("")
def linear_head_by_head(self, x):
    q, k, v = self.to_qkv(x).flatten(2).chunk(3, dim=1)  # (B, heads d, H W)
    out = []
    for a, b, c in zip(q.chunk(self.heads, 1), k.chunk(self.heads, 1), v.chunk(self.heads, 1), strict=True):
        out.append(c @ b.softmax(-1).transpose(1, 2) @ a.softmax(1) * self.scale)
    return self.to_out(torch.cat(out, dim=1).view(len(x), -1, *x.shape[2:]))
