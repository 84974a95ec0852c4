"""HTTP for strangers: connections that are too many or too slow are closed, bodies are read up to a limit."""

import asyncio
import contextlib
import functools

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from keras_gen.serving.refusals import Refused

KEPT = 75  # seconds that an idle connection is kept
GRACE = 3  # seconds, beside the time limit of an answer, that a stopping server waits for its last ones


class Protocol(H11Protocol):
    """uvicorn's, with limits that it does not have.

    Args:
        settings: `Settings`.
        **uvicorns: what uvicorn gives.
    """

    def __init__(self, settings, **uvicorns):
        super().__init__(**uvicorns)
        self._settings, self._head_until = settings, None

    def connection_made(self, transport):
        super().connection_made(transport)
        if len(self.connections) > self._settings.max_connections:
            transport.abort()
        else:
            self._expect_head()

    def connection_lost(self, exc):
        self._forget_head()
        super().connection_lost(exc)

    def handle_events(self):
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._forget_head()
        elif self._head_until is None and (self.cycle is None or self.cycle.response_complete):
            self._expect_head()

    def _expect_head(self):
        self._head_until = self.loop.call_later(self._settings.timeout, self.transport.abort)

    def _forget_head(self):
        if self._head_until is not None:
            self._head_until.cancel()
            self._head_until = None


class Server(uvicorn.Server):
    """Leaves signals to whoever starts it, and tells when it listens.

    Args:
        config: `uvicorn.Config`.
        listens: function without arguments.
    """

    def __init__(self, config, listens):
        super().__init__(config)
        self._listens = listens

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self._listens()

    @contextlib.contextmanager
    def capture_signals(self):
        yield


def server(app, settings, listens):
    """A `Server` of an ASGI application.

    Args:
        app: the application.
        settings: `Settings`.
        listens: function without arguments, called once it does.
    """
    config = uvicorn.Config(
        app,
        http=functools.partial(Protocol, settings),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEPT,
        timeout_graceful_shutdown=int(settings.timeout) + GRACE,
    )
    return Server(config, listens)


async def body_of(request, settings):
    """The body of a request, read as far as the limits allow.

    Args:
        request: `starlette.requests.Request`.
        settings: `Settings`.

    Raises:
        Refused: it is too large, too slow or compressed.
        starlette.requests.ClientDisconnect: whoever sent it has gone.
    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise Refused(f"Content-Encoding {encoding} is not taken: send the body as it is.", "encoding")
    too_large = Refused(f"A body has at most {settings.max_bytes} bytes.", "large")
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > settings.max_bytes:
        raise too_large
    parts, size = [], 0
    try:
        async with asyncio.timeout(settings.timeout):
            async for part in request.stream():
                size += len(part)
                if size > settings.max_bytes:
                    raise too_large
                parts.append(part)
    except TimeoutError as error:
        raise Refused(f"The body did not come within {settings.timeout:g} seconds.", "slow") from error
    return b"".join(parts)
