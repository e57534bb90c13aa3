"""`course edit`: own pictures, changed by a network; what does not fit is one sentence, before any work."""

import os
import re
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from small_checkpoints import make_checkpoint
from typer.testing import CliRunner

from course_lib import editing
from course_lib.cli import app
from course_lib.images import load_images, to_model_range, to_uint8
from course_lib.runs import edits
from course_lib.runs.checkpoints import denoiser, load_checkpoint
from course_lib.runs.denoiser import picture_generators
from course_lib.runs.tensor_files import write_safetensors


def course(*words, ok=True):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert (result.exit_code == 0) is ok, result.output + str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return " ".join((result.stdout + result.stderr).split())


def refused(*words):
    """The one sentence that a command ends with, and its status."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 1, result.output + str(result.exception)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.output
    return result.stderr


def store(path, checkpoint):
    about = {
        "config": checkpoint.config.model_dump(mode="json"),
        "image_shape": checkpoint.image_shape,
        "class_names": checkpoint.class_names,
        "step": checkpoint.step,
    }
    write_safetensors(path, {f"ema.{name}": value for name, value in checkpoint.model.state_dict().items()}, about)
    return path


def random_picture(seed, shape=(8, 8)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save(path, array):
    Image.fromarray(array).save(path)
    return path


def values(path):
    """(C, H, W)"""
    array = np.asarray(Image.open(path))
    return torch.from_numpy(np.array(array)).reshape(*array.shape[:2], -1).permute(2, 0, 1)


def parts(path, count, columns, height=8, width=8, scale=4):
    """The pictures in a grid, (count, 1, H, W)."""
    whole = values(path)[:, ::scale, ::scale]
    places = [divmod(k, columns) for k in range(count)]
    cut = [whole[:, r * (height + 1) :, c * (width + 1) :][:, :height, :width] for r, c in places]
    return torch.stack(cut)


SIMPLE = ("--precision", "fp32", "--device", "cpu")


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    return {
        "grey": store(folder / "grey.safetensors", make_checkpoint()),
        "v": store(folder / "v.safetensors", make_checkpoint("v", False)),
        "unconditional": store(folder / "plain.safetensors", make_checkpoint(conditional=False)),
        "wide": store(folder / "wide.safetensors", make_checkpoint(shape=(3, 8, 12))),
        "broken": store(folder / "broken.safetensors", too_large(make_checkpoint(clip_start=False))),
    }


def too_large(checkpoint):
    """Its weights are finite, what it says is not."""
    for parameter in checkpoint.model.parameters():
        parameter.data.fill_(1e30)
    return checkpoint


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a picture, another one, and a mask."""
    monkeypatch.chdir(tmp_path)
    save("a.png", random_picture(1))
    save("b.png", random_picture(2))
    mask = np.full((8, 8), 255, np.uint8)
    mask[4:] = 0
    save("mask.png", mask)
    return tmp_path


# What each command draws is what the library draws


@pytest.mark.parametrize("which", ["grey", "v"])
@pytest.mark.parametrize("steps", [1, 3])
def test_denoising_is_that_of_the_library(networks, here, which, steps):
    said = course(
        "edit", "denoise", "a.png", "--noise", 200, "--checkpoint", networks[which], "--steps", steps, *SIMPLE
    )
    loaded = load_checkpoint(networks[which], "cpu")
    start = int(editing.noise_level_to_t(torch.tensor(200 / 127.5), loaded.schedule))
    assert start >= 2
    network = denoiser(loaded, precision="fp32")
    x = to_model_range(values("a.png"))[None]
    expected = editing.denoise_from(network, x, start, loaded.schedule, steps, network.predicts, network.clip_start)
    assert torch.equal(values("denoised.png"), to_uint8(expected)[0])
    assert f"started at t = {start} of 0 to 4" in said
    assert re.search(r"wrote denoised.png: 1 picture of 1 x 8 x 8 1 edit in \d+\.\d\d s$", said)


def test_the_label_reaches_the_network(networks, here):
    words = ("edit", "denoise", "a.png", "--noise", 200, "--checkpoint", networks["grey"], *SIMPLE)
    for label, out in ((None, "none.png"), ("bag", "bag.png"), ("1", "one.png"), ("Boot", "boot.png")):
        course(*words, *(("--label", label) if label else ()), "--out", out)
    assert torch.equal(values("bag.png"), values("one.png"))
    assert not torch.equal(values("bag.png"), values("boot.png"))
    assert not torch.equal(values("bag.png"), values("none.png"))


def test_noise_that_is_added_can_be_taken_out_of_the_file_again(networks, here):
    words = ("--noise", 60, "--checkpoint", networks["grey"], *SIMPLE)
    said = course("edit", "denoise", "a.png", *words, "--add-noise", "--noisy-out", "n.png", "--out", "x.png")
    course("edit", "denoise", "n.png", *words, "--out", "y.png")
    assert torch.equal(values("x.png"), values("y.png"))
    assert not torch.equal(values("n.png"), values("a.png"))
    before = edits.psnr(values("n.png"), values("a.png"))
    after = edits.psnr(values("x.png"), values("a.png"))
    assert f"a.png: PSNR {before:.1f} dB with the noise, {after:.1f} dB after denoising" in said
    normal = torch.randn((1, 8, 8), generator=picture_generators(0, 0, 1)[0])
    assert torch.equal(values("n.png"), to_uint8(to_model_range(values("a.png")) + 60 / 127.5 * normal))


def test_the_noise_of_picture_k_depends_on_the_seed_and_on_k(networks, here):
    words = ("--noise", 60, "--add-noise", "--checkpoint", networks["grey"], *SIMPLE)
    save("c.png", random_picture(1))  # the same picture as a.png
    course("edit", "denoise", "a.png", *words, "--out", "alone.png")
    course("edit", "denoise", "a.png", "c.png", *words, "--out", "both")
    course("edit", "denoise", "a.png", *words, "--out", "other.png", "--seed", 1)
    assert torch.equal(values("alone.png"), values("both/a.png"))
    assert not torch.equal(values("both/a.png"), values("both/c.png"))
    assert not torch.equal(values("alone.png"), values("other.png"))


@pytest.mark.parametrize("resample", [1, 2])
def test_inpainting_is_that_of_the_library_and_keeps_every_known_pixel(networks, here, resample):
    words = ("--mask", "mask.png", "--checkpoint", networks["grey"], "--resample", resample, *SIMPLE)
    said = course("edit", "inpaint", "a.png", *words, "-n", 3, "--label", "bag")
    loaded, photo = load_checkpoint(networks["grey"], "cpu"), values("a.png")
    known = values("mask.png") == 255
    network = denoiser(loaded, torch.full((3,), 1), "fp32")
    generators = picture_generators(0, 0, 3)
    expected = editing.inpaint_sample_loop(
        network,
        to_model_range(photo).expand(3, -1, -1, -1),
        known,
        loaded.schedule,
        5,
        1.0,
        3,
        resample,
        generators,
        generators,
        network.predicts,
        network.clip_start,
    )
    drawn = parts("inpainted.png", 3, 2)
    assert torch.equal(drawn, to_uint8(expected))
    for one in drawn:
        assert torch.equal(one[known], photo[known])
        assert not torch.equal(one[~known], photo[~known])
    assert not torch.equal(drawn[0], drawn[1])
    assert f"50% of the pixels were known and stay; {edits.inpainting_calls(5, resample)} network calls" in said
    assert re.search(r"3 edits in \d+\.\d\d s, \d+\.\d\d s each$", said)


def test_one_variant_keeps_its_size_and_every_known_pixel(networks, here):
    course("edit", "inpaint", "a.png", "--mask", "mask.png", "--checkpoint", networks["v"], "--seed", 4)
    assert values("inpainted.png").shape == (1, 8, 8)
    assert torch.equal(values("inpainted.png")[:, :4], values("a.png")[:, :4])


@pytest.mark.parametrize("command", ["inpaint", "from-sketch"])
def test_variant_k_is_the_same_for_every_number_and_batch(networks, here, command):
    words = ["edit", command, "a.png", "--checkpoint", networks["grey"], *SIMPLE]
    words += ["--mask", "mask.png"] if command == "inpaint" else []
    course(*words, "-n", 4, "--out", "four.png")
    course(*words, "-n", 4, "--batch", 3, "--out", "batches.png")
    course(*words, "--out", "one.png")
    course(*words, "--seed", 1, "--out", "other.png")
    four, batches = (parts(name, 4, 2).int() for name in ("four.png", "batches.png"))
    assert (four - batches).abs().max() <= 1
    assert (four[0] - values("one.png").int()).abs().max() <= 1
    assert (four[0] - values("other.png").int()).abs().max() > 20


@pytest.mark.parametrize(("strength", "start"), [(0, 0), (0.5, 2), (1, 4)])
def test_a_sketch_begins_where_its_strength_says(networks, here, strength, start):
    words = ("--strength", strength, "--checkpoint", networks["v"], "--no-invert", "-n", 2, *SIMPLE)
    said = course("edit", "from-sketch", "a.png", *words, "--label", 2, "--scale", 1)
    loaded = load_checkpoint(networks["v"], "cpu")
    noise = torch.stack([torch.randn(1, 8, 8, generator=g) for g in picture_generators(0, 0, 2)])
    network = denoiser(loaded, torch.full((2,), 2), "fp32")
    x = to_model_range(values("a.png")).expand(2, -1, -1, -1)
    expected = editing.sketch_to_image(
        network, x, start, noise, loaded.schedule, start + 1, network.predicts, network.clip_start
    )
    assert torch.equal(parts("drawn.png", 2, 2, scale=1), to_uint8(expected))
    assert f"strength {strength}: started at t = {start} of 0 to 4; {start + 1} step" in said


def test_a_light_sketch_is_made_negative_unless_told_otherwise(networks, here):
    light = np.full((8, 8), 255, np.uint8)
    light[2:6, 2:6] = 40
    save("light.png", light)
    save("dark.png", 255 - light)
    words = ("--checkpoint", networks["grey"], *SIMPLE)
    said = {}
    for name, more in (
        ("light", ()),
        ("dark", ()),
        ("light", ("--no-invert",)),
        ("dark", ("--invert",)),
    ):
        out = f"{name}{len(more)}.out.png"
        said[name, more] = course("edit", "from-sketch", f"{name}.png", *words, *more, "--out", out)
    assert torch.equal(values("light0.out.png"), values("dark0.out.png"))
    assert torch.equal(values("light1.out.png"), values("dark1.out.png"))
    assert not torch.equal(values("light0.out.png"), values("light1.out.png"))
    assert "light.png: made negative (its edge is light" in said["light", ()]
    assert "edge" not in said["dark", ()]
    assert "its edge is light, and it stays so" in said["light", ("--no-invert",)]
    assert "made negative (--invert)" in said["dark", ("--invert",)]


def expected_walk(path, frames, steps, labels=None):
    loaded = load_checkpoint(path, "cpu")
    ends = torch.stack([to_model_range(values(name)) for name in ("a.png", "b.png")])
    schedule, predicts, clip = loaded.schedule, loaded.config.diffusion.predicts, loaded.config.diffusion.clip_start
    bound = None if labels is None else torch.tensor(labels)
    noises = editing.invert(denoiser(loaded, bound, "fp32"), ends, schedule, steps, predicts, clip)
    drawn = []
    for fraction in torch.linspace(0, 1, frames):
        x = editing.slerp(noises[:1], noises[1:], fraction[None])

        def model(x, t, fraction=fraction):
            if labels is None:
                return loaded.model(x, t)
            first, second = (loaded.model(x, t, torch.tensor([label])) for label in labels)
            return first + fraction * (second - first)

        drawn.append(
            editing.ddim_sample_from(
                model, x, schedule.timesteps - 1, schedule, steps, predicts=predicts, clip_start=clip
            )
        )
    return to_uint8(torch.cat(drawn)).int()


@pytest.mark.parametrize("which", ["grey", "v"])
@pytest.mark.parametrize("labels", [None, (0, 2), (1, 1)])
def test_a_walk_is_that_of_the_library(networks, here, which, labels):
    named = ("--label-a", labels[0], "--label-b", labels[1]) if labels else ()
    words = ("--frames", 5, "--steps", 4, "--batch", 2, "--checkpoint", networks[which], *named, *SIMPLE)
    said = course("edit", "interpolate", "a.png", "b.png", *words, "--out", "walk.png")
    drawn, expected = parts("walk.png", 5, 5).int(), expected_walk(networks[which], 5, 4, labels)
    assert (drawn - expected).abs().max() <= 1
    near = [edits.psnr(drawn[k], values(name)) for k, name in ((0, "a.png"), (-1, "b.png"))]
    assert f"their PSNR is {near[0]:.1f} dB and {near[1]:.1f} dB (a.png and b.png)" in said


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_a_walk_as_a_film(networks, here, ending):
    out = f"walk.{ending}"
    said = course("edit", "interpolate", "a.png", "b.png", "--frames", 6, "--checkpoint", networks["v"], "--out", out)
    with Image.open(out) as film:
        assert (film.n_frames, film.size) == (6, (240, 240))
    assert re.search(rf"wrote walk\.{ending}: 6 frames, \d+ kB", said)


def test_a_colour_network_that_is_wider_than_high(networks, here):
    save("c.png", random_picture(3, (8, 12, 3)))
    mask = np.zeros((8, 12), np.uint8)
    mask[:, :5] = 255
    save("m.png", mask)
    words = ("--checkpoint", networks["wide"])
    course("edit", "inpaint", "c.png", "--mask", "m.png", *words, "--out", "i.png")
    assert torch.equal(values("i.png")[:, :, :5], values("c.png")[:, :, :5])
    course("edit", "denoise", "c.png", "--noise", 30, *words, "--out", "d.png")
    course("edit", "from-sketch", "c.png", *words, "--out", "s.png")
    course("edit", "interpolate", "c.png", "d.png", "--frames", 3, *words, "--out", "w.gif")
    assert values("s.png").shape == (3, 8, 12)
    assert "this network takes 12 x 8 pixels, in colour" in refused("edit", "from-sketch", "a.png", *words)


def test_the_courses_own_network_takes_noise_out_of_a_garment(here):
    images, labels = load_images("garments", "test")
    save("bag.png", images[int((labels == 8).nonzero()[0]), 0].numpy())
    said = course("edit", "denoise", "bag.png", "--noise", 50, "--add-noise", "--device", "cpu")
    before, after = (float(number) for number in re.findall(r"(\d+\.\d) dB? ?(?:with|after)", said))
    assert after > before + 5


def test_the_bar_counts_the_calls_of_the_network(networks, here, bars):
    words = ("--checkpoint", networks["grey"])
    course("edit", "denoise", "a.png", "b.png", "--noise", 200, "--steps", 3, *words, "--out", "d")
    course("edit", "inpaint", "a.png", "--mask", "mask.png", "-n", 3, "--batch", 2, "--resample", 2, *words)
    course("edit", "from-sketch", "a.png", "-n", 3, "--batch", 2, "--strength", 1, *words)
    walk = ("edit", "interpolate", "a.png", "b.png", "--frames", 3, "--batch", 2, *words)
    course(*walk)
    course(*walk, "--label-a", 0, "--label-b", 1)
    calls = edits.inpainting_calls(5, 2)
    assert calls > 5
    assert [(bar.total, bar.done) for bar in bars] == [(n, n) for n in (6, 2 * calls, 10, 15, 25)]


# Files that do not fit


def png16(array):
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    header = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 16, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for name, part in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        content += struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
    return content


GREY = random_picture(5)


def write_odd(path, kind):
    picture = Image.fromarray(GREY)
    if kind in ("RGB", "RGBA", "P", "CMYK", "LA", "YCbCr"):
        picture.convert(kind).save(path, format="TIFF" if kind in ("CMYK", "YCbCr") else "PNG")
    elif kind == "transparent L":
        picture.save(path, format="PNG", transparency=3)
    elif kind == "16 bits":
        path.write_bytes(png16(GREY.astype(np.uint16) * 257))
    elif kind == "real numbers":
        Image.fromarray(GREY.astype(np.float32) / 255).save(path, format="TIFF")
    elif kind == "larger":
        picture.resize((9, 8)).save(path)
    elif kind == "rotated":
        exif = Image.Exif()
        exif[0x0112] = 6
        picture.resize((12, 8)).save(path, exif=exif)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("RGB", "8 x 8 pixels, in colour"),
        ("RGBA", "8 x 8 pixels, with transparency"),
        ("LA", "8 x 8 pixels, with transparency"),
        ("transparent L", "8 x 8 pixels, with transparency"),
        ("P", "8 x 8 pixels, with a palette"),
        ("CMYK", "8 x 8 pixels, in the colours of print (CMYK)"),
        ("YCbCr", "8 x 8 pixels, in "),
        ("16 bits", "8 x 8 pixels, with more than 8 bits a value"),
        ("real numbers", "8 x 8 pixels, with more than 8 bits a value"),
        ("larger", "9 x 8 pixels, grey"),
        ("rotated", "8 x 12 pixels, grey"),
    ],
)
def test_a_picture_of_another_size_or_kind_is_refused_and_fitted_when_asked(networks, here, kind, says):
    write_odd(here / "odd.png", kind)
    for words in (
        ("denoise", "odd.png", "--noise", 25, "--out", "o.png"),
        ("inpaint", "odd.png", "--mask", "mask.png", "--out", "o.png"),
        ("from-sketch", "odd.png", "--out", "o.png"),
        ("interpolate", "a.png", "odd.png", "--out", "o.gif"),
    ):
        said = refused("edit", *words, "--checkpoint", networks["grey"])
        assert f"odd.png is {says}" in said
        assert "this network takes 8 x 8 pixels, grey. Save it so, or add --fit crop" in said
    assert not (here / "o.png").exists()
    for fit in ("crop", "pad", "resize"):
        words = ("--fit", fit, "--checkpoint", networks["grey"], "--out", "o.png")
        said = course("edit", "denoise", "odd.png", "--noise", 25, *words)
        assert f"odd.png: {says}" in said
        assert f"made 8 x 8 pixels, grey (--fit {fit})" in said
        assert values("o.png").shape == (1, 8, 8)


def test_what_is_black_and_white_is_grey(networks, here):
    Image.fromarray(GREY).convert("1").save("bw.png")
    course("edit", "denoise", "bw.png", "--noise", 25, "--checkpoint", networks["grey"])


ODD_FILES = {
    "missing": (lambda path: None, "there is no such file"),
    "empty": (lambda path: path.touch(), "it is empty"),
    "text": (lambda path: path.write_text("a picture"), "Pillow knows no such format"),
    "web page": (lambda path: path.write_text("<html><body>404"), "begins like a web page"),
    "heic": (lambda path: path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(50)), "HEIC.*Save it as JPEG or PNG"),
    "svg": (lambda path: path.write_text("<svg></svg>"), "an SVG drawing"),
    "pdf": (lambda path: path.write_bytes(b"%PDF-1.7"), "a PDF"),
    "zip": (lambda path: path.write_bytes(b"PK\x03\x04"), "a zip archive"),
    "numpy": (lambda path: np.save(path.open("wb"), GREY), "damaged or not an image"),
    "truncated": (lambda path: path.write_bytes(png16(GREY * 257.0)[:80]), "damaged or not an image"),
    "only a header": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n"), "damaged or not an image"),
    "wrong sum": (lambda path: path.write_bytes(png16(np.ones((8, 8)))[:30] + b"????"), "damaged or not an image"),
    "folder": (lambda path: path.mkdir(), "is a folder. Name a picture file in it"),
    "film": (
        lambda path: Image.fromarray(GREY).save(
            path, format="GIF", save_all=True, append_images=[Image.fromarray(255 - GREY)]
        ),
        "holds 2 pictures: a film or pages",
    ),
    "pages": (
        lambda path: Image.fromarray(GREY).save(
            path, format="TIFF", save_all=True, append_images=[Image.fromarray(255 - GREY)]
        ),
        "holds 2 pictures: a film or pages",
    ),
    "huge": (lambda path: path.write_bytes(huge_png(60_000)), "too large: it has 60,000 x 60,000 pixels"),
    "broken link": (lambda path: path.symlink_to("nowhere"), "there is no such file"),
    "circle": (lambda path: path.symlink_to(path), "circle"),
    "pipe": (lambda path: os.mkfifo(path), "a device or a pipe"),
    "no scale": (
        lambda path: Image.fromarray(GREY.astype(np.float32) * 1000).save(path, format="TIFF"),
        "no clear scale",
    ),
    "nan": (
        lambda path: Image.fromarray(np.full((8, 8), np.nan, np.float32)).save(path, format="TIFF"),
        "no clear scale",
    ),
}


def huge_png(side):
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for name, part in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")):
        content += struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
    return content


@pytest.mark.parametrize("kind", ODD_FILES)
def test_what_is_no_picture_is_refused_by_every_command(networks, here, kind):
    make, says = ODD_FILES[kind]
    if kind == "pipe" and os.name == "nt":
        pytest.skip("Windows has no named pipes in folders")
    make(here / "odd.png")
    for words in (
        ("denoise", "a.png", "odd.png", "--noise", 25, "--out", "folder"),
        ("inpaint", "odd.png", "--mask", "mask.png"),
        ("inpaint", "a.png", "--mask", "odd.png"),
        ("from-sketch", "odd.png"),
        ("interpolate", "odd.png", "b.png"),
    ):
        said = refused("edit", *words, "--fit", "crop", "--checkpoint", networks["grey"])
        assert "odd.png" in said
        # a mask is first of another size
        assert re.search(says, said) or ("--mask" in words and "Make a mask" in said), said
    left = {"a.png", "b.png", "mask.png", "odd.png"} - ({"odd.png"} if kind == "missing" else set())
    assert set(os.listdir(here)) == left


def test_a_file_without_permission(networks, here, monkeypatch):
    def denied(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.open", denied)
    said = refused("edit", "from-sketch", "a.png", "--checkpoint", networks["grey"])
    assert "you have no permission" in said


def test_names_of_every_kind(networks, here):
    for name in ("日本 ü.png", "$HOME; rm.png", "a'b\".png", ".png", "no_ending", "photo.jpeg"):
        save("x.png", GREY)
        os.replace("x.png", name)
        said = course("edit", "from-sketch", here / name, "--checkpoint", networks["grey"], "--out", f"{name} out.png")
        assert f"wrote {name} out.png" in said


def test_a_link_to_a_picture_is_followed(networks, here):
    os.symlink("a.png", "link.png")
    for name in ("a.png", "link.png"):
        course("edit", "denoise", name, "--noise", 9, "--checkpoint", networks["grey"], "--out", f"{name}.out.png")
    assert torch.equal(values("a.png.out.png"), values("link.png.out.png"))


# Fitting


def drawing(width, height, path="big.png"):
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).rectangle([width // 4, height // 4, 3 * width // 4, 3 * height // 4], fill=(0, 0, 0))
    image.save(path)


@pytest.mark.parametrize(("width", "height"), [(80, 40), (40, 80), (4, 3), (8, 4000), (1, 1)])
def test_fitting_keeps_or_changes_the_proportions_as_it_says(here, width, height):
    from course_lib.image_data.single import read_picture

    drawing(width, height)
    for fit in ("crop", "pad", "resize"):
        picture = read_picture("big.png", (1, 8, 8), fit)
        assert picture.values.shape == (1, 8, 8)
        assert picture.scaled
    if (width, height) == (80, 40):
        crop, pad, stretched = (read_picture("big.png", (1, 8, 8), fit).values[0] for fit in ("crop", "pad", "resize"))
        dark = [((one < 128).any(0).sum().item(), (one < 128).any(1).sum().item()) for one in (crop, pad, stretched)]
        assert dark == [(8, 4), (4, 2), (4, 4)]
        assert (pad[:2] == 255).all()  # bars in the colour of the edge
        assert (pad[-2:] == 255).all()


def test_a_mask_is_fitted_with_its_picture_and_a_pixel_is_known_if_all_of_it_is(networks, here):
    drawing(80, 40)
    mask = np.full((40, 80), 255, np.uint8)
    mask[:, 39] = 0  # one column out of eighty
    save("m.png", mask)
    from course_lib.image_data.single import read_mask, read_picture

    for fit, unknown in (("crop", (8, [3])), ("pad", (4, [3])), ("resize", (8, [3]))):
        photo = read_picture("big.png", (1, 8, 8), fit)
        known = read_mask("m.png", photo, fit)
        assert known.shape == (1, 8, 8)
        assert ((~known[0]).any(0).nonzero().flatten().tolist(), int((~known).sum())) == (unknown[1], unknown[0])
    course("edit", "inpaint", "big.png", "--mask", "m.png", "--fit", "pad", "--checkpoint", networks["grey"])


def test_a_picture_that_fits_is_not_changed_by_fit(networks, here):
    words = ("edit", "denoise", "a.png", "--noise", 25, "--checkpoint", networks["grey"])
    course(*words, "--out", "x.png")
    said = course(*words, "--fit", "pad", "--out", "y.png")
    assert torch.equal(values("x.png"), values("y.png"))
    assert "--fit" not in said


def test_it_says_that_scaling_changes_the_noise(networks, here):
    drawing(80, 40)
    words = ("edit", "denoise", "big.png", "--noise", 25, "--fit", "crop", "--checkpoint", networks["grey"])
    assert "scaling a picture changes its noise" in course(*words)
    assert "scaling a picture" not in course(*words, "--add-noise")


# Masks


@pytest.mark.parametrize(
    ("change", "words", "says"),
    [
        (lambda mask: mask.fill(255), (), "white everywhere: nothing is to be drawn. Paint black"),
        (lambda mask: mask.fill(0), (), "nothing is known. Paint white what is to stay"),
        (lambda mask: mask[2:4].fill(100), (), "has 16 grey pixels.*add --threshold 128"),
        (lambda mask: mask[:].fill(100), ("--threshold", 100), "white everywhere"),
        (lambda mask: mask[:].fill(100), ("--threshold", 101), "nothing is known"),
    ],
)
def test_a_mask_that_says_nothing_or_something_unclear_is_refused(networks, here, change, words, says):
    mask = np.array(Image.open("mask.png"))
    change(mask)
    save("m.png", mask)
    said = refused("edit", "inpaint", "a.png", "--mask", "m.png", *words, "--checkpoint", networks["grey"])
    assert "the mask m.png" in said
    assert re.search(says, said)


def test_grey_is_known_from_the_threshold_on(networks, here):
    mask = np.full((8, 8), 0, np.uint8)
    mask[:2], mask[2:4] = 99, 100
    save("m.png", mask)
    words = ("--mask", "m.png", "--threshold", 100, "--checkpoint", networks["grey"])
    assert "25% of the pixels were known" in course("edit", "inpaint", "a.png", *words)
    assert torch.equal(values("inpainted.png")[:, 2:4], values("a.png")[:, 2:4])
    assert not torch.equal(values("inpainted.png")[:, :2], values("a.png")[:, :2])


def test_a_mask_of_another_size_or_kind_is_refused(networks, here):
    save("m.png", random_picture(0, (9, 8)))
    words = ("edit", "inpaint", "a.png", "--mask", "m.png", "--checkpoint", networks["grey"])
    assert "the mask m.png is 8 x 9 pixels, and a.png is 8 x 8. Make a mask of the picture's own size" in refused(
        *words
    )
    Image.open("mask.png").convert("RGB").save("m.png")
    assert "the mask m.png is in colour; a mask is grey. Save it so, or add --fit crop" in refused(*words)
    course(*words, "--fit", "crop")


# Words that do not fit


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("denoise", "a.png", "--noise", 25, "--out", "x.jpg"), "--out x.jpg must end in .png"),
        (("denoise", "a.png", "--noise", 25, "--out", "folder"), "must end in .png"),
        (
            ("denoise", "a.png", "b.png", "--noise", 25, "--out", "x.png"),
            "one file, and there are 2 photos; name a folder",
        ),
        (("denoise", "a.png", "b.png", "--noise", 25), "one file, and there are 2 photos; name a folder"),
        (("denoise", "a.png", "a.png", "--noise", 25, "--out", "x"), "two pictures would be written to x/a.png"),
        (("denoise", "a.png", "--noise", 25, "--noisy-out", "n.png"), "--noisy-out goes with --add-noise"),
        (
            ("denoise", "a.png", "--noise", 25, "--add-noise", "--noisy-out", "n.tif"),
            "--noisy-out n.tif must end in .png",
        ),
        (
            ("denoise", "a.png", "--noise", 25, "--add-noise", "--noisy-out", "denoised.png"),
            "two pictures would be written to denoised.png",
        ),
        (("denoise", "a.png", "--noise", 0), "noise must be above 0 and at most 255 grey levels, not 0"),
        (("denoise", "a.png", "--noise", -3), "noise must be above 0"),
        (("denoise", "a.png", "--noise", 256), "at most 255"),
        (("denoise", "a.png", "--noise", "nan"), "noise must be above 0"),
        (("denoise", "a.png", "--noise", "inf"), "at most 255"),
        (("denoise", "a.png", "--noise", 200, "--steps", 6), "6 steps, and from t = 4 there are 1 to 5; lower --steps"),
        (("denoise", "a.png", "--noise", 25, "--label", "hat"), "no class 'hat'; there are: 0 boot, 1 bag, 2 coat"),
        (("inpaint", "a.png", "--mask", "mask.png", "--out", "x.gif"), "--out x.gif must end in .png"),
        (("inpaint", "a.png", "--mask", "mask.png", "--steps", 6), "6 steps, and from t = 4 there are 1 to 5"),
        (("inpaint", "a.png", "--mask", "mask.png", "--label", 3), "no class '3'"),
        (("from-sketch", "a.png", "--strength", 1.01), "from 0 (keep the sketch) to 1 (forget it), not 1.01"),
        (("from-sketch", "a.png", "--strength", "nan"), "from 0 (keep the sketch) to 1"),
        (("from-sketch", "a.png", "--strength", 0.5, "--steps", 4), "4 steps, and from t = 2 there are 1 to 3"),
        (("from-sketch", "a.png", "--label", ""), "no class ''"),
        (("from-sketch", "a.png", "--out", "x"), "must end in .png"),
        (("interpolate", "a.png", "b.png", "--out", "x.mp4"), "must end in .webp or .gif or .png"),
        (("interpolate", "a.png", "b.png", "--steps", 6), "6 steps, and from t = 4 there are 1 to 5"),
        (("interpolate", "a.png", "b.png", "--label-a", 1), "give both --label-a and --label-b, or neither"),
        (("interpolate", "a.png", "b.png", "--label-a", 1, "--label-b", "x"), "no class 'x'"),
        (("from-sketch", "a.png", "--device", "tpu"), "device 'tpu' is not available"),
    ],
)
def test_words_that_do_not_fit_are_refused_before_any_work(networks, here, words, says, monkeypatch):
    monkeypatch.setattr("course_lib.cli.editing._working", lambda *_: pytest.fail("it has begun to work"))
    assert says in refused("edit", *words, "--checkpoint", networks["grey"])
    assert set(os.listdir(here)) == {"a.png", "b.png", "mask.png"}


def test_a_network_without_classes_refuses_a_label(networks, here):
    for words in (
        ("denoise", "a.png", "--noise", 25, "--label", "bag"),
        ("inpaint", "a.png", "--mask", "mask.png", "--label", 1),
        ("from-sketch", "a.png", "--label", "bag"),
        ("interpolate", "a.png", "b.png", "--label-a", "bag", "--label-b", "boot"),
    ):
        said = refused("edit", *words, "--checkpoint", networks["unconditional"])
        assert "trained without labels" in said
    course("edit", "from-sketch", "a.png", "--checkpoint", networks["unconditional"])


def test_a_checkpoint_that_is_not_there_or_none(here):
    assert "The course's own: fashion_mnist" in refused("edit", "from-sketch", "a.png", "--checkpoint", "nowhere")
    refused("edit", "from-sketch", "a.png", "--checkpoint", "a.png")


def test_a_network_that_breaks_is_one_sentence_and_nothing_is_written(networks, here):
    words = ("edit", "denoise", "a.png", "--noise", 25, "--checkpoint", networks["broken"])
    assert "not finite" in refused(*words)
    assert not (here / "denoised.png").exists()


@pytest.mark.parametrize("way", ["same", "dotted", "link", "hard link", "link to it"])
def test_no_input_is_ever_replaced(networks, here, way):
    content = (here / "a.png").read_bytes()
    out = {"same": "a.png", "dotted": "./x/../a.png"}.get(way, "out.png")
    (here / "x").mkdir()
    photo = "a.png"
    if way == "link":
        os.symlink("a.png", "out.png")
    elif way == "hard link":
        os.link("a.png", "out.png")
    elif way == "link to it":
        os.rename("a.png", "out.png")
        os.symlink("out.png", "a.png")
    for words in (
        ("denoise", photo, "--noise", 25),
        ("inpaint", photo, "--mask", "mask.png"),
        ("inpaint", "b.png", "--mask", photo),
        ("from-sketch", photo),
        ("interpolate", "b.png", photo),
    ):
        said = refused("edit", *words, "--checkpoint", networks["grey"], "--out", out)
        assert "is also an input, and would be replaced. Name another file" in said
    assert (here / "a.png").read_bytes() == content
    words = ("denoise", "a.png", "b.png", "--noise", 25, "--out", ".")
    assert "is also an input" in refused("edit", *words, "--checkpoint", networks["grey"])


def test_a_place_that_cannot_be_written_or_holds_something_else_is_refused_before_any_work(networks, here, monkeypatch):
    monkeypatch.setattr("course_lib.cli.editing._working", lambda *_: pytest.fail("it has begun to work"))
    (here / "file").touch()
    (here / "thesis.png").write_text("thesis")
    (here / "folder.png").mkdir()
    for out, says in (("file/x.png", "a file, not a folder"), ("thesis.png", "no PNG"), ("folder.png", "a folder of")):
        for words in (("denoise", "a.png", "--noise", 25), ("from-sketch", "a.png"), ("interpolate", "a.png", "b.png")):
            assert says in refused("edit", *words, "--checkpoint", networks["grey"], "--out", out)
    assert (here / "thesis.png").read_text() == "thesis"


def test_help_is_there_for_every_command():
    said = course("edit", "--help")
    for command in ("denoise", "inpaint", "from-sketch", "interpolate"):
        assert command in said
        assert "--checkpoint" in course("edit", command, "--help")
