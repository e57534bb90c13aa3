"""Quizzes of chapter 07, in the notebook's order."""

from course_lib.quizzes.blocks.Attention import Attention
from course_lib.quizzes.blocks.ConvNextBlock import ConvNextBlock
from course_lib.quizzes.blocks.Downsample import Downsample
from course_lib.quizzes.blocks.LinearAttention import LinearAttention
from course_lib.quizzes.blocks.PreNorm import PreNorm
from course_lib.quizzes.blocks.questions import (
    does_attention_help,
    down_and_up_alone,
    gradient_left,
    how_often_touched,
    twice_the_side,
    what_keeps_the_gradient,
    why_not_the_number,
)
from course_lib.quizzes.blocks.ResnetBlock import ResnetBlock
from course_lib.quizzes.blocks.SinusoidalPositionEmbeddings import SinusoidalPositionEmbeddings
from course_lib.quizzes.blocks.Upsample import Upsample

QUIZZES = (
    why_not_the_number,
    SinusoidalPositionEmbeddings,
    gradient_left,
    what_keeps_the_gradient,
    ResnetBlock,
    Downsample,
    how_often_touched,
    Upsample,
    down_and_up_alone,
    Attention,
    PreNorm,
    does_attention_help,
    twice_the_side,
    LinearAttention,
    ConvNextBlock,
)
