"""The same model, the same items, one after the other: lm_eval --model hf, then onset evaluate.

    python benches/evaluate_against_lm_eval.py FOLDER [--model PATH] [--items N] [--theirs N] [--texts N] [--tasks ...]

needs lm_eval 0.4.13, torch and transformers. Makes three tasks in FOLDER: like_mmlu (five examples, four letters),
like_cloze (the same questions; the choices themselves, of two to ten tokens) and like_gsm8k (five examples, a text to be
written), and, unless a model is given, one of random weights with the shape of Gemma 3 270M: 262,144 tokens, 18 layers. Its
tokenizer has 262,144 entries, nearly all of them words of made-up syllables, so that a word is a token, as most English
words are one of Gemma's.

Prints what one item holds in tokens; seconds (and CPU seconds) of each whole process and their ratio; the peak memory
of each; the largest difference of a log-likelihood. With --theirs N lm_eval answers the first N items only and, once
more, a single one: its time for all items is then start + items x rate, which the output calls "estimated".
"""
import argparse
import glob
import json
import os
import random
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOKENIZER = os.path.join(HERE, "..", "tests", "fixtures", "evaluate", "models", "gemma-metaspace")
VOCABULARY = 262144
SYLLABLES = [c + v for c in "bdfghklmnprstvwz" for v in "aeio"]
WRITTEN = 64
TASKS = {
    "like_mmlu": """task: like_mmlu
dataset_path: json
dataset_kwargs: {data_files: {test: items.jsonl, dev: items_dev.jsonl}}
test_split: test
fewshot_split: dev
num_fewshot: 5
fewshot_config: {sampler: first_n}
output_type: multiple_choice
description: "The following are multiple choice questions (with answers).\\n\\n"
doc_to_text: "{{question.strip()}}\\nA. {{choices[0]}}\\nB. {{choices[1]}}\\nC. {{choices[2]}}\\nD. {{choices[3]}}\\nAnswer:"
doc_to_choice: ["A", "B", "C", "D"]
doc_to_target: answer
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
""",
    "like_cloze": """task: like_cloze
dataset_path: json
dataset_kwargs: {data_files: {test: items.jsonl, dev: items_dev.jsonl}}
test_split: test
fewshot_split: dev
num_fewshot: 5
fewshot_config: {sampler: first_n}
output_type: multiple_choice
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_choice: "{{choices}}"
doc_to_target: answer
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
""",
    "like_gsm8k": """task: like_gsm8k
dataset_path: json
dataset_kwargs: {data_files: {test: sums.jsonl, dev: sums_dev.jsonl}}
test_split: test
fewshot_split: dev
num_fewshot: 5
fewshot_config: {sampler: first_n}
output_type: generate_until
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["Question:"], do_sample: false, max_gen_toks: WRITTEN}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
""",
}


def data(folder, items, texts):
    draw = random.Random(1)

    def words(least, most):
        return " ".join("".join(draw.choices(SYLLABLES, k=3)) for _ in range(draw.randint(least, most)))

    def item():
        choices = [words(2, 10) for _ in range(4)]
        return {"question": words(8, 36) + "?", "choices": choices, "answer": draw.randrange(4)}

    def sums():
        return {"question": words(30, 70) + "?", "answer": words(60, 120) + f"\n#### {draw.randint(1, 99)}"}

    for name, make, count in [("items", item, items), ("items_dev", item, 5), ("sums", sums, texts), ("sums_dev", sums, 5)]:
        with open(os.path.join(folder, f"{name}.jsonl"), "w") as out:
            for _ in range(count):
                out.write(json.dumps(make()) + "\n")
    for name, text in TASKS.items():
        with open(os.path.join(folder, f"{name}.yaml"), "w") as out:
            out.write(text.replace("WRITTEN", str(WRITTEN)))


def tokenizer(folder):
    with open(os.path.join(TOKENIZER, "tokenizer.json")) as file:
        made = json.load(file)
    vocabulary = {token: at for token, at in made["model"]["vocab"].items() if at < 260}
    merges = []

    def add(first, second):
        if len(vocabulary) < VOCABULARY:
            vocabulary.setdefault(first + second, len(vocabulary))
            merges.append([first, second])
        return first + second

    for character in ["\u2581", "\n"] + [chr(at) for at in range(33, 127)]:
        vocabulary.setdefault(character, len(vocabulary))
    for syllable in SYLLABLES:
        add(*syllable)
    ones = [add("\u2581", syllable) for syllable in SYLLABLES]
    twos = [add(one, syllable) for one in ones for syllable in SYLLABLES]
    for syllable in SYLLABLES:
        for two in twos:
            add(two, syllable)
    made["model"].update(vocab=vocabulary, merges=merges)
    with open(os.path.join(folder, "tokenizer.json"), "w") as out:
        json.dump(made, out)
    shutil.copy(os.path.join(TOKENIZER, "tokenizer_config.json"), folder)


def model(folder):
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=262144, hidden_size=640, intermediate_size=2048, num_hidden_layers=18, num_attention_heads=4,
        num_key_value_heads=1, head_dim=256, query_pre_attn_scalar=256, sliding_window=512,
        max_position_embeddings=32768, bos_token_id=2, eos_token_id=1, pad_token_id=0,
    )
    Gemma3ForCausalLM(config).save_pretrained(folder)
    tokenizer(folder)


class Run:
    """A process from start to end."""

    def __init__(self, command, folder):
        start = time.time()
        with open(os.path.join(folder, "log.txt"), "w") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
            _, status, used = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(open(os.path.join(folder, "log.txt")).read()[-4000:])
        self.wall, self.cpu, self.memory = time.time() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20


def sizes(onset, path, folder, task):
    """What --dry-run says of the tokens."""
    command = [onset, "evaluate", path, "--task-dir", folder, "--data", folder, "--tasks", task, "--dry-run"]
    text = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    return next(line.strip() for line in text.splitlines() if "in all prompts" in line)


def likelihoods(folder, task):
    found = {}
    for path in glob.glob(os.path.join(folder, "**", f"samples_{task}_*.jsonl"), recursive=True):
        for line in open(path):
            sample = json.loads(line)
            found[sample["doc_id"]] = [answer[0] for answer in sample["resps"]]
    return found


def agreement(folder, task):
    a, b = likelihoods(os.path.join(folder, "theirs"), task), likelihoods(os.path.join(folder, "ours"), task)
    if task == "like_gsm8k":
        return f"{sum(a[item] == b[item] for item in a)} of {len(a)} texts the same"
    differences = [abs(float(p[0]) - float(q[0])) for item in a for p, q in zip(a[item], b[item])]
    return f"largest difference of {len(differences)} log-likelihoods {max(differences):.1e}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--model")
    parser.add_argument("--items", type=int, default=135)
    parser.add_argument("--theirs", type=int)
    parser.add_argument("--texts", type=int, default=8)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--onset", default="target/release/onset")
    parser.add_argument("--only", choices=["ours", "theirs"])
    options = parser.parse_args()
    folder, onset = os.path.abspath(options.folder), os.path.abspath(options.onset)
    os.makedirs(folder, exist_ok=True)
    data(folder, options.items, options.texts)
    path = os.path.abspath(options.model) if options.model else os.path.join(folder, "model")
    if not os.path.exists(os.path.join(path, "config.json")):
        model(path)
    for task in options.tasks:
        for old in ["theirs", "ours"]:
            shutil.rmtree(os.path.join(folder, old), ignore_errors=True)
        count = options.texts if task == "like_gsm8k" else options.items
        print(f"{task}, {count} items: {sizes(onset, path, folder, task)}", flush=True)
        lm_eval = [
            sys.executable, "-m", "lm_eval", "--model", "hf", "--model_args", f"pretrained={path},dtype=float32",
            "--include_path", folder, "--tasks", task, "--device", "cpu", "--batch_size", "1", "--log_samples",
            "--output_path", "theirs",
        ]
        own = [onset, "evaluate", path, "--task-dir", folder, "--data", folder, "--tasks", task, "--out", "ours"]
        if options.only != "theirs":
            ours = Run(own, folder)
            print(f"  onset {ours.wall:.1f} s ({ours.cpu:.1f} s of CPU, {ours.memory:.2f} GiB)", flush=True)
        if options.only == "ours":
            continue
        some = min(options.theirs or count, count)
        theirs, kind = Run([*lm_eval, "--limit", str(some)], folder), "whole"
        wall, cpu = theirs.wall, theirs.cpu
        if some < count:
            one, kind = Run([*lm_eval, "--limit", "1", "--output_path", "one"], folder), f"estimated from {some} items"
            wall += (wall - one.wall) / (some - 1) * (count - some)
            cpu += (cpu - one.cpu) / (some - 1) * (count - some)
        print(f"  lm_eval {wall:.1f} s ({cpu:.1f} s of CPU, {theirs.memory:.2f} GiB), {kind}", flush=True)
        if options.only is None:
            print(f"  {wall / ours.wall:.1f} times ({cpu / ours.cpu:.1f} of CPU); {agreement(folder, task)}", flush=True)


if __name__ == "__main__":
    main()
