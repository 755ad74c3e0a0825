# Read by the scripts beside it: evaluates a model here and behind a server, and says whether the scores are the same.
# Needs: name, model (a folder or GGUF file), url and served.

onset=target/release/onset
tasks=(--task-dir tests/fixtures/evaluate/tasks --data tests/fixtures/evaluate/data --format csv)

record() { printf '%s\n' "$*" | tee -a "$result"; }

begin() {
    cargo build --locked --release
    work=$(mktemp -d)
    result=docs/servers-$name.md
    printf '# onset against %s, %s\n\n' "$name" "$(date -u +%F)" > "$result"
}

# wait_for URL PID: until the server answers, or has ended.
wait_for() {
    for _ in $(seq 600); do
        curl --silent --fail --output /dev/null "$1" && return
        kill -0 "$2" || { echo "the server has ended" >&2; exit 1; }
        sleep 1
    done
    echo "the server does not answer" >&2
    exit 1
}

# scores FILE: benchmark, metric and value of each row, the value to three places.
scores() {
    python3 -c '
import csv, sys
rows = sorted((r["benchmark"], r["metric"], "%.3f" % float(r["value"])) for r in csv.DictReader(open(sys.argv[1])))
print("\n".join(map(" ".join, rows)))' "$1"
}

# try WHAT TASKS OPTIONS...: the same tasks here and there.
try() {
    local what=$1 names=$2
    shift 2
    "$onset" evaluate "$model" --tasks "$names" "${tasks[@]}" --out "$work/here-$what" > "$work/here.csv"
    if ! "$onset" evaluate --server "$url" --served-model "$served" --tasks "$names" "${tasks[@]}" --out "$work/there-$what" \
        "$@" > "$work/there.csv" 2> "$work/said"; then
        record "- $what: refused: $(tail -n 1 "$work/said")"
    elif diff <(scores "$work/here.csv") <(scores "$work/there.csv") > "$work/diff"; then
        record "- $what: the scores of this machine, to three places"
    else
        record "- $what: other scores:"
        sed 's/^/    /' "$work/diff" | tee -a "$result"
    fi
}
