#!/usr/bin/env python3
"""Corrupts a checkpoint at random and checks that `router inspect --verify` refuses every corruption.

    .ci/checks/corruptions.py FILE.safetensors.zst [--count 1000] [--seed 1] [--router .build/release/router]

Bit flips, overwritten bytes, truncations, zeroed and swapped ranges are made in a scratch copy and undone. Half of
them fall into the first or last 4 kB, where the structure lies. Each must end with status 1 and a message,
without a signal, within --seconds. Exits with status 1 if one does not.
"""

import argparse
import collections
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

EDGE = 4096


def place(random, size, length):
    """Start of a range of `length` bytes: anywhere, or near the beginning or the end."""
    last = size - length
    where = random.random()
    if where < 0.25:
        return random.randint(0, min(EDGE, last))
    if where < 0.5:
        return random.randint(max(0, last - EDGE), last)
    return random.randint(0, last)


def corruption(random, data):
    """(kind, [(offset, bytes)], new size): changes that make a difference."""
    size = len(data)
    while True:
        kind = random.choice(["bit flip", "overwrite", "truncation", "zeroes", "swap"])
        if kind == "truncation":
            return kind, [], place(random, size - 1, 0)
        if kind == "bit flip":
            at = place(random, size, 1)
            changes = [(at, bytes([data[at] ^ 1 << random.randrange(8)]))]
        elif kind == "overwrite":
            length = random.randint(1, 64)
            changes = [(place(random, size, length), random.randbytes(length))]
        elif kind == "zeroes":
            length = random.choice([1, 4, 16, 512, 65536])
            changes = [(place(random, size, length), bytes(length))]
        else:
            length = random.choice([1, 4, 64, 4096])
            a, b = place(random, size, length), place(random, size, length)
            if abs(a - b) < length:
                continue
            changes = [(a, data[b : b + length]), (b, data[a : a + length])]
        if any(data[at : at + len(new)] != new for at, new in changes):
            return kind, changes, size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--router", default=".build/release/router")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()

    data = arguments.file.read_bytes()
    generator = random.Random(arguments.seed)
    kinds, messages, failures = collections.Counter(), collections.Counter(), 0
    with tempfile.TemporaryDirectory() as directory:
        copy = pathlib.Path(directory) / "copy.safetensors.zst"
        shutil.copyfile(arguments.file, copy)
        command = [arguments.router, "inspect", "--verify", "--threads", "1", "--model", copy]

        def run():
            return subprocess.run(command, capture_output=True, timeout=arguments.seconds)

        if run().returncode != 0:
            sys.exit("the file itself does not verify")
        with open(copy, "r+b") as file:
            for index in range(arguments.count):
                kind, changes, size = corruption(generator, data)
                for at, new in changes:
                    os.pwrite(file.fileno(), new, at)
                os.truncate(copy, size)
                try:
                    done = run()
                    good = done.returncode == 1 and done.stderr.startswith(b"Error: ")
                    what = f"status {done.returncode}: {done.stderr.decode(errors='replace')[-300:]!r}"
                    messages[done.stderr.decode(errors="replace").split("(")[0][:70].strip()] += 1
                except subprocess.TimeoutExpired:
                    good, what = False, f"no end after {arguments.seconds} s"
                kinds[kind] += 1
                if not good:
                    failures += 1
                    ranges = [(at, len(new)) for at, new in changes]
                    print(f"corruption {index}, {kind} {ranges}, size {size} of {len(data)}: {what}", flush=True)
                os.pwrite(file.fileno(), data[size:], size)
                for at, new in changes:
                    os.pwrite(file.fileno(), data[at : at + len(new)], at)
        if copy.read_bytes() != data or run().returncode != 0:
            sys.exit("the copy was not restored")
    for message, count in messages.most_common(12):
        print(f"{count:6} {message}")
    print(f"{arguments.count} corruptions ({dict(kinds)}): {failures} were not refused properly")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
