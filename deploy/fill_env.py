"""Fill .env.example with secrets of this installation's own: python3 deploy/fill_env.py > .env

Needs nothing but Python. Every CHANGE-ME marker gets a random value of the kind it names; other lines stay as they
are.
"""

import base64
import re
import secrets
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

MARKER = re.compile(r"CHANGE-ME-(password|key|uuid)\b")

KINDS: dict[str, Callable[[], str]] = {
    "password": lambda: secrets.token_urlsafe(24),  # stands in URLs, so no character that needs quoting
    "key": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
    "uuid": lambda: _kafka_uuid(),
}


def _kafka_uuid() -> str:
    """A random UUID as Kafka writes it; never with a hyphen in front, which a command would read as an option."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def filled(example: str) -> str:
    """The text with a fresh value in the place of every marker."""
    return MARKER.sub(lambda match: KINDS[match[1]](), example)


if __name__ == "__main__":
    sys.stdout.write(filled((Path(__file__).parent.parent / ".env.example").read_text(encoding="utf-8")))
