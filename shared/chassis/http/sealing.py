"""Seals small texts that leave the process or are kept beside the rows: cursors and stored answers.

A cursor holds the sort key of the last row, which may be a person's name, and stands in an address that proxies log;
a stored answer may hold anything an answer holds. Both are opaque to everyone else.
"""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


class NotSealedHere(ValueError):
    """The text was not sealed with this key for this purpose."""


class Sealer:
    """AES-256-GCM under a key derived from the process' session key for one purpose."""

    def __init__(self, session_key: bytes, purpose: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"plodnee {purpose}".encode()).derive(session_key)
        self._cipher = AESGCM(derived)

    def seal(self, clear: bytes, context: str) -> bytes:
        """Seal `clear` so that it opens only with the same `context` (e.g. the route it belongs to)."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, clear, context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """The sealed text; raises NotSealedHere when it was altered or belongs to another context."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):
            raise NotSealedHere from None

    def seal_text(self, clear: bytes, context: str) -> str:
        """The same as text that can stand in an address."""
        return base64.urlsafe_b64encode(self.seal(clear, context)).decode().rstrip("=")

    def unseal_text(self, sealed: str, context: str) -> bytes:
        """The inverse of :meth:`seal_text`."""
        try:
            raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise NotSealedHere from None
        return self.unseal(raw, context)
