"""Recomputes bills with decimal arithmetic, knowing nothing of Hydra's code.

    bill.py < CASES.json

A case is {"toml": text, "intervals": [[start, wh], …], "days": n}. Output is JSON.
"""

import json
import sys
import tomllib
from decimal import ROUND_HALF_UP, Decimal, getcontext

getcontext().prec = 80

WHOLE = Decimal(1)


def penny(value):
    return value.quantize(WHOLE, rounding=ROUND_HALF_UP)


def minutes(text):
    hours, minute = text.split(":")
    return int(hours) * 60 + int(minute)


def rate_index(rates, start):
    minute = start % 86400 // 60
    rest = None
    for index, rate in enumerate(rates):
        if not rate.get("windows"):
            rest = index
        for window in rate.get("windows", []):
            begin, end = (minutes(part) for part in window.split("-"))
            day = [m % 1440 for m in range(begin, end if end > begin else end + 1440)]
            if minute in day:
                return index
    return rest


def bill(tariff, intervals, days):
    rates = tariff["rate"]
    energy = [0] * len(rates)
    cache = {}
    for start, wh in intervals:
        minute = start % 86400 // 60
        if minute not in cache:
            cache[minute] = rate_index(rates, start)
        energy[cache[minute]] += wh
    lines = [
        {"name": r["name"], "wh": wh, "pence": int(penny(Decimal(wh) / 1000 * Decimal(r["price"])))}
        for r, wh in zip(rates, energy)
    ]
    standing = penny(days * Decimal(tariff["standing_charge"]))
    net = standing + sum(line["pence"] for line in lines)
    vat = penny(net * Decimal(tariff["vat_percent"]) / 100)
    return {
        "lines": lines,
        "standing_pence": int(standing),
        "vat_pence": int(vat),
        "total_pence": int(net + vat),
    }


def main():
    cases = json.load(sys.stdin)
    bills = [bill(tomllib.loads(c["toml"]), c["intervals"], c["days"]) for c in cases]
    json.dump(bills, sys.stdout)


if __name__ == "__main__":
    main()
