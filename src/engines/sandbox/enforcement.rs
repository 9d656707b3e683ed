//! Data about what the kernel enforces on processes.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The version of Landlock's ABI that a kernel enforces, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Abi(pub u32);

/// What the kernel enforces on one process, beside its resource limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enforcement {
    /// `None`: Landlock does not limit its files.
    pub landlock: Option<Abi>,
    pub seccomp: bool,
    /// Whether it has a network namespace without interfaces. Seccomp forbids
    /// sockets with or without it.
    pub network_namespace: bool,
    /// Whether it uses a GPU. The driver opens devices at any time, so neither
    /// Landlock nor the runtime filter is applied.
    pub gpu: bool,
}

/// How much of the sandbox is enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SandboxStatus {
    Enforced,
    Partial,
    Unavailable,
}

/// A part of the sandbox that is not enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SandboxGap {
    Landlock,
    LandlockForGpu,
    Seccomp,
    Linux,
}

impl fmt::Display for SandboxGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SandboxGap::Landlock => {
                "Landlock is missing (Linux 5.13, in the kernel's list of security modules): seccomp alone keeps \
                 workers from files, and PDFs without embedded fonts are drawn without the system's"
            }
            SandboxGap::LandlockForGpu => {
                "Landlock is off (a GPU's driver opens devices while it works): the engine could open files"
            }
            SandboxGap::Seccomp => {
                "seccomp is missing (CONFIG_SECCOMP_FILTER): a worker could start programs and use any system call"
            }
            SandboxGap::Linux => "there is no sandbox: it needs Linux",
        })
    }
}

impl Enforcement {
    pub fn gaps(&self) -> BTreeSet<SandboxGap> {
        if cfg!(not(target_os = "linux")) {
            return BTreeSet::from([SandboxGap::Linux]);
        }
        let landlock = match self.gpu {
            true => SandboxGap::LandlockForGpu,
            false => SandboxGap::Landlock,
        };
        let landlock = self.landlock.is_none().then_some(landlock);
        let seccomp = (!self.seccomp).then_some(SandboxGap::Seccomp);
        landlock.into_iter().chain(seccomp).collect()
    }

    pub fn status(&self) -> SandboxStatus {
        match (self.landlock.is_some(), self.seccomp) {
            (true, true) => SandboxStatus::Enforced,
            (false, false) => SandboxStatus::Unavailable,
            _ => SandboxStatus::Partial,
        }
    }

    /// `Err` where a part is not enforced, for `sandbox.required`.
    pub fn require_all(&self) -> anyhow::Result<()> {
        require_all(self.status(), &self.gaps())
    }
}

impl fmt::Display for Enforcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("resource limits")?;
        if self.network_namespace {
            f.write_str(", network namespace")?;
        }
        if let Some(Abi(version)) = self.landlock {
            write!(f, ", Landlock (ABI {version})")?;
        }
        if self.seccomp {
            f.write_str(", seccomp")?;
        }
        Ok(())
    }
}

/// The enforcement on each role of a run, with the role's name.
#[derive(Clone, Debug, Default)]
pub struct SandboxReport(pub Vec<(&'static str, Enforcement)>);

impl SandboxReport {
    /// The weakest status of the roles.
    pub fn status(&self) -> SandboxStatus {
        let statuses: Vec<_> = self.0.iter().map(|(_, role)| role.status()).collect();
        match statuses.first() {
            Some(first) if statuses.iter().all(|status| status == first) => *first,
            None => SandboxStatus::Enforced,
            _ => SandboxStatus::Partial,
        }
    }

    /// The gaps of all roles, each once.
    pub fn gaps(&self) -> BTreeSet<SandboxGap> {
        self.0.iter().flat_map(|(_, role)| role.gaps()).collect()
    }

    pub fn require_all(&self) -> anyhow::Result<()> {
        require_all(self.status(), &self.gaps())
    }
}

impl fmt::Display for SandboxReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (role, enforcement)) in self.0.iter().enumerate() {
            let separator = if place > 0 { "; " } else { "" };
            write!(f, "{separator}{role}: {enforcement}")?;
        }
        Ok(())
    }
}

/// Gaps as one text.
pub fn describe_gaps(gaps: &BTreeSet<SandboxGap>) -> String {
    let gaps: Vec<_> = gaps.iter().map(SandboxGap::to_string).collect();
    gaps.join("; ")
}

fn require_all(status: SandboxStatus, gaps: &BTreeSet<SandboxGap>) -> anyhow::Result<()> {
    anyhow::ensure!(
        gaps.is_empty(),
        "`sandbox.required` is set, and the sandbox is {}: {}",
        match status {
            SandboxStatus::Unavailable => "unavailable",
            _ => "only partially enforced",
        },
        describe_gaps(gaps)
    );
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    const FULL: Enforcement = Enforcement {
        landlock: Some(Abi(6)),
        seccomp: true,
        network_namespace: false,
        gpu: false,
    };

    #[test]
    fn a_part_that_is_missing_makes_the_sandbox_partial_and_is_named() {
        assert_eq!(FULL.status(), SandboxStatus::Enforced);
        assert!(FULL.require_all().is_ok());
        let without = Enforcement {
            landlock: None,
            ..FULL
        };
        assert_eq!(without.status(), SandboxStatus::Partial);
        let message = without.require_all().unwrap_err().to_string();
        assert!(
            message.contains("sandbox.required") && message.contains("Landlock is missing"),
            "{message}"
        );
        assert_eq!(Enforcement::default().status(), SandboxStatus::Unavailable);
        let gpu = Enforcement {
            gpu: true,
            ..without
        };
        assert_eq!(gpu.gaps(), BTreeSet::from([SandboxGap::LandlockForGpu]));
    }

    #[test]
    fn a_run_is_sandboxed_as_its_weakest_role() {
        let without = Enforcement {
            seccomp: false,
            ..FULL
        };
        let report = SandboxReport(vec![("rasterizer", FULL), ("router", without)]);
        assert_eq!(report.status(), SandboxStatus::Partial);
        assert_eq!(report.gaps(), BTreeSet::from([SandboxGap::Seccomp]));
        assert_eq!(
            report.to_string(),
            "rasterizer: resource limits, Landlock (ABI 6), seccomp; router: resource limits, Landlock (ABI 6)"
        );
    }
}
