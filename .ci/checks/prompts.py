"""Prompts of files of rows (.json or .jsonl) with `instruction` and `input`, or `question`, for the checks beside it."""

import json
import pathlib


def prompts_of(path, count):
    """The first `count` prompts of a file."""
    text = pathlib.Path(path).read_text()
    rows = json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines()]
    for row in rows[:count]:
        prompt = row.get("question") or row["instruction"]
        yield f"{prompt}\n{row['input']}" if row.get("input") else prompt
