"""Who runs a server that refuses to run as root, and where its files lie then.

PostgreSQL refuses root. When root starts it, it runs as `nobody`, and because a checkout and a home may be closed to
everybody else (mode 0700), its binaries and its data lie in a folder of their own outside. No folder that was there
before is ever opened up for that: only folders made here get an owner or a mode.
"""

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.embedded.errors import EmbeddedError
from shared.embedded.state import StateFolder

# The system's place for data of services. Not the temporary folders: many systems delete what lies there unread for
# a month, which would eat single files out of a database. They are the last resort.
_OUTSIDE_FOLDERS = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - made with mkdir and checked for its owner
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
    """The folder outside the checkout for what `nobody` must reach, made if missing. Its name follows the state folder.

    Raises EmbeddedError when something else already has that name.
    """
    base = next((folder for folder in _OUTSIDE_FOLDERS if os.access(folder, os.W_OK | os.X_OK)), None)
    if base is None:
        raise EmbeddedError(
            "Root needs a folder in /var/lib or /var/tmp for PostgreSQL's data, and neither can be written to.",
            "Start Plodnee as an ordinary user, or set PLODNEE_ADMIN_DATABASE_URL to your own PostgreSQL.",
        )
    folder = base / f"plodnee-{state.fingerprint}"
    try:
        folder.mkdir(mode=0o711)
    except FileExistsError:
        _refuse_foreign(folder)
    folder.chmod(0o711)  # whatever the umask: nobody must pass through, and may not list
    (folder / _ORIGIN).write_text(f"{state.path}\n")
    return folder


def existing_outside_folder(state: StateFolder) -> Path | None:
    """The folder outside the checkout, if there is one."""
    candidates = [base / f"plodnee-{state.fingerprint}" for base in _OUTSIDE_FOLDERS]
    return next((folder for folder in candidates if folder.is_dir() and _is_ours(folder)), None)


def abandoned_outside_folders() -> list[tuple[Path, str]]:
    """Folders made for state folders that no longer exist, each with the state folder it was made for."""
    origins = [origin for base in _OUTSIDE_FOLDERS for origin in base.glob(f"plodnee-*/{_ORIGIN}")]
    made_for = {origin.parent: origin.read_text().strip() for origin in origins if _is_ours(origin.parent)}
    return [(folder, state_path) for folder, state_path in made_for.items() if not Path(state_path).exists()]


def remove_outside_folder(state: StateFolder) -> None:
    """Delete the folder outside the checkout, with everything in it."""
    folder = existing_outside_folder(state)
    if folder is not None:
        shutil.rmtree(folder)


def _is_ours(folder: Path) -> bool:
    return not folder.is_symlink() and folder.lstat().st_uid == os.geteuid()


def _refuse_foreign(folder: Path) -> None:
    if not folder.is_dir() or not _is_ours(folder):
        raise EmbeddedError(
            f"{folder} exists, but somebody else made it, so PostgreSQL's files cannot safely lie there.",
            f"Look at it and remove it: {folder}",
        )
