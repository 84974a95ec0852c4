import asyncio
import concurrent.futures

import numpy as np
import pytest

from keras_gen.serving.batching import Batcher
from keras_gen.serving.refusals import Refused
from keras_gen.serving.settings import Settings


def answers(call, requests, **settings):
    """What requests, made at once, are answered, and the rows of each call."""
    rows = []

    async def ask():
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            batcher = Batcher(call, Settings(**settings), pool, rows.append)
            asked = (batcher.answer({"x": np.array(request)}) for request in requests)
            return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(ask()), rows


def double(inputs):
    return {"y": 2 * inputs["x"]}


def test_waiting_requests_are_joined_up_to_a_number_of_rows_and_split_again():
    requests = [[1], [2, 3], [4, 5], [6], [7, 8, 9, 10, 11]]
    found, rows = answers(double, requests, max_batch=4, batch_timeout=1000)
    assert rows == [3, 3, 5]  # a request is never split, however long it is
    for request, outputs in zip(requests, found, strict=True):
        np.testing.assert_array_equal(outputs["y"], 2 * np.array(request))
    assert answers(double, requests, max_batch=1)[1] == [1, 2, 2, 1, 5]
    assert answers(double, requests, max_batch=100, batch_timeout=50)[1] == [11]


def test_rows_of_other_shapes_are_not_joined():
    found, rows = answers(double, [[[1, 2]], [[3]], [[4, 5]]], max_batch=2, batch_timeout=1000)
    assert sorted(rows) == [1, 2]
    np.testing.assert_array_equal(found[2]["y"], [[8, 10]])


def test_a_wrong_request_spoils_no_other():
    def call(inputs):
        if (inputs["x"] < 0).any():
            raise Refused("x must be at least 0.")
        return double(inputs)

    found, rows = answers(call, [[1], [-1], [2]], max_batch=3)
    assert [outputs["y"][0] for outputs in (found[0], found[2])] == [2, 4] and rows == [1, 1]
    with pytest.raises(Refused, match="x must be at least 0"):
        raise found[1]


def test_a_full_queue_refuses():
    found, _ = answers(double, [[1], [2], [3]], max_queue=2, max_batch=2)
    assert found[2].status == 503 and found[2].code == "RESOURCE_EXHAUSTED"
    assert [outputs["y"][0] for outputs in found[:2]] == [2, 4]


def test_whoever_does_not_wait_is_not_calculated():
    rows = []

    async def ask():
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            batcher = Batcher(double, Settings(batch_timeout=50), pool, rows.append)
            tasks = [asyncio.create_task(batcher.answer({"x": np.array([number])})) for number in range(2)]
            await asyncio.sleep(0)
            tasks[0].cancel()
            await tasks[1]
            return batcher.length

    assert asyncio.run(ask()) == 0 and rows == [1]


def test_an_output_without_a_row_for_each_row_is_refused():
    found, _ = answers(lambda inputs: {"y": inputs["x"].sum()}, [[1, 2]])
    assert found[0].status == 500
