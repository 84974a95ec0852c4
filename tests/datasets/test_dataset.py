import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.datasets.dataset import Dataset
from keras_gen.errors import InputError
from keras_gen.media.image import Image


def numbered(count, start=0):
    """Images and labels that both tell their place in the split."""
    labels = np.arange(start, start + count, dtype=np.int32)
    return np.broadcast_to(labels.astype(np.uint8).reshape(-1, 1, 1, 1), (count, 8, 8, 1)), labels


def dataset(count=23, batch_size=5, seed=7, labeled=True):
    splits = [numbered(count), numbered(7, 100), numbered(3, 200)]
    if not labeled:
        splits = [(images, None) for images, _ in splits]
    names = [str(i) for i in range(203)] if labeled else None
    return Dataset(Image(8, 8, 1), *splits, class_names=names, batch_size=batch_size, seed=seed)


def places(batches, steps=None):
    """The places that batches were drawn from, one row a step, from images and labels alike."""
    rows = []
    for images, labels in batches.take(-1 if steps is None else steps).as_numpy_iterator():
        np.testing.assert_array_equal(images, np.broadcast_to(labels.reshape(-1, 1, 1, 1), images.shape))
        rows.append(labels.tolist())
    return rows


def test_a_training_epoch_draws_each_image_at_most_once_and_another_order_each_time():
    data = dataset()
    assert data.steps_per_epoch == 4 == data.train.cardinality()
    epochs = [places(data.train) for _ in range(3)]
    for epoch in epochs:
        assert [len(batch) for batch in epoch] == [5] * 4
        assert len(set(np.ravel(epoch))) == 20
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    again = dataset()
    assert epochs == [places(again.train) for _ in range(3)]
    assert epochs[0] != places(dataset(seed=8).train)


def test_epochs_come_in_one_order_whatever_the_global_seed():
    orders = []
    for global_seed in (0, 1):  # as of two workers
        tf.random.set_seed(global_seed)
        data = dataset()
        orders.append([places(data.train) for _ in range(2)])
    assert orders[0] == orders[1]


def test_fit_sees_another_order_each_epoch():
    class Seen(keras.Model):
        def __init__(self):
            super().__init__()
            self.seen = tf.Variable(tf.zeros((0,), tf.int32), shape=(None,))

        def train_step(self, batch):
            self.seen.assign(tf.concat([self.seen, batch[1]], 0))
            return {"loss": 0.0}

    model, data = Seen(), dataset(count=20)
    model.compile(optimizer=None)
    model.fit(data.train, epochs=3, shuffle=False, verbose=0)
    epochs = model.seen.numpy().reshape(3, 20).tolist()
    assert all(sorted(epoch) == list(range(20)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_endless_batches_are_a_permutation_every_epoch():
    data = dataset(count=20)
    drawn = np.reshape(places(data.batches(), 12), (3, 20))
    for epoch in drawn:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(20))
    assert (drawn[0] != drawn[1]).any() and (drawn[1] != drawn[2]).any()
    assert places(dataset(seed=8).batches(), 4) != places(dataset(seed=9).batches(), 4)
    # No order is a rotation or a reversal of images as they lie.
    assert len(set(np.diff(drawn[0]) % 20)) > 5


@pytest.mark.parametrize("start", [1, 3, 4, 9, 100])
def test_batches_resume_at_any_step(start):
    whole = places(dataset().batches(), start + 5)
    assert places(dataset().batches(start=start), 5) == whole[start:]


def test_every_image_is_drawn_equally_often_over_epochs_with_a_remainder():
    # 23 images, of which 3 are left out of an epoch: over 200 epochs each comes about 174 times.
    counts = np.bincount(np.ravel(places(dataset().batches(), 800)), minlength=23)
    expected = 200 * 20 / 23
    assert np.abs(counts - expected).max() < 5 * np.sqrt(200 * (20 / 23) * (3 / 23))


def test_validation_comes_whole_in_one_shuffled_order_and_test_as_it_is():
    data = dataset()
    for _ in range(2):
        first, second = places(data.val)
        assert (len(first), len(second)) == (5, 2) and sorted(first + second) == list(range(100, 107))
        assert first + second != sorted(first + second) and places(data.val) == places(dataset().val)
        assert places(data.test) == [[200, 201, 202]]
    assert data.val.cardinality() == 2
    assert len({str(places(dataset(seed=seed).val)) for seed in range(5)}) == 5


@pytest.mark.parametrize("labeled", [True, False])
def test_element_types_and_static_shapes(labeled):
    data = dataset(labeled=labeled)
    for batches, batch in ((data.train, 5), (data.batches(), 5), (data.val, None)):
        images = tf.TensorSpec((batch, 8, 8, 1), tf.uint8)
        assert batches.element_spec == ((images, tf.TensorSpec((batch,), tf.int32)) if labeled else images)
    images, labels = data.arrays("val")
    np.testing.assert_array_equal(images, numbered(7, 100)[0])
    assert images.dtype == np.uint8
    if labeled:
        np.testing.assert_array_equal(labels, np.arange(100, 107))
        assert labels.dtype == np.int32 and data.num_classes == 203
    else:
        assert labels is None and data.num_classes is None


def test_missing_splits():
    data = Dataset(Image(8, 8, 1), numbered(6), class_names=list("abcdef"), batch_size=6, name="six")
    assert data.val is None and data.test is None
    with pytest.raises(InputError, match="val"):
        data.arrays("val")
    with pytest.raises(InputError, match="tset"):
        data.batches("tset")
    media = "Image(height=8, width=8, channels=1)"
    assert repr(data) == f"Dataset('six': 6 train, {media}, 6 classes (a, b, c, ...), batches of 6)"


def test_batches_that_cannot_be_filled_are_input_errors():
    with pytest.raises(InputError, match="at most 23 .of a recipe: --set batch_size=23."):
        dataset(batch_size=24)
    with pytest.raises(InputError, match="batch_size of at most 3"):
        dataset().batches("test")
    for size in (0, -1, 2.5):
        with pytest.raises(InputError, match="batch_size"):
            dataset(batch_size=size)
    with pytest.raises(InputError, match="start"):
        dataset().batches(start=-1)


def test_images_are_no_constants_of_the_graph():
    # Images are an element of the pipeline; the functions in it capture at most the numbers of steps.
    def captured(dataset):
        here = [tensor for function in dataset._functions() for tensor in function.function.captured_inputs]
        return sum((captured(source) for source in dataset._inputs()), here)

    data = dataset()
    for batches in (data.train, data.batches(), data.val):
        assert all(tensor.dtype != tf.uint8 for tensor in captured(batches))
