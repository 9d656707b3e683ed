#!/usr/bin/env bash
# Fuzzes every parser (or those named) until each was given RUNS inputs in all:
#
#     RUNS=1000000 fuzz/run.sh [TARGET…]
#
# Goes on where it ended: corpus, counts and finds are kept outside the
# checkout, in FUZZ_DIR. Works with the stable toolchain: it builds as
# `cargo fuzz build --sanitizer none` does.
set -euo pipefail
cd "$(dirname "$0")"

RUNS=${RUNS:-1000000}
CHUNK=100000
FUZZ_DIR=${FUZZ_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/docmill/fuzz}
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=$FUZZ_DIR/target
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cforce-frame-pointers"

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for file in fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi
cargo build --release --target "$host" --bins

found=0
for target in "${targets[@]}"; do
    corpus=$FUZZ_DIR/corpus/$target finds=$FUZZ_DIR/finds/$target count=$FUZZ_DIR/runs/$target
    mkdir -p "$corpus" "$finds" "$(dirname "$count")"
    done=$(cat "$count" 2>/dev/null || echo 0)
    while [ "$done" -lt "$RUNS" ]; do
        left=$((RUNS - done))
        chunk=$((left < CHUNK ? left : CHUNK))
        # The worst that a hostile input may cost: 10 s, 2 GiB.
        if ! "$CARGO_TARGET_DIR/$host/release/$target" -runs="$chunk" -timeout=10 -rss_limit_mb=2048 -max_len=16384 \
            -artifact_prefix="$finds/" "$corpus" "seeds/$target" >"$FUZZ_DIR/$target.log" 2>&1; then
            echo "fuzz: $target broke; the input is in $finds, the log is $FUZZ_DIR/$target.log"
            tail -n 20 "$FUZZ_DIR/$target.log"
            found=1
            break
        fi
        done=$((done + chunk))
        echo "$done" >"$count"
    done
    echo "fuzz: $target: $done inputs, $(find "$corpus" -type f | wc -l) kept, $(find "$finds" -type f | wc -l) finds"
done
exit $found
