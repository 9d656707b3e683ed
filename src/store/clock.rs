//! The clock that leases run by.
//!
//! The wall clock is set back and forth: by hand, by NTP, twice a year by a
//! machine that keeps local time. A lease that ended by it would end too early,
//! or not for hours. What the database says in wall-clock time is for people.

#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// Time since boot, sleep included: alike in all processes of a machine,
    /// never set. (Leases of an earlier boot are those of dead processes.)
    #[default]
    Boot,
    #[cfg(test)]
    Manual(std::sync::Arc<std::sync::atomic::AtomicI64>),
}

impl Clock {
    /// Milliseconds.
    pub fn now(&self) -> i64 {
        match self {
            Clock::Boot => since_boot(),
            #[cfg(test)]
            Clock::Manual(now) => now.load(std::sync::atomic::Ordering::SeqCst),
        }
    }
}

fn since_boot() -> i64 {
    #[cfg(target_os = "linux")]
    const CLOCK: libc::clockid_t = libc::CLOCK_BOOTTIME;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel writes one timespec. The clock exists on every system
    // that docmill builds on.
    unsafe { libc::clock_gettime(CLOCK, &raw mut time) };
    time.tv_sec * 1000 + time.tv_nsec / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_runs_forward() {
        let before = Clock::Boot.now();
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(before > 0 && Clock::Boot.now() > before);
    }
}
