"""What a run leaves to be read."""

import dataclasses

MEANINGS = {
    "frechet": "Frechet distance between features of generated and of held-out real pictures; 0 is best",
    "kernel": "kernel distance (unbiased squared MMD, cubic kernel) between the same; 0 is best",
    "kernel_std": "its standard deviation over subsets",
    "label_agreement": "share of generated pictures that the classifier gives the label they were asked for",
    "classes_produced": "number of classes that the classifier sees among the generated pictures",
    "examples_seen": "training examples, counted each time they were seen",
    "training_minutes": "wall-clock minutes of training since the run was last started",
}


def report(recipe, config, dataset, quality, metrics, pictures):
    """The report of a run, in Markdown.

    Args:
        recipe: name of the recipe.
        config: its resolved dataclass.
        dataset: the `Dataset` it was trained on.
        quality: the `PictureQuality` that scored it.
        metrics: name -> number, as in `metrics.json`.
        pictures: file name of the samples, beside the report.

    Returns:
        Text.
    """
    floor = quality.floor()
    lines = [f"# {recipe}", "", f"![samples]({pictures})", "", f"Data: `{dataset}`", "", "## Scores", ""]
    lines += ["| measure | generated | real training pictures | meaning |", "| --- | --- | --- | --- |"]
    for name, value in metrics.items():
        best = f"{floor[name]:.4g}" if name in floor else ""
        lines.append(f"| {name} | {value:.4g} | {best} | {MEANINGS[name]} |")
    conditions = (
        f"Feature space: {quality.extractor}. Figures in another feature space, such as the FID of papers, are not "
        f"comparable. {quality.num_generated:,} generated pictures against {quality.num_real:,} held-out real ones, "
        f"seed {quality.seed}."
    )
    lines += ["", conditions, "", "## Settings", "", "| field | value |", "| --- | --- |"]
    lines += [f"| {name} | {value} |" for name, value in dataclasses.asdict(config).items()]
    return "\n".join(lines) + "\n"
