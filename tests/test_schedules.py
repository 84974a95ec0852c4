import keras
import numpy as np
import pytest

from keras_gen import schedules


@pytest.mark.parametrize(
    "schedule, values",
    [
        (schedules.Constant(3.0), {0: 3.0, 10**9: 3.0}),
        (schedules.Linear(2.0, 4.0, examples=200), {0: 2.0, 50: 2.5, 200: 4.0, 10**9: 4.0}),
        (schedules.Linear(2.0, 4.0, examples=0), {0: 4.0}),
        # (1 - cos(pi/3))/2 = 1/4 of the way at a third of the time
        (
            schedules.Cosine(2e-4, 6e-5, examples=300),
            {0: 2e-4, 100: 1.65e-4, 150: 1.3e-4, 300: 6e-5, 900: 6e-5},
        ),
        (schedules.WarmUp(schedules.Linear(4.0, 0.0, examples=100), examples=50), {0: 0.0, 25: 1.5, 75: 1.0}),
        # Two cycles of 100 examples, a quarter of each rising to 3.
        (
            schedules.Cyclical(3.0, examples=200, cycles=2, rise=0.25),
            {0: 0.0, 5: 0.6, 25: 3.0, 99: 3.0, 100: 0.0, 110: 1.2, 199: 3.0, 200: 3.0, 10**6: 3.0},
        ),
    ],
)
def test_hand_worked_values_survive_serialization(schedule, values):
    config = keras.saving.serialize_keras_object(schedule)
    restored = keras.saving.deserialize_keras_object(config)
    for examples, value in values.items():
        for one in (schedule, restored):
            np.testing.assert_allclose(float(one(examples)), value, rtol=1e-5, atol=1e-9)
