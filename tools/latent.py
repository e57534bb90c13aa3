"""Chapter 15's networks.

    python tools/latent.py vae          trains the autoencoder, into a folder outside data/
    python tools/latent.py diffusion    trains a U-Net among its latents, and writes both to data/latent.safetensors

Both need Fashion-MNIST (COURSE_DATA, or the hub), and take some twenty minutes together on one slow core.
`python tools/few_steps.py latent` scores the result.
"""

import copy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.progress import track
from torch import Tensor

from course_lib.guidance import drop_labels
from course_lib.images import class_names, load_images, to_model_range
from course_lib.latent import Vae, encode_scaled, latent_scale, reparameterize, train_vae
from course_lib.runs.autoencoders import Autoencoder, read_autoencoder
from course_lib.runs.checkpoints import make_model, make_schedule
from course_lib.runs.config import check_config
from course_lib.runs.devices import keep_freed_memory
from course_lib.runs.tensor_files import write_safetensors
from course_lib.training import (
    batch_indices,
    ema_decay,
    ema_update,
    sample_timesteps,
    train_step,
    warmup_decay,
)

DATA = Path(__file__).parents[1] / "data"
BATCH, LR, SEED = 128, 2e-3, 0
WIDTHS, LATENT_CHANNELS, DECODER_STD = (24, 48), 4, 0.1
U_NET = {"dim": 48, "dim_mults": (1, 2), "class_conditional": True}
Folder = Annotated[Path, typer.Option(help="Where the unfinished parts lie.")]
app = typer.Typer(add_completion=False)


def batches(images: Tensor, steps: int) -> Iterator[Tensor]:
    """Batches in the model's range, in the course's order (chapter 09)."""
    for step in track(range(steps), description="training"):
        yield to_model_range(images[batch_indices(step, BATCH, len(images), SEED)])


def adamw(model: torch.nn.Module) -> torch.optim.AdamW:
    return torch.optim.AdamW(model.parameters(), lr=LR, betas=(0.9, 0.99), weight_decay=0.01)


@app.command()
def vae(folder: Folder = Path("runs/latent"), steps: int = 1500) -> None:
    """Train the autoencoder, measure the scale of its latents, and write both to FOLDER/vae.safetensors."""
    keep_freed_memory()
    images, _ = load_images("auto")
    torch.manual_seed(SEED)
    network = Vae(images.shape[1], WIDTHS, LATENT_CHANNELS, DECODER_STD)
    average = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(SEED)
    log = train_vae(network, average, adamw(network), batches(images, steps), steps, generator, LR)
    for step, bound in enumerate(log):
        if step % 50 == 0 or step == steps - 1:
            print(step, *(f"{float(term):.1f}" for term in bound), flush=True)
    latents = torch.cat([draw for draw, _ in encoded(average, images)])
    trained = Autoencoder(average, float(latent_scale(latents)), tuple(images.shape[1:]))
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "vae.safetensors", trained.tensors(), {"autoencoder": trained.describe()})
    print(f"scale {trained.scale:.4f}, std by channel {latents.std(dim=(0, 2, 3)).tolist()}")


@torch.no_grad()
def encoded(network: Vae, images: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """For each batch of images in order: one draw from q(z | x), and its mean."""
    generator = torch.Generator().manual_seed(SEED)
    for part in images.split(500):
        mean, log_variance = network.encode(to_model_range(part))
        yield reparameterize(mean, log_variance, torch.randn(mean.shape, generator=generator)), mean


@app.command()
def diffusion(folder: Folder = Path("runs/latent"), steps: int = 6000) -> None:
    """Train a U-Net among the latents of FOLDER/vae.safetensors, and write data/latent.safetensors."""
    keep_freed_memory()
    images, labels = load_images("auto")
    autoencoder = read_autoencoder(folder / "vae.safetensors")
    config = check_config(
        {
            "model": U_NET,
            "diffusion": {"clip_start": False},
            "training": {"steps": steps, "batch_size": BATCH, "lr": LR, "seed": SEED},
        }
    )
    names = list(class_names("auto"))
    shape = autoencoder.vae.latent_shape(*images.shape[-2:])
    torch.manual_seed(SEED)
    network, schedule = make_model(config, shape[0], len(names)), make_schedule(config)
    average, optimizer = copy.deepcopy(network).requires_grad_(False), adamw(network)
    settings, start = config.training, time.perf_counter()
    for step in track(range(steps), description="training"):
        generator = torch.Generator().manual_seed(SEED * 1_000_003 + step)
        chosen = batch_indices(step, BATCH, len(images), SEED)
        noise = torch.randn(BATCH, *shape, generator=generator)
        x_start = encode_scaled(autoencoder.vae, to_model_range(images[chosen]), autoencoder.scale, noise)
        t = sample_timesteps(BATCH, schedule.timesteps, generator)
        noise = torch.randn(BATCH, *shape, generator=generator)
        told = drop_labels(labels[chosen], settings.label_dropout, len(names), generator)
        for group in optimizer.param_groups:
            group["lr"] = LR * warmup_decay(step, steps)
        loss = train_step(
            lambda x, t, y=told: network(x, t, labels=y), optimizer, x_start, t, noise, schedule, grad_clip=1.0
        )
        ema_update(average, network, ema_decay(step, steps))
        if step % 100 == 0 or step == steps - 1:
            print(step, f"{float(loss):.4f}", f"{time.perf_counter() - start:.0f} s", flush=True)
    tensors = {f"ema.{name}": tensor.half() for name, tensor in average.state_dict().items()}
    metadata = {"config": config.model_dump(mode="json"), "image_shape": shape, "class_names": names, "step": steps}
    metadata["autoencoder"] = autoencoder.describe()
    write_safetensors(DATA / "latent.safetensors", tensors | autoencoder.tensors(), metadata)


if __name__ == "__main__":
    app()
