#!/usr/bin/env python3
"""Opens a checkpoint with stock tools alone: zstd, and Python's safetensors with numpy.

    checkpoint.py FILE.safetensors.zst [--against ORIGINAL.safetensors]

Checks that `zstd` tests and decompresses the file, that safetensors opens the result, that the seek table
describes the frames and that these are cut at layer boundaries; with --against, that every tensor (planes
joined) equals the one of the same name in an ordinary safetensors file.
"""

import argparse
import json
import pathlib
import re
import struct
import subprocess
import tempfile

import numpy
from safetensors import safe_open

SEEK_TABLE_MAGIC = 0x8F92EAB1


def seek_table(data):
    """(compressed, decompressed) sizes of the zstd frames; skippable frames have no content."""
    count, descriptor, magic = struct.unpack("<IBI", data[-9:])
    assert magic == SEEK_TABLE_MAGIC and descriptor == 0x80
    start = len(data) - 9 - 12 * count
    entries = [struct.unpack_from("<III", data, start + 12 * i) for i in range(count)]
    assert sum(entry[0] for entry in entries) + 8 == start
    place = 0
    for compressed, decompressed, checksum in entries:
        if decompressed:
            (trailer,) = struct.unpack_from("<I", data, place + compressed - 4)
            assert trailer == checksum
        place += compressed
    return [entry[:2] for entry in entries if entry[1]]


def layer(name):
    match = re.match(r"model\.layers\.(\d+)\.", name)
    return int(match[1]) + 1 if match else 0


def raw_tensors(path):
    """Header fields by name, and the data section: numpy has no BF16, so bytes are compared."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    return header, memoryview(data)[8 + length :], 8 + length


def joined(header, data):
    """Bytes, dtype and shape of every tensor, planes joined."""
    def content(name):
        start, end = header[name]["data_offsets"]
        return numpy.frombuffer(data[start:end], dtype=numpy.uint8)

    for name, field in header.items():
        if name.endswith(".mantissa"):
            continue
        if not name.endswith(".exponent"):
            yield name, field["dtype"], field["shape"], content(name)
            continue
        base = name.removesuffix(".exponent")
        exponent = content(name).astype(numpy.uint32)
        mantissa = content(base + ".mantissa")
        if mantissa.size == exponent.size:
            mantissa = mantissa.astype(numpy.uint32)
            bits = (mantissa >> 7) << 15 | exponent << 7 | (mantissa & 0x7F)
            yield base, "BF16", field["shape"], bits.astype("<u2").view(numpy.uint8)
        else:
            parts = mantissa.reshape(-1, 3).astype(numpy.uint32)
            mantissa = parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16
            bits = (mantissa >> 23) << 31 | exponent << 23 | (mantissa & 0x7FFFFF)
            yield base, "F32", field["shape"], bits.astype("<u4").view(numpy.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--against", type=pathlib.Path)
    arguments = parser.parse_args()

    for option in ["-tq", "-l"]:
        subprocess.run(["zstd", option, arguments.file], check=True)
    frames = seek_table(arguments.file.read_bytes())
    with tempfile.TemporaryDirectory() as directory:
        plain = pathlib.Path(directory) / "plain.safetensors"
        subprocess.run(["zstd", "-dq", arguments.file, "-o", plain], check=True)
        assert plain.stat().st_size == sum(size for _, size in frames)

        with safe_open(plain, "np") as opened:
            metadata = opened.metadata()
            names = set(opened.keys())
            for name in names:
                opened.get_slice(name).get_shape()
        json.loads(metadata["router.config"]), json.loads(metadata["router.exits"])
        header, data, offset = raw_tensors(plain)
        assert set(header) == names

        order = sorted(header, key=lambda name: header[name]["data_offsets"][0])
        layers = [layer(name) for name in order]
        assert layers == sorted(layers), "layers are out of order"
        ends = {0}
        for _, size in frames:
            ends.add(max(ends) + size)
        for before, after in zip(order, order[1:]):
            if layer(before) != layer(after):
                assert offset + header[after]["data_offsets"][0] in ends, f"no frame starts at {after}"

        if arguments.against:
            original_header, original, _ = raw_tensors(arguments.against)
            seen = set()
            for name, dtype, shape, content in joined(header, data):
                start, end = original_header[name]["data_offsets"]
                assert dtype == original_header[name]["dtype"] and shape == original_header[name]["shape"], name
                assert content.tobytes() == original[start:end], name
                seen.add(name)
            assert seen == set(original_header)
    print(f"{arguments.file}: {len(frames)} frames, {len(names)} tensors, name {metadata['router.name']}: good")


if __name__ == "__main__":
    main()
