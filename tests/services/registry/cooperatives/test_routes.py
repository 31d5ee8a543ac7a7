"""Co-operatives: written within reach, changed only by who read them, listed in Thai dictionary order."""

from tests.conftest import ClientOf, DatabaseOf
from tests.services.registry.deliveries import published
from tests.services.registry.people import OTHER_PROVINCE, PROVINCE, WRITER, add_cooperative, cooperative_body


async def test_recorded_cooperative_is_read_and_announced(client_of: ClientOf, database_of: DatabaseOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=[PROVINCE])
    body = cooperative_body("C1", strength_level=2, as_of="2022-09-30", name_en="C1 Co-operative")
    made = await client.post("/registry/v1/cooperatives", json=body)
    assert made.status_code == 201, made.text
    read = await client.get(made.headers["location"])
    assert read.json() == made.json()
    assert read.headers["etag"] == '"1"'
    events = await published(await database_of("registry"), "cooperative")
    assert [(event["cooperative_code"], event["strength_level"], event["version"]) for event in events] == [
        ("C1", 2, 1)
    ]


async def test_change_needs_the_version_that_was_read(client_of: ClientOf, database_of: DatabaseOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=[PROVINCE])
    address = f"/registry/v1/cooperatives/{await add_cooperative(client, 'C1')}"
    change = {"strength_level": 1}
    assert (await client.patch(address, json=change)).status_code == 428
    assert (await client.patch(address, json=change, headers={"if-match": '"7"'})).status_code == 412
    changed = await client.patch(address, json=change, headers={"if-match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["strength_level"]) == (200, '"2"', 1)
    same = await client.patch(address, json=change, headers={"if-match": '"2"'})
    assert same.headers["etag"] == '"2"'
    events = await published(await database_of("registry"), "cooperative")
    assert [event["version"] for event in events] == [1, 2]


async def test_change_of_an_older_day_leaves_the_rest_as_new_as_it_was(client_of: ClientOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=[PROVINCE])
    made = await client.post("/registry/v1/cooperatives", json=cooperative_body("C1", as_of="2022-09-30"))
    changed = await client.patch(
        made.headers["location"], json={"strength_level": 1, "as_of": "2022-01-31"}, headers={"if-match": '"1"'}
    )
    assert (changed.json()["strength_level"], changed.json()["as_of"]) == (1, "2022-09-30")


async def test_what_lies_out_of_reach_is_neither_seen_nor_written(client_of: ClientOf) -> None:
    nation = await client_of("registry", scopes=WRITER, areas=["TH"])
    there = await add_cooperative(nation, "C2", OTHER_PROVINCE)
    here = await client_of("registry", scopes=WRITER, areas=[PROVINCE])
    assert (await here.get(f"/registry/v1/cooperatives/{there}")).status_code == 404
    assert (await here.get("/registry/v1/cooperatives")).json()["items"] == []
    change = await here.patch(
        f"/registry/v1/cooperatives/{there}", json={"status": "dissolved"}, headers={"if-match": '"1"'}
    )
    assert change.status_code == 404
    # A code taken elsewhere, and an area that is not one's own, get one and the same answer.
    taken = await here.post("/registry/v1/cooperatives", json=cooperative_body("C2"))
    foreign = await here.post("/registry/v1/cooperatives", json=cooperative_body("C3", OTHER_PROVINCE))
    assert taken.status_code == foreign.status_code == 409
    assert taken.json()["type"] == foreign.json()["type"]


async def test_list_is_in_thai_order_page_by_page(client_of: ClientOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    names = {"C1": "ไก่งาม", "C2": "แกลง", "C3": "กาญจน์", "C4": "เก่าแก่", "C5": "ขอนแก่น"}
    for code, name in names.items():
        await add_cooperative(client, code, name_th=name)
    seen: list[str] = []
    address = "/registry/v1/cooperatives?limit=2&province=52"
    while True:
        page = (await client.get(address)).json()
        seen += [item["name_th"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        address = f"/registry/v1/cooperatives?limit=2&province=52&cursor={page['next_cursor']}"
    assert seen == ["กาญจน์", "เก่าแก่", "แกลง", "ไก่งาม", "ขอนแก่น"]
    assert (await client.get("/registry/v1/cooperatives?province=50")).json()["items"] == []


async def test_type_must_fit_the_kind_and_district_the_province(client_of: ClientOf) -> None:
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    for wrong in ({"cooperative_type": "rice"}, {"kind": "farmer_group"}, {"district_code": "5001"}):
        answer = await client.post("/registry/v1/cooperatives", json=cooperative_body("C1", **wrong))
        assert answer.status_code == 422, wrong
