"""What is wrong with a setting, in words: the key, what was given, and what to write."""

import difflib
import re
import reprlib
import typing
from collections.abc import Iterable
from types import NoneType

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from course_lib.errors import CourseError

SHOWN = 10  # complaints that one message holds; the others are counted
KINDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", tuple: "a list"}

_short = reprlib.Repr()
_short.maxstring = _short.maxlong = _short.maxother = 60
_short.maxlevel = 2


class ConfigError(CourseError):
    """A setting that does not exist or cannot be."""


def explain(error: ValidationError, config: type[BaseModel]) -> str:
    """One line for each wrong key, for ten keys at most; `config` is the model that holds the sections."""
    by_key: dict[tuple[str, ...], list[ErrorDetails]] = {}
    for problem in error.errors(include_url=False):
        # what pydantic adds behind them for an entry of a list, or for one of several types, is no key
        by_key.setdefault(tuple(map(str, problem["loc"][:2])), []).append(problem)
    listed: set[str] = set()  # the sections whose keys a line names already
    lines = [_line(key, problems, config, listed) for key, problems in list(by_key.items())[:SHOWN]]
    if len(by_key) > SHOWN:
        lines.append(f"... and {len(by_key) - SHOWN:,} more settings are wrong.")
    return "\n".join(lines)


def shown(value: object) -> str:
    """`value` as a message shows it: as YAML writes the simple ones, cut short where it is long or deep."""
    simple = {None: "nothing", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return simple[value]
    try:
        return _short.repr(value)
    except ValueError:  # Python prints no number of more than 4,300 digits
        return "a number of thousands of digits"


def named(part: object) -> str:
    """A key as it is written, or, where it is long or not printable, a short form of it."""
    text = str(part)
    return text if text.isprintable() and 0 < len(text) <= 60 else shown(text)


def did_you_mean(close: list[str]) -> str:
    return f"; did you mean {close[0]!r}?" if close else ""


def sections(config: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """The sections of `config` by name."""
    return {name: typing.cast(type[BaseModel], field.annotation) for name, field in config.model_fields.items()}


def _line(key: tuple[str, ...], problems: list[ErrorDetails], config: type[BaseModel], listed: set[str]) -> str:
    problem = max(problems, key=lambda problem: len(problem["loc"]))  # an entry of a list says more than the list
    if problem["type"] == "extra_forbidden":
        return _unknown(key, config, listed)
    place, *field = key
    given = f"(given: {shown(problem['input'])})"
    own = str(problem["ctx"]["error"]) if problem["type"] == "value_error" else None
    if not field:
        return f"{place}: {own or f'must hold keys and values {given}.'}"
    # a value that may be of one type or another has one problem with each
    alike = [other for other in problems if other["input"] is problem["input"]]
    message = own or " or ".join(dict.fromkeys(map(_must, alike)))
    return f"{place}.{field[0]}: {message} {given}. {_remedy(sections(config)[place].model_fields[field[0]])}"


def _must(problem: ErrorDetails) -> str:
    """ "must be greater than or equal to 1", or what else pydantic says, without its words for types."""
    own = {
        "missing": "must have more entries",
        "int_parsing_size": "must be a smaller number",
        "bool_parsing": "must be true or false",
        "string_type": "must be a text" if problem["input"] is None else "must be a text, in quotes",
    }
    if problem["type"] in own:
        return own[problem["type"]]
    message = re.sub("^(Input|Tuple) should", "must", problem["msg"]).partition(", unable to")[0]
    for type_name, word in (("integer", "whole number"), ("tuple", "list"), ("string", "text")):
        message = message.replace(f"a valid {type_name}", f"a {word}")
    return message.replace("items after validation", "entries")


def _remedy(field: FieldInfo) -> str:
    """ "Write a whole number, e.g. 2000." """
    example = field.examples[0] if field.examples else field.default
    written = "true" if example is True else "false" if example is False else str(example)
    if isinstance(example, tuple | list):
        written = f"[{', '.join(map(str, example))}]"
    words = " or ".join(dict.fromkeys(_kinds(field.annotation)))
    return f"Write {words}." if written in words else f"Write {words}, e.g. {written}."


def _kinds(annotation: object) -> Iterable[str]:
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is NoneType:
        yield "null"
    elif origin is typing.Literal:
        yield f"one of {', '.join(map(str, inside))}"
    elif origin is typing.Annotated:
        yield from _kinds(inside[0])
    elif origin is tuple:
        yield KINDS[tuple]
    elif inside:
        for part in inside:
            yield from _kinds(part)
    else:
        yield KINDS[typing.cast(type, annotation)]


def _unknown(where: tuple[str, ...], config: type[BaseModel], listed: set[str]) -> str:
    known = {name: list(section.model_fields) for name, section in sections(config).items()}
    *inside, key = where
    names = known[inside[0]] if inside else list(known)
    section, _, field = key.partition(".")
    if not inside and field in known.get(section, ()):
        return f"unknown section {key}: write the key {field!r} in a line of its own, indented, below '{section}:'."
    elsewhere = [f"{section}.{key}" for section, keys in known.items() if key in keys]
    close = elsewhere or difflib.get_close_matches(key[:60], names, n=1)
    line = f"unknown {'key' if inside else 'section'} {'.'.join(map(named, where))}{did_you_mean(close) or '.'}"
    place = ".".join(inside)
    if place in listed:
        return line
    listed.add(place)
    return f"{line} Known: {', '.join(names)}."
