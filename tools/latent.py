"""Chapter 15's networks.

    python tools/latent.py vae latent              trains the autoencoder, into a folder outside data/
    python tools/latent.py diffusion latent        trains a U-Net among its latents, and writes data/latent.safetensors

`latent` learns Fashion-MNIST (COURSE_DATA, or the hub), `latent_textures` the coloured textures of 64 x 64. Each takes
some twenty minutes of one core that has bf16 instructions. `python tools/few_steps.py latent | textures` scores them.
"""

import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.progress import track
from torch import Tensor

from course_lib.guidance import drop_labels
from course_lib.images import class_names, load_images, to_model_range
from course_lib.latent import Vae, latent_scale, reparameterize, train_vae
from course_lib.runs.autoencoders import Autoencoder, read_autoencoder
from course_lib.runs.checkpoints import make_model, make_schedule
from course_lib.runs.config import check_config
from course_lib.runs.devices import autocast, device, keep_freed_memory
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
LR, SEED, LATENT_CHANNELS, DECODER_STD = 2e-3, 0, 4, 0.1


@dataclass(frozen=True)
class Recipe:
    """What is learned, by which networks, for how long."""

    source: str
    vae_widths: tuple[int, ...]
    vae_steps: int
    u_net: dict
    predicts: str
    precision: str
    batch_size: int
    steps: int


RECIPES = {
    "latent": Recipe(
        source="auto",
        vae_widths=(24, 48),
        vae_steps=1500,
        u_net={"dim": 48, "dim_mults": (1, 2), "class_conditional": True},
        predicts="noise",
        precision="fp32",
        batch_size=128,
        steps=4000,
    ),
    "latent_textures": Recipe(
        source="coloured_textures",
        vae_widths=(24, 48),
        vae_steps=700,
        u_net={"dim": 48, "dim_mults": (1, 2, 2), "class_conditional": True},
        predicts="v",
        precision="auto",
        batch_size=64,
        steps=2200,
    ),
}
Name = Annotated[str, typer.Argument(help=" or ".join(RECIPES))]
Folder = Annotated[Path, typer.Option(help="Where the unfinished parts lie.")]
app = typer.Typer(add_completion=False)


def batches(images: Tensor, steps: int, size: int) -> Iterator[Tensor]:
    """Batches in the model's range, in the course's order (chapter 09)."""
    for step in track(range(steps), description="training"):
        yield to_model_range(images[batch_indices(step, size, len(images), SEED)])


def adamw(model: torch.nn.Module) -> torch.optim.AdamW:
    return torch.optim.AdamW(model.parameters(), lr=LR, betas=(0.9, 0.99), weight_decay=0.01)


@app.command()
def vae(name: Name, folder: Folder = Path("runs/latent")) -> None:
    """Train the autoencoder, measure the scale of its latents, and write both to FOLDER/NAME_vae.safetensors."""
    keep_freed_memory()
    recipe = RECIPES[name]
    images, _ = load_images(recipe.source)
    torch.manual_seed(SEED)
    network = Vae(images.shape[1], recipe.vae_widths, LATENT_CHANNELS, DECODER_STD)
    average = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(SEED)
    given, start = batches(images, recipe.vae_steps, recipe.batch_size), time.process_time()
    log = train_vae(network, average, adamw(network), given, recipe.vae_steps, generator, LR)
    for step, bound in enumerate(log):
        if step % 50 == 0 or step == recipe.vae_steps - 1:
            terms = (f"{float(term):.1f}" for term in bound)
            print(step, *terms, f"{time.process_time() - start:.0f} s", flush=True)
    mean, log_variance = encode_all(average, images)
    latents = reparameterize(mean, log_variance, torch.randn(mean.shape, generator=generator))
    trained = Autoencoder(average, float(latent_scale(latents)), tuple(images.shape[1:]))
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / f"{name}_vae.safetensors", trained.tensors(), {"autoencoder": trained.describe()})
    print(f"scale {trained.scale:.4f}, std by channel {latents.std(dim=(0, 2, 3)).tolist()}")


@torch.no_grad()
def encode_all(network: Vae, images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log-variance of q(z | x) for all images, in their order."""
    parts = [network.encode(to_model_range(part)) for part in images.split(500)]
    mean, log_variance = (torch.cat(part) for part in zip(*parts, strict=True))
    return mean, log_variance


@app.command()
def diffusion(name: Name, folder: Folder = Path("runs/latent")) -> None:
    """Train a U-Net among the latents of FOLDER/NAME_vae.safetensors, and write data/NAME.safetensors."""
    keep_freed_memory()
    recipe = RECIPES[name]
    images, labels = load_images(recipe.source)
    autoencoder = read_autoencoder(folder / f"{name}_vae.safetensors")
    config = check_config(
        {
            "data": {"source": recipe.source},
            "model": recipe.u_net,
            "diffusion": {"clip_start": False, "predicts": recipe.predicts},
            "training": {
                "steps": recipe.steps,
                "batch_size": recipe.batch_size,
                "lr": LR,
                "seed": SEED,
                "precision": recipe.precision,
            },
        }
    )
    mean, log_variance = encode_all(autoencoder.vae, images)
    names = list(class_names(recipe.source))
    shape = autoencoder.vae.latent_shape(*images.shape[-2:])
    torch.manual_seed(SEED)
    network, schedule = make_model(config, shape[0], len(names)), make_schedule(config)
    average, optimizer = copy.deepcopy(network).requires_grad_(False), adamw(network)
    settings, start = config.training, time.process_time()
    for step in track(range(recipe.steps), description="training"):
        generator = torch.Generator().manual_seed(SEED * 1_000_003 + step)
        chosen = batch_indices(step, recipe.batch_size, len(images), SEED)
        noise = torch.randn(len(chosen), *shape, generator=generator)
        x_start = autoencoder.scale * reparameterize(mean[chosen], log_variance[chosen], noise)
        t = sample_timesteps(len(chosen), schedule.timesteps, generator)
        noise = torch.randn(len(chosen), *shape, generator=generator)
        told = drop_labels(labels[chosen], settings.label_dropout, len(names), generator)
        for group in optimizer.param_groups:
            group["lr"] = LR * warmup_decay(step, recipe.steps)
        loss = train_step(
            autocast(lambda x, t, y=told: network(x, t, labels=y), device("cpu"), recipe.precision),
            optimizer,
            x_start,
            t,
            noise,
            schedule,
            predicts=recipe.predicts,
            grad_clip=1.0,
        )
        ema_update(average, network, ema_decay(step, recipe.steps))
        if step % 100 == 0 or step == recipe.steps - 1:
            print(step, f"{float(loss):.4f}", f"{time.process_time() - start:.0f} s", flush=True)
    tensors = {f"ema.{name}": tensor.half() for name, tensor in average.state_dict().items()}
    metadata = {
        "config": config.model_dump(mode="json"),
        "image_shape": shape,
        "class_names": names,
        "step": recipe.steps,
    }
    metadata["autoencoder"] = autoencoder.describe()
    write_safetensors(DATA / f"{name}.safetensors", tensors | autoencoder.tensors(), metadata)


if __name__ == "__main__":
    app()
