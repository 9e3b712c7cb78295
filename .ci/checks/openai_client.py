#!/usr/bin/env python3
"""Exercises a running server through the official `openai` client.

    pip install openai
    .ci/checks/openai_client.py http://127.0.0.1:8080/v1 [--policy NAME]

Checks chat, streaming, usage, log-probabilities, plain completions, several choices, stop strings, models,
errors, a client that leaves in mid-stream, and the `router` extension. With `--policy`, the extension is also
checked with that policy. Prints one line per check; exits with status 1 at the first that fails.
"""

import argparse
import json
import math
import sys
import time
import urllib.request

import openai

QUESTION = [{"role": "user", "content": "Name three colours."}]


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def check_routing(routing, layers, tokens, policy=None):
    """The `router` object of one choice."""
    expect(len(routing["exits"]) == tokens, f"one exit per token: {routing['exits']} for {tokens} tokens")
    expect(len(routing["confidences"]) == tokens, "one confidence per token")
    expect(all(1 <= depth <= layers for depth in routing["exits"]), f"exits within {layers} layers")
    expect(routing["layers"] == layers, f"layers is {routing['layers']}")
    expect(routing["policy"] == policy, f"policy is {routing['policy']}")
    expect(routing["mode"] == ("exit" if policy else "full"), f"mode is {routing['mode']}")
    mean = sum(routing["exits"]) / tokens
    expect(math.isclose(routing["mean_depth"], mean), f"mean depth {routing['mean_depth']} is not {mean}")


class Checks:
    def __init__(self, base_url, policy):
        self.client = openai.OpenAI(base_url=base_url, api_key="unused", max_retries=0, timeout=600)
        self.policy = policy
        model = self.client.models.list().data[0]
        self.model = model.id
        self.layers = model.router["layers"]
        self.exits = model.router["exits"]
        # Full depth, whatever the server's default policy is: what is checked doesn't depend on it.
        self.full = {"router": {"mode": "full"}}

    def chat(self, **options):
        options = {"messages": QUESTION, "max_tokens": 12, "temperature": 0, "extra_body": self.full} | options
        return self.client.chat.completions.create(model=self.model, **options)

    def complete(self, **options):
        options = {"max_tokens": 8, "temperature": 0, "extra_body": self.full} | options
        return self.client.completions.create(model=self.model, **options)

    def models(self):
        expect(self.client.models.retrieve(self.model).id == self.model, "the model by its name")
        expect(self.exits[-1] == self.layers, f"the last exit {self.exits} is full depth")

    def chat_whole(self):
        answer = self.chat()
        choice = answer.choices[0]
        expect(answer.object == "chat.completion" and answer.id.startswith("chatcmpl-"), "the object")
        expect(choice.message.role == "assistant" and choice.message.content, "an answer")
        expect(choice.finish_reason in ("stop", "length"), choice.finish_reason)
        usage = answer.usage
        expect(0 < usage.completion_tokens <= 12, f"{usage.completion_tokens} tokens")
        expect(usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, "the total")
        expect(usage.mean_depth == self.layers, f"mean depth {usage.mean_depth} at full depth")
        check_routing(choice.router, self.layers, usage.completion_tokens)

    def chat_stream(self):
        whole = self.chat()
        stream = self.chat(stream=True, stream_options={"include_usage": True})
        chunks = list(stream)
        expect(chunks[0].choices[0].delta.role == "assistant", "the role comes first")
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        expect(text == whole.choices[0].message.content, f"streamed {text!r} is not the whole answer")
        exits = [e for c in chunks if c.choices for e in (getattr(c.choices[0], "router", None) or {}).get("exits", [])]
        expect(exits == whole.choices[0].router["exits"], "the exits of the chunks are those of the whole answer")
        expect([c.choices[0].finish_reason for c in chunks if c.choices][-1] is not None, "a finish reason")
        expect(all(c.usage is None for c in chunks[:-1]), "usage only at the end")
        expect(chunks[-1].choices == [] and chunks[-1].usage == whole.usage, f"usage {chunks[-1].usage}")
        expect(all(c.usage is None for c in self.chat(stream=True)), "no usage unless asked for")

    def logprobs(self):
        answer = self.chat(logprobs=True, top_logprobs=3)
        content = answer.choices[0].logprobs.content
        expect(len(content) == answer.usage.completion_tokens, "one entry per token")
        for entry in content:
            expect(entry.logprob <= 0 and len(entry.top_logprobs) == 3, f"{entry}")
            best = max(alternative.logprob for alternative in entry.top_logprobs)
            expect(math.isclose(entry.logprob, best, abs_tol=1e-4), "greedy takes the likeliest token")
            expect(bytes(entry.bytes).decode(errors="replace") == entry.token, "bytes and text agree")
        joined = b"".join(bytes(entry.bytes) for entry in content).decode(errors="replace")
        expect(joined.startswith(answer.choices[0].message.content), "the tokens are the answer")
        streamed = [
            entry
            for chunk in self.chat(logprobs=True, top_logprobs=3, stream=True)
            if chunk.choices and chunk.choices[0].logprobs
            for entry in chunk.choices[0].logprobs.content
        ]
        expect([e.token for e in streamed] == [e.token for e in content], "the same when streamed")

    def completions(self):
        answer = self.complete(prompt="The capital of France is", logprobs=2)
        choice = answer.choices[0]
        expect(answer.object == "text_completion" and choice.text, "an answer")
        tokens = answer.usage.completion_tokens
        for values in (choice.logprobs.tokens, choice.logprobs.token_logprobs, choice.logprobs.text_offset):
            expect(len(values) == tokens, "one entry per token")
        check_routing(choice.router, self.layers, tokens)
        streamed = "".join(
            chunk.choices[0].text for chunk in self.complete(prompt="The capital of France is", stream=True)
        )
        expect(streamed == choice.text, "the same when streamed")
        echo = self.complete(prompt=["One, two,", "A, B,"], echo=True, max_tokens=2)
        expect(echo.choices[0].text.startswith("One, two,"), "echo of the first prompt")
        expect(echo.choices[1].text.startswith("A, B,"), "echo of the second prompt")
        expect(self.complete(prompt=[[10, 11], [12]], max_tokens=1).choices[1].index == 1, "prompts of token ids")

    def choices(self):
        answer = self.chat(n=3, temperature=1, seed=7)
        expect([choice.index for choice in answer.choices] == [0, 1, 2], "three choices")
        again = self.chat(n=3, temperature=1, seed=7)
        texts = [[choice.message.content for choice in a.choices] for a in (answer, again)]
        expect(texts[0] == texts[1], "a seed repeats the answer")

    def stop(self):
        whole = self.chat(max_tokens=24).choices[0].message.content
        word = whole.split()[1]
        answer = self.chat(max_tokens=24, stop=[word]).choices[0]
        expect(answer.finish_reason == "stop", answer.finish_reason)
        expect(answer.message.content == whole[: whole.index(word)], f"{answer.message.content!r} ends before {word!r}")

    def extension(self):
        shallow = self.exits[0]
        answer = self.chat(extra_body={"router": {"mode": "full", "max_exit": shallow}})
        expect(set(answer.choices[0].router["exits"]) <= {shallow}, f"every token leaves at {shallow}")
        if self.policy:
            answer = self.chat(extra_body={"router": {"policy": self.policy, "mode": "exit"}})
            check_routing(answer.choices[0].router, self.layers, answer.usage.completion_tokens, self.policy)
            expect(answer.usage.mean_depth == answer.choices[0].router["mean_depth"], "one choice, one mean depth")

    def errors(self):
        def refused(kind, parameter, **options):
            try:
                self.chat(**options)
            except kind as error:
                expect(error.body["message"] and "type" in error.body, f"an error object, not {error.body}")
                expect(error.param == parameter, f"{error.param} is not {parameter}: {error.body}")
            else:
                raise AssertionError(f"{options} should be refused")

        bad, router = openai.BadRequestError, lambda **fields: {"extra_body": {"router": fields}}
        refused(bad, "messages", messages=[])
        refused(bad, "messages[0].role", messages=[{"role": "king", "content": "Hi"}])
        refused(bad, "temperature", temperature=3)
        refused(bad, "max_tokens", max_tokens="many")
        refused(bad, "messages", max_tokens=10_000_000)
        refused(bad, "tools", tools=[{"type": "function", "function": {"name": "f"}}])
        refused(bad, "stream_options", stream_options={"include_usage": True})
        refused(bad, "router.policy", **router(policy="no such policy"))
        refused(bad, "router.max_exit", **router(max_exit=0))
        try:
            self.client.chat.completions.create(model="no such model", messages=QUESTION)
        except openai.NotFoundError as error:
            expect(error.code == "model_not_found", error.code)
        else:
            raise AssertionError("an unknown model should be refused")

    def disconnect(self):
        health = str(self.client.base_url).rstrip("/").removesuffix("/v1") + "/health"
        stream = self.chat(stream=True, max_tokens=1000, temperature=1)
        next(iter(stream))
        stream.close()
        deadline = time.monotonic() + 60
        while json.load(urllib.request.urlopen(health))["active"] != 0:
            expect(time.monotonic() < deadline, "the sequence of a client that left goes on")
            time.sleep(0.05)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url", help="such as http://127.0.0.1:8080/v1")
    parser.add_argument("--policy", help="a policy of the server")
    arguments = parser.parse_args()
    checks = Checks(arguments.base_url, arguments.policy)
    for check in (
        checks.models, checks.chat_whole, checks.chat_stream, checks.logprobs, checks.completions, checks.choices,
        checks.stop, checks.extension, checks.errors, checks.disconnect,
    ):  # fmt: skip
        try:
            check()
        except (AssertionError, openai.OpenAIError) as error:
            print(f"openai client: {check.__name__} failed: {error}", file=sys.stderr)
            sys.exit(1)
        print(f"openai client {openai.__version__}: {check.__name__} ok")


if __name__ == "__main__":
    main()
