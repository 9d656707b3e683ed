//! What keeps a process that reads files from strangers apart from the rest of
//! the machine.
//!
//! [`Sandbox::enter`] leaves a worker what its engine needs to load;
//! [`Sandbox::lock_down`] takes that away too, before the first page. Both only
//! ever take rights away, so nothing that runs later can give them back. Where
//! the kernel lacks a part, the others are enforced ([`Enforcement`]).

mod enforcement;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod syscalls;

use std::path::PathBuf;

pub use enforcement::{Abi, Enforcement, SandboxGap, SandboxReport, SandboxStatus, describe_gaps};

/// What one worker may have.
#[derive(Clone, Debug, Default)]
pub struct SandboxPolicy {
    /// Files and folders that the engine reads while it loads.
    pub load_paths: Vec<PathBuf>,
    /// Folders that it reads later too (fonts). Without Landlock, none.
    pub runtime_paths: Vec<PathBuf>,
    /// Whether it starts threads when it works.
    pub threads: bool,
    /// Whether a GPU's driver runs in it: such a driver opens devices and maps
    /// memory at any time, which leaves limits and the loading filter.
    pub gpu: bool,
    /// Bytes that it may write to. What is mapped read-only, such as weights,
    /// does not count.
    pub memory: u64,
    /// CPU seconds of its whole life.
    pub cpu_seconds: u64,
}

/// A process that has taken the first of two steps into its sandbox.
pub struct Sandbox {
    policy: SandboxPolicy,
    enforcement: Enforcement,
}

#[cfg(target_os = "linux")]
impl Sandbox {
    /// For a process with one thread, before its engine loads: limits, no new
    /// privileges, no network, no other programs, only `policy.load_paths` and
    /// the system's libraries to read.
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

    /// When the engine has loaded, from the main thread: nothing more may be
    /// opened but fonts, and only the system calls that reading a page takes
    /// are left. `threads` runs in between, while a thread may still be made
    /// that is locked down as well.
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
