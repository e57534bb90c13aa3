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
    hints=(
        "Three views of every pixel come out of `to_qkv`: cut its channels into (three heads d), and let the pixels "
        "(h w) be one axis.",
        'Scores: einsum "b h i d, b h j d -> b h i j", times `self.scale`, and a softmax over j, the pixels that are '
        "looked at.",
        'Then einsum "b h i j, b h j d -> b h i d" with v, back with "b heads (h w) d -> b (heads d) h w", and '
        "`to_out`.",
    ),
)


CUT = "b (three heads d) h w -> three b heads (h w) d"


JOIN = "b heads (h w) d -> b (heads d) h w"


def attended(self, x, cut=CUT, join=JOIN, weigh=None, scale=None):
    """Attention with one thing changed; `weigh` makes weights from scaled scores."""
    q, k, v = rearrange(self.to_qkv(x), cut, three=3, heads=self.heads)
    scores = q @ k.transpose(-1, -2) * (self.scale if scale is None else scale)
    weights = weigh(scores) if weigh else scores.softmax(-1)
    return self.to_out(rearrange(weights @ v, join, h=x.shape[2], w=x.shape[3]))


@Attention.mistake(
    "The scores are not scaled: a sum of d products grows with d, and the softmax becomes all or nothing. What is "
    "`self.scale` for?"
)
def no_scale(self, x):
    return attended(self, x, scale=1)


@Attention.mistake("Divided by d. A sum of d random products has a standard deviation of how much?")
def divided_by_d(self, x):
    return attended(self, x, scale=self.scale**2)


@Attention.mistake("You divide by `self.scale`, which is already 1 / sqrt(d). The scores should become smaller.")
def divided_by_the_scale(self, x):
    return attended(self, x, scale=1 / self.scale)


@Attention.mistake(
    "The softmax runs over the pixels that look (i). For each of those the weights of what it looks *at* should add "
    "up to 1: which axis is that?"
)
def softmax_over_the_lookers(self, x):
    return attended(self, x, weigh=lambda scores: scores.softmax(-2))


@Attention.mistake("The softmax runs over the heads, so these compete. Over what should the weights add up to 1?")
def softmax_over_heads(self, x):
    return attended(self, x, weigh=lambda scores: scores.softmax(1))


@Attention.mistake("There is no softmax: the weights can be negative and add up to anything.")
def no_softmax(self, x):
    return attended(self, x, weigh=lambda scores: scores)


@Attention.mistake("Softmax first, scale afterwards: the weights no longer add up to 1.")
def scaled_after_softmax(self, x):
    return attended(self, x, scale=1, weigh=lambda scores: scores.softmax(-1) * self.scale)


@Attention.mistake(
    "Queries and keys have changed places: your pixel i gets what others seek in it, not what it seeks. Which comes "
    "first out of `to_qkv`?"
)
def queries_and_keys_swapped(self, x):
    q, k, v = rearrange(self.to_qkv(x), CUT, three=3, heads=self.heads)
    weights = (k @ q.transpose(-1, -2) * self.scale).softmax(-1)
    return self.to_out(rearrange(weights @ v, JOIN, h=x.shape[2], w=x.shape[3]))


@Attention.mistake("The weights are applied to the keys. Which of the three says what a pixel passes on?")
def keys_as_values(self, x):
    q, k, _ = rearrange(self.to_qkv(x), CUT, three=3, heads=self.heads)
    weights = (q @ k.transpose(-1, -2) * self.scale).softmax(-1)
    return self.to_out(rearrange(weights @ k, JOIN, h=x.shape[2], w=x.shape[3]))


@Attention.mistake(
    "Heads and features are mixed up when you cut the channels: `(three heads d)` and `(three d heads)` are not the "
    "same order. A head's features lie next to each other."
)
def heads_mixed_up(self, x):
    return attended(self, x, cut="b (three d heads) h w -> three b heads (h w) d")


@Attention.mistake(
    "q, k and v are cut as the innermost axis. The first third of the channels is q: where does `three` stand in the "
    "brackets?"
)
def three_innermost(self, x):
    return attended(self, x, cut="b (heads d three) h w -> three b heads (h w) d")


@Attention.mistake(
    "Cut right, joined wrong: on the way back heads and features have changed places. Undo it in the same order."
)
def joined_wrong(self, x):
    return attended(self, x, join="b heads (h w) d -> b (d heads) h w")


@Attention.mistake("On the way back rows and columns are mixed up: `(h w)` and `(w h)` count the pixels differently.")
def rows_and_columns_mixed_up(self, x):
    return attended(self, x, join="b heads (w h) d -> b (heads d) h w")


@Attention.mistake("You count the pixels down the columns, `(w h)`, when you cut, and along the rows when you join.")
def cut_in_columns(self, x):
    return attended(self, x, cut="b (three heads d) h w -> three b heads (w h) d")


@Attention.mistake("One large head instead of `self.heads` small ones: all features enter one softmax.")
def one_head(self, x):
    q, k, v = rearrange(self.to_qkv(x), "b (three d) h w -> three b (h w) d", three=3)
    weights = (q @ k.transpose(-1, -2) * self.scale).softmax(-1)
    return self.to_out(rearrange(weights @ v, "b (h w) d -> b d h w", h=x.shape[2]))


@Attention.mistake(
    "Here features look at features, over all pixels. Pixels should look at pixels: which index is summed away in the "
    "scores?"
)
def features_look_at_features(self, x):
    q, k, v = rearrange(self.to_qkv(x), CUT, three=3, heads=self.heads)
    weights = (q.transpose(-1, -2) @ k * self.scale).softmax(-1)
    return self.to_out(rearrange(v @ weights, JOIN, h=x.shape[2], w=x.shape[3]))


@Attention.mistake(
    "You cut the pixels with `view` or `reshape` where the features lie: these only count on, and the pixels come last "
    "in memory. What has to change places first?"
)
def cut_without_transposing(self, x):
    b, _, h, w = x.shape
    q, k, v = self.to_qkv(x).reshape(b, 3, self.heads, h * w, -1).unbind(1)
    weights = (q @ k.transpose(-1, -2) * self.scale).softmax(-1)
    return self.to_out(rearrange(weights @ v, JOIN, h=h, w=w))


@Attention.mistake(
    "On the way back `reshape` mixes features with pixels: it changes no order. Which axis has to come before `(h w)`?"
)
def joined_without_transposing(self, x):
    q, k, v = rearrange(self.to_qkv(x), CUT, three=3, heads=self.heads)
    weights = (q @ k.transpose(-1, -2) * self.scale).softmax(-1)
    return self.to_out((weights @ v).reshape(len(x), -1, *x.shape[2:]))


@Attention.mistake(
    "Neither on the way in nor on the way back do pixels and features change places: `reshape` keeps the order in "
    "memory."
)
def never_transposed(self, x):
    b, _, h, w = x.shape
    q, k, v = self.to_qkv(x).reshape(b, 3, self.heads, h * w, -1).unbind(1)
    weights = (q @ k.transpose(-1, -2) * self.scale).softmax(-1)
    return self.to_out((weights @ v).reshape(b, -1, h, w))


@Attention.mistake(
    "The weights are used lying on their side: the values are summed over i, the pixels that look. Which index is "
    "summed away in out_i?"
)
def weights_transposed(self, x):
    return attended(self, x, weigh=lambda scores: scores.softmax(-1).transpose(-1, -2))


@Attention.mistake(
    "You divide by the root of the picture's channels. Each score is a sum over the d features of one head: which "
    "attribute knows that d?"
)
def scaled_by_the_width(self, x):
    return attended(self, x, scale=x.shape[1] ** -0.5)


@Attention.mistake(
    "You cut the heads first and q, k, v inside of them. `to_qkv` gives all of q, then all of k, then all of v."
)
def heads_before_three(self, x):
    return attended(self, x, cut="b (heads three d) h w -> three b heads (h w) d")


@Attention.mistake("You add the input. `Residual` wraps this block and does just that: how often would it be added?")
def attention_adds_x(self, x):
    return attended(self, x) + x


@Attention.mistake("The last step is missing: heads side by side are not yet mixed, and the width is not `dim`.")
def no_way_out(self, x):
    q, k, v = rearrange(self.to_qkv(x), CUT, three=3, heads=self.heads)
    weights = (q @ k.transpose(-1, -2) * self.scale).softmax(-1)
    return rearrange(weights @ v, JOIN, h=x.shape[2], w=x.shape[3])


@Attention.alternative("")
def torchs_own(self, x):
    b, _, h, w = x.shape
    q, k, v = self.to_qkv(x).view(b, 3, self.heads, -1, h * w).transpose(-1, -2).unbind(1)
    out = functional.scaled_dot_product_attention(q, k, v)
    return self.to_out(out.transpose(-1, -2).reshape(b, -1, h, w))


@Attention.alternative("")
def with_einsum_over_rows_and_columns(self, x):
    q, k, v = rearrange(self.to_qkv(x), "b (three n d) h w -> three b n d h w", three=3, n=self.heads)
    scores = einsum(q * self.scale, k, "b n d h w, b n d y x -> b n h w y x")
    weights = scores.flatten(-2).softmax(-1).view_as(scores)
    return self.to_out(einsum(weights, v, "b n h w y x, b n d y x -> b n d h w").flatten(1, 2))


@Attention.alternative("")
def head_by_head(self, x):
    q, k, v = self.to_qkv(x).flatten(2).chunk(3, dim=1)  # (B, heads d, H W)
    out = []
    for a, b, c in zip(q.chunk(self.heads, 1), k.chunk(self.heads, 1), v.chunk(self.heads, 1), strict=True):
        scores = torch.exp(a.transpose(1, 2) @ b * self.scale)
        out.append(c @ (scores / scores.sum(-1, keepdim=True)).transpose(1, 2))
    return self.to_out(torch.cat(out, dim=1).unflatten(2, x.shape[2:]))
