#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| docmill::fuzzing::run("calibration", bytes));
