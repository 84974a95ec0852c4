"""The likelihood of a run of a Bernoulli VAE, computed again in double precision with SciPy.

python benchmarks/likelihood_check.py runs/mnist-vae-best [--num 100] [--samples 1000]
"""

import argparse

import numpy as np
import scipy.stats
from scipy.special import logsumexp

from keras_gen.losses import VampPrior
from keras_gen.runs.run import Run


def bound(model, x, samples, random):
    """log 1/K sum_k p(x, z_k) / q(z_k|x) of each image of -1 and 1, by a loop."""
    mean, log_variance = (np.asarray(part, np.float64) for part in model.encoder(x))
    components = (np.zeros((1, mean.shape[1])),) * 2  # of the prior: means and log variances
    if isinstance(model.prior, VampPrior):
        pseudo_inputs = np.clip(model.prior.pseudo_inputs.numpy(), -1, 1)
        components = [np.asarray(part, np.float64) for part in model.encoder(pseudo_inputs)]
    bounds = []
    for i in range(len(x)):
        scale = np.exp(log_variance[i] / 2)
        z = mean[i] + scale * random.normal(size=(samples, mean.shape[1]))
        logits = np.asarray(model.decoder(z.astype(np.float32)), np.float64)
        log_likelihood = -np.logaddexp(0, -x[i] * logits).sum(axis=(1, 2, 3))
        under_components = scipy.stats.norm.logpdf(z[:, None], components[0], np.exp(components[1] / 2))
        log_prior = logsumexp(under_components.sum(axis=-1), axis=1) - np.log(len(components[0]))
        log_posterior = scipy.stats.norm.logpdf(z, mean[i], scale).sum(axis=-1)
        bounds.append(logsumexp(log_likelihood + log_prior - log_posterior) - np.log(samples))
    return np.array(bounds)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--num", type=int, default=100)
    parser.add_argument("--samples", type=int, default=1000)
    options = parser.parse_args()

    run = Run.open(options.run)
    _, config = run.settings()
    model = run.load_model()
    dataset = config.load()
    images, _ = dataset.arrays("test")
    images = images[:: len(images) // options.num][: options.num]
    random = np.random.default_rng(0)
    white = random.random(images.shape) < images / 255
    again = bound(model, np.where(white, 1, -1).astype(np.float32), options.samples, random)
    ours = model.score(np.where(white, 255, 0).astype(np.uint8), samples=options.samples)["nll"]
    print(
        f"{len(images)} test images, {options.samples} draws: {ours:.2f} nats by the kit, "
        f"{-again.mean():.2f} again"
    )


if __name__ == "__main__":
    main()
