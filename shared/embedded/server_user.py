"""Who runs a server that refuses to run as root, and where its files lie then.

PostgreSQL refuses root. When root starts it, it runs as `nobody`, and because a checkout and a home may be closed to
everybody else (mode 0700), its programs and its data lie outside:

    /var/lib/plodnee-<state folder's fingerprint>/   the data of one checkout
    /var/cache/plodnee/                              copies of the programs, for every checkout of the machine

No folder that was there before is ever opened up for that: only folders made here get an owner or a mode.
"""

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.embedded.errors import EmbeddedError
from shared.embedded.state import StateFolder

# The system's places for data of services and for copies. Not the temporary folders: many systems delete what lies
# there unread for a month, which would eat single files out of a database. They are the last resort.
_DATA_FOLDERS = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - what is made there is checked for its owner
_CACHE_FOLDERS = (Path("/var/cache"), Path("/var/tmp"))  # noqa: S108 - likewise
_ORIGIN = "state-folder"


@dataclass(frozen=True)
class ServerUser:
    """The user a server runs as: the caller's own, or `nobody` when the caller is root."""

    uid: int
    gid: int
    is_other: bool

    @classmethod
    def for_this_process(cls) -> "ServerUser":
        """The user for servers started by this process."""
        if os.geteuid() != 0:
            return cls(uid=os.geteuid(), gid=os.getegid(), is_other=False)
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError as error:
            raise EmbeddedError(
                "PostgreSQL does not run as root, and this system has no user 'nobody' to run it as.",
                "Start Plodnee as an ordinary user, or set PLODNEE_ADMIN_DATABASE_URL to your own PostgreSQL.",
            ) from error
        return cls(uid=nobody.pw_uid, gid=nobody.pw_gid, is_other=True)

    def popen_options(self) -> dict[str, Any]:
        """Arguments for subprocess that start a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_other else {}

    def give(self, path: Path) -> None:
        """Make this user the owner of a path made here."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)


def outside_folder(state: StateFolder) -> Path:
    """The folder outside the checkout for data that `nobody` must reach; its name follows the state folder's.

    It may not exist yet: `make_outside_folder` makes it.
    """
    return _first_usable(_DATA_FOLDERS, f"plodnee-{state.fingerprint}")


def make_outside_folder(state: StateFolder) -> Path:
    """Make the folder outside the checkout if it is missing, and return it. Raises EmbeddedError when it cannot be."""
    folder = _made(outside_folder(state), 0o711)  # nobody must pass through, and may not list
    (folder / _ORIGIN).write_text(f"{state.path}\n")
    return folder


def make_shared_cache() -> Path:
    """Make the folder for copied programs if it is missing, and return it. Raises EmbeddedError when it cannot be."""
    return _made(_first_usable(_CACHE_FOLDERS, "plodnee"), 0o755)


def abandoned_outside_folders() -> list[tuple[Path, str]]:
    """Folders made for state folders that no longer exist, each with the state folder it was made for."""
    origins = [origin for base in _DATA_FOLDERS for origin in base.glob(f"plodnee-*/{_ORIGIN}")]
    made_for = {origin.parent: origin.read_text().strip() for origin in origins if _is_ours(origin.parent)}
    return [(folder, state_path) for folder, state_path in made_for.items() if not Path(state_path).exists()]


def remove_outside_folder(state: StateFolder) -> None:
    """Delete the folder outside the checkout, with everything in it."""
    folder = outside_folder(state)
    if folder.is_dir() and _is_ours(folder):
        shutil.rmtree(folder)


def _is_ours(folder: Path) -> bool:
    return not folder.is_symlink() and folder.lstat().st_uid == os.geteuid()


def _first_usable(bases: tuple[Path, ...], name: str) -> Path:
    candidates = [base / name for base in bases]
    existing = next((folder for folder in candidates if folder.is_dir() and _is_ours(folder)), None)
    return existing or next((path for path in candidates if os.access(path.parent, os.W_OK | os.X_OK)), candidates[0])


def _made(folder: Path, mode: int) -> Path:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise EmbeddedError(
            f"Root needs a folder that PostgreSQL can reach, and {folder} cannot be made: {error.strerror}.",
            "Start Plodnee as an ordinary user, or set PLODNEE_ADMIN_DATABASE_URL to your own PostgreSQL.",
        ) from error
    if not _is_ours(folder):
        raise EmbeddedError(
            f"Somebody else made {folder}, so PostgreSQL's files cannot safely lie there.",
            f"Look at it and remove it: {folder}",
        )
    folder.chmod(mode)  # whatever the umask
    return folder
