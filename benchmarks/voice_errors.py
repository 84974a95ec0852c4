"""What a VAE of recordings loses of held-out recordings: in the model or in the vocoder, where, how loud.

Errors are mean absolute differences of log-mel spectrograms, in dB. Griffin-Lim alone is given those of the
recordings themselves.

    python benchmarks/voice_errors.py runs/folder-voice [--split test]
"""

import argparse

import numpy as np

from keras_gen.media.audio import RANGE
from keras_gen.metrics.reconstruction import DECIBELS
from keras_gen.runs.run import Run
from keras_gen.sampling.requests import in_batches

LOUD = 30.0  # dB below the loudest band of a recording, within which a band counts as loud


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--split", default="test", choices=["train", "val", "test"])
    options = parser.parse_args()

    run = Run.open(options.run)
    _, config = run.settings()
    dataset, model = config.load(), run.load_model()
    media = dataset.media
    packed, labels = dataset.arrays(options.split)
    labels = None if model.num_classes is None else labels

    def log_mel(waveforms):
        return in_batches(lambda part: media.log_mel(media.to_waveform(part)).numpy(), waveforms)

    def vocoder_alone(part):
        return media.to_raw(media.to_model(part)).numpy()

    def decoded(latents, labels):
        """The log-mels that the decoder gives, before they become a waveform."""
        return RANGE / 2 * (model.decode_to_model(latents, labels).numpy() - 1)

    real = log_mel(packed)
    low, middle, high = np.array_split(np.arange(media.mels), 3)
    loud = real > real.max(axis=(1, 2), keepdims=True) - LOUD / DECIBELS
    parts = {"all": np.s_[:], "low": np.s_[..., low], "middle": np.s_[..., middle], "high": np.s_[..., high]}
    parts |= {"loud": loud, "quiet": ~loud}
    made = {
        "Griffin-Lim alone": log_mel(in_batches(vocoder_alone, packed)),
        "model alone": in_batches(decoded, model.encode(packed, labels), labels),
        "both": log_mel(model.reconstruct(packed, labels)),
    }
    print(f"Log-mel error in dB of {len(packed)} {options.split} {media.plural}, by thirds of the bands;")
    print(f"loud: within {LOUD:g} dB of a recording's loudest band, {loud.mean():.0%} of all")
    print(f"{'':20}", *(f"{name:>8}" for name in parts))
    for name, log_mels in made.items():
        errors = DECIBELS * np.abs(log_mels - real)
        print(f"{name:20}", *(f"{errors[part].mean():8.2f}" for part in parts.values()))


if __name__ == "__main__":
    main()
