"""The signals that ask this process to stop, and how it ends by them."""

import contextlib
import signal

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


def stop_signals():
    """The signals that ask this process to stop, without SIGHUP where `nohup` has it ignored.

    Returns:
        List of `signal.Signals`.
    """
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    return [
        n
        for n in numbers
        if n is not getattr(signal, "SIGHUP", None) or signal.getsignal(n) != signal.SIG_IGN
    ]


@contextlib.contextmanager
def on_stop(handler):
    """Has a function called by the signals that ask to stop, while it is entered.

    Args:
        handler: function of the number of the signal and a frame.
    """
    with contextlib.ExitStack() as stack:
        for number in stop_signals():
            stack.callback(signal.signal, number, signal.signal(number, handler))
        yield


def exit_on_stop(number, _):
    """A handler for `on_stop`, which ends this process in order: it closes files and removes temporary ones.

    Raises:
        SystemExit: with the exit status that shells give a process that the signal ended.
    """
    for each in stop_signals():
        signal.signal(each, signal.SIG_DFL)  # the next one is not waited for
    raise SystemExit(128 + number)


def leave(number):
    """Ends what is running as the signal of this number would: with exit status 130, 143 or 129.

    Raises:
        KeyboardInterrupt: for SIGINT.
        SystemExit: for SIGTERM and SIGHUP.
    """
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)
