"""Work on many cores, by processes that end with the one that started them."""

import contextlib
import importlib
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from keras_gen.errors import InputError
from keras_gen.signals import stop_signals

# The processes leave GPUs to others, and say little.
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}


class Pool:
    """Calls of functions in processes; in this one where there is to be only one.

    Args:
        processes: how many, at least 1.
        module: what each of them imports first, without the talk of libraries that are being imported.
    """

    def __init__(self, processes, module):
        self.processes, self.module = processes, module
        self._executor = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._executor:
            self._executor.shutdown(cancel_futures=True)

    def each(self, function, tasks):
        """Calls a function of a module for each task.

        Args:
            function: what is called.
            tasks: list of tuples of arguments, which can be pickled.

        Yields:
            The place of a task once it is done, and what was returned, in any order.

        Raises:
            InputError: a process was ended from outside. What the function raises is raised.
        """
        if self.processes == 1 or len(tasks) < 2:
            for place, task in enumerate(tasks):
                yield place, function(*task)
            return
        try:
            with _environment():
                self._executor = self._executor or ProcessPoolExecutor(
                    self.processes, multiprocessing.get_context("spawn"), _begin, (self.module,)
                )
                futures = {self._executor.submit(function, *task): place for place, task in enumerate(tasks)}
            for future in as_completed(futures):
                # What is returned is let go of at once.
                yield futures.pop(future), future.result()
        except BrokenProcessPool as error:
            raise InputError(
                "A process ended before its work: where memory was short, the same command with fewer "
                "processes goes on; a script must call this below if __name__ == '__main__'."
            ) from error


@contextlib.contextmanager
def progress(what, plural, total, done=0):
    """A line that shows how far work is, at which rate, and how long it will take, on a terminal.

    Args:
        what: is done, such as "Packing".
        plural: what is counted, such as "images".
        total: how many there are.
        done: how many of them are done already.

    Yields:
        A function of how many more are done.
    """
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{plural}, {{task.fields[rate]:,.0f}}/s,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        transient=True,
        disable=not (console.is_terminal or console.is_jupyter),
    )
    with bar:
        task = bar.add_task(what, total=total, completed=done, rate=0.0)

        def advance(count):
            bar.advance(task, count)
            bar.update(task, rate=bar.tasks[0].speed or 0.0)

        yield advance


@contextlib.contextmanager
def _environment():
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin(module):
    """Has this process end with its parent alone, also where that is killed without a word."""
    for number in stop_signals():
        signal.signal(number, signal.SIG_IGN)

    def wait():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        importlib.import_module(module)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
