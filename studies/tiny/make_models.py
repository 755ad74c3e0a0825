#!/usr/bin/env python3
"""Makes the models and the training data of tiny.toml: four small GPT-NeoX models that were pretrained for a moment.

    python studies/tiny/make_models.py        (torch and transformers; a minute on two cores)

Questions are of the two kinds that the test tasks of tests/fixtures/evaluate ask: the first letter of a word, and the
tallest of some people. Pretraining sees them as plain text with the answer in words, adjustment as multiple choice.
"""
import json
import pathlib
import random
import shutil

here = pathlib.Path(__file__).parent
fixture = here.parent.parent / "tests/fixtures/evaluate/models/neox-bytelevel"
words = "horse goat lion tiger zebra camel otter panda rabbit snake whale mouse eagle robin crow duck frog bear wolf deer".split()
people = "Finn Dan Hana Jun Ivo Ada Cleo Gus Mia Noa Otto Pia".split()


def question(draw):
    if draw.random() < 0.5:
        word = draw.choice(words)
        others = draw.sample([c for c in "abcdefghijklmnopqrstuvwxyz" if c != word[0]], 3)
        text, answer = f'Which letter does the word "{word}" start with?', word[0]
    else:
        first, *others = draw.sample(people, 4)
        text, answer = f"{first} is taller than {others[0]}, {others[1]} and {others[2]}. Who is the tallest?", first
    choices = others[:3] + [answer]
    draw.shuffle(choices)
    return text, choices, choices.index(answer)


def main():
    import torch
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, PreTrainedTokenizerFast

    draw = random.Random(7)
    with open(here / "train.jsonl", "w") as out:
        for _ in range(256):
            text, choices, answer = question(draw)
            listed = "".join(f"\n{letter}. {choice}" for letter, choice in zip("ABCD", choices))
            line = {"prompt": f"{text}{listed}\nAnswer:", "completion": " " + "ABCD"[answer]}
            out.write(json.dumps(line) + "\n")
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(fixture / "tokenizer.json"))
    torch.manual_seed(7)
    torch.set_num_threads(1)
    for hidden, steps in [(8, 40), (16, 80), (24, 160), (40, 320)]:
        config = GPTNeoXConfig(vocab_size=600, hidden_size=hidden, intermediate_size=2 * hidden, num_hidden_layers=2,
                               num_attention_heads=1, max_position_embeddings=1024, bos_token_id=0, eos_token_id=0)
        model = GPTNeoXForCausalLM(config)
        optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
        tokens = 0
        for step in range(steps):
            texts = []
            for _ in range(16):
                text, choices, answer = question(draw)
                texts.append(f"Question: {text}\nAnswer: {choices[answer]}\n\n")
            ids = tokenizer("".join(texts), return_tensors="pt").input_ids[:, :384]
            loss = model(ids, labels=ids).loss
            loss.backward()
            optimiser.step()
            optimiser.zero_grad()
            tokens += ids.numel()
        name = here / "models" / f"neox-{hidden}"
        model.save_pretrained(name)
        for file in ["tokenizer.json", "tokenizer_config.json"]:
            shutil.copy(fixture / file, name / file)
        (name / "generation_config.json").unlink(missing_ok=True)
        print(name.name, sum(p.numel() for p in model.parameters()), "parameters", tokens, "tokens", loss.item())


if __name__ == "__main__":
    main()
