"""An app behind a real socket of this machine, with a thread and an event loop of its own."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from shared.chassis.http.dispatch import Dispatcher
from shared.chassis.http.serve import make_server
from shared.chassis.settings import Settings

START_SECONDS_MAX = 90.0


@contextmanager
def served(app: FastAPI | Dispatcher, settings: Settings, listening: socket.socket) -> Iterator[None]:
    """Serve until the block ends."""
    server = make_server(app, settings=settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS_MAX
        while not server.started:
            assert thread.is_alive(), "the app did not start"
            assert time.monotonic() < deadline, "the app did not start in time"
            time.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        thread.join(START_SECONDS_MAX)
