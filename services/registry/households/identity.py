"""The id of a farm household, which a member's row may name before the household itself is known."""

from uuid import UUID

from shared.chassis.crypto import blind_index

_VERSION_BITS = 0x8000 << 64  # UUID version 8: made by a rule of one's own
_VARIANT_BITS = 0x8000 << 48


def household_id(household_number: str) -> UUID:
    """The id of the household with this farmer registration number (12 digits).

    The number is the country's key of a household. A keyed hash of it is the id, so that rows which name it need not
    wait for each other, and nobody without the key can go back from the id to the number.
    """
    bits = int.from_bytes(blind_index("household_number", household_number)[:16])
    bits = bits & ~(0xF000 << 64) | _VERSION_BITS
    return UUID(int=bits & ~(0xC000 << 48) | _VARIANT_BITS)
