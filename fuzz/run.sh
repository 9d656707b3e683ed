#!/usr/bin/env bash
# Fuzzes every parser (or those named) until each was given RUNS inputs in all:
#
#     RUNS=1000000 fuzz/run.sh [TARGET…]
#
# Goes on where it ended: corpus, counts and finds are kept outside the
# checkout, in FUZZ_DIR. Works with the stable toolchain, and with the crates
# that a release build of docmill has left in target/.
set -euo pipefail
cd "$(dirname "$0")"

RUNS=${RUNS:-1000000}
CHUNK=100000
FUZZ_DIR=${FUZZ_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/docmill/fuzz}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/../target}

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for file in fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi
RUSTC_WRAPPER=$PWD/rustc.sh cargo build --release "${targets[@]/#/--bin=fuzz_}"

found=0
for target in "${targets[@]}"; do
    corpus=$FUZZ_DIR/corpus/$target finds=$FUZZ_DIR/finds/$target count=$FUZZ_DIR/runs/$target
    mkdir -p "$corpus" "$finds" "$(dirname "$count")"
    done=$(cat "$count" 2>/dev/null || echo 0)
    while [ "$done" -lt "$RUNS" ]; do
        left=$((RUNS - done))
        chunk=$((left < CHUNK ? left : CHUNK))
        # The worst that a hostile input may cost: 10 s, 2 GiB.
        if ! "$CARGO_TARGET_DIR/release/fuzz_$target" -runs="$chunk" -timeout=10 -rss_limit_mb=2048 -max_len=16384 \
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
