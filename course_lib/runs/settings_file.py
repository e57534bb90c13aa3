"""Settings as people write them: a YAML file of sections, and changes like "training.steps=100".

A config needs little of YAML: keys, values, lists. The rest is refused: what a key given twice means is a guess, and
aliases can blow a small file up to gigabytes.
"""

import codecs
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml
from yaml.resolver import Resolver

from course_lib.files import explained
from course_lib.runs.config_errors import ConfigError, named, shown

LARGEST = 2_000_000  # bytes; a config has about a thousand
DEEPEST = 8  # sections hold keys, and keys hold lists: two would do
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is ten times faster, where PyYAML comes with it

Settings = dict[str, object]
_RESOLVER = Resolver()


class YamlError(Exception):
    """What is wrong in a text, and the line that it stands in, from 1."""

    def __init__(self, place: yaml.Event | yaml.Mark | int | None, what: str):
        super().__init__(what)
        mark = place.start_mark if isinstance(place, yaml.Event) else place
        self.line = (mark if isinstance(mark, int) else mark.line if mark else 0) + 1


def read_settings(path: Path) -> Settings:
    """The sections in the YAML file `path`; none if it is empty. Raises ConfigError naming the file and the line."""
    text = _text(path)
    try:
        settings = parse(text)
    except YamlError as error:
        raise ConfigError(f"{path}, line {error.line}: {error}") from None
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise ConfigError(
            f"{path} holds {shown(settings)}, but a config is made of sections: "
            "write `training:`, and under it indented lines like `steps: 2000`."
        )
    return settings


def changed(settings: Settings, changes: Iterable[str], texts: Iterable[str] = ()) -> Settings:
    """`settings` with each of the `changes` "section.key=value" in its place; `settings` stays as it is.

    The values of the keys in `texts` ("data.source") are taken as they are, whatever they look like. Raises ConfigError
    for a change that has another form. Of two changes of one key the last counts, as in any command.
    """
    result = {key: dict(value) if isinstance(value, dict) else value for key, value in settings.items()}
    for change in changes:
        name, equals, text = (part.strip() for part in change.partition("="))
        section, dot, key = name.partition(".")
        if not (equals and dot and section and key):
            raise ConfigError(f"--set {shown(change)} must have the form section.key=value, e.g. training.steps=100.")
        within = result.setdefault(section, {})
        if within is None:
            within = result[section] = {}
        if not isinstance(within, dict):
            raise ConfigError(f"{section}: must hold keys and values (given: {shown(within)}).")
        value = _value_of(text)
        within[key] = text if name in texts and value is not None and not isinstance(value, str) else value
    return result


def parse(text: str) -> object:
    """What the YAML `text` says: dictionaries with texts as keys, lists, texts, numbers, true or false, None.

    Numbers are decimal: 010 is ten, and 1:30 is a text. Raises YamlError.
    """
    events = yaml.parse(text, Loader=LOADER)
    result = None
    try:
        for number, event in enumerate(event for event in events if isinstance(event, yaml.NodeEvent)):
            if number:  # each document is one node
                raise YamlError(event, "a second document begins. Delete the line `---` before it.")
            result = _node(event, events)
    except yaml.MarkedYAMLError as error:
        raise YamlError(error.problem_mark or error.context_mark, _complaint(text, error)) from None
    except (yaml.YAMLError, UnicodeError):
        odd = next((line for line, row in enumerate(text.splitlines()) if not row.isprintable()), 0)
        raise YamlError(odd, "there is a character that no text has. Save the file as plain text in UTF-8.") from None
    return result


def _node(event: yaml.Event, events: Iterator[yaml.Event], name: str = "", depth: int = 0) -> object:
    """The value that begins with `event`; takes from `events` up to its end. `name` is where it stands."""
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise YamlError(
            event, f"aliases (* and &) are not for a config{_at(name)}. Write the value itself, or quote it."
        )
    if event.tag is not None:
        raise YamlError(event, f"tags (!) are not for a config{_at(name)}. Write the value alone, or quote it.")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if depth == DEEPEST:
        raise YamlError(event, f"lists and sections nest too deep{_at(name)}. A key holds a value or a list.")
    inside = itertools.takewhile(lambda item: not isinstance(item, yaml.CollectionEndEvent), events)
    if isinstance(event, yaml.SequenceStartEvent):
        return [_node(item, events, name, depth + 1) for item in inside]
    values: Settings = {}
    lines: dict[str, int] = {}
    for item in inside:
        if not isinstance(item, yaml.ScalarEvent) or item.anchor is not None or item.tag is not None:
            raise YamlError(item, f"a key must be a word{_at(name)}. Write `key: value`.")
        key, line = item.value, item.start_mark.line + 1
        path = f"{name}.{key}" if name else key
        if key in values:
            raise YamlError(item, f"the key {named(path)} is there again, after line {lines[key]}. Keep one of them.")
        lines[key] = line
        values[key] = _node(next(events), events, path, depth + 1)
    return values


def _at(name: str) -> str:
    return f" (at {named(name)})" if name else ""


def _scalar(event: yaml.ScalarEvent) -> object:
    text: str = event.value
    if not event.implicit[0]:  # in quotes, or a block of text
        return text
    try:
        match _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)):
            case "tag:yaml.org,2002:null":
                return None
            case "tag:yaml.org,2002:bool":
                return yaml.SafeLoader.bool_values[text.lower()]
            case "tag:yaml.org,2002:int":
                return int(text)
            case "tag:yaml.org,2002:float":
                return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:  # 0x1F, 1:30, or thousands of digits
        pass
    return text  # dates and times, too


def _complaint(text: str, error: yaml.MarkedYAMLError) -> str:
    """What PyYAML says of the place, with a remedy."""
    mark = error.problem_mark or error.context_mark
    rows = text.splitlines()
    row = rows[mark.line] if mark is not None and mark.line < len(rows) else ""
    if "\t" in row[: len(row) - len(row.lstrip())]:
        return "the line is indented with a tab. Indent it with spaces."
    begin = error.context_mark
    also = f" (see line {begin.line + 1}, too)" if begin and mark and begin.line < mark.line else ""
    here = f" ({shown(row.strip())})" if row.strip() else ""
    remedy = "Write `key: value`, and a value with signs in 'single quotes'."
    return f"{error.problem or error.context}{here}{also}. {remedy}"


def _text(path: Path) -> str:
    """The text in the file `path`. Raises ConfigError if there is none."""
    with explained(path, "read"), path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ConfigError(f"{path} is larger than {LARGEST:,} bytes, and a config has about a thousand. Name a config.")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConfigError(f"{path} is in UTF-16 or UTF-32. Save it as UTF-8.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}, line {line}: this is no text in UTF-8. Save it as UTF-8, or name another file."
        ) from None


def _value_of(text: str) -> object:
    """The value in a change: what YAML makes of it, or the text itself if that is no YAML."""
    try:
        return parse(text)
    except YamlError:
        return text
