import numpy as np

from keras_gen.tuners.importance import importance


def trials(num, seed=0):
    """Settings of which one field decides most, one a little, one nothing, and the epochs something."""
    random = np.random.default_rng(seed)
    rates = np.exp(random.uniform(-9, -5, num))
    networks = random.choice(["conv", "mlp"], num)
    noises, epochs = random.uniform(size=num), random.choice([1, 3, 9], num)
    scores = np.square(np.log(rates) + 7) + 1.0 * (networks == "mlp") - 0.1 * epochs
    names = ("rate", "network", "noise", "epochs")
    return [
        dict(zip(names, values, strict=True)) for values in zip(rates, networks, noises, epochs, strict=True)
    ], scores


def test_what_decides_most_is_found_also_where_it_is_best_in_the_middle():
    found = importance(*trials(60), ignored=["epochs"])
    assert list(found)[:2] == ["rate", "network"] and found.keys() == {"rate", "network", "noise"}
    means = {field: mean for field, (mean, _) in found.items()}
    assert means["rate"] > 5 * means["network"] > 5 * abs(means["noise"])
    mean, spread = found["noise"]
    assert abs(mean) < 2 * spread and found["rate"][0] > 2 * found["rate"][1]


def test_one_trial_that_failed_by_far_hides_nothing():
    settings, scores = trials(60)
    scores[7] = 1e9
    assert next(iter(importance(settings, scores))) == "rate"


def test_few_trials_say_nothing():
    assert importance(*trials(7)) == {}
