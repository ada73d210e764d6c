#!/usr/bin/env bash
# Takes each hardware (or network) of a bundled data set in turn as the new one: what docs/src/adaptation.md reports.
#
# usage: measure.sh (operators | kernels | targets | networks) FOLDER [SEED...]
# environment: BUDGETS ("10 20 50 100 200"; of CPU targets without the last), METHODS ("kmeans"), DISCREPANCIES ("none");
# SOURCES (so many source models, which the seeds take in turn; by default each seed has its own); TREES (a Python with
# XGBoost: trains trees on the same 50). For networks nothing is measured: DISCREPANCIES ("cmd"), LAYERS ("program"),
# ROWS ("128"), WEIGHTS ("0.0 0.1 1.0").
#
# Models and reports go to FOLDER, and tables.py prints them. What is there is not made again, so that an interrupted run
# goes on where it was; other SOURCES or settings want another folder.
set -euo pipefail
usage() {
    echo "usage: measure.sh (operators | kernels | targets | networks) FOLDER [SEED...]" >&2
    exit 2
}
[[ $# -ge 2 ]] || usage
set=$1 folder=$(realpath -m "$2")
shift 2
seeds=("$@")
[[ ${#seeds[@]} -gt 0 ]] || seeds=(0 1 2)
cd "$(dirname "$0")/../.."
data=examples/data budgets="10 20 50 100 200"
mkdir -p "$folder"
cargo build -q --release -p cdmpp-cli
cdmpp=${CARGO_TARGET_DIR:-target}/release/cdmpp

case $set in
operators)
    records=gpu-operators unit=task
    targets=(a100-pcie-40gb a100-pcie-80gb p100-pcie-16gb tesla-p4 tesla-t4 v100-pcie-32gb)
    train=(--epochs 40)
    ;;
kernels)
    records=gpu-kernels unit=program
    targets=(a100-pcie-40gb rtx-2080-ti rtx-3060-laptop rtx-3090 rtx-a4000 rtx-a6000 titan-rtx
        radeon-mi250x radeon-w6600 radeon-w7800)
    train=(--epochs 80 --validation 0 --config benches/new_hardware/by_heart.toml)
    ;;
targets)
    records=cpu-programs unit=task
    targets=(epyc-genoa-avx512-1c epyc-genoa-avx512-2c epyc-genoa-sse42-1c)
    budgets="10 20 50 100"
    train=(--epochs 200 --validation 0 --config benches/new_hardware/by_heart.toml)
    ;;
networks)
    records=cpu-programs
    targets=(bert_base-b1 bert_tiny-b1 densenet121-b1,densenet121-b4 efficientnet_b0-b1,efficientnet_b0-b4
        googlenet-b1,googlenet-b4 inception_v3-b1,inception_v3-b4 mnasnet1_0-b1 mobilenet_v2-b1,mobilenet_v2-b4
        resnet18-b1,resnet18-b4 resnet50-b1,resnet50-b4 resnext50_32x4d-b1,resnext50_32x4d-b4)
    train=()
    ;;
*)
    usage
    ;;
esac

# Runs the command with its report in a file, unless that is there.
report() {
    local file=$folder/$1.json
    shift
    [[ -s $file ]] || "$cdmpp" "$@" --hardware $data/hardware.json --report "$file" >/dev/null
}

for seed in "${seeds[@]}"; do
    for target in "${targets[@]}"; do
        source_seed=$((seed % ${SOURCES:-$((seed + 1))}))
        source=$folder/$set-$target-$source_seed.safetensors
        out=(--seed "$seed" --out "$folder/adapted.safetensors")
        if [[ $set == networks ]]; then
            report "source-$set-$target-$source_seed" train $data/$records.jsonl.zst --test-networks "$target" \
                --seed "$source_seed" --out "$source"
            # A weight of 0 is the control: as many steps on the source, and no discrepancy.
            for discrepancy in ${DISCREPANCIES:-cmd}; do
                for layer in ${LAYERS:-program}; do
                    for rows in ${ROWS:-128}; do
                        for weight in ${WEIGHTS:-0.0 0.1 1.0}; do
                            name=$discrepancy-$layer-$rows-$weight
                            printf '[adaptation]\nlayer = "%s"\ntarget_batch_size = %s\nweight = %s\n' \
                                "$layer" "$rows" "$weight" >"$folder/$name.toml"
                            report "$set-$target-$name-$seed" adapt "$source" $data/$records.jsonl.zst \
                                --on-networks "$target" --discrepancy "$discrepancy" --config "$folder/$name.toml" \
                                "${out[@]}"
                        done
                    done
                done
            done
            continue
        fi
        report "source-$set-$target-$source_seed" train $data/$records.jsonl.zst --test-hardware "$target" \
            --seed "$source_seed" --out "$source" "${train[@]}"
        trees=$folder/trees-$set-$target-$seed.json
        for budget in ${BUDGETS:-$budgets}; do
            for method in ${METHODS:-kmeans}; do
                for discrepancy in ${DISCREPANCIES:-none}; do
                    report "$set-$target-$budget-$method-$discrepancy-$seed" adapt "$source" $data/$records.jsonl.zst \
                        --on "$target" --budget "$budget" --unit $unit --method "$method" --discrepancy "$discrepancy" \
                        --predictions "$folder/$set-$target-$budget-$method-$discrepancy-$seed.jsonl" "${out[@]}"
                done
            done
        done
        if [[ -n "${TREES:-}" && ! -s $trees ]]; then
            features=$folder/$records.features.jsonl
            [[ -s $features ]] || "$cdmpp" features $data/$records.jsonl.zst --out "$features"
            "$TREES" -B benches/peers/xgb_baseline.py $data/$records.jsonl.zst $data/hardware.json --seed "$seed" \
                --features "$features" --test-as "$folder/$set-$target-50-kmeans-none-$seed.jsonl" >"$trees.new"
            mv "$trees.new" "$trees"
        fi
    done
done
