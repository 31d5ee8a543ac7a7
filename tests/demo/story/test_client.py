"""Goal: the story's clients repeat what may be repeated, name what was refused, and never do a thing twice."""

import httpx2
import pytest

from demo.story import client as story_client
from demo.story.client import Access, Caller, StoryFailed, Wire, until
from shared.embedded.identity.client import Tokens

ACCESS = Access("http://suite", "http://suite/identity", {"coop-core": "secret"})


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story_client, "PAUSE_SECONDS_FIRST", 0.0)
    monkeypatch.setattr(story_client, "POLL_SECONDS_FIRST", 0.001)
    monkeypatch.setattr(story_client, "POLL_SECONDS_MAX", 0.002)


class Suite:
    """Answers in the order given, and remembers what was asked."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx2.Request] = []

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def caller(suite: Suite, name: str = "officer") -> Caller:
    """A client whose token is there already."""
    wire = Wire(ACCESS, httpx2.AsyncClient(base_url=ACCESS.base_url, transport=httpx2.MockTransport(suite)))
    found = wire.as_(name)

    async def token_of(_name: str) -> Tokens:
        return Tokens("token", 1_800, "", None, None)

    wire.token_of = token_of  # type: ignore[method-assign,assignment]
    return found


async def test_a_request_carries_the_token_and_the_key_of_its_step() -> None:
    suite = Suite(*(httpx2.Response(201, json={}) for _ in range(4)))
    officer = caller(suite)
    await officer.post("/debt/v1/plans", {}, step="plan of 1")
    await officer.post("/debt/v1/plans", {}, step="plan of 1")
    await officer.post("/debt/v1/plans", {}, step="plan of 2")
    await caller(suite, "manager").post("/debt/v1/plans", {}, step="plan of 1")
    keys = [request.headers["idempotency-key"] for request in suite.asked]
    assert suite.asked[0].headers["authorization"] == "Bearer token"
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


async def test_a_busy_suite_is_asked_again_with_the_same_key() -> None:
    suite = Suite(
        httpx2.Response(503, headers={"retry-after": "0"}),
        httpx2.ConnectError("no answer"),
        httpx2.Response(429),
        httpx2.Response(201, json={"id": 1}),
    )
    assert await caller(suite).post("/debt/v1/payments", {}, step="pay") == {"id": 1}
    assert len({request.headers["idempotency-key"] for request in suite.asked}) == 1
    assert len(suite.asked) == 4


async def test_a_suite_that_stays_busy_is_given_up() -> None:
    suite = Suite(*(httpx2.Response(503, text="down") for _ in range(story_client.ATTEMPTS_MAX)))
    with pytest.raises(StoryFailed, match="officer: GET /debt/v1/cases answered 503: down"):
        await caller(suite).get("/debt/v1/cases")


async def test_a_suite_that_never_answers_is_given_up() -> None:
    suite = Suite(*(httpx2.ConnectError("no route") for _ in range(story_client.ATTEMPTS_MAX)))
    with pytest.raises(StoryFailed, match="GET /debt/v1/cases got no answer: ConnectError no route"):
        await caller(suite).get("/debt/v1/cases")


async def test_a_sign_in_without_an_answer_is_begun_again_and_a_refusal_is_not() -> None:
    token = {"access_token": "t", "expires_in": 60, "scope": ""}
    suite = Suite(httpx2.ReadError("killed"), httpx2.Response(200, json=token), httpx2.Response(401, text="who?"))
    wire = Wire(ACCESS, httpx2.AsyncClient(base_url=ACCESS.base_url, transport=httpx2.MockTransport(suite)))
    assert (await wire.token_of("coop-core")).access_token == "t"
    with pytest.raises(StoryFailed, match="coop-core could not sign in"):
        await wire.token_of("coop-core")
    assert len(suite.asked) == 3


async def test_a_refusal_is_told_with_problem_and_fields() -> None:
    problem = {
        "type": "https://plodnee/plan-terms-invalid",
        "status": 422,
        "title": "The plan's terms are out of bounds",
        "fields": [{"field": "instalments", "code": "out_of_range", "message_en": "too many", "message_th": "มากไป"}],
        "request_id": "r-1",
    }
    suite = Suite(httpx2.Response(422, json=problem))
    with pytest.raises(StoryFailed) as refused:
        await caller(suite).post("/debt/v1/plans", {}, step="plan")
    assert str(refused.value) == (
        "officer: POST /debt/v1/plans answered 422: https://plodnee/plan-terms-invalid; "
        "The plan's terms are out of bounds; instalments: out_of_range (too many); request r-1"
    )


async def test_a_list_is_read_to_its_last_page() -> None:
    suite = Suite(
        httpx2.Response(200, json={"items": [1, 2], "next_cursor": "more"}),
        httpx2.Response(200, json={"items": [3], "next_cursor": None}),
    )
    assert await caller(suite).list_all("/debt/v1/cases", cooperative_id="c") == [1, 2, 3]
    assert [request.url.params.get("cursor") for request in suite.asked] == [None, "more"]


async def test_what_is_out_of_reach_is_none_and_other_refusals_are_failures() -> None:
    suite = Suite(httpx2.Response(404), httpx2.Response(403, text="no"))
    officer = caller(suite)
    assert await officer.find("/reporting/v1/kpis", area="TH") is None
    with pytest.raises(StoryFailed, match="403"):
        await officer.find("/reporting/v1/kpis", area="TH")


async def test_a_wait_ends_with_the_answer_or_says_what_it_waited_for() -> None:
    answers = iter([None, None, "there"])

    async def probe() -> str | None:
        return next(answers)

    async def never() -> None:
        return None

    assert await until("it", probe) == "there"
    with pytest.raises(StoryFailed, match="in vain for the moon"):
        await until("the moon", never, seconds_max=0.01)
