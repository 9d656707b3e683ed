//! Tesseract as a child process: the only file that knows its command line.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

use super::{OcrEngine, tsv};
use crate::domain::{Failure, OcrWord, PageImage, Reason};

pub struct Tesseract {
    program: PathBuf,
    languages: String,
    deadline: Duration,
    /// Processes at once.
    slots: Semaphore,
}

impl Tesseract {
    /// Looks for the program (`None`: `tesseract` on the `PATH`) and the data
    /// of each of `languages` (`eng+deu`). Errors say what to install.
    pub fn find(
        program: Option<&Path>,
        languages: &str,
        deadline: Duration,
        processes: u32,
    ) -> anyhow::Result<Tesseract> {
        let program = program.unwrap_or(Path::new("tesseract")).to_owned();
        let output = std::process::Command::new(&program)
            .arg("--list-langs")
            .stdin(Stdio::null())
            .output()
            .with_context(|| {
                format!(
                    "Tesseract cannot be run as {} (Debian: apt-get install tesseract-ocr)",
                    program.display()
                )
            })?;
        ensure!(
            output.status.success(),
            "Tesseract does not list its languages: {}",
            last_line(&output)
        );
        let installed = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            !languages.is_empty(),
            "no language is set for Tesseract (setting `ocr_languages`, e.g. eng+deu)"
        );
        for language in languages.split('+') {
            ensure!(
                installed.lines().any(|line| line.trim() == language),
                "Tesseract has no data for the language `{language}` (Debian: apt-get install tesseract-ocr-{language})"
            );
        }
        Ok(Tesseract {
            program,
            languages: languages.to_owned(),
            deadline,
            slots: Semaphore::new(processes.max(1) as usize),
        })
    }

    /// For people.
    pub fn describe(&self) -> String {
        format!("{} ({})", self.program.display(), self.languages)
    }

    fn start(&self) -> std::io::Result<Child> {
        Command::new(&self.program)
            .args(["stdin", "stdout", "-l", &self.languages])
            .args(["-c", "tessedit_create_tsv=1"])
            // One page a process: threads within it would fight with the
            // readers for the cores.
            .env("OMP_THREAD_LIMIT", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    async fn run(&self, pgm: Vec<u8>) -> Result<Output, Failure> {
        let _slot = self.slots.acquire().await.map_err(Failure::internal)?;
        let mut child = self.start().map_err(|error| {
            let message = format!("{} cannot be started: {error}", self.program.display());
            Failure::new(Reason::Internal, message)
        })?;
        let mut stdin = child.stdin.take();
        let feed = async {
            if let Some(stdin) = &mut stdin {
                // One that ends early says why in its exit code.
                let _ = stdin.write_all(&pgm).await;
            }
            drop(stdin.take());
        };
        let work = async { tokio::join!(feed, child.wait_with_output()).1 };
        match tokio::time::timeout(self.deadline, work).await {
            Ok(output) => output.map_err(Failure::internal),
            Err(_) => {
                let message = format!(
                    "Tesseract was killed after {} seconds",
                    self.deadline.as_secs()
                );
                Err(Failure::new(Reason::Deadline, message))
            }
        }
    }
}

impl OcrEngine for Tesseract {
    fn words(
        &self,
        image: &PageImage,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<OcrWord>, Failure>> + Send + '_>> {
        let (pgm, width, height) = (pgm(image), image.width, image.height);
        Box::pin(async move {
            let output = self.run(pgm).await?;
            if !output.status.success() {
                let message = format!(
                    "Tesseract ended with {}: {}",
                    output.status,
                    last_line(&output)
                );
                return Err(Failure::new(Reason::Internal, message));
            }
            Ok(tsv::words(
                &String::from_utf8_lossy(&output.stdout),
                width,
                height,
            ))
        })
    }
}

/// The page in gray as a binary PGM (Netpbm): a third of its colours' bytes,
/// and nothing that a decoder could trip over.
fn pgm(image: &PageImage) -> Vec<u8> {
    let mut pgm = format!("P5\n{} {}\n255\n", image.width, image.height).into_bytes();
    // Luma of ITU-R BT.601, in 256ths.
    let luma = |pixel: &[u8]| {
        let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
        ((77 * r + 150 * g + 29 * b) >> 8) as u8
    };
    pgm.extend(image.rgb.chunks_exact(3).map(luma));
    pgm
}

fn last_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().last().unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A program that answers as the script says.
    fn script(dir: &Path, body: &str) -> PathBuf {
        let path = dir.join("tesseract");
        std::fs::write(&path, format!("#!/bin/sh\n[ \"$1\" = --list-langs ] && {{ printf 'List of\\neng\\ndeu\\n'; exit; }}\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn image() -> PageImage {
        PageImage::new(40, 20, vec![255; 40 * 20 * 3]).unwrap()
    }

    #[tokio::test]
    async fn a_page_goes_in_and_words_come_out() {
        let dir = tempfile::tempdir().unwrap();
        let body = "head -c 2 | grep -q P5 || exit 1\ncat >/dev/null\nprintf '5\\t1\\t1\\t1\\t1\\t1\\t4\\t2\\t8\\t4\\t90\\tTotal\\n'";
        let path = script(dir.path(), body);
        let second = Duration::from_secs(30);
        let tesseract = Tesseract::find(Some(&path), "eng+deu", second, 1).unwrap();
        let words = tesseract.words(&image()).await.unwrap();
        assert_eq!(words.len(), 1);
        assert_eq!(words[0].word.bbox, [0.1, 0.1, 0.3, 0.3]);
    }

    #[tokio::test]
    async fn one_that_hangs_is_killed_and_one_that_fails_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let path = script(dir.path(), "exec sleep 60");
        let tesseract = Tesseract::find(Some(&path), "eng", Duration::from_millis(200), 1).unwrap();
        let failure = tesseract.words(&image()).await.unwrap_err();
        assert_eq!(failure.reason, Reason::Deadline);
        let path = script(dir.path(), "echo 'no such image' >&2; exit 3");
        let tesseract = Tesseract::find(Some(&path), "eng", Duration::from_secs(30), 1).unwrap();
        let failure = tesseract.words(&image()).await.unwrap_err();
        assert!(failure.message.contains("no such image"), "{failure}");
    }

    #[test]
    fn what_is_missing_is_told_with_the_remedy() {
        let message = |program: &Path, languages: &str| {
            let found = Tesseract::find(Some(program), languages, Duration::from_secs(1), 1);
            format!("{:#}", found.err().unwrap())
        };
        let dir = tempfile::tempdir().unwrap();
        assert!(message(&dir.path().join("none"), "eng").contains("apt-get install tesseract-ocr"));
        let path = script(dir.path(), "");
        assert!(message(&path, "eng+fra").contains("apt-get install tesseract-ocr-fra"));
    }
}
