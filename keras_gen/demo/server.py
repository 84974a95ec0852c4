"""The server of the page, from its start to its stop."""

import asyncio
import contextlib
import dataclasses
import os
import tempfile
from pathlib import Path

from keras_gen.errors import InputError
from keras_gen.logs import log
from keras_gen.signals import stop_signals

GRACE = 1  # seconds that a stopping server waits for pages that are open
# Whatever the page's own code asks for, browsers fetch nothing from elsewhere.
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'self'"


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of a demo page.

    Args:
        host: address to listen on.
        port: 0 for a free one.
        max_bytes: int > 0, of a file that is sent.
        max_seconds: > 0, of a recording that is sent.

    Raises:
        InputError: a number is out of its range.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    max_bytes: int = 16 << 20
    max_seconds: float = 60.0

    def __post_init__(self):
        if not 0 <= self.port < 1 << 16:
            raise InputError(f"port must be from 0 to 65535, not {self.port}.")
        for name in ("max_bytes", "max_seconds"):
            if not 0 < getattr(self, name) < float("inf"):
                raise InputError(f"{name} must be above 0, not {getattr(self, name)}.")

    @property
    def is_open(self):
        """Whether other machines may ask."""
        return self.host not in ("127.0.0.1", "::1", "localhost")


def demo(folder, settings, started=None):
    """Serves the page of a model until this process is asked to stop.

    Args:
        folder: path, as `keras_gen.demo.models.opened` takes it.
        settings: `Settings`.
        started: function, called with the page's address and a function that stops it, once it answers; or
            None.

    Raises:
        InputError: the extra `demo` is not installed, there is no model, or the port cannot be had.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before it is imported
    try:
        import gradio  # noqa: F401
    except ImportError as error:
        raise InputError(
            'A demo page needs gradio, which is not installed: pip install "keras_gen[demo]".'
        ) from error
    from keras_gen.demo.models import opened
    from keras_gen.serving.server import held_socket

    with held_socket(settings.host, settings.port) as listening:
        model = opened(Path(folder))
        with tempfile.TemporaryDirectory(prefix="keras-gen-demo-", ignore_cleanup_errors=True) as scratch:
            made, copies = Path(scratch, "made"), Path(scratch, "copies")
            made.mkdir()
            os.environ["GRADIO_TEMP_DIR"] = str(copies)
            asyncio.run(_serve(model, settings, listening, made, started))


async def _serve(model, settings, listening, made, started):
    import uvicorn

    from keras_gen.serving.http import Server

    loop = asyncio.get_running_loop()
    host, port = settings.host, listening.getsockname()[1]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def listens():
        log.info("%s on %s", model.name, address)
        if started:
            started(address, lambda: loop.call_soon_threadsafe(stop))

    def stop():
        server.should_exit = True

    config = uvicorn.Config(
        application(model, settings, made),
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = Server(config, listens)
    for number in stop_signals():
        with contextlib.suppress(RuntimeError, ValueError):  # in another thread than the main one
            loop.add_signal_handler(number, stop)
    if settings.is_open:
        log.warning("Whoever reaches %s may use the model and send files to it.", host)
    await server.serve([listening])


def application(model, settings, made):
    """The page of a model as an ASGI application.

    Args:
        model: `keras_gen.demo.models.Shown`.
        settings: `Settings`.
        made: path of a folder for what it gives away, which exists.
    """
    import fastapi
    import gradio

    from keras_gen.demo.controls import Outbox
    from keras_gen.demo.page import CSS, FONTS, page

    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    shown = page(model, Outbox(made), settings.max_seconds)
    gradio.mount_gradio_app(
        app,
        shown,
        path="/",
        server_name=settings.host,
        server_port=settings.port,
        show_error=False,
        max_file_size=int(settings.max_bytes),
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        theme=gradio.themes.Default(**FONTS),
        css=CSS,
    )
    return Closed(app)


class Closed:
    """An application whose pages load nothing from elsewhere.

    Args:
        app: ASGI application.
    """

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        async def sent(message):
            if message["type"] == "http.response.start":
                policy = (b"content-security-policy", POLICY.encode())
                message = message | {"headers": [*message.get("headers", []), policy]}
            await send(message)

        await self._app(scope, receive, sent)
