"""How `keras-gen serve` does under load: 64 clients on loopback, with and without batches.

    python benchmarks/serving.py
    python benchmarks/serving.py --models savedmodels/digits-gan --seconds 300 --requests 100000

Of each: requests a second, medians and 99th percentiles of their time, failed ones, the server's memory. Then
a new version is published under load, and the server is killed and started again.
"""

import argparse
import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

NAME = "digits-gan"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, help="folder of versions; else digits-gan before training")
    parser.add_argument("--body", default='{"instances": [{"seed": 1, "label": 7}]}', help="of a prediction")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=30.0, help="of load of each setting")
    parser.add_argument("--requests", type=int, default=0, help="more of them, whose memory is told")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        versions = Path(scratch) / NAME
        if given.models:
            newest = max(
                (path for path in given.models.iterdir() if path.name.isdigit()), key=lambda p: int(p.name)
            )
            shutil.copytree(newest, versions / "1")
        else:
            export(versions / "1")
        for title, options in (("batches of up to 64", []), ("no batches", ["--max-batch", "1"])):
            with Server(versions, options) as server:
                tell(title, server, load(server, given, seconds=given.seconds))
        with Server(versions, []) as server:
            if given.requests:
                for part in range(4):
                    found = load(server, given, requests=given.requests // 4)
                    tell(f"{(part + 1) * given.requests // 4:,} requests", server, found)
            publish_under_load(server, given, versions)
            restart(server, given)


def export(path):
    from keras_gen import recipes

    recipes.resolve(NAME, {"data": "unread"}).make().export(path)


class Server:
    """`keras-gen serve` in a process of its own, ready to answer while it is entered."""

    def __init__(self, folder, options):
        self.command = [sys.executable, "-m", "keras_gen", "serve", str(folder), *options]
        self.command += ["--port", "0", "--grpc-port", "0"]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("REST on"):
                self.port = int(line.split("/v1")[0].rpartition(":")[2])
                return self
        raise SystemExit("The server has not started.")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def megabytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


def load(server, given, seconds=float("inf"), requests=float("inf"), until=None):
    """Seconds of each request of all clients, and how many failed."""
    return asyncio.run(_load(server.port, given, seconds, requests, until))


async def _load(port, given, seconds, requests, until):
    times, failed = [], []
    head = f"POST /v1/models/{NAME}:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(given.body)}"
    message = f"{head}\r\n\r\n{given.body}".encode()
    end, left = time.perf_counter() + seconds, [requests]

    async def client():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end and left[0] > 0 and not (until and until.is_set()):
            left[0] -= 1
            started = time.perf_counter()
            status = await ask(reader, writer, message)
            times.append(time.perf_counter() - started)
            if status[0] != 200:
                failed.append(status)
        writer.close()

    started = time.perf_counter()
    ended = await asyncio.gather(*(client() for _ in range(given.clients)), return_exceptions=True)
    failed += [error for error in ended if error is not None]
    return np.array(times), failed, time.perf_counter() - started


async def ask(reader, writer, message):
    """(status, body) of a request."""
    writer.write(message)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


def tell(title, server, found):
    times, failed, seconds = found
    if not len(times):
        raise SystemExit(f"{title}: no request was answered, but {failed[0]!r}")
    half, most = 1000 * np.percentile(times, [50, 99])
    print(
        f"{title}: {len(times) / seconds:.0f} requests/s, p50 {half:.0f} ms, p99 {most:.0f} ms, "
        f"{len(failed)} failed, {server.megabytes():.0f} MB",
        flush=True,
    )


def publish_under_load(server, given, versions):
    async def publish():
        taken_over = asyncio.Event()
        loading = asyncio.create_task(_load(server.port, given, 60.0, float("inf"), taken_over))
        await asyncio.sleep(2)
        await asyncio.to_thread(shutil.copytree, versions / "1", versions.parent / "next")
        os.rename(versions.parent / "next", versions / "2")
        started = time.perf_counter()
        message = f"GET /v1/models/{NAME}/versions/2 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        while b"AVAILABLE" not in (await ask(reader, writer, message))[1]:
            await asyncio.sleep(0.05)
        print(f"a new version answers {time.perf_counter() - started:.1f} s after it was published")
        taken_over.set()
        writer.close()
        return await loading

    tell("meanwhile", server, asyncio.run(publish()))


def restart(server, given):
    server.process.kill()
    server.process.wait()
    started = time.perf_counter()
    server.__enter__()
    print(f"killed; it is ready again after {time.perf_counter() - started:.1f} s")
    tell("afterwards", server, load(server, given, requests=given.clients))


if __name__ == "__main__":
    main()
