"""Makes a read model again from the beginning of its topics, proves it equal to the live one, and swaps.

The live consumer goes on while the copy catches up. For the comparison it stands still between two batches; the copy
reads exactly up to the same offsets; then one transaction compares every table row by row and swaps the schemas.
When the code has learnt to read the log otherwise, rows differ for good reason: an operator may accept that.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.chassis.batches import BatchApplier, Claim, LogChanged, Record
from shared.chassis.consumer import ensure_offsets
from shared.chassis.database import Database, WriteSession
from shared.chassis.inbox import Inbox
from shared.chassis.kafka import make_consumer, stop_consumer, topic_name
from shared.chassis.pause import pause_consumer
from shared.chassis.settings import Settings

_COPY = "read_model_rebuild"
_LIVE = "read_model"
_OLD = "read_model_before"
_NEAR_EVENTS = 5_000  # when the copy is this near, the live consumer is asked to stand still
_IDLE_POLLS_MAX = 100


class RebuildDiffers(Exception):
    """The rebuilt read model is not the live one; both are kept, nothing was swapped."""


class NoReadModel(Exception):
    """The service keeps no read model in a schema of its own: its tables cannot be made again from events alone."""


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

    async def run(self, *, swap: bool = True, accept_differences: bool = False) -> Comparison:
        """Rebuild, compare, and swap when equal, or when differences are accepted.

        Raises:
            NoReadModel: there is nothing that could be rebuilt.
            RebuildDiffers: some row differs; the copy is left in place to be looked at.
            LogChanged: a topic has lost its beginning.
        """
        await self._prepare()
        kafka = make_consumer(self._settings, None, self._name)
        try:
            await kafka.start()
            live = await self._live_offsets()
            while self._behind(live) > _NEAR_EVENTS:
                await self._read_to(kafka, live)
                live = await self._live_offsets()
            comparison = await self._finish(kafka, swap, accept_differences)
        finally:
            await stop_consumer(kafka)
        if not comparison.is_equal and not accept_differences:
            raise RebuildDiffers(
                ", ".join(f"{table}: {count}" for table, count in comparison.differing.items() if count)
            )
        async with self._owner.unscoped() as session:
            await _forget_copies(session, self._name)
        return comparison

    async def _finish(self, kafka: AIOKafkaConsumer, swap: bool, accept_differences: bool) -> Comparison:
        """Stand the live consumer still, read the rest, compare, and swap, all in one transaction of the owner."""
        async with self._owner.unscoped() as session:
            await session.execute(
                "set local idle_in_transaction_session_timeout = 0"
            )  # it waits while the rest is read
            await pause_consumer(session, self._inbox.consumer)
            await self._read_to(kafka, await self._live_offsets())
            comparison = await self._compare(session)
            if swap and (comparison.is_equal or accept_differences):
                # No table is locked by a rename, so it meets no reader; the old tables are dropped afterwards.
                await session.execute(f"alter schema {_LIVE} rename to {_OLD}")
                await session.execute(f"alter schema {_COPY} rename to {_LIVE}")
        return comparison

    async def _prepare(self) -> None:
        """An empty copy of every table of the read model, with its policies and grants, and no offsets."""
        async with self._owner.unscoped() as session:
            if not await _tables(session):
                raise NoReadModel(f"{self._owner.service} has no table in a schema {_LIVE}")
            await _forget_copies(session, self._name)
            # What a restored owner no longer stands for is left out from the beginning.
            await session.execute(
                "insert into producer_epoch (consumer, producer, epoch)"
                " select :copy, producer, epoch from producer_epoch where consumer = :live",
                copy=self._name,
                live=self._inbox.consumer,
            )
            await session.execute(f"create schema {_COPY}")
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
        return sum(max(offset - self._next.get(partition, 0), 0) for partition, offset in live.items())

    async def _read_to(self, kafka: AIOKafkaConsumer, target: dict[TopicPartition, int]) -> None:
        """Apply every event before the target offsets, and none after."""
        await self._begin(kafka, [partition for partition in target if partition not in self._next])
        idle_polls = 0
        total = self._read_events + self._behind(target)
        while self._behind(target) > 0:
            behind = [partition for partition, offset in target.items() if self._next[partition] < offset]
            kafka.pause(*self._next)  # a partition that is there gives no more records to read for nothing
            kafka.resume(*behind)
            fetched = await kafka.getmany(timeout_ms=200, max_records=self._settings.consumer_batch_events_max)
            claims, records = [], []
            for partition, batch in sorted(fetched.items()):
                wanted = [record for record in batch if record.offset < target[partition]]
                next_offset = batch[-1].offset + 1
                if len(wanted) < len(batch):
                    next_offset = target[partition]
                    kafka.seek(partition, next_offset)  # the rest is read when the target moves on
                claims.append(Claim(partition.topic, partition.partition, self._next[partition], next_offset))
                records += wanted
            idle_polls = 0 if claims else idle_polls + 1
            if idle_polls > _IDLE_POLLS_MAX:
                raise TimeoutError("the broker does not give the events that the live consumer has read")
            if not claims:
                continue
            async with self._database.unscoped() as session:
                await session.execute(f"set local search_path = {_COPY}, public")
                # What the live consumer set aside is set aside here too: go event by event only when needed.
                await self._apply(session, claims, records)
            self._applier.committed()
            for claim in claims:
                self._next[TopicPartition(claim.topic, claim.partition)] = claim.next_offset
            self._read_events += len(records)
            self._report(self._read_events, total)

    async def _begin(self, kafka: AIOKafkaConsumer, new: list[TopicPartition]) -> None:
        """Start partitions at their first event; a topic may join while the rebuild goes on."""
        if not new:
            return
        beginnings: dict[TopicPartition, int] = await kafka.beginning_offsets(new)
        if any(beginnings.values()):
            lost = sorted({partition.topic for partition, offset in beginnings.items() if offset})
            raise LogChanged(f"{', '.join(lost)} begins after its first event: nothing can be made again from it")
        async with self._owner.unscoped() as session:
            await ensure_offsets(session, self._name, "rebuild", new, beginnings)
        self._next |= beginnings
        kafka.assign(list(self._next))
        for partition, offset in self._next.items():
            kafka.seek(partition, offset)

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
            await session.execute(f"analyze {_COPY}.{table}")
            live, copy = f"{_LIVE}.{table}", f"{_COPY}.{table}"
            comparison.rows[table] = await session.scalar(f"select count(*) from {copy}")
            comparison.differing[table] = await session.scalar(
                f"select count(*) from ((table {live} except all table {copy})"
                f" union all (table {copy} except all table {live})) as differing"
            )
        return comparison


async def _forget_copies(session: WriteSession, consumer: str) -> None:
    """Remove what an earlier rebuild left, or what this one no longer needs."""
    await session.execute(f"drop schema if exists {_COPY} cascade")
    await session.execute(f"drop schema if exists {_OLD} cascade")
    for table in ("consumer_offset", "producer_epoch"):
        await session.execute(f"delete from {table} where consumer = :consumer", consumer=consumer)


async def _tables(session: WriteSession) -> list[str]:
    rows = await session.fetch(
        "select tablename from pg_tables where schemaname = :schema order by tablename", schema=_LIVE
    )
    return [row["tablename"] for row in rows]


async def _clone_statements(session: WriteSession) -> list[str]:
    """The statements that copy the read model's tables into the rebuild's schema, empty.

    Every index and constraint keeps its name: a later migration names it. PostgreSQL's own LIKE would make new names.
    """
    # Without the schema in the search path PostgreSQL prints every name of it qualified, so that it can be replaced.
    await session.execute("set local search_path = public")
    statements = [
        f"create table {_COPY}.{table} (like {_LIVE}.{table} including all excluding indexes)"
        for table in await _tables(session)
    ]
    for sql in (_INDEXES, _CONSTRAINTS, _RIGHTS, _POLICIES):
        rows = await session.fetch(sql)
        statements += [row["statement"].replace(f"{_LIVE}.", f"{_COPY}.") for row in rows]
    return statements


_INDEXES = f"""
    select pg_get_indexdef(indexrelid) as statement
    from pg_index join pg_class on pg_class.oid = indrelid
    where relnamespace = to_regnamespace('{_LIVE}')
      and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x'))
"""

# Keys first: a foreign key needs the key it names.
_CONSTRAINTS = f"""
    select format('alter table %I.%I add constraint %I %s', '{_COPY}', relname, conname,
                  pg_get_constraintdef(pg_constraint.oid)) as statement
    from pg_constraint join pg_class on pg_class.oid = conrelid
    where relnamespace = to_regnamespace('{_LIVE}') and contype in ('p', 'u', 'x', 'f')
    order by contype = 'f'
"""

_RIGHTS = f"""
    select format('grant usage on schema %I to %I', '{_COPY}', role.rolname) as statement
    from pg_namespace cross join lateral aclexplode(nspacl) as acl join pg_roles as role on role.oid = acl.grantee
    where nspname = '{_LIVE}' and acl.privilege_type = 'USAGE'
    union all
    select format('grant %s on %I.%I to %I', acl.privilege_type, '{_COPY}', relname, role.rolname)
    from pg_class cross join lateral aclexplode(relacl) as acl join pg_roles as role on role.oid = acl.grantee
    where relnamespace = to_regnamespace('{_LIVE}') and relkind = 'r' and acl.grantee <> relowner
    union all
    select format('alter table %I.%I enable row level security', '{_COPY}', relname)
    from pg_class where relnamespace = to_regnamespace('{_LIVE}') and relkind = 'r' and relrowsecurity
"""

_POLICIES = f"""
    select format('create policy %I on %I.%I as %s for %s to %s', policyname, '{_COPY}', tablename,
                  permissive, cmd, array_to_string(roles, ', '))
           || coalesce(' using (' || qual || ')', '') || coalesce(' with check (' || with_check || ')', '') as statement
    from pg_policies where schemaname = '{_LIVE}'
"""
