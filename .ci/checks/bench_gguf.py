#!/usr/bin/env python3
"""Writes a GGUF model of a published shape with random weights, for speed comparisons with `router bench --shape`.

    pip install gguf numpy
    .ci/checks/bench_gguf.py llama-3.2-1b q4_1 OUT.gguf [--layers N]
    router bench --shape llama-3.2-1b --against "python3 .ci/checks/bench_llama_cpp.py OUT.gguf --threads 2"

Types: q4_0, q4_1, q8_0 for the layers and a separate embedding; the head (or the embedding that is the head) is
q8_0, as in `--shape`. There is no tokenizer. Weights have mean 0 and variance 1 / inputs, so that activations keep
their scale. Shapes are those of Sources/RouterModel/ModelShape.swift.
"""

import argparse
from dataclasses import dataclass

import gguf
import numpy

Type = gguf.GGMLQuantizationType


@dataclass(frozen=True)
class Shape:
    layers: int
    width: int
    heads: int
    key_value_heads: int
    inner: int
    vocabulary: int
    context: int
    rotary_base: float
    tied_head: bool


SHAPES = {
    "smollm2-135m": Shape(30, 576, 9, 3, 1536, 49152, 8192, 1e5, True),
    "llama-3.2-1b": Shape(16, 2048, 32, 8, 8192, 128256, 131072, 5e5, True),
    "llama-2-7b": Shape(32, 4096, 32, 32, 11008, 32000, 4096, 1e4, False),
    "llama-2-13b": Shape(40, 5120, 40, 40, 13824, 32000, 4096, 1e4, False),
}
# Codes of each type and what is added to them before they are scaled.
TYPES = {"q4_0": (Type.Q4_0, 16, -8.0), "q4_1": (Type.Q4_1, 16, -7.5), "q8_0": (Type.Q8_0, 256, -128.0)}


def random_matrix(rng, rows, columns, kind):
    """Blocks of 32 weights: u8 [rows, bytes of a row], scales (and minimums) constant, codes random."""
    dtype, codes, offset = TYPES[kind]
    size = gguf.GGML_QUANT_SIZES[dtype][1]
    blocks = numpy.frombuffer(rng.bytes(rows * columns // 32 * size), numpy.uint8).reshape(-1, size).copy()
    # Uniform codes have a variance of (codes^2 - 1) / 12.
    scale = numpy.float16(((codes**2 - 1) / 12 * columns) ** -0.5)
    blocks[:, 0:2] = numpy.frombuffer(scale.tobytes(), numpy.uint8)
    if dtype == Type.Q4_1:
        blocks[:, 2:4] = numpy.frombuffer(numpy.float16(offset * scale).tobytes(), numpy.uint8)
    return blocks.reshape(rows, -1)


def matrices(shape, kind):
    """Name, rows, columns and type of every matrix, in the order of the file."""
    key_width = shape.key_value_heads * (shape.width // shape.heads)
    yield "token_embd.weight", shape.vocabulary, shape.width, "q8_0" if shape.tied_head else kind
    if not shape.tied_head:
        yield "output.weight", shape.vocabulary, shape.width, "q8_0"
    for layer in range(shape.layers):
        for part, rows, columns in [
            ("attn_q", shape.width, shape.width),
            ("attn_k", key_width, shape.width),
            ("attn_v", key_width, shape.width),
            ("attn_output", shape.width, shape.width),
            ("ffn_gate", shape.inner, shape.width),
            ("ffn_up", shape.inner, shape.width),
            ("ffn_down", shape.width, shape.inner),
        ]:
            yield f"blk.{layer}.{part}.weight", rows, columns, kind


def norms(shape):
    yield "output_norm.weight"
    for layer in range(shape.layers):
        yield f"blk.{layer}.attn_norm.weight"
        yield f"blk.{layer}.ffn_norm.weight"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("type", choices=TYPES)
    parser.add_argument("out")
    parser.add_argument("--layers", type=int, help="only so many")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    shape = SHAPES[arguments.shape]
    if arguments.layers:
        shape = Shape(**{**shape.__dict__, "layers": arguments.layers})

    writer = gguf.GGUFWriter(arguments.out, "llama")
    writer.add_name(f"{arguments.shape}, random weights")
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.key_value_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(shape.rotary_base)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_tokenizer_model("none")

    for name in norms(shape):
        writer.add_tensor_info(name, [shape.width], numpy.dtype(numpy.float32), shape.width * 4)
    for name, rows, columns, kind in matrices(shape, arguments.type):
        dtype = TYPES[kind][0]
        row_bytes = columns // 32 * gguf.GGML_QUANT_SIZES[dtype][1]
        writer.add_tensor_info(name, [rows, row_bytes], numpy.dtype(numpy.uint8), rows * row_bytes, dtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()

    rng = numpy.random.Generator(numpy.random.SFC64(arguments.seed))
    for _ in norms(shape):
        writer.write_tensor_data(numpy.ones(shape.width, numpy.float32))
    for _, rows, columns, kind in matrices(shape, arguments.type):
        writer.write_tensor_data(random_matrix(rng, rows, columns, kind))
    writer.close()


if __name__ == "__main__":
    main()
