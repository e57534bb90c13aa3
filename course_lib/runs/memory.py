"""Whether a run or a set of samples fits into memory, said before it starts and without taking any.

The network is built on torch's meta device, where tensors have shapes and no content. What is alive at once while a
batch goes through it is then counted, not guessed. Real runs took 1.2 to 2 times as much (what the allocator keeps,
the scratch space of convolutions). So what is refused could not have worked, and the advice leaves room for the rest.
"""

import ctypes
import math
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from course_lib.errors import CourseError
from course_lib.machine import available_memory
from course_lib.runs.checkpoints import Checkpoint, make_model
from course_lib.runs.config import Config
from course_lib.runs.devices import device as find_device
from course_lib.runs.devices import has_fast_bf16
from course_lib.unet import Unet

ROOM = 2  # the most that a real run was seen to take, by the estimate
MOST_TRACED = 256  # images; what more of them take is proportional, and tensors cannot have any size


class TooLargeError(CourseError):
    """Something that does not fit into the memory there is."""


@dataclass(frozen=True)
class Footprint:
    """What a network takes in bytes, by the number of images that go through it at a time."""

    network: Unet  # on the meta device
    image_shape: tuple[int, int, int]  # (C, H, W)
    bf16: bool  # what is computed then takes half

    @property
    def weights(self) -> int:
        """One copy of the weights."""
        return sum(parameter.nbytes for parameter in self.network.parameters())

    def training(self, batch: int) -> int:
        """A training step: weights, their average, Adam's two moments, and either gradients or a whole forward pass."""
        return 4 * self.weights + max(self.weights, self._alive(batch, training=True))

    def sampling(self, count: int) -> int:
        """A call of the network, beside its weights."""
        return self._alive(count, training=False)

    def _alive(self, count: int, training: bool) -> int:
        if count <= MOST_TRACED:
            return self._traced(count, training)
        half, whole = (self._traced(number, training) for number in (MOST_TRACED // 2, MOST_TRACED))
        return whole + (count - MOST_TRACED) * (whole - half) // (MOST_TRACED - MOST_TRACED // 2)

    def _traced(self, count: int, training: bool) -> int:
        x = torch.empty(count, *self.image_shape, device="meta")
        t = torch.zeros(count, dtype=torch.long, device="meta")
        with torch.set_grad_enabled(training), _Alive(self.network) as alive:
            self.network(x, t)
        return alive.most // 2 if self.bf16 else alive.most


def footprint(config: Config, image_shape: tuple[int, int, int], num_classes: int, bf16: bool) -> Footprint:
    """The footprint of the network that `config` describes. It takes no memory and moves no random numbers."""
    with torch.device("meta"):
        network = make_model(config, image_shape[0], num_classes)
    return Footprint(network, image_shape, bf16)


def check_training_memory(config: Config, images: Tensor, num_classes: int) -> None:
    """Raise TooLargeError if training on `images`, uint8 (N, C, H, W), cannot fit; call it before the run is made.

    The message says what is needed, what is free, and which setting to lower to what.
    """
    settings = config.training
    device = find_device(settings.device)
    channels, height, width = images.shape[1:]
    bf16 = _in_bf16(settings.precision, device)
    network = footprint(config, (channels, height, width), num_classes, bf16)
    data = images.nbytes if device.type == "cuda" else 0  # on the CPU they are in memory already
    copies = 5 * network.weights  # with gradients, averages and two moments
    fixed = copies + data
    what = "the data and this network need" if data > copies else "this network needs"
    smaller = "take fewer or smaller images" if data > copies else "lower model.dim or model.dim_mults"
    _refuse(what, fixed, device, lambda free: smaller)

    def advice(setting: str, now: int, needed: int) -> Callable[[int], str]:
        def lower(free: int) -> str:
            fits = _that_fit(now, needed, fixed, free)
            return f"lower {setting} to {fits}" if fits else "lower data.image_size or model.dim"

        return lower

    batch, count = settings.batch_size, settings.sample_count
    needed = network.training(batch) + data
    _refuse("training needs", needed, device, advice("training.batch_size", batch, needed))
    if settings.sample_every:
        needed = fixed + network.sampling(count)
        _refuse("a preview needs", needed, device, advice("training.sample_count", count, needed))


def check_sampling_memory(checkpoint: Checkpoint, count: int, batch: int, precision: str = "auto") -> None:
    """Raise TooLargeError if drawing `count` images, `batch` at a time, cannot fit beside the checkpoint in memory.

    The message says what is needed, what is free, and what to give as --count or --batch.
    """
    device = checkpoint.schedule.device
    images = 2 * count * math.prod(checkpoint.picture_shape)  # bytes: in the end they are there in parts and as a whole
    each = images // count
    _refuse("the result needs", images, torch.device("cpu"), lambda free: f"lower --count to {free // each}")
    network = footprint(
        checkpoint.config, checkpoint.image_shape, len(checkpoint.class_names), _in_bf16(precision, device)
    )
    batch = min(batch, count)
    needed = network.sampling(batch)

    def lower(free: int) -> str:
        fits = _that_fit(batch, needed, 0, free)
        return f"lower --batch to {fits}" if fits else "take a device with more memory, or a smaller network"

    _refuse("sampling needs", needed, device, lower)


def _that_fit(now: int, needed: int, fixed: int, free: int) -> int:
    """How many of the `now` images surely fit, which need `needed` bytes, `fixed` of them for no image at all.

    The need grows in a line or faster, so what this line leaves room for does fit.
    """
    return max(0, now * (free - fixed) // max(1, ROOM * (needed - fixed)))


def _refuse(what: str, needed: int, device: torch.device, advice: Callable[[int], str]) -> None:
    free = _free_memory(device)
    if free is not None and needed > free and device.type != "cuda":
        _give_back_freed_memory()
        free = _free_memory(device)
    if free is not None and needed > free:
        place = "the GPU" if device.type == "cuda" else "this machine"
        sizes = f"about {_gigabytes(needed)}, and {place} has {_gigabytes(free)} free"
        raise TooLargeError(f"{what} {sizes}: {advice(free)}.")


def _free_memory(device: torch.device) -> int | None:
    if device.type != "cuda":
        return available_memory()
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # by this process, and kept
    return torch.cuda.mem_get_info(device)[0] + unused


def _give_back_freed_memory() -> None:
    """Undo what `keep_freed_memory` kept: an earlier run in this process leaves its pages to the next one."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _in_bf16(precision: str, device: torch.device) -> bool:
    return precision == "bf16" or (precision == "auto" and has_fast_bf16(device))


def _gigabytes(number: int) -> str:
    return f"{number / 1e9:,.0f} GB" if number >= 100e9 else f"{number / 1e9:.1f} GB"


class _Alive(TorchDispatchMode):
    """Counts the bytes of the tensors that are alive at once, without those of `network`: `most` is their maximum."""

    def __init__(self, network: Unet):
        super().__init__()
        self.most = self._now = 0
        self._known = weakref.WeakSet(tensor.untyped_storage() for tensor in network.parameters())

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and (storage := tensor.untyped_storage()) not in self._known:
                self._known.add(storage)
                self._now += storage.nbytes()
                self.most = max(self.most, self._now)
                weakref.finalize(storage, self._forget, storage.nbytes())
        return result

    def _forget(self, size: int) -> None:
        self._now -= size
