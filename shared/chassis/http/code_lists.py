"""The route by which a service names its codes."""

from fastapi import APIRouter, Security
from pydantic import BaseModel

from shared.chassis.auth.caller import require
from shared.kernel.labels import CodeLists


class CodeRead(BaseModel):
    """One code with its labels."""

    code: str
    label_th: str
    label_en: str


class CodeListsRead(BaseModel):
    """Every list of codes, by name."""

    lists: dict[str, list[CodeRead]]


def code_list_router(code_lists: CodeLists, scope: str) -> APIRouter:
    """The route of a service's codes, for callers with the scope."""
    router = APIRouter(tags=["code lists"])

    @router.get("/code-lists", dependencies=[Security(require(scope))])
    async def read_code_lists() -> CodeListsRead:
        """Every code of this service with its Thai and English label."""
        return CodeListsRead(
            lists={
                name: [CodeRead(code=code, label_th=label.th, label_en=label.en) for code, label in codes.items()]
                for name, codes in code_lists.items()
            }
        )

    return router
