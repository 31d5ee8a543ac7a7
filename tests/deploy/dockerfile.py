"""Reads the Dockerfile just well enough to run the lines of its build stage on this machine."""

import json
import re
import shlex
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from tests.deploy.compose import ROOT

DOCKERFILE_PATH = ROOT / "Dockerfile"
IGNORE_PATH = ROOT / ".dockerignore"


@dataclass(frozen=True)
class Instruction:
    """One instruction of one stage; lines that are continued are joined."""

    stage: str
    name: str
    argument: str


def instructions(stage: str) -> list[Instruction]:
    """The instructions of a stage by its name; the last stage's name is empty."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE_PATH.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = re.sub(r"\\\n\s*", "", text)
    found, current = [], "before"
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, argument = line.partition(" ")
        if name == "FROM":
            named = re.search(r" AS (\w+)$", argument)
            current = named[1] if named else ""
        found.append(Instruction(current, name, argument.strip()))
    return [instruction for instruction in found if instruction.stage == stage]


def one(stage: str, name: str) -> str:
    """The argument of an instruction that stands once in a stage."""
    (instruction,) = (row for row in instructions(stage) if row.name == name)
    return instruction.argument


def entrypoint() -> list[str]:
    """What the image runs before the arguments."""
    command: list[str] = json.loads(one("", "ENTRYPOINT"))
    return command


def copied(instruction: Instruction) -> tuple[list[str], str]:
    """Sources and destination of a COPY."""
    *sources, destination = [word for word in shlex.split(instruction.argument) if not word.startswith("--")]
    return sources, destination


def is_ignored(path: Path) -> bool:
    """Whether .dockerignore keeps a path of the checkout from the builder; the last pattern that fits decides."""
    ignored = False
    for line in IGNORE_PATH.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!").removeprefix("**/")
        parts = [path, *path.parents]
        if line.startswith("**/"):
            fits = any(fnmatch(part.name, pattern) for part in parts)
        else:
            fits = any(fnmatch(str(part), pattern) for part in parts if str(part) != ".")
        if fits:
            ignored = not line.startswith("!")
    return ignored
