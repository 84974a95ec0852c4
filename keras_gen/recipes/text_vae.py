"""What a recipe for sentences says, and how the model is made from it."""

import dataclasses

from keras_gen.errors import InputError
from keras_gen.recipes.config import Config
from keras_gen.recipes.space import Choice, Range

ONLY_WITH_LATENTS = ("free_bits", "annealing_examples", "encoder_steps", "pretraining", "sampling_components")

SPACE = {  # what a search may change of a VAE of sentences
    "network": Choice("recurrent", "transformer"),
    "width": Choice(96, 128, 192, 256),
    "latent_dim": Choice(4, 8, 16, 32),
    "dropout": Range(0.0, 0.6),
    "word_dropout": Range(0.0, 0.4),
    "free_bits": Range(1.0, 8.0),
    "learning_rate": Range(5e-4, 8e-3, log=True),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextVAEConfig(Config):
    """The whole setup of a VAE of sentences, or of a language model.

    Args:
        length: tokens of a sentence, with its end; longer ones are cut.
        tokenizer: "words" or "bytes".
        most_words: words of the vocabulary at most, the most frequent ones of the training sentences.
        lower: whether letters become small ones.
        field: key or column that holds the sentences, of .jsonl and .csv files, or None.
        network: "recurrent" or "transformer".
        width: of embeddings and hidden layers.
        latent_dim: numbers in a latent; None makes a `LanguageModel` of the same decoder.
        dropout: share of what the decoder reads and writes, and of what the encoder reads, that is left out in training.
        word_dropout: share of the tokens that the decoder reads that is taken for unknown in training.
        free_bits: nats that cost nothing, of all dimensions together ("total") or of each ("kingma", "li"); 0 for none.
        free_bits_form: "total", "kingma" or "li", see `keras_gen.losses.FreeBits`.
        beta: weight of the KL divergence.
        annealing: "linear", one rise of beta from 0, or "cyclical", four of them.
        annealing_examples: over how many examples beta rises, all cycles together, pre-training included; 0 for none.
        encoder_steps: steps of the encoder alone before each that trains all, at most, as long as that helps.
        pretraining: examples over which the networks first learn as an autoencoder.
        sampling_components: normals of the mixture that samples are drawn from after training; 0 draws from the prior.
        learning_rate: of Adam, at the start.
        nll_samples: draws of the importance-weighted likelihood of the test sentences.
        restore_best: whether training ends with the model of the epoch that was best on validation data, instead of the last.
    """

    length: int = 32
    tokenizer: str = "words"
    most_words: int = 5000
    lower: bool = True
    field: str | None = None
    network: str = "recurrent"
    width: int = 256
    latent_dim: int | None = 32
    dropout: float = 0.25
    word_dropout: float = 0.0
    free_bits: float = 0.0
    free_bits_form: str = "total"
    beta: float = 1.0
    annealing: str = "linear"
    annealing_examples: int = 0
    encoder_steps: int = 0
    pretraining: int = 0
    sampling_components: int = 0
    learning_rate: float = 1e-3
    nll_samples: int = 100
    restore_best: bool = True

    choices = {
        "tokenizer": ("words", "bytes"),
        "network": ("recurrent", "transformer"),
        "free_bits_form": ("kingma", "li", "total"),
        "annealing": ("linear", "cyclical"),
        "frozen": ("none", "encoder", "decoder"),
    }
    at_least_one = ("length", "most_words", "width", "latent_dim", "nll_samples")
    not_negative = (
        "free_bits",
        "beta",
        "annealing_examples",
        "encoder_steps",
        "pretraining",
        "sampling_components",
        "learning_rate",
    )
    below_one = ("dropout", "word_dropout")
    once_begun = {"annealing": "linear", "annealing_examples": 0, "pretraining": 0}
    data_fields = (*Config.data_fields, "start", "length", "tokenizer", "most_words", "lower", "field")
    architecture = (
        *Config.architecture,
        "length",
        "tokenizer",
        "most_words",
        "lower",
        "network",
        "width",
        "latent_dim",
    )
    best_by = "val_loss"

    def __post_init__(self):
        super().__post_init__()
        if self.num_classes is not None:
            raise InputError(
                "Field 'num_classes' has no use for sentences, which have no labels: set it to none."
            )
        for field in ONLY_WITH_LATENTS:
            if self.latent_dim is None and getattr(self, field):
                raise InputError(f"Field {field!r} has no use without latents: set it to 0.")
        for field, default, needed in (
            ("free_bits_form", "total", "free_bits"),
            ("annealing", "linear", "annealing_examples"),
        ):
            if getattr(self, field) != default and not getattr(self, needed):
                raise InputError(
                    f"Field {field!r} has no use without {needed}: set {needed}, or {field}={default}."
                )
        if self.pretraining >= self.examples:
            raise InputError(
                f"Field 'pretraining' must be less than all {self.examples:,} examples, not {self.pretraining:,}."
            )

    @property
    def measures(self):
        """Names of functions in `measures`."""
        return ("language", "writing") if self.latent_dim is None else ("evidence", "writing")

    @property
    def media(self):
        """The `Text` with the vocabulary of the training sentences."""
        return self.load().media

    def read(self):
        if not self.data:
            raise InputError("This recipe needs sentences of yours: give data, the path of a file or folder.")
        from keras_gen import datasets
        from keras_gen.media import Text

        media = Text(self.length, self.tokenizer, self.most_words, lower=self.lower)
        if self.start is not None:
            media = self.earlier().media  # whose words the weights are of
        return datasets.load(
            self.data,
            media=media,
            field=self.field,
            batch_size=self.batch_size,
            seed=self.data_seed,
        )

    def make(self):
        """A compiled `TextVAE`, or `LanguageModel`."""
        from keras_gen import networks
        from keras_gen.models import LanguageModel, TextVAE

        media = self.media
        optimizer = self.adam(self.learning_rate)
        if self.latent_dim is None:
            kinds = {"recurrent": networks.RecurrentDecoder, "transformer": networks.TransformerDecoder}
            decoder = kinds[self.network](
                media.length,
                media.vocabulary_size,
                width=self.width,
                dropout=self.dropout,
                word_dropout=self.word_dropout,
            )
            self.freeze(decoder=decoder)
            model = LanguageModel(decoder, media, self.seed)
            model.compile(optimizer, **self.execution)
            return model
        encoder, decoder = getattr(networks, self.network)(
            media, self.latent_dim, self.width, self.dropout, self.word_dropout
        )
        self.freeze(encoder=encoder, decoder=decoder)
        vae = TextVAE(encoder, decoder, media, self._objective(), seed=self.seed)
        vae.compile(
            optimizer, encoder_steps=self.encoder_steps, pretraining=self.pretraining, **self.execution
        )
        return vae

    def _objective(self):
        from keras_gen import losses
        from keras_gen.training import schedules

        beta = self.beta
        if self.annealing_examples:
            rise = {"linear": schedules.WarmUp, "cyclical": schedules.Cyclical}[self.annealing]
            beta = rise(beta, self.annealing_examples)
        return (
            losses.FreeBits(self.free_bits, self.free_bits_form, beta)
            if self.free_bits
            else losses.ELBO(beta)
        )

    def check_data(self, dataset):
        super().check_data(dataset)
        found = len(dataset.arrays("train")[0])
        if self.sampling_components > found:
            raise InputError(
                f"Field 'sampling_components' must be at most the {found:,} training sentences, not "
                f"{self.sampling_components:,}."
            )

    def finish(self, model, dataset):
        """Fits the mixture that samples are drawn from, where one is wanted."""
        if self.sampling_components:
            model.fit_sampling_prior(dataset.arrays("train")[0], None, self.sampling_components, self.seed)
