#!/usr/bin/env python3
"""llama.cpp as a peer of `router bench --against`, through llama-cpp-python's C interface.

    pip install llama-cpp-python
    router bench --against "python3 .ci/checks/bench_llama_cpp.py MODEL.gguf --threads 2"

The contract: each line on standard input names a measurement, and is answered by one line of JSON,

    {"name": "tg128@512", "engine": "llama.cpp Q4_1", "tokens_per_second": 123.4}

or {"name": ..., "skipped": "why"}. Names are ppN (a prompt of N tokens), tgN@C (N tokens, one at a time, after C
positions) and load ("seconds" from nothing to the logits of one token, the file in the page cache). The model is
loaded before the first line is read, and the process ends with its input.

Batches are prepared before the clock starts and llama_decode is called directly: a token costs two calls from
Python, some microseconds. Each token's logits are computed, and none is copied or sampled from.
"""

import argparse
import json
import re
import sys
import time

import llama_cpp


class Engine:
    """A loaded model with one sequence."""

    def __init__(self, path, threads, context, batch):
        settings = llama_cpp.llama_model_default_params()
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), settings)
        if not self.model:
            sys.exit(f"{path} cannot be loaded")
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx, settings.n_batch, settings.n_ubatch = context, batch, batch
        settings.n_threads = settings.n_threads_batch = threads
        settings.no_perf = True
        self.context = llama_cpp.llama_init_from_model(self.model, settings)
        if not self.context:
            sys.exit(f"no room for {context} positions")
        self.limit = context
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))

    def close(self):
        llama_cpp.llama_free(self.context)
        llama_cpp.llama_model_free(self.model)

    def forget(self, position):
        """Drops the positions from `position` on."""
        memory = llama_cpp.llama_get_memory(self.context)
        llama_cpp.llama_memory_seq_rm(memory, 0, position, -1)

    def batch(self, start, count):
        """Some tokens at the positions from `start` on, the last one with logits."""
        batch = llama_cpp.llama_batch_init(count, 0, 1)
        batch.n_tokens = count
        for i in range(count):
            # A fixed walk through the vocabulary: any tokens cost the same.
            batch.token[i] = (start + i) * 7919 % self.vocabulary
            batch.pos[i] = start + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = i == count - 1
        return batch

    def decode(self, batches):
        """Seconds to evaluate batches one after the other."""
        decode, synchronize = llama_cpp.llama_decode, llama_cpp.llama_synchronize
        start = time.perf_counter()
        for batch in batches:
            if decode(self.context, batch) != 0:
                sys.exit("llama_decode failed")
        synchronize(self.context)
        seconds = time.perf_counter() - start
        for batch in batches:
            llama_cpp.llama_batch_free(batch)
        return seconds

    def prefill(self, count):
        self.forget(0)
        return self.decode([self.batch(0, count)])

    def generate(self, count, context):
        filled = llama_cpp.llama_memory_seq_pos_max(llama_cpp.llama_get_memory(self.context), 0) + 1
        if filled < context:
            # The context is filled in pieces that a batch may have.
            step = llama_cpp.llama_n_batch(self.context)
            starts = range(filled, context, step)
            self.decode([self.batch(start, min(step, context - start)) for start in starts])
        self.forget(context)
        seconds = self.decode([self.batch(context + i, 1) for i in range(count)])
        self.forget(context)
        return seconds


def measure(engine, arguments, name):
    """What a measurement gives, as fields of the answer."""
    if match := re.fullmatch(r"pp(\d+)", name):
        count = int(match[1])
        if count > min(arguments.batch, arguments.context):
            return {"skipped": "the prompt is longer than --batch or --context"}
        return {"tokens_per_second": count / engine.prefill(count)}
    if match := re.fullmatch(r"tg(\d+)@(\d+)", name):
        count, context = int(match[1]), int(match[2])
        if count + context > arguments.context:
            return {"skipped": "longer than --context"}
        return {"tokens_per_second": count / engine.generate(count, context)}
    if name == "load":
        start = time.perf_counter()
        fresh = Engine(arguments.model, arguments.threads, 512, 512)
        fresh.decode([fresh.batch(0, 1)])
        seconds = time.perf_counter() - start
        fresh.close()
        return {"seconds": seconds}
    return {"skipped": "unknown measurement"}


@llama_cpp.llama_log_callback
def no_log(level, text, data):
    pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="GGUF file")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--context", type=int, default=2304, help="positions to make room for")
    parser.add_argument("--batch", type=int, default=512, help="longest prompt in one batch")
    parser.add_argument("--engine", help="name in the answers; llama.cpp and the file's name if absent")
    arguments = parser.parse_args()
    label = arguments.engine or f"llama.cpp {arguments.model.rsplit('/', 1)[-1].removesuffix('.gguf')}"
    llama_cpp.llama_log_set(no_log, None)
    llama_cpp.llama_backend_init()
    engine = Engine(arguments.model, arguments.threads, arguments.context, arguments.batch)
    # The first evaluations allocate and, for formats that llama.cpp repacks, settle.
    engine.prefill(min(32, arguments.batch))
    engine.generate(4, 0)
    for line in sys.stdin:
        name = line.strip()
        print(json.dumps({"name": name, "engine": label, **measure(engine, arguments, name)}), flush=True)
    engine.close()


if __name__ == "__main__":
    main()
