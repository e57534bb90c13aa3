"""The autoencoder's two terms against torch.distributions, and the way to the latents and back."""

import copy

import pytest
import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence
from torch.testing import assert_close

from course_lib.forward import q_sample
from course_lib.latent import (
    Vae,
    decode_scaled,
    encode_scaled,
    kl_to_standard_normal,
    latent_scale,
    negative_elbo,
    reconstruction_loss,
    reparameterize,
    train_vae,
    within_limit,
)
from course_lib.reverse import predict_start, training_target
from course_lib.schedules import NoiseSchedule
from course_lib.types import Predicts


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


MEAN, LOG_VARIANCE = normal(6, 4, 3, 3), normal(6, 4, 3, 3, seed=1)


def test_a_reparameterized_draw_has_that_mean_and_variance() -> None:
    noise = normal(20_000, 4, seed=2)
    draws = reparameterize(MEAN[:1, :, 0, 0].expand(20_000, 4), LOG_VARIANCE[:1, :, 0, 0].expand(20_000, 4), noise)
    assert_close(draws.mean(dim=0), MEAN[0, :, 0, 0], atol=0.05, rtol=0)
    assert_close(draws.var(dim=0).log(), LOG_VARIANCE[0, :, 0, 0], atol=0.05, rtol=0)
    noise = normal(*MEAN.shape, seed=3)
    assert_close(reparameterize(MEAN, LOG_VARIANCE, noise), MEAN + LOG_VARIANCE.exp().sqrt() * noise)


def test_gradients_flow_through_the_draw() -> None:
    mean, log_variance = MEAN.clone().requires_grad_(), LOG_VARIANCE.clone().requires_grad_()
    noise = normal(*MEAN.shape, seed=3)
    reparameterize(mean, log_variance, noise).sum().backward()
    assert_close(mean.grad, torch.ones_like(MEAN))
    assert_close(log_variance.grad, noise * (LOG_VARIANCE / 2).exp() / 2)


def test_the_kl_is_that_of_pytorch() -> None:
    q = Independent(Normal(MEAN, (LOG_VARIANCE / 2).exp()), 3)
    p = Independent(Normal(torch.zeros_like(MEAN), torch.ones_like(MEAN)), 3)
    assert_close(kl_to_standard_normal(MEAN, LOG_VARIANCE), kl_divergence(q, p))
    assert_close(kl_to_standard_normal(torch.zeros(2, 5), torch.zeros(2, 5)), torch.zeros(2))


def test_the_reconstruction_loss_is_a_log_likelihood() -> None:
    x, decoded = normal(3, 1, 4, 4), normal(3, 1, 4, 4, seed=1)
    likelihood = Independent(Normal(decoded, torch.tensor(0.3)), 3)
    assert_close(reconstruction_loss(x, decoded, 0.3), -likelihood.log_prob(x))


@pytest.mark.parametrize(("widths", "channels", "size"), [((8,), 1, 6), ((8, 12), 3, 8), ((8, 8, 16), 1, 16)])
def test_shapes_and_the_bound(widths: tuple[int, ...], channels: int, size: int) -> None:
    torch.manual_seed(0)
    vae = Vae(channels, widths, latent_channels=2, decoder_std=0.5)
    x, shape = normal(3, channels, size, size), vae.latent_shape(size, size)
    assert shape == (2, size // 2 ** len(widths), size // 2 ** len(widths))
    noise = normal(3, *shape, seed=1)
    decoded, mean, log_variance = vae(x, noise)
    assert decoded.shape == x.shape
    assert mean.shape == log_variance.shape == noise.shape
    bound = negative_elbo(vae, x, noise)
    assert_close(bound.kl, kl_to_standard_normal(mean, log_variance).mean())
    assert_close(bound.reconstruction, reconstruction_loss(x, decoded, 0.5).mean())
    assert_close(bound.loss, bound.kl + bound.reconstruction)
    bound.loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in vae.parameters())


def test_a_size_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 4"):
        Vae(widths=(8, 8)).latent_shape(30, 28)


def test_the_bound_is_never_below_the_truth() -> None:
    """For x ~ N(0, 1 + s²) with p(x | z) = N(z, s²), minus log p(x) is known: the bound lies above, or on it."""
    s = 0.5
    x = normal(4000, 1)
    truth = -Normal(0, (1 + s**2) ** 0.5).log_prob(x)[:, 0]
    variance = s**2 / (1 + s**2)  # the exact posterior N(x / (1 + s²), variance)
    for shift, factor in ((0.0, 1.0), (0.3, 1.0), (0.0, 2.0)):
        mean, log_variance = x / (1 + s**2) + shift, torch.full_like(x, variance * factor).log()
        draws = [reparameterize(mean, log_variance, normal(4000, 1, seed=k)) for k in range(1, 21)]
        bound = torch.stack([reconstruction_loss(x, z, s) for z in draws]).mean(dim=0)
        gap = (bound + kl_to_standard_normal(mean, log_variance) - truth).mean()
        if (shift, factor) == (0.0, 1.0):
            assert float(gap) == pytest.approx(0, abs=0.02)
        else:
            assert float(gap) > 0.1


def test_training_lowers_the_bound() -> None:
    torch.manual_seed(0)
    vae = Vae(1, (8,), latent_channels=2, decoder_std=0.3)
    ema = copy.deepcopy(vae)
    before = [p.clone() for p in ema.parameters()]
    optimizer = torch.optim.AdamW(vae.parameters(), lr=1e-2)
    images = normal(64, 1, 1, 1).tanh().expand(64, 1, 8, 8)
    generator = torch.Generator().manual_seed(0)
    log = list(train_vae(vae, ema, optimizer, [images] * 90, 80, generator, lr=1e-2))
    assert len(log) == 80
    assert log[-1].loss < log[0].loss - 30
    assert not log[-1].loss.requires_grad
    assert any(bool((old != new).any()) for old, new in zip(before, ema.parameters(), strict=True))


@pytest.mark.parametrize("predicts", ["noise", "start", "v"])
def test_a_predicted_start_is_kept_within_the_limit(predicts: Predicts) -> None:
    schedule, t = NoiseSchedule.from_name("cosine", 20), torch.tensor([18, 10, 1])
    x_start, noise = 3 * normal(3, 2, 4, 4), normal(3, 2, 4, 4, seed=1)
    x_t = q_sample(x_start, t, noise, schedule)

    def exact(x: Tensor, t: Tensor) -> Tensor:
        return training_target(x_start, t, noise, schedule, predicts)

    found = predict_start(within_limit(exact, schedule, predicts, 2.5)(x_t, t), x_t, t, schedule, predicts)
    assert_close(found, x_start.clamp(-2.5, 2.5), atol=1e-3, rtol=1e-3)
    assert_close(within_limit(exact, schedule, predicts, 100)(x_t, t), exact(x_t, t), atol=1e-3, rtol=1e-3)


def test_the_scale_and_back() -> None:
    latents = 3 * normal(500, 4, 2, 2) + 1
    assert_close((latents * latent_scale(latents)).std(), torch.tensor(1.0))
    assert latent_scale(latents).shape == ()
    torch.manual_seed(0)
    vae = Vae(1, (8,), latent_channels=2).eval()
    x, noise = normal(2, 1, 8, 8), normal(2, 2, 4, 4, seed=1)
    scaled = encode_scaled(vae, x, 0.2, noise)
    with torch.no_grad():
        assert_close(scaled / 0.2, reparameterize(*vae.encode(x), noise))
        assert_close(decode_scaled(vae, scaled, 0.2), vae.decode(scaled / 0.2).clamp(-1, 1))
    assert not scaled.requires_grad
