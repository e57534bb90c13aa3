"""Small networks without training, for the tests of what samples with them: fast, and far from 0."""

from dataclasses import replace

import torch

from course_lib.runs.config import check_config
from course_lib.runs.run import fresh_run

NAMES = ["boot", "bag", "coat"]


def make_run(predicts="noise", clip_start=True, conditional=True, shape=(1, 8, 8), **diffusion):
    """A run whose two networks differ, and whose output is far from 0."""
    settings = {
        "model": {"dim": 8, "dim_mults": [1, 2], "class_conditional": conditional},
        "diffusion": {"timesteps": 5, "schedule": "linear", "predicts": predicts, "clip_start": clip_start} | diffusion,
        "training": {"device": "cpu", "precision": "fp32", "sample_count": 4, "seed": 2},
    }
    run = fresh_run(check_config(settings), shape, NAMES)
    for seed, network in enumerate((run.model, run.ema)):
        disturb(network, seed)
    return run


def make_checkpoint(*args, seed=0, **settings):
    """The averaged network of `make_run`; another seed gives another network of the same make."""
    checkpoint = make_run(*args, **settings).averaged
    disturb(checkpoint.model, 100 + seed)
    return checkpoint


def disturb(network, seed):
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)


def spoilt(checkpoint):
    """The same with a network that says nothing but nan."""
    for parameter in checkpoint.model.parameters():
        parameter.data.fill_(float("nan"))
    return replace(checkpoint)
