"""YAML as officers write it: named values, each name once, and nothing that grows when it is read.

YAML can say in a few lines what fills any memory (aliases of aliases), can point at itself, and can
name types by tags; no file of an office needs any of these.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from recruitlib.base.errors import ParameterError
from recruitlib.base.plain_files import require_plain

_LARGEST = 5_000_000  # bytes; the decisions of 10,000 cases
_DEEPEST = 40  # values within values; what is shipped has eight
_MOST = 500_000  # values, an alias counted as all that it stands for
_LONGEST_NUMBER = 40  # characters; Python refuses to show one of thousands as a text
_NUMBER = "tag:yaml.org,2002:int"

# Control characters would drive the terminal that shows them, and halves of characters cannot be
# written: YAML's escapes bring both past the check that the file itself is text.
_NO_TEXT = re.compile("[^\t\n\r -~\xa0-\ud7ff\ue000-\U0010ffff]")


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML that refuses tags, depth, and a name given twice (of which the last would win)."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()
        is_tagged = getattr(event, "tag", None) is not None
        self.depth += 1
        if is_tagged or self.depth > _DEEPEST:
            raise yaml.MarkedYAMLError(problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        if isinstance(node, yaml.ScalarNode) and _NO_TEXT.search(node.value):
            raise yaml.MarkedYAMLError(problem_mark=node.start_mark)
        if node is not None and node.tag == _NUMBER and len(node.value) > _LONGEST_NUMBER:
            raise yaml.MarkedYAMLError(problem_mark=node.start_mark)
        return node


def _construct_mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        line = key_node.start_mark.line + 1
        if not isinstance(key, Hashable):
            raise ParameterError(f"{line}行目: 項目の名前が並びや表です。文字で書いてください。")
        if key in seen:
            raise ParameterError(
                f"{line}行目: 項目 {key} が二度書かれています。一つにしてください。"
            )
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_PlainLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)


def _count_values(node: yaml.Node, counted: dict[int, int]) -> int:
    """Count the values that a node stands for; one that stands within itself has no end."""
    if id(node) not in counted:
        counted[id(node)] = _MOST + 1  # as long as it is being counted
        children = (
            [own for pair in node.value for own in pair]
            if isinstance(node, yaml.MappingNode)
            else node.value
            if isinstance(node, yaml.SequenceNode)
            else []
        )
        counted[id(node)] = 1 + sum(_count_values(child, counted) for child in children)
    return counted[id(node)]


def parse_yaml(text: str) -> Any:
    """Parse plain YAML.

    Raises:
        ParameterError: a name stands twice or is no text; without the file's name.
        yaml.YAMLError: it is no plain YAML.
    """
    return deepcopy(_parse(text))


@lru_cache(maxsize=64)  # a stage reads most files several times
def _parse(text: str) -> Any:
    loader = _PlainLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _count_values(node, {}) > _MOST:
            raise yaml.MarkedYAMLError(problem_mark=node.start_mark)
        return loader.construct_document(node)
    except (yaml.YAMLError, ParameterError):
        raise
    except Exception:  # a date that the calendar does not have, a number without an end
        raise yaml.YAMLError() from None
    finally:
        loader.dispose()


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of named values, refusing duplicate keys and anything but a mapping.

    Args:
        path: the file; UTF-8, with or without BOM.

    Returns:
        the mapping as written (dates quoted by the writer stay text).

    Raises:
        ParameterError: the file is missing, too large, not UTF-8, not plain YAML, or holds a key
            twice.
    """
    require_plain(path, ParameterError, _LARGEST)
    try:
        content = parse_yaml(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ParameterError(
            f"{path.name}: UTF-8 ではありません（{error.start}バイト目）。UTF-8 で保存し直してください。"
        ) from None
    except ParameterError as error:
        raise ParameterError(f"{path.name}: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"{mark.line + 1}行目" if mark else "場所不明"
        raise ParameterError(
            f"{path.name}: {line}: YAML として読めません。書き方を直してください。"
        ) from None
    if not isinstance(content, dict):
        raise ParameterError(
            f"{path.name}: 「項目: 値」の並びではありません。書き方を直してください。"
        )
    return content
