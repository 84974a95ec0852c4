"""What ends a process."""

import signal

import pytest

from keras_gen import signals


def test_a_signal_that_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.on_stop(signals.exit_on_stop):
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            with pytest.raises(SystemExit) as end:
                signal.raise_signal(signal.SIGTERM)
            assert end.value.code == 143
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL  # the next one is not waited for
    finally:
        signal.signal(signal.SIGHUP, before)
    assert signal.getsignal(signal.SIGTERM) != signals.exit_on_stop
