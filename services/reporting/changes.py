"""What a batch of events changes in rows that many events share: participations, cells, the latest figures.

A handler stores the rows that its events name, which no other member of the consumer's group touches, and hands the
rest back. That is written once, at the end of the batch, each table in the order of its keys: members that apply
batches at one moment wait for each other there, and do not deadlock. (One that goes event by event, because its batch
failed, goes alone.)
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from services.reporting.latest.repository import refresh_latest
from services.reporting.measures.domain import Contribution, CooperativeYear
from services.reporting.measures.repository import add_contributions
from services.reporting.participation.domain import Entry
from services.reporting.participation.service import note_entries
from shared.chassis.database import WriteSession


@dataclass(frozen=True, slots=True)
class Changes:
    """What one handler hands back.

    Attributes:
        contributions: to the cells of measures.
        participations: entries of members' participation.
        restated: co-operatives and years of which a baseline or a close states something new.
    """

    contributions: Sequence[Contribution] = ()
    participations: Sequence[Entry] = ()
    restated: Collection[CooperativeYear] = ()


async def write_changes(session: WriteSession, handed_back: Iterable[object]) -> None:
    """Write what the handlers of a batch have handed back; those that change their own rows alone give None."""
    changes = [one for one in handed_back if isinstance(one, Changes)]
    contributions = [item for one in changes for item in one.contributions]
    contributions += await note_entries(session, (entry for one in changes for entry in one.participations))
    changed = await add_contributions(session, contributions)
    await refresh_latest(session, changed.union(*(one.restated for one in changes)))
