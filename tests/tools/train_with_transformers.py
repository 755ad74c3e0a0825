"""A small trainer outside of onset: reads what a study's `command` gets, trains with transformers, saves model folders.

    python train_with_transformers.py MODEL DATA OUT CHECKPOINTS SEED RECIPE

One optimiser step takes `batch` examples; the loss is that of the completions only.
"""

import json
import random
import sys

import torch
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

model_path, data, out, checkpoints, seed, recipe = sys.argv[1:]
recipe = json.load(open(f"{recipe}/recipe.json"))
checkpoints = [int(text) for text in checkpoints.split(",")]
torch.manual_seed(int(seed))
examples = [json.loads(line) for line in open(data)]
tokenizer = PreTrainedTokenizerFast(tokenizer_file=f"{model_path}/tokenizer.json")
model = AutoModelForCausalLM.from_pretrained(model_path, dtype=torch.float32)
model.train()
optimiser = torch.optim.AdamW(model.parameters(), lr=recipe["learning_rate"], weight_decay=recipe["weight_decay"])
order = []
while len(order) < checkpoints[-1]:
    part = list(range(len(examples)))
    random.Random(f"{seed} {len(order)}").shuffle(part)
    order += part
batch = recipe["batch"]
for start in range(0, checkpoints[-1], batch):
    for at in order[start : start + batch]:
        prompt = tokenizer(examples[at]["prompt"], add_special_tokens=False)["input_ids"]
        completion = tokenizer(examples[at]["completion"], add_special_tokens=False)["input_ids"]
        tokens = (prompt + completion)[-recipe["block"] :]
        labels = [-100] * max(len(tokens) - len(completion), 0) + completion[-len(tokens) :]
        answer = model(input_ids=torch.tensor([tokens]), labels=torch.tensor([labels]))
        (answer.loss / batch).backward()
    optimiser.step()
    optimiser.zero_grad()
    if start + batch in checkpoints:
        model.save_pretrained(f"{out}/checkpoint-{(start + batch) // batch}")
