"""Runs an api process: uvicorn with every option that matters stated, until SIGTERM drains it."""

from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from shared.chassis.collector import spare_imports
from shared.chassis.http.dispatch import Dispatcher
from shared.chassis.http.protocol import BoundedHttpProtocol
from shared.chassis.http.runtime import Runtime
from shared.chassis.settings import Settings, get_settings
from shared.chassis.telemetry import configure_logging, keep_messages_out_of_crashes
from shared.chassis.tracing import start_tracing

log = structlog.get_logger(__name__)

CONNECTIONS_WAITING_MAX = 2048
KEEP_ALIVE_SECONDS = 65  # longer than the usual load balancer's 60, so that it is the one that closes


class _DrainingServer(uvicorn.Server):
    """Tells readiness of the drain at the moment the signal comes; requests under way are finished."""

    def __init__(self, config: uvicorn.Config, runtimes: list[Runtime]) -> None:
        super().__init__(config)
        self._runtimes = runtimes

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        for runtime in self._runtimes:
            runtime.draining = True
        super().handle_exit(sig, frame)


def make_server(
    app: FastAPI | Dispatcher,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    settings: Settings,
) -> uvicorn.Server:
    """A server for an application; ``await server.serve()`` runs it, ``server.should_exit = True`` stops it.

    Args:
        app: one service's api, or several behind a dispatcher.
        host: the address to listen at.
        port: the port; 0 takes a free one.
        settings: for the time a drain may take.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=BoundedHttpProtocol,
        ws="none",
        lifespan="on",
        log_config=None,  # our own logging is configured already
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody's ``X-Forwarded-*`` is believed
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.drain_seconds_max,
        backlog=CONNECTIONS_WAITING_MAX,
    )
    if isinstance(app, Dispatcher):
        return _DrainingServer(config, app.runtimes)
    return _DrainingServer(config, [app.state.runtime])


def run_api(app: FastAPI | Dispatcher, *, host: str = "127.0.0.1", port: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests under way and close.

    Args:
        app: one service's api, or several behind a dispatcher.
        host: the address to listen at.
        port: the port; 0 takes a free one.
    """
    configure_logging()
    keep_messages_out_of_crashes()
    start_tracing()
    server = make_server(app, host=host, port=port, settings=get_settings())
    spare_imports()
    log.info("api_started", host=host, port=port)
    server.run()
    log.info("api_drained")
