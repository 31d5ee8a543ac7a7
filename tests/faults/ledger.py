"""A small ledger whose effects add up and whose order shows, and processes that relay and consume it, to be killed.

`python -m tests.faults.ledger consume GROUP` is a member that reads every partition its Kafka group gives it: members
of two groups both believe that they hold everything. `... relay CRASHES` is a relay that ends itself between publishing
and deleting.
"""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import asyncpg

from shared.chassis import consumer as consumer_module
from shared.chassis.consumer import Consumer
from shared.chassis.database import Database, WriteSession
from shared.chassis.events import Received
from shared.chassis.inbox import Inbox, insert_facts, upsert_state
from shared.chassis.kafka import make_consumer
from shared.chassis.relay import Relay
from shared.chassis.settings import Settings
from shared.chassis.telemetry import configure_logging
from shared.embedded.processes import ProcessMark, mark_of, server_end_with_parent
from tests.shared.chassis.events.conftest import CATALOGUE, BalanceRecorded, Deposited

TABLES = """
    create table ledger (account_id uuid primary key, last_number bigint not null, entries bigint not null,
                         total bigint not null, out_of_order bigint not null);
    create table handed (account_id uuid primary key, times bigint not null);
"""
"""Beside the tables of the small events: by account what was entered, and how often not in its turn; and how many
events the handler was given, known ones too."""


def make_ledger_inbox() -> Inbox:
    """Deposits of 1, 2, 3 … of an account: each adds to its total, and says whether it came after the one before."""
    inbox = Inbox("registry", CATALOGUE)

    @inbox.on(BalanceRecorded)
    async def record_balance(session: WriteSession, received: Sequence[Received[BalanceRecorded]]) -> None:
        rows = [{"id": item.event.account_id, "balance": item.event.balance, **item.guard()} for item in received]
        await upsert_state(session, "balance", rows)

    @inbox.on(Deposited)
    async def enter(session: WriteSession, received: Sequence[Received[Deposited]]) -> None:
        facts = [
            {"event_id": item.event_id, "account_id": item.event.account_id, "amount": item.event.amount}
            for item in received
        ]
        given = Counter(item.event.account_id for item in received)
        await session.execute_many(
            "insert into handed (account_id, times) values (:account, :times)"
            " on conflict (account_id) do update set times = handed.times + excluded.times",
            [{"account": account, "times": given[account]} for account in sorted(given)],
        )
        new = {fact["event_id"] for fact in await insert_facts(session, "deposit", facts)}
        numbers: dict[UUID, list[int]] = {}
        for item in received:
            if item.event_id in new:
                new.discard(item.event_id)
                numbers.setdefault(item.event.account_id, []).append(item.event.amount)
        await session.execute_many(
            """
            insert into ledger (account_id, last_number, entries, total, out_of_order)
            values (:account, :last, :entries, :total, :inversions + cast(cast(:first as bigint) <> 1 as integer))
            on conflict (account_id) do update set
                last_number = excluded.last_number, entries = ledger.entries + excluded.entries,
                total = ledger.total + excluded.total,
                out_of_order = ledger.out_of_order + :inversions
                    + cast(cast(:first as bigint) <> ledger.last_number + 1 as integer)
            """,
            [_entered(account, numbers[account]) for account in sorted(numbers)],
        )

    return inbox


def _entered(account: UUID, numbers: list[int]) -> dict[str, Any]:
    steps = pairwise(numbers)
    return {
        "account": account,
        "first": numbers[0],
        "last": numbers[-1],
        "entries": len(numbers),
        "total": sum(numbers),
        "inversions": sum(later != earlier + 1 for earlier, later in steps),
    }


class Processes:
    """Ledger processes of one test, by name."""

    def __init__(self, settings: Settings, logs: Path) -> None:
        self._environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
            "PLODNEE_KAFKA_TOPIC_PREFIX": settings.kafka_topic_prefix,
            "PLODNEE_CONSUMER_SESSION_TIMEOUT_MS": "6000",
            "PLODNEE_CONSUMER_BATCH_EVENTS_MAX": "200",
            "PLODNEE_RELAY_BATCH_ROWS_MAX": "320",
        }
        self._logs = logs
        self._commands: dict[str, tuple[str, ...]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Start a process; the name is for `kill` and for its log."""
        self._commands[name] = arguments
        with self.log_path(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.ledger", *arguments],
                env=self._environment,
                stdout=log,
                stderr=log,
                preexec_fn=server_end_with_parent(signal.SIGKILL),
            )

    def send(self, name: str, number: signal.Signals) -> None:
        self._running[name].send_signal(number)

    def kill(self, name: str) -> None:
        """End a process at once, in the middle of whatever it does."""
        self._running[name].kill()
        self._running[name].wait()

    def replace(self, name: str) -> None:
        """Kill a process and start another like it."""
        self.kill(name)
        self.start(name, *self._commands[name])

    def has_ended(self, name: str) -> bool:
        return self._running[name].poll() is not None

    def processes(self) -> dict[str, ProcessMark]:
        """Every process that runs now, by name."""
        found = {name: mark_of(process.pid) for name, process in self._running.items()}
        return {name: mark for name, mark in found.items() if mark is not None}

    def log_path(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def kill_all(self) -> None:
        for name in self._running:
            self.kill(name)


@contextlib.contextmanager
def ledger_processes(settings: Settings, logs: Path) -> Iterator[Processes]:
    """Processes of one test; none is left when the block ends."""
    processes = Processes(settings, logs)
    try:
        yield processes
    finally:
        processes.kill_all()


class _Dying(asyncpg.Connection):
    """Ends its process at some of the moments between what the broker acknowledged and what the outbox forgets."""

    chance = 0.0

    async def execute(self, query: str, *arguments: Any, **options: Any) -> str:
        if query.startswith("delete from outbox") and arguments[0] and random.random() < self.chance:
            os.kill(os.getpid(), signal.SIGKILL)
        return str(await super().execute(query, *arguments, **options))


async def _run(arguments: Sequence[str]) -> None:
    settings = Settings()
    database = Database(settings, "registry", "worker", "ledger")
    stop = asyncio.Event()
    if arguments[0] == "consume":
        group = arguments[1]

        def make_member(given: Settings, name: str | None, client_id: str) -> Any:
            return make_consumer(given, f"{name}-{group}", client_id)

        with patch.object(consumer_module, "make_consumer", make_member):
            await Consumer(settings, database, make_ledger_inbox(), member=group).run(stop)
    else:
        _Dying.chance = float(arguments[1])
        with patch.object(asyncpg, "connect", partial(asyncpg.connect, connection_class=_Dying)):
            await Relay(settings, database).run(stop)


if __name__ == "__main__":
    configure_logging()
    asyncio.run(_run(sys.argv[1:]))
