"""Keys: a data key per person, a blind index for exact search, a keyed hash for member numbers.

What identifies a person is sealed by AES-256-GCM under a key of that person's own, and that key is stored wrapped by
a key-encryption key. Destroying the wrapped key makes every sealed value of the person unreadable, in backups too.

Stored forms, all binary:

    wrapped key   version (1) | length of the id (1) | id of the key-encryption key | nonce (12) | key and tag (48)
    sealed value  nonce (12) | text and tag

Nonces are random: each person's key seals a handful of values, and a key-encryption key may wrap 2**32 keys before
random nonces are a risk, hundreds of times the country's people.
"""

import base64
import binascii
import hmac
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.chassis.settings import MissingSettings, Settings, get_settings
from shared.kernel.thai import to_arabic_digits

KEY_BYTES = 32
NONCE_BYTES = 12
_VERSION = 1
_SEPARATOR = b"\x1f"
_WRAP_PURPOSE = b"plodnee data key\x1f"


class CannotUnseal(Exception):
    """The value was sealed under another key, for another row or field, or was changed since."""


class UnknownKey(Exception):
    """A data key is wrapped by a key-encryption key that is not among those configured."""


class PersonKeys:
    """The data keys of persons: made, wrapped, opened, and used.

    Args:
        key_encryption_keys: 32-byte keys by id, the current one first; the first wraps, all open.
    """

    def __init__(self, key_encryption_keys: Mapping[str, bytes]) -> None:
        if not key_encryption_keys:
            raise MissingSettings("set PLODNEE_KEY_ENCRYPTION_KEYS")
        self.current_id = next(iter(key_encryption_keys))
        self._keys = {key_id: AESGCM(key) for key_id, key in key_encryption_keys.items()}

    @classmethod
    def from_settings(cls, settings: Settings) -> "PersonKeys":
        """The keys an operator configured; raises MissingSettings when they are absent or malformed."""
        return cls(parse_key_encryption_keys(settings.require("key_encryption_keys")))

    def new(self) -> bytes:
        """A new person's data key, wrapped: what is stored in the person's row."""
        return self._wrap(os.urandom(KEY_BYTES), self.current_id)

    def key_id(self, wrapped: bytes) -> str:
        """The id of the key-encryption key that wraps this data key."""
        return _parts(wrapped)[0]

    def rewrap(self, wrapped: bytes) -> bytes:
        """The same data key under the current key-encryption key; sealed values stay as they are."""
        if self.key_id(wrapped) == self.current_id:
            return wrapped
        return self._wrap(self._unwrap(wrapped), self.current_id)

    def seal(self, wrapped: bytes, text: str, *, about: str) -> bytes:
        """Seal a text under the person's key.

        Args:
            wrapped: the person's wrapped data key.
            text: what to seal.
            about: what the value is and whose, e.g. ``national_id:<person id>``. It is not stored: unsealing needs
                the same, so a value copied to another row or column does not open.

        Raises:
            UnknownKey: the key is wrapped by a key-encryption key that is not configured.
            CannotUnseal: the wrapped key was changed.
        """
        return _seal(AESGCM(self._unwrap(wrapped)), text, about)

    def unseal(self, wrapped: bytes, sealed: bytes, *, about: str) -> str:
        """The text that was sealed; raises CannotUnseal or UnknownKey."""
        cipher = AESGCM(self._unwrap(wrapped))
        return _open(cipher, sealed, about.encode()).decode()

    def seal_new(self, items: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
        """For each (text, about): a new person's wrapped key and the text sealed under it.

        The path for imports: the new key is used before it is wrapped, so nothing is opened again.
        """
        wrapping = self._keys[self.current_id]
        header = _header(self.current_id)
        results = []
        for text, about in items:
            random = os.urandom(KEY_BYTES + NONCE_BYTES)
            key, nonce = random[:KEY_BYTES], random[KEY_BYTES:]
            wrapped = header + nonce + wrapping.encrypt(nonce, key, _WRAP_PURPOSE + header)
            results.append((wrapped, _seal(AESGCM(key), text, about)))
        return results

    def _wrap(self, key: bytes, key_id: str) -> bytes:
        header = _header(key_id)
        nonce = os.urandom(NONCE_BYTES)
        return header + nonce + self._keys[key_id].encrypt(nonce, key, _WRAP_PURPOSE + header)

    def _unwrap(self, wrapped: bytes) -> bytes:
        key_id, header, rest = _parts(wrapped)
        cipher = self._keys.get(key_id)
        if cipher is None:
            raise UnknownKey(f"no key-encryption key with the id {key_id!r} is configured")
        return _open(cipher, rest, _WRAP_PURPOSE + header)


def parse_key_encryption_keys(text: str) -> dict[str, bytes]:
    """Keys by id from ``id:base64,older:base64``, in that order.

    Raises:
        MissingSettings: a part is not ``id:base64`` of 32 bytes, or an id comes twice.
    """
    keys: dict[str, bytes] = {}
    for part in text.split(","):
        key_id, colon, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not (colon and key_id and len(key_id.encode()) <= 255 and len(key) == KEY_BYTES) or key_id in keys:
            raise MissingSettings(
                "PLODNEE_KEY_ENCRYPTION_KEYS must be id:base64,older-id:base64, with 32 bytes each and every id once"
            )
        keys[key_id] = key
    return keys


def person_keys() -> PersonKeys:
    """The keys of this process's settings."""
    return _person_keys(get_settings().require("key_encryption_keys"))


def blind_index(kind: str, value: str) -> bytes:
    """A keyed hash (HMAC-SHA-256, 32 bytes) by which a sealed value can be searched exactly.

    The kind keeps equal values of two fields apart. The caller normalises the value first.
    """
    return _keyed(_key("blind_index_key"), kind, value)


def member_number_hash(cooperative_code: str, member_number: str) -> str:
    """The keyed hash (64 hexadecimal digits) that names a member in every service and in events.

    Thai digits and surrounding spaces make no difference; leading zeros do, because co-ops number with them.
    """
    return _keyed(
        _key("member_number_key"),
        "member_number",
        to_arabic_digits(cooperative_code).strip(),
        to_arabic_digits(member_number).strip(),
    ).hex()


@lru_cache(maxsize=4)
def _person_keys(text: str) -> PersonKeys:
    return PersonKeys(parse_key_encryption_keys(text))


def _key(name: str) -> bytes:
    """The key of the present settings, decoded once: an import asks for it with every row."""
    settings = get_settings()
    known = _decoded.get(name)
    if known is None or known[0] is not settings:
        known = _decoded[name] = (settings, settings.key_bytes(name))
    return known[1]


_decoded: dict[str, tuple[Settings, bytes]] = {}


def _keyed(key: bytes, *parts: str) -> bytes:
    return hmac.digest(key, _SEPARATOR.join(part.encode() for part in parts), "sha256")


def _header(key_id: str) -> bytes:
    encoded = key_id.encode()
    return bytes((_VERSION, len(encoded))) + encoded


def _parts(wrapped: bytes) -> tuple[str, bytes, bytes]:
    if len(wrapped) < 2 or wrapped[0] != _VERSION:
        raise CannotUnseal("this is not a wrapped data key")
    end = 2 + wrapped[1]
    return wrapped[2:end].decode(errors="replace"), wrapped[:end], wrapped[end:]


def _seal(cipher: AESGCM, text: str, about: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, text.encode(), about.encode())


def _open(cipher: AESGCM, stored: bytes, associated: bytes) -> bytes:
    if len(stored) < NONCE_BYTES:
        raise CannotUnseal("the stored value is too short")
    try:
        return cipher.decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], associated)
    except InvalidTag as error:
        raise CannotUnseal("another key, another place, or a changed value") from error
