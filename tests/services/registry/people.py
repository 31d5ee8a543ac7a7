"""People and co-operatives for the registry's tests; no national id can be a living person's."""

from typing import Any

import httpx2

from shared.kernel.identifiers import national_id_check_digit

PROVINCE = "52"
OTHER_PROVINCE = "50"
WRITER = "cooperative:read cooperative:write member:read member:write member:reveal"


def national_id(number: int) -> str:
    """The national id of demo person `number`."""
    first_twelve = f"0{number:011d}"
    return first_twelve + national_id_check_digit(first_twelve)


def cooperative_body(code: str, province: str = PROVINCE, **more: Any) -> dict[str, Any]:
    """A co-operative to POST."""
    return {
        "code": code,
        "kind": "cooperative",
        "cooperative_type": "agricultural",
        "name_th": f"สหกรณ์การเกษตร {code}",
        "province_code": province,
        "district_code": f"{province}01",
        **more,
    }


async def add_cooperative(client: httpx2.AsyncClient, code: str, province: str = PROVINCE, **more: Any) -> str:
    """Record a co-operative; returns its id."""
    answer = await client.post("/registry/v1/cooperatives", json=cooperative_body(code, province, **more))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def member_body(cooperative_id: str, number: str, person: int, **more: Any) -> dict[str, Any]:
    """A member to POST."""
    return {
        "cooperative_id": cooperative_id,
        "member_number": number,
        "national_id": national_id(person),
        "full_name": "นายสมชาย ใจดี",
        "sex": "M",
        "birth_date": "1968-04-12",
        "joined_on": "2001-01-15",
        "phone": "081-234-5678",
        "as_of": "2022-09-30",
        **more,
    }


async def add_member(
    client: httpx2.AsyncClient, cooperative_id: str, number: str, person: int, **more: Any
) -> dict[str, Any]:
    """Record a member; returns what the answer holds."""
    answer = await client.post("/registry/v1/members", json=member_body(cooperative_id, number, person, **more))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())
