"""Quiz `start_of_output` of chapter 17."""

import torch

from course_lib import bugs
from course_lib.checker.quiz import Quiz
from course_lib.forward import extract
from course_lib.objective import noise_from_v
from course_lib.quizzes.families import lookups
from course_lib.quizzes.inputs import noisy_batches
from course_lib.reverse import predict_start, predict_start_from_noise

KINDS = ("v", "noise", "start", "v", "noise", "v", "noise", "start", "v", "noise")


def outputs(g: torch.Generator) -> list[tuple]:
    """Cases (output, x_t, t, schedule, predicts): every kind of output for images and for vectors."""
    batches = [*noisy_batches(g), *noisy_batches(g)[:4]]
    return [
        (torch.randn(x.shape, generator=g), x, t, schedule, predicts)
        for (x, t, _, schedule), predicts in zip(batches, KINDS, strict=True)
    ]


start_of_output = Quiz(
    bugs.start_of_output,
    cases=outputs,
    points=3,
    minutes=10,
    difficulty=3,
    importance=5,
    hints=(
        "Three kinds of networks answer three different questions about the same x_t. What would each have to answer "
        "if x_0 were known?",
        "x_t = signal x_0 + sigma noise. v = signal noise - sigma x_0: multiply x_t by signal and v by sigma, "
        "subtract, and remember that signal² + sigma² = 1.",
        "noise: (x_t - sigma * output) / signal; start: output; v: signal * x_t - sigma * output, with signal = "
        "extract(schedule.sqrt_alphas_cumprod, t, x_t.shape) and sigma the other root",
    ),
)

NOISE = "return (x_t - sigma * output) / signal"
V = "return signal * x_t - sigma * output"
START = 'if predicts == "start":'

# The formula for noise
start_of_output.edits(
    v_read_as_noise=(f"{V} -> {NOISE}", "v is read as noise. v is a mixture of noise and x_0: what else is in it?"),
    noise_read_as_v=(
        f"{NOISE} -> {V}",
        "Noise is read as v. When the noise is taken out of x_t, what is left, and how strong is it?",
    ),
    noise_returned=(
        f"{NOISE} -> return output",
        'For "noise" the noise comes back as it is. What is left of x_t when it is taken out?',
    ),
    noise_added=(
        "(x_t - sigma * output) / signal -> (x_t + sigma * output) / signal",
        'For "noise" the noise is added once more. It is in x_t already, and has to leave.',
    ),
    not_divided=(
        "(x_t - sigma * output) / signal -> x_t - sigma * output",
        'For "noise", what is left is signal times x_0. How does x_0 get back its full contrast?',
    ),
    multiplied_by_signal=(
        "(x_t - sigma * output) / signal -> (x_t - sigma * output) * signal",
        'For "noise" you multiply by signal where you should divide: x_0 gets weaker once more.',
    ),
    divided_too_early=(
        "(x_t - sigma * output) / signal -> x_t / signal - sigma * output",
        'For "noise" only x_t is divided by signal. Brackets: the noise has to be divided, too.',
    ),
    noise_at_full_strength=(
        "(x_t - sigma * output) / signal -> (x_t - output) / signal",
        'For "noise" the whole output is subtracted. How much noise is in x_t?',
    ),
    variance_for_sigma=(
        "(x_t - sigma * output) / signal -> (x_t - sigma**2 * output) / signal",
        'For "noise" the output is multiplied by a variance, as for a score. What does `q_sample` multiply noise by?',
    ),
    divided_by_alpha_bar=(
        "(x_t - sigma * output) / signal -> (x_t - sigma * output) / signal**2",
        'For "noise" you divide by alpha-bar instead of its root. Solve `q_sample` for x_0.',
    ),
)

# The formula for v
start_of_output.edits(
    v_returned=(f"{V} -> return output", "v comes back as it is. It is a mixture of noise and x_0, and no picture."),
    minus_v=(
        f"{V} -> return -output",
        "Minus v comes back. At the noisy end v is close to -x_0, but not elsewhere.",
    ),
    noise_of_v=(
        f"{V} -> return signal * output + sigma * x_t",
        'For "v" the noise comes back. x_0 is another mixture of the same two.',
    ),
    v_added=(
        f"{V} -> return signal * x_t + sigma * output",
        'For "v" the sign of the second term is wrong. Put v = signal noise - sigma x_0 in: the noise has to cancel.',
    ),
    v_weights_swapped=(
        f"{V} -> return sigma * x_t - signal * output",
        'For "v" the two weights have changed places. Put v = signal noise - sigma x_0 in: the noise has to cancel.',
    ),
    v_sign_of_all=(
        f"{V} -> return sigma * output - signal * x_t",
        'For "v" everything has the opposite sign: that is -x_0.',
    ),
    v_state_at_full_strength=(
        f"{V} -> return x_t - sigma * output",
        'For "v" x_t comes in at full strength. Put v = signal noise - sigma x_0 in: the noise has to cancel.',
    ),
    v_divided=(
        f"{V} -> return (signal * x_t - sigma * output) / signal",
        'For "v" there is nothing to divide: signal² + sigma² is 1 already.',
    ),
    v_with_squares=(
        f"{V} -> return signal**2 * x_t - sigma**2 * output",
        'For "v" the weights are squared: alpha-bar and 1 - alpha-bar. Which powers make the noise cancel?',
    ),
)

# The formula for x_0, and all of them
start_of_output.edits(
    start_read_as_noise=(
        "return output -> return (x_t - sigma * output) / signal",
        'For "start" the output is read as noise. It is x_0 already.',
    ),
    start_read_as_v=(
        "return output -> return signal * x_t - sigma * output",
        'For "start" the output is read as v. It is x_0 already.',
    ),
    noise_of_start=(
        "return output -> return (x_t - signal * output) / sigma",
        'For "start" the noise comes back that is in x_t. x_0 is asked for, and it is the output already.',
    ),
    start_made_weaker=(
        "return output -> return signal * output",
        'For "start" the output is multiplied by signal. It is x_0 already, at full contrast.',
    ),
    start_clipped=(
        "return output -> return output.clamp(-1, 1)",
        'For "start" the output is clipped to [-1, 1]. That is often wise, but nobody asks for it here.',
    ),
    roots_left_out=(
        "schedule.sqrt_alphas_cumprod -> schedule.alphas_cumprod",
        "signal is alpha-bar, not its root. Which constant multiplies x_0 in `q_sample`?",
    ),
    signal_of_a_single_step=(
        "schedule.sqrt_alphas_cumprod -> schedule.alphas.sqrt()",
        "signal is that of a single step. How much of x_0 is left at t says the product over all steps.",
    ),
    sigma_of_a_single_step=(
        "schedule.sqrt_one_minus_alphas_cumprod -> schedule.betas.sqrt()",
        "sigma is the noise of a single step. How much noise is in x_t after all steps?",
    ),
    signal_and_sigma_swapped=(
        "signal = extract -> sigma = extract",
        "sigma = extract(schedule.sqrt_one_minus -> signal = extract(schedule.sqrt_one_minus",
        "signal and sigma have changed places. Which of them is large near clean data?",
    ),
)
lookups(start_of_output)


def only_one_kind(output, x_t, t, schedule, predicts, *, kind):
    """Right for one kind of network."""
    return predict_start(output, x_t, t, schedule, kind)


start_of_output.variants(
    only_one_kind,
    all_read_as_noise=(
        {"kind": "noise"},
        "Whatever `predicts` says, the output is read as noise. This is the bug itself: where is `predicts` lost?",
    ),
    all_read_as_v=(
        {"kind": "v"},
        "Whatever `predicts` says, the output is read as v. Where is `predicts` lost?",
    ),
    all_read_as_start=(
        {"kind": "start"},
        "Whatever `predicts` says, the output comes back as x_0. Where is `predicts` lost?",
    ),
)


@start_of_output.mistake('"start" and "v" have changed places: x_0 is converted, and v is not.')
def start_and_v_swapped(output, x_t, t, schedule, predicts):
    other = {"start": "v", "v": "start"}.get(predicts, predicts)
    return predict_start(output, x_t, t, schedule, other)


@start_of_output.mistake('"noise" and "v" have changed places: each is converted with the formula of the other.')
def noise_and_v_swapped(output, x_t, t, schedule, predicts):
    other = {"noise": "v", "v": "noise"}.get(predicts, predicts)
    return predict_start(output, x_t, t, schedule, other)


@start_of_output.mistake("All results are clipped to [-1, 1]. That is often wise, but nobody asks for it here.")
def all_clipped(output, x_t, t, schedule, predicts):
    return predict_start(output, x_t, t, schedule, predicts).clamp(-1, 1)


@start_of_output.alternative("v is turned into noise first.")
def by_way_of_noise(output, x_t, t, schedule, predicts):
    if predicts == "start":
        return output
    noise = noise_from_v(x_t, t, output, schedule) if predicts == "v" else output
    return predict_start_from_noise(x_t, t, noise.double(), schedule).to(x_t.dtype)


@start_of_output.alternative("A `match`, and the constants looked up by hand.")
def with_match(output, x_t, t, schedule, predicts):
    axes = (len(x_t), *[1] * (x_t.ndim - 1))
    signal = schedule.alphas_cumprod[t].sqrt().reshape(axes)
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t].reshape(axes)
    match predicts:
        case "noise":
            return x_t / signal - sigma / signal * output
        case "v":
            return signal * x_t - sigma * output
        case "start":
            return output
    raise ValueError(predicts)


@start_of_output.alternative("Two weights for each word, one for x_t and one for the output.")
def table_of_weights(output, x_t, t, schedule, predicts):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    weights = {
        "noise": (1 / signal, -sigma / signal),
        "start": (torch.zeros_like(signal), torch.ones_like(signal)),
        "v": (signal, -sigma),
    }
    of_x, of_output = weights[predicts]
    return of_x * x_t + of_output * output
