#!/usr/bin/env bash
# Runs every command of one build of cdmpp on small bundled data and keeps all that it writes and prints, so that
# `compare.py` can hold two builds against each other.
#
#     benches/same_answers/run.sh CDMPP FOLDER [DATA-FOLDER]
#
# CDMPP is the binary, FOLDER a new folder for its answers, DATA-FOLDER the records (by default those of examples/data).
# Takes about two minutes on one core; needs zstd.
set -euo pipefail

if [[ $# -lt 2 ]]; then
    sed -n '2,/^set/p' "$0" | sed '$d' | sed 's/^# \{0,1\}//'
    exit 2
fi
cdmpp=$(realpath "$1")
mkdir "$2"
out=$(realpath "$2")
root=$(cd "$(dirname "$0")/../.." && pwd)
data=$(realpath "${3:-$root/examples/data}")
cd "$out"

cut_records() { zstd -dcq "$data/$1" 2>/dev/null | sed -n "$2p" >"$3" || true; }
cut_records cpu-programs.jsonl.zst 1~8 cpu.jsonl
cut_records gpu-operators.jsonl.zst 1~60 gpu.jsonl
hardware=$data/hardware.json
cat >quick.toml <<'TOML'
[model]
head_hidden = [32]
[model.transformer]
d_model = 32
n_layers = 2
[training]
batch_size = 64
TOML
cat >tune.toml <<'TOML'
[adaptation.tuning]
epochs = 3
steps_per_epoch = 8
TOML

# Keeps standard output, standard error and the exit code.
run() {
    local name=$1 code=0
    shift
    "$cdmpp" "$@" >"$name.out" 2>"$name.err" || code=$?
    echo "$code" >"$name.code"
}

run features features gpu.jsonl --limit 20
run inspect inspect "$root/examples/programs/linear.py"
run train train cpu.jsonl --hardware "$hardware" --test-networks bert_base-b1,resnet18-b1 --config quick.toml \
    --epochs 6 --seed 3 --out cpu.safetensors --report train.json --predictions train.predictions.jsonl
run train-spilled train cpu.jsonl --hardware "$hardware" --test-networks bert_base-b1,resnet18-b1 --config quick.toml \
    --epochs 6 --seed 3 --memory 0 --out spilled.safetensors
run train-default train gpu.jsonl --hardware "$hardware" --test-tasks 0.2 --epochs 3 --out gpu.safetensors --report train-default.json
# Stopped at once, and resumed: as if it had never stopped.
run stopped train cpu.jsonl --hardware "$hardware" --test-networks bert_base-b1,resnet18-b1 --config quick.toml \
    --epochs 6 --seed 3 --minutes 0.0001 --out resumed.safetensors
run resumed train cpu.jsonl --hardware "$hardware" --test-networks bert_base-b1,resnet18-b1 --config quick.toml \
    --epochs 6 --seed 3 --out resumed.safetensors --resume
run eval eval cpu.safetensors cpu.jsonl --hardware "$hardware" --report eval.json --predictions eval.predictions.jsonl
run predict predict gpu.safetensors --hardware "$hardware" --on tesla-t4,a100-pcie-80gb "$root/examples/programs/linear.py"
run predict-records predict gpu.safetensors --hardware "$hardware" --on tesla-t4 gpu.jsonl
run select select gpu.jsonl --budget 12 --seed 5
grep a100-pcie-80gb gpu.jsonl >a100.jsonl
run select-programs select a100.jsonl --budget 12 --unit program --method random --seed 5 --out chosen.jsonl
run select-model select gpu.jsonl --budget 12 --model gpu.safetensors --seed 5
run adapt adapt gpu.safetensors gpu.jsonl --hardware "$hardware" --on tesla-p4 --budget 12 --config tune.toml --seed 2 \
    --out adapted.safetensors --report adapt.json --predictions adapt.predictions.jsonl
run adapt-chosen adapt gpu.safetensors gpu.jsonl --hardware "$hardware" --on a100-pcie-80gb --measured chosen.jsonl \
    --config tune.toml --out adapted-chosen.safetensors --report adapt-chosen.json
run adapt-networks adapt cpu.safetensors cpu.jsonl --hardware "$hardware" --on-networks resnet18-b1 --budget 5 \
    --config tune.toml --out adapted-networks.safetensors --report adapt-networks.json
for discrepancy in cmd mmd coral; do
    run "adapt-$discrepancy" adapt gpu.safetensors gpu.jsonl --hardware "$hardware" --on tesla-p4 --discrepancy $discrepancy \
        --config tune.toml --out "adapted-$discrepancy.safetensors" --report "adapt-$discrepancy.json"
done
run replay replay "$data/networks.jsonl.zst" --measured epyc-genoa-avx512-2c --report replay.json
run replay-one replay "$data/networks.jsonl.zst" --networks resnet50-b1 --measured epyc-genoa-avx512-2c \
    --trace trace.json --dot graph.dot
run fit-overheads fit-overheads "$data/networks.jsonl.zst" --leave-one-out --report overheads-report.json --out overheads.json
run replay-model replay "$data/networks.jsonl.zst" --model cpu.safetensors --programs "$data/cpu-programs.jsonl.zst" \
    --hardware "$hardware" --on epyc-genoa-avx512-1c --networks resnet18-b1,bert_tiny-b1 --overheads overheads.json --report replay-model.json
run refused train nosuch.jsonl --hardware "$hardware" --out never.safetensors
