"""How much is measured: the sizes of the design, or small ones that show that every measurement still runs."""

from dataclasses import dataclass

MEMBERS_PER_COOPERATIVE = 424  # programme A: 250,000 members in 590 institutions


@dataclass(frozen=True)
class Sizes:
    """What each section loads and sends.

    Attributes:
        members: the numbers of members at which reads are measured, growing.
        import_rows: rows of the files of members and of loans.
        incoming_rows: rows of the file that is compared with all members.
        loans: loans of the nightly close.
        backlog_events: events of each kind that wait when the consumer starts.
        payments: payments followed to their KPI, one after the other.
        export_rows: rows of the export.
        load_seconds: how long each load over HTTP lasts.
    """

    members: tuple[int, ...]
    import_rows: int
    incoming_rows: int
    loans: int
    backlog_events: int
    payments: int
    export_rows: int
    load_seconds: float

    def part(self, share: float) -> "Sizes":
        """A share of every amount; the loads last as long."""

        def less(amount: int) -> int:
            return max(1, round(amount * share))

        return Sizes(
            members=tuple(map(less, self.members)),
            import_rows=less(self.import_rows),
            incoming_rows=less(self.incoming_rows),
            loans=less(self.loans),
            backlog_events=less(self.backlog_events),
            payments=max(10, less(self.payments)),
            export_rows=less(self.export_rows),
            load_seconds=self.load_seconds,
        )


FULL = Sizes(
    members=(10_000, 100_000, 1_000_000),
    import_rows=50_000,
    incoming_rows=100_000,
    loans=500_000,
    backlog_events=60_000,
    payments=200,
    export_rows=1_000_000,
    load_seconds=6,
)
QUICK = Sizes(
    members=(1_000, 3_000),
    import_rows=1_000,
    incoming_rows=1_000,
    loans=2_000,
    backlog_events=3_000,
    payments=10,
    export_rows=5_000,
    load_seconds=1,
)


def short(count: int) -> str:
    """A count as ids of rows write it: 10k, 1m."""
    for size, letter in ((1_000_000, "m"), (1_000, "k")):
        if count >= size and count % size == 0:
            return f"{count // size}{letter}"
    return str(count)


def cooperatives_of(members: int) -> int:
    """How many co-operatives so many members make."""
    return -(-members // MEMBERS_PER_COOPERATIVE)
