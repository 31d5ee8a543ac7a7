"""All SQL of debts to other lenders, apart from what files state."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from shared.chassis.database import ReadSession, Row


async def list_debts_of_member(
    session: ReadSession, member_id: UUID, after: tuple[str, str] | None, limit: int
) -> Sequence[Row]:
    """The debts of the member's person, by creditor and contract; one row of nulls when the member is within reach and
    owes nothing (more)."""
    creditor, contract_number = after or (None, None)
    return await session.fetch(
        """
        select member.person_id, debt.id, debt.creditor, debt.contract_number, debt.outstanding_satang,
               debt.annual_payment_satang, debt.stated_on
          from member
          left join external_debt debt on debt.person_id = member.person_id
               and (cast(:creditor as text) is null
                    or (debt.creditor, debt.contract_number) > (:creditor, cast(:contract_number as text)))
         where member.id = :member_id order by debt.creditor, debt.contract_number limit :limit
        """,
        member_id=member_id,
        creditor=creditor,
        contract_number=contract_number,
        limit=limit,
    )


def every_external_debt(session: ReadSession) -> AsyncIterator[Row]:
    """All debts to other lenders."""
    return session.stream("select * from external_debt order by id")
