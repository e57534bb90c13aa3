"""Train every network of course_lib.experiments.ablation on the garments and log what each gains.

    OMP_NUM_THREADS=1 python tools/ablation.py

writes data/ablation.csv and data/pictures/ablation.png, which chapter 07 reads. All networks see the same pictures, t
and noise, and are judged on the same held-out ones.
"""

import argparse
import csv
import statistics
import time

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib.experiments.ablation import LOG, SAMPLES, VARIANTS, Network
from course_lib.images import load_images, to_model_range
from course_lib.pictures.plots import save_grid
from course_lib.reverse import p_losses, p_sample_loop
from course_lib.schedules import NoiseSchedule
from course_lib.toy import fit

SCHEDULE = NoiseSchedule.from_name("cosine", timesteps=200)
RANGES = {"low": (0, 67), "middle": (67, 134), "high": (134, 200)}  # of t, that is of noise
HELD_OUT = 200  # pictures for each range
BATCH = 64


def held_out() -> dict[str, tuple[Tensor, Tensor, Tensor]]:
    """The pictures, t and noise that every network is judged on, for each range of t."""
    pictures = to_model_range(load_images("garments", split="test")[0])[:HELD_OUT]
    generator = torch.Generator().manual_seed(1234)
    found = {}
    for name, (first, end) in RANGES.items():
        t = torch.linspace(first, end - 1, HELD_OUT).round().long()
        found[name] = pictures, t, torch.randn(pictures.shape, generator=generator)
    return found


@torch.no_grad()
def losses(network: nn.Module, judged: dict[str, tuple[Tensor, Tensor, Tensor]]) -> dict[str, str]:
    found = {name: p_losses(network, *batch, SCHEDULE).item() for name, batch in judged.items()}
    return {f"loss_{name}": f"{loss:.4f}" for name, loss in found.items()}


def train(name: str, seed: int, steps: int, learning_rate: float):
    """Yield (step, network) while it trains, the untrained one first."""
    torch.manual_seed(seed)
    network = Network(VARIANTS[name])
    generator = torch.Generator().manual_seed(seed)
    pictures = to_model_range(load_images("garments")[0])

    def draw_loss() -> Tensor:
        x = pictures[torch.randint(len(pictures), (BATCH,), generator=generator)]
        t = torch.randint(SCHEDULE.timesteps, (BATCH,), generator=generator)
        return p_losses(network, x, t, torch.randn(x.shape, generator=generator), SCHEDULE)

    yield 0, network
    for step, _ in fit(draw_loss, torch.optim.Adam(network.parameters(), lr=learning_rate), steps):
        yield step + 1, network


def costs(names: list[str]) -> dict[str, dict[str, str]]:
    """Parameters, million multiply-adds per picture, and seconds of one core per training step, taken in turns."""
    found, seconds = {}, {name: [] for name in names}
    networks = {name: Network(VARIANTS[name]) for name in names}
    x, t = torch.randn(BATCH, 1, 28, 28), torch.randint(SCHEDULE.timesteps, (BATCH,))
    for _ in range(7):
        for name, network in networks.items():
            start = time.process_time()
            p_losses(network, x, t, x, SCHEDULE).backward()
            seconds[name].append(time.process_time() - start)
    for name, network in networks.items():
        with FlopCounterMode(display=False) as counter:
            network(x[:1], t[:1])
        found[name] = {
            "parameters": str(sum(parameter.numel() for parameter in network.parameters())),
            "multiply_adds": f"{counter.get_total_flops() / 2e6:.1f}",
            "core_seconds": f"{statistics.median(seconds[name]):.3f}",
        }
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--rungs", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="RUNG")
    parser.add_argument("--log", default=LOG)
    parser.add_argument("--samples", default=SAMPLES)
    chosen = parser.parse_args()

    rows, samples, judged, cost = [], [], held_out(), costs(chosen.rungs)
    for seed in range(chosen.seeds):
        for name in chosen.rungs:
            for step, network in train(name, seed, chosen.steps, chosen.learning_rate):
                if step % 50 == 0 or step == chosen.steps:
                    rows.append({"rung": name, "seed": seed, "step": step, **losses(network, judged), **cost[name]})
            print(rows[-1], flush=True)
            if seed == 0:
                generator = torch.Generator().manual_seed(0)
                samples.append(p_sample_loop(network, (8, 1, 28, 28), SCHEDULE, generator, clip_start=True))
                save_grid(torch.cat(samples), chosen.samples, columns=8, scale=1)
            with open(chosen.log, "w", newline="") as file:
                writer = csv.DictWriter(file, rows[0])
                writer.writeheader()
                writer.writerows(rows)


if __name__ == "__main__":
    main()
