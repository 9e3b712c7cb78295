#!/usr/bin/env python3
"""Times whole greedy answers to real prompts, router's server and llama.cpp in turn.

    pip install llama-cpp-python
    router serve --threads 2 &
    .ci/checks/answers_llama_cpp.py PROMPTS... --gguf MODEL.gguf [--gguf OTHER.gguf] [--threads 2] [--rows 20]

PROMPTS are files of rows (.json or .jsonl) with `instruction` and `input`, or `question`. The server is asked over
HTTP, once for each mode of --mode; llama.cpp is driven through its C interface, with its greedy sampler, on ChatML
with SmolLM2's default system message. A turn takes one prompt through all of them, with a rest between engines,
whose threads may spin for a while after their work. Tokens a second are those of whole answers, prompt included.
"""

import argparse
import json
import pathlib
import statistics
import time
import urllib.request

import llama_cpp
from prompts import prompts_of

SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


class Server:
    """router over HTTP, in one mode."""

    def __init__(self, url, mode):
        self.url, self.mode, self.name = url, mode, f"router {mode}"
        with urllib.request.urlopen(f"{url}/v1/models") as answer:
            self.model = json.load(answer)["data"][0]["id"]

    def answer(self, prompt, limit):
        """Tokens and seconds."""
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": limit,
            "temperature": 0,
            "router": {"mode": self.mode},
        }
        request = urllib.request.Request(
            f"{self.url}/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        start = time.perf_counter()
        with urllib.request.urlopen(request) as answer:
            usage = json.load(answer)["usage"]
        return usage["completion_tokens"], time.perf_counter() - start


class Peer:
    """llama.cpp with one sequence."""

    def __init__(self, path, threads):
        self.name = f"llama.cpp {pathlib.Path(path).stem}"
        self.llama = llama_cpp.Llama(path, n_ctx=1024, n_threads=threads, n_threads_batch=threads, verbose=False)
        self.context = self.llama.ctx
        self.vocabulary = llama_cpp.llama_model_get_vocab(llama_cpp.llama_get_model(self.context))
        self.sampler = llama_cpp.llama_sampler_init_greedy()

    def answer(self, prompt, limit):
        """Tokens and seconds."""
        text = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
        start = time.perf_counter()
        ids = self.llama.tokenize(text.encode(), add_bos=False, special=True)
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)
        count, tokens = 0, (llama_cpp.llama_token * len(ids))(*ids)
        while count < limit:
            if llama_cpp.llama_decode(self.context, llama_cpp.llama_batch_get_one(tokens, len(tokens))):
                raise RuntimeError("llama_decode failed")
            token = llama_cpp.llama_sampler_sample(self.sampler, self.context, -1)
            if llama_cpp.llama_vocab_is_eog(self.vocabulary, token):
                break
            tokens = (llama_cpp.llama_token * 1)(token)
            count += 1
        return count, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("prompts", nargs="+")
    parser.add_argument("--gguf", action="append", required=True)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--mode", action="append", help="full, verify or exit; full and verify if absent")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int, default=20, help="prompts of each file")
    parser.add_argument("--tokens", type=int, default=96, help="tokens of an answer at most")
    parser.add_argument("--rest", type=float, default=0.1, help="seconds between engines")
    arguments = parser.parse_args()
    engines = [Server(arguments.url, mode) for mode in arguments.mode or ["full", "verify"]]
    engines += [Peer(path, arguments.threads) for path in arguments.gguf]
    for engine in engines:
        engine.answer("Hello!", 8)
    for path in arguments.prompts:
        speeds = {engine.name: [] for engine in engines}
        totals = {engine.name: [0, 0.0] for engine in engines}
        for prompt in prompts_of(path, arguments.rows):
            for engine in engines:
                time.sleep(arguments.rest)
                count, seconds = engine.answer(prompt, arguments.tokens)
                speeds[engine.name].append(max(count, 1) / seconds)
                totals[engine.name][0] += count
                totals[engine.name][1] += seconds
        print(pathlib.Path(path).stem)
        for engine in engines:
            line = f"  {engine.name:45} {totals[engine.name][0] / totals[engine.name][1]:7.1f} tokens/s"
            if isinstance(engine, Peer):
                for own in engines:
                    if isinstance(own, Server):
                        ratios = [a / b for a, b in zip(speeds[own.name], speeds[engine.name])]
                        line += f"   {own.mode} {statistics.median(ratios):.2f}x"
            print(line, flush=True)


if __name__ == "__main__":
    main()
