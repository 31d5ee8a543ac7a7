"""Write the API and event references and Keycloak's realm from the code, or check that they are what it says.

python -m docs.generate           write what has changed, remove what is generated no more
python -m docs.generate --check   write nothing; exit 1 and show the difference when something would change, or when a
                                  schema or an API breaks the promise of the last release
python -m docs.generate --release write, and make what stands now the promise that later changes are held to
"""

import argparse
import difflib
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from docs.api_compatibility import breaking_api_changes
from docs.api_documents import api_documents
from docs.asyncapi import asyncapi_documents
from docs.compatibility import breaking_changes_of_folder
from docs.event_documents import EXAMPLE_FOLDER, SCHEMA_FOLDER, event_documents
from docs.realm import realm
from docs.schedule_documents import schedule_documents
from docs.writing import json_text
from shared.contracts.catalogue import CATALOGUE

ROOT = Path(__file__).parent.parent
API_FOLDER = "docs/api"
# Copies of what the last release promised: `--release` alone writes here.
RELEASED_SCHEMAS, RELEASED_APIS = "docs/events/released", "docs/api/released"
# Folders that hold nothing but generated files: what is there and not generated is left over.
_OWN_FOLDERS = (SCHEMA_FOLDER, EXAMPLE_FOLDER, API_FOLDER)
_DIFFERENCE_LINES_MAX = 20


def documents() -> dict[str, str]:
    """Every generated file's text, by its path from the top of the repository."""
    return {
        **event_documents(CATALOGUE),
        **asyncapi_documents(CATALOGUE),
        **api_documents(),
        **schedule_documents(),
        "deploy/keycloak/realm.json": json_text(realm()),
    }


def write(root: Path, wanted: Mapping[str, str]) -> list[str]:
    """Write what differs and remove what is left over; returns the paths that changed."""
    changed = []
    for path, text in wanted.items():
        if _text_at(root / path) != text:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
            changed.append(path)
    for path in left_over(root, wanted):
        (root / path).unlink()
        changed.append(path)
    return changed


def differences(root: Path, wanted: Mapping[str, str]) -> list[str]:
    """A short unified difference of every file that is not as generated."""
    found = []
    for path, text in wanted.items():
        standing = _text_at(root / path)
        if standing is None:
            found.append(f"{path} is missing")
        elif standing != text:
            found.append(_difference(path, standing, text))
    return [*found, *(f"{path} is generated no more" for path in left_over(root, wanted))]


def left_over(root: Path, wanted: Mapping[str, str]) -> list[str]:
    """Files in folders of ours that nothing generates."""
    standing = (path for folder in _OWN_FOLDERS for path in sorted((root / folder).glob("*.json")))
    return [str(path.relative_to(root)) for path in standing if str(path.relative_to(root)) not in wanted]


def broken_promises(root: Path, wanted: Mapping[str, str]) -> list[str]:
    """Breaking changes against the schemas and APIs of the last release."""
    schemas, apis = _parsed(wanted, SCHEMA_FOLDER), _parsed(wanted, API_FOLDER)
    return [
        *breaking_changes_of_folder(root / RELEASED_SCHEMAS, schemas),
        *breaking_changes_of_folder(root / RELEASED_APIS, apis, breaking_api_changes),
    ]


def release(root: Path, wanted: Mapping[str, str]) -> None:
    """Make the present schemas and APIs the promise that later changes are held to."""
    for folder, released in ((SCHEMA_FOLDER, RELEASED_SCHEMAS), (API_FOLDER, RELEASED_APIS)):
        (root / released).mkdir(parents=True, exist_ok=True)
        for past in (root / released).glob("*.json"):
            past.unlink()
        for name, text in _of_folder(wanted, folder).items():
            (root / released / name).write_text(text, encoding="utf-8")


def main(arguments: Iterable[str], root: Path = ROOT) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--check", action="store_true", help="write nothing; exit 1 when something would change")
    asked.add_argument("--release", action="store_true", help="hold later changes to what stands now")
    options = parser.parse_args(list(arguments))
    wanted = documents()
    problems = []
    if options.check:
        problems = differences(root, wanted)
        if problems:
            problems.append("run `make docs`, look at what changed, and commit it")
    else:
        for path in write(root, wanted):
            print(path)
    if options.release:
        release(root, wanted)
    problems = [*broken_promises(root, wanted), *problems]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _of_folder(wanted: Mapping[str, str], folder: str) -> dict[str, str]:
    return {path.rsplit("/", 1)[1]: text for path, text in wanted.items() if path.rsplit("/", 1)[0] == folder}


def _parsed(wanted: Mapping[str, str], folder: str) -> dict[str, Any]:
    return {name: json.loads(text) for name, text in _of_folder(wanted, folder).items()}


def _difference(path: str, standing: str, text: str) -> str:
    lines = list(difflib.unified_diff(standing.splitlines(), text.splitlines(), path, f"{path} (generated)", "", "", 1))
    shown = lines[:_DIFFERENCE_LINES_MAX]
    if len(lines) > len(shown):
        shown.append(f"… and {len(lines) - len(shown)} lines more")
    return "\n".join(line.rstrip("\n") for line in shown)


def _text_at(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
