"""Quiz `Attention` of chapter 07."""

import torch
from einops import einsum, rearrange
from torch.nn import functional

from course_lib import blocks
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.blocks.shared import maps_to_attend

Attention = Quiz(
    blocks.Attention,
    cases=maps_to_attend,
    points=5,
    minutes=25,
    difficulty=4,
    importance=5,
    hints=(
        "Three views of every pixel come out of `to_qkv`: cut its channels into (three heads d), and let the pixels "
        "(h w) be one axis.",
        'Scores: einsum "b h i d, b h j d -> b h i j", times `self.scale`, and a softmax over j, the pixels that are '
        "looked at.",
        'Then einsum "b h i j, b h j d -> b h i d" with v, back with "b heads (h w) d -> b (heads d) h w", and '
        "`to_out`.",
    ),
)


# What can go wrong with the weights ...

LATER = "torch.ones(height * width, height * width, device=x.device).triu(1).bool()"  # the pixels j behind i

Attention.edits(
    no_scale=(
        "* self.scale ->",
        "The scores are not scaled: a sum of d products grows with d, and the softmax becomes all or nothing. What is "
        "`self.scale` for?",
    ),
    divided_by_d=(
        "* self.scale -> * self.scale**2",
        "Divided by d. A sum of d random products has a standard deviation of how much?",
    ),
    divided_by_the_scale=(
        "* self.scale -> / self.scale",
        "The scores have grown by the root of d. They should shrink by it: `self.scale` is 1 / sqrt(d) already.",
    ),
    scaled_by_the_width=(
        "* self.scale -> * x.shape[1] ** -0.5",
        "The scores are divided by the root of the picture's channels. Each is a sum over the d features of one head: "
        "which attribute knows that d?",
    ),
    softmax_over_the_lookers=(
        "softmax(dim=-1) -> softmax(dim=-2)",
        "The softmax runs over the pixels that look (i). For each of those the weights of what it looks *at* should "
        "add up to 1: which axis is that?",
    ),
    softmax_over_heads=(
        "softmax(dim=-1) -> softmax(dim=1)",
        "The softmax runs over the heads, so these compete. Over what should the weights add up to 1?",
    ),
    no_softmax=(
        ".softmax(dim=-1) ->",
        "There is no softmax: the weights can be negative and add up to anything.",
    ),
    scaled_after_softmax=(
        "* self.scale).softmax(dim=-1) -> ).softmax(dim=-1) * self.scale",
        "Softmax first, scale afterwards: the weights no longer add up to 1.",
    ),
    causal=(
        f"* self.scale).softmax -> * self.scale).masked_fill({LATER}, -torch.inf).softmax",
        "No pixel sees those behind it: a causal mask, as in language models. In a picture all look at all.",
    ),
    weights_transposed=(
        "weights, v) -> weights.mT, v)",
        "The weights lie on their side: the values are summed over i, the pixels that look. Which index is summed away "
        "in out_i?",
    ),
    summed_one_by_one=(
        "b h i d, b h j d -> b h i d, b h j e",
        "Each score is a sum over q times a sum over k. It should be the sum of the products: what do the two have in "
        "common?",
    ),
    across_the_batch=(
        "three b heads (h w) d -> three 1 heads (b h w) d",
        'out, "b heads (h w) d -> out, "1 heads (b h w) d',
        "h=height -> b=len(x), h=height",
        "The pixels look at those of the other pictures, too. Which axis keeps the pictures apart?",
    ),
    features_look_at_features=(
        "b h i d, b h j d -> b h d i, b h d j",
        "b h i j, b h j d -> b h d j, b h i j",
        "Here features look at features, over all pixels. Pixels should look at pixels: which index is summed away in "
        "the scores?",
    ),
    features_look_from_behind=(
        "b h i d, b h j d -> b h d i, b h d j",
        "b h i j, b h j d -> b h j d, b h i j",
        "The weights say how much a feature looks at a feature, and they are used the other way round. Between what "
        "and what should a weight stand?",
    ),
)

# ... with the way in ...

Attention.edits(
    queries_and_keys_swapped=(
        "q, k, v = -> k, q, v =",
        "Queries and keys have changed places: pixel i gets what others seek in it, not what it seeks. Which comes "
        "first out of `to_qkv`?",
    ),
    keys_and_values_swapped=(
        "q, k, v = -> q, v, k =",
        "Keys and values have changed places. In which order does `to_qkv` give its three parts?",
    ),
    queries_and_values_swapped=(
        "q, k, v = -> v, k, q =",
        "Queries and values have changed places. Which third of the channels is passed on?",
    ),
    keys_as_values=(
        "weights, v) -> weights, k)",
        "The weights are applied to the keys. Which of the three says what a pixel passes on?",
    ),
    heads_mixed_up=(
        "(three heads d) -> (three d heads)",
        "Heads and features are mixed up in the channels: `(three heads d)` and `(three d heads)` are not the same "
        "order. A head's features lie next to each other.",
    ),
    three_innermost=(
        "(three heads d) -> (heads d three)",
        "q, k and v are taken from every third channel. The first third is q: where does `three` stand "
        "in the brackets?",
    ),
    heads_before_three=(
        "(three heads d) -> (heads three d)",
        "Each head takes its q, k and v from one stretch of channels. `to_qkv` gives all of q, then all of k, then all "
        "of v.",
    ),
    one_head=(
        "heads=self.heads -> heads=1",
        "One large head instead of `self.heads` small ones: all features enter one softmax.",
    ),
    cut_in_columns=(
        "three b heads (h w) d -> three b heads (w h) d",
        "On the way in the pixels are counted down the columns, `(w h)`, and on the way back along the rows.",
    ),
    # an edit that ends with # leaves out the rest of the line
    cut_without_transposing=(
        "rearrange(self.to_qkv(x), -> self.to_qkv(x).reshape(len(x), 3, self.heads, height * width, -1).unbind(1)  #",
        "On the way in pixels are read where features lie: `view` and `reshape` only count on, and the pixels come "
        "last in memory. What has to change places first?",
    ),
)

# ... and with the way back

Attention.edits(
    joined_without_transposing=(
        "rearrange(out, -> out.reshape(len(x), -1, height, width))  #",
        "On the way back features and pixels are mixed: `reshape` changes no order. Which axis has to come before "
        "`(h w)`?",
    ),
    never_transposed=(
        "rearrange(self.to_qkv(x), -> self.to_qkv(x).reshape(len(x), 3, self.heads, height * width, -1).unbind(1)  #",
        "rearrange(out, -> out.reshape(len(x), -1, height, width))  #",
        "Neither on the way in nor on the way back do pixels and features change places: `reshape` keeps the order in "
        "memory.",
    ),
    joined_wrong=(
        "b (heads d) -> b (d heads)",
        "On the way back heads and features have changed places. In which order were the channels cut?",
    ),
    rows_and_columns_mixed_up=(
        'out, "b heads (h w) d -> out, "b heads (w h) d',
        "On the way back rows and columns are mixed up: `(h w)` and `(w h)` count the pixels differently.",
    ),
    height_and_width_swapped=(
        "h=height, w=width -> h=width, w=height",
        "Height and width have changed places in the result. Which of the two is `x.shape[-1]`?",
    ),
    no_way_out=(
        "return self.to_out( -> return (",
        "The last step is missing: heads side by side are not yet mixed, and the width is not `dim`.",
    ),
    attention_adds_x=(
        "return -> return x +",
        "The input is added. `Residual` wraps this block and does just that: how often would it be added?",
    ),
)


@Attention.alternative("torch has the whole formula as one function, which scales by itself.")
def torchs_own(self, x):
    b, _, h, w = x.shape
    q, k, v = self.to_qkv(x).view(b, 3, self.heads, -1, h * w).transpose(-1, -2).unbind(1)
    out = functional.scaled_dot_product_attention(q, k, v)
    return self.to_out(out.transpose(-1, -2).reshape(b, -1, h, w))


@Attention.alternative("Rows and columns stay two axes each; only the softmax needs them as one.")
def with_einsum_over_rows_and_columns(self, x):
    q, k, v = rearrange(self.to_qkv(x), "b (three n d) h w -> three b n d h w", three=3, n=self.heads)
    scores = einsum(q * self.scale, k, "b n d h w, b n d y x -> b n h w y x")
    weights = scores.flatten(-2).softmax(-1).view_as(scores)
    return self.to_out(einsum(weights, v, "b n h w y x, b n d y x -> b n d h w").flatten(1, 2))


@Attention.alternative("One head after the other, with a softmax written out.")
def head_by_head(self, x):
    q, k, v = self.to_qkv(x).flatten(2).chunk(3, dim=1)  # (B, heads d, H W)
    out = []
    for a, b, c in zip(q.chunk(self.heads, 1), k.chunk(self.heads, 1), v.chunk(self.heads, 1), strict=True):
        scores = torch.exp(a.transpose(1, 2) @ b * self.scale)
        out.append(c @ (scores / scores.sum(-1, keepdim=True)).transpose(1, 2))
    return self.to_out(torch.cat(out, dim=1).unflatten(2, x.shape[2:]))
