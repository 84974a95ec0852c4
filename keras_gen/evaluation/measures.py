"""The measures of the kit. A recipe names the functions here that apply to its models."""

import numpy as np

from keras_gen.datasets.dataset import sample
from keras_gen.evaluation.registry import Measure, Score, Table, declare, register
from keras_gen.media import Audio
from keras_gen.metrics import (
    Quality,
    bin_count,
    bound_and_parts,
    disentanglement_scores,
    distances_of_each,
    distinct_n,
    extractor_of,
    kl_of_dimensions,
    linear_probes,
    mean_table,
    scores_and_parts,
    self_bleu,
    token_accuracy,
    verbatim,
)
from keras_gen.metrics.quality import MOST_COPIES
from keras_gen.models.checks.data import held_out

UNORDERED = ("shape", "vowel")  # factors whose values have no order
NUM_SCORED = 10_000  # images drawn
MOST_DIMENSIONS = 64  # whose KL divergence a report tells
# Recordings drawn, each of which Griffin-Lim takes its time for: a Frechet distance takes half of them, and
# as many real ones, and as many come back from their latents; of fewer than the least, shares such as
# label_agreement would be too coarse.
LEAST_HEARD, MOST_HEARD = 200, 600
MOST_WRITTEN = 1_000  # sentences drawn and compared with each other


LABELS, FACTORS, TEXT, HELD_OUT = ("labels",), ("factors",), ("text",), ("held_out",)


@register(
    Measure("frechet", "min", "Frechet distance of features of as many generated and real ones; 0 is best"),
    Measure("frechet_std", None, "its standard deviation over draws"),
    Measure("frechet_infinity", "min", "frechet, extrapolated to infinitely many examples; 0 is best"),
    Measure("kid", "min", "KID (unbiased squared MMD, cubic kernel) of the same features; 0 is best"),
    Measure("kid_low", None, "lower end of the interval of kid at 95%"),
    Measure("kid_high", None, "upper end of it"),
    Measure("precision", "max", "share of generated examples among real ones; as many of each"),
    Measure("recall", "max", "share of real examples among generated ones; as many of each"),
    Measure("density", None, "real neighborhoods around a generated example; about 1 of real ones"),
    Measure("coverage", "max", "share of real neighborhoods that hold a generated example"),
    # Neither has a better end: noise is far from all training examples.
    Measure(
        "authenticity", None, "AuthPct, generated examples that are no copies, %; copies score 0", HELD_OUT
    ),
    Measure(
        "ndb",
        "min",
        "share of bins of training examples filled too much or too little; about 0.05 is best",
        HELD_OUT,
    ),
    Measure("copying", None, "C_T, standard deviations; below -3 training examples are copied", HELD_OUT),
    Measure("label_agreement", "max", "share of generated examples classified as asked for", LABELS),
    Measure("label_agreement_*", "max", "label_agreement, for this label alone", LABELS),
    Measure("frechet_worst", "min", "largest Frechet distance of a class", LABELS),
    Measure("label_agreement_worst", "max", "label_agreement of the class that has least of it", LABELS),
    Measure("classes_produced", None, "classes that the classifier sees among the generated examples"),
    where_named=True,
)
def quality(model, dataset, config):
    """Distances of fresh samples to the held-out examples, and agreement with the labels asked for."""
    quality = Quality(dataset, extractor=extractor_of(config.extractor))
    num = _num_scored(config, dataset, quality)
    labels = model.labels_for(num)
    generated = model.generate(num, labels, config.seed)
    metrics, tables = quality.compare(generated, labels)
    conditions = (
        f"Feature space: {quality.extractor}. Figures in another feature space, such as the FID of papers, "
        f"are not comparable. {num:,} {dataset.media.plural} were generated, {quality.num_real:,} real ones "
        f"held out, seed {quality.seed}. frechet is of {quality.count(num):,} of each, the mean over draws, "
        "frechet_infinity extrapolates it over 1 / N, kid is of all. For the column of real ones, training "
        "examples are in the place of generated ones: as many in frechet, as many as there are in kid. "
        "precision, recall, density and coverage are of as many as frechet. authenticity and copying are of "
        f"at most {MOST_COPIES:,} generated examples and as many held-out ones beside all training examples; "
        "in the column of real ones, one half of the held-out ones is in the place of generated ones. ndb is "
        f"of {quality.binned(num):,} examples in {bin_count(quality.binned(num))} bins."
    )
    tables = {heading: Table(*table) for heading, table in tables.items()}
    real = quality.floor(num)
    if labels is not None:
        worst, of_real, told = _worst(tables)
        metrics, real, conditions = metrics | worst, real | of_real, conditions + told
    return Score(metrics, conditions, real, tables, alike=quality.most_alike(generated))


def _worst(tables):
    """The measures of the class that is served worst, the same of real examples, and who that is."""
    metrics, real, told = {}, {}, ""
    for measure, choose in (("frechet", max), ("label_agreement", min)):
        found = [
            (row[table.columns.index(measure)], f"{table.columns[0]} {row[0]}", row[1])
            for table in tables.values()
            for row in table.rows
            if row[table.columns.index(measure)] is not None
        ]
        for whose, kept in (("model", metrics), ("real", real)):
            worst = choose((each for each in found if each[2] == whose), default=None)
            if worst:
                kept[f"{measure}_worst"] = worst[0]
            if worst and whose == "model":
                told += f" {measure} is worst of {worst[1]}."
    return metrics, real, f" Tables by class are of the same count of every class.{told}"


def _num_scored(config, dataset, quality):
    """How many examples are drawn: as the recipe says, or no more than is compared."""
    if config.num_scored != "auto":
        return config.num_scored
    if not isinstance(dataset.media, Audio):
        return NUM_SCORED
    return max(2 * quality.count(MOST_HEARD), LEAST_HEARD)


def _by_part(dataset, labels, rows=slice(None), **values):
    """Tables of each label and of the groups of these test examples, as `mean_table` has them."""
    parts = {}
    if labels is not None:
        names = dataset.class_names
        named = names if isinstance(names, dict) else {"class": names}
        parts = {
            name: (classes, column)
            for (name, classes), column in zip(
                named.items(), np.reshape(labels, (len(labels), -1)).T, strict=True
            )
            if len(classes) > 1
        }
    groups = dataset.groups("test")
    if groups is not None:
        parts[dataset.group_name] = np.unique(groups[rows], return_inverse=True)
    return {f"By {name}": Table(*mean_table(name, *part, values)) for name, part in parts.items()}


NLL = Measure("nll", "min", "upper bound on -log p(x), nats per example; lower is better")
BOUND = (
    NLL,
    Measure("elbo", "max", "evidence lower bound on log p(x), nats per example; higher is better"),
    Measure("reconstruction", None, "-log p(x|z), nats per example"),
    Measure("kl", None, "KL divergence from what the encoder says to the prior, nats per example"),
)
PER_TOKEN = (
    Measure("nll_per_token", "min", "nll over the number of tokens, with the end of a sentence, nats", TEXT),
    Measure("token_perplexity", "min", "exponential of nll_per_token; lower is better", TEXT),
    Measure("bits_per_byte", "min", "nll over the number of bytes of the text, in bits", TEXT),
    Measure("unknown_tokens", None, "share of the test tokens that are not in the vocabulary", TEXT),
)


@register(
    *BOUND,
    Measure("active_units", None, "latent dimensions whose posterior mean varies by more than 0.01"),
    Measure(
        "mutual_information", None, "of example and latent, nats; at most the log of the examples' number"
    ),
    Measure("marginal_kl", None, "KL divergence from the aggregate posterior to the prior, nats"),
    *PER_TOKEN,
    where_named=True,
)
def evidence(model, dataset, config):
    """Likelihood of the test examples, and how the latents are used."""
    examples, labels = sample(dataset, "test")
    given = held_out(model, (examples, labels))
    metrics, parts = scores_and_parts(model, *given, samples=config.nll_samples, seed=config.seed)
    conditions = (
        f"Likelihoods are in nats per example, of {len(examples):,} test "
        f"{dataset.media.plural}, with {config.nll_samples:,} draws each, under "
        f"{type(model.likelihood).__name__}: comparable for one likelihood alone."
    )
    if model.prior.standard_normal:
        kl = kl_of_dimensions(model, examples, None if model.num_classes is None else labels)
        largest = ", ".join(f"{value:.2f}" for value in sorted(kl, reverse=True)[:MOST_DIMENSIONS])
        rest = f", and less of {len(kl) - MOST_DIMENSIONS:,} others" if len(kl) > MOST_DIMENSIONS else ""
        conditions += f" KL divergence of each dimension, largest first: {largest}{rest}."
    return Score(metrics, conditions, tables=_by_part(dataset, labels, model=parts))


@register(*BOUND, Measure("perplexity", None, "effective number of codes in use"), where_named=True)
def bound(model, dataset, config):
    """A bound on the likelihood of the test examples, from one latent for each."""
    examples, labels = sample(dataset, "test")
    conditions = (
        f"Likelihoods are in nats per example, of {len(examples):,} test "
        f"{dataset.media.plural}, under {type(model.likelihood).__name__}: comparable for one likelihood "
        "alone."
    )
    metrics, parts = bound_and_parts(model, *held_out(model, (examples, labels)), seed=config.seed)
    return Score(metrics, conditions, tables=_by_part(dataset, labels, model=parts))


@register(NLL, *PER_TOKEN, where_named=True)
def language(model, dataset, config):
    """Likelihood of the test sentences under a language model."""
    examples, labels = sample(dataset, "test")
    conditions = f"Likelihoods are of {len(examples):,} test sentences, in nats where no unit is named."
    return Score(model.score((examples, labels)), conditions, {})


@register(
    Measure("distinct_*", None, "different n-grams of this length over all of them; higher is more varied"),
    Measure("self_bleu", None, "BLEU-4 of each sentence against all others; higher is more monotonous"),
    Measure("verbatim", None, "share of drawn sentences that stand verbatim in the training data"),
    Measure("reconstruction_accuracy", "max", "share of tokens that come back at their place"),
    where_named=True,
)
def writing(model, dataset, config):
    """How varied drawn sentences are beside real ones, and how many tokens a reconstruction keeps."""
    packed, labels = sample(dataset, "test")
    media = model.media
    num = min(MOST_WRITTEN if config.num_scored == "auto" else config.num_scored, len(packed))
    texts = {"drawn": model.generate(num, seed=config.seed), "real": media.unpack(packed[:num])}
    scores = {whose: _diversity(media.words(sentences.tolist())) for whose, sentences in texts.items()}
    train = sample(dataset, "train")[0]
    scores["drawn"]["verbatim"] = verbatim(train, media.pack(texts["drawn"].tolist()))
    scores["real"]["verbatim"] = verbatim(train, packed[:num])
    metrics = scores["drawn"]
    conditions = (
        f"Distinct n-grams, self-BLEU and verbatim are of {num:,} sentences drawn at temperature 1, and of "
        f"as many test ones; verbatim looks for their tokens among all {len(train):,} training ones."
    )
    if hasattr(model, "reconstruct"):
        labels = None if model.num_classes is None else labels
        back = media.pack(model.reconstruct(packed, labels).tolist())
        metrics["reconstruction_accuracy"] = token_accuracy(packed, back)
        conditions += (
            " Reconstructions are the likeliest tokens one after the other, from the mean of the posterior."
        )
    return Score(metrics, conditions, scores["real"])


def _diversity(sentences):
    """Scores of sentences as lists of words; of n-grams alone that there are, as names may be of one word."""
    longest = max(map(len, sentences))
    scores = {f"distinct_{n}": distinct_n(sentences, n) for n in (1, 2, 3) if n <= longest}
    return scores | {"self_bleu": self_bleu(sentences)}


@register(
    Measure("log_mel", "min", "mean absolute difference of log-mel spectrograms to reconstructions, dB"),
    Measure("mcd", "min", "mel-cepstral distortion of reconstructions, 13 coefficients, dB; 0 is best"),
    Measure("mr_stft", "min", "multi-resolution STFT distance to reconstructions; 0 is best"),
    where_named=True,
)
def reconstruction(model, dataset, config):
    """How far test recordings are from their reconstructions, and from what the vocoder makes of them."""
    packed, labels = sample(dataset, "test")
    rows = np.sort(np.random.default_rng(config.seed).permutation(len(packed))[: MOST_HEARD // 2])
    packed, labels = packed[rows], None if labels is None else labels[rows]
    media = model.media
    real = media.unpack(packed)
    back = model.reconstruct(packed, None if model.num_classes is None else labels)
    through = np.concatenate(
        [media.to_raw(media.to_model(part)) for part in np.array_split(packed, -(-len(packed) // 100))]
    )
    conditions = (
        f"Distances are the mean over {len(real):,} test {media.plural}; in the column of real ones, of "
        "those that only went through the spectrogram and Griffin-Lim."
    )
    each = {"model": distances_of_each(media, real, back), "real": distances_of_each(media, real, through)}
    means = {
        whose: {name: float(values.mean()) for name, values in found.items()} for whose, found in each.items()
    }
    return Score(means["model"], conditions, means["real"], _by_part(dataset, labels, rows, **each))


@register(
    Measure("mig", "max", "mutual information gap; 1 is best", FACTORS),
    Measure("sap", "max", "separated attribute predictability; higher is better", FACTORS),
    Measure("dci_disentanglement", "max", "whether each latent tells of one factor; 1 is best", FACTORS),
    Measure("dci_completeness", "max", "whether each factor is told by one latent; 1 is best", FACTORS),
    Measure("dci_informativeness", "max", "accuracy of forests that read factors from latents", FACTORS),
    Measure("probe_*", "max", "R^2, or accuracy, of a linear probe of this factor; 1 is best", FACTORS),
    where_named=True,
    costly=True,
)
def disentanglement(model, dataset, config):
    """How well single latents stand for single factors, and lines through all of them."""
    latents, factors = {}, {}
    for split in ("train", "test"):
        examples, labels = dataset.arrays(split)
        latents[split] = model.encode(examples, None if model.num_classes is None else labels)
        factors[split] = dataset.factors(split)
    unordered = [column for column, name in enumerate(dataset.factor_names) if name in UNORDERED]
    metrics = disentanglement_scores(latents["test"], factors["test"], categorical=unordered)
    metrics |= linear_probes(
        latents["train"],
        factors["train"],
        latents["test"],
        factors["test"],
        dataset.factor_names,
        categorical=unordered,
    )
    conditions = (
        f"Disentanglement is of the posterior means of {len(latents['test']):,} test {dataset.media.plural}; "
        f"probes are fitted to those of {len(latents['train']):,} training ones."
    )
    return Score(metrics, conditions, {})


declare(
    Measure("examples_seen", None, "training examples, counted each time they were seen", split="train"),
    Measure("skipped_steps", None, "batches whose loss or gradient was not finite", split="train"),
    Measure("training_minutes", None, "minutes of training since the run was last started", split="train"),
)
