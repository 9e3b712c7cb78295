#!/usr/bin/env python3
"""Checks a running `router serve` with many clients at a time; needs nothing but Python.

    router serve --threads 2 --sequences 16 &
    .ci/checks/many_clients.py answers PROMPTS... [--clients 16] [--rows 100]
    router serve --sequences 8 --queue 8 --kv-memory 128 &
    .ci/checks/many_clients.py overload PROMPTS... --clients 32 --minutes 10 --pid PID

`answers` has each prompt answered alone and then among the others, in modes full, verify and, if the server has
policies, exit with each of them, greedy and sampled with a seed: the texts have to be equal. `overload` keeps more
clients at work than the server takes, some of which leave in mid-answer or do not read: every status has to be 200 or
429 with Retry-After, every client has to get answers, and the server's memory (of --pid, from /proc) has to stay: pages
of earlier prompts are kept up to --kv-memory, which is to be reached in the first minute.
"""

import argparse
import collections
import concurrent.futures
import http.client
import json
import pathlib
import random
import sys
import threading
import time
import urllib.parse

from prompts import prompts_of


class Server:
    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port or 80

    def ask(self, method, path, body=None, timeout=600):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        data = json.dumps(body).encode() if body is not None else None
        connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        return connection, connection.getresponse()

    def json(self, method, path, body=None):
        connection, answer = self.ask(method, path, body)
        text = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{path}: status {answer.status}: {text[:300]!r}")
        return json.loads(text)

    def text(self, body):
        choice = self.json("POST", "/v1/chat/completions", body)["choices"][0]
        return choice["message"]["content"], choice["finish_reason"]


def all_prompts(arguments):
    return [prompt for path in arguments.prompts for prompt in prompts_of(path, arguments.rows)]


def request(model, prompt, tokens, **more):
    return {"model": model, "messages": [{"role": "user", "content": prompt}], "max_tokens": tokens, **more}


def check_answers(server, arguments):
    model = server.json("GET", "/v1/models")["data"][0]
    policies = model.get("router", {}).get("policies", [])
    settings = [{"mode": "full"}, {"mode": "verify"}] + [{"policy": name, "mode": "exit"} for name in policies]
    bodies = []
    for index, prompt in enumerate(all_prompts(arguments)):
        sampling = {"temperature": 0} if index % 2 == 0 else {"temperature": 0.8, "top_p": 0.95, "seed": index}
        way = settings[index % len(settings)]
        bodies.append(request(model["id"], prompt, arguments.tokens, router=way, **sampling))
    alone = [server.text(body) for body in bodies]
    with concurrent.futures.ThreadPoolExecutor(arguments.clients) as pool:
        together = list(pool.map(server.text, bodies))
    same = sum(a == b for a, b in zip(alone, together))
    print(f"{same} of {len(bodies)} answers of {arguments.clients} clients are those alone, in {len(settings)} ways")
    return same == len(bodies)


def resident(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def check_overload(server, arguments):
    model = server.json("GET", "/v1/models")["data"][0]["id"]
    prompts = all_prompts(arguments)
    end = time.time() + arguments.minutes * 60
    statuses, answers, lacking = collections.Counter(), collections.Counter(), []
    lock = threading.Lock()

    def client(number):
        dice = random.Random(number)
        while time.time() < end:
            body = request(model, dice.choice(prompts), arguments.tokens, temperature=0, stream=number % 2 == 0)
            try:
                connection, answer = server.ask("POST", "/v1/chat/completions", body)
            except OSError as error:
                with lock:
                    statuses[type(error).__name__] += 1
                continue
            with lock:
                statuses[answer.status] += 1
                if answer.status == 429 and not answer.headers.get("Retry-After"):
                    lacking.append(number)
            behaviour = dice.random()
            if answer.status == 200 and body["stream"] and behaviour < 0.1:
                answer.read(100)  # leaves in mid-answer
            elif answer.status == 200 and body["stream"] and behaviour < 0.15:
                time.sleep(5)  # does not read
            else:
                answer.read()
                with lock:
                    answers[number] += answer.status == 200
            connection.close()
            if answer.status == 429:
                time.sleep(min(2, int(answer.headers.get("Retry-After") or 1)) * dice.random())

    threads = [threading.Thread(target=client, args=(number,)) for number in range(arguments.clients)]
    for thread in threads:
        thread.start()
    sizes = []
    while time.time() < end:
        time.sleep(10)
        if arguments.pid:
            sizes.append(resident(arguments.pid))
    for thread in threads:
        thread.join()
    counts = [answers[number] for number in range(arguments.clients)]
    print(f"statuses {dict(statuses)}; answers per client {min(counts)} to {max(counts)}")
    # The first minute makes what is kept: pages, scratch, the screen of the head.
    settled = sizes[6:] or sizes
    if settled:
        print(f"resident {settled[0]:.0f} MB after the first minute, {settled[-1]:.0f} at the end, {max(sizes):.0f} at most")
    flat = not settled or settled[-1] <= settled[0] * 1.1 + 20
    return set(statuses) <= {200, 429} and not lacking and min(counts) > 0 and flat


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("check", choices=["answers", "overload"])
    parser.add_argument("prompts", nargs="+")
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rows", type=int, default=100, help="prompts of each file")
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--pid", type=int, help="the server's process, for its memory")
    arguments = parser.parse_args()
    check = {"answers": check_answers, "overload": check_overload}[arguments.check]
    sys.exit(0 if check(Server(arguments.url), arguments) else 1)


if __name__ == "__main__":
    main()
