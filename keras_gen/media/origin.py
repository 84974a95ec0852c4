"""What files say of their origin: that they are synthetic, and by which model.

Images carry it as XMP in the properties of the IPTC Photo Metadata Standard 2025.1, recordings as JSON in the
comment of WAV, FLAC, OGG and MP3. Whoever copies pixels or samples alone leaves it behind.
"""

import dataclasses
import io
import json
import xml.etree.ElementTree as xml
from pathlib import Path

import soundfile
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from keras_gen.errors import InputError

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED = SOURCE_TYPES + "trainedAlgorithmicMedia"
COMPOSITE = SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"  # with recorded media beside or in it

SYNTHETIC = (
    "algorithmicMedia",
    "compositeSynthetic",
    "compositeWithTrainedAlgorithmicMedia",
    "trainedAlgorithmicMedia",
)

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
META = "adobe:ns:meta/"
for prefix, namespace in {"rdf": RDF, "Iptc4xmpExt": IPTC, "x": META}.items():
    xml.register_namespace(prefix, namespace)
PROPERTIES = {"source_type": "DigitalSourceType", "system": "AISystemUsed", "version": "AISystemVersionUsed"}
PNG_KEY = "XML:com.adobe.xmp"
LONGEST = 1 << 20  # bytes of XMP that are read


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where a synthetic file comes from.

    Args:
        system: str, the model, such as "digits-gan (keras_gen 1.0)".
        version: str, which one, such as a checksum of its file.
        source_type: str, a term of IPTC's digital source types.
    """

    system: str
    version: str
    source_type: str = GENERATED

    @property
    def is_synthetic(self):
        """Whether the source type is of what algorithms made, and not of what was captured."""
        return self.source_type.rpartition("/")[2] in SYNTHETIC

    def xmp(self):
        """The packet of XMP that says so: bytes."""
        root = xml.Element(f"{{{META}}}xmpmeta")
        about = xml.SubElement(xml.SubElement(root, f"{{{RDF}}}RDF"), f"{{{RDF}}}Description")
        about.set(f"{{{RDF}}}about", "")
        for field, name in PROPERTIES.items():
            about.set(f"{{{IPTC}}}{name}", getattr(self, field))
        packet = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        return (packet + xml.tostring(root, encoding="unicode") + '\n<?xpacket end="w"?>').encode()

    def png_chunks(self):
        """The same as what Pillow's `save` takes as `pnginfo`; that of JPEG and WebP takes `xmp`."""
        chunks = PngImagePlugin.PngInfo()
        chunks.add_itxt(PNG_KEY, self.xmp().decode())
        return chunks

    def comment(self):
        """The same as a line of JSON, for formats whose tags are texts: str."""
        return json.dumps(dataclasses.asdict(self))


def read_origin(path):
    """What a file says of its origin in itself.

    Args:
        path: of a PNG, JPEG, WebP, WAV, FLAC, OGG or MP3 file.

    Returns:
        `Origin`, or None where it says nothing, or is of another kind.

    Raises:
        InputError: there is no such file to read.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    return _of_image(raw) or _of_recording(raw)


def _of_image(raw):
    try:
        with Image.open(io.BytesIO(raw), formats=("PNG", "JPEG", "WEBP")) as image:
            if image.format == "PNG" and "xmp" not in image.info:
                image.load()  # the chunk may stand behind the pixels
            packet = image.info.get("xmp") or b""
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    packet = packet.encode() if isinstance(packet, str) else packet
    if len(packet) > LONGEST or b"<!DOCTYPE" in packet:
        return None
    try:
        root = xml.fromstring(packet.decode("utf-8").strip("\0 \ufeff\n"))
    except (xml.ParseError, UnicodeDecodeError):
        return None
    found = {field: _property(root, f"{{{IPTC}}}{name}") for field, name in PROPERTIES.items()}
    return Origin(**found) if found["source_type"] else None


def _property(root, name):
    """A property of XMP, which stands in an attribute, an element, or a link of that."""
    for element in root.iter():
        if name in element.attrib:
            return element.attrib[name]
        if element.tag == name:
            return element.attrib.get(f"{{{RDF}}}resource") or (element.text or "").strip()
    return ""


def _of_recording(raw):
    try:
        with soundfile.SoundFile(io.BytesIO(raw)) as file:
            told = json.loads(file.comment)
    except (soundfile.LibsndfileError, ValueError, RecursionError):
        return None
    fields = [field.name for field in dataclasses.fields(Origin)]
    if not isinstance(told, dict) or not all(isinstance(told.get(field), str) for field in fields):
        return None
    return Origin(*(told[field] for field in fields))
