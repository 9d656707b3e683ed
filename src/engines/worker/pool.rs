//! A fixed number of workers of one role, replaced when they die or are recycled.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::call::{Call, Init, Started};
use super::process::{Process, resident_memory};
use super::role::Role;
use crate::domain::{Failure, Reason};
use crate::engines::sandbox::Enforcement;

/// What a pool's workers do and how long each may live.
#[derive(Clone, Debug)]
pub struct PoolSpec<R> {
    pub role: R,
    pub workers: u32,
    /// The program of the worker; `None`: this one.
    pub program: Option<PathBuf>,
    /// Bytes of writable memory of a worker.
    pub memory: u64,
    /// CPU seconds of a worker's whole life.
    pub cpu_seconds: u64,
    /// Calls after which a worker is recycled.
    pub recycle: u32,
    /// A worker is recycled when its memory is this many times what it was after its
    /// first answers.
    pub growth: f64,
    /// Whether starting is an error where a part of the sandbox is not enforced.
    pub require_sandbox: bool,
}

/// Most starts of a worker that dies while it loads, since the cause (memory of the
/// machine, a person) may be temporary. One that reports why it cannot load is not
/// started again.
const STARTS: u32 = 3;

impl<R: Role> PoolSpec<R> {
    async fn start(&self) -> Result<(Process, Started<R::Ready>), Failure> {
        let init = Init {
            role: self.role.clone(),
            memory: self.memory,
            cpu_seconds: self.cpu_seconds,
        };
        let mut tries = 1;
        let (process, started) = loop {
            match Process::start(&init, self.program.as_deref()).await {
                Ok(started) => break started,
                Err(error) if error.dead && tries < STARTS => {
                    tracing::warn!(role = R::NAME, "{}", error.failure.message);
                    tries += 1;
                }
                Err(error) if error.dead => return Err(error.failure),
                // Not caused by a page, and the same for every page.
                Err(error) => {
                    let message = error.failure.message;
                    return Err(Failure::new(Reason::ReaderUnavailable, message));
                }
            }
        };
        if self.require_sandbox {
            started
                .enforcement
                .require_all()
                .map_err(Failure::internal)?;
        }
        Ok((process, started))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Workers that died or were killed.
    pub deaths: u64,
    /// Workers that were recycled.
    pub recycled: u64,
    /// Highest resident memory of any worker in bytes.
    pub peak_memory: u64,
}

/// How a worker ended before the run did.
#[derive(Clone, Debug)]
pub enum WorkerEnd {
    /// It died or was killed.
    Died(Failure),
    /// It was replaced in good health.
    Recycled(Recycling),
}

/// Why a worker in good health is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recycling {
    /// It had answered as many calls as a worker may.
    Pages,
    /// Its memory had grown too much.
    Memory,
}

impl Recycling {
    pub fn as_str(self) -> &'static str {
        match self {
            Recycling::Pages => "pages",
            Recycling::Memory => "memory",
        }
    }
}

/// Called for each worker that ended, with its role.
pub type OnEnd = Arc<dyn Fn(&'static str, &WorkerEnd) + Send + Sync>;

/// What the pool, its workers' guards and its monitors share.
struct PoolState {
    role: &'static str,
    recycle: u32,
    growth: f64,
    idle: Mutex<Vec<Process>>,
    /// Process ids of all workers, idle or at work.
    live: Mutex<BTreeSet<u32>>,
    deaths: AtomicU64,
    recycled: AtomicU64,
    peak_memory: AtomicU64,
    on_end: OnEnd,
    /// Of its first worker; the kernel enforces the same on the others.
    enforcement: OnceLock<Enforcement>,
}

/// Workers of one role. Cheap to clone; all clones share the workers.
pub struct Pool<R: Role> {
    spec: Arc<PoolSpec<R>>,
    /// What the first worker reported; `None` if none has started yet.
    ready: Option<R::Ready>,
    shared: Arc<PoolState>,
    permits: Arc<Semaphore>,
}

impl<R: Role> Clone for Pool<R> {
    fn clone(&self) -> Pool<R> {
        Pool {
            spec: self.spec.clone(),
            ready: self.ready.clone(),
            shared: self.shared.clone(),
            permits: self.permits.clone(),
        }
    }
}

impl<R: Role> Pool<R> {
    /// Starts the first worker at once, so that a wrong library or model is reported
    /// before the first page; the others start when they are needed. `Err` where it
    /// cannot be started.
    pub async fn start(spec: PoolSpec<R>, on_end: OnEnd) -> anyhow::Result<Pool<R>> {
        let first = spec.start().await;
        let first = first.map_err(|failure| anyhow::anyhow!(failure.message))?;
        Ok(Pool::with(spec, on_end, Some(first)))
    }

    /// Starts the first worker only when it is needed.
    pub fn idle(spec: PoolSpec<R>, on_end: OnEnd) -> Pool<R> {
        Pool::with(spec, on_end, None)
    }

    fn with(
        spec: PoolSpec<R>,
        on_end: OnEnd,
        first: Option<(Process, Started<R::Ready>)>,
    ) -> Pool<R> {
        let (first, started) = first.unzip();
        let (ready, enforcement) = started
            .map(|started| (started.ready, started.enforcement))
            .unzip();
        let shared = PoolState {
            role: R::NAME,
            recycle: spec.recycle,
            growth: spec.growth,
            live: Mutex::new(first.iter().map(|first| first.pid).collect()),
            idle: Mutex::new(first.into_iter().collect()),
            deaths: AtomicU64::new(0),
            recycled: AtomicU64::new(0),
            peak_memory: AtomicU64::new(0),
            on_end,
            enforcement: enforcement.map(OnceLock::from).unwrap_or_default(),
        };
        Pool {
            permits: Arc::new(Semaphore::new(spec.workers.max(1) as usize)),
            spec: Arc::new(spec),
            ready,
            shared: Arc::new(shared),
        }
    }

    /// What its first worker reported; `None` if none has started yet.
    pub fn ready(&self) -> Option<&R::Ready> {
        self.ready.as_ref()
    }

    /// The pool's figures, without its role.
    pub fn monitor(&self) -> PoolMonitor {
        PoolMonitor {
            shared: self.shared.clone(),
        }
    }

    /// Waits for a free worker, preferably one that has `document` (BLAKE3 hex) open.
    /// `Err` where a new one cannot be started.
    pub async fn worker(&self, document: Option<&str>) -> Result<WorkerGuard<R>, Failure> {
        let permit = self
            .permits
            .clone()
            .acquire_owned()
            .await
            .map_err(Failure::internal)?;
        let process = match self.idle_worker(document) {
            Some(process) => process,
            None => {
                let (process, started) = self.spec.start().await?;
                self.shared.enforcement.get_or_init(|| started.enforcement);
                self.shared.live().insert(process.pid);
                process
            }
        };
        Ok(WorkerGuard {
            process: Some(process),
            shared: self.shared.clone(),
            role: PhantomData,
            _permit: permit,
        })
    }

    /// An idle worker. One that died while it was idle is replaced, and no page fails.
    fn idle_worker(&self, document: Option<&str>) -> Option<Process> {
        let mut idle = self.shared.idle.lock().expect("no panic while held");
        loop {
            let fits = idle
                .iter()
                .position(|p| document.is_some() && p.document.as_deref() == document);
            let mut process = fits.map(|i| idle.swap_remove(i)).or_else(|| idle.pop())?;
            match process.idle_exit() {
                None => return Some(process),
                Some(failure) => {
                    self.shared.live().remove(&process.pid);
                    self.shared.note_death(&failure);
                }
            }
        }
    }
}

/// A pool's figures, the same for all roles.
#[derive(Clone)]
pub struct PoolMonitor {
    shared: Arc<PoolState>,
}

impl PoolMonitor {
    pub fn role(&self) -> &'static str {
        self.shared.role
    }

    /// What is enforced on each of its workers; `None` before the first.
    pub fn enforcement(&self) -> Option<Enforcement> {
        self.shared.enforcement.get().copied()
    }

    /// Number of workers, and their resident memory together in bytes.
    pub fn resident_memory(&self) -> (u32, u64) {
        let resident: Vec<u64> = (self.shared.live().iter())
            .filter_map(|&pid| resident_memory(pid))
            .collect();
        (resident.len() as u32, resident.iter().sum())
    }

    pub fn stats(&self) -> PoolStats {
        for process in self.shared.idle.lock().expect("no panic while held").iter() {
            self.shared.note_memory(process);
        }
        PoolStats {
            deaths: self.shared.deaths.load(Ordering::Relaxed),
            recycled: self.shared.recycled.load(Ordering::Relaxed),
            peak_memory: self.shared.peak_memory.load(Ordering::Relaxed),
        }
    }
}

impl PoolState {
    fn live(&self) -> std::sync::MutexGuard<'_, BTreeSet<u32>> {
        self.live.lock().expect("no panic while held")
    }

    fn note_death(&self, failure: &Failure) {
        self.deaths.fetch_add(1, Ordering::Relaxed);
        (self.on_end)(self.role, &WorkerEnd::Died(failure.clone()));
    }

    fn note_memory(&self, process: &Process) {
        if let Some(peak) = process.peak_memory() {
            self.peak_memory.fetch_max(peak, Ordering::Relaxed);
        }
    }
}

/// A worker for as long as it is held; returned to the pool on drop.
pub struct WorkerGuard<R> {
    /// `None` after it died.
    process: Option<Process>,
    shared: Arc<PoolState>,
    role: PhantomData<fn() -> R>,
    _permit: OwnedSemaphorePermit,
}

impl<R: Role> WorkerGuard<R> {
    /// BLAKE3 (hex) of the document that this worker has open.
    pub fn document(&self) -> Option<&str> {
        self.process.as_ref()?.document.as_deref()
    }

    pub fn set_document(&mut self, document: Option<String>) {
        if let Some(process) = &mut self.process {
            process.document = document;
        }
    }

    pub async fn call<C: Call<Role = R>>(
        &mut self,
        call: &C,
        deadline: Duration,
    ) -> Result<C::Reply, Failure> {
        let Some(process) = &mut self.process else {
            return Err(Failure::new(Reason::Internal, "the worker is gone"));
        };
        match process.call(call, deadline).await {
            Ok(reply) => Ok(reply),
            Err(error) => {
                if error.dead {
                    self.shared.live().remove(&process.pid);
                    self.process = None;
                    self.shared.note_death(&error.failure);
                }
                Err(error.failure)
            }
        }
    }
}

impl<R> Drop for WorkerGuard<R> {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        self.shared.note_memory(&process);
        // Dropping a process kills it.
        if process.is_busy() {
            self.shared.live().remove(&process.pid);
            return;
        }
        let recycling = match process.served >= self.shared.recycle {
            true => Some(Recycling::Pages),
            false => (process.has_grown(self.shared.growth)).then_some(Recycling::Memory),
        };
        if let Some(recycling) = recycling {
            self.shared.live().remove(&process.pid);
            self.shared.recycled.fetch_add(1, Ordering::Relaxed);
            (self.shared.on_end)(self.shared.role, &WorkerEnd::Recycled(recycling));
            return;
        }
        let idle = &self.shared.idle;
        idle.lock().expect("no panic while held").push(process);
    }
}
