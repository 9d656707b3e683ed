//! A fixed number of workers of one role, replaced when they die or grow old.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::process::{Process, resident_memory};
use super::protocol::{Init, Reply, Request, RoleInit};
use crate::domain::{Failure, Reason};
use crate::engines::sandbox::Walls;

/// What a pool's workers are and how long each may live.
#[derive(Clone, Debug)]
pub struct PoolSpec {
    pub init: RoleInit,
    pub workers: u32,
    /// Bytes of writable memory a worker may have.
    pub memory: u64,
    /// CPU seconds that one may use in its life.
    pub cpu_seconds: u64,
    /// A worker is replaced after so many requests,
    pub recycle: u32,
    /// or when its memory has become so many times what it was after its first
    /// answers.
    pub growth: f64,
    /// Refuse to work where a wall of the cage is missing.
    pub require_sandbox: bool,
}

/// Times that a worker which dies while it loads is started again: whatever
/// killed it (a kernel short of memory, a person) may be gone. One that says
/// why it cannot load would say so again.
const STARTS: u32 = 3;

impl PoolSpec {
    async fn start(&self) -> Result<Process, Failure> {
        let init = Init {
            role: self.init.clone(),
            memory: self.memory,
            cpu_seconds: self.cpu_seconds,
        };
        let mut tries = 1;
        let process = loop {
            match Process::start(&init).await {
                Ok(process) => break process,
                Err(error) if error.dead && tries < STARTS => {
                    tracing::warn!(role = self.init.role(), "{}", error.failure.message);
                    tries += 1;
                }
                Err(error) if error.dead => return Err(error.failure),
                // No page's fault, and true of every page.
                Err(error) => {
                    return Err(Failure::new(
                        Reason::ReaderUnavailable,
                        error.failure.message,
                    ));
                }
            }
        };
        if self.require_sandbox {
            process.walls.insist().map_err(Failure::internal)?;
        }
        Ok(process)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Workers that died or were killed.
    pub deaths: u64,
    /// Workers that were replaced because they were old or had grown.
    pub recycled: u64,
    /// Highest resident memory of any worker, bytes.
    pub peak_memory: u64,
}

/// How a worker's life ended before the run's did.
#[derive(Clone, Debug)]
pub enum End {
    /// It died or was killed.
    Died(Failure),
    /// It was replaced in good health.
    Recycled(Recycling),
}

/// Why a worker in good health is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recycling {
    /// It had answered as many requests as one may.
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

/// Told of each worker that ended, with its role.
pub type OnEnd = Arc<dyn Fn(&'static str, &End) + Send + Sync>;

struct Shared {
    spec: PoolSpec,
    idle: Mutex<Vec<Process>>,
    /// Process ids of all workers, idle or at work.
    live: Mutex<BTreeSet<u32>>,
    deaths: AtomicU64,
    recycled: AtomicU64,
    peak_memory: AtomicU64,
    on_end: OnEnd,
    /// Side of a router's images, from its first worker.
    side: u32,
    /// The walls around its first worker; the same kernel builds the others.
    walls: Walls,
}

/// Cheap to clone; all clones share the workers.
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
    permits: Arc<Semaphore>,
}

impl Pool {
    /// Starts the first worker at once, so that a wrong library or model is
    /// told before any page is touched; the others start when first needed.
    pub async fn start(spec: PoolSpec, on_end: OnEnd) -> anyhow::Result<Pool> {
        let first = spec.start().await;
        let first = first.map_err(|failure| anyhow::anyhow!(failure.message))?;
        Ok(Pool::with(spec, on_end, Some(first)))
    }

    /// Starts no worker before one is needed.
    pub fn idle(spec: PoolSpec, on_end: OnEnd) -> Pool {
        Pool::with(spec, on_end, None)
    }

    fn with(spec: PoolSpec, on_end: OnEnd, first: Option<Process>) -> Pool {
        let permits = Arc::new(Semaphore::new(spec.workers.max(1) as usize));
        let side = first.as_ref().map_or(0, |first| first.side);
        let walls = first.as_ref().map(|first| first.walls.clone());
        let walls = walls.unwrap_or_default();
        let shared = Shared {
            spec,
            live: Mutex::new(first.iter().map(|first| first.pid).collect()),
            idle: Mutex::new(first.into_iter().collect()),
            deaths: AtomicU64::new(0),
            recycled: AtomicU64::new(0),
            peak_memory: AtomicU64::new(0),
            on_end,
            side,
            walls,
        };
        Pool {
            shared: Arc::new(shared),
            permits,
        }
    }

    /// Side in pixels of the images that a router's workers take.
    pub fn side(&self) -> u32 {
        self.shared.side
    }

    /// The walls around each of its workers.
    pub fn walls(&self) -> &Walls {
        &self.shared.walls
    }

    /// Waits for a free worker; one that holds `document` open is preferred.
    pub async fn worker(&self, document: Option<&str>) -> Result<Guard, Failure> {
        let permit = self
            .permits
            .clone()
            .acquire_owned()
            .await
            .map_err(Failure::internal)?;
        let process = match self.idle_worker(document) {
            Some(process) => process,
            None => {
                let process = self.shared.spec.start().await?;
                self.shared.live().insert(process.pid);
                process
            }
        };
        Ok(Guard {
            process: Some(process),
            shared: self.shared.clone(),
            _permit: permit,
        })
    }

    /// How many workers there are, and the bytes of memory they hold together.
    pub fn resident_memory(&self) -> (u32, u64) {
        let resident: Vec<u64> = (self.shared.live().iter())
            .filter_map(|&pid| resident_memory(pid))
            .collect();
        (resident.len() as u32, resident.iter().sum())
    }

    /// An idle worker. One that died while it had nothing to do is no page's
    /// fault.
    fn idle_worker(&self, document: Option<&str>) -> Option<Process> {
        let mut idle = self.shared.idle.lock().expect("no panic while held");
        loop {
            let fits = idle
                .iter()
                .position(|p| document.is_some() && p.document.as_deref() == document);
            let mut process = fits.map(|i| idle.swap_remove(i)).or_else(|| idle.pop())?;
            match process.death() {
                None => return Some(process),
                Some(failure) => {
                    self.shared.live().remove(&process.pid);
                    self.shared.note_death(&failure);
                }
            }
        }
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

impl Shared {
    fn live(&self) -> std::sync::MutexGuard<'_, BTreeSet<u32>> {
        self.live.lock().expect("no panic while held")
    }

    fn note_death(&self, failure: &Failure) {
        self.deaths.fetch_add(1, Ordering::Relaxed);
        (self.on_end)(self.spec.init.role(), &End::Died(failure.clone()));
    }

    fn note_memory(&self, process: &Process) {
        if let Some(peak) = process.peak_memory() {
            self.peak_memory.fetch_max(peak, Ordering::Relaxed);
        }
    }
}

/// A worker for as long as it is held; returned to the pool on drop.
pub struct Guard {
    /// `None` once it died.
    process: Option<Process>,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

impl Guard {
    pub fn role(&self) -> &'static str {
        self.shared.spec.init.role()
    }

    /// The document that this worker holds open, by BLAKE3.
    pub fn document(&self) -> Option<&str> {
        self.process.as_ref()?.document.as_deref()
    }

    pub fn set_document(&mut self, document: Option<String>) {
        if let Some(process) = &mut self.process {
            process.document = document;
        }
    }

    /// One request and its answer; never [`Reply::Failed`].
    pub async fn call(
        &mut self,
        request: &Request,
        blob: &[u8],
        deadline: Duration,
    ) -> Result<(Reply, Vec<u8>), Failure> {
        let Some(process) = &mut self.process else {
            return Err(Failure::new(Reason::Internal, "the worker is gone"));
        };
        match process.call(request, blob, deadline).await {
            Ok(answer) => Ok(answer),
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

impl Drop for Guard {
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
        let spec = &self.shared.spec;
        let recycling = match process.served >= spec.recycle {
            true => Some(Recycling::Pages),
            false => process.has_grown(spec.growth).then_some(Recycling::Memory),
        };
        if let Some(recycling) = recycling {
            self.shared.live().remove(&process.pid);
            self.shared.recycled.fetch_add(1, Ordering::Relaxed);
            (self.shared.on_end)(spec.init.role(), &End::Recycled(recycling));
            return;
        }
        let idle = &self.shared.idle;
        idle.lock().expect("no panic while held").push(process);
    }
}
