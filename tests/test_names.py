"""The names that the course promises: in the library, in the notation table, the same everywhere for a chapter."""

import inspect
import pkgutil
import re
from pathlib import Path

import jupytext
import pytest

from course_lib.quizzes.registry import quizzes_of
from course_lib.schedules import NoiseSchedule

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "notebooks" / "source").glob("[0-9][0-9]_*.py"))

PROMISED = {
    "start.add_noise": "x_start, noise, signal",
    "toy.noise_levels": "count, sigma_max, sigma_min",
    "toy.neighbour_loss": "model, y, level, noise, sigmas",
    "toy.denoise_step": "model, x, level",
    "toy.optimal_denoiser": "x, sigma, mean, std",
    "mixtures.mixture_log_prob": "x, means, std, weights",
    "mixtures.mixture_score": "x, means, std, weights",
    "mixtures.GaussianMixture": "means, std, weights=None",
    "mixtures.GaussianMixture.sample": "self, n, generator=None",
    "mixtures.GaussianMixture.diffuse": "self, scale, sigma",
    "mixtures.GaussianMixture.log_prob": "self, x, t=None, schedule=None",
    "mixtures.GaussianMixture.score": "self, x, t=None, schedule=None",
    "mixtures.GaussianMixture.optimal_noise": "self, x_t, t, schedule",
    "mixtures.GaussianMixture.posterior_mean": "self, x_t, t, schedule",
    "schedules.linear_beta_schedule": "timesteps, beta_start=0.0001, beta_end=0.02",
    "schedules.quadratic_beta_schedule": "timesteps, beta_start=0.0001, beta_end=0.02",
    "schedules.sigmoid_beta_schedule": "timesteps, beta_start=0.0001, beta_end=0.02",
    "schedules.cosine_beta_schedule": "timesteps, s=0.008",
    "schedules.alphas_cumprod_from_betas": "betas",
    "schedules.snr": "alphas_cumprod",
    "schedules.rescale_zero_terminal_snr": "betas",
    "schedules.NoiseSchedule": "betas",
    "schedules.NoiseSchedule.from_name": "name, timesteps=1000, **options",
    "forward.extract": "values, t, x_shape",
    "forward.q_step": "x_prev, t, noise, schedule",
    "forward.q_sample": "x_start, t, noise, schedule",
    "forward.q_posterior": "x_start, x_t, t, schedule",
    "reverse.predict_start_from_noise": "x_t, t, noise, schedule",
    "reverse.p_mean": "model, x_t, t, schedule, predicts='noise', clip_start=False",
    "reverse.p_sample": "model, x_t, t, noise, schedule, predicts='noise', clip_start=False",
    "reverse.p_losses": "model, x_start, t, noise, schedule, loss_type='l2', predicts='noise'",
    "reverse.deterministic_step": "model, x_t, t, schedule",
    "reverse.p_sample_steps": "model, shape, schedule, generator=None, predicts='noise', clip_start=False",
    "reverse.p_sample_loop": "model, shape, schedule, generator=None, predicts='noise', clip_start=False",
    "objective.v_from_start_and_noise": "x_start, t, noise, schedule",
    "objective.score_from_noise": "noise, t, schedule",
    "objective.kl_between_gaussians": "mean1, variance1, mean2, variance2",
    "objective.snr_weight": "t, schedule, predicts='noise', gamma=5.0",
    "objective.bound_weight": "t, schedule",
    "unet.unet_widths": "dim, dim_mults",
    "unet.unet_forward": "stem, downs, middle, ups, head, x, time",
    "unet.count_parameters": "model",
    "training.sample_timesteps": "batch_size, timesteps, generator",
    "training.train_step": "model, optimizer, x_start, t, noise, schedule, loss_type='l2', predicts='noise', "
    "grad_clip=None",
    "training.warmup_decay": "step, steps, warmup_steps=100, final=0.02",
    "training.train_loop": "model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0",
    "training.batch_indices": "step, batch_size, count, seed",
    "training.ema_update": "ema, model, decay",
    "images.to_uint8": "x",
    "pictures.plots.image_grid": "images, columns=None, scale=1, gap=1",
    "pictures.gifs.denoising_frames": "states, total, count=22",
    "sampling.p_sample_from": "model, x_t, start, schedule, generator=None, predicts='noise', clip_start=False",
    "sampling.optimal_denoiser_of_dataset": "x_t, t, dataset, schedule",
    "evaluation.frechet_distance": "mean1, covariance1, mean2, covariance2",
    "evaluation.kernel_distance": "features1, features2",
    "evaluation.inception_score": "probabilities",
    "evaluation.precision_recall": "real, generated, k=3",
    "evaluation.bits_per_dimension": "model, x_start, t, noise, schedule, variance, predicts='noise', clip_start=False",
    "fast_sampling.ddim_timesteps": "timesteps, steps",
    "fast_sampling.ddim_step": "model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts='noise', clip_start=False",
    "fast_sampling.dpm_solver_step": "x_t, x_start, x_start_before, t, t_prev, t_before, schedule",
    "fast_sampling.heun_step": "model, x_t, t, t_prev, schedule, predicts='noise', clip_start=False",
    "fast_sampling.autoguide": "model, guide, x_t, t, weight",
    "fast_sampling.ddim_sample_loop": "model, shape, schedule, steps=50, eta=0.0, generator=None, predicts='noise', "
    "clip_start=False, spacing='trailing'",
    "fast_sampling.dpm_solver_sample_loop": "model, shape, schedule, steps=20, generator=None, predicts='noise', "
    "clip_start=False, spacing='log_snr', order=2",
    "guidance.drop_labels": "labels, dropout, null_class, generator",
    "guidance.guided_noise": "model, x_t, t, labels, null_class, weight",
    "guidance.in_interval": "t, schedule, lowest, highest",
    "guidance.label_guided": "model, labels, null_class, weight, schedule, lowest=0.0, highest=inf",
    "guidance.classifier_gradient": "classifier, x_t, t, labels",
    "guidance.classifier_guided": "model, classifier, labels, schedule, weight",
    "guidance.classifier_of_start": "classifier, model, schedule, predicts='noise'",
    "guidance.exact_classifier": "classes, schedule",
    "guidance.exact_conditional_noise": "x_t, t, labels, classes, schedule",
    "guidance.exact_conditional_model": "classes, schedule",
    "editing.noise_level_to_t": "sigma, schedule",
    "editing.denoise_from": "model, noisy, start, schedule, steps=1, predicts='noise', clip_start=False",
    "editing.sketch_to_image": "model, sketch, start, noise, schedule, steps=20, predicts='noise', clip_start=False",
    "editing.ddim_sample_from": "model, x_t, start, schedule, steps, eta=0.0, generator=None, predicts='noise', "
    "clip_start=False",
    "editing.inpaint_step": "model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, "
    "predicts='noise', clip_start=False",
    "editing.repaint_schedule": "steps, jump_length=10, jump_n_sample=10",
    "editing.renoise": "x, t, t_next, noise, schedule",
    "editing.inpaint_sample_steps": "model, known, mask, schedule, steps=50, eta=1.0, jump_length=10, "
    "jump_n_sample=1, generator=None, known_generator=None, predicts='noise', clip_start=False",
    "editing.inpaint_sample_loop": "model, known, mask, schedule, steps=50, eta=1.0, jump_length=10, "
    "jump_n_sample=1, generator=None, known_generator=None, predicts='noise', clip_start=False",
    "editing.conditional_mixture": "mixture, known, mask",
    "editing.invert_step": "model, x_t, t, t_next, schedule, predicts='noise', clip_start=False",
    "editing.invert": "model, x_start, schedule, steps=50, predicts='noise', clip_start=False",
    "editing.slerp": "start, end, fraction",
    "latent.reparameterize": "mean, log_variance, noise",
    "latent.kl_to_standard_normal": "mean, log_variance",
    "latent.latent_scale": "latents",
    "latent.negative_elbo": "vae, x_start, noise",
    "latent.encode_scaled": "vae, x_start, scale, noise",
    "latent.decode_scaled": "vae, latents, scale",
    "flow.flow_path": "x_start, t, noise",
    "flow.flow_matching_loss": "model, x_start, t, noise",
    "flow.euler_step": "model, x, t, t_next",
    "flow.midpoint_step": "model, x, t, t_next",
    "flow.velocity_from_noise": "x_t, t, noise",
    "flow.exact_velocity": "mixture, x, t",
    "flow.velocity_model": "model, schedule, predicts='noise'",
    "flow.logit_normal_times": "count, generator, mean=0.0, std=1.0",
    "flow.reflow_pairs": "model, noise, steps=100",
    "images.load_images": "name='auto', split='train', image_size=None, channels=None",
    "images.to_model_range": "images",
    "quizzes.check": "attempt=None, name=None",
    "quizzes.hint": "name=None, number=None",
    "quizzes.solution": "name=None",
    "quizzes.progress": "chapter=None, test_out=None",
}


def find(dotted):
    return pkgutil.resolve_name(f"course_lib.{dotted}")


@pytest.mark.parametrize("name", PROMISED)
def test_a_promised_name_has_the_promised_arguments(name):
    bare = [p.replace(annotation=p.empty) for p in inspect.signature(find(name)).parameters.values()]
    assert ", ".join(str(p) for p in bare) == PROMISED[name]


@pytest.mark.parametrize("name", PROMISED)
def test_a_promised_name_is_explained(name):
    assert inspect.getdoc(find(name))


def notation_table():
    text = (ROOT / "notebooks" / "notation.md").read_text(encoding="utf-8")
    return re.findall(r"^\| \$.*\$ \| `([\w.]+)` \|", text, re.MULTILINE)


def test_every_code_name_of_the_notation_table_exists():
    names = notation_table()
    assert len(names) >= 15
    schedule = NoiseSchedule.from_name("linear", 10)
    arguments = set(inspect.signature(find("forward.q_posterior")).parameters) | {"noise"}
    for name in names:
        first, _, rest = name.partition(".")
        known = hasattr(schedule, rest) if first == "schedule" else name in arguments if not rest else find(name)
        assert known, name


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_chapter_has_one_name_everywhere(source):
    name = source.stem[3:]
    written = [cell.metadata["quiz"] for cell in jupytext.read(source).cells if "quiz" in cell.metadata]
    assert written == list(quizzes_of(name))  # progress() lists them in this order
    for folder, file in (("course_lib", name), ("course_lib/drawings", name), ("tests", f"test_{name}")):
        assert (ROOT / folder / f"{file}.py").exists()
    assert (ROOT / "tests" / "drawings" / f"test_{name}.py").exists()
