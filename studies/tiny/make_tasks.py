#!/usr/bin/env python3
"""Makes the data of the two tasks of own-split.toml.

    python studies/tiny/make_tasks.py        (nothing but Python; a moment)

`letters` has a validation split beside the one that is tested; `tallest` has none, so a part of its training split is held
out. No question stands in two splits of a task.
"""
import json
import pathlib
import random

from make_models import people, words

here = pathlib.Path(__file__).parent / "data"


def letter(draw):
    word = draw.choice(words)
    others = draw.sample([c for c in "abcdefghijklmnopqrstuvwxyz" if c != word[0]], 3)
    return f'Which letter does the word "{word}" start with?', word[0], others


def tallest(draw):
    first, *others = draw.sample(people, 4)
    return f"{first} is taller than {others[0]}, {others[1]} and {others[2]}. Who is the tallest?", first, others


def main():
    for name, ask, splits in [
        ("letters", letter, {"train": 160, "validation": 40, "test": 80}),
        ("tallest", tallest, {"train": 160, "test": 80}),
    ]:
        draw, seen = random.Random(name), set()
        for split, count in splits.items():
            with open(here / f"{name}_{split}.jsonl", "w") as out:
                while count:
                    question, answer, others = ask(draw)
                    choices = others + [answer]
                    draw.shuffle(choices)
                    if (question, *choices) in seen:
                        continue
                    seen.add((question, *choices))
                    json.dump({"question": question, "choices": choices, "answer": choices.index(answer)}, out)
                    out.write("\n")
                    count -= 1


if __name__ == "__main__":
    main()
