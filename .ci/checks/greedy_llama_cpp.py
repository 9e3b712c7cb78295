#!/usr/bin/env python3
"""Compares greedy answers at full depth with llama.cpp's, on the GGUF file the checkpoint was imported from.

    pip install llama-cpp-python numpy
    .ci/checks/greedy_llama_cpp.py MODEL.gguf [--router .build/release/router] [--model FILE.safetensors.zst]

Both engines get the same prompt, ChatML with SmolLM2's default system message, as the same number of token ids,
and answer greedily. Both round activations to 8 bits, each in its own way, so their logits differ slightly, and
where two tokens are almost equally likely the answers may part. Each prompt prints whether the answers are equal
or, where they part, by how much llama.cpp's logits prefer its own token to router's, also in units of the spread
(standard deviation over the vocabulary) of those logits. Exits with status 1 if a prompt has another number of
tokens, if router's token is not among llama.cpp's two best or its gap exceeds --tolerance spreads, or if fewer
than half of the answers are equal.
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


def compare(arguments, llama, exact, prompt):
    """Gap in spreads where the answers part, 0 if they don't, and a description."""
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
        return 0.0, f"equal ({len(ours)} tokens)"
    place = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
    logits = all_logits[place]
    order = numpy.argsort(-logits)
    best = int(order[0])
    token = ours[place] if place < len(ours) else max(ends, key=lambda end: logits[end])
    rank = int(numpy.flatnonzero(order == token)[0])
    gap, spread = float(logits[best] - logits[token]), float(logits.std())
    what = f"parts at token {place}: gap {gap:.4f} of spread {spread:.3f} ({gap / spread:.4f}), rank {rank}"
    if exact:
        prefix = ids + theirs[:place]
        truth = numpy.asarray(exact(prefix + [0] * (-len(prefix) % 256)))[len(prefix) - 1]
        error = float(numpy.sqrt(((logits - truth) ** 2).mean()))
        chosen = {best: "llama.cpp's", token: "router's"}.get(int(truth.argmax()), "neither")
        what += f"; exact choice: {chosen}, gap {truth[best] - truth[token]:+.4f}; llama.cpp's error {error:.4f} RMS"
    if rank > 1:
        raise AssertionError(what)
    return gap / spread, what


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("gguf")
    parser.add_argument("--router", default=".build/release/router")
    parser.add_argument("--model", help="checkpoint; the pulled default model if absent")
    parser.add_argument("--layers", type=int, default=30, help="layers of the model")
    parser.add_argument("--tokens", type=int, default=64, help="tokens of an answer")
    parser.add_argument("--tolerance", type=float, default=0.15, help="largest gap, in spreads of the logits")
    parser.add_argument("--exact-activations", action="store_true", help="let router round no activations")
    parser.add_argument("--exact", action="store_true", help="where answers part, compare with f32 arithmetic (JAX)")
    arguments = parser.parse_args()
    llama = Llama(arguments.gguf, n_ctx=2048, n_threads=1, n_threads_batch=1, logits_all=True, verbose=False)
    exact = exact_logits(arguments) if arguments.exact else None
    gaps, failed = [], False
    for prompt in PROMPTS:
        try:
            gap, what = compare(arguments, llama, exact, prompt)
            gaps.append(gap)
            failed |= gap > arguments.tolerance
        except AssertionError as error:
            what, failed = f"FAILED: {error}", True
        print(f"{prompt[:44]!r}: {what}", flush=True)
    equal, largest = gaps.count(0.0), max(gaps, default=0.0)
    print(f"{equal} of {len(PROMPTS)} answers are equal; the largest gap is {largest:.4f} spreads")
    sys.exit(failed or 2 * equal < len(PROMPTS))


if __name__ == "__main__":
    main()
