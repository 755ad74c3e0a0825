"""How long a refit takes for every choice that the page of `onset explore` offers: wall time until the answer is here, and
processor time of the server. ONSET names the program; an argument asks for full answers. Each line is the median of five."""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.request

ONSET = os.environ.get("ONSET", "target/release/onset")
TABLES = ["data/models.csv", "data/evaluations.csv", "--score", "mmlu", "--adjusted", "mmlu-aux:3"]
QUESTION = {
    "stage": "full" if "full" in sys.argv[1:] else "quick",
    "score": "mmlu", "adjusted": "mmlu-aux:3", "cutoff": "2023-11", "without": [],
    "chance": "known", "curve": "hinge", "covariance": "CR2",
}
CHOICES = [
    ("nothing changed", {}),
    ("cut-off", {"cutoff": "2023-05"}), ("no cut-off", {"cutoff": "none"}),
    ("a family dropped", {"without": ["pythia"]}), ("five families dropped", {"without": ["pythia", "qwen", "llama", "falcon", "gemma"]}),
    ("chance estimated", {"chance": "free"}), ("chance 0.2", {"chance": "0.2"}),
    *((f"{kind} errors", {"covariance": kind}) for kind in ("CR3", "CR1", "CR0", "HC3", "HC2", "HC1", "HC0", "classical")),
    *((f"{curve} curve", {"curve": curve}) for curve in ("linear", "segmented", "logistic", "richards", "all")),
    ("richards curve, a family dropped", {"curve": "richards", "without": ["pythia"]}),
    ("richards curve of GSM8K", {"curve": "richards", "score": "gsm8k", "adjusted": "gsm8k-aux:3"}),
    ("another benchmark", {"score": "gsm8k", "adjusted": "gsm8k-aux:3"}),
    ("a score alone", {"adjusted": None}),
]


def processor_time(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


server = subprocess.Popen([ONSET, "explore", *TABLES], stdout=subprocess.PIPE, text=True)
try:
    address = server.stdout.readline().split()[0] + "refit"
    for name, change in CHOICES:
        walls, before = [], processor_time(server.pid)
        for _ in range(5):
            question = json.dumps({**QUESTION, **change}).encode()
            request = urllib.request.Request(address, question, {"Content-Type": "application/json"})
            began = time.perf_counter()
            with urllib.request.urlopen(request) as answer:
                answer.read()
            walls.append(1000 * (time.perf_counter() - began))
        used = (processor_time(server.pid) - before) / 5
        print(f"{name:34} {statistics.median(walls):7.0f} ms, {used:7.0f} ms of processor time", flush=True)
finally:
    server.send_signal(signal.SIGINT)
    server.wait(timeout=30)
