//! Runs independent jobs on several threads, with one thread for each model run:
//! on two cores this is faster than splitting every operator.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rten::{RunOptions, ThreadPool};

use super::error::OcrError;

/// Threads for models: one pool of a single thread for each.
pub struct Workers {
    options: Vec<RunOptions>,
}

impl Workers {
    pub fn new(threads: usize) -> Workers {
        let one = || {
            RunOptions::default().with_thread_pool(Some(Arc::new(ThreadPool::with_num_threads(1))))
        };
        Workers {
            options: (0..threads.max(1)).map(|_| one()).collect(),
        }
    }

    pub fn count(&self) -> usize {
        self.options.len()
    }

    /// Calls `work(i)` for 0 to `jobs` - 1, in any order, and returns the results by
    /// number. The first error ends the work.
    pub fn run<T: Send>(
        &self,
        jobs: usize,
        work: impl Fn(usize, &RunOptions) -> Result<T, OcrError> + Sync,
    ) -> Result<Vec<T>, OcrError> {
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Result<T, OcrError>)>> = Mutex::new(Vec::with_capacity(jobs));
        let toil = |options: &RunOptions| {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= jobs {
                    break;
                }
                let result = work(i, options);
                if result.is_err() {
                    next.store(jobs, Ordering::Relaxed);
                }
                done.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((i, result));
            }
        };
        std::thread::scope(|scope| {
            let mut options = self.options.iter().take(jobs);
            let first = options.next();
            let toil = &toil;
            for options in options {
                scope.spawn(move || toil(options));
            }
            if let Some(options) = first {
                toil(options);
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(i, _)| *i);
        done.into_iter().map(|(_, result)| result).collect()
    }
}
