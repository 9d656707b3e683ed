//! Rules for files, enforced by Landlock.

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};

use super::Abi;

/// The newest Landlock rules that docmill sets; an older kernel enforces those that
/// it supports.
const NEWEST: ABI = ABI::V6;

/// Paths that every program reads while it loads: libraries, and the kernel's files
/// about CPUs and memory.
pub fn system() -> Vec<PathBuf> {
    [
        "/lib",
        "/lib32",
        "/lib64",
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
        "/nix/store",
        "/gnu/store",
        "/etc/ld.so.cache",
        "/etc/ld.so.preload",
        "/proc/cpuinfo",
        "/proc/meminfo",
        "/proc/self",
        "/proc/stat",
        "/proc/sys/vm",
        "/sys/devices/system",
        "/sys/fs/cgroup",
    ]
    .map(PathBuf::from)
    .to_vec()
}

/// Allows this thread, and those that it starts later, to read only `readable`, and
/// forbids to execute, write, create or connect. Paths that do not exist are
/// ignored. Returns the version of Landlock that enforces it; `None`: the kernel has
/// none.
pub fn allow_only(readable: &[PathBuf]) -> anyhow::Result<Option<Abi>> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(readable, read))?
        .restrict_self()?;
    if status.ruleset == RulesetStatus::NotEnforced {
        return Ok(None);
    }
    Ok(match status.landlock {
        LandlockStatus::Available {
            effective_abi,
            kernel_abi,
        } => Some(Abi(
            kernel_abi.map_or(effective_abi as u32, |abi| abi.unsigned_abs())
        )),
        _ => None,
    })
}
