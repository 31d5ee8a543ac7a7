"""The style sheet and the script, under addresses that change with their content: browsers may keep them for ever."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
BUNDLE_NAME: Final = "vega.js"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of ours, compressed."""

    name: str
    digest: str
    media_type: str
    compressed: bytes
    size_bytes: int

    @property
    def path(self) -> str:
        return f"/dashboard/static/{self.digest}/{self.name}"


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(
        name=path.name,
        digest=hashlib.sha256(content).hexdigest()[:16],
        media_type=_TYPES[path.suffix],
        compressed=gzip.compress(content, 9, mtime=0),
        size_bytes=len(content),
    )


ASSETS: Final[Mapping[str, Asset]] = MappingProxyType({path.name: _read(path) for path in sorted(_FOLDER.iterdir())})
"""By file name."""
