import keras
import numpy as np
import tensorflow as tf

from keras_gen.layers.label_embedding import embedding_of_labels


def test_several_labels_are_rows_of_their_own_tables_one_behind_the_other():
    keras.utils.set_random_seed(0)
    layer = embedding_of_labels((3, 5), 4)
    vectors = layer(tf.constant([[2, 0], [1, 4]])).numpy()
    assert vectors.shape == (2, 8) == layer.compute_output_shape((2, 2))
    digits, speakers = (embedding.embeddings.numpy() for embedding in layer.embeddings)
    assert digits.shape == (3, 4) and speakers.shape == (5, 4)
    np.testing.assert_array_equal(vectors, np.hstack([digits[[2, 1]], speakers[[0, 4]]]))
    assert np.abs(digits - speakers[:3]).max() > 0  # each table begins otherwise
    assert isinstance(embedding_of_labels(3, 4), keras.layers.Embedding)


def test_it_is_saved_within_a_model(tmp_path):
    labels = keras.Input((2,), dtype="int32")
    model = keras.Model(labels, embedding_of_labels((3, 5), 4)(labels))
    model.save(tmp_path / "model.keras")
    restored = keras.saving.load_model(tmp_path / "model.keras")
    asked = tf.constant([[2, 3]])
    np.testing.assert_array_equal(restored(asked), model(asked))
