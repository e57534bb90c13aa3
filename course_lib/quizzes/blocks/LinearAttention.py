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
    minutes=15,
    difficulty=3,
    importance=2,
    hints=(
        'Cut as in `Attention`, but leave the pixels last: "... -> three b heads d (h w)". Two softmaxes: q over its '
        "features, k over the pixels.",
        'q gets `self.scale` as well, after its softmax. Then k and v first: einsum "b h d n, b h e n -> b h d e", '
        "summed over all pixels.",
        'Last: einsum "b h d e, b h d n -> b h e n" with q, back with "b heads d (h w) -> b (heads d) h w", and '
        "`to_out`.",
    ),
)


# What can go wrong on the way in and back ...

LinearAttention.edits(
    linear_queries_and_keys_swapped=(
        "q, k, v = -> k, q, v =",
        "Queries and keys have changed places. Which comes first out of `to_qkv`?",
    ),
    linear_keys_and_values_swapped=(
        "q, k, v = -> q, v, k =",
        "Keys and values have changed places: the softmax over the pixels is that of what should be passed on.",
    ),
    linear_heads_mixed_up=(
        "(three heads d) -> (three d heads)",
        "Heads and features are mixed up in the channels. A head's features lie side by side.",
    ),
    linear_three_innermost=(
        "(three heads d) -> (heads d three)",
        "Every third channel goes to q. All of q comes first: what has to stand first in the brackets?",
    ),
    linear_heads_before_three=(
        "(three heads d) -> (heads three d)",
        "q, k and v of a head are taken from neighbouring channels, but the first third of all channels is q, for all "
        "heads.",
    ),
    linear_one_head=(
        "heads=self.heads -> heads=1",
        "One large head instead of `self.heads` small ones. Each head has its own small matrix.",
    ),
    linear_cut_in_columns=(
        "three b heads d (h w) -> three b heads d (w h)",
        "On the way in the pixels are counted down the columns, and on the way back along the rows.",
    ),
    linear_joined_wrong=(
        "b (heads d) -> b (d heads)",
        "The heads come back one feature of each in turn. Which stands outside in `(heads d)`?",
    ),
    linear_rows_and_columns=(
        'out, "b heads d (h w) -> out, "b heads d (w h)',
        "Rows and columns are mixed up on the way back: the pixels were counted as `(h w)`.",
    ),
    linear_height_and_width_swapped=(
        "h=height, w=width -> h=width, w=height",
        "The picture comes back with height and width swapped. Which one is the last axis?",
    ),
    linear_no_way_out=(
        "return self.to_out( -> return (",
        "`to_out` is missing: the heads stand side by side, and nothing mixes them or gives `dim` channels.",
    ),
    linear_without_the_last_norm=(
        "return self.to_out( -> return self.to_out[0](",
        "The norm at the end is missing: `to_out` is a convolution and a norm. What calls both?",
    ),
    linear_adds_x=(
        "return -> return x +",
        "The input is added at the end, and `Residual`, which wraps this block, adds it once more.",
    ),
)


# ... and with the two softmaxes and the small matrix

SOFTMAXES = "q, k = q.softmax(dim=-2) * self.scale, k.softmax(dim=-1)"

LinearAttention.edits(
    linear_without_scale=(
        "* self.scale ->",
        "The scale is missing. After its softmax q is multiplied by `self.scale`.",
    ),
    linear_divided_by_the_scale=(
        "* self.scale -> / self.scale",
        "q has grown by the root of d: `self.scale` is 1 / sqrt(d) already. Is q to become larger or smaller?",
    ),
    linear_scaled_twice=(
        "* self.scale -> * self.scale**2",
        "Scaled twice: the result of q and k together is divided by d. One root of d is enough.",
    ),
    divided_by_the_pixels=(
        "* self.scale -> * self.scale / (height * width)",
        "Divided by the number of pixels as well. k's softmax already makes a mean of the sum over them: how large is "
        "the sum of its weights?",
    ),
    linear_scaled_before=(
        "q.softmax(dim=-2) * self.scale -> (q * self.scale).softmax(dim=-2)",
        "The scale comes before q's softmax. There it changes how sharp q is; where does the definition put it?",
    ),
    q_over_pixels=(
        "q.softmax(dim=-2) -> q.softmax(dim=-1)",
        "q's softmax runs over the pixels. Each pixel asks for itself: over which axis should its own question add up "
        "to 1?",
    ),
    q_over_heads=(
        "q.softmax(dim=-2) -> q.softmax(dim=1)",
        "q's softmax runs over the heads, so these compete. Over what should a question add up to 1?",
    ),
    q_over_all_features=(
        "q.softmax(dim=-2) -> q.flatten(1, 2).softmax(dim=1).view_as(q)",
        "q's softmax runs over the features of all heads together. Each head has a softmax of its own.",
    ),
    k_over_features=(
        "k.softmax(dim=-1) -> k.softmax(dim=-2)",
        "k's softmax runs over the features. It has to share out one unit of attention among the pixels: which axis?",
    ),
    softmaxes_swapped=(
        "q.softmax(dim=-2) -> q.softmax(dim=-1)",
        "k.softmax(dim=-1) -> k.softmax(dim=-2)",
        "The two softmaxes have changed axes: which runs over the features, which over the pixels?",
    ),
    k_without_softmax=(
        "k.softmax(dim=-1) -> k",
        "k has no softmax, so the sum over the pixels grows with their number.",
    ),
    q_without_softmax=("q.softmax(dim=-2) -> q", "q has no softmax: its weights can be negative."),
    neither_softmax=(
        "q.softmax(dim=-2) -> q",
        "k.softmax(dim=-1) -> k",
        "There is no softmax at all: weights can be negative and add up to anything. Which two stand in for the one "
        "between?",
    ),
    elu_features=(
        f"{SOFTMAXES} -> q, k = nn.functional.elu(q) + 1, nn.functional.elu(k) + 1; "
        "q = q / (q * k.sum(-1, keepdim=True)).sum(-2, keepdim=True)",
        "That is another linear attention, with elu + 1 in the place of the softmaxes (2006.16236). Here q and k go "
        "through softmaxes.",
    ),
    # an edit that ends with # leaves out the rest of the line
    the_quadratic_one=(
        f"{SOFTMAXES} -> weights = (q.mT @ k * self.scale).softmax(dim=-1)",
        "out = torch.einsum( -> out = v @ weights.mT  #",
        "That is the softmax attention from before, with all pairs of pixels. Here k and v meet first, and no n by n "
        "matrix is made.",
    ),
    context_transposed=(
        "context, q) -> context.mT, q)",
        "The small matrix is used the wrong way round: q meets the features of v, and what comes out are those of k. "
        "Which of d and e is summed away?",
    ),
)


@LinearAttention.alternative("Pixels look at pixels first: the same numbers, at the quadratic price.")
def the_slow_way(self, x):
    q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
    weights = self.scale * q.softmax(dim=-1) @ k.softmax(dim=-2).mT
    return self.to_out(rearrange(weights @ v, "b heads (h w) d -> b (heads d) h w", h=x.shape[2]))


@LinearAttention.alternative("Rows and columns stay two axes; only k's softmax needs them as one.")
def with_einsum_over_the_map(self, x):
    q, k, v = rearrange(self.to_qkv(x), "b (three n d) h w -> three b n d h w", three=3, n=self.heads)
    k = k.flatten(-2).softmax(-1).view_as(k)
    context = einsum(k, v, "b n d h w, b n e h w -> b n d e")
    return self.to_out(einsum(q.softmax(2) * self.scale, context, "b n d h w, b n d e -> b n e h w").flatten(1, 2))


@LinearAttention.alternative("One head after the other, as matrix products.")
def linear_head_by_head(self, x):
    q, k, v = self.to_qkv(x).flatten(2).chunk(3, dim=1)  # (B, heads d, H W)
    out = []
    for a, b, c in zip(q.chunk(self.heads, 1), k.chunk(self.heads, 1), v.chunk(self.heads, 1), strict=True):
        out.append(c @ b.softmax(-1).transpose(1, 2) @ a.softmax(1) * self.scale)
    return self.to_out(torch.cat(out, dim=1).view(len(x), -1, *x.shape[2:]))
