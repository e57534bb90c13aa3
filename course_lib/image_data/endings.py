"""The endings of files: which are read as pictures, and what to do about all others."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from course_lib.image_data.wording import shown

IMAGE_SUFFIXES = {
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif", ".gif"),
    *(".bmp", ".tif", ".tiff", ".pbm", ".pgm", ".ppm", ".pnm"),
}
NONE = "without an ending"
LONGEST = 12  # what is longer is a part of a sentence, not an ending
MOST_ENDINGS = 4  # that the visible line names


@dataclass(frozen=True)
class Kind:
    """Files that are not read: their endings, and in a sentence what to do with them."""

    endings: frozenset[str]
    advice: str


def kind(endings: str, advice: str) -> Kind:
    return Kind(frozenset(f".{word}" for word in endings.split()), advice)


PICTURES = kind(  # of telephones, cameras, scanners and drawing programs
    "heic heif hif avifs jxl jp2 j2k jpf jpx jpm jxr wdp bpg svg svgz psd psb xcf kra ai eps ps pdf djvu exr hdr pfm "
    "dng cr2 cr3 crw nef nrw arw srf sr2 orf raf rw2 rwl pef srw raw 3fr erf kdc mrw x3f iiq dcm nii fits mpo tga "
    "ico icns cur dds qoi pcx sgi dib wmf emf xpm xbm",
    "Save pictures of this kind as JPEG or PNG.",
)
KINDS = (
    PICTURES,
    kind("zip tar tar.gz tar.xz tar.bz2 tgz tbz txz 7z rar zst", "Unpack the archive."),
    kind(
        "gz idx ubyte idx1-ubyte idx3-ubyte",
        "Use the hub's data set instead ('ylecun/mnist' for MNIST), or unpack it and save every image as a PNG.",
    ),
    kind(
        "npy npz mat h5 hdf5 pkl pickle bin arrow tfrecord safetensors pt pth ckpt",
        "Arrays are not read: save every image as a PNG, with PIL.Image.fromarray(array).save('1.png').",
    ),
    kind(
        "csv tsv json jsonl xml txt md xlsx xls yaml yml html htm",
        "Tables and texts are not read: every image needs a file of its own, or a row of a Parquet file.",
    ),
    kind("mp4 mov avi mkv webm m4v mpg mpeg wmv", "Films are not read: save the frames as PNG."),
)


def ending(file: str) -> str:
    """In small letters, with its dot: ".png"; `NONE` if there is none."""
    name = file.rpartition("/")[2].lower()
    stem, dot, last = name.rpartition(".")
    if stem.endswith(".tar"):
        return f".tar.{last}"
    return dot + last if stem and last and len(last) < LONGEST else NONE


def advice(suffix: str) -> str:
    """What to do with files of this ending; "" where we have no advice."""
    return next((kind.advice for kind in KINDS if suffix in kind.endings), "")


def advice_for_file(suffix: str) -> str:
    """What to do if such a file was named in place of a folder."""
    if suffix in IMAGE_SUFFIXES | {".parquet"} | PICTURES.endings:
        return f"name the folder that holds it. {advice(suffix)}".strip()
    return f"name a folder of pictures. {advice(suffix)}".strip()


def left_out(files: Iterable[str]) -> str:
    """8 .heic (save them as JPEG or PNG), 1 .txt: pictures first; "" if there are no files."""
    kinds = Counter(map(ending, files))
    order = sorted(kinds, key=lambda suffix: (suffix not in PICTURES.endings | IMAGE_SUFFIXES, -kinds[suffix], suffix))
    counts = [f"{kinds[suffix]:,} {shown(suffix)}" for suffix in order[:MOST_ENDINGS]]
    pictures = [index for index, suffix in enumerate(order[:MOST_ENDINGS]) if suffix in PICTURES.endings]
    if pictures:
        counts[pictures[-1]] += " (save them as JPEG or PNG)"
    rest = sum(kinds[suffix] for suffix in order[MOST_ENDINGS:])
    return ", ".join(counts + ([f"{rest:,} others"] if rest else []))
