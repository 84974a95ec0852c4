"""`keras-gen sign`: puts a signed manifest into synthetic files."""

from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import path_of
from keras_gen.cli.terminal import say, start_tensorflow
from keras_gen.errors import InputError


def sign(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="PNG, JPEG, WebP or WAV files that say their origin.", parser=path_of
        ),
    ],
    certificate: Annotated[
        Path | None,
        typer.Option(help="PEM file: your certificate first, then those that confirm it.", parser=path_of),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="PEM file with the private key of the certificate.", parser=path_of)
    ] = None,
    trial: Annotated[
        bool,
        typer.Option(
            "--trial", help="Sign with a certificate that is made for this call, and that nobody trusts."
        ),
    ] = False,
):
    """Signs the origin of synthetic files by C2PA; keras-gen inspect reads it."""
    if trial == bool(certificate or key) or (certificate is None) != (key is None):
        raise InputError("Give both --certificate and --key, or --trial.")
    start_tensorflow()
    from keras_gen.runs import provenance, signing

    origins = []
    for file in files:
        found = provenance.inspect(file)
        if found.within is None and found.beside is None:
            raise InputError(f"{file} does not say where it comes from, so there is nothing to sign.")
        origins.append(found.within or found.beside)
    credentials = signing.trial_credentials() if trial else signing.read_credentials(certificate, key)
    for file, origin in zip(files, origins, strict=True):
        signing.sign(file, origin, credentials)
        provenance.renew(file)
        say(f"{file}: signed")
