//! Rules for files, enforced by Landlock.

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};

use super::Abi;

/// The newest rules that are asked for; an older kernel enforces those it knows.
const NEWEST: ABI = ABI::V6;

/// What any program reads while it loads: libraries, and what the kernel says
/// of CPUs and memory.
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

/// Rules that leave only `readable` to read, only `executable` to execute, and
/// nothing to write, make or connect to. Paths that do not exist are left out.
pub fn rules(readable: &[PathBuf], executable: &[PathBuf]) -> anyhow::Result<RulesetCreated> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(readable, read))?
        .add_rules(path_beneath_rules(executable, read | AccessFs::Execute))?;
    Ok(rules)
}

/// Applies [`rules`] to this thread and those it will start. Returns the
/// version of Landlock that enforces them; `None`: the kernel has none.
pub fn allow_only(readable: &[PathBuf]) -> anyhow::Result<Option<Abi>> {
    let status = rules(readable, &[])?.restrict_self()?;
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

/// The kernel's version of Landlock; `None`: it has none.
pub fn version() -> Option<Abi> {
    const VERSION: libc::c_uint = 1;
    let nothing = std::ptr::null::<libc::c_void>();
    // SAFETY: with this flag the kernel reads no memory and makes nothing.
    let version =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, nothing, 0_usize, VERSION) };
    u32::try_from(version).ok().map(Abi)
}
