"""YAML of which every value knows its place; plain data only, bounded in size and depth."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from wattos_cli.config.problems import Problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 24
Path = tuple[str | int, ...]


class YamlError(Exception):
    """The text is no YAML that is read here; `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass
class YamlDocument:
    """One document of a file: its plain data, and the place of every key and item."""

    name: str
    value: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def where(self, path: Path = ()) -> str:
        """Return `file:line:column` of the value at `path`, or of its nearest parent in the text."""
        while path and path not in self.places:
            path = path[:-1]
        line, column = self.places.get(path, (1, 1))
        return f"{self.name}:{line}:{column}"


def documents(name: str, text: str) -> Iterator[YamlDocument]:
    """Yield the documents of `text`, empty ones left out; `name` is the file's, for problems.

    Raises YamlError for what is no YAML, for aliases, tags, keys given twice, and for too much or too deep.
    """
    if len(text.encode()) > MAX_BYTES:
        raise YamlError(Problem(f"{name}:1:1", f"larger than {MAX_BYTES // 1024} KiB."))
    try:
        _check_events(name, text)
        for node in yaml.compose_all(text, Loader=yaml.SafeLoader):
            if node is not None:
                document = YamlDocument(name)
                document.value = _plain(document, node, ())
                yield document
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(Problem(_at(name, mark), f"{error.problem or error.context}.")) from None
    except yaml.YAMLError as error:
        raise YamlError(Problem(f"{name}:1:1", f"{error}.")) from None


def _check_events(name: str, text: str) -> None:
    """Refuse what would grow while it is composed, before anything is."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise YamlError(
                Problem(_at(name, event.start_mark), "aliases (*name) are not read here; write it out.")
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise YamlError(
                Problem(_at(name, event.start_mark), f"nested more than {MAX_DEPTH} levels deep.")
            )


def _plain(document: YamlDocument, node: yaml.Node, path: Path) -> Any:
    document.places.setdefault(path, _place(node.start_mark))
    if isinstance(node, yaml.MappingNode):
        return _mapping(document, node, path)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(document, item, (*path, index)) for index, item in enumerate(node.value)]
    return yaml.constructor.SafeConstructor().construct_object(node)


def _mapping(document: YamlDocument, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if not isinstance(key_node, yaml.ScalarNode):
            raise YamlError(Problem(_at(document.name, key_node.start_mark), "a key must be a word."))
        if key in values:
            raise YamlError(
                Problem(_at(document.name, key_node.start_mark), f"{key!r} is given twice; keep one.")
            )
        document.places[(*path, key)] = _place(key_node.start_mark)
        values[key] = _plain(document, value_node, (*path, key))
    return values


def _place(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _at(name: str, mark: Any) -> str:
    line, column = _place(mark) if mark else (1, 1)
    return f"{name}:{line}:{column}"
