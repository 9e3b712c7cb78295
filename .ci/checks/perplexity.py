#!/usr/bin/env python3
"""Compares the perplexity of a text at full depth with llama.cpp's, on the GGUF file the checkpoint came from.

    pip install llama-cpp-python numpy
    .ci/checks/perplexity.py MODEL.gguf TEXT.txt [--router .build/release/router] [--model FILE.safetensors.zst]

The text is cut into windows of as many tokens, each from an empty context without a beginning-of-text token; the
first token of a window is not scored. With --exact, llama.cpp's role is taken by arithmetic in f32 on the
dequantised weights (JAX, an implementation of its own). Exits with status 1 unless both score equally many
tokens and their perplexities are within --tolerance of one another.
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys

import numpy
from llama_cpp import Llama


def router_perplexity(arguments):
    command = [arguments.router, "inspect", "--suitability", arguments.text, "--json", "--threads", "1"]
    command += ["--window", str(arguments.window)] + (["--model", arguments.model] if arguments.model else [])
    command += ["--exact-activations"] if arguments.exact_activations else []
    suitability = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["suitability"]
    return suitability["tokens"], suitability["perplexity"]


def losses(logits, ids):
    """Negative log-likelihoods in nats of ids[1:] under logits [T, V]; f64."""
    logits = numpy.asarray(logits, dtype=numpy.float64)[: len(ids) - 1]
    shifted = logits - logits.max(axis=1, keepdims=True)
    return numpy.log(numpy.exp(shifted).sum(axis=1)) - shifted[numpy.arange(len(ids) - 1), ids[1:]]


def llama_logits(arguments):
    """A function from the ids of a window to logits [T, V], computed by llama.cpp."""
    window = arguments.window
    llama = Llama(
        arguments.gguf, n_ctx=window, n_batch=window, n_threads=1, n_threads_batch=1, logits_all=True, verbose=False
    )

    def logits(ids):
        llama.reset()
        llama.eval(ids)
        return llama.scores[: len(ids)]

    return logits


def exact_logits(arguments):
    """A function from the ids of a window to logits [T, V], computed in f32 on dequantised weights."""
    import jax
    import jax.numpy as jnp
    from gguf import GGUFReader, dequantize

    jax.config.update("jax_default_matmul_precision", "float32")
    reader = GGUFReader(arguments.gguf)

    def value(key):
        return reader.fields["llama." + key].contents()

    layers, heads, groups = value("block_count"), value("attention.head_count"), value("attention.head_count_kv")
    epsilon, base = value("attention.layer_norm_rms_epsilon"), value("rope.freq_base")
    width = value("embedding_length") // heads
    weights = {t.name: jnp.asarray(dequantize(t.data, t.tensor_type), jnp.float32) for t in reader.tensors}

    def norm(x, weight):
        return x / jnp.sqrt(jnp.mean(x * x, axis=-1, keepdims=True) + epsilon) * weight

    def rotated(x):
        """GGUF's order of rows: neighbours form a pair."""
        angles = jnp.arange(x.shape[0])[:, None] * base ** (-jnp.arange(0, width, 2) / width)
        cos, sin = jnp.cos(angles)[:, None], jnp.sin(angles)[:, None]
        even, odd = x[..., 0::2], x[..., 1::2]
        return jnp.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1).reshape(x.shape)

    @jax.jit
    def logits(weights, ids):
        count = ids.shape[0]
        hidden = weights["token_embd.weight"][ids]
        for layer in range(layers):
            def weight(name):
                return weights[f"blk.{layer}.{name}.weight"]

            x = norm(hidden, weight("attn_norm"))
            query = rotated((x @ weight("attn_q").T).reshape(count, heads, width))
            key = rotated((x @ weight("attn_k").T).reshape(count, groups, width))
            content = (x @ weight("attn_v").T).reshape(count, groups, width)
            key, content = (jnp.repeat(y, heads // groups, axis=1) for y in (key, content))
            scores = jnp.einsum("thk,shk->hts", query, key) / math.sqrt(width)
            scores = jnp.where(jnp.tril(jnp.ones((count, count), bool)), scores, -jnp.inf)
            mixed = jnp.einsum("hts,shk->thk", jax.nn.softmax(scores), content).reshape(count, heads * width)
            hidden = hidden + mixed @ weight("attn_output").T
            x = norm(hidden, weight("ffn_norm"))
            gated = jax.nn.silu(x @ weight("ffn_gate").T) * (x @ weight("ffn_up").T)
            hidden = hidden + gated @ weight("ffn_down").T
        head = weights.get("output.weight", weights["token_embd.weight"])
        return norm(hidden, weights["output_norm.weight"]) @ head.T

    return lambda ids: logits(weights, jnp.asarray(ids))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("gguf")
    parser.add_argument("text")
    parser.add_argument("--router", default=".build/release/router")
    parser.add_argument("--model", help="checkpoint; the pulled default model if absent")
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--tolerance", type=float, default=0.005, help="largest relative difference")
    parser.add_argument("--exact-activations", action="store_true", help="let router round no activations")
    parser.add_argument("--exact", action="store_true", help="compare with arithmetic in f32 instead of llama.cpp")
    arguments = parser.parse_args()

    vocabulary = Llama(arguments.gguf, vocab_only=True, verbose=False)
    ids = vocabulary.tokenize(pathlib.Path(arguments.text).read_bytes(), add_bos=False, special=False)
    logits = exact_logits(arguments) if arguments.exact else llama_logits(arguments)
    windows = [ids[start : start + arguments.window] for start in range(0, len(ids), arguments.window)]
    scored = numpy.concatenate([losses(logits(window), window) for window in windows if len(window) > 1])
    theirs = math.exp(scored.mean())
    print(f"{'f32 arithmetic' if arguments.exact else 'llama.cpp'}: {theirs:.5f} over {len(scored)} tokens", flush=True)
    tokens, ours = router_perplexity(arguments)
    exact = ", exact activations" if arguments.exact_activations else ""
    print(f"router{exact}: {ours:.5f} over {tokens} tokens; {(ours / theirs - 1) * 100:+.3f} %")
    sys.exit(tokens != len(scored) or not abs(ours / theirs - 1) <= arguments.tolerance)


if __name__ == "__main__":
    main()
