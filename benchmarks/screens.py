"""Photographs what people see of finished runs: TensorBoard, the report and the demo page, wide and narrow.

It needs Chromium or Chrome, which is run without a window. The images are there to be looked at.

    python benchmarks/screens.py runs/digits-gan runs/vowels-vae runs/docstrings-vae --to screens
    python benchmarks/screens.py runs/digits-gan --only demo
"""

import argparse
import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
DASHBOARDS = ("scalars", "images", "audio", "text", "projector", "hparams")
PARTS = ("report", "demo", "tensorboard")
WIDE, NARROW = (1400, 2600), (390, 2600)
STARTING = 300.0  # seconds that TensorBoard may take
LOADING = 30_000  # milliseconds of a page's own time


def photograph(browser, address, size, path):
    """Writes what a browser shows at an address."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser,
            "--headless=new",
            "--no-sandbox",
            "--hide-scrollbars",
            "--enable-unsafe-swiftshader",
        ]
        command += [f"--user-data-dir={profile}", f"--virtual-time-budget={LOADING}"]
        command += [f"--window-size={size[0]},{size[1]}", f"--screenshot={path}", address]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    print(path, flush=True)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(address, process, is_ready):
    """Returns once a server answers as a function of the body wants."""
    until = time.monotonic() + STARTING
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if is_ready(answer.read()):
                    return
        except OSError:
            pass
        time.sleep(1.0)
    raise SystemExit(f"{' '.join(process.args)} did not start.")


@contextlib.contextmanager
def serving(*command, waits_for="/", is_ready=bool):
    """The address of a server that a module of Python starts."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}{waits_for}", process, is_ready)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--to", type=Path, default=Path("screens"))
    parser.add_argument("--only", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--dashboards", nargs="+", default=DASHBOARDS, choices=DASHBOARDS)
    options = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"There is no browser: install one of {', '.join(BROWSERS)}.")
    options.to.mkdir(parents=True, exist_ok=True)

    for run in options.runs:
        page = run.resolve() / "report.html"
        if "report" in options.only and page.is_file():
            both_sizes(browser, page.as_uri(), options.to / f"{run.name}-report")
        if "demo" in options.only:
            with serving("keras_gen", "demo", str(run)) as address:
                both_sizes(browser, address, options.to / f"{run.name}-demo")
        if "tensorboard" in options.only:
            photograph_dashboards(browser, run, options)


def both_sizes(browser, address, path):
    for name, size in (("wide", WIDE), ("narrow", NARROW)):
        photograph(browser, address, size, path.with_name(f"{path.name}-{name}.png"))


def photograph_dashboards(browser, run, options):
    def has_read(body):
        return body not in (b"[]", b"[]\n")

    command = ("tensorboard.main", "--logdir", str(run))
    with serving(*command, waits_for="/data/runs", is_ready=has_read) as address:
        for name in options.dashboards:
            photograph(browser, f"{address}/#{name}", (1400, 1100), options.to / f"{run.name}-{name}.png")


if __name__ == "__main__":
    main()
