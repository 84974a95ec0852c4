"""What a run leaves to be read."""

import re

from keras_gen.recipes.settings import flat

MEANINGS = {
    "frechet": "Frechet distance between features of generated and of held-out real examples; 0 is best",
    "kid": "KID (unbiased squared MMD, cubic kernel) between the same; 0 is best",
    "kid_std": "its standard deviation over subsets",
    "label_agreement": "share of generated examples that the classifier gives the label they were asked for",
    "classes_produced": "number of classes that the classifier sees among the generated examples",
    "nll": "upper bound on -log p(x), nats per example; lower is better",
    "elbo": "evidence lower bound on log p(x), nats per example; higher is better",
    "reconstruction": "-log p(x|z), nats per example",
    "kl": "KL divergence from what the encoder says to the prior, nats per example",
    "active_units": "latent dimensions whose posterior mean varies by more than 0.01",
    "mutual_information": "between example and latent, nats; at most the logarithm of the number of examples",
    "marginal_kl": "KL divergence from the aggregate posterior to the prior, nats",
    "nll_per_token": "nll over the number of tokens, with the end of a sentence, nats",
    "token_perplexity": "exponential of nll_per_token; lower is better",
    "bits_per_byte": "nll over the number of bytes of the text, in bits",
    "unknown_tokens": "share of the test tokens that are not in the vocabulary",
    "self_bleu": "BLEU-4 of each sentence against all others; higher is more monotonous",
    "reconstruction_accuracy": "share of tokens that come back at their place",
    "perplexity": "effective number of codes in use",
    "mig": "mutual information gap; 1 is best",
    "sap": "separated attribute predictability; higher is better",
    "dci_disentanglement": "whether each latent tells of one factor; 1 is best",
    "dci_completeness": "whether each factor is told by one latent; 1 is best",
    "dci_informativeness": "accuracy of the factors as forests read them from the latents; 1 is best",
    "log_mel": "mean absolute difference of log-mel spectrograms between recordings and what comes back of them, dB",
    "mr_stft": "multi-resolution STFT distance between the same; 0 is best",
    "examples_seen": "training examples, counted each time they were seen",
    "skipped_steps": "batches that taught nothing, because a loss or gradient was not finite",
    "training_minutes": "wall-clock minutes of training since the run was last started",
}
FAMILIES = {
    "label_agreement_": "label_agreement, for this label alone",
    "distinct_": "different n-grams of this length over all of them; higher is more varied",
    "probe_": "how well a linear probe reads this factor from the latents: R^2, or accuracy of categories; 1 is best",
}


def meaning(name):
    """What a measure is; of some there is one for each label or factor."""
    return MEANINGS.get(name) or next(text for start, text in FAMILIES.items() if name.startswith(start))


def report(recipe, config, dataset, scores, metrics, sheets):
    """The report of a run, in Markdown.

    Args:
        recipe: name of the recipe.
        config: its `Recipe`.
        dataset: the `Dataset` it was trained on.
        scores: list of `measures.Score`.
        metrics: name -> number, as in `metrics.json`.
        sheets: paths of what is to be shown: images, which lie beside the report, or texts.

    Returns:
        Text.
    """
    real = {name: value for score in scores for name, value in score.real.items()}
    lines = [f"# {recipe}", ""]
    for sheet in sheets:
        if sheet.suffix == ".png":
            lines += [f"![{sheet.stem}]({sheet.name})", ""]
        else:
            text = sheet.read_text(encoding="utf-8").rstrip("\n")
            # Of more backticks than any of the sentences has.
            fence = "`" * max([3, *(1 + len(ticks) for ticks in re.findall("`+", text))])
            lines += [f"## {sheet.stem.capitalize()}", "", fence, text, fence, ""]
    told = str(dataset).replace("`", "'")
    lines += [f"Data: `{told}`", "", "## Scores", ""]
    lines += ["| measure | model | real | meaning |", "| --- | --- | --- | --- |"]
    for name, value in metrics.items():
        best = f"{real[name]:.4g}" if name in real else ""
        lines.append(f"| {name} | {value:.4g} | {best} | {meaning(name)} |")
    lines += [text for score in scores for text in ("", score.conditions)]
    lines += ["", "## Settings", "", "| field | value |", "| --- | --- |"]
    lines += [f"| {name} | {in_cell(value)} |" for name, value in flat(config).items()]
    return "\n".join(lines) + "\n"


def in_cell(value):
    """A value as it reads in a cell of a table, of which names of files and errors might end the cell."""
    return " ".join(str(value).split()).replace("|", "\\|")
