"""What latents are drawn from, in training and after it."""

from typing import Literal

from pydantic import Field

from keras_gen.errors import InputError
from keras_gen.recipes.settings import Count, Part, Size, one_of


class Prior(Part):
    """What latents are drawn from, of the class in `keras_gen.losses` that has the part's name."""

    def make(self):
        """The object of `keras_gen.losses`."""
        from keras_gen import losses

        return getattr(losses, type(self).__name__)(**self.arguments())


class StandardNormal(Prior):
    kind: Literal["standard"] = "standard"


class VampPrior(Prior):
    kind: Literal["vamp"] = "vamp"
    components: Size = Field(500, description="pseudo-inputs whose posteriors make the prior")


class SamplingPrior(Prior):
    """What samples are drawn from, fitted to the latents of the training examples once a model is trained."""

    def check(self, found, plural):
        """Raises `InputError` where so many training examples are too few."""

    def fit(self, model, dataset, seed, places=1):
        """Gives it to a trained `VAE`, whose latents are sequences of so many places."""
        examples, labels = dataset.sample("train")
        labels = None if model.num_classes is None else labels
        model.fit_sampling_prior(examples, labels, seed=seed, prior=self.make(places))

    def make(self, places=1):
        return super().make()


class AsTrained(SamplingPrior):
    """The prior itself."""

    kind: Literal["prior"] = "prior"

    def fit(self, model, dataset, seed, places=1):
        """Leaves a trained model as it is."""


class GaussianMixture(SamplingPrior):
    kind: Literal["mixture"] = "mixture"
    components: Count = Field(10, description="normals in the mixture, at most as many as training examples")

    def check(self, found, plural):
        if self.components > found:
            raise InputError(
                f"Field 'sampling_prior.components' must be at most the {found:,} training {plural}, not "
                f"{self.components:,}."
            )


class RectifiedFlow(SamplingPrior):
    kind: Literal["flow"] = "flow"
    units: Count = Field(256, description="of the hidden layers of the flow")
    blocks: Count = Field(2, description="residual blocks of the flow")
    training_steps: Count = Field(3000, description="optimizer steps that fit the flow")
    sampling_steps: Count = Field(16, description="steps from noise to a latent, of two passes each")

    def make(self, places=1):
        from keras_gen import losses

        return losses.RectifiedFlow(**self.arguments(), places=places)


AnySamplingPrior = one_of(AsTrained | GaussianMixture | RectifiedFlow, shapes=())
