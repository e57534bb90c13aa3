"""What may be wrong with samples: reading them, and the checks, each of them a number beside that of real images.

What is measured is in `bugs`; how large a number must be stands here, with the reason.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from course_lib import bugs
from course_lib.evaluation import fit_gaussian, frechet_distance
from course_lib.files import explained
from course_lib.images import load_images, to_model_range
from course_lib.runs.diagnosis.catalogue import Finding, finding
from course_lib.runs.diagnosis.probe import Probe
from course_lib.runs.tensor_files import CheckpointError
from course_lib.sampling import nearest_images


@dataclass(frozen=True)
class Samples:
    """What a file of samples holds.

    images    float32 (N, C, H, W), uint8 already in [-1, 1]
    picture   what was to be completed, alike, or None
    mask      1 where the picture is known, alike, or None
    features  a judge's features (N, d) and the Frechet distance that was computed from them, or None
    """

    images: Tensor
    picture: Tensor | None = None
    mask: Tensor | None = None
    features: Tensor | None = None
    score: float | None = None


def read_samples(path: Path) -> Samples:
    """The samples in a file .safetensors (a tensor "samples" or "images"), or in a folder of pictures.

    uint8 becomes [-1, 1]; so do floats from 0 to 1, and from 0 to 255. Raises CheckpointError for a file that is
    missing, broken, of another kind, or that holds no images.
    """
    stored = _stored(path)
    images = next((stored[name] for name in ("samples", "images") if name in stored), None)
    if images is None or images.ndim not in (3, 4) or images.numel() == 0:
        held = f"it holds {', '.join(sorted(stored)[:5]) or 'nothing'}"
        raise CheckpointError(f'{path} has no images in it: name a tensor "samples", (N, C, H, W); {held}.')
    if images.ndim == 3:
        images = images[:, None]
    if images.shape[1] not in (1, 3) and images.shape[-1] in (1, 3):
        images = images.movedim(-1, 1)
    if min(images.shape[-2:]) < 8 or images.shape[1] not in (1, 3):
        raise CheckpointError(f"{path} has images of the shape {tuple(images.shape[1:])}; (1 or 3, 8 or more, alike).")
    picture, mask, features, score = (stored.get(name) for name in ("picture", "mask", "features", "frechet_distance"))
    return Samples(
        images=_in_range(images),
        picture=None if picture is None else _in_range(picture),
        mask=None if mask is None else mask.float(),
        features=features,
        score=None if score is None else float(score),
    )


def _stored(path: Path) -> dict[str, Tensor]:
    """The tensors in a file of samples, by name."""
    if path.is_dir():
        return {"images": load_images(path)[0]}
    if path.suffix.lower() != ".safetensors":
        raise CheckpointError(
            f"{path} is no file that can be looked into: give a checkpoint or samples as .safetensors, or a folder of "
            "pictures. (A pickle, such as .pt, .ckpt and some .npy, can run code when it is read.)"
        )
    with explained(path, "read"), path.open("rb") as file:
        try:
            return load(file.read())
        except (ValueError, TypeError, SafetensorError) as error:
            raise CheckpointError(f"{path} is broken or half-copied ({str(error)[:100]}). Copy it again.") from None


def _in_range(images: Tensor) -> Tensor:
    """float32 in the model's range, whatever range the images are in."""
    if images.dtype == torch.uint8:
        return to_model_range(images)
    x = images.float()
    seen = x[x.isfinite()]
    if len(seen) and float(seen.min()) >= 0 and float(seen.max()) > 0.2:
        return x * 2 - 1 if float(seen.max()) <= 1.5 else x / 127.5 - 1
    return x


def diagnose_samples(samples: Samples, probe: Probe) -> list[Finding]:
    """What may be wrong with samples, the likeliest first; [] if nothing was found.

    The probe has images of the kind that the samples should be.
    """
    x = samples.images
    if not bool(x.isfinite().all()):
        bad = int((~x.flatten(1).isfinite().all(dim=1)).sum())
        return [finding("nan_half", "sure", f"{bad} of {len(x)} samples have NaN or inf in them.")]
    found = [*_inverted_mask(samples), *_few_for_a_score(samples)]
    if found:
        return found
    return (
        _empty(x)
        or _only_noise(x, probe)
        or _alike(x, probe)
        or [*_grain(x, probe), *_copies(x, probe), *_blur(x, probe), *_mirrored(x, probe)]
    )


def _inverted_mask(samples: Samples) -> list[Finding]:
    """The known part must come back, and the rest must be new. 0.02 of the range of 2 is 2.5 grey levels."""
    if samples.picture is None or samples.mask is None:
        return []
    known = (samples.mask > 0.5).expand_as(samples.images)
    change = (samples.images - samples.picture).square()
    kept, drawn = change[known].mean().sqrt(), change[~known].mean().sqrt()
    if not (kept > 0.02 and drawn < 0.02):
        return []
    evidence = f"the known part changed by {kept:.2f} (root mean square), and the part to be drawn by {drawn:.2f}."
    return [finding("inverted_mask", "sure", evidence)]


def _few_for_a_score(samples: Samples) -> list[Finding]:
    """How large is the Frechet distance of n draws from the very Gaussian that they come from? That is bias alone.

    A tenth of the score is as much as the networks differ that people compare by it.
    """
    if samples.features is None or samples.score is None:
        return []
    fitted = fit_gaussian(samples.features)
    count, width = samples.features.shape
    values, vectors = torch.linalg.eigh(fitted.covariance)
    root = vectors * values.clamp(min=0).sqrt()
    drawn = torch.randn(count, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    bias = float(frechet_distance(*fit_gaussian(drawn @ root.T + fitted.mean), *fitted))
    if bias < samples.score / 10:
        return []
    evidence = (
        f"the score {samples.score:.3g} is of {count} samples with {width} features; as many draws from their own "
        f"Gaussian are at a distance of {bias:.3g} from it."
    )
    return [finding("fid_of_128", "sure", evidence)]


def _empty(x: Tensor) -> list[Finding]:
    """Images of one grey level: 0.02 of the range of 2 is 2.5 grey levels."""
    flat = x.flatten(1).std(dim=1) < 0.02
    if flat.float().mean() < 0.9:
        return []
    level = float(x.mean())
    evidence = f"{int(flat.sum())} of {len(x)} samples are of one shade: {level:.2f} in [-1, 1]."
    return [finding("mean_times_noise" if abs(level) < 0.1 else "black_images", "likely", evidence)]


def _neighbours(x: Tensor) -> float:
    """The correlation of a pixel with the one beside it."""
    centred = x - x.mean(dim=(-2, -1), keepdim=True)
    return float((centred[..., 1:] * centred[..., :-1]).mean() / centred.square().mean())


def _only_noise(x: Tensor, probe: Probe) -> list[Finding]:
    """In images neighbouring pixels are alike; in noise they have nothing to do with each other."""
    here, there = _neighbours(x), _neighbours(probe.images)
    if here > there / 4 or there < 0.3:
        return []
    evidence = f"neighbouring pixels have the correlation {here:.2f}; in {len(probe.images)} real images {there:.2f}."
    return [finding("wrong_parametrisation", "likely", evidence)]


def _alike(x: Tensor, probe: Probe) -> list[Finding]:
    """Two samples should differ about as much as two real images; a quarter is the same image with other details."""
    if len(x) < 2:
        return []
    here, there = float(bugs.pair_distance(x)), float(bugs.pair_distance(probe.images))
    if here > there / 4:
        return []
    return [finding("all_alike", "likely", f"two samples differ by {here:.2f}, two real images by {there:.2f}.")]


def _grain(x: Tensor, probe: Probe) -> list[Finding]:
    """White noise on top of finished images, even where they are calm. 0.03 is 4 grey levels: one can just see it.

    An undertrained network's calm parts are not clean either, but blotchy: there a pixel is like the one two away.
    """
    here = float(bugs.grain(x).median())
    there = float(bugs.grain(probe.images).quantile(0.9))
    correlation = float(bugs.calm_correlation(x))
    if here < there + 0.03 or correlation > 0.12:
        return []
    evidence = (
        f"white noise of standard deviation {here * 127.5:.0f} grey levels lies on the samples, and of at most "
        f"{there * 127.5:.0f} on real images; pixels two apart have the correlation {correlation:.2f} where it is calm."
    )
    return [finding(name, "likely", evidence) for name in ("noise_at_t0", "off_by_one_end")]


def _copies(x: Tensor, probe: Probe) -> list[Finding]:
    """Real images that were held out have a distance to the nearest other one, too: half of that is a copy."""
    here = float(nearest_images(x, probe.others)[1].median())
    there = float(nearest_images(probe.images, probe.others)[1].median())
    if here > there / 2:
        return []
    evidence = f"the nearest training image is {here:.3f} away from a sample, and {there:.3f} from a held-out image."
    return [finding("copies", "likely", evidence)]


def _blur(x: Tensor, probe: Probe) -> list[Finding]:
    """Less than half of the detail, and less variety, than real images have: noise is missing in the sampler."""
    here, there = float(bugs.detail(x).median()), float(bugs.detail(probe.images).median())
    if here > there / 2:
        return []
    evidence = f"the samples have {here / there:.0%} of the detail (second differences) of real images."
    return [finding("beta_for_its_root", "likely", evidence)]


def _mirrored(x: Tensor, probe: Probe) -> list[Finding]:
    """Among samples that look to one side, how many look to the wrong one? Of real images few do."""

    def wrong(images: Tensor) -> tuple[int, int]:
        tilt = bugs.mirror_evidence(images, probe.others)
        return int((tilt < -0.1).sum()), int((tilt.abs() > 0.1).sum())

    here, sided = wrong(x)
    there, real = wrong(probe.images)
    if sided < 8 or real < 8 or here / sided < 0.3 or here / sided < 2 * there / real:
        return []
    evidence = (
        f"{here} of {sided} samples that look to one side look to the wrong one; of real images {there} of {real}."
    )
    return [finding("flips", "likely", evidence)]
