"""Validates FHIR Observations with fhir.resources, and writes how many there were.

    fhir_check.py < OBSERVATIONS.json

The package has no R4 model; R4B's Observation is R4's for what is used here, and the fields are compared after a round trip, so
that nothing was passed over.
"""

import json
import sys
from decimal import Decimal

from fhir.resources.R4B.observation import Observation


def main():
    resources = json.load(sys.stdin, parse_float=Decimal)
    for resource in resources:
        observation = Observation.model_validate(resource)
        again = json.loads(observation.model_dump_json(), parse_float=Decimal)
        if again != resource:
            sys.exit(f"{resource} came back as {again}")
    json.dump({"valid": len(resources)}, sys.stdout)


if __name__ == "__main__":
    main()
