"""Every code that a route or a file takes has a Thai and an English label."""

from typing import Any

from services.registry.app import FEED_KINDS
from services.registry.code_lists.domain import CODE_LISTS
from tests.conftest import ClientOf
from tests.services.registry.people import WRITER

WITHOUT_LIST = {"province_code", "district_code"}  # areas have names of their own


async def test_lists_are_read_with_both_labels(client_of: ClientOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=[])
    lists: dict[str, list[dict[str, Any]]] = (await client.get("/registry/v1/code-lists")).json()["lists"]
    assert set(lists) == set(CODE_LISTS)
    assert all(code["label_th"] and code["label_en"] for codes in lists.values() for code in codes)


def test_every_code_of_a_file_is_in_a_list() -> None:
    known = [set(codes) for codes in CODE_LISTS.values()]
    known.append(known[1] | known[2])  # types of co-operatives and of farmer groups share a column
    for kind in FEED_KINDS:
        for column in kind.columns:
            if column.choices and column.name not in WITHOUT_LIST:
                assert set(column.choices) in known, (kind.name, column.name)
