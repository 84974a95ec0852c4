"""Settings that earlier versions kept, in today's form."""

STRENGTH = {  # what the one field "strength" was, of each objective that read it: field -> factor
    "capacity": {"nats": 1},
    "dip1": {"off_diagonal": 1, "diagonal": 10},
    "dip2": {"off_diagonal": 1, "diagonal": 1},
    "factor": {"gamma": 1},
    "free_bits": {"nats": 1},
    "info": {"scale": 1},
}
WEIGHTED = {"dip1", "dip2", "elbo", "factor", "free_bits", "tc"}
READ_BY = {  # fields that all files have -> objectives and priors that read them, and what others had there
    "beta": (WEIGHTED, 1.0),
    "warm_up": (WEIGHTED, 0),
    "num_examples": ({"tc"}, None),
    "samples": ({"dreg", "iwae"}, 5),
    "prior_components": ({"vamp"}, 500),
}
RENAMED = {"prior_components": "prior.components", "penalty_interval": "penalties.interval"}
# What was done on processors where recipes say "auto" today.
BEFORE_AUTO = {"jit_compile": False, "precision": "float32", "steps_per_execution": 10}
# What was done before there were these fields.
BEFORE_FIELDS = {"stratify": False, "audio.shortest": 0.05, "audio.repair": False}
OF_TRIAL = " of a trial"  # what names of settings end in where searches of version 0.1 kept them
OF_LATENTS = (
    "latent_dim", "free_bits", "free_bits_form", "beta", "annealing", "annealing_examples", "encoder_steps",
    "pretraining", "sampling_prior", "nll_samples",
)  # fmt: skip


def upgrade(fields):
    """Settings of earlier versions in today's form. Those of version 0.1 were flat.

    Args:
        fields: dict, name -> value.

    Returns:
        Dict, name -> value, as `settings.override` takes it.
    """
    is_flat = not any(isinstance(value, dict) for value in fields.values())
    fields = _with_words_of_load(_with_sampling_prior(fields))
    if not is_flat:
        return fields
    fields = _upgraded_text(fields) if "free_bits" in fields else _upgraded_objective(fields)
    return {RENAMED.get(name, name): value for name, value in fields.items()}


def trial_of(search):
    """The settings of a trial that a search kept, each under a name of its own in version 0.1.

    Args:
        search: dict, as `search.json` holds it.

    Returns:
        Dict, name -> value; empty where it is none of a search.
    """
    own = {name.removesuffix(OF_TRIAL): value for name, value in search.items() if name.endswith(OF_TRIAL)}
    return search.get("trial", own)


def _with_sampling_prior(fields):
    """Fields with a part in the place of the number of a mixture's normals, which was 0 for no mixture."""
    changed = {n: _with_sampling_prior(v) if isinstance(v, dict) else v for n, v in fields.items()}
    if "sampling_components" in changed:
        components = changed.pop("sampling_components")
        mixture = {"kind": "mixture", "components": components}
        changed["sampling_prior"] = mixture if components else "prior"
    return changed


def _with_words_of_load(fields):
    """Fields of media under the names that `keras_gen.datasets.load` has for them."""
    changed = {n: dict(v) if isinstance(v, dict) else v for n, v in fields.items()}
    image, text = changed.get("image"), changed.get("text")
    if isinstance(image, dict) and "frames" in image:
        image["chunks"] = image.pop("frames") == "all"
    if isinstance(text, dict) and "label" in text:
        text["labels"] = text.pop("label")
    return changed


def _upgraded_objective(fields):
    fields = dict(fields)
    strength, kinds = fields.pop("strength", None), {fields.get("objective"), fields.get("prior")}
    for name, (readers, unread) in READ_BY.items():
        if "objective" in fields and not kinds & readers and fields.get(name) == unread:
            fields.pop(name, None)
    if strength is not None:
        fields |= {
            name: factor * strength for name, factor in STRENGTH.get(fields.get("objective"), {}).items()
        }
    if fields.get("objective") == "info":
        fields.setdefault("alpha", 0.0)
    return fields


def _upgraded_text(fields):
    kept = dict(fields)
    latents = {name: kept.pop(name) for name in OF_LATENTS if name in kept}
    if fields.get("latent_dim", 0) is None:
        return {**kept, "model": "language_model"}
    nats, form = latents.pop("free_bits"), latents.pop("free_bits_form", "total")
    objective = {"objective": "free_bits", "nats": nats, "form": form} if nats else {"objective": "elbo"}
    objective["warm_up"] = latents.pop("annealing_examples", 0)
    objective["cycles"] = {"linear": 1, "cyclical": 4}[latents.pop("annealing", "linear")]
    return {**kept, **latents, **objective}
