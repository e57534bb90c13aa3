"""Every quiz, now and later: each mistake is refused with its own hint, every right answer passes, nothing else does.

`faults` says what is wrong with a quiz; the last tests damage one and see that it is said.
"""

import functools
import re
import sys
import time
from dataclasses import replace
from types import MappingProxyType

import pytest
import torch

from course_lib import schedules
from course_lib.checker.matching import Matching
from course_lib.checker.quiz import Alternative, Choice, Mistake, Option, Quiz
from course_lib.quizzes import UnknownQuizError, commands, examine
from course_lib.quizzes.registry import CHAPTERS, every_quiz, find, quizzes_of

SEEDS = (0, 1)  # the grader draws inputs per student: what is told apart with one seed has to be with another


@pytest.mark.parametrize("name", every_quiz())
def test_the_quiz_is_sound(name):
    assert faults(find(name)) == []


def faults(quiz: Quiz | Choice) -> list[str]:
    """What is wrong with a quiz, a line each."""
    common = [f"{quiz.name}: no {what}" for what in ("points", "minutes", "hints") if not getattr(quiz, what)]
    ratings = {"difficulty": quiz.difficulty, "importance": quiz.importance}
    common += [f"{quiz.name}: {what} is not from 1 to 5" for what, value in ratings.items() if value not in range(1, 6)]
    common += [
        fault for n, text in enumerate(quiz.hints, 1) for fault in unreadable(text, f"{quiz.name}, hints, no. {n}")
    ]
    common += [fault for m in quiz.mistakes for fault in unreadable(m.hint, m.name)]
    for what in ("name", "hint"):
        seen = [getattr(mistake, what) for mistake in quiz.mistakes]
        common += [f"two mistakes share the {what} {text!r}" for text in {t for t in seen if seen.count(t) > 1}]
    if isinstance(quiz, Matching):
        return common + faults_of_matching(quiz)
    return common + (faults_of_choice(quiz) if isinstance(quiz, Choice) else faults_of_quiz(quiz))


def unreadable(text: str, where: str) -> list[str]:
    """A sentence or two, without a wall of numbers."""
    sentences = len(re.findall(r"[^.][.?!](?= [A-Z`\d]|$)", text))
    checks = {
        "empty": not text.strip(),
        "longer than 240 characters": len(text) > 240,
        f"{sentences} sentences": sentences > 2,
        "a tensor": "tensor(" in text,
        "a wall of numbers": len(re.findall(r"\d+\.\d+", text)) > 4,
    }
    return [f"{where}: {fault}" for fault, applies in checks.items() if applies]


def faults_of_quiz(quiz: Quiz) -> list[str]:
    found = [f"{quiz.name}: fewer than three mistakes"] if len(quiz.mistakes) < 3 else []
    found += [f"{quiz.name}: fewer than two alternatives"] if len(quiz.alternatives) < 2 else []

    def expect(attempt: object, who: str, finding: str, mistake: str | None = None, seed: int = 0) -> None:
        start = time.perf_counter()
        report = examine(quiz.name, attempt, seed=seed)
        if (report.finding, report.mistake, report.passed) != (finding, mistake, finding == "correct"):
            found.append(f"{who}: {report.finding} {report.mistake}, not {finding} {mistake}: {report.message}")
        if report.finding == "correct" and time.perf_counter() - start > 5:  # measured in tests/benchmarks
            found.append(f"{who}: far too slow")
        found.extend(unreadable(report.message, f"{who}'s message"))

    for seed in SEEDS:
        expect(from_source(quiz), "the reference's source", "correct", seed=seed)
        for alternative in quiz.alternatives:
            expect(alternative.attempt, alternative.name, "correct", seed=seed)
        for mistake in quiz.mistakes:
            expect(mistake.attempt, mistake.name, "mistake", mistake.name, seed)
    expect(stub(quiz), "a stub", "not_attempted")
    expect(None, "nothing", "not_attempted")
    expect(quiz.reference, "the reference", "stand_in")
    expect(functools.partial(quiz.reference), "the reference in a partial", "stand_in")
    return found


def faults_of_choice(quiz: Choice) -> list[str]:
    found = [] if len(quiz.options) >= 2 else [f"{quiz.name}: fewer than two options"]
    found += unreadable(quiz.options[quiz.answer].why, quiz.answer)
    for key, option in quiz.options.items():
        report = examine(quiz.name, f" ({key.upper()}).")
        expected = ("correct", None) if key == quiz.answer else ("mistake", key)
        if (report.finding, report.mistake) != expected or report.message != option.why:
            found.append(f"{key}: {report.finding} {report.mistake}: {report.message}")
    for answers, finding in (((None, ..., "", " ", "..."), "not_attempted"), (("zz", 1, ["a"], "ab"), "type")):
        found += [
            f"{answer!r} is taken for an answer" for answer in answers if examine(quiz.name, answer).finding != finding
        ]
    return found


def faults_of_matching(quiz: Matching) -> list[str]:
    """What is wrong with its pairs; what it makes of odd answers, test_matching.py tests."""
    found = [] if len(quiz.shows) >= 3 else [f"{quiz.name}: fewer than three rows"]
    if len(set(quiz.answer)) < len(quiz.answer) or set(quiz.answer) != quiz.options.keys():
        found.append(f"{quiz.name}: a cause has no row, or two")
    pairs = [(quiz.answer, "correct", None)] + [(m.attempt, "mistake", m.name) for m in quiz.mistakes]
    for answer, *expected in pairs:
        report = examine(quiz.name, answer)
        if [report.finding, report.mistake] != expected:
            found.append(f"{answer}: {report.finding} {report.mistake}, not {expected}")
    if examine(quiz.name, "?" * len(quiz.answer)).finding != "not_attempted":
        found.append(f"{quiz.name}: question marks are taken for an answer")
    return found


def from_source(quiz: Quiz) -> object:
    """The reference as a solved notebook has it: its own source, run again."""
    names = dict(vars(sys.modules[quiz.reference.__module__]))
    exec(quiz.solution, names)
    return names[quiz.name]


def stub(quiz: Quiz) -> object:
    """The attempt before anything is written: a Module's `__init__` is given, its `forward` is not."""
    code = f"def {quiz.call}:\n    'A docstring.'\n    raise NotImplementedError"
    if quiz.is_module:
        body = "    def forward(self, *args):\n        raise NotImplementedError"
        code = f"class {quiz.name}(reference):\n{body}"
    names = {"reference": quiz.reference}
    exec(code, names)
    return names[quiz.name]


# The test can fail


@pytest.fixture
def examined(monkeypatch):
    """Let `examine` find the quiz that is handed to this fixture's function."""

    def use(quiz):
        monkeypatch.setattr(commands, "find", lambda name: quiz)
        return faults(quiz)

    return use


def copy_of(quiz: Quiz, **changes) -> Quiz:
    return replace(quiz, **{"mistakes": list(quiz.mistakes), "alternatives": list(quiz.alternatives), **changes})


def test_two_mistakes_that_behave_alike_are_a_fault(examined):
    quiz = copy_of(find("q_sample"))
    quiz.mistakes.append(Mistake("twin", "Another hint.", quiz.mistakes[0].attempt))
    assert any(f.startswith("twin: mistake swapped_weights, not mistake twin") for f in examined(quiz))


def test_a_mistake_that_is_right_is_a_fault(examined):
    quiz = copy_of(find("snr"))
    quiz.mistakes.append(Mistake("right", "Another hint.", lambda a: a / (1 - a)))
    assert any(f.startswith("right: correct") for f in examined(quiz))


def test_a_wrong_alternative_is_a_fault(examined):
    quiz = copy_of(
        find("snr"),
        alternatives=[
            Alternative("same", "?", lambda a: a, None),
            Alternative("odds", "?", lambda a: a / (1 - a), None),
        ],
    )
    assert any(f.startswith("same: ") for f in examined(quiz))


def test_cases_that_cannot_tell_mistakes_apart_are_a_fault(examined):
    """One row, T = 1: swapping, the first t, and the last axis all look alike, or right."""
    case = (torch.ones(1, 1), torch.zeros(1, dtype=torch.long), torch.ones(1, 1))
    short = copy_of(find("q_sample"), cases=lambda g: [(*case, schedules.NoiseSchedule(torch.tensor([0.5])))])
    assert len(examined(short)) > 3


@pytest.mark.parametrize(
    ("hint", "fault"),
    [
        ("", "empty"),
        ("One. Two. Three.", "3 sentences"),
        ("long " * 60, "longer"),
        ("Not 0.1, 0.2, 0.3, 0.4 or 0.5.", "wall of numbers"),
        ("It is tensor([1, 2]).", "a tensor"),
    ],
)
def test_an_unreadable_hint_is_a_fault(examined, hint, fault):
    quiz = copy_of(find("snr"))
    quiz.mistakes[0] = Mistake("noise_to_signal", hint, quiz.mistakes[0].attempt)
    assert any(fault in f for f in examined(quiz))


def test_missing_parts_are_faults(examined):
    bare = copy_of(find("snr"), hints=(), mistakes=[], alternatives=[])
    assert examined(bare) == ["snr: no hints", "snr: fewer than three mistakes", "snr: fewer than two alternatives"]


def test_a_choice_without_explanation_is_a_fault(examined):
    question = find("twice_as_many_steps")
    options = {**question.options, "a": Option("nothing", "")}
    assert examined(replace(question, options=MappingProxyType(options))) == ["a: empty"]


# The catalogue


def test_the_promised_quizzes_are_there():  # their order: test_names.py
    assert [CHAPTERS.index(c) for c in ("start", "schedules", "forward")] == [0, 3, 4]
    promised = {
        "start": ["to_model_range", "add_noise"],
        "toy": [
            *("noise_levels", "neighbour_loss", "denoise_step", "sample_path", "optimal_denoiser", "peaks_denoiser"),
        ],
        "mixtures": [
            *("mixture_log_prob", "mixture_score"),
            *("posterior_mean_from_score", "euler_sampler", "energy_distance"),
        ],
        "schedules": [
            *("linear_beta_schedule", "quadratic_beta_schedule", "sigmoid_beta_schedule", "cosine_beta_schedule"),
            *("alphas_cumprod_from_betas", "snr", "rescale_zero_terminal_snr", "sigma_from_alphas_cumprod"),
        ],
        "forward": ["extract", "q_step", "q_sample", "combine_gaussians", "q_posterior"],
        "reverse": [
            "predict_start_from_noise",
            "p_losses",
            "p_mean",
            "p_sample",
            "p_sample_loop",
            "deterministic_step",
        ],
        "objective": [
            "v_from_start_and_noise",
            "score_from_noise",
            "kl_between_gaussians",
            "bound_weight",
            "snr_weight",
        ],
        "blocks": [
            *("SinusoidalPositionEmbeddings", "ResnetBlock", "Downsample", "Upsample"),
            *("Attention", "PreNorm", "LinearAttention", "ConvNextBlock"),
        ],
        "unet": ["unet_widths", "unet_forward", "count_parameters"],
        "training": ["sample_timesteps", "train_step", "warmup_decay", "ema_update", "train_loop", "batch_indices"],
        "sampling": ["to_uint8", "image_grid", "denoising_frames", "p_sample_from", "optimal_denoiser_of_dataset"],
        "evaluation": [
            *("frechet_distance", "kernel_distance", "inception_score", "precision_recall", "bits_per_dimension"),
        ],
        "fast_sampling": ["ddim_timesteps", "ddim_step", "dpm_solver_step", "heun_step", "autoguide"],
        "guidance": ["drop_labels", "guided_noise", "in_interval", "classifier_gradient"],
        "editing": ["noise_level_to_t", "denoise_from", "inpaint_step", "repaint_schedule", "invert_step", "slerp"],
        "latent": ["reparameterize", "kl_to_standard_normal", "latent_scale"],
        "flow": ["flow_path", "flow_matching_loss", "euler_step", "velocity_from_noise"],
        "bugs": ["training_inputs", "ancestral_step", "ddim_update", "paste_known", "start_of_output"],
    }
    for chapter, names in promised.items():
        quizzes = quizzes_of(chapter)
        assert set(names) <= set(quizzes)
        assert sum(isinstance(quiz, Choice) for quiz in quizzes.values()) >= 1 + (chapter != "start")
        assert all(len(quizzes[name].mistakes) >= 4 for name in names)


def test_names_are_used_once():
    names = [name for chapter in CHAPTERS for name in quizzes_of(chapter)]
    assert len(names) == len(set(names))


def test_a_mistake_without_a_hint_is_refused_where_it_is_written():
    with pytest.raises(TypeError, match=r'@snr\.mistake\("\.\.\."\)'):

        @copy_of(find("snr")).mistake
        def bare(alphas_cumprod):
            return alphas_cumprod


def test_an_unknown_name_is_told_what_is_close():
    with pytest.raises(UnknownQuizError, match="Did you mean `q_sample`"):
        find("q_smaple")
    with pytest.raises(UnknownQuizError, match="progress"):
        find("zzzzzz")


def test_the_right_letter_cannot_be_guessed_from_the_others():
    """Fifteen of 24 right answers once were "b": who always said b passed most of them."""
    questions = [quiz for quiz in every_quiz().values() if type(quiz) is Choice]
    for size in {len(question.options) for question in questions}:
        answers = [question.answer for question in questions if len(question.options) == size]
        shares = [answers.count(letter) / len(answers) for letter in questions[0].options]
        assert max(shares) <= 0.5, (size, answers)
    right = [question.answer for question in questions]
    assert max(right.count(letter) for letter in "abcd") <= 0.4 * len(right)
    assert min(right.count(letter) for letter in "abc") >= 0.2 * len(right)
