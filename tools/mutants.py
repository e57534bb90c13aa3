"""Do the tests notice when the code is wrong? Each mutant below is one edit that must make its tests fail.

    make mutants                                     all of them, some minutes on two cores
    python tools/mutants.py runs/loop.py score       only those whose file or text has one of these words

Each edit is made in a copy of the repository. Where the text of a mutant is gone because the code was rewritten, give
it a new one with the same fault (tests/tools/test_mutants.py names it).
"""

import os
import queue
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PARTS = "course_lib", "tests", "configs", "data", "notebooks/source"  # what the tests need, beside pyproject.toml
AT_A_TIME = 2
SECONDS = 600  # tests that take longer do not end: that is noticed, too


class Mutant(NamedTuple):
    file: str
    old: str  # occurs exactly once in the file
    new: str
    tests: tuple[str, ...]  # these should notice

    def __str__(self) -> str:
        return f"{self.file}: {' '.join(self.old.split())!r} -> {' '.join(self.new.split())!r}"


STEP, SETTINGS = ("tests/runs/test_step.py",), ("tests/runs/test_settings.py",)
DENOISER, UNET = ("tests/runs/test_denoiser.py",), ("tests/test_unet.py",)
FOLDER = ("tests/runs/test_folder.py", "tests/runs/test_loop.py")
FILES = ("tests/test_files.py",)
DISTURBED = ("tests/judges/test_classifier.py",)
SAMPLERS, GUIDES, COST = ("tests/runs/test_samplers.py",), ("tests/runs/test_guides.py",), ("tests/runs/test_cost.py",)
JUDGE = ("tests/judges/test_judge.py::test_a_split_holds_out_2048_images_and_has_none_twice",)
SCORE = (
    "tests/judges/test_scoring.py::test_the_measures_are_those_of_their_definitions_with_the_reference_of_their_split",
    "tests/judges/test_scoring.py::test_a_score_is_the_measures_of_the_samples_and_of_the_held_out_images_of_its_seed",
)
DISAGREE = ("tests/judges/test_scoring.py::test_judges_disagree_if_their_means_differ_by_more_than_a_quarter",)
PART = (
    "tests/judges/test_scoring.py::test_a_part_of_the_pictures_is_that_part_of_all",
    "tests/judges/test_scoring.py::test_a_class_conditional_network_draws_what_it_is_told_or_any_class",
)
PARALLEL = (
    "tests/judges/test_parallel.py::test_every_number_of_processes_draws_the_same",
    "tests/judges/test_parallel.py::test_what_is_drawn_are_the_samples_of_the_plan",
    "tests/judges/test_parallel.py::test_one_thread_draws_and_the_caller_has_all",
    "tests/judges/test_parallel.py::test_no_more_processes_than_chunks_and_none_after_the_iterator_is_closed",
)
REPORT = ("tests/judges/test_report.py",)
CLI_SAMPLE = (
    "tests/cli/test_cli.py::test_picture_k_is_the_same_for_every_sampler",
    "tests/cli/test_cli.py::test_a_film_counts_the_samplers_steps",
)
CLI_EVALUATE = ("tests/cli/test_cli.py::test_what_is_asked_for_is_what_is_scored",)
CHECKER = ("tests/checker/test_findings.py",)
EDIT = "tests/cli/test_editing.py::"
EDITED = tuple(
    EDIT + test
    for test in (
        "test_inpainting_is_that_of_the_library_and_keeps_every_known_pixel",
        "test_a_sketch_begins_where_its_strength_says",
        "test_a_walk_is_that_of_the_library",
        "test_denoising_is_that_of_the_library",
        "test_the_noise_of_picture_k_depends_on_the_seed_and_on_k",
    )
)
OWN_PICTURES = tuple(
    EDIT + test
    for test in (
        "test_a_mask_is_fitted_with_its_picture_and_a_pixel_is_known_if_all_of_it_is",
        "test_fitting_keeps_or_changes_the_proportions_as_it_says",
        "test_grey_is_known_from_the_threshold_on",
        "test_a_mask_of_another_size_or_kind_is_refused",
        "test_a_picture_of_another_size_or_kind_is_refused_and_fitted_when_asked",
        "test_what_is_no_picture_is_refused_by_every_command",
    )
)
CLI_EDIT = tuple(
    EDIT + test
    for test in (
        "test_a_light_sketch_is_made_negative_unless_told_otherwise",
        "test_no_input_is_ever_replaced",
        "test_the_bar_counts_the_calls_of_the_network",
        "test_the_noise_of_picture_k_depends_on_the_seed_and_on_k",
        "test_variant_k_is_the_same_for_every_number_and_batch",
    )
)

# (file, tests): (old, new), ...
EDITS = {
    ("course_lib/runs/loop.py", STEP): [
        ("if run.config.data.flip:", "if False:"),
        ("manual_seed(training.seed * 1_000_003 + run.step)", "manual_seed(training.seed * 1_000_003)"),
        ('group["lr"] = training.lr * factor', 'group["lr"] = training.lr'),
        ("        training.grad_clip,\n", "        None,\n"),
        ("        diffusion.loss_type,\n", '        "l2",\n'),
        ("        diffusion.predicts,\n", '        "noise",\n'),
        ("ema_decay(run.step, training.steps, training.ema_decay)", "0.5"),
        ("drop_labels(labels[indices], training.label_dropout,", "drop_labels(labels[indices], 0.0,"),
    ],
    ("course_lib/runs/loop.py", SETTINGS): [
        ("training.warmup_steps, training.lr_final)", "training.warmup_steps)"),
        ("autocast(model, run.device, run.precision)", "model"),
        ("settings.checkpoint_every and run.step % settings.checkpoint_every == 0", "run.step % 100 == 0"),
        ("run.step == settings.steps or run.step % settings.sample_every == 0", "run.step == settings.steps"),
    ],
    ("course_lib/runs/loop.py", DENOISER): [
        ("torch.arange(count, device=run.device) % classes", "torch.zeros(count, dtype=torch.long)"),
        ("picture_generators(run.config.training.seed, 0, count)", "picture_generators(0, 0, count)"),
    ],
    ("course_lib/runs/run.py", STEP): [
        (", weight_decay=settings.weight_decay", ""),
        ("betas=settings.betas, ", ""),
    ],
    ("course_lib/runs/run.py", DENOISER): [
        ("Checkpoint(self.ema,", "Checkpoint(self.model,"),
    ],
    ("course_lib/runs/denoiser.py", DENOISER): [
        ("predicts=self.predicts, clip_start", 'predicts="noise", clip_start'),
        ("clip_start=self.clip_start", "clip_start=False"),
        ("states = self.sampler.states(", 'states = Sampler("ancestral").states('),
    ],
    ("course_lib/runs/checkpoints.py", DENOISER): [
        ("clip_start=checkpoint.config.diffusion.clip_start", "clip_start=False"),
        ("predicts = checkpoint.config.diffusion.predicts", 'predicts = "noise"'),
        ("checkpoint.model if labels is None else partial(checkpoint.model, labels=labels)", "checkpoint.model"),
        ("torch.full((count,), label, device=checkpoint.schedule.device)", "None"),
        ("guide.guided(model, precision) if guide else model", "model"),
        ("sampler or DEFAULT.fitted(checkpoint.schedule)", "DEFAULT.fitted(checkpoint.schedule)"),
        ("sampler or DEFAULT.fitted(checkpoint.schedule)", 'sampler or Sampler("ancestral")'),
        (
            "denoiser(checkpoint, labels, precision, sampler, guide).sample_steps",
            "denoiser(checkpoint, labels, precision, None, guide).sample_steps",
        ),
    ],
    ("course_lib/runs/checkpoints.py", GUIDES): [
        ("        guide.check(checkpoint)\n", "        pass\n"),
    ],
    ("course_lib/runs/samplers.py", DENOISER): [
        (
            "p_sample_steps(model, shape, schedule, generator, predicts, clip_start)",
            "p_sample_steps(model, shape, schedule, generator, predicts)",
        ),
        (
            "p_sample_steps(model, shape, schedule, generator, predicts, clip_start)",
            'p_sample_steps(model, shape, schedule, generator, "noise", clip_start)',
        ),
        ("steps, eta, generator, predicts, clip_start, spacing)", "steps, eta, generator, predicts, False, spacing)"),
        (
            "return many(model, shape, schedule, steps, generator, predicts, clip_start, spacing)",
            'return many(model, shape, schedule, steps, generator, "noise", clip_start, spacing)',
        ),
        (
            "return many(model, shape, schedule, steps, generator, predicts, clip_start, spacing)",
            "return many(model, shape, schedule, steps, generator, predicts, clip_start)",
        ),
        ("many = dpm_solver_sample_steps if", "many = heun_sample_steps if"),
        ('eta = 1.0 if self.name == "ancestral" else self.eta', "eta = self.eta"),
    ],
    ("course_lib/runs/samplers.py", SAMPLERS): [
        ("self.spacing or USUAL_SPACING[self.name]", '"trailing"'),
        ('if self.eta and self.name != "ddim":', "if False:"),
        ("return replace(self, steps=None)", "return ANCESTRAL"),
        ("    sampler.steps_in(schedule)\n", ""),
        ("usual if steps is None else steps, spacing, eta", "usual if steps is None else steps, None, eta"),
    ],
    ("course_lib/runs/guides.py", GUIDES): [
        ("weight=self.weight", "weight=1.2"),
        ("return both(x, t) if inside[int(t[0])] else model(x, t)", "return both(x, t)"),
        ("autocast(self.checkpoint.model, schedule.device, precision)", "self.checkpoint.model"),
        ("    guide.check(checkpoint)\n    return guide", "    return guide"),
        ('        "what they predict":', '        "nothing":'),
        ("if not torch.allclose(checkpoint.schedule", "if False and not torch.allclose(checkpoint.schedule"),
        ("replace(guide, weight=weight)", "guide"),
        ("if path.resolve() != (DATA", "if path.name != (DATA"),
    ],
    ("course_lib/runs/cost.py", COST): [
        ("counter.get_total_flops() // 2", "counter.get_total_flops()"),
        ("multiply_adds(guide.checkpoint) / multiply_adds(checkpoint)", "1.0"),
        ("sum(guided[t] for t in asked)", "len(asked)"),
    ],
    ("course_lib/judges/scoring.py", DENOISER): [
        ("picture_generators(seed, start, size)", "picture_generators(seed, 0, size)"),
        (
            "denoiser(checkpoint, part, precision, sampler, guide)",
            "denoiser(checkpoint, None, precision, sampler, guide)",
        ),
        ("denoiser(checkpoint, part, precision, sampler, guide)", "denoiser(checkpoint, part, precision, None, guide)"),
        ("denoiser(checkpoint, part, precision, sampler, guide)", "denoiser(checkpoint, part, precision, sampler)"),
    ],
    ("course_lib/judges/scoring.py", PART): [
        (
            "labels = draw_labels(classes, first + count, seed)",
            "labels = draw_labels(classes, first + count, seed).roll(first)",
        ),
        ("range(first, first + count, batch_size)", "range(0, count, batch_size)"),
    ],
    ("course_lib/judges/scoring.py", SCORE): [
        ("*judge.references[split]", "*judge.references[0]"),
        ("_, reference = judge.split(split)", "_, reference = judge.split(0)"),
        ("precision_recall(reference[:SAMPLES], features)", "precision_recall(features, reference[:SAMPLES])"),
        ("precision_recall(reference[:SAMPLES], features)", "precision_recall(reference, features)"),
        ("measure(judge, held_out, seed)", "measure(judge, features, seed)"),
        ("held_out, _ = judge.split(seed)", "_, held_out = judge.split(seed)"),
    ],
    ("course_lib/judges/scoring.py", DISAGREE): [
        ("DISAGREE = 1.25", "DISAGREE = 1.5"),
        ("fmean(one.ratio for one in its)", "max(one.ratio for one in its)"),
    ],
    ("course_lib/judges/judge.py", JUDGE): [
        ("manual_seed(number)", "manual_seed(0)"),
        ("self.test_features[order[SAMPLES:]]", "self.test_features[order]"),
        ("self.split(number)[1]", "self.split(number)[0]"),
    ],
    ("course_lib/judges/parallel.py", PARALLEL): [
        ("        chunk.seed,\n", "        0,\n"),
        ("        first=chunk.first,\n", ""),
        ("        guide=plan.guide,\n", ""),
        ("        sampler=plan.sampler,\n", ""),
        ("for chunk, images in sorted(chunks, key=lambda pair: pair[0]) if", "for chunk, images in chunks[::-1] if"),
        ("with _one_thread(on_cpu):", "with _one_thread(False):"),
        ("jobs = min(jobs, len(chunks))", "jobs = jobs"),
        ("                worker.process.kill()", "                pass"),
    ],
    ("course_lib/judges/report.py", REPORT): [
        ("{stdev(numbers):,.{decimals}f}", "{max(numbers) - min(numbers):,.{decimals}f}"),
        ("_finite(guide.highest)", "guide.highest"),
        ("lambda score: score.recall_ratio, 2", "lambda score: score.samples.recall, 2"),
    ],
    ("course_lib/cli/sampling.py", CLI_SAMPLE): [
        ("precision, chosen, guided_by)", "precision, chosen)"),
        ("precision, chosen, guided_by)", "precision, None, guided_by)"),
        ("total = chosen.steps_in(loaded.schedule)", "total = loaded.schedule.timesteps"),
        (
            "choose_sampler(loaded.schedule, sampler, steps, spacing, eta)",
            "choose_sampler(loaded.schedule, sampler, steps, None, eta)",
        ),
        ("guide, guide_weight, device)", "guide, None, device)"),
    ],
    ("course_lib/cli/evaluation.py", CLI_EVALUATE): [
        ("Plan(loaded, chosen, guided_by, precision)", "Plan(loaded, chosen, None, precision)"),
        ("Plan(loaded, chosen, guided_by, precision)", "Plan(loaded, chosen, guided_by)"),
        (
            "choose_sampler(loaded.schedule, sampler, steps, spacing, eta)",
            "choose_sampler(loaded.schedule, sampler, steps, spacing)",
        ),
        ("count_calls(loaded, chosen, guided_by)", "count_calls(loaded, chosen)"),
    ],
    ("course_lib/evaluation.py", ("tests/test_evaluation.py",)): [
        (
            "covariance1.trace() + covariance2.trace() - 2 * overlap",
            "covariance1.trace() + covariance2.trace() - overlap",
        ),
        ("(n * (n - 1))", "(n * n)"),
        ("return kl.sum(dim=1).mean().exp()", "return kl.sum(dim=1).exp().mean()"),
        ("fill_diagonal_(math.inf)", "fill_diagonal_(0.0)"),
        ("<= radius", "< radius"),
        ("mean(dim=1) / math.log(2)\n\n\ndef prior_bits", "mean(dim=1)\n\n\ndef prior_bits"),
    ],
    ("course_lib/fast_sampling.py", ("tests/test_fast_sampling.py",)): [
        ("return eta**2 * (1", "return eta * (1"),
        ("weight = h / (2 * h_before)", "weight = h_before / (2 * h)"),
        ("(eps + eps_prev) / 2", "eps_prev"),
        ("torch.lerp(guide(x_t, t), model(x_t, t), weight)", "torch.lerp(model(x_t, t), guide(x_t, t), weight)"),
        ("return torch.arange(steps).flip(0) * (timesteps // steps)", "return torch.arange(steps).flip(0)"),
    ],
    ("course_lib/runs/denoiser.py", DENOISER + FOLDER): [
        ("seed * 1_000_003 + k", "seed * 1_000_003"),
        ("seed * 1_000_003 + k", "k"),
        ("range(first, first + count)", "range(count)"),
        ("if not bool(x.isfinite().all()):", "if False:"),
    ],
    ("course_lib/runs/folder.py", FOLDER): [
        ('raise broken(run, out, f"the loss is', 'return broken(run, out, f"the loss is'),
        ('"losses": losses,', '"losses": [],'),
        ("if not all(map(math.isfinite, losses)):", "if False:"),
        ("        _refuse_to_delete(checkpoint)\n", ""),
        ("        check_place(out / name, kind)", "        check_place(out / name)"),
        ("    if old.training.steps != steps:", "    if False:"),
        ("    remove_unfinished(out, CHECKPOINT, SETTINGS, LOG, PREVIEWS)\n", ""),
    ],
    ("course_lib/runs/loop.py", FOLDER): [
        ('with locked(out / ".lock"):', "if True:"),
        ("            write_log(run, out)\n", ""),
        ("            _write_preview(run, out, only_if_missing=True)\n", ""),
        ("        if run.stored < run.step:", "        if False:"),
        (" or bool((labels < 0).all())", ""),
    ],
    ("course_lib/files.py", FILES): [
        ("            os.replace(unfinished, path)", "            path.write_bytes(unfinished.read_bytes())"),
        ("            os.fsync(file.fileno())\n", ""),
        ("                unfinished.unlink()\n            raise", "                pass\n            raise"),
        ("and not kind.is_one(path)", "and False"),
        (
            "        except BlockingIOError:\n            return True",
            "        except BlockingIOError:\n            return False",
        ),
    ],
    ("course_lib/runs/tensor_files.py", ("tests/runs/test_folder.py", "tests/faults/test_wrong_files.py")): [
        ("    check_finite(tensors, path)\n    described =", "    described ="),
        ("    refuse_broken(tensors, path)\n    return tensors", "    return tensors"),
    ],
    ("course_lib/judges/classifier.py", DISTURBED): [
        ("disturb(to_model_range(images[rows.to(place)]), generator)", "to_model_range(images[rows.to(place)])"),
        ("(columns - column).abs() < 4", "(columns - column).abs() < 3"),
        ("top, left = torch.randint(5, (2,), generator=generator).tolist()", "top, left = 2, 2"),
    ],
    ("course_lib/unet.py", UNET): [
        (", time_mode=self.time_mode", ""),
        ('mode="replicate"', 'mode="constant"'),
        ("nn.Linear(dim, time_dim), nn.GELU()", "nn.Linear(dim, time_dim), nn.SiLU()"),
        ("index > len(blocks) - joins", "index <= joins"),
        ("index <= joins", "index > len(blocks) - joins"),
        ("kept.pop()", "kept.pop(0)"),
    ],
    ("course_lib/training.py", ("tests/test_training.py",)): [
        ("[first : first + end - start]", "[: end - start]"),
        ("average.lerp_(new, 1 - decay)", "average.lerp_(new, decay)"),
        ("    optimizer.zero_grad()\n", ""),
        ("min(warmup_steps, steps // 10)", "warmup_steps"),
    ],
    ("course_lib/schedules.py", ("tests/test_schedules.py",)): [
        ("beta_start**0.5, beta_end**0.5", "beta_start, beta_end"),
        (".clamp(max=0.999)", ".clamp(max=0.99)"),
        ("[alphas_cumprod.new_ones(1), alphas_cumprod[:-1]]", "[alphas_cumprod[:1], alphas_cumprod[:-1]]"),
        ("root[0] / (root[0] - root[-1])", "1 / (root[0] - root[-1])"),
    ],
    ("course_lib/forward.py", ("tests/test_forward.py",)): [
        ("return signal * x_start + sigma * noise", "return signal * x_start + sigma**2 * noise"),
        ("variance2 * mean1 + variance1 * mean2", "variance1 * mean1 + variance2 * mean2"),
        ("schedule.one_minus_alphas_cumprod_prev", "schedule.betas"),
    ],
    ("course_lib/reverse.py", ("tests/test_reverse.py",)): [
        ("x_start = x_start.clamp(-1, 1)", "x_start = x_start.clamp(0, 1)"),
        (".posterior_variance, t, x_t.shape).sqrt() * noise", ".posterior_variance, t, x_t.shape) * noise"),
        ("return signal * x_t - sigma * output", "return signal * x_t + sigma * output"),
        ("(1 - before).sqrt() * noise", "(1 - before) * noise"),
    ],
    ("course_lib/objective.py", ("tests/test_objective.py",)): [
        ("(variance1 + (mean1 - mean2) ** 2) / variance2 - 1", "(variance1 + (mean1 - mean2) ** 2) / variance2"),
        ("(gamma / ratio).clamp(max=1)", "(gamma / ratio)"),
        ("schedule.betas[t] / (2 * schedule.alphas[t]", "schedule.betas[t] / (schedule.alphas[t]"),
    ],
    ("course_lib/blocks.py", ("tests/test_blocks.py",)): [
        ("torch.arange(half, device=t.device) / max(half - 1, 1)", "torch.arange(half, device=t.device) / half"),
        ("self.norm2(h) * (1 + scale) + shift", "self.norm2(h) * scale + shift"),
        ("k.softmax(dim=-1)", "k.softmax(dim=-2)"),
        ("return self.layer(x) + x", "return self.layer(x)"),
    ],
    ("course_lib/mixtures.py", ("tests/test_mixtures.py",)): [
        ("x.shape[1] / 2 * math.log(2 * math.pi * std**2)", "math.log(2 * math.pi * std**2)"),
        ("(scale**2 * self.std**2 + sigma**2) ** 0.5", "(scale * self.std**2 + sigma**2) ** 0.5"),
        ("self.weights = self.weights / self.weights.sum()", "self.weights = self.weights"),
    ],
    ("course_lib/toy.py", ("tests/test_toy.py",)): [
        ("return (std**2 * x + sigma**2 * mean)", "return (sigma**2 * x + std**2 * mean)"),
        ("(sigma_min / sigma_max) ** progress", "(sigma_min / sigma_max) ** progress**2"),
        ("- gap * noise) / gap).square()", "- gap * noise)).square()"),
    ],
    ("course_lib/experiments/toy2d.py", ("tests/experiments/test_toy2d.py",)): [
        ("distances(a, a).sum() / (len(a) * (len(a) - 1))", "distances(a, a).mean()"),
        ("half + half.floor() + x.floor() % 2", "half + half.floor()"),
    ],
    ("course_lib/sampling.py", ("tests/test_sampling.py",)): [
        ("(closeness / (2 * sigma**2)).softmax(dim=1)", "(closeness / sigma**2).softmax(dim=1)"),
        ("largest=False", "largest=True"),
        ("range(start + 1)", "range(start)"),
    ],
    ("course_lib/pictures/gifs.py", ("tests/pictures/test_gifs_and_plots.py",)): [
        ("** 1.5)) for j", "** 2)) for j"),
        ("* (count - 1) + [1500]", "* count"),
    ],
    ("course_lib/pictures/figure.py", ("tests/pictures/test_figure.py",)): [
        ("savefig(content, dpi=DPI, transparent=True)", "savefig(content, dpi=DPI)"),
        ("/ DENSITY)", ")"),
        ("text.set_color(INK)", "pass"),
    ],
    ("course_lib/quizzes/predictions.py", ("tests/quizzes/test_predictions.py",)): [
        ("name not in _answered", "name"),
        ('"" if missing else " open"', '" open" if missing else ""'),
    ],
    ("course_lib/start.py", ("tests/test_start.py",)): [
        ("(1 - signal) ** 0.5", "(1 - signal)"),
    ],
    ("course_lib/unet.py", ("tests/test_unet.py",)): [
        ("widths[level] + widths[level]", "widths[level]"),
    ],
    ("course_lib/images.py", ("tests/image_data/test_loading.py",)): [
        (".round().to(torch.uint8)", ".to(torch.uint8)"),
        ("x.clamp(-1, 1)", "x"),
    ],
    ("course_lib/checker/compare.py", CHECKER): [
        ("if close.all():", "if close.any():"),
        ("return len(yours) == len(expected) and all(a == b", "return all(a == b"),
    ],
    ("course_lib/checker/examine.py", CHECKER): [
        ("if facts.stand_in:", "if False:"),
    ],
    ("course_lib/checker/submission.py", CHECKER): [
        ("if attempt is None or attempt is ...:", "if attempt is None:"),
        ("inherits and inner.forward is reference.forward", "False"),
    ],
    ("course_lib/runs/edits.py", EDITED): [
        ("known_generator=generators,", "known_generator=None,"),
        ("round(strength * (schedule.timesteps - 1))", "round(strength * schedule.timesteps)"),
        ("other = network_for(checkpoint, rows, labels[1]", "other = network_for(checkpoint, rows, labels[0]"),
        ("other(x, t), shares)", "other(x, t), 1 - shares)"),
        ("return min(usual, start + 1)", "return usual"),
        ("if max(steps - 1, 1) % length", "if length"),
        ("slerp(first, second, fractions)", "torch.lerp(first, second, fractions.reshape(-1, 1, 1, 1))"),
    ],
    ("course_lib/image_data/single.py", OWN_PICTURES): [
        ("Image.Resampling.BOX)) == 255", "Image.Resampling.BOX)) > 127"),
        ("known = grey >= (threshold or 255)", "known = grey > (threshold or 255)"),
        ("return (height, width) if rotated else", "return (width, height) if rotated else"),
        ("if frames > 1:", "if frames > 2:"),
        ("if size != photo.size:", "if False:"),
        ("min(width / max(ratios), old_width)", "min(width / min(ratios), old_width)"),
    ],
    ("course_lib/cli/editing.py", CLI_EDIT): [
        ("os.path.samefile(one, other)", "one == other"),
        ("        values = 255 - values\n", "        pass\n"),
        ("picture_generators(seed, k, 1)", "picture_generators(seed, 0, 1)"),
        ("steps * (1 + networks * len(sizes))", "steps * (1 + len(sizes))"),
        ("_refuse_inputs_as_outputs([out], [photo, mask])", "_refuse_inputs_as_outputs([out], [photo])"),
    ],
    ("course_lib/checker/trials.py", ("tests/checker/test_no_grad.py",)): [
        ("for case in self.cases[:1] if self.quiz.no_grad]", "for case in self.cases[:1]]"),
        (' and " not implemented for " not in mine.says', ""),
    ],
    ("course_lib/checker/running.py", ("tests/checker/test_no_grad.py",)): [
        ("    with torch.no_grad():\n", "    if True:\n"),
    ],
    ("course_lib/checker/examine.py", ("tests/checker/test_no_grad.py",)): [
        ("equal_t(trials) if called_as_usual else None", "equal_t(trials)"),
    ],
    ("course_lib/guidance.py", ("tests/test_guidance.py",)): [
        ("device=labels.device) < dropout", "device=labels.device) >= dropout"),
        ("dropped | (labels < 0)", "dropped"),
        ("torch.full_like(labels, null_class)", "torch.zeros_like(labels)"),
        ("torch.lerp(unconditional, conditional, weight)", "conditional + weight * (conditional - unconditional)"),
        ("torch.lerp(unconditional, conditional, weight)", "unconditional + weight * (conditional - unconditional)"),
        ("sigma_from_alphas_cumprod(schedule.alphas_cumprod)[t]", "schedule.sqrt_one_minus_alphas_cumprod[t]"),
        ("(lowest <= sigma)", "(lowest < sigma)"),
        ("(sigma <= highest)", "(sigma < highest)"),
        ("if not bool(inside.any()):", "if False:"),
        ("torch.where(inside, weight, 1.0)", "torch.where(inside, weight, 0.0)"),
        ("torch.where(inside, weight, 1.0)", "torch.where(inside.any(), weight, torch.ones(len(t)))"),
        ("with torch.enable_grad():", "if True:"),
        ("x_t.detach().requires_grad_()", "x_t.requires_grad_()"),
        ("classifier(x, t).log_softmax(dim=1)", "classifier(x, t)"),
        ("labels[:, None]).sum()", "labels[:, None]).mean()"),
        ("model(x_t, t) - weight * extract", "model(x_t, t) + weight * extract"),
        ("schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape", "schedule.sqrt_alphas_cumprod, t, x_t.shape"),
        ("schedule, predicts)[0]", "schedule, predicts)[1]"),
        ("torch.where((labels == len(classes))[:, None], likely, chosen)", "chosen"),
    ],
    ("course_lib/flow.py", ("tests/test_flow.py",)): [
        ("return (1 - t) * noise + t * x_start", "return t * noise + (1 - t) * x_start"),
        ("velocity - (x_start - noise)", "velocity - (noise - x_start)"),
        ("middle = (t + t_next) / 2", "middle = t_next"),
        ("euler_step(model, x, t, middle), middle)", "euler_step(model, x, t, middle), t)"),
        ("return (x_t - noise) / t.reshape", "return (x_t - noise) / (1 - t).reshape"),
        ("mixture.posterior_mean(x, row, path) - mixture", "mixture.posterior_mean(x, row, path) + mixture"),
        ("sqrt_one_minus_alphas_cumprod=1 - t", "sqrt_one_minus_alphas_cumprod=(1 - t**2) ** 0.5"),
        ("t**2 / (t**2 + (1 - t) ** 2)", "t**2"),
        ("x_t * _column(scale[step], x_t)", "x_t"),
        ("return x_start - noise\n\n    return", "return noise - x_start\n\n    return"),
        ("states.diff(dim=0) * steps", "states.diff(dim=0)"),
        ("mean + std * torch.randn", "mean + torch.randn"),
    ],
    ("course_lib/latent.py", ("tests/test_latent.py",)): [
        ("(log_variance / 2).exp() * noise", "log_variance.exp() * noise"),
        ("log_variance.exp() - log_variance - 1", "log_variance.exp() + log_variance - 1"),
        (".flatten(1).sum(dim=1) / 2", ".flatten(1).mean(dim=1) / 2"),
        ("(square + math.log(decoder_std)", "(square - math.log(decoder_std)"),
        ("return 1 / latents.std()", "return latents.std()"),
        ("vae.decode(latents / scale)", "vae.decode(latents * scale)"),
        ("return scale * reparameterize", "return reparameterize"),
        ("Bound(reconstruction + kl,", "Bound(reconstruction - kl,"),
        ("ema_update(ema, vae,", "ema_update(vae, vae,"),
    ],
    ("course_lib/runs/checkpoints.py", ("tests/runs/test_autoencoders.py",)): [
        ("checkpoint.autoencoder.decode if checkpoint.autoencoder else as_they_are", "as_they_are"),
        ("tensors |= whole.autoencoder.tensors()", "pass"),
        ("self.autoencoder.image_shape if self.autoencoder else self.image_shape", "self.image_shape"),
    ],
    ("course_lib/editing.py", ("tests/test_editing.py",)): [
        ("(sigma[..., None] - sigmas).abs().argmin(dim=-1)", "(sigmas < sigma[..., None]).sum(dim=-1)"),
        (
            "sigma_from_alphas_cumprod(schedule.alphas_cumprod)",
            "sigma_from_alphas_cumprod(schedule.alphas_cumprod_prev)",
        ),
        ("schedule.sqrt_alphas_cumprod[start] * noisy", "noisy"),
        ("schedule.sqrt_alphas_cumprod[start] * noisy", "schedule.alphas_cumprod[start] * noisy"),
        ("x_t = q_sample(sketch, t, noise, schedule)", "x_t = sketch"),
        ("moves([*_steps_from(start, steps), -1], x_t)", "moves(_steps_from(start, steps), x_t)"),
        ("if eta else torch.zeros_like(x)", "if not eta else torch.zeros_like(x)"),
        (
            "before = extract(schedule.alphas_cumprod_prev, t_prev + 1",
            "before = extract(schedule.alphas_cumprod_prev, t + 1",
        ),
        ("before.sqrt() * known + (1 - before).sqrt() * known_noise", "known"),
        ("(1 - before).sqrt() * known_noise", "(1 - before).sqrt() * noise"),
        ("torch.where(mask.bool(), given, drawn)", "torch.where(mask.bool(), drawn, given)"),
        ("torch.where(mask.bool(), given, drawn)", "drawn"),
        ("known_noise = draw_noise(x.shape, schedule, known_generator)", "known_noise = noise"),
        ("return ddim_timesteps(start + 1, steps)", "return ddim_timesteps(start, steps)"),
        ("if not 1 <= steps <= start + 1:", "if False:"),
        ("jump_length), jump_n_sample - 1)", "jump_length), jump_n_sample)"),
        ("range(0, steps - jump_length, jump_length)", "range(jump_length, steps - jump_length, jump_length)"),
        ("range(0, steps - jump_length, jump_length)", "range(0, steps - jump_length + 1, jump_length)"),
        ("range(0, steps - jump_length, jump_length)", "range(0, steps - jump_length - 1, jump_length)"),
        ("levels += range(level + 1, level + jump_length + 1)", "levels += [level + jump_length]"),
        ("            level += jump_length\n", ""),
        ("while level >= 0:", "while level > 0:"),
        ("x_t, t.clamp(min=0), schedule", "x_t, t_next, schedule"),
        ("torch.where(clean, x_t, x_start)", "x_start"),
        ("torch.where(clean, x_t, x_start)", "x_t"),
        (
            "extract(schedule.alphas_cumprod, t_next, x_t.shape)",
            "extract(schedule.alphas_cumprod_prev, t_next, x_t.shape)",
        ),
        ("(1 - after).sqrt() * eps", "(1 - after) * eps"),
        (" / (a.norm(dim=1) * b.norm(dim=1))", ""),
        ("cosine.clamp(-1, 1).acos()", "cosine.abs().clamp(-1, 1).acos()"),
        ("parallel = angle < 1e-4", "parallel = angle < 4"),
        ("((1 - fraction) * safe).sin() / safe.sin()", "1 - ahead"),
        ("return behind.reshape(column) * start", "return ahead.reshape(column) * start"),
    ],
}
MUTANTS = [Mutant(file, *edit, tests) for (file, tests), edits in EDITS.items() for edit in edits]


def places(mutant: Mutant, root: Path) -> int:
    """How often the text to be changed occurs; only once will do."""
    return (root / mutant.file).read_text(encoding="utf-8").count(mutant.old)


def passes(root: Path, tests: tuple[str, ...]) -> bool:
    """Whether these tests pass in the repository at `root`. Raises RuntimeError if pytest finds none of them."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    # No compiled files: a copy that changes twice a second would be taken for the one before.
    settings = {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    settings["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take longer to load than most of these tests
    try:
        done = subprocess.run(
            command, cwd=root, env=os.environ | settings, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 1, 2):  # 2: the tests cannot even be imported
        raise RuntimeError(f"pytest could not run {' '.join(tests)}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 0


def caught(mutant: Mutant, root: Path) -> bool:
    """Whether the tests fail on the edit, which is taken back afterwards."""
    path = root / mutant.file
    right = path.read_text(encoding="utf-8")
    path.write_text(right.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        return not passes(root, mutant.tests)
    finally:
        path.write_text(right, encoding="utf-8")


def run(mutants: list[Mutant], root: Path) -> int:
    """Try each mutant in copies of the repository, print what became of it, and return how many survived."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_A_TIME) as pool:
        copies: queue.Queue[Path] = queue.Queue()
        for number in range(AT_A_TIME):
            copies.put(copy := Path(folder) / str(number))
            for part in PARTS:
                shutil.copytree(root / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copy(root / "pyproject.toml", copy)

        def in_a_copy(task, *arguments):
            copy = copies.get()
            try:
                return task(*arguments, copy)
            finally:
                copies.put(copy)

        selections = sorted({mutant.tests for mutant in mutants})
        whole = list(pool.map(lambda tests: in_a_copy(lambda copy: passes(copy, tests)), selections))
        if broken := [" ".join(tests) for tests, good in zip(selections, whole, strict=True) if not good]:
            sys.exit("These tests fail without any edit, mend them first:\n" + "\n".join(broken))
        survived = 0
        for mutant, noticed in zip(mutants, pool.map(lambda one: in_a_copy(caught, one), mutants), strict=True):
            survived += not noticed
            print("caught  " if noticed else "SURVIVED", mutant, flush=True)
    print(f"{len(mutants) - survived} of {len(mutants)} caught, {1 - survived / len(mutants):.0%}.")
    return survived


def main(words: list[str]) -> int:
    chosen = [mutant for mutant in MUTANTS if not words or any(word in str(mutant) for word in words)]
    if not chosen:
        sys.exit(f"No mutant has one of these words: {' '.join(words)}.")
    if stale := [str(mutant) for mutant in chosen if places(mutant, ROOT) != 1]:
        sys.exit("These texts do not occur exactly once; write them anew:\n" + "\n".join(stale))
    return int(run(chosen, ROOT) > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
