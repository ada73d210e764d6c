#!/usr/bin/env bash
# Our benchmarks and their peers in one run, with the load of the machine before and after: what a dated record holds.
# usage: side_by_side.sh [PYTHON]      PYTHON has what requirements.txt lists; .venv/bin/python here by default
# With `TORCH=0`, what needs PyTorch is left out.
set -euo pipefail
cd "$(dirname "$0")"
python=${1:-.venv/bin/python}
data=../../examples/data

cargo bench -q -p cdmpp-benches --bench encode --bench read --bench kernel --bench predict --bench train_step --no-run
uptime
cargo bench -q -p cdmpp-benches --bench encode 2>&1 | grep -E "^encode|time:|thrpt:"
for file in cpu-programs gpu-operators; do
    "$python" -B tvm_features.py $data/$file.jsonl.zst --limit 400 --time
done
cargo bench -q -p cdmpp-benches --bench read 2>&1 | grep -E "^read|time:|thrpt:"
for file in cpu-programs gpu-operators; do
    "$python" -B tvm_parse.py $data/$file.jsonl.zst --limit 400
done
if [[ "${TORCH:-1}" != 0 ]]; then
    "$python" -B torch_side_by_side.py
fi
uptime
