"""What stands for the optimizers of a model that has two, where Keras and its callbacks ask for one."""

from keras_gen.errors import InputError


class TwoOptimizers:
    """The `optimizer` of a `GAN`: both players' learning rates as one.

    `learning_rate` is the generator's. Where it is set, the discriminator's is multiplied by the same factor,
    and what is left of their schedules is scaled: so `ReduceLROnPlateau`, `LearningRateScheduler` and an
    assignment change both, and the rates keep their ratio.

    Args:
        model: a compiled `GAN`.
    """

    built = True
    name = "two_optimizers"

    def __init__(self, model):
        self.model = model

    @property
    def learning_rate(self):
        return self.model.generator_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        now = float(self.learning_rate)
        if now == 0.0:
            raise InputError(
                f"The generator's learning rate is 0 now, so the rates cannot be scaled to {value:g}: set "
                "those of generator_optimizer and discriminator_optimizer."
            )
        self.model.scale_learning_rates(float(value) / now)

    @property
    def iterations(self):
        """Steps that the generator has taken."""
        return self.model.generator_optimizer.iterations

    @property
    def variables(self):
        """The state of both."""
        return [variable for optimizer in self.model.optimizers.values() for variable in optimizer.variables]
