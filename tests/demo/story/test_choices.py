"""Goal: a story told again on the same data makes the same picks, whatever the books say by then."""

from pathlib import Path

from demo.story.choices import Choices


async def test_a_pick_is_made_once_and_kept(tmp_path: Path) -> None:
    async def first() -> str:
        return "loan-1"

    async def later() -> str:
        return "loan-2"

    assert await Choices(tmp_path).remember("loan", first) == "loan-1"
    told_again = Choices(tmp_path)
    assert await told_again.remember("loan", later) == "loan-1"
    assert await told_again.remember("another loan", later) == "loan-2"


async def test_a_pick_may_be_several(tmp_path: Path) -> None:
    async def sellers() -> list[str]:
        return ["m-1", "m-2"]

    await Choices(tmp_path).remember("sellers", sellers)
    assert await Choices(tmp_path).remember("sellers", sellers) == ["m-1", "m-2"]
