"""Stopping on a signal after the current step."""

import signal

from keras_gen.signals import exit_on_stop, stop_signals


class Interruption:
    """Remembers SIGINT, SIGTERM and SIGHUP for the training loop; a second signal acts at once.

    Example:

    >>> with Interruption() as interruption:
    ...     signal.raise_signal(signal.SIGTERM)
    >>> interruption.signal is signal.SIGTERM
    True
    """

    def __init__(self):
        self.signal = None

    def __enter__(self):
        self._previous = {number: signal.getsignal(number) for number in stop_signals()}
        for number in self._previous:
            signal.signal(number, self._remember)
        return self

    def __exit__(self, *_):
        self._put_back()

    def _remember(self, number, _):
        self.signal = signal.Signals(number)
        self._put_back()
        for number, handler in self._previous.items():
            if handler is exit_on_stop:
                # That handler would wait for the step, which may wait for a machine that is gone.
                signal.signal(number, signal.SIG_DFL)

    def _put_back(self):
        for number, handler in self._previous.items():
            signal.signal(number, handler)
