"""Every private name of KerasTuner that this kit uses, each once and under a public name.

The mixins stand before a class of KerasTuner among the bases. tests/tuners/test_kerastuner_internals.py holds
a test for each name, so that a KerasTuner that changes one fails there.
"""

import concurrent.futures
from pathlib import Path

import grpc
import numpy as np

# Hyperband keeps these among the settings of a trial: how far it trains, and which trial it goes on from.
EPOCHS, EARLIER_TRIAL = "tuner/epochs", "tuner/trial_id"


class OracleInternals:
    """Names of an oracle. A sub-class gives `write_trial(trial)`, and may give its own `draw_values()`."""

    @property
    def state_file(self):
        """`pathlib.Path` of the oracle's state."""
        return Path(self._get_oracle_fname())

    def trial_file(self, trial_id):
        """`pathlib.Path` of a trial's state."""
        return Path(self._get_trial_dir(trial_id)) / "trial.json"

    def draw_values(self):
        """New settings drawn at random: dict, name -> value, or None where all were tried."""
        return super()._random_values()

    def run_again(self, trial_ids):
        """Makes these trials the next ones, the last of them first."""
        self._retry_queue = list(trial_ids)

    def _save_trial(self, trial):
        self.write_trial(trial)

    def _random_values(self):
        return self.draw_values()


class BayesianInternals(OracleInternals):
    """Names of a Bayesian oracle."""

    def reseed(self, seed):
        """Starts the random numbers of the Gaussian process anew."""
        self._random_state = np.random.RandomState(seed)

    def was_tried(self, values):
        """Whether a trial had these settings."""
        return self._duplicate(values)

    def draw(self):
        """Random settings as `populate_space` returns them."""
        return self._random_populate_space()


class GridInternals(OracleInternals):
    """Names of a grid oracle."""

    def compare(self, a, b):
        """-1, 0 or 1, as settings `a` come before, with or after `b` in the grid."""
        return self._compare(a, b)

    def go_on_from(self, in_order, begun):
        """Restores the place in the grid.

        Args:
            in_order: names of trials, in the order of the grid.
            begun: the same names, in the order in which they began.
        """
        for previous, name in zip([None, *in_order], in_order, strict=False):
            self._ordered_ids.insert(name, previous)
        self._populate_next = list(begun)


class TunerInternals:
    """Names of a tuner.

    A sub-class gives `state_file`, the path of the tuner's state; `declare_space()`, which tells the oracle
    what is searched; and `run_and_record(trial)`, which runs a trial and sets its status.
    """

    def run_and_report(self, trial):
        """Runs a trial and gives the oracle its metrics."""
        self._run_and_update_trial(trial)

    def _get_tuner_fname(self):
        return str(self.state_file)

    def _populate_initial_space(self):
        self.declare_space()

    def _try_run_and_update_trial(self, trial, *args, **kwargs):
        self.run_and_record(trial)


def serve(oracle, address):
    """Answers the workers of a search, until what is returned is stopped or gone.

    KerasTuner's own chief hears no more of workers that come once the search is over, and they wait for it.

    Args:
        oracle: the chief's.
        address: str, "host:port" to listen on.

    Returns:
        A `grpc.Server`.

    Raises:
        RuntimeError: the address cannot be listened on.
    """
    from keras_tuner.src import protos  # late, as KerasTuner does, for the version of protobuf
    from keras_tuner.src.distribute.oracle_chief import OracleServicer

    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(max_workers=1),  # so that the oracle has one question at a time
        options=[("grpc.so_reuseport", 0)],  # or two chiefs would share a port, and their workers
    )
    protos.get_service_grpc().add_OracleServicer_to_server(OracleServicer(oracle), server)
    server.add_insecure_port(address)
    server.start()
    return server
