"""What the recipes of several models are put together from."""

import math

LIKELIHOODS = ("bernoulli", "categorical", "gaussian", "laplace", "logistic_mixture")


def likelihood(name):
    """The `Likelihood` of a name in `LIKELIHOODS`: Bernoulli with dynamic binarisation, learned scales, 256 levels."""
    from keras_gen import losses

    return {
        "bernoulli": lambda: losses.Bernoulli("dynamic"),
        "categorical": losses.Categorical,
        "gaussian": losses.Gaussian,
        "laplace": losses.Laplace,
        "logistic_mixture": losses.DiscretizedLogisticMixture,
    }[name]()


def adam(config, learning_rate, **settings):
    """An Adam whose learning rate falls on a cosine over the training of a config, to its final share."""
    import keras

    from keras_gen import schedules

    final = learning_rate * config.final_learning_rate_share
    return keras.optimizers.Adam(schedules.Cosine(learning_rate, final, config.examples), **settings)


def steps_per_execution(config):
    """Steps in one call of the compiled graph; Keras runs whole executions, so they must divide the epoch."""
    return math.gcd(config.steps_per_execution, config.steps_per_epoch)
