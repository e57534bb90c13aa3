"""A question with many parts: numbered rows of a picture, and for each of them the lettered cause."""

from collections.abc import Mapping
from dataclasses import dataclass

from course_lib.checker.quiz import Choice, Mistake

OPEN = "?"  # stands for a row that is not answered yet
BETWEEN = " ,;:/|()[]\"'\t\n"  # may stand between the letters


@dataclass(frozen=True, eq=False, kw_only=True)
class Matching(Choice):
    """Match each row of a picture to its cause; the answer is one letter for each row, as in "dafbce".

    shows     for each row, what is to be seen there, to follow "Row 1 shows"
    options   the causes by letter; `why` says what that cause does to a picture, true wherever it is told
    answer    the right letters, row by row

    So a wrong pair is answered by two true sentences, what the row shows and what the chosen cause would do. Neither
    names the right cause.
    """

    shows: tuple[str, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.answer) != len(self.shows) or not set(self.answer) <= self.options.keys():
            raise ValueError(f"{self.name}: the answer needs one of the options' letters for each of its rows.")

    def letters(self, answer: str) -> str:
        """What a student wrote, as one letter for each row: small, without what stands between them."""
        return "".join(letter for letter in answer.lower().replace(".", OPEN) if letter not in BETWEEN)

    def sentence(self, row: int, letter: str) -> str:
        """What to tell somebody who gives row number `row`, from 0, the wrong cause `letter`."""
        return f"Row {row + 1} shows {self.shows[row]}. {self.options[letter].why}"

    @property
    def why(self) -> str:
        """The right pairs, a line each."""
        return "\n".join(
            f"{row} `{letter}` {self.options[letter].text}" for row, letter in enumerate(self.answer, start=1)
        )

    @property
    def mistakes(self) -> list[Mistake]:
        """Every wrong pair, named "4c"; its attempt is right in the other rows."""
        return [
            Mistake(f"{row + 1}{letter}", self.sentence(row, letter), self._with(row, letter))  # type: ignore[arg-type]
            for row, right in enumerate(self.answer)
            for letter in self.options
            if letter != right
        ]

    def _with(self, row: int, letter: str) -> str:
        return self.answer[:row] + letter + self.answer[row + 1 :]


def wrong_pairs(quiz: Matching, letters: str) -> Mapping[int, str]:
    """The rows, from 0, that were given a wrong letter, with that letter; open ones are not among them."""
    pairs = enumerate(zip(letters, quiz.answer, strict=True))
    return {row: letter for row, (letter, right) in pairs if letter not in (right, OPEN)}
