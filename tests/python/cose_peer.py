"""Opens sealed messages and verifies what is in them, with pycose and nothing of Hydra's.

    cose_peer.py < CASE.json

The case has the sealed message, the recipient's name and private key, the root certificate (all hex). Writes what it read.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pycose.algorithms import A128GCM
from pycose.keys import EC2Key
from pycose.keys.curves import P256
from pycose.keys.keyparam import EC2KpX, EC2KpY
from pycose.messages import CoseMessage

ATTESTATION = -70001
X5CHAIN = 33


def private_key(scalar):
    from cryptography.hazmat.primitives.asymmetric import ec

    numbers = ec.derive_private_key(int.from_bytes(scalar), ec.SECP256R1()).public_key().public_numbers()
    return EC2Key(crv=P256, x=numbers.x.to_bytes(32), y=numbers.y.to_bytes(32), d=scalar)


def public_key(certificate):
    numbers = certificate.public_key().public_numbers()
    return EC2Key(crv=P256, x=numbers.x.to_bytes(32), y=numbers.y.to_bytes(32))


def chain_of(header):
    # pycose gives unknown labels as they are, and known ones as its own classes.
    for label, value in header.items():
        if label == X5CHAIN or getattr(label, "identifier", None) == X5CHAIN:
            return value if isinstance(value, list) else [value]
    raise SystemExit("no x5chain")


def openssl_verifies(root, chain):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)

        def pem(name, ders):
            path = folder / name
            text = b""
            for der in ders:
                text += x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
            path.write_bytes(text)
            return str(path)

        command = ["openssl", "verify", "-x509_strict", "-CAfile", pem("root", [root])]
        if chain[1:]:
            command += ["-untrusted", pem("between", chain[1:])]
        result = subprocess.run([*command, pem("leaf", chain[:1])], capture_output=True, text=True)
        return result.returncode == 0, result.stdout + result.stderr


def verify(encoded, root):
    message = CoseMessage.decode(encoded)
    chain = chain_of(message.uhdr)
    holds, said = openssl_verifies(root, chain)
    if not holds:
        raise SystemExit(f"openssl verify: {said}")
    leaf = x509.load_der_x509_certificate(chain[0])
    message.key = public_key(leaf)
    if not message.verify_signature():
        raise SystemExit("the signature does not verify")
    return message, leaf


def main():
    case = {key: value if key == "name" else bytes.fromhex(value) for key, value in json.load(sys.stdin).items()}
    sealed = CoseMessage.decode(case["sealed"])
    recipient = sealed.recipients[0]
    kid = next(v for k, v in recipient.uhdr.items() if getattr(k, "fullname", "") == "KID")
    if kid != case["name"].encode():
        raise SystemExit(f"sealed to {kid}")
    recipient.key = private_key(case["key"])
    plain = sealed.decrypt(recipient)
    signed = plain.rstrip(b"\0")
    if signed[-1:] != b"\x80":
        raise SystemExit("the padding is wrong")
    signed = signed[:-1]

    message, leaf = verify(signed, case["root"])
    payload = cbor2.loads(message.payload)
    attestation = next(v for k, v in message.uhdr.items() if k == ATTESTATION)
    attested, attester = verify(attestation, case["root"])
    attested = cbor2.loads(attested.payload)
    point = leaf.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    if attested[3] != point:
        raise SystemExit("the attestation is about another key")
    for disclosure, digest in zip(payload.get(11, []), payload[10], strict=11 in payload):
        if hashlib.sha256(cbor2.dumps(disclosure)).digest() != digest:
            raise SystemExit("a disclosure does not hash to its claim")

    def plain_json(value):
        if isinstance(value, bytes):
            return value.hex()
        if isinstance(value, dict):
            return {str(key): plain_json(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain_json(item) for item in value]
        return value

    json.dump(
        {
            "signed": signed.hex(),
            "payload": plain_json(payload),
            "attested": plain_json(attested),
            "subjects": [leaf.subject.rfc4514_string(), attester.subject.rfc4514_string()],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
