"""Kills `keras-gen prepare` at random moments, starts it again, and compares the end with one never killed.

Each start goes on with another number of processes. All files must be equal to the last byte.

    python benchmarks/kill_prepare.py SRC [--kills 10] [--seed 0] [-- OPTION ...]
"""

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def start(source, folder, processes, options):
    command = [sys.executable, "-m", "keras_gen", "prepare", source, folder, "--processes", str(processes)]
    return subprocess.Popen(
        [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def finish(process):
    complaints = process.communicate()[1]
    if process.returncode:
        raise SystemExit(f"It failed: {complaints}")


def wait_for_work(process, folder, since):
    """Waits until a process has begun to work in the folder, or has ended."""
    begun = folder / ".work" / "begun.json"
    while process.poll() is None and not (begun.is_file() and begun.stat().st_mtime >= since):
        time.sleep(0.01)


def sums(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("options", nargs="*")
    given = parser.parse_args()
    moments = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as scratch:
        whole, killed = Path(scratch) / "whole", Path(scratch) / "killed"
        since = time.time()
        process = start(given.source, whole, 1, given.options)
        wait_for_work(process, whole, since)
        begun = time.time()
        finish(process)
        seconds = time.time() - begun
        print(f"never killed: {seconds:.1f} s of work by one process", flush=True)
        for kill in range(given.kills):
            since = time.time()
            process = start(given.source, killed, kill % 3 + 1, given.options)
            wait_for_work(process, killed, since)
            time.sleep(moments.uniform(0, 2 * seconds / given.kills))
            over = process.poll() is not None
            process.send_signal(signal.SIGKILL)
            process.communicate()
            counts = [len(list(killed.glob(p))) for p in (".work/*.npy", "*.array_record", "**/.partial-*")]
            told = "after its end" if over else "at work"
            print(f"kill {kill + 1} {told}: {counts[0]} blocks, {counts[1]} shards, {counts[2]} half written")
        finish(start(given.source, killed, 2, given.options))
        one, other = sums(whole), sums(killed)
    different = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    print(f"{len(one)} files, different: {', '.join(different) or 'none'}")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
