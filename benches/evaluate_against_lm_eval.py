"""The same model, the same items, one after the other: lm_eval --model hf, then onset evaluate.

    python benches/evaluate_against_lm_eval.py FOLDER [--model PATH] [--items N] [--onset target/release/onset]

needs lm_eval 0.4.13, torch and transformers. Makes three tasks in FOLDER with the shapes of MMLU (five examples, four
letters), its cloze variant (four choices of several tokens) and GSM8K (five examples, a text of at most 64 tokens), and,
unless a model is given, one of random weights with the shape of Gemma 3 270M and a small tokenizer. Prints seconds of
each whole process and their ratio, and the largest difference of a log-likelihood.
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
TASKS = {
    "like_mmlu": """task: like_mmlu
dataset_path: json
dataset_kwargs: {data_files: {test: choices.jsonl, dev: choices_dev.jsonl}}
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
dataset_kwargs: {data_files: {test: choices.jsonl, dev: choices_dev.jsonl}}
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
generation_kwargs: {until: ["Question:"], do_sample: false, max_gen_toks: 64}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
""",
}
NAMES = ["Finn", "Dan", "Hana", "Jun", "Ivo", "Ada", "Cleo", "Gus", "Ben"]
THINGS = ["plums", "limes", "apples"]


def data(folder, items):
    draw = random.Random(1)

    def fact():
        return f"{draw.choice(NAMES)} has {draw.randint(1, 99)} {draw.choice(THINGS)}"

    def choice_item():
        return {
            "question": ", ".join(fact() for _ in range(5)) + ". Who is the tallest?",
            "choices": [f"{fact()} and {fact()}" for _ in range(4)],
            "answer": draw.randrange(4),
        }

    def sum_item():
        question = ", ".join(fact() for _ in range(5)) + ". How many are there now?"
        return {"question": question, "answer": ". ".join(fact() for _ in range(6)) + f".\n#### {draw.randint(1, 99)}"}

    for name, make, count in [
        ("choices", choice_item, items),
        ("choices_dev", choice_item, 5),
        ("sums", sum_item, items),
        ("sums_dev", sum_item, 5),
    ]:
        with open(os.path.join(folder, f"{name}.jsonl"), "w") as out:
            for _ in range(count):
                out.write(json.dumps(make()) + "\n")
    for name, text in TASKS.items():
        with open(os.path.join(folder, f"{name}.yaml"), "w") as out:
            out.write(text)


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
    for name in ["tokenizer.json", "tokenizer_config.json"]:
        shutil.copy(os.path.join(TOKENIZER, name), folder)


def timed(command, folder):
    start = time.time()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr[-4000:])
    return time.time() - start


def likelihoods(folder, task):
    found = {}
    for path in glob.glob(os.path.join(folder, "**", f"samples_{task}_*.jsonl"), recursive=True):
        for line in open(path):
            sample = json.loads(line)
            found[sample["doc_id"]] = [answer[0] for answer in sample["resps"]]
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--model")
    parser.add_argument("--items", type=int, default=8)
    parser.add_argument("--onset", default="target/release/onset")
    options = parser.parse_args()
    folder, onset = os.path.abspath(options.folder), os.path.abspath(options.onset)
    os.makedirs(folder, exist_ok=True)
    data(folder, options.items)
    path = os.path.abspath(options.model) if options.model else os.path.join(folder, "model")
    if not os.path.exists(os.path.join(path, "config.json")):
        model(path)
    for task in TASKS:
        for old in ["theirs", "ours"]:
            shutil.rmtree(os.path.join(folder, old), ignore_errors=True)
        lm_eval = [
            sys.executable, "-m", "lm_eval", "--model", "hf", "--model_args", f"pretrained={path},dtype=float32",
            "--include_path", folder, "--tasks", task, "--device", "cpu", "--batch_size", "1", "--log_samples",
            "--output_path", "theirs",
        ]
        own = [onset, "evaluate", path, "--task-dir", folder, "--data", folder, "--tasks", task, "--out", "ours"]
        theirs, ours = timed(lm_eval, folder), timed(own, folder)
        a, b = likelihoods(os.path.join(folder, "theirs"), task), likelihoods(os.path.join(folder, "ours"), task)
        if task == "like_gsm8k":
            same = sum(a[item] == b[item] for item in a)
            agreement = f"{same} of {len(a)} texts the same"
        else:
            differences = [abs(float(p[0]) - float(q[0])) for item in a for p, q in zip(a[item], b[item])]
            agreement = f"largest difference of a log-likelihood {max(differences):.1e}"
        print(f"{task}: lm_eval {theirs:.1f} s, onset {ours:.1f} s, {theirs / ours:.1f} times; {agreement}", flush=True)


if __name__ == "__main__":
    main()
