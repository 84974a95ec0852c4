"""Manifests of C2PA, which prove by a signature who says where a synthetic file comes from.

Source: C2PA Specification 2.2, https://spec.c2pa.org.
"""

import contextlib
import datetime
import json
from pathlib import Path
from typing import NamedTuple

import keras_gen
from keras_gen.errors import InputError
from keras_gen.files import replace_atomically
from keras_gen.media import Origin

SIGNED = (".png", ".jpg", ".jpeg", ".webp", ".wav")  # that carry a manifest
TRIAL = "keras_gen trial, not to be trusted"
UNUSED = (  # purposes of keys that sign
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "encipher_only",
    "decipher_only",
)


class Credentials(NamedTuple):
    """What signs: a chain of certificates, the signer's first, and its private key, bytes in PEM."""

    certificates: bytes
    key: bytes


class Signature(NamedTuple):
    """What a signed file tells.

    Args:
        origin: `Origin` that is signed, or None where the manifest tells of no model.
        signer: name in the certificate; whether anybody vouches for it is not asked.
        is_valid: whether the file is as it was signed.
    """

    origin: Origin | None
    signer: str
    is_valid: bool


def read_credentials(certificates, key):
    """The credentials in two files.

    Raises:
        InputError: a file cannot be read.
    """
    found = []
    for path in (certificates, key):
        try:
            found.append(Path(path).read_bytes())
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    return Credentials(*found)


def sign(path, origin, credentials):
    """Puts a signed manifest into a file, in the place of one that is there.

    Args:
        path: `pathlib.Path` of a PNG, JPEG, WebP or WAV file.
        origin: `Origin` to sign.
        credentials: `Credentials`.

    Raises:
        InputError: the extra `provenance` is not installed, the file is of another kind, or the credentials
            cannot sign.
    """
    c2pa = _library()
    if path.suffix.lower() not in SIGNED:
        raise InputError(f"{path} cannot be signed: files that carry a manifest end in {', '.join(SIGNED)}.")
    manifest = {
        "claim_generator_info": [{"name": "keras_gen", "version": keras_gen.__version__}],
        "title": path.name,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [_created(origin)]}}],
    }
    settings = c2pa.Settings.from_dict({"builder": {"thumbnail": {"enabled": False}}})
    try:
        told = c2pa.C2paSignerInfo(_algorithm(credentials.key), *credentials, None)
        with (
            c2pa.Signer.from_info(told) as signer,
            c2pa.Context(settings) as context,
            c2pa.Builder(json.dumps(manifest), context) as builder,
        ):
            replace_atomically(path, lambda partial: builder.sign_file(path, partial, signer))
    except c2pa.C2paError as error:
        raise InputError(f"{path} cannot be signed with this certificate and key: {error}.") from error


def read_signature(path):
    """The `Signature` in a file; None where there is none, or the extra `provenance` is not installed."""
    with contextlib.suppress(InputError):
        c2pa = _library()
        try:
            reader = c2pa.Reader.try_create(path)
        except c2pa.C2paError:
            return None
        if reader is None:
            return None
        with reader:
            manifest = reader.get_active_manifest() or {}
            signer = (manifest.get("signature_info") or {}).get("common_name") or "somebody"
            return Signature(_origin(manifest), signer, reader.get_validation_state() in ("Valid", "Trusted"))


def trial_credentials():
    """Credentials that nobody trusts, to try signing with: a root of its own and a certificate by it."""
    with _needed():
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)

    def certificate(name, public_key, is_root):
        named, by = (
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
            for text in (name, f"{TRIAL}: root")
        )
        uses = dict.fromkeys(UNUSED, False)
        uses |= {"digital_signature": not is_root, "key_cert_sign": is_root, "crl_sign": is_root}
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
        made = x509.CertificateBuilder(by, named, public_key, x509.random_serial_number())
        made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=365))
        made = made.add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        made = made.add_extension(x509.KeyUsage(**uses), critical=True)
        made = made.add_extension(identifier, critical=False)
        if not is_root:
            # What C2PA asks of a certificate that signs.
            purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
            made = made.add_extension(purpose, critical=False)
        return made.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    own = certificate(TRIAL, key.public_key(), is_root=False)
    root = certificate(f"{TRIAL}: root", root_key.public_key(), is_root=True)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Credentials(own + root, private)


def _created(origin):
    return {
        "action": "c2pa.created",
        "digitalSourceType": origin.source_type,
        "softwareAgent": {"name": origin.system, "version": origin.version},
    }


def _origin(manifest):
    for assertion in manifest.get("assertions", []):
        for action in (assertion.get("data") or {}).get("actions", []):
            agent = action.get("softwareAgent")
            if action.get("action") == "c2pa.created" and isinstance(agent, dict):
                told = agent.get("name", ""), agent.get("version", ""), action.get("digitalSourceType", "")
                return Origin(*map(str, told))
    return None


def _algorithm(key):
    """The name that C2PA has for what a private key signs with."""
    with _needed():
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    try:
        loaded = serialization.load_pem_private_key(key, password=None)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"The private key cannot be read: {error}. Give it in PEM, without a password."
        ) from error
    if isinstance(loaded, ec.EllipticCurvePrivateKey):
        return {256: b"es256", 384: b"es384"}.get(loaded.curve.key_size, b"es512")
    if isinstance(loaded, rsa.RSAPrivateKey):
        return b"ps256"
    if isinstance(loaded, ed25519.Ed25519PrivateKey):
        return b"ed25519"
    raise InputError("The private key is of a kind that C2PA does not sign with: take ECDSA, RSA or Ed25519.")


def _library():
    with _needed():
        import c2pa
    return c2pa


@contextlib.contextmanager
def _needed():
    try:
        yield
    except ImportError as error:
        raise InputError(
            f"Signing needs {error.name}: pip install keras_gen[provenance] brings it."
        ) from error
