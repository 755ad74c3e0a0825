"""Compares the prompts of task files with lm-evaluation-harness's, on documents that are made up.

    python tests/tools/task_parity.py HARNESS WORK --program target/release/examples/parity [--most 600] [--each 3]

HARNESS is a folder with `lm_eval` in it. For each definition documents are guessed: the columns that the task file and
its Python file name, with values of changing kinds, until the harness can build a prompt. The program reads the same
documents; documents, targets and requests must be the same.
"""

import argparse
import ast
import collections
import importlib.metadata
import json
import logging
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

WORDS = "river stone Carla walks quietly 12 because the old house, near Paris; was sold. élan Straße 7.5% (maybe) it's".split()
NO_COLUMNS = set("if else for in set endif endfor not and or is loop true false none None True False elif".split())
FIELDS = ("doc_to_text", "doc_to_target", "doc_to_choice", "description", "fewshot_config", "gen_prefix")


def text(rng):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 7)))


def value(rng, constants):
    kind = rng.choice("tttttttcccdilLDnfbIP")
    if kind == "c" and constants:
        return rng.choice(constants)
    if kind == "d":
        return rng.choice(["0", "1", "2", "A", "B"])
    if kind == "i":
        return rng.randint(0, 1)
    if kind == "I":
        return [rng.randint(0, 1), 1]
    if kind == "l":
        return [text(rng) for _ in range(4)]
    if kind == "L":
        return [{"text": text(rng), "label": rng.choice("ABCD")} for _ in range(3)]
    if kind == "D":
        return {"text": [text(rng) for _ in range(4)], "label": ["A", "B", "C", "D"]}
    if kind == "P":
        return repr([text(rng) for _ in range(4)])
    if kind == "f":
        return 0.5
    if kind == "b":
        return rng.random() < 0.5
    return text(rng)


def kin(rng, made):
    """A value of the same kind."""
    if isinstance(made, bool):
        return rng.random() < 0.5
    if isinstance(made, int):
        return rng.randint(0, 1)
    if isinstance(made, float):
        return rng.choice([0.5, 1.25, 3.0])
    if isinstance(made, list):
        return [kin(rng, one) for one in made]
    if isinstance(made, dict):
        return {key: one if key == "label" else kin(rng, one) for key, one in made.items()}
    if len(made) <= 1 or made.startswith("["):
        return made
    return made if rng.random() < 0.5 else text(rng)


def words_of(folder, config):
    """Names of columns and texts that a task file and its Python files mention."""
    keys, constants = [], []

    def strings(node):
        if isinstance(node, str):
            found = re.findall(r"\{[{%](.*?)[}%]\}", node, re.S)
            for part in found:
                bare = re.sub(r"'[^']*'|\"[^\"]*\"", "''", part)
                keys.extend(re.findall(r"(?<![.\w])([A-Za-z_]\w*)", bare))
            if not found and re.fullmatch(r"\w+", node):
                keys.append(node)
        elif isinstance(node, dict):
            for one in node.values():
                strings(one)
        elif isinstance(node, list):
            for one in node:
                strings(one)

    for key in FIELDS:
        strings(config.get(key))
    for path in folder.glob("*.py"):
        try:
            tree = ast.parse(path.read_text(encoding="utf8"))
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            named = None
            if isinstance(node, ast.Subscript):
                named = node.slice
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop"):
                named = node.args[0] if node.args else None
            if isinstance(named, ast.Constant) and isinstance(named.value, str):
                keys.append(named.value)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) < 40:
                constants.append(node.value)
    return [key for key in dict.fromkeys(keys) if key not in NO_COLUMNS][:60], constants[:400]


def built(task, metadata):
    """Documents, targets and requests as the harness builds them."""
    items = []
    random.seed(0)
    for doc_id, doc in enumerate(task.eval_docs):
        context = task.fewshot_context(doc, task.config.num_fewshot or 0, gen_prefix=task.doc_to_prefix(doc))
        if task.OUTPUT_TYPE == "multiple_choice" and not task.multiple_input:
            # Only documents whose answer is among their choices are asked of onset.
            choices, gold = task.doc_to_choice(doc), task.doc_to_target(doc)
            for one in gold if isinstance(gold, list) else [gold]:
                if not (one in choices if isinstance(one, str) else isinstance(one, int) and 0 <= one < len(choices)):
                    raise ValueError("no such choice")
            if not all(isinstance(choice, str) for choice in choices):
                raise TypeError("a choice that is no text")
        requests = task.construct_requests(doc, context, metadata=(task.config.task, doc_id, 1), doc_id=doc_id)
        pairs = []
        for request in requests if isinstance(requests, list) else [requests]:
            context, rest = request.args[:2]
            pairs.append([context, rest["until"] if isinstance(rest, dict) else rest])
        items.append({"doc": doc, "target": str(task.doc_to_target(doc)), "requests": pairs})
    return json.loads(json.dumps(items, default=str))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("harness", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--program", required=True)
    parser.add_argument("--most", type=int, default=600)
    parser.add_argument("--each", type=int, default=2)
    parser.add_argument("--tries", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default="")
    parser.add_argument("--seconds", type=float, default=1e9, help="begin no further definition after so long")
    options = parser.parse_args()
    sys.path.insert(0, str(options.harness))
    real = importlib.metadata.version
    importlib.metadata.version = lambda name: "0.4.13" if name == "lm_eval" else real(name)
    os.environ["HF_DATASETS_OFFLINE"] = "1"
    logging.disable(logging.CRITICAL)
    import datasets
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks._yaml_loader import load_yaml

    datasets.disable_progress_bars()
    datasets.disable_caching()
    root = options.harness / "lm_eval" / "tasks"
    rng = random.Random(options.seed)
    groups = collections.defaultdict(list)
    for path in sorted(root.rglob("*.yaml")):
        source = path.read_text(encoding="utf8", errors="replace")
        if options.only in str(path) and re.search(r"^\"?task\"?:\s*[^\s\[#]", source, re.M):
            groups[path.parent].append(path)
    chosen = [path for paths in groups.values() for path in rng.sample(paths, min(options.each, len(paths)))]
    rng.shuffle(chosen)
    wanted, plan, skipped = {}, [], collections.Counter()
    began = time.monotonic()
    for number, path in enumerate(chosen[: options.most]):
        if time.monotonic() - began > options.seconds:
            break
        try:
            config = load_yaml(path)
        except (Exception, SystemExit) as error:
            skipped[f"load: {type(error).__name__}"] += 1
            continue
        own = config.get("dataset_path") in ("json", "csv", "parquet", None)
        if own or config.get("custom_dataset") or config.get("class"):
            skipped["data of its own"] += 1
            continue
        keys, constants = words_of(path.parent, config)
        splits = {config.get(key) for key in ("training_split", "validation_split", "test_split", "fewshot_split")}
        few = config.get("fewshot_config")
        splits |= {few.get("split")} if isinstance(few, dict) else set()
        splits = sorted(split for split in splits if isinstance(split, str))
        row = {key: value(rng, []) for key in keys}
        made, last, rows = None, None, []
        for _ in range(options.tries):
            rows = [{key: kin(rng, row[key]) for key in keys} for _ in range(7)]
            try:
                data = datasets.DatasetDict({split: datasets.Dataset.from_list(rows) for split in splits})
                ConfigurableTask.download = lambda self, *a, _data=data, **k: setattr(self, "dataset", _data)
                random.seed(0)
                task = ConfigurableTask(config={key: one for key, one in config.items() if key != "include"})
                task.set_fewshot_seed(1234)
                made = built(task, config) or None
                if made:
                    break
                last = ValueError("no documents")
            except Exception as error:
                last = error
            missing = str(last.args[0]) if isinstance(last, KeyError) and last.args else ""
            if missing and missing not in row and re.fullmatch(r"[\w ./-]+", missing):
                keys.append(missing)
                row[missing] = value(rng, constants)
                continue
            count = min(len(keys), rng.choice([1, 1, 2, 3]))
            for key in [missing] if missing in row else rng.sample(keys, count):
                row[key] = value(rng, constants)
        if made is None:
            skipped[f"no documents found: {type(last).__name__}"] += 1
            continue
        folder = options.work / str(number)
        for split in splits:
            name = config.get("dataset_name")
            place = folder / config["dataset_path"] / (str(name) if name else "")
            place.mkdir(parents=True, exist_ok=True)
            with open(place / f"{split}.jsonl", "w", encoding="utf8") as file:
                file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in rows)
        wanted[str(path)] = made
        plan.append({"definition": str(path), "data": str(folder)})
    options.work.mkdir(parents=True, exist_ok=True)
    plan_file = options.work / "plan.jsonl"
    plan_file.write_text("".join(json.dumps(one) + "\n" for one in plan), encoding="utf8")
    out = subprocess.run([options.program, str(plan_file)], capture_output=True, text=True, check=False)
    if out.returncode:
        sys.exit(out.stderr)
    same, different, refused = 0, 0, collections.Counter()
    for line in out.stdout.splitlines():
        answer = json.loads(line)
        name = answer["definition"]
        short = name[len(str(root)) + 1 :]
        if "error" in answer:
            refused[f"{answer['error'][-220:]} ({short})"] += 1
            continue
        ours, theirs = answer["items"], wanted[name]
        if ours == theirs:
            same += 1
            continue
        different += 1
        print(f"== {short}: {len(ours)} items, {len(theirs)} there")
        pair = next(((a, b) for a, b in zip(ours, theirs) if a != b), None)
        for key in ("doc", "target", "requests") if pair else ():
            if pair[0][key] != pair[1][key]:
                for side, one in zip(("ours  ", "theirs"), pair):
                    print(f"   {key} {side} {json.dumps(one[key], ensure_ascii=False)[:700]}")
                break
    print(f"{len(plan)} compared: {same} the same, {different} different, {sum(refused.values())} refused")
    for kind, count in refused.most_common(80):
        print(f"  refused {count}: {kind}")
    print("without documents:", dict(skipped.most_common(12)))


main()
