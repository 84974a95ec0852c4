"""Likelihoods as recipes name them."""

NAMES = ("bernoulli", "categorical", "gaussian", "laplace", "logistic_mixture")


def get(name):
    """The `Likelihood` of a name in `NAMES`: Bernoulli with dynamic binarization, learned scales, 256 levels."""
    from keras_gen import losses

    return {
        "bernoulli": lambda: losses.Bernoulli("dynamic"),
        "categorical": losses.Categorical,
        "gaussian": losses.Gaussian,
        "laplace": losses.Laplace,
        "logistic_mixture": losses.DiscretizedLogisticMixture,
    }[name]()
