"""Content credentials: a C2PA manifest signed last into a finished clip, and read back and checked."""

import datetime
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel

from .errors import InputError, PopcornError

LOCAL = "popcorn-agents local certificate (self-generated)"
SOURCE_TYPES = {"animatic": "algorithmicMedia", "footage": "trainedAlgorithmicMedia"}
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
FACTS = "org.popcorn-agents.render"
UNTRUSTED = "signingCredential.untrusted"  # a certificate on no trust list: says nothing against the file itself


@dataclass(frozen=True)
class Identity:
    """Who signs: a PEM chain and its private key."""

    chain: bytes
    key: bytes
    local: bool

    @property
    def fingerprint(self) -> str:
        """Hash of the certificates; part of every clip's key."""
        return hashlib.sha256(self.chain).hexdigest()


class Verdict(BaseModel):
    """What a file's credentials say, and whether they hold."""

    path: str
    state: Literal["valid", "invalid", "unsigned"]
    signer: str = ""
    local_certificate: bool = False
    trusted: bool = False
    source_type: str = ""
    title: str = ""
    facts: dict[str, Any] = {}
    metadata: dict[str, str] = {}
    problems: list[str] = []


def identity() -> Identity:
    """The user's certificate (POPCORN_SIGN_CERT and POPCORN_SIGN_KEY name PEM files), else a local one made once.

    Raises InputError for files that cannot be read, PopcornError where a local certificate cannot be kept.
    """
    cert, key = os.environ.get("POPCORN_SIGN_CERT"), os.environ.get("POPCORN_SIGN_KEY")
    if bool(cert) != bool(key):
        raise InputError("POPCORN_SIGN_CERT and POPCORN_SIGN_KEY belong together: set both or neither.")
    if cert and key:
        try:
            return Identity(Path(cert).read_bytes(), Path(key).read_bytes(), local=False)
        except OSError as error:
            raise InputError(
                f"The signing certificate or key cannot be read ({error.strerror}); check both paths."
            ) from error
    return _local_identity(platformdirs.user_data_path("popcorn-agents") / "signing")


def sign(path: Path, *, kind: str, title: str, facts: dict[str, Any], by: Identity) -> None:
    """Add a signed manifest to the file, in place and whole or not at all; any later change of a byte breaks it.

    Raises PopcornError where the certificate cannot sign or the disk cannot take the file.
    """
    import c2pa

    manifest = {
        "claim_generator_info": [{"name": "popcorn-agents", "version": _version()}],
        "title": title,
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [_created(kind)]}},
            {"label": FACTS, "data": facts},
        ],
    }
    temp = path.with_name(f".{path.stem[:40]}-signed.mp4")
    try:
        info = c2pa.C2paSignerInfo(alg=_algorithm(by.key), sign_cert=by.chain, private_key=by.key, ta_url=None)
        with c2pa.Builder(json.dumps(manifest)) as builder, c2pa.Signer.from_info(info) as signer:
            builder.sign_file(str(path), str(temp), signer)
        temp.replace(path)
    except (c2pa.C2paError, OSError, ValueError, TypeError) as error:  # TypeError: the key has a password
        reason = " ".join(str(error).split())[:200]
        raise PopcornError(
            f"{path.name} could not be signed ({reason}); check POPCORN_SIGN_CERT, POPCORN_SIGN_KEY and the disk."
        ) from error
    finally:
        temp.unlink(missing_ok=True)


def verify(path: Path) -> Verdict:
    """Read and check a file's credentials; raises InputError for no file, PopcornError for one that is no video."""
    import c2pa

    from .video import probe

    if not path.is_file():
        raise InputError(f"There is no file {path}; check the path.")
    metadata = probe(path).metadata
    try:
        with c2pa.Reader(str(path)) as reader:
            record = json.loads(reader.json())
    except c2pa.C2paError as error:
        if "ManifestNotFound" in str(error):
            return Verdict(path=str(path), state="unsigned", metadata=metadata)
        problem = " ".join(str(error).split())[:300]
        return Verdict(path=str(path), state="invalid", metadata=metadata, problems=[problem])
    return _verdict(path, record, metadata)


def _verdict(path: Path, record: dict[str, Any], metadata: dict[str, str]) -> Verdict:
    manifest = record["manifests"][record["active_manifest"]]
    assertions = {item["label"].removesuffix(".v2"): item["data"] for item in manifest.get("assertions", [])}
    actions = assertions.get("c2pa.actions", {}).get("actions", [])
    kinds = [action.get("digitalSourceType", "") for action in actions]
    signature = manifest.get("signature_info", {})
    codes = [status["code"] for status in record.get("validation_status", [])]
    problems = [code for code in codes if code != UNTRUSTED]
    return Verdict(
        path=str(path),
        state="invalid" if problems or record.get("validation_state") == "Invalid" else "valid",
        signer=signature.get("issuer") or signature.get("common_name") or "unknown",
        local_certificate=signature.get("issuer") == LOCAL,
        trusted=record.get("validation_state") == "Trusted",
        source_type=next((kind.removeprefix(IPTC) for kind in kinds if kind), ""),
        title=manifest.get("title", ""),
        facts=assertions.get(FACTS, {}),
        metadata=metadata,
        problems=problems,
    )


def _created(kind: str) -> dict[str, Any]:
    agent = {"name": "popcorn-agents", "version": _version()}
    return {"action": "c2pa.created", "digitalSourceType": IPTC + SOURCE_TYPES[kind], "softwareAgent": agent}


def _version() -> str:
    from importlib.metadata import version

    return version("popcorn-agents")


def _algorithm(key: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    private = load_pem_private_key(key, password=None)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        sizes = {256: b"es256", 384: b"es384", 521: b"es512"}
        if private.curve.key_size in sizes:
            return sizes[private.curve.key_size]
    if isinstance(private, rsa.RSAPrivateKey):
        return b"ps256"
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return b"ed25519"
    raise ValueError("its key is of a kind that C2PA does not take")


def _local_identity(folder: Path) -> Identity:
    """The certificate and key kept in the folder, made at the first use and readable by their owner alone."""
    from filelock import FileLock

    cert, key = folder / "certificate.pem", folder / "key.pem"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(folder / ".lock"):  # two first runs at once must not mix a certificate with the other's key
            if not (cert.is_file() and key.is_file()):
                chain, private = _make_certificate()
                _write_private(key, private)
                _write_private(cert, chain)
        return Identity(cert.read_bytes(), key.read_bytes(), local=True)
    except OSError as error:
        raise PopcornError(
            f"The local signing certificate cannot be kept in {folder} ({error.strerror}); make the folder "
            "writable, or set POPCORN_SIGN_CERT and POPCORN_SIGN_KEY."
        ) from error


def _write_private(path: Path, content: bytes) -> None:
    temp = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    temp.replace(path)


def _make_certificate() -> tuple[bytes, bytes]:
    """A chain (leaf, then its own root) and the leaf's key as PEM: as C2PA asks, vouched for by nobody."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    chain = b"".join(
        _certificate(*who).public_bytes(serialization.Encoding.PEM)
        for who in (("signer", leaf, root, False), ("root", root, root, True))
    )
    plain = serialization.NoEncryption()
    return chain, leaf.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def _certificate(role: str, key: Any, issuer: Any, authority: bool) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(of: str) -> x509.Name:
        pairs = ((NameOID.ORGANIZATION_NAME, LOCAL), (NameOID.COMMON_NAME, f"popcorn-agents local {of}"))
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs])

    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    usage |= {"digital_signature": not authority, "key_cert_sign": authority, "crl_sign": authority}
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(role))
        .issuer_name(name("root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + 3650 * day)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if not authority:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
        builder = builder.add_extension(purpose, critical=False).add_extension(above, critical=False)
    return builder.sign(issuer, hashes.SHA256())
