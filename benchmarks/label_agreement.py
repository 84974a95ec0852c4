"""How often a judge that never saw anything generated gives a run's samples the labels they were asked for.

The judge is scikit-learn's support vector machine on real training examples: on the pixels of images; on the cepstra of
recordings (librosa's MFCCs at every place, with their mean and spread), whose loudness plays no part.

    python benchmarks/label_agreement.py runs/mnist-gan [--num 10000] [--seed 1]
"""

import argparse

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from keras_gen.media import Image
from keras_gen.recipes.run import Run

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
    asked = model.labels_for(options.num)
    samples = features(model.generate(options.num, asked, options.seed), media)
    real = features(media.unpack(test), media)

    names = list(dataset.class_names) if isinstance(dataset.class_names, dict) else ["label"]
    columns = (np.reshape(each, (len(each), -1)).T for each in (labels[learned_from], test_labels, asked))
    for name, truth, real_truth, wanted in zip(names, *columns, strict=True):
        judge = new_judge(media).fit(learned, truth)
        given = judge.predict(samples)
        print(
            f"{recipe}, {name}: agreement {np.mean(given == wanted):.4f} of {options.num:,} samples, seed {options.seed}; "
            f"the judge is right on {judge.score(real, real_truth):.4f} of {len(real):,} real test {media.plural}"
        )
        print("samples given each label:", *np.bincount(given, minlength=truth.max() + 1))


if __name__ == "__main__":
    main()
