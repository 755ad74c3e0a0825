#!/usr/bin/env bash
# By hand: installs vLLM, serves a model, evaluates it there and here, and writes docs/servers-vllm.md.
#
#     bash tests/servers/vllm.sh [MODEL_FOLDER]
#
# Needs an NVIDIA GPU, or a vLLM for processors that is installed already in the Python that VLLM_PYTHON names.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=vllm model=${1:-tests/fixtures/evaluate/models/neox-bytelevel} url=http://127.0.0.1:8011 served=m
. tests/servers/compare.sh
begin
python=${VLLM_PYTHON:-target/servers/vllm/bin/python}
if [ ! -x "$python" ]; then
    python3 -m venv target/servers/vllm
    target/servers/vllm/bin/pip install --quiet vllm
fi
record "vLLM $("$python" -c 'import vllm; print(vllm.__version__)'), model $(basename "$model")"
"$python" -m vllm.entrypoints.openai.api_server --model "$model" --served-model-name m --dtype float32 --port 8011 \
    --enforce-eager > "$work/server.log" 2>&1 &
server=$!
trap 'kill $server' EXIT
wait_for "$url/v1/models" $server
try "log-likelihoods-of-text" toy_mc,toy_cloze
try "log-likelihoods-of-token-ids" toy_mc,toy_cloze --tokenizer "$model"
try "written-answers" toy_math --tokenizer "$model"
