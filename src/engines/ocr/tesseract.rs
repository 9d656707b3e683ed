//! Tesseract as a child process: the only file that knows its command line.

use std::env;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

use super::{OcrEngine, tsv};
use crate::domain::{Failure, OcrWord, PageImage, Reason};
use crate::engines::sandbox::{self, Confinement};

/// Most bytes of an answer that are kept: a row a word, of pages with far more
/// words than can be read.
const ANSWER: u64 = 16 << 20;
const INSTALL: &str = "(Debian: apt-get install tesseract-ocr)";

/// Which Tesseract, and what each of its processes may take.
pub struct Spec<'a> {
    /// `None`: `tesseract` on the `PATH`.
    pub program: Option<&'a Path>,
    /// E.g. `eng+deu`.
    pub languages: &'a str,
    pub deadline: Duration,
    /// Bytes that a process may write to.
    pub memory: u64,
    /// Processes at once.
    pub processes: u32,
}

pub struct Tesseract {
    program: PathBuf,
    languages: String,
    deadline: Duration,
    slots: Semaphore,
    confinement: Confinement,
}

impl Tesseract {
    /// Looks for the program and the data of each language. Errors say what to
    /// install.
    pub fn find(spec: &Spec<'_>) -> anyhow::Result<Tesseract> {
        let program = find_program(spec.program.unwrap_or(Path::new("tesseract")))?;
        let languages = spec.languages;
        ensure!(
            !languages.is_empty(),
            "no language is set for Tesseract (setting `ocr.languages`, e.g. eng+deu)"
        );
        let tesseract = Tesseract {
            confinement: Confinement {
                readable: data_folders(&program),
                memory: spec.memory,
                cpu_seconds: spec.deadline.as_secs().max(1),
            },
            program,
            languages: languages.to_owned(),
            deadline: spec.deadline,
            slots: Semaphore::new(spec.processes.max(1) as usize),
        };
        let shown = tesseract.program.display();
        let output = tesseract
            .command(&["--list-langs"])?
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("Tesseract cannot be run as {shown} {INSTALL}"))?;
        ensure!(
            output.status.success(),
            "Tesseract, {shown}, does not list its languages ({}: {}). It runs in a sandbox: `ocr.tesseract` must name \
             the program itself, no script that starts it, and its data lie beside it or in TESSDATA_PREFIX",
            output.status,
            last_line(&output)
        );
        let installed = String::from_utf8_lossy(&output.stdout);
        for language in languages.split('+') {
            ensure!(
                installed.lines().any(|line| line.trim() == language),
                "Tesseract has no data for the language `{language}` (Debian: apt-get install tesseract-ocr-{language})"
            );
        }
        Ok(tesseract)
    }

    pub fn program(&self) -> &Path {
        &self.program
    }

    /// For people.
    pub fn describe(&self) -> String {
        format!("{} ({})", self.program.display(), self.languages)
    }

    /// Shut in: Tesseract gets a page of a stranger's.
    fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(&self.program);
        sandbox::confine(&mut command, &self.confinement)?;
        command
            .args(arguments)
            // One page a process: threads within it would fight with the
            // readers for the cores.
            .env("OMP_THREAD_LIMIT", "1");
        for name in ["TESSDATA_PREFIX", "LD_LIBRARY_PATH"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        Ok(command)
    }

    async fn run(&self, pgm: Vec<u8>) -> Result<Output, Failure> {
        let _slot = self.slots.acquire().await.map_err(Failure::internal)?;
        let arguments = [
            "stdin",
            "stdout",
            "-l",
            &self.languages,
            "-c",
            "tessedit_create_tsv=1",
        ];
        let mut command = self.command(&arguments).map_err(Failure::internal)?;
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut command = tokio::process::Command::from(command);
        let mut child = command.kill_on_drop(true).spawn().map_err(|error| {
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
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let work = async {
            // A pipe that is dropped at its bound ends who writes on.
            let ((), stdout, stderr) = tokio::join!(feed, bounded(stdout), bounded(stderr));
            let status = child.wait().await?;
            std::io::Result::Ok(Output {
                status,
                stdout: stdout?,
                stderr: stderr?,
            })
        };
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

async fn bounded(pipe: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut read = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(ANSWER).read_to_end(&mut read).await?;
    }
    Ok(read)
}

/// The program's whole path: what is shut in is not looked for again.
fn find_program(program: &Path) -> anyhow::Result<PathBuf> {
    if program.components().count() > 1 {
        let found = std::path::absolute(program)
            .ok()
            .filter(|path| path.is_file());
        return found.with_context(|| {
            format!(
                "Tesseract cannot be run as {}: there is no such program {INSTALL}",
                program.display()
            )
        });
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    for folder in env::split_paths(&folders).filter(|folder| folder.is_absolute()) {
        let path = folder.join(program);
        if path.is_file() {
            return Ok(path);
        }
    }
    bail!(
        "there is no program {} on the PATH {INSTALL}",
        program.display()
    )
}

/// Where Tesseract's data and libraries may be: where packages put them, below
/// the program's own prefix, and where the environment says.
fn data_folders(program: &Path) -> Vec<PathBuf> {
    let named = ["TESSDATA_PREFIX", "LD_LIBRARY_PATH"]
        .into_iter()
        .filter_map(env::var_os);
    let named: Vec<PathBuf> = named
        .flat_map(|value| env::split_paths(&value).collect::<Vec<_>>())
        .collect();
    let program = program
        .canonicalize()
        .unwrap_or_else(|_| program.to_owned());
    let own = program.parent().and_then(Path::parent).map(Path::to_owned);
    let prefixes = ["/usr", "/usr/local"]
        .map(PathBuf::from)
        .into_iter()
        .chain(own);
    let packaged = prefixes.flat_map(|prefix| {
        let parts = [
            "share/tessdata",
            "share/tesseract",
            "share/tesseract-ocr",
            "lib",
        ];
        parts.map(|part| prefix.join(part))
    });
    let folders = named.into_iter().chain(packaged);
    folders
        .filter(|folder| folder.is_absolute() && folder.is_dir())
        .collect()
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
    use std::net::TcpListener;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A program that answers as the script says, with what the shell itself
    /// can do: it may start no other.
    fn script(dir: &Path, body: &str) -> PathBuf {
        let path = dir.join("tesseract");
        std::fs::write(&path, format!("#!/bin/bash\n[ \"$1\" = --list-langs ] && {{ printf 'List of\\neng\\ndeu\\n'; exit; }}\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn find(program: Option<&Path>, languages: &str, seconds: f64) -> anyhow::Result<Tesseract> {
        Tesseract::find(&Spec {
            program,
            languages,
            deadline: Duration::from_secs_f64(seconds),
            memory: 512 << 20,
            processes: 1,
        })
    }

    fn image() -> PageImage {
        PageImage::new(40, 20, vec![255; 40 * 20 * 3]).unwrap()
    }

    /// What the script says as the text of a word.
    async fn said(body: &str) -> Result<Vec<String>, Failure> {
        let dir = tempfile::tempdir().unwrap();
        let path = script(
            dir.path(),
            &format!(
                "say() {{ printf \"5\\t1\\t1\\t1\\t1\\t1\\t4\\t2\\t8\\t4\\t90\\t$1\\n\"; }}\n{body}"
            ),
        );
        let words = find(Some(&path), "eng", 30.0)
            .unwrap()
            .words(&image())
            .await?;
        Ok(words.into_iter().map(|ocr| ocr.word.text).collect())
    }

    #[tokio::test]
    async fn a_page_goes_in_and_words_come_out() {
        let dir = tempfile::tempdir().unwrap();
        let body = "read magic; [ $magic = P5 ] || exit 1\nprintf '5\\t1\\t1\\t1\\t1\\t1\\t4\\t2\\t8\\t4\\t90\\tTotal\\n'";
        let path = script(dir.path(), body);
        let tesseract = find(Some(&path), "eng+deu", 30.0).unwrap();
        let words = tesseract.words(&image()).await.unwrap();
        assert_eq!(words.len(), 1);
        assert_eq!(words[0].word.bbox, [0.1, 0.1, 0.3, 0.3]);
    }

    #[tokio::test]
    async fn one_that_hangs_is_killed_and_one_that_fails_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let path = script(dir.path(), "while :; do :; done");
        let tesseract = find(Some(&path), "eng", 0.3).unwrap();
        let failure = tesseract.words(&image()).await.unwrap_err();
        assert_eq!(failure.reason, Reason::Deadline);
        let path = script(dir.path(), "echo 'no such image' >&2; exit 3");
        let tesseract = find(Some(&path), "eng", 30.0).unwrap();
        let failure = tesseract.words(&image()).await.unwrap_err();
        assert!(failure.message.contains("no such image"), "{failure}");
    }

    /// A Tesseract that a page has taken over.
    #[tokio::test]
    async fn one_that_was_taken_over_reaches_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = dir.path().join("written");
        let secret = dir.path().join("secret");
        std::fs::write(&secret, "42\n").unwrap();
        let (target_path, secret) = (target.display(), secret.display());
        let attempts = [
            ("write", format!("echo x > {target_path}")),
            ("home", format!("read x < {secret}")),
            ("passwd", "read x < /etc/passwd".to_owned()),
            ("connect", format!("exec 3<>/dev/tcp/127.0.0.1/{port}")),
            ("signal", "kill -0 $PPID".to_owned()),
        ];
        for (name, attempt) in &attempts {
            let free = Command::new("/bin/bash").args(["-c", attempt]).status();
            assert!(free.unwrap().success(), "{name} is no attempt");
        }
        std::fs::remove_file(&target).unwrap();
        drop(listener.accept().unwrap());
        let attempts = attempts.map(|(name, attempt)| format!("{attempt} && say {name}"));
        let environment = "[ -n \"$HOME$USER$CARGO_MANIFEST_DIR\" ] && say environment";
        let body = format!("{}\n{environment}\nsay end", attempts.join("\n"));
        let escaped = said(&body).await.unwrap();
        let gaps = sandbox::program_enforcement().gaps();
        if !gaps.is_empty() {
            eprintln!("skipped: {gaps:?}");
            return;
        }
        assert_eq!(escaped, ["end"]);
        assert!(!target.exists());
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err());
        // What ends it, each alone.
        for (attempt, what) in [
            ("printf -v x '%0900000000d' 1; [ ${#x} -gt 1 ]", "memory"),
            ("(true)", "a process"),
            ("(exec /bin/true)", "another program"),
        ] {
            let answer = said(&format!("{attempt} && say escaped")).await;
            assert!(!answer.is_ok_and(|said| said == ["escaped"]), "{what}");
        }
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut() {
        let dir = tempfile::tempdir().unwrap();
        let line = "x".repeat(4000);
        let path = script(dir.path(), &format!("while echo {line}; do :; done"));
        let tesseract = find(Some(&path), "eng", 30.0).unwrap();
        assert!(tesseract.words(&image()).await.is_err());
    }

    #[tokio::test]
    async fn tesseract_itself_reads_a_page_inside() {
        let tesseract = match find(None, "eng", 60.0) {
            Ok(tesseract) => tesseract,
            Err(error) => return eprintln!("skipped: {error:#}"),
        };
        let fixture =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/receipt/uk_grocer/input.png");
        let page = image::open(fixture).unwrap().to_rgb8();
        let page = PageImage::new(page.width(), page.height(), page.into_raw()).unwrap();
        let words = tesseract.words(&page).await.unwrap();
        assert!(words.iter().any(|ocr| ocr.word.text == "7.40"), "{words:?}");
    }

    #[test]
    fn what_is_missing_is_told_with_the_remedy() {
        let message = |program: &Path, languages: &str| {
            format!("{:#}", find(Some(program), languages, 5.0).err().unwrap())
        };
        let dir = tempfile::tempdir().unwrap();
        assert!(message(&dir.path().join("none"), "eng").contains("apt-get install tesseract-ocr"));
        let path = script(dir.path(), "");
        assert!(message(&path, "eng+fra").contains("apt-get install tesseract-ocr-fra"));
        // A wrapper starts another program.
        std::fs::write(&path, "#!/bin/sh\nexec /usr/bin/env true \"$@\"\n").unwrap();
        if sandbox::program_enforcement().gaps().is_empty() {
            assert!(
                message(&path, "eng").contains("no script"),
                "{}",
                message(&path, "eng")
            );
        }
    }
}
