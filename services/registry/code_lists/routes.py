"""The route of code lists."""

from fastapi import APIRouter

from services.registry.auth import CooperativeReader
from services.registry.code_lists.domain import CODE_LISTS
from services.registry.code_lists.schemas import CodeListsRead, CodeRead

router = APIRouter(tags=["code lists"])


@router.get("/code-lists")
async def read_code_lists(_caller: CooperativeReader) -> CodeListsRead:
    """Every code of this service with its Thai and English label."""
    return CodeListsRead(
        lists={
            name: [CodeRead(code=code, label_th=label.th, label_en=label.en) for code, label in codes.items()]
            for name, codes in CODE_LISTS.items()
        }
    )
