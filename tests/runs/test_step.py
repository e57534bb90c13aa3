"""One step of a run against its formulas, written out here: nothing of the loop's own code is asked."""

import math
from copy import deepcopy

import pytest
import torch
from torch.nn import functional

from course_lib.runs.config import check_config
from course_lib.runs.loop import advance
from course_lib.runs.run import fresh_run

SEED, STEPS, BATCH, LR, LR_FINAL, WARMUP, CLIP, DROPOUT, EMA = 3, 60, 8, 0.01, 0.2, 3, 0.145, 0.4, 0.25
BETAS, DECAY = (0.7, 0.95), 0.5
CONFIG = {
    "data": {"flip": True},
    "model": {"dim": 8, "dim_mults": [1, 2], "class_conditional": True},
    "diffusion": {"schedule": "linear", "timesteps": 10, "predicts": "v", "loss_type": "huber"},
    "training": {
        "seed": SEED,
        "steps": STEPS,
        "batch_size": BATCH,
        "lr": LR,
        "lr_final": LR_FINAL,
        "warmup_steps": WARMUP,
        "betas": BETAS,
        "weight_decay": DECAY,
        "grad_clip": CLIP,
        "label_dropout": DROPOUT,
        "ema_decay": EMA,
        "precision": "fp32",
        "device": "cpu",
    },
}


def test_six_steps_by_hand():
    """Enough of them for the end of the warm-up, the limit of the EMA, and batches across the ends of epochs."""
    images = torch.randint(256, (20, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    labels = torch.arange(20) % 10
    run = fresh_run(check_config(CONFIG), (1, 8, 8), ["a"] * 10)
    model, ema = deepcopy(run.model), list(map(torch.clone, run.ema.parameters()))
    optimizer = torch.optim.AdamW(model.parameters(), betas=BETAS, weight_decay=DECAY)
    epochs = [torch.randperm(20, generator=torch.Generator().manual_seed(SEED * 1_000_003 + n)) for n in range(4)]
    alpha_bar = torch.linspace(1e-4, 0.02, 10, dtype=torch.float64).neg().add(1).cumprod(0).float()
    clipped = []

    for step in range(6):
        draw = torch.Generator().manual_seed(SEED * 1_000_003 + step)
        rows = torch.cat(epochs)[step * BATCH : (step + 1) * BATCH]
        x = images[rows].float() / 127.5 - 1
        x = torch.where(torch.rand(BATCH, 1, 1, 1, generator=draw) < 0.5, x.flip(-1), x)
        t = torch.randint(10, (BATCH,), generator=draw)
        noise = torch.randn(x.shape, generator=draw)
        known = torch.where(torch.rand(BATCH, generator=draw) < DROPOUT, 10, labels[rows])
        signal, sigma = alpha_bar[t].sqrt().view(-1, 1, 1, 1), (1 - alpha_bar[t]).sqrt().view(-1, 1, 1, 1)
        loss = functional.huber_loss(model(signal * x + sigma * noise, t, known), signal * noise - sigma * x)
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        norm = math.sqrt(sum(float(gradient.double().square().sum()) for gradient in gradients))
        clipped.append(norm > CLIP)
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter.grad = gradient * min(1, CLIP / norm)
        rising, falling = (
            (step + 1) / (WARMUP + 1),
            (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - 1 - WARMUP))) / 2,
        )
        factor = rising if step < WARMUP else LR_FINAL + (1 - LR_FINAL) * falling
        optimizer.param_groups[0]["lr"] = LR * factor
        optimizer.step()
        keep = min(EMA, (1 + step) / (10 + step))
        ema = [keep * old + (1 - keep) * new.detach() for old, new in zip(ema, model.parameters(), strict=True)]

        assert float(advance(run, images, labels)) == pytest.approx(loss.item(), rel=1e-3)
        assert run.step == step + 1
        assert difference(run.model.parameters(), model.parameters()) < 0.01 * LR * factor
        assert difference(run.ema.parameters(), ema) < 0.01 * LR * factor
    assert set(clipped) == {True, False}  # so both sides of the clipping were seen


def difference(got, expected):
    """Root mean square: AdamW divides by a gradient's size, so rounding shows in the few that are almost 0."""
    flat, other = (torch.cat([tensor.detach().flatten() for tensor in tensors]) for tensors in (got, expected))
    return float((flat - other).square().mean().sqrt())
