//! What the kernel starts together with a program.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// A script may name another script as its interpreter; Linux follows four.
const DEEPEST: usize = 4;
/// Longest first line and longest path of a loader.
const LINE: usize = 256;

/// The program, its interpreter if it is a script, and the loader of both.
pub fn with_interpreters(program: PathBuf) -> Vec<PathBuf> {
    let mut found = vec![program];
    while let Some(last) = found.last()
        && found.len() <= DEEPEST
        // What cannot be read fails when it is started.
        && let Ok(Some(next)) = interpreter(last)
    {
        found.push(next);
    }
    found
}

fn interpreter(program: &PathBuf) -> io::Result<Option<PathBuf>> {
    let mut file = File::open(program)?;
    let start = read_at(&mut file, 0, LINE)?;
    if let Some(line) = start.strip_prefix(b"#!") {
        let line = line.split(|&b| b == b'\n').next().unwrap_or_default();
        let mut words = line.split(|&b| b == b' ' || b == b'\t');
        return Ok(words.find(|word| !word.is_empty()).map(path));
    }
    loader(&mut file, &start)
}

/// The segment `PT_INTERP` of a 64-bit little-endian ELF file (elf(5)).
fn loader(file: &mut File, header: &[u8]) -> io::Result<Option<PathBuf>> {
    const PT_INTERP: u64 = 3;
    if !header.starts_with(b"\x7fELF\x02\x01") || header.len() < 64 {
        return Ok(None);
    }
    let (table, size, count) = (
        number(header, 32, 8),
        number(header, 54, 2),
        number(header, 56, 2),
    );
    for index in 0..count {
        let segment = read_at(file, table.saturating_add(index * size), 56)?;
        if segment.len() == 56 && number(&segment, 0, 4) == PT_INTERP {
            let name = read_at(file, number(&segment, 8, 8), LINE)?;
            let name = name.split(|&b| b == 0).next().unwrap_or_default();
            return Ok(Some(path(name)));
        }
    }
    Ok(None)
}

fn read_at(file: &mut File, at: u64, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let mut number = [0; 8];
    number[..length].copy_from_slice(&bytes[at..at + length]);
    u64::from_le_bytes(number)
}

fn path(bytes: &[u8]) -> PathBuf {
    OsStr::from_bytes(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_brings_its_interpreter_and_that_its_loader() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script");
        std::fs::write(&script, "#! /bin/sh -e\ntrue\n").unwrap();
        let found = with_interpreters(script.clone());
        assert_eq!(found[..2], [script, PathBuf::from("/bin/sh")]);
        assert!(
            found[2..].iter().all(|loader| loader.is_file()),
            "{found:?}"
        );
        for nothing in ["", "#!", "\x7fELF\x02\x01 and then nothing"] {
            let path = folder.path().join("other");
            std::fs::write(&path, nothing).unwrap();
            assert_eq!(with_interpreters(path.clone()), [path]);
        }
    }
}
