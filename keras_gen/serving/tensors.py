"""Tensors as JSON, as in TensorFlow Serving's REST API, whose messages these are."""

import base64
import binascii
import itertools
import json

import numpy as np
import tensorflow as tf

from keras_gen.serving.refusals import Refused
from keras_gen.serving.signatures import shape_of

SHOWN = 256  # characters of a value in a message
BYTES = "_bytes"  # ends names of outputs that hold no text
WIDEST = {"bool": "bool", "uint64": "uint64"}  # of the whole numbers of JSON, where int64 is not
TYPES = {"b": {bool}, "i": {int}, "u": {int}, "f": {int, float}}
KINDS = {
    type(None): "Null",
    dict: "Object",
    list: "Array",
    str: "String",
    int: "Number",
    float: "Number",
}


def parse(body):
    """What the body of a request says.

    Args:
        body: bytes.

    Returns:
        Dict.

    Raises:
        Refused: it is no JSON object, or has numbers that are none.
    """
    if not body:
        raise Refused("JSON Parse error: The document is empty")
    try:
        told = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise Refused(f"JSON Parse error: {error.msg} at offset: {error.pos}") from error
    except RecursionError as error:
        raise Refused("JSON Parse error: lists are nested too deep") from error
    except ValueError as error:  # other bytes than UTF-8, or a number of too many digits
        raise Refused(f"JSON Parse error: {error}") from error
    if not isinstance(told, dict):
        raise Refused(f"JSON Value: {_shown(told)} Is not object")
    name = told.get("signature_name", "")
    if not isinstance(name, str):
        raise Refused(
            f"JSON Value: {_shown(told)} not formatted correctly. 'signature_name' key must be a string "
            "value."
        )
    return told


def _no_number(name):
    raise ValueError(f"{name} is no number here")


def inputs_of(told, specs, media):
    """The inputs of a request.

    Args:
        told: dict, as `parse` gives it.
        specs: dict, name -> `tf.TensorSpec`.
        media: `media_files.Files` that reads images and recordings.

    Returns:
        (dict of arrays, whether they were given by rows).

    Raises:
        Refused: they are neither, or of other types or shapes.
    """
    if "instances" in told and "inputs" in told:
        raise Refused(
            f"JSON Value: {_shown(told)} Not formatted correctly expecting only one of 'inputs' or "
            "'instances' keys to exist "
        )
    if "instances" in told:
        return _by_rows(told, specs, media), True
    if "inputs" in told:
        return _by_columns(told["inputs"], specs, media), False
    raise Refused("Missing 'inputs' or 'instances' key")


def _by_rows(told, specs, media):
    rows = told["instances"]
    if not isinstance(rows, list):
        raise Refused(f"JSON Value: {_shown(told)} Expecting 'instances' to be an list/array")
    if not rows:
        raise Refused(f"JSON Value: {_shown(told)} No values in 'instances' array")
    if not isinstance(rows[0], dict) and len(specs) > 1:
        raise Refused(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as "
            "per tensorinfo_map"
        )
    if not _is_object(rows[0]):
        for place, row in enumerate(rows):
            if _is_object(row):
                raise Refused(f"Expecting value/list but got object at item {place} of input list")
        ((name, spec),) = specs.items()
        return {name: _column(rows, spec, media)}
    for place, row in enumerate(rows):
        if not _is_object(row):
            raise Refused(f"Expecting object but got list at item {place} of input list")
        for name in row.keys() - specs.keys():
            raise Refused(
                f"Failed to process element: {place} key: {name} of 'instances' list. Error: "
                f"INVALID_ARGUMENT: JSON object: does not have named input: {name}"
            )
        if row.keys() != specs.keys():
            raise Refused(
                f"Failed to process element: {place} of 'instances' list. JSON object: {_shown(row)} keys "
                f"must be equal to: {','.join(sorted(specs))}"
            )
    return {name: _column([row[name] for row in rows], spec, media, name) for name, spec in specs.items()}


def _column(values, spec, media, name=None):
    """The rows of an input; errors name the row that is wrong, and the input if there are several."""
    files = media.reader(spec)
    if files and all(_is_base64(value) for value in values):
        return files([_decoded(value) for value in values])
    array = _array(values, spec.dtype)
    if array is not None:
        return array
    shape = None
    for place, value in enumerate(values):
        try:
            own = _shape(value)
            _check(value, own, spec.dtype)
            shape = own if shape is None else shape
            if own != shape:
                raise Refused(f"Expecting shape {shape_of(shape)} but got: {shape_of(own)}")
        except Refused as error:
            key = f" key: {name}" if name else ""
            raise Refused(
                f"Failed to process element: {place}{key} of 'instances' list. Error: INVALID_ARGUMENT: "
                f"{error}"
            ) from error
    raise Refused(f"'instances' hold numbers that {spec.dtype.name} cannot")


def _by_columns(told, specs, media):
    if not _is_object(told):
        if len(specs) > 1:
            raise Refused(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as "
                "per tensorinfo_map"
            )
        told = {next(iter(specs)): told}
    for name in specs:
        if name not in told:
            raise Refused(f"Missing named input: {name} in 'inputs' object.")
    arrays = {}
    for name, spec in specs.items():
        values, files = told[name], media.reader(spec)
        if files and isinstance(values, list) and values and all(map(_is_base64, values)):
            arrays[name] = files([_decoded(value) for value in values])
            continue
        arrays[name] = _array(values, spec.dtype)
        if arrays[name] is None:
            _check(values, _shape(values), spec.dtype)
            raise Refused(f"{name} holds numbers that {spec.dtype.name} cannot")
    return arrays


def _is_base64(value):
    return isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str)


def _is_object(value):
    return isinstance(value, dict) and not _is_base64(value)


def _decoded(value):
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("Unable to base64 decode") from error


def _array(values, dtype):
    """Nested lists as an array; None where something is wrong, which `_check` tells."""
    shape, kinds = [], {type(values)}
    leaves = [values]
    while kinds == {list}:
        sizes = set(map(len, leaves))
        if len(sizes) > 1:
            return None
        shape += sizes
        leaves = list(itertools.chain.from_iterable(leaves))
        kinds = set(map(type, leaves))
    if dtype == tf.string:
        if not kinds <= {str, dict} or not all(isinstance(leaf, str) or _is_base64(leaf) for leaf in leaves):
            return None
        array = np.empty(len(leaves), object)
        array[:] = [_encoded(leaf) if isinstance(leaf, str) else _decoded(leaf) for leaf in leaves]
        return array.reshape(shape)
    wanted = np.dtype(dtype.as_numpy_dtype)
    if not kinds <= TYPES.get(wanted.kind, set()):
        return None
    try:
        if wanted.kind == "f":
            # What is too large for the type becomes infinite, and is told below.
            with np.errstate(over="ignore"):
                array = np.array(leaves, "float64").astype(wanted)
            is_right = np.isfinite(array).all()
        else:
            wide = np.array(leaves, WIDEST.get(wanted.name, "int64"))
            array = wide.astype(wanted)
            is_right = (array == wide).all()
    except OverflowError:
        return None
    return array.reshape(shape) if is_right else None


def _encoded(text):
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Refused("JSON Parse error: a string has half of a surrogate pair") from error


def _shape(value):
    """The shape that the first elements tell."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return shape


def _check(value, shape, dtype, level=0):
    """Refuses the first element that is not of a type, or not at its place in a shape."""
    if isinstance(value, list):
        if level >= len(shape):
            raise Refused(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
        if len(value) != shape[level]:
            raise Refused(
                f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: "
                f"{shape[level]}"
            )
        for element in value:
            _check(element, shape, dtype, level + 1)
        return
    if level != len(shape):
        raise Refused(
            f"JSON Value: {_shown(value)} found at incorrect level: {level + 1} in the JSON DOM. Expected at "
            f"level: {len(shape)}"
        )
    if dtype == tf.string and isinstance(value, dict) and not _is_base64(value):
        raise Refused(f"JSON Value: {_shown(value)} not formatted correctly for base64 data")
    if _array(value, dtype) is None:
        kind = str(value) if isinstance(value, bool) else KINDS[type(value)]
        told = dtype.name.replace("float32", "float")
        raise Refused(f"JSON Value: {_shown(value)} Type: {kind} is not of expected type: {told}")


def _shown(value):
    parts, length = [], 0
    for part in json.JSONEncoder().iterencode(value):
        parts.append(part)
        length += len(part)
        if length > SHOWN:
            break
    return "".join(parts)[:SHOWN]


def answer(outputs, by_rows):
    """The body that tells outputs: bytes.

    Args:
        outputs: dict of arrays.
        by_rows: bool, as `inputs_of` gives it.
    """
    columns = {name: _lists(name, values) for name, values in sorted(outputs.items())}
    if len(columns) == 1:
        (told,) = columns.values()
    elif by_rows:
        told = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    else:
        told = columns
    return json.dumps({"predictions" if by_rows else "outputs": told}).encode()


def _lists(name, values):
    if values.dtype == object:
        return _texts(values.tolist(), name.endswith(BYTES))
    if values.dtype in (np.float16, np.float32):
        # As few digits as tell the number among those of its type.
        short = values.astype(str).astype("float64")
        values = np.where(short.astype(values.dtype) == values, short, values.astype("float64"))
    return values.tolist()


def _texts(value, are_bytes):
    if isinstance(value, list):
        return [_texts(each, are_bytes) for each in value]
    if not are_bytes:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return {"b64": base64.b64encode(value).decode()}
