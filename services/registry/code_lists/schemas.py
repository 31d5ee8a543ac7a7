"""What goes out about code lists over HTTP."""

from pydantic import BaseModel


class CodeRead(BaseModel):
    """One code with its labels."""

    code: str
    label_th: str
    label_en: str


class CodeListsRead(BaseModel):
    """Every list of codes, by name."""

    lists: dict[str, list[CodeRead]]
