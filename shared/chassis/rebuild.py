"""Makes a read model again from the beginning of its topics, proves it equal to the live one, and swaps.

The live consumer goes on while the copy catches up. For the comparison it stands still between two batches; the copy
reads exactly up to the same offsets; then one transaction compares every table row by row and swaps the schemas.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.chassis.batches import BatchApplier, Claim, Record
from shared.chassis.consumer import ensure_offsets
from shared.chassis.database import Database, WriteSession
from shared.chassis.inbox import Inbox
from shared.chassis.kafka import make_consumer, topic_name
from shared.chassis.pause import pause_consumer
from shared.chassis.settings import Settings

_COPY = "read_model_rebuild"
_LIVE = "read_model"
_OLD = "read_model_before"
_NEAR_EVENTS = 5_000  # when the copy is this near, the live consumer is asked to stand still
_IDLE_POLLS_MAX = 100


class RebuildDiffers(Exception):
    """The rebuilt read model is not the live one; both are kept, nothing was swapped."""


@dataclass
class Comparison:
    """Rows of each table, and how many differ (in either model, but not in both)."""

    rows: dict[str, int] = field(default_factory=dict)
    differing: dict[str, int] = field(default_factory=dict)

    @property
    def is_equal(self) -> bool:
        return not any(self.differing.values())


class Rebuild:
    """One rebuild of one service's read model.

    Args:
        settings, database: the worker's; the owner's database makes and swaps the schemas.
        owner: the owner's database.
        inbox: the same handlers as the live consumer's.
        report: told (events read, events to read).
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        owner: Database,
        inbox: Inbox,
        report: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._owner = owner
        self._inbox = inbox
        self._report = report
        self._name = f"{inbox.consumer}-rebuild"
        self._applier = BatchApplier(settings, inbox, self._name, settings.kafka_topic_prefix)
        self._next: dict[TopicPartition, int] = {}
        self._read_events = 0

    async def run(self, *, swap: bool = True) -> Comparison:
        """Rebuild, compare, and swap when equal.

        Raises:
            RebuildDiffers: some row differs; the copy is left in place to be looked at.
        """
        await self._prepare()
        kafka = make_consumer(self._settings, None, self._name)
        await kafka.start()
        try:
            live = await self._live_offsets()
            kafka.assign(list(live))
            self._next = dict(await kafka.beginning_offsets(list(live)))
            async with self._owner.unscoped() as session:
                await ensure_offsets(session, self._name, "rebuild", list(live), self._next)
            for partition, offset in self._next.items():
                kafka.seek(partition, offset)
            while self._behind(live) > _NEAR_EVENTS:
                await self._read_to(kafka, live)
                live = await self._live_offsets()
            async with self._owner.unscoped() as session:
                await pause_consumer(session, self._inbox.consumer)
                live = await self._live_offsets()
                await self._read_to(kafka, live)
                comparison = await self._compare(session)
                if comparison.is_equal and swap:
                    await self._swap(session)
            if not comparison.is_equal:
                raise RebuildDiffers(
                    ", ".join(f"{table}: {count}" for table, count in comparison.differing.items() if count)
                )
            return comparison
        finally:
            await kafka.stop()

    async def _prepare(self) -> None:
        """An empty copy of every table of the read model, with its policies and grants, and no offsets."""
        async with self._owner.unscoped() as session:
            await session.execute(f"drop schema if exists {_COPY} cascade")
            await session.execute(f"create schema {_COPY}")
            await session.execute(
                "delete from consumer_offset where consumer = :name",
                name=self._name,
            )
            for statement in await _clone_statements(session):
                await session.execute(statement.replace(":", "\\:"))

    async def _live_offsets(self) -> dict[TopicPartition, int]:
        async with self._database.unscoped() as session:
            rows = await session.fetch(
                "select topic, partition, next_offset from consumer_offset where consumer = :name",
                name=self._inbox.consumer,
            )
        known = {topic_name(self._settings, topic.name) for topic in self._inbox.topics}
        return {
            TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows if row["topic"] in known
        }

    def _behind(self, live: dict[TopicPartition, int]) -> int:
        return sum(max(offset - self._next[partition], 0) for partition, offset in live.items())

    async def _read_to(self, kafka: AIOKafkaConsumer, target: dict[TopicPartition, int]) -> None:
        """Apply every event before the target offsets, and none after."""
        idle_polls = 0
        total = self._read_events + self._behind(target)
        while self._behind(target) > 0:
            fetched = await kafka.getmany(timeout_ms=200, max_records=self._settings.consumer_batch_events_max)
            claims, records = [], []
            for partition, batch in sorted(fetched.items()):
                wanted = [record for record in batch if record.offset < target[partition]]
                if len(wanted) < len(batch):
                    kafka.seek(partition, target[partition])  # the rest is read when the target moves on
                if wanted:
                    next_offset = wanted[-1].offset + 1
                    claims.append(Claim(partition.topic, partition.partition, self._next[partition], next_offset))
                    records += wanted
            idle_polls = 0 if records else idle_polls + 1
            if idle_polls > _IDLE_POLLS_MAX:
                raise TimeoutError("the broker does not give the events that the live consumer has read")
            if not records:
                continue
            async with self._database.unscoped() as session:
                await session.execute(f"set local search_path = {_COPY}, public")
                # What the live consumer set aside is set aside here too: go event by event only when needed.
                await self._apply(session, claims, records)
            for claim in claims:
                self._next[TopicPartition(claim.topic, claim.partition)] = claim.next_offset
            self._read_events += len(records)
            self._report(self._read_events, total)

    async def _apply(self, session: WriteSession, claims: list[Claim], records: list[Record]) -> None:
        dead = await session.fetch(
            'select topic, partition, "offset" from dead_letter where consumer = :name', name=self._inbox.consumer
        )
        set_aside = {(row["topic"], row["partition"], row["offset"]) for row in dead}
        wanted = [record for record in records if (record.topic, record.partition, record.offset) not in set_aside]
        await self._applier.apply(session, claims, wanted)

    async def _compare(self, session: WriteSession) -> Comparison:
        comparison = Comparison()
        for table in await _tables(session):
            live, copy = f"{_LIVE}.{table}", f"{_COPY}.{table}"
            comparison.rows[table] = await session.scalar(f"select count(*) from {copy}")
            comparison.differing[table] = await session.scalar(
                f"select count(*) from ((table {live} except all table {copy})"
                f" union all (table {copy} except all table {live})) as differing"
            )
        return comparison

    async def _swap(self, session: WriteSession) -> None:
        """The copy becomes the read model; as the offsets are equal, the live consumer goes on with it."""
        await session.execute(f"drop schema if exists {_OLD} cascade")
        await session.execute(f"alter schema {_LIVE} rename to {_OLD}")
        await session.execute(f"alter schema {_COPY} rename to {_LIVE}")
        await session.execute(f"drop schema {_OLD} cascade")
        await session.execute("delete from consumer_offset where consumer = :name", name=self._name)


async def _tables(session: WriteSession) -> list[str]:
    rows = await session.fetch(
        "select tablename from pg_tables where schemaname = :schema order by tablename", schema=_LIVE
    )
    return [row["tablename"] for row in rows]


async def _clone_statements(session: WriteSession) -> list[str]:
    """The statements that copy tables, row-level policies and grants of the read model into the rebuild's schema."""
    # Without the schema in the search path PostgreSQL prints every name of it qualified, so that it can be replaced.
    await session.execute("set local search_path = public")
    statements = [
        f"create table {_COPY}.{table} (like {_LIVE}.{table} including all)" for table in await _tables(session)
    ]
    grants = await session.fetch(
        """
        select format('grant usage on schema %I to %I', cast(:copy as text), role.rolname) as statement
        from pg_namespace cross join lateral aclexplode(nspacl) as acl join pg_roles as role on role.oid = acl.grantee
        where nspname = :live and acl.privilege_type = 'USAGE'
        union all
        select format('grant %s on %I.%I to %I', acl.privilege_type, cast(:copy as text), relname, role.rolname)
        from pg_class cross join lateral aclexplode(relacl) as acl join pg_roles as role on role.oid = acl.grantee
        where relnamespace = to_regnamespace(:live) and relkind = 'r' and acl.grantee <> relowner
        union all
        select format('alter table %I.%I enable row level security', cast(:copy as text), relname)
        from pg_class where relnamespace = to_regnamespace(:live) and relkind = 'r' and relrowsecurity
        """,
        copy=_COPY,
        live=_LIVE,
    )
    statements += [row["statement"] for row in grants]
    policies = await session.fetch(
        "select tablename, policyname, roles, cmd, qual, with_check from pg_policies where schemaname = :schema",
        schema=_LIVE,
    )
    for policy in policies:
        clauses = f"create policy {policy['policyname']} on {_COPY}.{policy['tablename']} for {policy['cmd']} to "
        clauses += ", ".join(policy["roles"])
        for word, expression in (("using", policy["qual"]), ("with check", policy["with_check"])):
            if expression:
                clauses += f" {word} ({expression.replace(f'{_LIVE}.', f'{_COPY}.')})"
        statements.append(clauses)
    return statements
