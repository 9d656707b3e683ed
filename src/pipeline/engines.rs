//! The worker pools of a run, sized for the machine.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::events::Event;
use super::page::Stages;
use super::plan::{ReaderTier, RunPlan};
use super::readers::Readers;
use super::router::RouterHandle;
use super::statistics::RunStatistics;
use super::text::TextStage;
use crate::config::{Settings, as_usage_error, to_json};
use crate::engines::models::{
    ReaderBackend, ReaderSpec, ResolvedClip, ResolvedOcr, ResolvedReader,
};
use crate::engines::rasterize::find_pdfium;
use crate::engines::reader::openai::EndpointReader;
use crate::engines::sandbox::SandboxReport;
use crate::engines::worker::{
    OcrRole, OnEnd, Pool, PoolMonitor, PoolSpec, RasterizerRole, ReaderRole, Role, RouterRole,
    WorkerEnd, peak_memory, resident_memory,
};
use crate::store::{ModelInfo, NewRun, PromptInfo, RoleMemory, SchemaInfo};

const MIB: u64 = 1 << 20;
/// Name of this process beside the roles of its workers.
const SUPERVISOR: &str = "supervisor";

/// The ends of workers, with their roles.
pub(super) type WorkerEnds = UnboundedReceiver<(&'static str, WorkerEnd)>;
type EndSender = UnboundedSender<(&'static str, WorkerEnd)>;

/// The engines of one run: started, loaded and checked.
pub struct Engines {
    pub stages: Stages,
    router_pool: Pool<RouterRole>,
    /// Most pages in progress by reader tier: enough that every reader is busy while the
    /// next pages are drawn.
    pub in_flight: Vec<usize>,
}

/// A callback for pools whose dead workers are not counted.
pub(super) fn unwatched() -> OnEnd {
    Arc::new(|role, end| {
        if let WorkerEnd::Died(failure) = end {
            tracing::warn!(role, cause = %failure.message, "worker died");
        }
    })
}

fn watched(events: &UnboundedSender<Event>, ends: &EndSender) -> OnEnd {
    let (events, ends) = (events.clone(), ends.clone());
    Arc::new(move |role, end| {
        let event = match end {
            WorkerEnd::Died(failure) => {
                let (reason, cause) = (failure.reason, failure.message.clone());
                tracing::warn!(role, cause, "worker died and is replaced");
                Event::WorkerReplaced {
                    role,
                    reason,
                    cause,
                }
            }
            WorkerEnd::Recycled(reason) => {
                let why = reason.as_str();
                tracing::debug!(role, why, "worker is old and is replaced");
                Event::WorkerRecycled {
                    role,
                    reason: *reason,
                }
            }
        };
        let _ = events.send(event);
        let _ = ends.send((role, end.clone()));
    })
}

fn spec<R: Role>(
    settings: &Settings,
    role: R,
    workers: u32,
    memory: u64,
    deadline: u64,
) -> PoolSpec<R> {
    let recycle = settings.workers.recycle_pages;
    PoolSpec {
        workers,
        memory: memory * MIB,
        // Each call up to its deadline, and ten deadlines for loading.
        cpu_seconds: (u64::from(recycle) + 10) * deadline * u64::from(role.threads()),
        role,
        recycle,
        program: None,
        growth: settings.workers.recycle_growth,
        require_sandbox: settings.sandbox.required,
    }
}

fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u32)
}

pub(super) fn rasterizer_spec(
    settings: &Settings,
    workers: u32,
) -> anyhow::Result<PoolSpec<RasterizerRole>> {
    let pdfium = find_pdfium(settings.pdfium.as_deref());
    let role = RasterizerRole {
        pdfium: as_usage_error(settings.pdfium.is_some(), pdfium)?,
        limits: settings.limits,
    };
    let deadline = settings.rasterizing.open_seconds + settings.rasterizing.page_seconds;
    let memory = settings.workers.rasterizer_memory_mib;
    Ok(spec(settings, role, workers, memory, deadline))
}

pub(super) async fn rasterizer_pool(
    settings: &Settings,
    workers: u32,
    on_end: OnEnd,
) -> anyhow::Result<Pool<RasterizerRole>> {
    Pool::start(rasterizer_spec(settings, workers)?, on_end).await
}

/// One process of a reader.
pub(super) fn one_reader(settings: &Settings, reader: &ResolvedReader) -> PoolSpec<ReaderRole> {
    let share = Share {
        workers: 1,
        threads: settings.workers.reader_threads,
    };
    reader_spec(settings, reader, &share)
}

/// The processes that readers of this kind get.
struct Share {
    workers: u32,
    threads: u32,
}

/// The first reader, started at once so that a model that cannot be loaded is reported
/// before the first page.
pub(super) async fn first_readers(
    settings: &Settings,
    reader: &ReaderSpec,
    workers: u32,
    on_end: OnEnd,
) -> anyhow::Result<Readers> {
    let share = Share {
        workers,
        threads: settings.workers.reader_threads,
    };
    Ok(match &reader.backend {
        ReaderBackend::Endpoint(endpoint) => Readers::endpoint(endpoint),
        ReaderBackend::Local(reader) => Readers::Workers {
            pool: Pool::start(reader_spec(settings, reader, &share), on_end).await?,
            deadline: Duration::from_secs(settings.reading.page_seconds),
            on_demand: false,
        },
    })
}

/// A stronger reader: one process with as many threads as all of the first reader's,
/// started with the first page that is escalated to it.
fn further_readers(settings: &Settings, reader: &ReaderSpec, first: u32, on_end: OnEnd) -> Readers {
    let share = Share {
        workers: 1,
        threads: first * settings.workers.reader_threads.max(1),
    };
    match &reader.backend {
        ReaderBackend::Endpoint(endpoint) => Readers::endpoint(endpoint),
        ReaderBackend::Local(reader) => Readers::Workers {
            pool: Pool::idle(reader_spec(settings, reader, &share), on_end),
            deadline: Duration::from_secs(settings.reading.page_seconds),
            on_demand: true,
        },
    }
}

fn reader_spec(
    settings: &Settings,
    reader: &ResolvedReader,
    share: &Share,
) -> PoolSpec<ReaderRole> {
    let role = ReaderRole {
        reader: Box::new(reader.clone()),
        threads: share.threads,
    };
    let deadline = settings.reading.page_seconds;
    let memory = settings.workers.reader_memory_mib;
    spec(settings, role, share.workers, memory, deadline)
}

/// The stage that reads the words of pages; its OCR starts with the first page that
/// needs it. `None`: text layers alone.
pub(super) fn text_stage(
    settings: &Settings,
    ocr: Option<&ResolvedOcr>,
    on_end: OnEnd,
) -> TextStage {
    let pool = ocr.map(|ocr| Pool::idle(ocr_spec(settings, ocr), on_end));
    TextStage::new(pool, Duration::from_secs(settings.ocr.page_seconds))
}

/// One process with all cores: a page's lines are read in parallel.
pub(super) fn ocr_spec(settings: &Settings, ocr: &ResolvedOcr) -> PoolSpec<OcrRole> {
    let role = OcrRole {
        ocr: Box::new(ocr.clone()),
        threads: cores(),
    };
    let (memory, deadline) = (settings.ocr.memory_mib, settings.ocr.page_seconds);
    spec(settings, role, 1, memory, deadline)
}

pub(super) fn router_spec(settings: &Settings, clip: &ResolvedClip) -> PoolSpec<RouterRole> {
    let role = RouterRole {
        clip: Box::new(clip.clone()),
        types: settings.types.clone(),
    };
    let deadline = settings.routing.batch_seconds;
    let memory = settings.workers.router_memory_mib;
    spec(settings, role, 1, memory, deadline)
}

impl Engines {
    /// Starts one worker of each role; others start when they are needed. `Err` where an
    /// engine cannot be loaded.
    pub async fn start(
        settings: &Settings,
        plan: Arc<RunPlan>,
        events: &UnboundedSender<Event>,
        ends: &EndSender,
    ) -> anyhow::Result<Engines> {
        let cores = cores();
        let or_auto = |setting: u32, auto: u32| if setting > 0 { setting } else { auto.max(1) };
        let readers = or_auto(
            settings.workers.readers,
            cores / settings.workers.reader_threads.max(1),
        );
        let rasterizers = or_auto(settings.workers.rasterizers, cores / 2);
        let (rasterizers, router_pool, first) = tokio::try_join!(
            rasterizer_pool(settings, rasterizers, watched(events, ends)),
            Pool::start(router_spec(settings, &plan.clip), watched(events, ends)),
            first_readers(
                settings,
                &plan.tiers[0].reader,
                readers,
                watched(events, ends)
            ),
        )?;
        let text = text_stage(settings, plan.ocr.as_ref(), watched(events, ends));
        let further = plan.tiers[1..]
            .iter()
            .map(|tier| further_readers(settings, &tier.reader, readers, watched(events, ends)));
        let readers_of = std::iter::once(first).chain(further).collect();
        let in_flight = plan.tiers.iter().enumerate().map(|(place, tier)| {
            let readers = match &tier.reader.backend {
                ReaderBackend::Endpoint(endpoint) => endpoint.spec.concurrency,
                ReaderBackend::Local(_) if place == 0 => readers,
                ReaderBackend::Local(_) => 1,
            };
            2 * readers as usize
        });
        let in_flight = in_flight.collect();
        let deadline = Duration::from_secs(settings.routing.batch_seconds);
        let pad = plan.clip.spec.pad_to_square;
        let router = RouterHandle::start(
            router_pool.clone(),
            pad,
            settings.routing.batch_size,
            deadline,
        );
        let stages = Stages {
            settings: settings.clone(),
            plan,
            rasterizers,
            router,
            readers: readers_of,
            text,
        };
        let engines = Engines {
            stages,
            router_pool,
            in_flight,
        };
        let sandbox = engines.sandbox();
        if settings.sandbox.required {
            // Workers that run already check this themselves; others start with the
            // first page that needs them.
            sandbox.require_all()?;
        }
        for gap in sandbox.gaps() {
            tracing::warn!("workers are only partially sandboxed: {gap}");
        }
        Ok(engines)
    }

    fn pools(&self) -> Vec<PoolMonitor> {
        let readers = self.stages.readers.iter().filter_map(Readers::monitor);
        let ocr = self.stages.text.pool().map(Pool::monitor);
        [
            self.stages.rasterizers.monitor(),
            self.router_pool.monitor(),
        ]
        .into_iter()
        .chain(ocr)
        .chain(readers)
        .collect()
    }

    /// The enforcement on each role, without readers that have no process yet.
    pub fn sandbox(&self) -> SandboxReport {
        let pools = self.pools().into_iter();
        let pools = pools.filter_map(|pool| Some((pool.role(), pool.enforcement()?)));
        SandboxReport(pools.collect())
    }

    /// Adds restarts, memory peaks and gaps of the sandbox to the run's statistics.
    pub fn report(&self, statistics: &mut RunStatistics) {
        let gaps = self.sandbox().gaps();
        statistics.sandbox_gaps = gaps.iter().map(ToString::to_string).collect();
        for pool in self.pools() {
            let stats = pool.stats();
            statistics.worker_restarts += stats.deaths;
            statistics.workers_recycled += stats.recycled;
            let peak = statistics
                .peak_memory
                .entry(pool.role().to_owned())
                .or_default();
            *peak = (*peak).max(stats.peak_memory / MIB);
        }
        if let Some(own) = peak_memory(std::process::id()) {
            let own = own / MIB;
            statistics.peak_memory.insert(SUPERVISOR.to_owned(), own);
        }
    }

    /// Resident memory of this process and of the workers.
    pub fn memory(&self) -> Vec<RoleMemory> {
        let own = RoleMemory {
            role: SUPERVISOR,
            processes: 1,
            resident: resident_memory(std::process::id()).unwrap_or(0),
        };
        let workers = self.pools().into_iter().map(|pool| {
            let (processes, resident) = pool.resident_memory();
            RoleMemory {
                role: pool.role(),
                processes,
                resident,
            }
        });
        std::iter::once(own).chain(workers).collect()
    }

    /// Duration of a lease: enough for all deadlines of a page and the wait for free
    /// workers.
    pub fn lease(&self) -> Duration {
        let settings = &self.stages.settings;
        let of_reader = |tier: &ReaderTier| match &tier.reader.backend {
            ReaderBackend::Local(_) => settings.reading.page_seconds,
            ReaderBackend::Endpoint(endpoint) => EndpointReader::longest(endpoint).as_secs(),
        };
        let tiers = self.stages.plan.tiers.iter();
        let read = tiers.map(of_reader).max().unwrap_or_default();
        let page = settings.rasterizing.open_seconds
            + 2 * settings.rasterizing.page_seconds
            + settings.ocr.page_seconds
            + 3 * read;
        Duration::from_secs(settings.jobs.lease_seconds.max(page))
    }

    /// The models, prompts and schemas of the run, to be stored.
    pub fn new_run(&self) -> anyhow::Result<NewRun> {
        let plan = &self.stages.plan;
        let readers = plan.tiers.iter().map(|tier| ModelInfo {
            hash: tier.reader.hash.clone(),
            role: "reader".into(),
            name: tier.reader.name.clone(),
        });
        let clip = ModelInfo {
            hash: plan.clip.hash.clone(),
            role: "clip".into(),
            name: plan.clip.name.clone(),
        };
        let prompts = plan.tiers.iter().flat_map(|tier| &tier.prompts);
        let prompts = prompts.map(|(name, rendered)| PromptInfo {
            hash: rendered.hash.clone(),
            doc_type: name.clone(),
            text: rendered.text.clone(),
        });
        let schemas = plan.types.readable().map(|doc_type| SchemaInfo {
            hash: doc_type.schema_hash.clone(),
            doc_type: doc_type.name.clone(),
            schema: doc_type.schema.to_string(),
        });
        let ocr = plan.ocr.as_ref().map(|ocr| ModelInfo {
            hash: ocr.hash.clone(),
            role: "ocr".into(),
            name: ocr.name.clone(),
        });
        Ok(NewRun {
            settings: to_json(&self.stages.settings),
            models: readers.chain([clip]).chain(ocr).collect(),
            prompts: prompts.collect(),
            schemas: schemas.collect(),
        })
    }
}
