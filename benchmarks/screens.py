"""Photographs what people see of finished runs: TensorBoard's dashboards and the report, wide and narrow.

It needs Chromium or Chrome, which is run without a window. The images are there to be looked at.

    python benchmarks/screens.py runs/digits-gan runs/vowels-vae runs/docstrings-vae --to screens
"""

import argparse
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


def wait_for(address, process):
    """Returns once a server answers with its events read."""
    until = time.monotonic() + STARTING
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/data/runs", timeout=5) as answer:
                if answer.read() not in (b"[]", b"[]\n"):
                    return
        except OSError:
            pass
        time.sleep(1.0)
    raise SystemExit("TensorBoard did not start.")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--to", type=Path, default=Path("screens"))
    parser.add_argument("--dashboards", nargs="+", default=DASHBOARDS, choices=DASHBOARDS)
    options = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"There is no browser: install one of {', '.join(BROWSERS)}.")
    options.to.mkdir(parents=True, exist_ok=True)

    for run in options.runs:
        page = run.resolve() / "report.html"
        if page.is_file():
            for name, size in (("wide", WIDE), ("narrow", NARROW)):
                photograph(browser, page.as_uri(), size, options.to / f"{run.name}-report-{name}.png")
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(run), "--port", str(port)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(address, process)
            for name in options.dashboards:
                photograph(browser, f"{address}/#{name}", (1400, 1100), options.to / f"{run.name}-{name}.png")
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
