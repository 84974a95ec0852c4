"""Puts a trained model on the Hugging Face hub, with its card and samples."""

import importlib
import re

from keras_gen.errors import InputError
from keras_gen.logs import log

TARGET = re.compile(r"hf://([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)")
QUESTION = re.compile(r"\*[^*]+\?\*")  # that a model card asks its author


def files_of(run):
    """What of a run is published: dict, path in the repository -> path here.

    Nothing that shows training or test examples is among it, such as reports and reconstructions, nor is
    `config.json`, which says where the data lie.

    Args:
        run: a scored `Run`.

    Raises:
        InputError: the run has no model, SavedModel or model card, or came with the kit.
    """
    if run.is_pretrained:
        raise InputError(f"{run.folder.name} came with keras_gen: publish a run of yours.")
    for needed, made_by in (
        (run.model_file, "finish its training"),
        (run.savedmodel / "saved_model.pb", "finish its training"),
        (run.card_file, f"run keras-gen score {run.folder}"),
    ):
        if not needed.is_file():
            raise InputError(f"{run.folder} has no {needed.name}: {made_by} first.")
    shown = [run.samples(ending) for ending in (".png", ".txt")] + sorted(run.sounds.glob("*"))
    here = [run.model_file, run.metrics_file, run.scores_file, *sorted(run.savedmodel.rglob("*")), *shown]
    found = {str(path.relative_to(run.folder)): path for path in here if path.is_file()}
    return {"README.md": run.card_file} | found


def publish(run, target, private=False):
    """Uploads a scored run's model, SavedModel, scores, samples and model card, in one commit.

    The token is that of `hf auth login`, or of the environment variable HF_TOKEN.

    Args:
        run: a scored `Run`.
        target: "hf://USER/NAME", a repository of models, which is made where it does not exist.
        private: bool, whether a repository that is made is seen by its owner alone.

    Returns:
        The address of the repository.

    Raises:
        InputError: the target is no such name, the run is not scored, huggingface_hub is not installed, or
            the hub refuses or cannot be reached.
    """
    named = TARGET.fullmatch(target)
    if not named:
        raise InputError(f"{target} is no place to publish to: give hf://USER/NAME.")
    files = files_of(run)
    asked = len(QUESTION.findall(run.card_file.read_text(encoding="utf-8")))
    if asked:
        log.warning("%s still asks you %d questions: answer them, and publish again.", run.card_file, asked)
    hub = _hub()
    api = hub.HfApi(library_name="keras_gen")
    size = sum(path.stat().st_size for path in files.values())
    log.info("Uploading %d files, %.1f MB", len(files), size / 1e6)
    try:
        made = api.create_repo(named[1], private=private, exist_ok=True)
        api.create_commit(
            made.repo_id,
            [hub.CommitOperationAdd(there, str(path)) for there, path in files.items()],
            commit_message=f"Publish {run.folder.resolve().name}",
        )
    except (OSError, ValueError, hub.errors.HTTPError) as error:
        told = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(f"{target} cannot be published to: {told[0]}") from error
    return str(made)


def _hub():
    try:
        return importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise InputError(
            'Publishing needs huggingface_hub, which is not installed: pip install "keras_gen[publish]".'
        ) from error
