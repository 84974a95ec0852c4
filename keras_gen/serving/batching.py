"""Requests to one signature are joined into calls of it; whose rows are equal in any batch."""

import asyncio
import collections
import contextlib
import dataclasses

import numpy as np

from keras_gen.serving.refusals import Refused


@dataclasses.dataclass(eq=False)
class _Waiting:
    inputs: dict
    rows: int
    until: float  # the loop's time at which it has waited long enough
    answer: asyncio.Future


class _Group:
    """Requests that wait, whose rows have the same shapes."""

    def __init__(self, max_batch):
        self._requests, self._rows, self._max_batch = collections.deque(), 0, max_batch
        self.is_full = asyncio.Event()

    def __bool__(self):
        return bool(self._requests)

    @property
    def until(self):
        return self._requests[0].until

    def add(self, request):
        self._requests.append(request)
        self._count(request.rows)

    def take(self):
        """The oldest requests, together at most `max_batch` rows, or one."""
        taken, rows = [], 0
        while self._requests and (not taken or rows + self._requests[0].rows <= self._max_batch):
            request = self._requests.popleft()
            self._count(-request.rows)
            if not request.answer.done():  # whoever asked has gone
                taken.append(request)
                rows += request.rows
        return taken

    def _count(self, rows):
        self._rows += rows
        if self._rows >= self._max_batch:
            self.is_full.set()
        else:
            self.is_full.clear()


class Batcher:
    """Answers requests to a signature, several by one call.

    Requests that come while a call is made wait for the next one. Where a joined call fails, each of its
    requests is called alone, so that one that is wrong spoils no other.

    Args:
        call: function of a dict of arrays, rows first, that returns one.
        settings: `Settings`.
        pool: `concurrent.futures.Executor` that calls are made in.
        observe: function of the rows of each call.
    """

    def __init__(self, call, settings, pool, observe):
        self._call, self._settings, self._pool, self._observe = call, settings, pool, observe
        self._groups, self._workers = {}, set()
        self.length = 0  # requests that wait or are calculated

    async def answer(self, inputs):
        """The outputs of a call with these inputs.

        Args:
            inputs: dict of arrays with equally many rows.

        Returns:
            Dict of arrays with as many.

        Raises:
            Refused: too many wait, or the call refuses its inputs.
        """
        if self.length >= self._settings.max_queue:
            raise Refused(
                f"The batch scheduling queue is full: {self.length} requests wait, ask again later.", "full"
            )
        loop = asyncio.get_running_loop()
        rows = len(next(iter(inputs.values())))
        until = loop.time() + self._settings.batch_timeout / 1000
        request = _Waiting(inputs, rows, until, loop.create_future())
        shapes = tuple((name, values.shape[1:]) for name, values in sorted(inputs.items()))
        group = self._groups.get(shapes)
        if group is None:
            group = self._groups[shapes] = _Group(self._settings.max_batch)
            group.add(request)
            worker = loop.create_task(self._work(shapes, group))
            self._workers.add(worker)  # or the loop alone, weakly, would hold it
            worker.add_done_callback(self._workers.discard)
        else:
            group.add(request)
        self.length += 1
        try:
            return await request.answer
        finally:
            self.length -= 1

    async def _work(self, shapes, group):
        while group:
            delay = group.until - asyncio.get_running_loop().time()
            if delay > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(delay):
                        await group.is_full.wait()
            await self._answer(group.take())
        del self._groups[shapes]

    async def _answer(self, requests):
        if not requests:
            return
        rows = sum(request.rows for request in requests)
        loop = asyncio.get_running_loop()
        try:
            outputs = await loop.run_in_executor(self._pool, self._joined, requests, rows)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            if len(requests) > 1:
                for request in requests:
                    await self._answer([request])
            elif not requests[0].answer.done():
                requests[0].answer.set_exception(error)
            return
        self._observe(rows)
        start = 0
        for request in requests:
            end = start + request.rows
            if not request.answer.done():
                request.answer.set_result({name: values[start:end] for name, values in outputs.items()})
            start = end

    def _joined(self, requests, rows):
        inputs = requests[0].inputs
        if len(requests) > 1:
            inputs = {name: np.concatenate([request.inputs[name] for request in requests]) for name in inputs}
        outputs = self._call(inputs)
        for name, values in outputs.items():
            if not values.ndim or len(values) != rows:
                raise Refused(f"The output {name} has not a row for each of {rows} given.", "internal")
        return outputs
