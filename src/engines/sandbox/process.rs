//! Limits and privileges of the calling process.

use std::io;

use anyhow::Context;
use rlimit::Resource;

/// Most open files of a process: pipes, libraries, a few fonts or devices.
const OPEN_FILES: u64 = 256;

/// Limits memory (bytes), CPU time and open files, and forbids writing to files and
/// core dumps.
pub fn limit(memory: u64, cpu_seconds: u64) -> anyhow::Result<()> {
    let limits = [
        // DATA counts writable memory, not mapped weights.
        (Resource::DATA, memory),
        (Resource::CPU, cpu_seconds),
        (Resource::CORE, 0),
        // Pipes are not files, so answers can be written.
        (Resource::FSIZE, 0),
        (Resource::NOFILE, OPEN_FILES),
        (Resource::MEMLOCK, 0),
        (Resource::MSGQUEUE, 0),
    ];
    for (resource, limit) in limits {
        let (_, hard) = resource.get()?;
        let limit = limit.min(hard);
        resource
            .set(limit, limit)
            .with_context(|| format!("cannot limit {}", resource.as_name()))?;
    }
    Ok(())
}

/// Keeps a started program from gaining rights, and another process of the
/// user reads this process's memory.
pub fn give_up_privileges() -> io::Result<()> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1)?;
    prctl(libc::PR_SET_DUMPABLE, 0)
}

fn prctl(option: libc::c_int, value: libc::c_ulong) -> io::Result<()> {
    // SAFETY: these options take numbers, no pointers.
    match unsafe { libc::prctl(option, value, 0, 0, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Moves into a network namespace without interfaces. Returns whether the system
/// allows that; nothing else depends on it.
pub fn leave_network() -> bool {
    let own = libc::CLONE_NEWNET | libc::CLONE_NEWIPC;
    // SAFETY: changes only what this process shares with others.
    unsafe { libc::unshare(own) == 0 || libc::unshare(libc::CLONE_NEWUSER | own) == 0 }
}

/// Drops root's capabilities except reading files of other users.
pub fn drop_capabilities() -> io::Result<()> {
    // Model files may belong to another user.
    const CAP_DAC_READ_SEARCH: u32 = 2;
    let held = capabilities()?;
    keep(held & (1 << CAP_DAC_READ_SEARCH))
}

/// Drops all capabilities.
pub fn drop_last_capabilities() -> io::Result<()> {
    keep(0)
}

#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct CapabilitySets {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// `_LINUX_CAPABILITY_VERSION_3`: two words of 32 capabilities each.
const VERSION: u32 = 0x2008_0522;

/// The first 32 permitted capabilities.
fn capabilities() -> io::Result<u32> {
    let mut header = CapabilityHeader {
        version: VERSION,
        pid: 0,
    };
    let mut sets = [CapabilitySets::default(); 2];
    // SAFETY: both structures have the memory layout of capget(2), version 3.
    match unsafe { libc::syscall(libc::SYS_capget, &mut header, sets.as_mut_ptr()) } {
        0 => Ok(sets[0].permitted),
        _ => Err(io::Error::last_os_error()),
    }
}

fn keep(first: u32) -> io::Result<()> {
    let mut header = CapabilityHeader {
        version: VERSION,
        pid: 0,
    };
    let low = CapabilitySets {
        effective: first,
        permitted: first,
        inheritable: 0,
    };
    let sets = [low, CapabilitySets::default()];
    // SAFETY: as above.
    match unsafe { libc::syscall(libc::SYS_capset, &mut header, sets.as_ptr()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
