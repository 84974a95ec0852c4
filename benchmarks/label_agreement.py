"""How often a judge that never saw anything generated gives a run's samples the labels they were asked for,
and test examples that come back from their latents those that they have.

The judge is scikit-learn's support vector machine on real training examples: on the pixels of images; on the
cepstra of recordings (librosa's MFCCs at every place, with their mean and spread), whose loudness plays no
part.

    python benchmarks/label_agreement.py runs/mnist-gan [--num 10000] [--seed 1]
"""

import argparse

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from keras_gen.media import Image
from keras_gen.runs.run import Run

MOST_LEARNED_FROM = 20_000
CEPSTRA, BANDS, WINDOW = 20, 40, 0.032  # the last in seconds
WEIGHT_OF_MOMENTS = 3.0  # there are few of them beside the cepstra of all places


def pixels(images):
    return images.reshape(len(images), -1) / np.float32(255)


def cepstra(waveforms, rate):
    import librosa

    level = np.sqrt(np.mean(waveforms**2, axis=1, keepdims=True))
    window = int(WINDOW * rate)
    cepstrum = librosa.feature.mfcc(
        y=waveforms / np.maximum(level, 1e-5),
        sr=rate,
        n_mfcc=CEPSTRA,
        n_fft=window,
        hop_length=window // 2,
        n_mels=BANDS,
    )
    moments = WEIGHT_OF_MOMENTS * np.concatenate([cepstrum.mean(axis=-1), cepstrum.std(axis=-1)], axis=1)
    return np.concatenate([cepstrum.reshape(len(waveforms), -1), moments], axis=1)


def features(examples, media):
    """What the judge sees of raw examples."""
    return pixels(examples) if isinstance(media, Image) else cepstra(examples, media.rate)


def new_judge(media):
    return SVC(C=5.0) if isinstance(media, Image) else make_pipeline(StandardScaler(), SVC(C=10.0))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--num", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    run = Run.open(options.run)
    recipe, config = run.settings()
    dataset = config.load()
    media = dataset.media
    packed, labels = dataset.arrays("train")
    learned_from = np.random.default_rng(0).permutation(len(packed))[:MOST_LEARNED_FROM]
    learned = features(media.unpack(packed[learned_from]), media)
    test, test_labels = dataset.arrays("test")
    model = run.load_model()
    made = {f"real test {media.plural}": (media.unpack(test), test_labels)}
    if hasattr(model, "reconstruct"):
        given = None if model.num_classes is None else test_labels
        made["of them as they come back"] = (model.reconstruct(test, given), test_labels)
    if model.num_classes is not None:
        asked = model.labels_for(options.num)
        made[f"samples, seed {options.seed}"] = (model.generate(options.num, asked, options.seed), asked)
    seen = {what: features(examples, media) for what, (examples, _) in made.items()}

    names = list(dataset.class_names) if isinstance(dataset.class_names, dict) else ["label"]
    for place, name in enumerate(names):

        def column(labels, place=place):
            return np.reshape(labels, (len(labels), -1))[:, place]

        judge = new_judge(media).fit(learned, column(labels[learned_from]))
        print(f"{recipe}, {name}: the judge gives the label that they have, or were asked for, to")
        for what, (_, wanted) in made.items():
            given = judge.predict(seen[what])
            told = ", ".join(f"{count:,}" for count in np.bincount(given))
            print(f"  {np.mean(given == column(wanted)):.4f} of {len(given):,} {what}; each label: {told}")


if __name__ == "__main__":
    main()
