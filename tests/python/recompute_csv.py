"""Recomputes a bill from a readings file with `decimal`, knowing nothing of Hydra's code.

usage: recompute_csv.py READINGS.csv TARIFF.toml FROM TO
"""

import csv
import json
import sys
import tomllib
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal


def instant(text):
    when = datetime.fromisoformat(text)
    return when.replace(tzinfo=timezone.utc) if when.tzinfo is None else when.astimezone(timezone.utc)


def pence(amount):
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def minute(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def in_window(moment, window):
    start, end = (minute(part) for part in window.split("-"))
    return start <= moment < end if start < end else moment >= start or moment < end


def main(readings, tariff, first, last):
    rows = [(instant(row["start"]), row["kwh"]) for row in csv.DictReader(open(readings))]
    starts = sorted({start for start, _ in rows})
    steps = Counter(b - a for a, b in zip(starts, starts[1:]))
    step = max(steps, key=lambda step: (steps[step], -step))
    begin, end = (
        datetime.combine(date.fromisoformat(day), datetime.min.time(), timezone.utc) for day in (first, last)
    )
    energy, repeated = {}, 0
    for start, kwh in rows:
        if begin <= start < end:
            if start in energy:
                repeated += 1
            else:
                energy[start] = int((Decimal(kwh) * 1000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    document = tomllib.load(open(tariff, "rb"))
    lines = [{"name": rate["name"], "wh": 0} for rate in document["rate"]]
    rest = next(i for i, rate in enumerate(document["rate"]) if "windows" not in rate)
    for start, wh in energy.items():
        moment = start.hour * 60 + start.minute
        hit = [
            i
            for i, rate in enumerate(document["rate"])
            if any(in_window(moment, window) for window in rate.get("windows", []))
        ]
        lines[hit[0] if hit else rest]["wh"] += wh
    for line, rate in zip(lines, document["rate"]):
        line["pence"] = pence(line["wh"] * Decimal(rate["price"]) / 1000)
    standing = pence(Decimal(document["standing_charge"]) * (end - begin).days)
    net = standing + sum(line["pence"] for line in lines)
    vat = pence(Decimal(net) * Decimal(document["vat_percent"]) / 100)
    # A slot begins every step from the period's start; one in which no row starts is missing.
    slots = -((begin - end) // step)
    print(
        json.dumps(
            {
                "lines": lines,
                "standing_pence": standing,
                "vat_pence": vat,
                "total_pence": net + vat,
                "missing_intervals": slots - len({(start - begin) // step for start in energy}),
                "repeated_intervals": repeated,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
