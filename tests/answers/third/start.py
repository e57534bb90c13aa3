"""Answers to the new quizzes of chapter 00."""

import math

import torch
from einops import einsum
from torch import Tensor

from answers import right, wrong

# add_noise


@wrong("add_noise", "no roots at all")
def noisy_without_roots(x_start, noise, signal):
    return signal * x_start + (1 - signal) * noise


@wrong("add_noise", "one minus the root instead of the root of one minus")
def noisy_one_minus_root(x_start, noise, signal):
    return signal**0.5 * x_start + (1 - signal**0.5) * noise


@wrong("add_noise", "the weights are swapped")
def noisy_swapped(x_start, noise, signal):
    return (1 - signal) ** 0.5 * x_start + signal**0.5 * noise


@wrong("add_noise", "the root before the noise is forgotten")
def noisy_noise_without_root(x_start, noise, signal):
    return math.sqrt(signal) * x_start + (1 - signal) * noise


@wrong("add_noise", "the root before the picture is forgotten")
def noisy_picture_without_root(x_start, noise, signal):
    return signal * x_start + math.sqrt(1 - signal) * noise


@wrong("add_noise", "signal is taken for a standard deviation, not a variance")
def noisy_signal_as_deviation(x_start, noise, signal):
    return signal * x_start + math.sqrt(1 - signal**2) * noise


@wrong("add_noise", "squares instead of roots")
def noisy_squares(x_start, noise, signal):
    return signal**2 * x_start + (1 - signal) ** 2 * noise


@wrong("add_noise", "the picture keeps its size")
def noisy_unshrunk(x_start, noise, signal):
    return x_start + math.sqrt(1 - signal) * noise


@wrong("add_noise", "the noise is added whole")
def noisy_whole_noise(x_start, noise, signal):
    return math.sqrt(signal) * x_start + noise


@wrong("add_noise", "the noise is subtracted")
def noisy_subtracted(x_start, noise, signal):
    return math.sqrt(signal) * x_start - math.sqrt(1 - signal) * noise


@wrong("add_noise", "clamped to the range of the pictures")
def noisy_clamped(x_start, noise, signal):
    x_t = signal**0.5 * x_start + (1 - signal) ** 0.5 * noise
    return x_t.clamp(-1, 1)


@wrong("add_noise", "torch.sqrt of a plain number raises")
def noisy_torch_sqrt(x_start, noise, signal):
    return torch.sqrt(signal) * x_start + torch.sqrt(1 - signal) * noise


@wrong("add_noise", "draws noise of its own")
def noisy_own_noise(x_start, noise, signal):
    return math.sqrt(signal) * x_start + math.sqrt(1 - signal) * torch.randn_like(x_start)


@wrong("add_noise", "overwrites the picture and the noise")
def noisy_in_place(x_start, noise, signal):
    x_start *= signal**0.5
    noise *= (1 - signal) ** 0.5
    return x_start + noise


@wrong("add_noise", "one root over the sum, which is not a number below 0")
def noisy_root_of_sum(x_start, noise, signal):
    return (signal * x_start + (1 - signal) * noise).sqrt()


@right("add_noise", "an angle: cosine and sine")
def noisy_by_angle(x_start, noise, signal):
    angle = math.acos(math.sqrt(signal))
    return math.cos(angle) * x_start + math.sin(angle) * noise


@right("add_noise", "the roots of a tensor with both shares")
def noisy_by_einsum(x_start: Tensor, noise: Tensor, signal: float) -> Tensor:
    shares = torch.tensor([signal, 1 - signal], dtype=x_start.dtype, device=x_start.device)
    return einsum(shares.sqrt(), torch.stack([x_start, noise]), "k, k ... -> ...")


@right("add_noise", "picture by picture")
def noisy_by_pictures(x_start, noise, signal):
    out = torch.empty_like(x_start)
    for row in range(len(x_start)):
        out[row] = signal**0.5 * x_start[row] + (1 - signal) ** 0.5 * noise[row]
    return out


@right("add_noise", "torch.add with alpha")
def noisy_by_add(x_start, noise, signal):
    return torch.add(x_start * math.sqrt(signal), noise, alpha=math.sqrt(1 - signal))


@right("add_noise", "the root of signal taken out of the sum, none if signal is 0")
def noisy_factored(x_start, noise, signal):
    if signal == 0:
        return noise.clone()
    return (x_start + ((1 - signal) / signal) ** 0.5 * noise) * signal**0.5
