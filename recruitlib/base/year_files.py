"""Files of one year made from those of the year before: values replaced, every comment kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from recruitlib.base.errors import ParameterError

Place = tuple[str, ...]
_PLAIN = re.compile(r"[a-z0-9][\w./-]*\.(yaml|csv|xlsx)|[a-z][a-z0-9_-]*_[a-z0-9_-]*", re.ASCII)


def replace_values(text: str, changes: Mapping[Place, Any], name: str) -> str:
    """Replace values in a YAML text where they stand; comments, order and all else stay.

    Args:
        text: the file's text.
        changes: the new values by their path, as ("request", "number"); a path that the text does
            not hold is left out.
        name: the file's name, for the message.

    Raises:
        ParameterError: the text is written in a way (anchors, blocks of text) in which a value
            cannot be replaced by itself.
    """
    places = dict(_list_places(yaml.compose(text, Loader=yaml.SafeLoader)))
    written = text
    for path in sorted(changes.keys() & places.keys(), key=lambda one: -places[one][0]):
        begin, end, indent = places[path]
        written = written[:begin] + indent + _write_value(changes[path]) + written[end:]
    if _read(written) != _apply(yaml.safe_load(text), changes):
        raise ParameterError(
            f"{name}: 値を一つずつ「項目: 値」の形で書いてください（& や * や | を使うと、次の年度の"
            "ファイルを作れません）。"
        )
    return written


def _list_places(
    node: yaml.Node | None, above: Place = ()
) -> Iterator[tuple[Place, tuple[int, int, str]]]:
    """List where each value stands, a table's own values too, and what must stand before a new one."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        path = (*above, str(key.value))
        # The dashes of a list may stand right below its key, where no other value may.
        below = value.start_mark.line > key.start_mark.line
        indent = " " if below and value.start_mark.column <= key.start_mark.column else ""
        yield path, (value.start_mark.index, _find_end(value), indent)
        yield from _list_places(value, path)


def _find_end(node: yaml.Node) -> int:
    """Find where a value ends: that of a list without brackets would else reach the next key."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _find_end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _write_value(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _read(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return None


def _apply(content: Any, changes: Mapping[Place, Any]) -> Any:
    for path, value in changes.items():
        inner = content
        for name in path[:-1]:
            inner = inner.get(name, {})
        if path[-1] in inner:
            inner[path[-1]] = value
    return content
