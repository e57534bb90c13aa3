"""Whose a file or a folder is, by what it is called: an id, a name, or Canvas's or Moodle's way to put both in."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from course_lib.grading.archives import shown
from course_lib.grading.records import Student
from course_lib.quizzes.registry import CHAPTERS

# lib/content_zipper.rb of Canvas: sortable name without spaces, LATE, number of the user, number of the file, its name
CANVAS = re.compile(
    r"(?P<who>.+?)_(?P<late>LATE_)?(?P<user>\d+)_(?:(?P<number>\d+)_(?P<file>.+)|(?:text|link)\.html)", re.S
)
ANONYMOUS = re.compile(r"(LATE_)?anon_\w+?_(\d+_.+|(text|link)\.html)", re.S)
MOODLE = re.compile(r"_\d+_assignsubmission_(file|onlinetext).*", re.S)

# Letters that Unicode does not take apart, and how German and Danish names are written without theirs.
PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})

MAX_NAME = 300  # characters that are looked at
MAX_WORDS = 8  # of a name, or of an id
LONG_ENOUGH = 3  # characters of what counts anywhere in a file's name
LONG_NUMBER = 5  # digits of an id that counts anywhere
# What besides a short name or id may stand in a file's name, so that "ann_lee.ipynb" is not Ann's.
COMMON = {
    *("hw", "homework", "assignment", "exercise", "ex", "sheet", "chapter", "ch", "notebook", "nb", "ipynb", "week"),
    *("submission", "final", "solution", "solutions", "solved", "copy", "late", "lab", "diffusion", "course", "new"),
    *(word for chapter in CHAPTERS for word in chapter.split("_")),
}
CHAPTER = re.compile(rf"(?<!\d)\d\d[ _-]?(?:{'|'.join(sorted(CHAPTERS, key=len, reverse=True))})(?![a-z])", re.I)


@dataclass(frozen=True)
class Owner:
    """What a name says.

    students    places in the roster: one; several if it could be any of them; or none
    file        what the file was called before a download put the student's name in front
    late        whether the download says that it came late
    number      the download's own number for the file, which grows with each upload; 0 if it has none
    downloaded  whether the name is Canvas's making
    user        Canvas's number of the student, "" if there is none
    note        a sentence's end for the instructor, "" if all is clear
    """

    students: tuple[int, ...]
    file: str
    late: bool = False
    number: int = 0
    downloaded: bool = False
    user: str = ""
    note: str = ""

    def by_hand(self) -> "Owner":
        """The same for a name that only looks like Canvas's."""
        return replace(self, late=False, number=0, downloaded=False, user="")


class Owners:
    """The roster, to be asked whose a name is."""

    def __init__(self, students: Sequence[Student]):
        self.exact = {_plain(student.id): place for place, student in enumerate(students)}
        self.ids: dict[str, set[int]] = {}
        self.names: dict[str, set[int]] = {}
        self.strong: set[str] = set()  # keys that nothing else is called
        for place, student in enumerate(students):
            local = [student.id.partition("@")[0]] if "@" in student.id else []
            for text in [student.id, *local]:
                for key in spellings(text):
                    self.ids.setdefault(key, set()).add(place)
                    if len(key) >= LONG_ENOUGH and not key.isalpha() and not (key.isdigit() and len(key) < LONG_NUMBER):
                        self.strong.add(key)
            words = _words(student.name)[: 2 * MAX_WORDS]
            for turn in range(len(words)):  # "Jane Doe" is "Doe, Jane" too
                for key in spellings("".join(words[turn:] + words[:turn])):
                    self.names.setdefault(key, set()).add(place)
                    if len(key) >= LONG_ENOUGH and len(words) > 1:
                        self.strong.add(key)

    def of(self, name: str, is_folder: bool) -> Owner:
        """Whose the file or folder called `name` is."""
        name = unicodedata.normalize("NFC", name[:MAX_NAME])
        if found := CANVAS.fullmatch(name):
            return self._canvas(found)
        if ANONYMOUS.fullmatch(name):
            note = "is from an anonymous download. Switch anonymous grading off in Canvas, and download again."
            return Owner((), name, downloaded=True, note=note)
        stem = MOODLE.sub("", name) if is_folder else _stem(name)
        for text in (name, stem):
            if (place := self.exact.get(_plain(text))) is not None:
                return Owner((place,), "")
        whole = self._known(stem)
        return Owner(tuple(sorted(whole)), "") if whole else self._inside(name, stem)

    def _known(self, text: str) -> set[int]:
        """Who has this id, or else this name."""
        keys = spellings(text)
        by_id = {place for key in keys for place in self.ids.get(key, ())}
        return by_id or {place for key in keys for place in self.names.get(key, ())}

    def _canvas(self, found: re.Match[str]) -> Owner:
        named, numbered = self._known(found["who"]), self.exact.get(found["user"])
        students, note = named, ""
        if numbered is not None:
            students = {numbered} if numbered in named else {*named, numbered}  # students can change their names
            if not named:
                note = f"is this student's by the number {found['user']} alone: the name in it is another."
        late, number, file = bool(found["late"]), int((found["number"] or "0")[:18]), found["file"] or ""
        return Owner(tuple(sorted(students)), file, late, number, True, found["user"], note)

    def _inside(self, name: str, stem: str) -> Owner:
        """Whose id or name is one part of what it is called."""
        words = _words(CHAPTER.sub(" ", stem))
        spans = list(self._spans(words))
        if any(strong for _, _, _, strong in spans):
            spans = [span for span in spans if span[3]]
        elif spans and not self._is_plain(words, spans[0][0], spans[0][1]):
            return Owner((), name, note="has an id or a name in it, and other words. Put the id in front, alone.")
        spans = [one for one in spans if not any(_is_within(one[:2], other[:2]) for other in spans)]
        students = {place for _, _, places, _ in spans for place in places}
        rest = name
        for start, end, _, _ in spans:
            rest = re.sub(r"[\W_]*".join(map(re.escape, words[start:end])), " ", rest, count=1)
        return Owner(tuple(sorted(students)), rest if students else name)

    @staticmethod
    def _is_plain(words: Sequence[str], start: int, end: int) -> bool:
        """Whether these words can be meant as an id or a name: what stands around them is nothing special."""
        others = [*words[:start], *words[end:]]
        if "".join(words[start:end]).isdigit() and start > 0:  # "hw 7" is no student's
            return False
        return {word.casefold() for word in others if word.isalpha()} <= COMMON

    def _spans(self, words: Sequence[str]) -> Iterator[tuple[int, int, set[int], bool]]:
        """Which of the words, from where to where, are somebody's id or name; and whether nothing else is called so."""
        for start in range(len(words)):
            for end in range(start + 1, min(start + MAX_WORDS, len(words)) + 1):
                text = "".join(words[start:end])
                if places := self._known(text):
                    yield start, end, places, not self.strong.isdisjoint(spellings(text))


def _is_within(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one != other and other[0] <= one[0] and one[1] <= other[1]


def spellings(text: str) -> set[str]:
    """The letters and digits of `text` alone, small, in the ways in which programs and people write them plainly."""
    text = unicodedata.normalize("NFC", text).casefold()
    return {_letters(text.translate(PLAIN)), _letters(text.translate(SPELLED).translate(PLAIN))} - {""}


def _letters(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if letter.isalnum())


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text))


def _stem(name: str) -> str:
    """A file's name without its ending, and without the number of a second download."""
    return re.sub(r"(\.(ipynb|zip|json|txt))+( ?\(\d+\))?$|\.\w{1,5}$", "", name, flags=re.I)


def called(students: Sequence[Student]) -> str:
    """Students in a sentence."""
    return " or ".join(f"{shown(student.name)} ({shown(student.id)})" for student in students[:4])
