//! Runs independent tasks on several threads, with one thread for each model run:
//! on two cores this is faster than splitting every operator.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rten::{RunOptions, ThreadPool};

use super::error::OcrError;

/// Threads for models: one pool of a single thread for each.
pub struct ModelThreads {
    options: Vec<RunOptions>,
}

impl ModelThreads {
    pub fn new(threads: usize) -> ModelThreads {
        let one = || {
            RunOptions::default().with_thread_pool(Some(Arc::new(ThreadPool::with_num_threads(1))))
        };
        ModelThreads {
            options: (0..threads.max(1)).map(|_| one()).collect(),
        }
    }

    pub fn count(&self) -> usize {
        self.options.len()
    }

    /// Calls `task(i)` for 0 to `tasks` - 1, in any order, and returns the results by
    /// number. The first error ends all tasks.
    pub fn run<T: Send>(
        &self,
        tasks: usize,
        task: impl Fn(usize, &RunOptions) -> Result<T, OcrError> + Sync,
    ) -> Result<Vec<T>, OcrError> {
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Result<T, OcrError>)>> = Mutex::new(Vec::with_capacity(tasks));
        let work = |options: &RunOptions| {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= tasks {
                    break;
                }
                let result = task(i, options);
                if result.is_err() {
                    next.store(tasks, Ordering::Relaxed);
                }
                done.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((i, result));
            }
        };
        std::thread::scope(|scope| {
            let mut options = self.options.iter().take(tasks);
            let first = options.next();
            let work = &work;
            for options in options {
                scope.spawn(move || work(options));
            }
            if let Some(options) = first {
                work(options);
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(i, _)| *i);
        done.into_iter().map(|(_, result)| result).collect()
    }
}
