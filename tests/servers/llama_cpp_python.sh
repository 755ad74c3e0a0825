#!/usr/bin/env bash
# By hand: builds and installs llama-cpp-python, serves a GGUF file, evaluates it there and here, and writes
# docs/servers-llama-cpp-python.md. Needs a C++ compiler.
#
#     bash tests/servers/llama_cpp_python.sh MODEL.gguf
set -euo pipefail
cd "$(dirname "$0")/../.."
name=llama-cpp-python model=${1:?a GGUF file} url=http://127.0.0.1:8012 served=m
. tests/servers/compare.sh
begin
if [ ! -x target/servers/llama/bin/python ]; then
    python3 -m venv target/servers/llama
    target/servers/llama/bin/pip install --quiet 'llama-cpp-python[server]'
fi
python=target/servers/llama/bin/python
record "llama-cpp-python $("$python" -c 'import llama_cpp; print(llama_cpp.__version__)'), model $(basename "$model")"
"$python" -m llama_cpp.server --model "$model" --model_alias m --logits_all true --port 8012 > "$work/server.log" 2>&1 &
server=$!
trap 'kill $server' EXIT
wait_for "$url/v1/models" $server
try "log-likelihoods-of-text" toy_mc,toy_cloze
try "written-answers" toy_math
