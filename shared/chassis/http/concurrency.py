"""ETag and If-Match: nobody overwrites what he has not read (RFC 9110, sections 8.8.3 and 13.1.1)."""

from typing import Annotated

from fastapi import Header

from shared.kernel.errors import PreconditionFailed, PreconditionRequired

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The ETag of the version that was read; without it the answer is 428."),
]

IfMatchIfSent = Annotated[
    str | None,
    Header(alias="If-Match", description="The ETag of the version that was read; if another one stands, 412."),
]


def etag_of(version: int) -> str:
    """The ETag of a resource's version: ``"7"``."""
    return f'"{version}"'


def require_match(if_match: str | None, version: int) -> None:
    """Let the change go on only when the caller has read this very version.

    A weak tag never matches, since it promises less than equality.

    Raises:
        PreconditionRequired: no If-Match was sent.
        PreconditionFailed: the resource has changed since it was read.
    """
    if if_match is None or not if_match.strip():
        raise PreconditionRequired
    tags = [tag.strip() for tag in if_match.split(",")]
    if "*" not in tags and etag_of(version) not in tags:
        raise PreconditionFailed


def honour_match(if_match: str | None, version: int) -> None:
    """As :func:`require_match`, for an act that its own state machine guards: who sends no If-Match passes.

    Raises:
        PreconditionFailed: the resource has changed since it was read.
    """
    if if_match is not None and if_match.strip():
        require_match(if_match, version)
