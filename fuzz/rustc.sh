#!/bin/sh
# Cargo's RUSTC_WRAPPER for fuzz/run.sh: docmill and the targets are built with
# coverage for libFuzzer, as cargo-fuzz does; other crates as always, so that
# those that a build of docmill left are used.
case " $* " in
*" --crate-name docmill "* | *" --crate-name "*" fuzz_targets/"*)
    exec "$@" --cfg fuzzing -Cpasses=sancov-module \
        -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
        -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares
    ;;
*) exec "$@" ;;
esac
