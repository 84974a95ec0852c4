"""What `gpu.py` compares, and what is wanted of the figures."""

import fnmatch

from gpu_contenders import FLOAT, HALF

GROUPS = ("dcgan-64", "first-step", "r3gan", "dcgan-512", "vae", "voice", "text", "quality", "resume")
UNITS = {"voice": "seconds of sound", "text": "words"}  # of the rates; elsewhere images
PEAK = "TFLOP/s of matrix products"  # the contender that shows what the card can do
SHORT = {FLOAT: "float32", HALF: "bfloat16"}
FORMS = ("eager", "channels_last", "compiled", "graph", "compiled graph")  # of PyTorch
WAYS = {"fit": "", "off": ", XLA off", "bare": ", bare loop"}  # of the kit
RECIPES = {  # whose first step is waited for: fields for --tiny
    "cifar10-gan": {"width": 4, "batch_size": 4, "steps_per_epoch": 4},
    "cifar10-r3gan": {"width": 8, "blocks": 1, "batch_size": 4, "steps_per_epoch": 4},
}
RESUMED = {  # one of each kind of model: settings that make its scores cheap
    "digits-gan": [],
    "digits-vae": ["nll_samples=2"],
    "docstrings-vae": ["nll_samples=2", "width=16"],
}
# What README has of cifar10-gan on two cores: distance, and after how many examples.
TWO_CORES = (43.4, 64_000)


def contenders_of(group, options):
    """Name -> arguments of a kind in `gpu_contenders.py`. Ratios are to the first of them."""
    small = options.tiny
    if group == "r3gan":
        return r3gan(small, options.paper)
    if group in ("dcgan-64", "dcgan-512"):
        return dcgan(small, batch=int(group.partition("-")[2]))
    batch, width = {"vae": (128, 32), "voice": (64, 64), "text": (128, 192)}[group]
    return autoencoder_or_language_model(small, group, batch, width)


def dcgan(small, batch):
    sizes = {"batch": 4, "width": 8} if small else {"batch": batch, "width": 64}
    steps = 2 if small else 50
    group = {
        "textbook": {"kind": "textbook_gan", "way": "textbook", **sizes},
        "textbook, XLA off": {"kind": "textbook_gan", "way": "textbook off", **sizes},
    }
    for precision, short in SHORT.items():
        for way, ending in WAYS.items():
            arguments = {"kind": "gan", "precision": precision, "way": way, "steps": steps}
            group[f"kit, {short}{ending}"] = {**arguments, **sizes}
        for form in FORMS:
            arguments = {"kind": "pytorch", "precision": precision, "form": form}
            group[f"PyTorch, {short}, {form}"] = {**arguments, **sizes}
    return group


def r3gan(small, folder):
    """The paper's blocks and loss, at the widths of the kit's `r3gan`: 96 to 768 from 32 pixels to 4."""
    sizes = {"batch": 2, "width": 8, "blocks": 1} if small else {"batch": 256, "width": 96, "blocks": 2}
    kit = {"kind": "gan", "steps": 2 if small else 50, **sizes}
    return {
        **({"the paper's code, bfloat16": {"kind": "paper", "folder": folder, **sizes}} if folder else {}),
        "kit, bfloat16": {**kit, "precision": HALF},
        "kit, bfloat16, XLA off": {**kit, "precision": HALF, "way": "off"},
        "kit, float32": kit,
        PEAK: {"kind": "matmul", "size": 64 if small else 8192},
    }


def autoencoder_or_language_model(small, kind, batch, width):
    sizes = {"batch": 4, "width": 8} if small else {"batch": batch, "width": width}
    model = {"kind": kind, "steps": 2 if small else 50, **sizes}
    return {
        "textbook": {**model, "way": "textbook"},
        "textbook, XLA off": {**model, "way": "textbook off"},
        "kit, float32": model,
        "kit, float32, XLA off": {**model, "way": "off"},
        "kit, bfloat16": {**model, "precision": HALF},
    }


def aims(found):
    """What is wanted, beside what was found.

    Args:
        found: dict, (group, name) -> figure.

    Returns:
        List of (sentence, "at least" or "at most", wanted, figure or None).
    """

    def times(group, name, other):
        """A figure in terms of another, or of the best of those that a pattern names."""
        others = [
            value for (g, each), value in found.items() if g == group and fnmatch.fnmatchcase(each, other)
        ]
        return found[group, name] / max(others) if others and (group, name) in found else None

    wanted = []
    for group in ("dcgan-64", "dcgan-512"):
        for short in SHORT.values():
            kit, title = f"kit, {short}", f"{group}, {short}"
            pytorch = times(group, kit, f"PyTorch, {short}, *")
            bare = times(group, f"{kit}, bare loop", kit)
            wanted += [
                (f"{title}: times PyTorch's best", "at least", 1.5, pytorch),
                (f"{title}: times the textbook step", "at least", 2.0, times(group, kit, "textbook")),
                (f"{title}: seconds of fit, times the bare loop's", "at most", 1.05, bare),
            ]
    without = times("dcgan-64", "kit, float32, XLA off", "textbook, XLA off")
    paper = times("r3gan", "kit, bfloat16", "the paper's code, *")
    share = found.get(("r3gan", "share"))
    wanted += [
        ("dcgan-64, float32: XLA off, times the textbook step", "at least", 0.9, without),
        ("r3gan, bfloat16: times the paper's code", "at least", 1.5, paper),
        ("r3gan, bfloat16: share of the card's matrix products", "at least", 0.1, share),
    ]
    for group in ("vae", "voice", "text"):
        figure = times(group, "kit, float32", "textbook")
        wanted.append((f"{group}, float32: times the textbook step", "at least", 1.5, figure))
    for recipe, most in (("cifar10-gan", 45), ("cifar10-r3gan", 60)):
        seconds = found.get(("first-step", f"{recipe}, empty cache"))
        wanted.append((f"{recipe}: seconds to the first step", "at most", most, seconds))
    share = found.get(("quality", "share"))
    wanted.append(("cifar10-gan: share of its training that two minutes take", "at least", 1.0, share))
    for recipe in RESUMED:
        differing = found.get(("resume", f"{recipe}, deterministic"))
        sentence = f"{recipe}: variables that a kill changes, deterministic"
        wanted.append((sentence, "at most", 0, differing))
    return wanted
