#!/usr/bin/env python3
"""Measures what prompts that begin alike cost on running servers; needs nothing but Python.

    router serve --port 8090 &
    .ci/checks/prefix_cache.py PROMPTS... [--url http://127.0.0.1:8090]... [--rounds 5]

PROMPTS give the text of the conversations. For each server in turn, medians over rounds of the time to the first token:

    second turn      a chat of some 2,000 tokens goes on, against the same prompt read anew (`cache_prompt` false)
    system prompt    another question behind some 1,000 tokens that an earlier request had, against the same
    ten turns        a chat of ten turns: the time of each

Answers with and without the cache have to be equal, or the exit status is 1. With --strangers N, N prompts that nothing
else begins with are answered with and without the cache in turn: their times say what the cache costs. With --chats N, N chats
of five turns go on at the same time, with and without the cache: give the server a --kv-memory that is too small for all.
"""

import argparse
import concurrent.futures
import http.client
import json
import statistics
import sys
import time
import urllib.parse

from prompts import prompts_of


class Chat:
    """A server's streamed answers."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port or 80

    def ask(self, messages, tokens, cached=True):
        """The answer, seconds to its first token and of all, tokens of the prompt and those that were re-used."""
        body = {
            "messages": messages, "max_tokens": tokens, "temperature": 0, "stream": True,
            "stream_options": {"include_usage": True}, "cache_prompt": cached,
        }
        connection = http.client.HTTPConnection(self.host, self.port, timeout=600)
        begun = time.monotonic()
        connection.request(
            "POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"status {answer.status}: {answer.read()[:300]!r}")
        text, first, usage = "", None, {}
        for line in answer:
            if not line.startswith(b"data: {"):
                continue
            chunk = json.loads(line[6:])
            for choice in chunk["choices"]:
                content = choice["delta"].get("content") or ""
                if content and first is None:
                    first = time.monotonic() - begun
                text += content
            usage = chunk.get("usage") or usage
        connection.close()
        total = time.monotonic() - begun
        details = usage.get("prompt_tokens_details") or {}
        return text, first or total, total, usage.get("prompt_tokens", 0), details.get("cached_tokens")


def say(role, content):
    return {"role": role, "content": content}


def long_text(prompts, characters, offset):
    """Prompts in a row, beginning with another one each time, so that nothing is there already."""
    text, index = "", offset
    while len(text) < characters:
        text += prompts[index % len(prompts)] + "\n"
        index += 1
    return text[:characters]


def compare(chat, name, rounds, prepare, question):
    """Asks a question after its preparation, re-using and anew; true if the answers are equal."""
    cold, warm, equal, counts = [], [], True, None
    for index in range(rounds):
        prepare(index)
        text, first, _, count, reused = chat.ask(question(index), 8)
        warm.append(first)
        expected, first, *_ = chat.ask(question(index), 8, cached=False)
        cold.append(first)
        equal = equal and text == expected
        counts = (reused, count)
    ratio = statistics.median(w / c for w, c in zip(warm, cold))
    print(f"  {name}: first token {statistics.median(warm) * 1e3:.1f} ms, anew {statistics.median(cold) * 1e3:.1f} ms: "
          f"{ratio:.3f}x; {counts[0]} of {counts[1]} tokens re-used; answers {'equal' if equal else 'DIFFER'}")
    return equal


def converse(chat, prompts, number, cached):
    """The answers of a chat of five turns."""
    messages, answers = [], []
    for turn in range(5):
        messages.append(say("user", long_text(prompts, 900, 7 * number + 61 * turn)))
        text, *_ = chat.ask(messages, 32, cached)
        messages.append(say("assistant", text))
        answers.append(text)
    return answers


def compare_chats(chat, prompts, count):
    """Lets many chats go on at the same time; true if their answers are equal."""
    seconds, answers = {}, {}
    for cached in (True, False):
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            answers[cached] = list(pool.map(lambda number: converse(chat, prompts, number, cached), range(count)))
        seconds[cached] = time.monotonic() - begun
    equal = answers[True] == answers[False]
    print(f"  {count} chats of five turns: {seconds[True]:.1f} s, anew {seconds[False]:.1f} s: "
          f"{seconds[False] / seconds[True]:.2f}x; answers {'equal' if equal else 'DIFFER'}")
    return equal


def check(url, prompts, arguments):
    print(url)
    chat, equal, stories = Chat(url), True, {}
    if arguments.chats:
        return compare_chats(chat, prompts, arguments.chats)

    def begin(index):
        messages = [say("user", long_text(prompts, 8000, 40 * index))]
        text, *_ = chat.ask(messages, 16)
        stories[index] = messages + [say("assistant", text), say("user", "And in one word?")]

    equal &= compare(chat, "second turn", arguments.rounds, begin, lambda index: stories[index])

    def system(index):
        return [say("system", long_text(prompts, 4000, 40 * index + 1))]

    equal &= compare(
        chat, "system prompt", arguments.rounds,
        lambda index: chat.ask(system(index) + [say("user", "Name a river.")], 8),
        lambda index: system(index) + [say("user", "What is a good name for a dog?")])

    messages, times = [], []
    for turn in range(10):
        messages.append(say("user", long_text(prompts, 900, 11 * turn + 3)))
        text, first, _, count, reused = chat.ask(messages, 32)
        messages.append(say("assistant", text))
        times.append(f"{first * 1e3:.0f} ms ({reused} of {count})")
    print("  ten turns: " + ", ".join(times))

    if arguments.strangers:
        seconds = {True: 0.0, False: 0.0}
        for index in range(arguments.strangers):
            for cached in (True, False) if index % 2 else (False, True):
                stranger = [say("user", f"{index}{cached}: {prompts[index % len(prompts)]}")]
                # The system prompt, which some templates add, is different too.
                stranger.insert(0, say("system", f"{index} {cached}"))
                seconds[cached] += chat.ask(stranger, 32, cached)[2]
        print(f"  {arguments.strangers} strangers: with the cache {seconds[True] / seconds[False]:.4f}x")
    return equal


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("prompts", nargs="+")
    parser.add_argument("--url", action="append", help="of a server; http://127.0.0.1:8080 if absent")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chats", type=int, default=0)
    parser.add_argument("--strangers", type=int, default=0)
    arguments = parser.parse_args()
    prompts = [prompt for path in arguments.prompts for prompt in prompts_of(path, 400)]
    results = [check(url, prompts, arguments) for url in arguments.url or ["http://127.0.0.1:8080"]]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
