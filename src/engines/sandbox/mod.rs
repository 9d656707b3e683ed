//! Isolates a process that reads untrusted files from the rest of the machine.
//!
//! [`Sandbox::enter`] leaves a worker the rights that its engine needs to load;
//! [`Sandbox::lock_down`] removes those too, before the first page. Removed rights
//! cannot be regained. Where the kernel lacks a part, the others are enforced
//! ([`Enforcement`]).

mod enforcement;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod syscalls;

use std::path::PathBuf;

pub use enforcement::{Abi, Enforcement, SandboxGap, SandboxReport, SandboxStatus, describe_gaps};

/// The rights of one worker.
#[derive(Clone, Debug, Default)]
pub struct SandboxPolicy {
    /// Files and folders that the engine reads while it loads.
    pub load_paths: Vec<PathBuf>,
    /// Folders that it also reads later (fonts). Without Landlock they are not
    /// readable.
    pub runtime_paths: Vec<PathBuf>,
    /// Whether it starts threads while it works.
    pub threads: bool,
    /// Whether a GPU driver runs in it. The driver opens devices and maps memory at
    /// any time, so only limits and the loading filter are applied.
    pub gpu: bool,
    /// Bytes of writable memory. Files that are mapped read-only, such as weights, do
    /// not count.
    pub memory: u64,
    /// CPU seconds of its whole life, all threads together.
    pub cpu_seconds: u64,
}

/// A process after the first of two steps into its sandbox.
pub struct Sandbox {
    policy: SandboxPolicy,
    enforcement: Enforcement,
}

#[cfg(target_os = "linux")]
impl Sandbox {
    /// The first step, before the engine loads, in a process with one thread: sets
    /// limits and forbids new privileges, networks and other programs. Only
    /// `policy.load_paths` and the system's libraries stay readable. `Err` where the
    /// kernel has a part but refuses it.
    pub fn enter(policy: SandboxPolicy) -> anyhow::Result<Sandbox> {
        process::limit(policy.memory, policy.cpu_seconds)?;
        process::give_up_privileges()?;
        let network_namespace = process::leave_network();
        process::drop_capabilities()?;
        let landlock = match policy.gpu {
            true => None,
            false => {
                let loading = [&policy.load_paths[..], &policy.runtime_paths].concat();
                files::allow_only(&[files::system(), loading].concat())?
            }
        };
        let enforcement = Enforcement {
            landlock,
            seccomp: syscalls::apply_loading_filter()?,
            network_namespace,
            gpu: policy.gpu,
        };
        Ok(Sandbox {
            policy,
            enforcement,
        })
    }

    /// The second step, after the engine has loaded, in the main thread: only fonts
    /// may be opened, and only the system calls for reading a page stay allowed.
    /// `threads` runs in between, to start threads that the second part of the step
    /// locks down as well.
    pub fn lock_down(self, threads: impl FnOnce()) -> anyhow::Result<Enforcement> {
        let Sandbox {
            policy,
            enforcement,
        } = self;
        std::env::set_current_dir("/")?;
        let landlock = enforcement.landlock.is_some();
        if landlock {
            files::allow_only(&policy.runtime_paths)?;
        }
        process::drop_last_capabilities()?;
        threads();
        syscalls::apply_runtime_filter(&syscalls::RuntimeRules {
            open_fonts: landlock && !policy.runtime_paths.is_empty(),
            threads: policy.threads,
            gpu: policy.gpu,
        })?;
        Ok(enforcement)
    }
}

#[cfg(not(target_os = "linux"))]
impl Sandbox {
    pub fn enter(policy: SandboxPolicy) -> anyhow::Result<Sandbox> {
        let enforcement = Enforcement {
            gpu: policy.gpu,
            ..Enforcement::default()
        };
        Ok(Sandbox {
            policy,
            enforcement,
        })
    }

    pub fn lock_down(self, threads: impl FnOnce()) -> anyhow::Result<Enforcement> {
        let _ = self.policy;
        threads();
        Ok(self.enforcement)
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
