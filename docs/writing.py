"""How generated documents are written: sorted, stable, one way everywhere."""

from typing import Any

import orjson
import yaml

LINE_CHARACTERS = 120


def json_text(document: Any) -> str:
    """JSON with sorted keys, indented, with Thai as Thai and a newline at the end."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"


class _Plain(yaml.SafeDumper):
    """Writes what comes twice twice: an alias saves bytes and costs the reader a search."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def yaml_text(document: Any, heading: str) -> str:
    """YAML with sorted keys under a comment."""
    text = yaml.dump(document, Dumper=_Plain, allow_unicode=True, width=LINE_CHARACTERS, default_flow_style=False)
    return f"# {heading}\n{text}"
