"""Adversarial losses: what the discriminator's logits on real and generated examples cost either player.

Each is a pair of pure functions of logits, one value per example. `real` and `fake` have the same shape; the
relativistic loss pairs them by index.
"""

from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from keras_gen.errors import unknown


class AdversarialLoss(NamedTuple):
    """A game: the two players' losses.

    Args:
        name: string.
        discriminator: function of (real logits, fake logits) -> loss of each pair.
        generator: function of (real logits, fake logits) -> loss of each pair.
        relativistic: whether the generator's loss looks at the real logits too.
    """

    name: str
    discriminator: Callable
    generator: Callable
    relativistic: bool = False


non_saturating = AdversarialLoss(  # Goodfellow et al. 2014
    "non_saturating",
    discriminator=lambda real, fake: ops.softplus(-real) + ops.softplus(fake),
    generator=lambda real, fake: ops.softplus(-fake),
)
hinge = AdversarialLoss(  # Lim & Ye 2017; Miyato et al. 2018
    "hinge",
    discriminator=lambda real, fake: ops.relu(1.0 - real) + ops.relu(1.0 + fake),
    generator=lambda real, fake: -fake,
)
least_squares = AdversarialLoss(  # Mao et al. 2017
    "least_squares",
    discriminator=lambda real, fake: (ops.square(real - 1.0) + ops.square(fake)) / 2.0,
    generator=lambda real, fake: ops.square(fake - 1.0) / 2.0,
)
wasserstein = AdversarialLoss(  # Arjovsky et al. 2017
    "wasserstein",
    discriminator=lambda real, fake: fake - real,
    generator=lambda real, fake: -fake,
)
relativistic = AdversarialLoss(  # Jolicoeur-Martineau 2018; Huang et al. 2025
    "relativistic",
    discriminator=lambda real, fake: ops.softplus(-(real - fake)),
    generator=lambda real, fake: ops.softplus(-(fake - real)),
    relativistic=True,
)

LOSSES = {loss.name: loss for loss in (non_saturating, hinge, least_squares, wasserstein, relativistic)}


def get(loss):
    """The adversarial loss of a name, or the loss itself.

    Args:
        loss: a name in `LOSSES`, or an `AdversarialLoss`.

    Returns:
        An `AdversarialLoss`.

    Raises:
        InputError: there is no loss of this name.
    """
    if isinstance(loss, tuple):
        return AdversarialLoss(*loss)
    if loss not in LOSSES:
        raise unknown("adversarial loss", loss, LOSSES)
    return LOSSES[loss]
