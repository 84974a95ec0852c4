"""The REST API of TensorFlow Serving, with pictures and recordings as files beside it."""

import asyncio
import base64
import json
import re
from urllib.parse import unquote

from google.protobuf import json_format
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from keras_gen.logs import log
from keras_gen.serving import descriptions, tensors
from keras_gen.serving.access import admit, within
from keras_gen.serving.folders import LAST
from keras_gen.serving.http import body_of
from keras_gen.serving.media_files import TYPES, Files
from keras_gen.serving.refusals import Refused

MODEL = r"(?i:/v1/models/)([^/:]+)(?:(?i:/versions/)(\d+)|(?i:/labels/)([^/:]+))?"
PREDICTION = re.compile(MODEL + r":(?i:(predict|classify|regress))")
STATUS = re.compile(MODEL + r"(?i:/(metadata))?")
OTHERS = {"classify": ("classification", "classify"), "regress": ("regression", "regress")}
EACH = re.compile(r"application/json\s*;\s*media\s*=\s*\"?(png|wav)\"?", re.IGNORECASE)
QUICK = 1 << 14  # bytes of JSON that are read sooner than handed to a thread
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def application(models, settings, metrics, pool):
    """The ASGI application.

    Args:
        models: `Models`.
        settings: `Settings`.
        metrics: `Metrics`.
        pool: `concurrent.futures.Executor` for long texts.
    """
    api = _API(models, settings, metrics, pool)
    pages = {
        "/healthz": api.live,
        "/readyz": api.ready,
        "/metrics": api.metrics,
        "/monitoring/prometheus/metrics": api.metrics,
    }
    routes = [Route(path, page) for path, page in pages.items()]
    return Starlette(routes=[*routes, Route("/{path:path}", api.answer, methods=METHODS)])


class _API:
    def __init__(self, models, settings, metrics, pool):
        self._models, self._settings, self._metrics, self._pool = models, settings, metrics, pool

    async def live(self, request):
        return Response(b"ok\n", media_type="text/plain")

    async def ready(self, request):
        if self._models.is_ready:
            return Response(b"ok\n", media_type="text/plain")
        return Response(b"loading\n", 503, media_type="text/plain")

    async def metrics(self, request):
        try:
            self._admit(request)
        except Refused as error:
            return _told(error)
        page, kind = self._metrics.page()
        return Response(page, media_type=kind)

    async def answer(self, request: Request):
        name = ""
        try:
            self._admit(request)
            path = request.scope["raw_path"].decode("ascii", "replace")
            if request.method == "POST" and (found := PREDICTION.fullmatch(path)):
                name, number, label = _asked(found)
                response = await self._predict(request, found[4].lower(), name, number, label)
            elif request.method == "GET" and (found := STATUS.fullmatch(path)):
                name, number, label = _asked(found)
                response = self._describe(found[4], name, number, label)
            else:
                kind = "invalid" if path.lower().startswith("/v1/") else "missing"
                raise Refused(f"Malformed request: {request.method} {path}", kind)
        except Refused as error:
            response = _told(error)
        except ClientDisconnect:
            response = Response(status_code=400)  # nobody reads it
        except Exception:
            log.exception("A request could not be answered")
            response = _told(Refused("Something went wrong here; the server's log tells what.", "internal"))
        known = name if name in self._models.names else ""
        self._metrics.requests.labels(known, "REST", response.status_code).inc()
        return response

    def _admit(self, request):
        admit(request.headers.get("authorization", ""), self._settings.token)

    async def _predict(self, request, method, name, number, label):
        version = self._models.find(name, number, label)
        if method in OTHERS:
            kind, own = OTHERS[method]
            raise Refused(
                f"Expected {kind} signature method_name to be tensorflow/serving/{own}. Was: "
                "tensorflow/serving/predict"
            )
        body = await body_of(request, self._settings)
        with self._metrics.seconds.labels(name, "REST").time():
            return await within(self._settings.timeout, self._answer(request, version, body))

    async def _answer(self, request, version, body):
        files = Files(version, self._settings.max_bytes)

        def read():
            told = tensors.parse(body)
            signature = version.signature(told.get("signature_name"))
            return signature, *tensors.inputs_of(told, signature.inputs, files)

        signature, inputs, by_rows = await self._run(len(body), read)
        outputs = await signature.answer(inputs)
        size = sum(values.size for values in outputs.values())
        accepted = request.headers.get("accept", "")
        return await self._run(size, lambda: _response(outputs, by_rows, accepted, files))

    async def _run(self, size, function):
        if size <= QUICK:
            return function()
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)

    def _describe(self, part, name, number, label):
        if part:
            message, signatures = descriptions.metadata(self._models.find(name, number, label))
            told = {
                "model_spec": _fields(message.model_spec),
                "metadata": {descriptions.DEFINITIONS: _fields(signatures)},
            }
        else:
            told = _fields(descriptions.status(self._models.states(name, number, label)))
        return Response(json.dumps(told, indent=1), media_type="application/json")


def _asked(found):
    name, number, label = found[1], found[2], found[3]
    if number is not None and (len(number) > len(str(LAST)) or int(number) > LAST):
        raise Refused(f"Failed to convert version: {number} to numeric.")
    return unquote(name), None if number is None else int(number), label and unquote(label)


def _fields(message):
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _response(outputs, by_rows, accepted, files):
    each = EACH.search(accepted)
    if each:
        kind = {"png": "image/png", "wav": "audio/wav"}[each[1].lower()]
        rows = [{"b64": base64.b64encode(file).decode()} for file in files.written(outputs, kind)]
        body = json.dumps({"predictions" if by_rows else "outputs": rows})
        return Response(body, media_type="application/json")
    for kind in TYPES:
        if kind in accepted.lower():
            return Response(files.written({n: v[:1] for n, v in outputs.items()}, kind)[0], media_type=kind)
    return Response(tensors.answer(outputs, by_rows), media_type="application/json")


def _told(error):
    headers = {}
    if error.status in (401, 408, 413, 415):
        headers["connection"] = "close"  # the rest of the body is not read
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    body = json.dumps({"error": str(error)})
    return Response(body, error.status, headers, media_type="application/json")
