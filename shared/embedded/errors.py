"""What can go wrong while the parts of one machine are started, each with what the reader can do about it.

EmbeddedError
├── AlreadyRunning    another process of this checkout holds the state folder
├── UnsafeEnvironment a development part was asked to run in production
└── JarRefused        a Kafka jar is not the one in the committed list
"""


class EmbeddedError(Exception):
    """Something of the embedded runtime failed; `what` says what, `mend` says what to do, both for a person."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}\n{mend}")
        self.what = what
        self.mend = mend


class AlreadyRunning(EmbeddedError):
    """Another live process holds the lock of this state folder."""


class UnsafeEnvironment(EmbeddedError):
    """A part made for development was asked to run with PLODNEE_ENVIRONMENT=production."""


class JarRefused(EmbeddedError):
    """A jar differs from the committed list of SHA-256 sums, or is missing where no download is allowed."""
