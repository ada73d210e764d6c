#!/usr/bin/env python3
"""Holds the answers of two builds of cdmpp against each other, to the bit.

    benches/same_answers/compare.py FOLDER-A FOLDER-B [--tolerance NAME=REL ...]

The folders are what `run.sh` wrote. Compared are exit codes, standard output, every tensor of every checkpoint by name
and byte, and every value of the reports and predictions of A that is also to be in B. Left out are times, versions, and
what B has beyond A (`--tolerance adapt-cmd=1e-3` allows relative differences in the answers whose names begin so).
Exits with 1 if something differs. Needs Python alone.
"""

import argparse
import json
import pathlib
import struct
import sys

VOLATILE = {"seconds", "versions", "version", "command"}
# Standard error may be worded anew; what it says of numbers is in the reports.
SUFFIXES = {".code", ".out", ".json", ".jsonl", ".safetensors", ".dot"}


def tensors(path):
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    header.pop("__metadata__", None)
    return {
        name: {"dtype": t["dtype"], "shape": t["shape"], "bytes": body[slice(*t["data_offsets"])]}
        for name, t in header.items()
    }


def numbers_of(t):
    return struct.unpack(f"<{len(t['bytes']) // 4}f", t["bytes"])


def near(a, b, tolerance):
    return a == b or (tolerance > 0 and abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-9))


def differences(a, b, tolerance, at=""):
    """Where b lacks or changes what is in a."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key, value in a.items():
            if key in VOLATILE:
                continue
            if key not in b:
                yield f"{at}.{key} is gone"
            else:
                yield from differences(value, b[key], tolerance, f"{at}.{key}")
    elif isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            yield f"{at} has {len(b)} entries, not {len(a)}"
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, tolerance, f"{at}[{i}]")
    elif isinstance(a, (int, float)) and isinstance(b, (int, float)) and not isinstance(a, bool):
        if not near(a, b, tolerance):
            yield f"{at} is {b!r}, not {a!r}"
    elif a != b:
        yield f"{at} is {b!r}, not {a!r}"


def compare(a, b, tolerance):
    if a.suffix == ".safetensors":
        left, right = tensors(a), tensors(b)
        for name in sorted(left.keys() | right.keys()):
            if name not in left or name not in right:
                yield f"{name} is in one checkpoint only"
            elif left[name] != right[name]:
                pairs = list(zip(numbers_of(left[name]), numbers_of(right[name])))
                if left[name]["shape"] != right[name]["shape"] or not all(near(x, y, tolerance) for x, y in pairs):
                    yield f"{name} differs by {max(abs(x - y) for x, y in pairs):.3g}"
    elif a.suffix == ".json":
        yield from differences(json.loads(a.read_text()), json.loads(b.read_text()), tolerance)
    elif a.suffix == ".jsonl" and a.name.count(".") > 1:
        lines = [[json.loads(line) for line in path.read_text().splitlines()] for path in (a, b)]
        yield from differences(*lines, tolerance)
    elif a.read_text() != b.read_text():
        for i, (x, y) in enumerate(zip(a.read_text().splitlines(), b.read_text().splitlines())):
            if x != y:
                yield f"line {i + 1} is {y!r}, not {x!r}"
                return
        yield "one is longer"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("a", type=pathlib.Path)
    parser.add_argument("b", type=pathlib.Path)
    parser.add_argument("--tolerance", action="append", default=[], metavar="NAME=REL")
    arguments = parser.parse_args()
    allowed = dict(entry.split("=") for entry in arguments.tolerance)
    n, failed = 0, 0
    for a in sorted(arguments.a.iterdir()):
        if a.suffix not in SUFFIXES:
            continue
        n += 1
        b = arguments.b / a.name
        tolerance = max((float(rel) for name, rel in allowed.items() if a.name.startswith(name)), default=0.0)
        found = list(compare(a, b, tolerance)) if b.exists() else ["is not there"]
        if found:
            failed += 1
            print(f"{a.name}: {found[0]}" + (f" (and {len(found) - 1} more)" if len(found) > 1 else ""))
    print(f"{n} answers compared, {failed} differ")
    sys.exit(1 if failed or n == 0 else 0)


main()
