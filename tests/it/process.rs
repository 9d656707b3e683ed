//! The processes of a run, as a test finds and signals them.

use std::fs;
use std::time::{Duration, Instant};

pub fn signal(pid: u32, signal: i32) {
    // SAFETY: sends a signal to a process of the test.
    unsafe { libc::kill(pid as libc::pid_t, signal) };
}

/// The workers of a run, with their roles.
pub fn workers(supervisor: u32) -> Vec<(u32, String)> {
    let mut workers = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let parent = after_name.split_whitespace().nth(1);
        if parent.and_then(|parent| parent.parse().ok()) != Some(supervisor) {
            continue;
        }
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&arguments).into_owned();
        if let Some((_, role)) = arguments.split_once("worker\0") {
            workers.push((pid, role.trim_end_matches('\0').to_owned()));
        }
    }
    workers
}

/// Waits until the run has a worker of this role.
pub fn wait_for_worker(supervisor: u32, role: &str) -> u32 {
    let until = Instant::now() + Duration::from_secs(30);
    while Instant::now() < until {
        let workers = workers(supervisor);
        if let Some((pid, _)) = workers.iter().find(|(_, name)| name == role) {
            return *pid;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the run started no {role}");
}
