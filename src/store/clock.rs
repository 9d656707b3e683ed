//! The clock for leases.
//!
//! The wall clock may be set forward and back: by hand, by NTP, or twice a year where
//! the machine's clock has local time. A lease would then end too early or hours too
//! late. Wall-clock times in the database are for people.

#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// Time since boot, including suspend: equal in all processes of a machine and
    /// never set. (Leases of an earlier boot belong to dead processes.)
    #[default]
    Boot,
    #[cfg(test)]
    Manual(std::sync::Arc<std::sync::atomic::AtomicI64>),
}

impl Clock {
    /// Milliseconds since boot, or those of the test's clock.
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
    // SAFETY: the kernel writes one timespec. The clock exists on every system for
    // which docmill builds.
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
