"""The training rate of a `LanguageModel` against a textbook Keras model of the same widths, interleaved.

The textbook model masks padding in an embedding, followed by an LSTM and a dense layer; `fit` weighs the loss
by the mask, so padding costs as much as words. The kit computes logits for words only and shares one
embedding table; so does the textbook's second row.

    python benchmarks/text_step.py [--rounds 11]
"""

import argparse
import statistics
import time

import keras

import keras_gen as kg

WIDTH, BATCH, STEPS = 192, 128, 20


def textbook(media, one_table):
    tokens = keras.Input((media.length - 1,), dtype="int32")
    kind = keras.layers.ReversibleEmbedding if one_table else keras.layers.Embedding
    table = kind(media.vocabulary_size, WIDTH, mask_zero=True)
    hidden = keras.layers.LSTM(WIDTH, return_sequences=True)(table(tokens))
    logits = table(hidden, reverse=True) if one_table else keras.layers.Dense(media.vocabulary_size)(hidden)
    model = keras.Model(tokens, logits)
    model.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()

    sentences = kg.datasets.load("docstrings", media=kg.Text(28, most_words=5000), batch_size=BATCH)
    x, media = sentences.arrays("train")[0][: BATCH * STEPS], sentences.media
    decoder = kg.networks.RecurrentDecoder(media.length, media.vocabulary_size, width=WIDTH)
    ours = kg.LanguageModel(decoder, media)
    ours.compile(keras.optimizers.Adam())
    rivals = {"textbook": textbook(media, False), "textbook with one table": textbook(media, True)}
    seconds = {name: [] for name in ["kit", *rivals]}
    for _ in range(options.rounds + 1):
        for name in seconds:
            start = time.perf_counter()
            if name == "kit":
                ours.fit(x, batch_size=BATCH, verbose=0)
            else:
                # The token to come is what is told; the last place has none.
                rivals[name].fit(x[:, :-1], x[:, 1:], batch_size=BATCH, verbose=0)
            seconds[name].append(time.perf_counter() - start)
    for name in rivals:
        pairs = zip(seconds[name][1:], seconds["kit"][1:], strict=True)  # the first round traced
        lower, median, upper = statistics.quantiles(theirs / own for theirs, own in pairs)
        print(f"{median:.2f} times the rate of the {name} (quartiles {lower:.2f} to {upper:.2f})")


if __name__ == "__main__":
    main()
