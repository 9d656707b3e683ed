//! The file of a calibration: JSON, one for each reader, found by the reader's
//! hash.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::{Certificate, Reliability, Scorer};
use crate::domain::user_data_folder;

/// Folder of calibrations beside `manifest.toml`.
pub const FOLDER: &str = "calibrations";
/// Setting in place of a path: no calibration is used.
pub const OFF: &str = "off";
/// Most bytes of a file: usual ones have a few hundred kilobytes.
const LARGEST: u64 = 16 << 20;
/// Greatest absolute number in a file: greater than any that is learned, and small
/// enough that sums of products do not overflow.
const HUGE: f64 = 1e9;
/// Form of the file.
const VERSION: u32 = 2;

/// What documents with known values show about one reader, by document type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    pub version: u32,
    pub reader: CalibratedReader,
    /// By name of the type. It does not apply to other types.
    pub types: BTreeMap<String, TypeCalibration>,
    /// BLAKE3 (hex) of the file, or of the files that were joined.
    #[serde(skip)]
    pub hash: String,
}

/// Each type is learned and certified by itself: a certificate over a mixture
/// of types holds for that mixture alone, and what a folder is a mixture of is
/// not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeCalibration {
    /// RFC 3339, UTC.
    pub created: String,
    /// Version of the program that made it.
    pub docmill: String,
    pub data: CalibrationData,
    /// Probability (0 to 1) with which each certified error rate holds.
    pub confidence: f64,
    /// By rising error rate.
    pub certificates: Vec<Certificate>,
    /// Reliability of the model's own probabilities, over documents that were not used
    /// for learning.
    pub before: Reliability,
    /// Reliability of the calibrated probabilities, over the same documents.
    pub after: Reliability,
    pub scorer: Scorer,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibratedReader {
    pub name: String,
    /// BLAKE3 (hex) of what its answers depend on.
    pub hash: String,
}

/// Number of documents that were used. Near-copies count as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationData {
    /// For learning the probabilities.
    pub fitted: u64,
    /// For the thresholds and the reliability.
    pub certified: u64,
    /// Values and nulls in all of them.
    pub predictions: u64,
}

/// The folders in which calibrations are looked for.
#[derive(Clone, Debug, Default)]
pub struct Folders {
    /// The setting `acceptance.calibration`: a file, a folder, or [`OFF`].
    pub setting: Option<PathBuf>,
    /// The user's own: `$XDG_DATA_HOME/docmill/calibrations`, which precedes the
    /// folder of the models.
    pub own: Option<PathBuf>,
    /// Folder of the models.
    pub models: Option<PathBuf>,
}

impl Folders {
    /// `own` from the environment.
    pub fn new(setting: Option<&Path>, models: Option<&Path>) -> Folders {
        Folders {
            setting: setting.map(Path::to_owned),
            own: user_data_folder().map(|data| data.join("docmill").join(FOLDER)),
            models: models.map(|models| models.join(FOLDER)),
        }
    }

    /// The reader's calibration: the user's own, and for types that it does not
    /// have, what came with the models. An error where the setting names a file
    /// that cannot be used, and where one that was found is damaged.
    pub fn find(&self, reader_hash: &str) -> anyhow::Result<Option<Calibration>> {
        if let Some(path) = &self.setting {
            return match path {
                path if path.as_os_str() == OFF => Ok(None),
                path if path.is_dir() => Calibration::in_folder(path, reader_hash),
                path => named(path, reader_hash).map(Some),
            };
        }
        let mut found = None;
        for folder in self.own.iter().chain(&self.models) {
            if let Some(next) = Calibration::in_folder(folder, reader_hash)? {
                found = Some(match found {
                    Some(own) => Calibration::joined(own, next),
                    None => next,
                });
            }
        }
        Ok(found)
    }

    /// As [`Folders::find`], but `None` where the setting names the file of another
    /// reader, since records of several readers are judged.
    pub fn find_any(&self, reader_hash: &str) -> anyhow::Result<Option<Calibration>> {
        match &self.setting {
            Some(path) if path.is_file() => {
                let found = Calibration::load(path)?;
                Ok((found.reader.hash == reader_hash).then_some(found))
            }
            _ => self.find(reader_hash),
        }
    }

    /// The path of a new calibration: in the setting's folder, or its file; otherwise
    /// in the user's own folder, since that of the models may be read-only. `Err`
    /// where there is no such folder.
    pub fn target(&self, reader_hash: &str) -> anyhow::Result<PathBuf> {
        match &self.setting {
            Some(path) if path.as_os_str() == OFF => {
                anyhow::bail!(
                    "the setting `acceptance.calibration` is `{OFF}`: say with --out where to write"
                )
            }
            Some(path) if path.extension().is_some_and(|e| e == "json") => Ok(path.clone()),
            Some(folder) => Ok(folder.join(file_name(reader_hash))),
            None => {
                let own = self.own.as_ref().context(
                    "neither XDG_DATA_HOME nor HOME is set: say with --out where to write",
                )?;
                Ok(own.join(file_name(reader_hash)))
            }
        }
    }
}

fn named(path: &Path, reader_hash: &str) -> anyhow::Result<Calibration> {
    let found = Calibration::load(path)?;
    ensure!(
        found.reader.hash == reader_hash,
        "the calibration {} was made for another reader ({}): make one with `docmill calibrate`, or set `acceptance.calibration` to `{OFF}`",
        path.display(),
        found.reader.name
    );
    Ok(found)
}

/// File name with the first 16 hex digits of the reader's hash.
pub fn file_name(reader_hash: &str) -> String {
    format!("{}.json", reader_hash.get(..16).unwrap_or(reader_hash))
}

impl Calibration {
    /// The version in which files are written.
    pub const VERSION: u32 = VERSION;

    fn in_folder(folder: &Path, reader_hash: &str) -> anyhow::Result<Option<Calibration>> {
        let path = folder.join(file_name(reader_hash));
        match path.is_file() {
            true => named(&path, reader_hash).map(Some),
            false => Ok(None),
        }
    }

    /// `other`'s types are added to those of `own`, which goes before it.
    pub fn joined(mut own: Calibration, other: Calibration) -> Calibration {
        let mut is_new = false;
        for (name, part) in other.types {
            is_new |= !own.types.contains_key(&name);
            own.types.entry(name).or_insert(part);
        }
        if is_new {
            let hashes = format!("{} {}", own.hash, other.hash);
            own.hash = blake3::hash(hashes.as_bytes()).to_hex().to_string();
        }
        own
    }

    pub fn load(path: &Path) -> anyhow::Result<Calibration> {
        let read = || {
            let mut text = String::new();
            let file = std::fs::File::open(path)?.take(LARGEST + 1);
            BufReader::new(file).read_to_string(&mut text)?;
            ensure!(
                text.len() as u64 <= LARGEST,
                "it is larger than any calibration"
            );
            Calibration::parse(&text)
        };
        read().with_context(|| format!("the calibration {}", path.display()))
    }

    pub(super) fn parse(text: &str) -> anyhow::Result<Calibration> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let head: Head = serde_json::from_str(text).context("this is not a calibration")?;
        ensure!(
            head.version == VERSION,
            "it has version {}, this docmill reads {VERSION}: calibrate again",
            head.version
        );
        let mut found: Calibration = serde_json::from_str(text)?;
        found
            .check()
            .context("it cannot be used: calibrate again")?;
        found.hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        Ok(found)
    }

    /// `Err` for values that a foreign file may have: numbers that give no
    /// probability, and control characters in texts.
    fn check(&self) -> anyhow::Result<()> {
        let parts = self.types.values().flat_map(TypeCalibration::texts);
        let texts = [self.reader.name.clone(), self.reader.hash.clone()];
        for text in texts.iter().chain(self.types.keys()).cloned().chain(parts) {
            ensure!(
                !text.chars().any(char::is_control),
                "a text has control characters"
            );
        }
        self.types.values().try_for_each(TypeCalibration::check)
    }

    /// Writes the file whole or not at all, and takes its hash.
    pub fn save(&mut self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        let write = || -> std::io::Result<()> {
            let folder = path.parent().filter(|p| *p != Path::new(""));
            let folder = folder.unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(text.as_bytes())?;
            // Not a secret, unlike what temporary files are made for.
            use std::os::unix::fs::PermissionsExt;
            let readable = std::fs::Permissions::from_mode(0o644);
            file.as_file().set_permissions(readable)?;
            file.persist(path)?;
            Ok(())
        };
        write().with_context(|| format!("cannot write the calibration {}", path.display()))?;
        self.hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        Ok(())
    }
}

impl TypeCalibration {
    fn texts(&self) -> impl Iterator<Item = String> {
        let columns = self.scorer.columns.iter();
        let features = columns.map(|column| column.feature.to_string());
        [self.created.clone(), self.docmill.clone()]
            .into_iter()
            .chain(features)
    }

    fn check(&self) -> anyhow::Result<()> {
        let of_certificate = |c: &Certificate| {
            let threshold = c.threshold.unwrap_or_default();
            [c.max_error, threshold, c.risk, c.coverage, c.p_value]
        };
        let of_reliability = |r: &Reliability| {
            let bins = r.bins.iter().flat_map(|bin| [bin.probability, bin.right]);
            let corners = r.isotonic.iter().flat_map(|(x, y)| [*x, *y]);
            let all = [r.ece, r.brier].into_iter().chain(bins).chain(corners);
            all.collect::<Vec<_>>()
        };
        let shares = [self.confidence]
            .into_iter()
            .chain(self.certificates.iter().flat_map(of_certificate))
            .chain(
                [&self.before, &self.after]
                    .into_iter()
                    .flat_map(of_reliability),
            );
        for share in shares {
            // A mean of ones may exceed 1 by rounding.
            ensure!(
                (-1e-6..=1.0 + 1e-6).contains(&share),
                "{share} is not a share from 0 to 1"
            );
        }
        let rates = self.certificates.iter().map(|c| c.max_error);
        ensure!(rates.is_sorted(), "its error rates do not rise");
        let scorer = &self.scorer;
        for column in &scorer.columns {
            let (scale, name) = (column.scale, &column.feature);
            ensure!(
                (1.0 / HUGE..=HUGE).contains(&scale),
                "{scale} is not a scale of {name}"
            );
        }
        let factors = scorer.columns.iter().flat_map(|c| [c.center, c.weight]);
        for number in factors.chain([scorer.intercept, scorer.strength]) {
            ensure!(number.abs() <= HUGE, "{number} is not a weight");
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::documents::acceptance::FeatureWeight;

    /// Takes the model's own probability, except for names: theirs becomes 0.5.
    pub fn calibration(threshold: Option<f64>) -> Calibration {
        Calibration {
            version: Calibration::VERSION,
            reader: CalibratedReader {
                name: "nano".into(),
                hash: "r".into(),
            },
            types: BTreeMap::from([("receipt".to_owned(), part(threshold))]),
            hash: "c".into(),
        }
    }

    fn part(threshold: Option<f64>) -> TypeCalibration {
        let column = |feature: &str, weight| FeatureWeight {
            feature: feature.parse().unwrap(),
            center: 0.0,
            scale: 1.0,
            weight,
        };
        let certificate = |max_error, threshold: Option<f64>| Certificate {
            max_error,
            threshold,
            documents: 100,
            risk: 0.0,
            coverage: 0.5,
            p_value: 0.2,
            needed: threshold.is_none().then_some(460),
        };
        TypeCalibration {
            created: "2025-01-01T00:00:00Z".into(),
            docmill: "0".into(),
            data: CalibrationData {
                fitted: 50,
                certified: 100,
                predictions: 1000,
            },
            confidence: 0.9,
            certificates: vec![certificate(0.005, None), certificate(0.02, threshold)],
            before: Reliability::default(),
            after: Reliability::default(),
            scorer: Scorer {
                intercept: 0.0,
                columns: vec![
                    column("sum", 1.0),
                    column("field:receipt:name", -(4f64.ln())),
                ],
                strength: 1.0,
            },
        }
    }

    const HASH: &str = "0123456789abcdef0123";

    fn made() -> Calibration {
        let mut made = calibration(Some(0.9));
        made.reader.hash = HASH.into();
        made
    }

    #[test]
    fn a_calibration_is_found_by_its_readers_hash_the_users_own_first() {
        let dir = tempfile::tempdir().unwrap();
        let folders = Folders {
            setting: None,
            own: Some(dir.path().join("own")),
            models: Some(dir.path().join("models")),
        };
        assert_eq!(folders.find(HASH).unwrap(), None);
        let mut shipped = made();
        let models = folders.models.as_ref().unwrap();
        shipped.save(&models.join(file_name(HASH))).unwrap();
        assert_eq!(folders.find(HASH).unwrap(), Some(shipped));
        let mut own = made();
        own.types.get_mut("receipt").unwrap().confidence = 0.95;
        own.save(&folders.target(HASH).unwrap()).unwrap();
        assert_eq!(folders.find(HASH).unwrap(), Some(own.clone()));
        let mut more = made();
        more.types.insert("invoice".into(), part(Some(0.7)));
        more.save(&models.join(file_name(HASH))).unwrap();
        let both = folders.find(HASH).unwrap().unwrap();
        assert_eq!(both.types["receipt"].confidence, 0.95);
        assert_eq!(both.types["invoice"], more.types["invoice"]);
        assert!(both.hash != own.hash && both.hash != more.hash);
        let off = Folders {
            setting: Some(OFF.into()),
            ..folders
        };
        assert_eq!(off.find(HASH).unwrap(), None);
    }

    #[test]
    fn a_file_that_cannot_be_used_is_an_error_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.json");
        made().save(&path).unwrap();
        let folders = Folders {
            setting: Some(path.clone()),
            ..Folders::default()
        };
        let error = |folders: &Folders, hash| format!("{:#}", folders.find(hash).unwrap_err());
        assert!(error(&folders, "other").contains("docmill calibrate"));
        assert_eq!(folders.find_any("other").unwrap(), None);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("\"version\": 2", "\"version\": 9", 1)).unwrap();
        assert!(error(&folders, HASH).contains("calibrate again"));
        std::fs::write(&path, "{}").unwrap();
        assert!(error(&folders, HASH).contains("not a calibration"));
    }

    #[test]
    fn numbers_that_make_no_probability_are_refused() {
        type Spoil = fn(&mut TypeCalibration);
        let spoils: [(Spoil, &str); 7] = [
            (|c| c.scorer.columns[0].scale = 0.0, "scale"),
            (|c| c.scorer.columns[0].weight = 1e300, "weight"),
            (|c| c.scorer.intercept = -1e10, "weight"),
            (|c| c.certificates[1].threshold = Some(-1.0), "share"),
            (|c| c.after.ece = 2.0, "share"),
            (|c| c.certificates.reverse(), "rise"),
            (|c| c.created = "\u{1b}[2J".into(), "control"),
        ];
        for (spoil, why) in spoils {
            let mut spoiled = made();
            spoil(spoiled.types.get_mut("receipt").unwrap());
            let text = serde_json::to_string(&spoiled).unwrap();
            let error = format!("{:#}", Calibration::parse(&text).unwrap_err());
            assert!(
                error.contains(why) && error.contains("calibrate again"),
                "{error}"
            );
        }
    }
}
