"""Checks CBOR against the rules of a CDDL file.

    cddl_check.py FILE.cddl < CASES.json

A case is {"rule": name, "cbor": hex, "fits": true or false}; each must fit its rule, or not, as it says.
"""

import json
import sys

import pycddl


def main(path):
    text = open(path).read()
    wrong = []
    for number, case in enumerate(json.load(sys.stdin)):
        # The first rule of a CDDL text is what is checked (RFC 8610 §2).
        schema = pycddl.Schema(f"start = {case['rule']}\n{text}")
        try:
            schema.validate_cbor(bytes.fromhex(case["cbor"]))
            fits = True
            why = "it fits"
        except pycddl.ValidationError as error:
            fits = False
            why = str(error)
        if fits != case["fits"]:
            wrong.append(f"case {number}, rule {case['rule']}: {why}")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main(sys.argv[1])
