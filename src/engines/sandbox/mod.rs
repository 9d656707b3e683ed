//! What keeps a process that reads files from strangers apart from the rest of
//! the machine.
//!
//! [`Cage::before_loading`] shuts a worker up to what its engine needs in order
//! to load; [`Cage::close`] takes that away too, before the first page. Both
//! only ever take rights away, so nothing that runs later can give them back.
//! A kernel that lacks a wall leaves the others standing, and is told
//! ([`Walls`]). [`confine`] does the same for a foreign program.

#[cfg(target_os = "linux")]
mod command;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod interpreter;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod syscalls;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
pub use command::{confine, program_walls};

/// What a foreign program may have.
#[derive(Clone, Debug)]
pub struct Confinement {
    /// Files and folders to read, beside the program and the system's libraries.
    pub readable: Vec<PathBuf>,
    /// Bytes that it may write to.
    pub memory: u64,
    pub cpu_seconds: u64,
}

#[cfg(target_os = "linux")]
const NO_LANDLOCK: &str = "Landlock (Linux 5.13, in the kernel's list of security modules): seccomp alone keeps \
    workers from files, PDFs without embedded fonts are drawn without the system's, and Tesseract may read files";
#[cfg(target_os = "linux")]
const NO_SECCOMP: &str = "seccomp (CONFIG_SECCOMP_FILTER): a worker could start programs and reach what the kernel offers";

/// What one worker may have.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Files and folders that the engine reads while it loads.
    pub loads: Vec<PathBuf>,
    /// Folders that it reads later too (fonts). Without Landlock, none.
    pub keeps: Vec<PathBuf>,
    /// Whether it starts threads when it works.
    pub threads: bool,
    /// Whether a GPU's driver runs in it: such a driver opens devices and maps
    /// memory at any time, and only the coarse walls can stand around it.
    pub gpu: bool,
    /// Bytes that it may write to. What is mapped read-only, such as weights,
    /// does not count.
    pub memory: u64,
    /// CPU seconds of its whole life.
    pub cpu_seconds: u64,
}

/// Which walls stand around a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walls {
    pub standing: Vec<String>,
    /// What this kernel cannot do, each with what follows from it.
    pub missing: Vec<String>,
}

impl Walls {
    /// An error where one is missing, for who set `sandbox.required`.
    pub fn insist(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.missing.is_empty(),
            "a whole sandbox is required (`sandbox.required`), and this system has no {}",
            self.missing.join("; no ")
        );
        Ok(())
    }
}

/// A worker on its way into its cage.
pub struct Cage {
    policy: Policy,
    walls: Walls,
}

#[cfg(target_os = "linux")]
impl Cage {
    /// For a process with one thread, before its engine loads: limits, no new
    /// privileges, no network, no other programs, only `policy.loads` and the
    /// system's libraries to read.
    pub fn before_loading(policy: Policy) -> anyhow::Result<Cage> {
        process::limit(policy.memory, policy.cpu_seconds)?;
        process::give_up_privileges()?;
        let mut walls = Walls::default();
        walls.standing.push("resource limits".into());
        if process::leave_network() {
            walls.standing.push("network namespace".into());
        }
        process::drop_capabilities()?;
        if policy.gpu {
            let lost = "Landlock (a GPU's driver opens devices while it works): the engine could open files";
            walls.missing.push(lost.into());
        } else {
            let readable: Vec<_> =
                [files::system(), policy.loads.clone(), policy.keeps.clone()].concat();
            match files::allow_only(&readable)? {
                Some(version) => walls.standing.push(format!("Landlock (ABI {version})")),
                None => walls.missing.push(NO_LANDLOCK.into()),
            }
        }
        if syscalls::refuse_while_loading()? {
            walls.standing.push("seccomp".into());
        } else {
            walls.missing.push(NO_SECCOMP.into());
        }
        Ok(Cage { policy, walls })
    }

    /// When the engine has loaded, from the main thread: nothing more may be
    /// opened but fonts, and only the system calls that reading a page takes
    /// are left. `threads` runs in between, while a thread may still be made
    /// that is shut in as well.
    pub fn close(self, threads: impl FnOnce()) -> anyhow::Result<Walls> {
        let Cage { policy, walls } = self;
        std::env::set_current_dir("/")?;
        let landlock = walls
            .standing
            .iter()
            .any(|wall| wall.starts_with("Landlock"));
        if landlock {
            files::allow_only(&policy.keeps)?;
        }
        process::drop_last_capabilities()?;
        threads();
        let rules = syscalls::Rules {
            open_fonts: landlock && !policy.keeps.is_empty(),
            threads: policy.threads,
            gpu: policy.gpu,
        };
        syscalls::only_what_a_page_takes(&rules)?;
        Ok(walls)
    }
}

#[cfg(not(target_os = "linux"))]
impl Cage {
    pub fn before_loading(policy: Policy) -> anyhow::Result<Cage> {
        let walls = program_walls();
        Ok(Cage { policy, walls })
    }

    pub fn close(self, threads: impl FnOnce()) -> anyhow::Result<Walls> {
        let _ = self.policy;
        threads();
        Ok(self.walls)
    }
}

#[cfg(not(target_os = "linux"))]
pub fn confine(_: &mut std::process::Command, _: &Confinement) -> anyhow::Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub fn program_walls() -> Walls {
    Walls {
        missing: vec!["every wall of the sandbox: it is made of what Linux offers".into()],
        ..Walls::default()
    }
}

/// Folders in which PDFium looks for the fonts that a PDF lacks.
pub fn font_folders() -> Vec<PathBuf> {
    [
        "/usr/share/fonts",
        "/usr/share/X11/fonts/Type1",
        "/usr/share/X11/fonts/TTF",
        "/usr/local/share/fonts",
    ]
    .map(PathBuf::from)
    .to_vec()
}
