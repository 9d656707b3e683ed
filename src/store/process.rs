//! Identifies the process of a lease, as distinct from a later one with the same id.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use sqlx::FromRow;

/// A process of this machine, as stored in `runs`.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct ProcessId {
    pub pid: i64,
    /// Start time in clock ticks since boot.
    #[sqlx(rename = "process_start")]
    pub start: i64,
    pub boot_id: String,
}

impl ProcessId {
    pub fn of_self() -> ProcessId {
        let pid = i64::from(std::process::id());
        ProcessId {
            pid,
            start: start_ticks(pid).unwrap_or(0),
            boot_id: boot_id(),
        }
    }

    /// Whether the process still runs. One that /proc hides (hidepid, `ProtectProc=`)
    /// counts as running; its pages become free when their leases end.
    pub fn is_alive(&self) -> bool {
        self.boot_id == boot_id()
            && match start_ticks(self.pid) {
                Some(start) => start == self.start,
                None => exists(self.pid),
            }
    }
}

/// Whether there is a process with this id, visible or not.
fn exists(pid: i64) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

/// Start time in clock ticks since boot: field 22 of `/proc/<pid>/stat` (proc(5)). The
/// second field, the program's name in parentheses, may have spaces and parentheses.
fn start_ticks(pid: i64) -> Option<i64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = &stat[stat.rfind(')')? + 1..];
    after_name.split_whitespace().nth(19)?.parse().ok()
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_one_with_another_start_or_boot_is_not() {
        let me = ProcessId::of_self();
        assert!(me.start > 0 && me.is_alive());
        assert!(
            !ProcessId {
                start: me.start + 1,
                ..me.clone()
            }
            .is_alive()
        );
        assert!(
            !ProcessId {
                boot_id: "another".into(),
                ..me
            }
            .is_alive()
        );
        // The first process is another user's, wherever tests run as a user.
        assert!(exists(1) && !exists(i64::from(i32::MAX)));
    }
}
