"""ONNX and LiteRT files of what a model computes, each compared with the model before it is kept.

Noise is an input there, since these formats draw none from a seed. Images have the model's own size,
recordings are log-mel spectrograms, and sentences are tokens: resizing, Griffin-Lim and words stay outside.
"""

import importlib
import json
import tempfile
import time
from pathlib import Path

import keras
import tensorflow as tf

from keras_gen.errors import InputError, unknown
from keras_gen.export.examples import difference, examples, is_close
from keras_gen.files import PARTIAL, make_folder, write_atomically
from keras_gen.registry import register
from keras_gen.sampling.labels import label_spec

OPSET = 18  # of ONNX
ROWS = 3  # that are compared
TIMED = 10  # runs of a row, of which the fastest counts
LONGEST_REASON = 300  # characters
REPORT = "formats.json"


@register("export_as")
def export_as(model, folder, format):
    """Writes a file for each function of a model that a format can hold.

    Args:
        model: a `GenerativeModel`.
        folder: path; files of the same names are replaced.
        format: "onnx", of opset 18, or "litert".

    Returns:
        Dict, name of the function -> dict of its `file`, `inputs`, `output`, `difference` (the largest from
        the model on three examples), `bytes` and `milliseconds` (an example on this machine), or of `cannot`,
        the reason why there is no such file. `formats.json` says the same.

    Raises:
        InputError: there is no such format, the extra `export` is not installed, or the folder cannot be
            written.
    """
    if format not in FORMATS:
        raise unknown("format", format, [*FORMATS, "tf_saved_model"])
    kind, folder = FORMATS[format], Path(folder)
    for package in kind.packages:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise InputError(
                f"format={format!r} needs {package}: pip install keras_gen[export] brings it."
            ) from error
    make_folder(folder)
    found = {}
    for name, (function, signature) in functions_of(model).items():
        path = folder / f"{name}{kind.ending}"
        path.unlink(missing_ok=True)  # an older one would be taken for what cannot be made
        found[name] = _written(kind, path, tf.function(function, input_signature=signature), model)
    told = {"format": format, "media": keras.saving.serialize_keras_object(model.media), "functions": found}
    write_atomically(folder / REPORT, json.dumps(told, indent=2) + "\n")
    return found


def functions_of(model):
    """What other formats may hold: dict, name -> (function of tensors, list of `tf.TensorSpec`)."""
    media, label = model.media, label_spec(model.num_classes)
    packed, from_packed, to_output = FORMS[media.key](media)
    found = {}
    if model.latent_shape is not None:
        latents = tf.TensorSpec((None, *model.latent_shape), model.latent_dtype, name="latents")
        if media.key == "text":
            uniform = tf.TensorSpec((None, *media.shape), tf.float32, name="uniform")

            def decode(latents, uniform, label=None):
                return model.decoder.generate(latents, uniform, None, None, None, label)

            found["decode"] = decode, [latents, uniform, *label]
        else:

            def decode(latents, label=None):
                return to_output(model.decode_to_model(latents, label))

            found["decode"] = decode, [latents, *label]
    if hasattr(model, "samples_from") and media.key != "text":
        normal = tf.TensorSpec((None, *model.latent_shape), tf.float32, name="noise")
        choice = tf.TensorSpec((None,), tf.float32, name="choice")

        def generate(noise, choice, label=None):
            return to_output(model.decode_to_model(model.samples_from.draw(noise, choice, label), label))

        found["generate"] = generate, [normal, choice, *label]
    if hasattr(model, "encode_model"):

        def encode(packed, label=None):
            return model.encode_model(model.likelihood.observe(from_packed(packed)), label)

        found["encode"] = encode, [packed, *label]
    if hasattr(model, "encode_model") and media.key != "text":

        def reconstruct(packed, label=None):
            return to_output(model.decode_to_model(encode(packed, label), label))

        found["reconstruct"] = reconstruct, [packed, *label]
    if hasattr(model, "discriminator"):

        def discriminate(packed, label=None):
            x = from_packed(packed)
            return model.discriminator(x if label is None else [x, label])[:, 0]

        found["discriminate"] = discriminate, [packed, *label]
    return found


# What is given of a medium, how the model sees it, and what is given back.
FORMS = {
    "image": lambda media: (
        tf.TensorSpec((None, *media.shape), tf.uint8, name="images"),
        media.to_model,
        media.to_raw,
    ),
    "audio": lambda media: (
        tf.TensorSpec((None, *media.model_shape), tf.float32, name="log_mel"),
        lambda log_mel: log_mel,
        lambda log_mel: log_mel,
    ),
    "text": lambda media: (
        tf.TensorSpec((None, *media.shape), media.dtype, name="tokens"),
        media.to_model,
        lambda tokens: tokens,
    ),
}


def _written(kind, path, function, model):
    signature = function.input_signature
    inputs = {
        spec.name: value for spec, value in zip(signature, examples(model, signature, ROWS), strict=True)
    }
    expected = function(*inputs.values()).numpy()
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=PARTIAL) as scratch:
            partial = Path(scratch) / path.name
            partial.write_bytes(kind.converted(function))
            names, run = kind.loaded(partial)
            given = run({name: inputs[name] for name in names})
            apart = difference(given, expected)
            if not is_close(given, expected):
                return {"cannot": f"its output differs from the model's by {apart:.3g}"}
            row = {name: inputs[name][:1] for name in names}
            seconds = min(_seconds(run, row) for _ in range(TIMED))
            partial.replace(path)
    except Exception as error:  # noqa: BLE001 - converters and runtimes raise whatever they like
        # Converters put the traces of their compilers in front.
        reason = " ".join(str(error).split()).rpartition("error: ")[2][:LONGEST_REASON]
        return {"cannot": reason or type(error).__name__}
    return {
        "file": path.name,
        "inputs": {s.name: [s.dtype.name, *s.shape[1:]] for s in signature if s.name in names},
        "output": [expected.dtype.name, *expected.shape[1:]],
        "difference": apart,
        "bytes": path.stat().st_size,
        "milliseconds": 1000 * seconds,
    }


def _seconds(run, inputs):
    started = time.perf_counter()
    run(inputs)
    return time.perf_counter() - started


class ONNX:
    """Converted by tf2onnx, run by onnxruntime."""

    packages, ending = ("tf2onnx", "onnxruntime"), ".onnx"

    @staticmethod
    def converted(function):
        """The bytes of a file."""
        import tf2onnx

        graph, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=OPSET)
        return graph.SerializeToString()

    @staticmethod
    def loaded(path):
        """The names of a file's inputs, and a function of a dict of them."""
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        names = [value.name for value in session.get_inputs()]
        return names, lambda inputs: session.run(None, inputs)[0]


class LiteRT:
    """Converted by TensorFlow, run by ai-edge-litert."""

    packages, ending = ("ai_edge_litert",), ".tflite"

    @staticmethod
    def converted(function):
        """The bytes of a file."""
        graph = function.get_concrete_function()
        return tf.lite.TFLiteConverter.from_concrete_functions([graph], tf.Module()).convert()

    @staticmethod
    def loaded(path):
        """The names of a file's inputs, and a function of a dict of them."""
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=path.read_bytes())
        places = {place["name"].split(":")[0]: place["index"] for place in interpreter.get_input_details()}

        def run(inputs):
            for name, values in inputs.items():
                interpreter.resize_tensor_input(places[name], values.shape)
            interpreter.allocate_tensors()
            for name, values in inputs.items():
                interpreter.set_tensor(places[name], values)
            interpreter.invoke()
            return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

        return list(places), run


FORMATS = {"onnx": ONNX, "litert": LiteRT}
