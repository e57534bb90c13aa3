"""Latent diffusion: a small autoencoder makes images smaller, and the diffusion runs there (chapter 15).

A variational autoencoder (VAE, 1312.6114) has two networks. The encoder maps an image x to a normal distribution
q(z | x) over latents z, the decoder maps a latent back to an image. A diffusion model then learns the latents, brought
to unit scale first, and what it draws is decoded (2112.10752). Images are (B, C, H, W) in [-1, 1], latents
(B, C_z, H / f, W / f).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_lib.blocks import Downsample, ResnetBlock, Upsample, group_norm
from course_lib.objective import noise_from_start
from course_lib.reverse import predict_start, training_target
from course_lib.schedules import NoiseSchedule
from course_lib.training import ema_decay, ema_update, warmup_decay
from course_lib.types import Model, Predicts

# The two terms of the bound


def reparameterize(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """A draw from N(mean, exp(log_variance)) through which gradients flow, in the shape of mean (B, ...).

    `noise` is standard normal in the shape of mean. That is mean + sqrt(variance) noise. Source: 1312.6114, section
    2.4.
    """
    return mean + (log_variance / 2).exp() * noise


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, I)) of each row, in nats, (B,); both inputs (B, ...).

    Half the sum over the row's numbers of mean² + variance - log variance - 1. Source: 1312.6114, appendix B.
    """
    return (mean.square() + log_variance.exp() - log_variance - 1).flatten(1).sum(dim=1) / 2


def reconstruction_loss(x_start: Tensor, decoded: Tensor, decoder_std: float) -> Tensor:
    """-log N(x_start; decoded, decoder_std² I) of each row, in nats, (B,); x_start and decoded (B, ...).

    `decoder_std` says how large an error counts as normal. A small one makes reconstruction dear beside the KL.
    Source: 1312.6114, appendix C.2 with a fixed variance.
    """
    square = ((x_start - decoded) / decoder_std).square() / 2
    return (square + math.log(decoder_std) + math.log(2 * math.pi) / 2).flatten(1).sum(dim=1)


class Vae(nn.Module):
    """Two small convolutional networks: images (B, channels, H, W) <-> latents (B, latent_channels, H / f, W / f).

    Each width in `widths` belongs to a level, and each level halves height and width, so f = 2 ** len(widths); H and W
    must be multiples of f. `decoder_std` is the error per number that counts as normal, see `reconstruction_loss`.
    """

    def __init__(
        self,
        channels: int = 1,
        widths: Sequence[int] = (32, 64),
        latent_channels: int = 4,
        decoder_std: float = 0.1,
    ):
        super().__init__()
        self.channels, self.widths = channels, tuple(widths)
        self.latent_channels, self.decoder_std = latent_channels, decoder_std
        self.factor = 2 ** len(widths)
        finest, last = max(widths[0] // 2, 1), widths[-1]  # what the decoder has at full size, and at the smallest
        down: list[nn.Module] = []
        up: list[nn.Module] = [nn.Conv2d(latent_channels, last, 3, padding=1)]
        for narrower, width in zip([channels, *widths[:-1]], widths, strict=True):
            down += [Downsample(narrower, width), ResnetBlock(width, width)]
        for width, narrower in zip(reversed(widths), [*reversed(widths[:-1]), finest], strict=True):
            up += [ResnetBlock(width, width), Upsample(width, narrower)]
        down += [group_norm(last), nn.SiLU(), nn.Conv2d(last, 2 * latent_channels, 1)]
        up += [group_norm(finest), nn.SiLU(), nn.Conv2d(finest, channels, 3, padding=1)]
        self.encoder, self.decoder = nn.Sequential(*down), nn.Sequential(*up)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x), (B, latent_channels, H / f, W / f) each."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance.clamp(-20, 10)  # exp of more overflows in the first steps

    def decode(self, z: Tensor) -> Tensor:
        """The image that the latents z stand for, (B, channels, H, W)."""
        return self.decoder(z)

    def forward(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The decoded image of one draw from q(z | x), and that distribution's mean and log-variance."""
        mean, log_variance = self.encode(x)
        return self.decode(reparameterize(mean, log_variance, noise)), mean, log_variance

    def latent_shape(self, height: int, width: int) -> tuple[int, int, int]:
        """The shape of one image's latents. Raises ValueError for a size that is no multiple of `factor`."""
        if height % self.factor or width % self.factor:
            raise ValueError(f"height and width must be multiples of {self.factor}, not {height} x {width}.")
        return self.latent_channels, height // self.factor, width // self.factor


class Bound(NamedTuple):
    """Minus the ELBO and its two terms, in nats, means over the batch; each a scalar."""

    loss: Tensor
    reconstruction: Tensor
    kl: Tensor


def negative_elbo(vae: Vae, x_start: Tensor, noise: Tensor) -> Bound:
    """An upper bound on -log p(x_start) from one draw of z, and its terms; x_start (B, C, H, W).

    `noise` is standard normal in the shape of the latents. Reconstruction plus KL: 1312.6114, eq. 3.
    """
    decoded, mean, log_variance = vae(x_start, noise)
    reconstruction = reconstruction_loss(x_start, decoded, vae.decoder_std).mean()
    kl = kl_to_standard_normal(mean, log_variance).mean()
    return Bound(reconstruction + kl, reconstruction, kl)


def train_vae(
    vae: Vae,
    ema: Vae,
    optimizer: torch.optim.Optimizer,
    batches: Iterable[Tensor],
    steps: int,
    generator: torch.Generator,
    lr: float,
) -> Iterator[Bound]:
    """Train `vae` for `steps` steps on batches x_start (B, C, H, W); yields each step's detached `Bound`.

    `ema` follows it; noise comes from `generator`, on its device. The learning rate, its decay and the average are
    those of chapter 09.
    """
    for step, x_start in enumerate(islice(batches, steps)):
        shape = (len(x_start), *vae.latent_shape(*x_start.shape[-2:]))
        noise = torch.randn(shape, generator=generator, device=generator.device)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        optimizer.zero_grad()
        bound = negative_elbo(vae, x_start, noise)
        (bound.loss / x_start[0].numel()).backward()  # per pixel, so that one learning rate fits all sizes
        nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        ema_update(ema, vae, ema_decay(step, steps))
        yield Bound(*(term.detach() for term in bound))


# Diffusion among the latents


def latent_scale(latents: Tensor) -> Tensor:
    """The factor that brings latents (N, C_z, h, w) to unit standard deviation, a scalar: 1 / std of all their numbers.

    The noise schedule expects data of about that size. Source: 2112.10752, appendix G.
    """
    return 1 / latents.std()


@torch.no_grad()
def encode_scaled(vae: Vae, x_start: Tensor, scale: Tensor | float, noise: Tensor) -> Tensor:
    """What the diffusion model learns: one draw from q(z | x), times `scale`; (B, C, H, W) -> (B, C_z, h, w)."""
    return scale * reparameterize(*vae.encode(x_start), noise)


@torch.no_grad()
def decode_scaled(vae: Vae, latents: Tensor, scale: Tensor | float) -> Tensor:
    """The images that scaled latents stand for, in [-1, 1]: the scale is undone first; (B, C_z, h, w) -> (B, C, H, W).

    Source: 2112.10752, section 3.3 and appendix G.
    """
    return vae.decode(latents / scale).clamp(-1, 1)


def within_limit(model: Model, schedule: NoiseSchedule, predicts: Predicts, limit: float = 4.0) -> Model:
    """`model` with its predicted x_0 kept in [-limit, limit]: what `clip_start` does for images.

    Scaled latents have standard deviation 1 and no sharp bounds, but hardly one lies beyond 4. At the noisiest steps
    the predicted noise is divided by a tiny sqrt(alpha-bar), and without a limit a small error there becomes a latent
    that the decoder has never seen. The result predicts what `model` predicts, (B, ...).
    """

    def limited(x_t: Tensor, t: Tensor) -> Tensor:
        x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts).clamp(-limit, limit)
        return training_target(x_start, t, noise_from_start(x_t, t, x_start, schedule), schedule, predicts)

    return limited
