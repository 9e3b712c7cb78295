#!/usr/bin/env python3
"""Compares greedy answers at full depth with llama.cpp's, on the GGUF file the checkpoint was imported from.

    pip install llama-cpp-python numpy
    .ci/checks/greedy_llama_cpp.py MODEL.gguf [--router .build/release/router] [--model FILE.safetensors.zst]

Both engines get the same prompt, ChatML with SmolLM2's default system message, as the same number of token ids,
and answer greedily. Both round activations to 8 bits, each in its own way, so their logits differ slightly, and
where tokens are almost equally likely the answers part. Where they do, the gap is by how much llama.cpp's logits
prefer its own token to router's, also in units of their spread (standard deviation over the vocabulary).

With --exact, arithmetic in f32 on the dequantised weights (JAX) judges every token of both answers after the tokens
that the engine itself chose before: how many are its choice too, and the largest gap of those that aren't.

Exits with status 1 if a prompt has another number of tokens, a gap exceeds --tolerance spreads or, with --exact,
router's tokens are the exact choice less often than llama.cpp's by over --margin or (--exact-activations) not in
999 of 1000 cases.
"""

import argparse
import json
import subprocess
import sys

import numpy
from llama_cpp import Llama

from perplexity import exact_logits

SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
PROMPTS = [
    "What is the capital of France?",
    "Name three primary colours.",
    "Write a short poem about the sea.",
    "Explain what a prime number is.",
    "Translate 'good morning' into Spanish.",
    "What is 17 + 25?",
    "List five fruits.",
    "Why is the sky blue?",
    "Write a Python function that reverses a string.",
    "Who wrote Romeo and Juliet?",
    "Summarise the plot of Cinderella in two sentences.",
    "How do I boil an egg?",
    "Give me a synonym for happy.",
    "What does HTTP stand for?",
    "Describe a cat to someone who has never seen one.",
    "If a train travels 60 miles in 1.5 hours, what is its average speed?",
    "Write a haiku about autumn.",
    "What are the benefits of regular exercise?",
    "Convert 100 degrees Fahrenheit to Celsius.",
    "Tell me a joke about computers.",
    "What is photosynthesis?",
    "Was ist die Hauptstadt von Deutschland?",
    "Classify the sentiment: 'I loved the film, but the ending was dull.'",
    "  Spaces,\ttabs\nand newlines: what do they have in common? 🙂 naïve café",
]


def router_answer(arguments, prompt):
    command = [arguments.router, "generate", "--policy", "fixed", "--max-exit", str(arguments.layers)]
    command += ["--temperature", "0", "--json", "--threads", "1", "--max-tokens", str(arguments.tokens)]
    command += ["--model", arguments.model] if arguments.model else []
    command += ["--exact-activations"] if arguments.exact_activations else []
    return json.loads(subprocess.run([*command, prompt], check=True, capture_output=True).stdout)


def llama_logits(llama):
    """llama.cpp's logits after the last evaluated token [V], f32."""
    return numpy.array(llama.scores[llama.n_tokens - 1])


def llama_answer(llama, prompt, limit):
    """Greedy tokens up to the limit or an end of text, which is not included; the logits each came from; ends."""
    ends = {llama.token_eos(), *llama.tokenize(b"<|im_end|><|endoftext|>", add_bos=False, special=True)}
    tokens, logits = [], []
    llama.reset()
    llama.eval(prompt)
    while len(tokens) < limit:
        logits.append(llama_logits(llama))
        token = int(logits[-1].argmax())
        if token in ends:
            break
        tokens.append(token)
        llama.eval([token])
    return tokens, logits, ends


def judged(logits, prompt, tokens):
    """Under exact arithmetic: gaps [N] between its choice and each token, after the tokens before."""
    ids = prompt + tokens
    rows = numpy.asarray(logits(ids + [0] * (-len(ids) % 256)))[len(prompt) - 1 : len(ids) - 1]
    return rows.max(axis=1) - rows[numpy.arange(len(tokens)), tokens]


def compare(arguments, llama, prompt):
    """(ids of the prompt, router's tokens, llama.cpp's, gap in spreads where they part or nothing, description)."""
    text = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
    ids = llama.tokenize(text.encode(), add_bos=False, special=True)
    answer = router_answer(arguments, prompt)
    if answer["prompt_tokens"] != len(ids):
        raise AssertionError(f"the prompt has {answer['prompt_tokens']} tokens, in llama.cpp {len(ids)}")
    theirs, all_logits, ends = llama_answer(llama, ids, arguments.tokens)
    ours = answer["tokens"]
    while ours and ours[-1] in ends:
        ours.pop()
    if ours == theirs:
        return ids, ours, theirs, None, f"equal ({len(ours)} tokens)"
    place = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
    logits = all_logits[place]
    token = ours[place] if place < len(ours) else max(ends, key=lambda end: logits[end])
    gap, spread = float(logits.max() - logits[token]), float(logits.std())
    what = f"parts at token {place}: gap {gap:.4f}, {gap / spread:.4f} spreads, rank {(logits > logits[token]).sum()}"
    return ids, ours, theirs, gap / spread, what


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("gguf")
    parser.add_argument("--router", default=".build/release/router")
    parser.add_argument("--model", help="checkpoint; the pulled default model if absent")
    parser.add_argument("--layers", type=int, default=30, help="layers of the model")
    parser.add_argument("--tokens", type=int, default=64, help="tokens of an answer")
    parser.add_argument("--tolerance", type=float, default=0.15, help="largest gap, in spreads of the logits")
    parser.add_argument("--margin", type=float, default=0.01, help="by how much router may be less exact")
    parser.add_argument("--exact-activations", action="store_true", help="let router round no activations")
    parser.add_argument("--exact", action="store_true", help="judge all tokens by arithmetic in f32")
    arguments = parser.parse_args()
    llama = Llama(arguments.gguf, n_ctx=1024, n_threads=1, n_threads_batch=1, logits_all=True, verbose=False)
    exact = exact_logits(arguments) if arguments.exact else None
    gaps, verdicts, failed = [], {"router": [], "llama.cpp": []}, False
    for prompt in PROMPTS:
        try:
            ids, ours, theirs, gap, what = compare(arguments, llama, prompt)
        except AssertionError as error:
            print(f"{prompt[:44]!r}: FAILED: {error}")
            failed = True
            continue
        gaps.append(gap)
        print(f"{prompt[:44]!r}: {what}", flush=True)
        if exact:
            verdicts["router"].extend(judged(exact, ids, ours))
            verdicts["llama.cpp"].extend(judged(exact, ids, theirs))
    parted = [gap for gap in gaps if gap is not None]
    largest = max(parted, default=0)
    print(f"{len(gaps) - len(parted)} of {len(PROMPTS)} answers are equal; largest gap {largest:.4f} spreads")
    failed |= largest > arguments.tolerance
    if exact:
        shares = {}
        for engine, all_gaps in verdicts.items():
            shares[engine] = numpy.mean(numpy.array(all_gaps) == 0)
            share = f"{shares[engine] * 100:.2f} % of {len(all_gaps)} tokens"
            print(f"{engine}: {share} are exact arithmetic's choice too; largest gap {max(all_gaps):.4f}")
        failed |= shares["router"] < shares["llama.cpp"] - arguments.margin
        failed |= arguments.exact_activations and shares["router"] < 0.999
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
