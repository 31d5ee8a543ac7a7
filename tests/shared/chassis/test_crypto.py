"""Goal: what is sealed opens only with its own key, in its own place, unchanged; hashes need their keys."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chassis import crypto
from shared.chassis.settings import MissingSettings, get_settings

OLD = {"2024": b"o" * 32}
NEW = {"2025": b"n" * 32, **OLD}


@pytest.fixture
def keys() -> crypto.PersonKeys:
    return crypto.PersonKeys(NEW)


@pytest.fixture(autouse=True)
def hash_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BLIND_INDEX_KEY", "MEMBER_NUMBER_KEY"):
        monkeypatch.setenv(f"PLODNEE_{name}", base64.b64encode(name.ljust(32, "-").encode()).decode())
    get_settings.cache_clear()


@given(text=st.text(), about=st.text())
def test_seal_opens_with_the_same_key_and_place(text: str, about: str) -> None:
    keys = crypto.PersonKeys(NEW)
    wrapped = keys.new()
    assert keys.unseal(wrapped, keys.seal(wrapped, text, about=about), about=about) == text


def test_seal_never_gives_the_same_bytes_twice(keys: crypto.PersonKeys) -> None:
    wrapped = keys.new()
    assert keys.seal(wrapped, "1", about="a") != keys.seal(wrapped, "1", about="a")


def test_unseal_with_another_persons_key_is_refused(keys: crypto.PersonKeys) -> None:
    sealed = keys.seal(keys.new(), "0123456789012", about="national_id:1")
    with pytest.raises(crypto.CannotUnseal):
        keys.unseal(keys.new(), sealed, about="national_id:1")


def test_unseal_in_another_place_is_refused(keys: crypto.PersonKeys) -> None:
    wrapped = keys.new()
    sealed = keys.seal(wrapped, "0123456789012", about="national_id:1")
    with pytest.raises(crypto.CannotUnseal):
        keys.unseal(wrapped, sealed, about="national_id:2")


@pytest.mark.parametrize("position", [0, 11, 12, -1])
def test_unseal_after_tampering_is_refused(keys: crypto.PersonKeys, position: int) -> None:
    wrapped = keys.new()
    sealed = bytearray(keys.seal(wrapped, "0123456789012", about="x"))
    sealed[position] ^= 1
    with pytest.raises(crypto.CannotUnseal):
        keys.unseal(wrapped, bytes(sealed), about="x")


def test_unseal_with_a_changed_wrapped_key_is_refused(keys: crypto.PersonKeys) -> None:
    wrapped = keys.new()
    sealed = keys.seal(wrapped, "x", about="x")
    for position in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[position] ^= 1
        with pytest.raises((crypto.CannotUnseal, crypto.UnknownKey)):
            keys.unseal(bytes(changed), sealed, about="x")
    for short in (b"", wrapped[:1], wrapped[:6], wrapped[:8]):
        with pytest.raises((crypto.CannotUnseal, crypto.UnknownKey)):
            keys.unseal(short, sealed, about="x")


def test_rotation_opens_older_keys_and_wraps_with_the_first(keys: crypto.PersonKeys) -> None:
    before = crypto.PersonKeys(OLD)
    wrapped = before.new()
    sealed = before.seal(wrapped, "name", about="x")
    assert keys.unseal(wrapped, sealed, about="x") == "name"
    rewrapped = keys.rewrap(wrapped)
    assert keys.key_id(rewrapped) == "2025"
    assert keys.rewrap(rewrapped) == rewrapped
    assert keys.unseal(rewrapped, sealed, about="x") == "name"
    with pytest.raises(crypto.UnknownKey):
        before.unseal(rewrapped, sealed, about="x")


def test_seal_new_gives_every_person_a_key(keys: crypto.PersonKeys) -> None:
    results = keys.seal_new([("a", "1"), ("b", "2"), ("c", "3")])
    assert [keys.unseal(wrapped, sealed, about=str(n)) for n, (wrapped, sealed) in enumerate(results, 1)] == list("abc")
    assert len({wrapped for wrapped, _ in results}) == 3


@pytest.mark.parametrize("text", ["", "a", "a:", "a:AAAA", "a:!!!", ":" + "A" * 44, "a:{k},a:{k}"])
def test_key_encryption_keys_that_are_malformed_are_refused(text: str) -> None:
    with pytest.raises(MissingSettings):
        crypto.parse_key_encryption_keys(text.replace("{k}", base64.b64encode(b"k" * 32).decode()))


def test_key_encryption_keys_keep_their_order() -> None:
    encoded = base64.b64encode(b"k" * 32).decode()
    assert list(crypto.parse_key_encryption_keys(f"b:{encoded}, a:{encoded}")) == ["b", "a"]


def test_blind_index_depends_on_kind_value_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    first = crypto.blind_index("th-nid", "0123456789012")
    assert len(first) == 32
    assert first == crypto.blind_index("th-nid", "0123456789012")
    assert first != crypto.blind_index("phone", "0123456789012")
    assert first != crypto.blind_index("th-nid", "0123456789013")
    monkeypatch.setenv("PLODNEE_BLIND_INDEX_KEY", base64.b64encode(b"z" * 32).decode())
    get_settings.cache_clear()
    assert first != crypto.blind_index("th-nid", "0123456789012")


def test_member_number_hash_ignores_thai_digits_and_spaces_only() -> None:
    plain = crypto.member_number_hash("5200001", "00123")
    assert len(plain) == 64
    assert plain == crypto.member_number_hash(" 5200001", "๐๐๑๒๓ ")
    assert plain != crypto.member_number_hash("5200001", "123")
    assert plain != crypto.member_number_hash("520000100", "123")
