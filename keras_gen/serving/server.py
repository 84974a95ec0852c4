"""A server from its start to its stop."""

import asyncio
import concurrent.futures
import contextlib
import functools
import importlib
import os
import socket
from pathlib import Path

from keras_gen.errors import InputError
from keras_gen.logs import log
from keras_gen.signals import stop_signals

NEEDED = {"starlette": "starlette", "uvicorn": "uvicorn", "prometheus_client": "prometheus-client"}
NEEDED |= {"tensorflow_serving.apis": "tensorflow-serving-api"}
PATIENCE = 2  # looks at the folder, of which the second loads what lies there


def serve(folder, settings, started=None):
    """Serves the models of a folder until this process is asked to stop; those in flight are answered still.

    Args:
        folder: path, as `keras_gen.serving.folders.models_in` takes it.
        settings: `Settings`.
        started: function, called with the `Running` once it answers requests, or None.

    Raises:
        InputError: the extra `serve` is not installed, there is nothing to serve, or a port cannot be had.
    """
    for module, package in NEEDED.items():
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise InputError(
                f'Serving needs {package}, which is not installed: pip install "keras_gen[serve]".'
            ) from error
    asyncio.run(_serve(Path(folder), settings, started))


class Running:
    """A server that answers requests.

    Attributes:
        port, grpc_port: ints.
        models: `Models`.
    """

    def __init__(self, port, grpc_port, models, loop, stop):
        self.port, self.grpc_port, self.models = port, grpc_port, models
        self._loop, self._stop = loop, stop

    def stop(self):
        """Asks it to stop; from any thread."""
        with contextlib.suppress(RuntimeError):  # it has stopped already
            self._loop.call_soon_threadsafe(self._stop)


async def _serve(folder, settings, started):
    from keras_gen.serving import grpc_api, http, rest
    from keras_gen.serving.folders import models_in
    from keras_gen.serving.metrics import Metrics
    from keras_gen.serving.models import Models
    from keras_gen.serving.signatures import Version

    try:
        names = ", ".join(models_in(folder))
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror or error}.") from error
    if not names:
        raise InputError(
            f"{folder} holds no exported model: keras-gen export RUN --to {folder} publishes one there."
        )
    metrics, loop = Metrics(), asyncio.get_running_loop()
    with (
        held_socket(settings.host, settings.port) as listening,
        concurrent.futures.ThreadPoolExecutor(os.cpu_count() + 2, "serving") as pool,
    ):
        make = functools.partial(Version, settings=settings, pool=pool, metrics=metrics)
        models = Models(folder, make, settings, metrics)
        calls, grpc_port = grpc_api.server(models, settings, metrics)
        log.info("Loading %s", names)
        for _ in range(PATIENCE):
            await models.refresh()
            await asyncio.sleep(settings.poll)
        if not models.names:
            raise InputError(f"{folder} holds no model that can be served.")
        port = listening.getsockname()[1]

        def listens():
            log.info("REST on http://%s:%d/v1/models, gRPC on port %d", settings.host, port, grpc_port)
            if started:
                started(Running(port, grpc_port, models, loop, stop))

        def stop():
            if not web.should_exit:
                log.info("Stopping: requests in flight are answered")
            web.should_exit = True

        web = http.server(rest.application(models, settings, metrics, pool), settings, listens)
        for number in stop_signals():
            with contextlib.suppress(RuntimeError, ValueError):  # in another thread than the main one
                loop.add_signal_handler(number, stop)
        await calls.start()
        watching = asyncio.create_task(models.watch())
        if settings.is_open:
            log.warning("Whoever reaches %s may ask without a token: --token-file gives one.", settings.host)
        try:
            await web.serve([listening])
        finally:
            watching.cancel()
            await calls.stop(settings.timeout)


def held_socket(host, port):
    """A socket that holds a port; it listens once there is something to serve.

    Raises:
        InputError: the port cannot be had.
    """
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # or a restart would have to wait
        held.bind((host, port))
        return held
    except OSError as error:
        held.close()
        raise InputError(f"Port {port} of {host} cannot be had: {error.strerror or error}.") from error
