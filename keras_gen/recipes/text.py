"""What a recipe for sentences says, and how the model is made from it."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from keras_gen.errors import InputError
from keras_gen.recipes.media import Text
from keras_gen.recipes.priors import AnySamplingPrior, AsTrained
from keras_gen.recipes.recipe import Adam, Recipe
from keras_gen.recipes.settings import Count, Natural, Part, Share, Size, one_of
from keras_gen.recipes.space import Choice, Range
from keras_gen.recipes.vae import ELBO, FreeBits

SPACE = {  # what a search may change of a VAE of sentences
    "network": Choice("recurrent", "transformer"),
    "width": Choice(96, 128, 192, 256),
    "latent_dim": Choice(4, 8, 16, 32),
    "dropout": Range(0.0, 0.6),
    "word_dropout": Range(0.0, 0.4),
    "nats": Range(1.0, 8.0),
    "learning_rate": Range(5e-4, 8e-3, log=True),
}


class Networks(Part):
    """A decoder and, where there are latents, an encoder."""

    width: Size = Field(256, description="of embeddings and hidden layers")
    dropout: Share = Field(0.25, description="share of what the networks read that is left out in training")
    word_dropout: Share = Field(0.0, description="share of the decoder's tokens that training hides from it")

    def make(self, media, latent_dim, num_classes):
        """(encoder, decoder) for a `Text`."""
        from keras_gen import networks

        build = getattr(networks, self.kind)
        return build(media, latent_dim, num_classes=num_classes, **self.arguments())

    def make_decoder(self, media, num_classes):
        """The decoder of a language model."""
        from keras_gen import networks

        decoders = {"recurrent": networks.RecurrentDecoder, "transformer": networks.TransformerDecoder}
        decoder = decoders[self.kind]
        return decoder(media.length, media.vocabulary_size, num_classes=num_classes, **self.arguments())


class Recurrent(Networks):
    kind: Literal["recurrent"] = "recurrent"


class Transformer(Networks):
    kind: Literal["transformer"] = "transformer"
    blocks: Size = Field(2, description="of encoder and decoder each")
    heads: Size = Field(4, description="of each attention, a divisor of width")


class TextVAE(Part):
    """A decoder that writes from a latent, and an encoder that finds it."""

    kind: Literal["vae"] = "vae"
    latent_dim: Size = Field(32, description="numbers in a latent")
    objective: one_of(ELBO | FreeBits) = Field(ELBO(), description="what training makes small")
    encoder_steps: Natural = Field(
        0, description="steps of the encoder alone before each of all networks, at most, as long as they help"
    )
    pretraining: Natural = Field(
        0, description="examples over which the networks first learn as an autoencoder"
    )
    sampling_prior: AnySamplingPrior = Field(
        AsTrained(), description="what samples are drawn from once the model is trained"
    )
    nll_samples: Count = Field(
        100, description="draws of the importance-weighted likelihood of test sentences"
    )

    measures: ClassVar = ("evidence", "writing")

    def make(self, recipe):
        """A compiled `keras_gen.models.TextVAE`."""
        from keras_gen import models

        media = recipe.media
        encoder, decoder = recipe.network.make(media, self.latent_dim, recipe.num_classes)
        recipe.freeze(encoder=encoder, decoder=decoder)
        objective = self.objective.make(recipe.examples)
        vae = models.TextVAE(
            encoder, decoder, media, objective, seed=recipe.seed, num_classes=recipe.num_classes
        )
        vae.compile(
            recipe.optimizer.make(recipe.examples),
            phases=self._phases(),
            **recipe.execution,
        )
        return vae

    def _phases(self):
        from keras_gen.training import EncoderTurns, Pretraining

        phases = ((Pretraining, self.pretraining), (EncoderTurns, self.encoder_steps))
        return [phase(number) for phase, number in phases if number]


class LanguageModel(Part):
    """The decoder alone, without latents."""

    kind: Literal["language_model"] = "language_model"

    measures: ClassVar = ("language", "writing")

    def make(self, recipe):
        """A compiled `keras_gen.models.LanguageModel`."""
        from keras_gen import models

        media = recipe.media
        decoder = recipe.network.make_decoder(media, recipe.num_classes)
        recipe.freeze(decoder=decoder)
        model = models.LanguageModel(decoder, media, recipe.seed, recipe.num_classes)
        model.compile(recipe.optimizer.make(recipe.examples), **recipe.execution)
        return model


class TextRecipe(Recipe):
    """A VAE of sentences, or a language model."""

    text: Text = Text()
    network: one_of(Recurrent | Transformer) = Field(Recurrent(), description="decoder and encoder")
    model: one_of(TextVAE | LanguageModel) = Field(TextVAE(), description="what the networks make together")
    optimizer: Adam = Adam()
    restore_best: bool = Field(True, description="whether the epoch that was best on validation data is kept")
    frozen: Literal["none", "encoder", "decoder"] = Field(
        "none", description="what keeps the weights of start"
    )

    medium: ClassVar = "text"
    best_by: ClassVar = "loss"
    measured_every: ClassVar = 0
    data_fields: ClassVar = (*Recipe.data_fields, "start")

    @model_validator(mode="after")
    def _pretraining_ends(self):
        if getattr(self.model, "pretraining", 0) >= self.examples:
            raise InputError(
                f"Field 'pretraining' must be less than all {self.examples:,} examples, not "
                f"{self.model.pretraining:,}."
            )
        return self

    @property
    def measures(self):
        return self.model.measures

    @property
    def nll_samples(self):
        return self.model.nll_samples

    @property
    def without_warm_up(self):
        if isinstance(self.model, LanguageModel):
            return {}
        return {"objective.warm_up": 0, "objective.cycles": 1, "pretraining": 0}

    @property
    def media(self):
        """The `Text` with the vocabulary of the training sentences."""
        return self.load().media

    def load(self):
        if not self.data:
            raise InputError("This recipe needs sentences of yours: give data, the path of a file or folder.")
        return super().load()

    def make(self):
        return self.model.make(self)

    def check_data(self, dataset):
        super().check_data(dataset)
        if self.text.labels is not None and self.num_classes is None:
            raise InputError(
                f"labels={self.text.labels} has no use for a model without classes: give --set "
                f"num_classes={dataset.num_classes} too."
            )
        if isinstance(self.model, TextVAE):
            self.model.sampling_prior.check(dataset.count("train"), "sentences")

    def finish(self, model, dataset):
        """Fits what samples are drawn from, where there are latents."""
        if isinstance(self.model, TextVAE):
            self.model.sampling_prior.fit(model, dataset, self.seed)
