//! docmill's parsers of untrusted input, by name, for the fuzzer (`fuzz/`, `make fuzz`) and
//! for ordinary tests: inputs that once caused a failure are in `tests/crashers/<name>/`.
//!
//! A target panics where the parser panics or one of its assertions fails.

/// Calls a parser with any bytes.
pub type FuzzTarget = fn(&[u8]);

pub const TARGETS: [(&str, FuzzTarget); 13] = [
    ("amount", crate::documents::validation::fuzz::amount),
    ("answer", crate::engines::reader::fuzz::answer),
    (
        "calibration",
        crate::documents::acceptance::fuzz::calibration,
    ),
    ("clip_config", crate::engines::models::fuzz::clip_config),
    ("einvoice", crate::documents::einvoice::fuzz::einvoice),
    ("fields", crate::documents::validation::fuzz::fields),
    ("frame", crate::engines::worker::fuzz::frame),
    ("gguf", crate::engines::models::fuzz::gguf),
    ("manifest", crate::engines::models::fuzz::manifest),
    ("picture", crate::engines::rasterize::fuzz::picture),
    ("safetensors", crate::engines::models::fuzz::safetensors),
    ("schema", crate::documents::types::fuzz::schema),
    ("settings", crate::config::fuzz::settings),
];

/// Runs the target of this name.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, target) = TARGETS
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap_or_else(|| panic!("there is no target `{name}`"));
    target(bytes);
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use proptest::prelude::*;

    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    fn files(folder: PathBuf) -> Vec<Vec<u8>> {
        let entries = fs::read_dir(folder).into_iter().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
            .into_iter()
            .map(|path| fs::read(path).unwrap())
            .collect()
    }

    #[test]
    fn what_once_broke_a_parser_does_so_no_more() {
        for (name, target) in TARGETS {
            for bytes in files(root().join("tests/crashers").join(name)) {
                target(&bytes);
            }
        }
        let folders = fs::read_dir(root().join("tests/crashers")).unwrap();
        let folders = folders
            .map(Result::unwrap)
            .filter(|entry| entry.path().is_dir());
        for name in folders.map(|entry| entry.file_name().into_string().unwrap()) {
            let is_known = TARGETS.iter().any(|(known, _)| *known == name);
            assert!(is_known, "tests/crashers/{name} belongs to no target");
        }
    }

    #[test]
    fn every_target_has_seeds_and_takes_them() {
        for (name, target) in TARGETS {
            let seeds = files(root().join("fuzz/seeds").join(name));
            assert!(!seeds.is_empty(), "fuzz/seeds/{name} is empty");
            seeds.iter().for_each(|seed| target(seed));
        }
    }

    /// Makes a few edits of a seed, so that inputs pass a parser's first checks.
    fn edited(seeds: &[Vec<u8>], which: usize, edits: &[(u8, u16, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = seeds[which % seeds.len()].clone();
        for (kind, at, new) in edits {
            let at = usize::from(*at) % (bytes.len() + 1);
            match kind % 4 {
                0 => bytes.truncate(at),
                1 => drop(bytes.splice(at..at, new.iter().copied())),
                2 => {
                    let end = (at + new.len()).min(bytes.len());
                    drop(bytes.splice(at..end, new.iter().copied()));
                }
                _ => drop(bytes.splice(at..(at + new.len()).min(bytes.len()), [])),
            }
        }
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn no_bytes_break_a_parser(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for (_, target) in TARGETS {
                target(&bytes);
            }
        }

        #[test]
        fn no_edit_of_a_good_input_breaks_a_parser(
            which in any::<usize>(),
            edits in proptest::collection::vec(
                (any::<u8>(), any::<u16>(), proptest::collection::vec(any::<u8>(), 0..9)), 1..5),
        ) {
            for (name, target) in TARGETS {
                let seeds = files(root().join("fuzz/seeds").join(name));
                target(&edited(&seeds, which, &edits));
            }
        }
    }
}
