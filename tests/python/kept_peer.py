"""Reads what a kept demo has left, with pycose, openssl, cbor2, pycddl and fhir.resources, and nothing of Hydra's.

    kept_peer.py FOLDER HYDRA.cddl < OUTCOME.json

Verifies every signed message and its chains by the issuer's root, holds the supplier's statement to the figure's claims and hashes,
searches it for what the householder's copies say beyond that, and validates the observations. Writes what it counted.
"""

import hashlib
import json
import sys
from decimal import Decimal
from pathlib import Path

import cbor2
import pycddl
from cose_peer import ATTESTATION, X5CHAIN, verify
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from fhir.resources.R4B.observation import Observation
from pycose.messages import CoseMessage

STATEMENT, INTERVALS, MEASUREMENT = 1, 2, 3


def check(holds, what):
    if not holds:
        sys.exit(what)


def labels(header):
    return {getattr(label, "identifier", label) for label in header}


def opened(path, root, cddl):
    """The payload of a signed message that holds, in the only spelling there is."""
    encoded = path.read_bytes()
    message, leaf = verify(encoded, root)
    check(labels(message.phdr) == {1}, f"{path.name}: protected {message.phdr}")
    check(labels(message.uhdr) == {X5CHAIN, ATTESTATION}, f"{path.name}: unprotected {labels(message.uhdr)}")
    attestation = next(v for k, v in message.uhdr.items() if k == ATTESTATION)
    attested, _ = verify(attestation, root)
    check(labels(attested.uhdr) == {X5CHAIN}, f"{path.name}: the attestation carries {labels(attested.uhdr)}")
    subject = cbor2.loads(attested.payload)
    check(set(subject) == {1, 2, 3, 4, 5}, f"{path.name}: attested {set(subject)}")
    point = leaf.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    check(subject[3] == point, f"{path.name}: the attestation is about another key")
    payload = cbor2.loads(message.payload)
    check(cbor2.dumps(payload, canonical=True) == message.payload, f"{path.name}: not deterministic")
    check(payload[1] == subject[2] and payload[2] == subject[4] and payload[3] == subject[1], f"{path.name}: speaker")
    for rule, data in (("signed", encoded), ("message", message.payload), ("attested", attested.payload)):
        pycddl.Schema(f"start = {rule}\n{cddl}").validate_cbor(data)
    for disclosure, digest in zip(payload.get(11, []), payload[10], strict=11 in payload):
        check(hashlib.sha256(cbor2.dumps(disclosure)).digest() == digest, f"{path.name}: a disclosure")
    return payload, message.payload, encoded


def spellings(number):
    """A number in every encoding that has 4 bytes or more."""
    texts = [str(number), f"{number:x}", f"{number / Decimal(1000):.3f}", f"{number / Decimal(100):.2f}"]
    found = [text.encode() for text in texts] + [cbor2.dumps(number)]
    for size in (4, 8):
        if number < 1 << (8 * size):
            found += [number.to_bytes(size, "big"), number.to_bytes(size, "little")]
    return [spelling for spelling in found if len(spelling) >= 4]


def finer(copies):
    """Spellings of everything that the householder's copies say and a figure does not: lines, registers, intervals, salts."""
    for payload in copies:
        if payload[5] == INTERVALS:
            for start, wh in payload[9][1]:
                yield from (s for s in spellings(wh))
                yield cbor2.dumps([start, wh])
                yield start.to_bytes(4, "big") + wh.to_bytes(4, "big")
        if payload[5] == STATEMENT:
            for salt, _key, value in payload[11]:
                yield salt
                for part in value if isinstance(value, list) else [value]:
                    yield from [part] if isinstance(part, bytes) else spellings(part)
                if isinstance(value, list):
                    yield cbor2.dumps(value)
        if payload[5] == MEASUREMENT:
            yield payload[9][4].encode()


def main(folder, cddl):
    folder, cddl = Path(folder), Path(cddl).read_text()
    outcome = json.load(sys.stdin, parse_float=Decimal)
    root = (folder / "certificates/issuer-root.der").read_bytes()
    messages = folder / "messages"
    bill = outcome["statement"]

    # The supplier's statement: exactly the figure's claims, and hashes.
    payload, signed, encoded = opened(messages / "statement.cose", root, cddl)
    check(encoded.hex() == outcome["supplier"]["cose"].lower(), "the statement is not the supplier's `cose`")
    check(list(payload) == list(range(1, 11)), f"keys of the payload: {list(payload)}")
    check((payload[4], payload[5], payload[7]) == ("supplier", STATEMENT, None), "recipient, purpose, time bound")
    check(type(payload[6]) is int and len(payload[8]) == 32, "counter and previous hash")
    claims = payload[9]
    check(list(claims) == list(range(1, 11)), f"keys of the claims: {list(claims)}")
    kinds = {3: str, 4: bytes}
    check(all(type(v) is kinds.get(k, int) for k, v in claims.items()), f"types of the claims: {claims}")
    figure = (claims[3], len(claims[4]), claims[5], claims[8], claims[9], claims[10])
    expected = (bill["account"], 32, bill["total_pence"], bill["missing_intervals"], bill["repeated_intervals"], 0)
    check(figure == expected, f"the claims say {figure}, the bill {expected}")
    check(claims[6] - claims[7] == claims[8], "slots")
    check(len(payload[10]) == len(bill["lines"]) + 6, f"{len(payload[10])} hidden claims")
    check(all(type(h) is bytes and len(h) == 32 for h in payload[10]), "a hidden claim is no hash")
    check(len(set(payload[10])) == len(payload[10]), "hashes come twice")

    # Beside it the householder's copies, which open everything.
    copies = [opened(path, root, cddl)[0] for path in sorted(messages.glob("householder-*.cose"))]
    copy = next(c for c in copies if c[5] == STATEMENT)
    check((copy[9], copy[10], copy[4]) == (claims, payload[10], "householder"), "the copy is of another statement")
    hidden = {key: value for _salt, key, value in copy[11]}
    check((hidden[20], hidden[21]) == (bill["opening_wh"], bill["closing_wh"]), "registers")
    check(
        [hidden[30 + i] for i in range(len(bill["lines"]))] == [[line["wh"], line["pence"]] for line in bill["lines"]],
        "lines",
    )
    intervals = [pair for c in copies if c[5] == INTERVALS for pair in c[9][1]]
    check(len(intervals) >= claims[7], "intervals")
    check(sum(wh for _, wh in intervals) == hidden[21] - hidden[20], "the intervals' energy")

    # What is said there stands nowhere in the statement, but for what the figure says itself.
    public = cbor2.dumps(claims, canonical=True)
    searched = 0
    for spelling in set(finer(copies)):
        if spelling in public and any(spelling in cbor2.dumps(v) + str(v).encode() for v in claims.values()):
            check(spelling in spellings(claims[5]), f"{spelling} is among the claims")
            continue
        searched += 1
        check(spelling not in signed, f"{spelling.hex()} is in the supplier's statement")
    # The search finds what is there.
    check(all(s in public + b"%d" % claims[5] for s in [cbor2.dumps(claims[1]), claims[4]]), "the search is blind")

    # The clinic's observations.
    resources = [
        json.loads(path.read_text(), parse_float=Decimal) for path in sorted(messages.glob("observation-*.json"))
    ]
    check(resources == outcome["health"], "the observations are not the outcome's `health`")
    for resource in resources:
        again = json.loads(Observation.model_validate(resource).model_dump_json(), parse_float=Decimal)
        check(again == resource, f"{resource} came back as {again}")
    for path in (folder / "certificates").glob("*.der"):
        x509.load_der_x509_certificate(path.read_bytes())
    json.dump(
        {
            "messages": 1 + len(copies),
            "intervals": len(intervals),
            "measurements": sum(c[5] == MEASUREMENT for c in copies),
            "searched": searched,
            "observations": len(resources),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
