//! The worker pools of a run, and how many of each a machine bears.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::monitor::Ends;
use super::page::Stages;
use super::plan::{Plan, Rung};
use super::readers::Readers;
use super::router::RouterHandle;
use super::second_opinion::SecondOpinion;
use super::{Event, Summary};
use crate::config::{Settings, as_usage_error, to_json};
use crate::engines::models::{ResolvedClip, ResolvedReader, ResolvedRung};
use crate::engines::rasterize::find_pdfium;
use crate::engines::reader::openai::EndpointReader;
use crate::engines::sandbox::Walls;
use crate::engines::worker::{End, OnEnd, Pool, PoolSpec, RoleInit, peak_memory, resident_memory};
use crate::store::{ModelInfo, NewRun, PromptInfo, RoleMemory, SchemaInfo};

const MIB: u64 = 1 << 20;
/// This process, beside the roles of its workers.
const SUPERVISOR: &str = "supervisor";

/// The engines of one run: started, loaded and checked.
pub struct Engines {
    pub stages: Stages,
    router_pool: Pool,
    /// Pages worked on at once, by rung: enough that every reader is busy
    /// while the next pages are drawn.
    pub in_flight: Vec<usize>,
}

/// For pools whose losses nobody counts.
pub(super) fn unwatched() -> OnEnd {
    Arc::new(|role, end| {
        if let End::Died(failure) = end {
            tracing::warn!(role, cause = %failure.message, "worker died");
        }
    })
}

fn watched(events: &UnboundedSender<Event>, ends: &Ends) -> OnEnd {
    let (events, ends) = (events.clone(), ends.clone());
    Arc::new(move |role, end| {
        let event = match end {
            End::Died(failure) => {
                let (reason, cause) = (failure.reason, failure.message.clone());
                tracing::warn!(role, cause, "worker died and is replaced");
                Event::WorkerReplaced {
                    role,
                    reason,
                    cause,
                }
            }
            End::Recycled(reason) => {
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

fn spec(settings: &Settings, init: RoleInit, workers: u32, memory: u64) -> PoolSpec {
    let recycle = settings.workers.recycle_pages;
    let (deadline, threads) = match &init {
        RoleInit::Rasterizer { .. } => (
            settings.rasterizing.open_seconds + settings.rasterizing.page_seconds,
            1,
        ),
        RoleInit::Router { .. } => (settings.routing.batch_seconds, cores()),
        RoleInit::Reader { threads, .. } => (settings.reading.page_seconds, *threads),
    };
    PoolSpec {
        init,
        workers,
        memory: memory * MIB,
        // Every request up to its deadline, and the loading.
        cpu_seconds: (u64::from(recycle) + 10) * deadline * u64::from(threads.max(1)),
        recycle,
        growth: settings.workers.recycle_growth,
        require_sandbox: settings.sandbox.required,
    }
}

fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u32)
}

pub(super) async fn rasterizer_pool(
    settings: &Settings,
    workers: u32,
    on_end: OnEnd,
) -> anyhow::Result<Pool> {
    let init = RoleInit::Rasterizer {
        pdfium: as_usage_error(
            settings.pdfium.is_some(),
            find_pdfium(settings.pdfium.as_deref()),
        )?,
        limits: settings.limits,
    };
    let spec = spec(
        settings,
        init,
        workers,
        settings.workers.rasterizer_memory_mib,
    );
    Pool::start(spec, on_end).await
}

/// One process of a reader, to try things on.
pub(super) async fn one_reader(
    settings: &Settings,
    reader: &ResolvedReader,
    on_end: OnEnd,
) -> anyhow::Result<Pool> {
    let share = Share {
        workers: 1,
        threads: settings.workers.reader_threads,
    };
    Pool::start(reader_spec(settings, reader, &share), on_end).await
}

/// The processes that readers of this kind get.
struct Share {
    workers: u32,
    threads: u32,
}

/// The first reader, started at once: a model that cannot be loaded is told
/// before a page is touched.
pub(super) async fn first_readers(
    settings: &Settings,
    reader: &ResolvedRung,
    workers: u32,
    on_end: OnEnd,
) -> anyhow::Result<Readers> {
    let share = Share {
        workers,
        threads: settings.workers.reader_threads,
    };
    Ok(match reader {
        ResolvedRung::Endpoint(endpoint) => Readers::endpoint(endpoint),
        ResolvedRung::Local(reader) => Readers::Workers {
            pool: Pool::start(reader_spec(settings, reader, &share), on_end).await?,
            deadline: Duration::from_secs(settings.reading.page_seconds),
            on_demand: false,
        },
    })
}

/// A further reader: one process with the threads that all of the first have
/// together, started with the first page that climbs to it.
fn further_readers(
    settings: &Settings,
    reader: &ResolvedRung,
    first: u32,
    on_end: OnEnd,
) -> Readers {
    let share = Share {
        workers: 1,
        threads: first * settings.workers.reader_threads.max(1),
    };
    match reader {
        ResolvedRung::Endpoint(endpoint) => Readers::endpoint(endpoint),
        ResolvedRung::Local(reader) => Readers::Workers {
            pool: Pool::idle(reader_spec(settings, reader, &share), on_end),
            deadline: Duration::from_secs(settings.reading.page_seconds),
            on_demand: true,
        },
    }
}

fn reader_spec(settings: &Settings, reader: &ResolvedReader, share: &Share) -> PoolSpec {
    let init = RoleInit::Reader {
        reader: Box::new(reader.clone()),
        threads: share.threads,
    };
    spec(
        settings,
        init,
        share.workers,
        settings.workers.reader_memory_mib,
    )
}

pub(super) async fn router_pool(
    settings: &Settings,
    clip: &ResolvedClip,
    on_end: OnEnd,
) -> anyhow::Result<Pool> {
    let init = RoleInit::Router {
        clip: Box::new(clip.clone()),
        types: settings.types.clone(),
    };
    let spec = spec(settings, init, 1, settings.workers.router_memory_mib);
    Pool::start(spec, on_end).await
}

impl Engines {
    /// Starts one worker of each role; the rest when there is work for them.
    pub async fn start(
        settings: &Settings,
        plan: Arc<Plan>,
        events: &UnboundedSender<Event>,
        ends: &Ends,
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
            router_pool(settings, &plan.clip, watched(events, ends)),
            first_readers(
                settings,
                &plan.rungs[0].reader,
                readers,
                watched(events, ends)
            ),
        )?;
        let further = plan.rungs[1..]
            .iter()
            .map(|rung| further_readers(settings, &rung.reader, readers, watched(events, ends)));
        let readers_of = std::iter::once(first).chain(further).collect();
        let in_flight = plan.rungs.iter().enumerate().map(|(place, rung)| {
            let readers = match &rung.reader {
                ResolvedRung::Endpoint(endpoint) => endpoint.spec.concurrency,
                ResolvedRung::Local(_) if place == 0 => readers,
                ResolvedRung::Local(_) => 1,
            };
            2 * readers as usize
        });
        let in_flight = in_flight.collect();
        let deadline = Duration::from_secs(settings.routing.batch_seconds);
        let pad = plan.clip.spec.pad_to_square;
        let router =
            RouterHandle::start(router_pool.clone(), pad, settings.routing.batch, deadline);
        // As many as there are readers to keep company.
        let ocr_processes = or_auto(settings.workers.rasterizers, cores / 2);
        let stages = Stages {
            settings: settings.clone(),
            plan,
            rasterizers,
            router,
            readers: readers_of,
            second_opinion: SecondOpinion::of(&settings.ocr, ocr_processes),
        };
        let engines = Engines {
            stages,
            router_pool,
            in_flight,
        };
        let walls = engines.walls();
        if settings.sandbox.required {
            // The workers refused by themselves; a foreign program is only
            // started with the first page that needs it.
            walls.insist()?;
        }
        for wall in walls.missing {
            tracing::warn!("the engines are not wholly shut in: this system has no {wall}");
        }
        Ok(engines)
    }

    fn pools(&self) -> impl Iterator<Item = (&'static str, &Pool)> {
        let readers = self.stages.readers.iter().filter_map(Readers::pool);
        let others = [
            ("rasterizer", &self.stages.rasterizers),
            ("router", &self.router_pool),
        ];
        others
            .into_iter()
            .chain(readers.map(|pool| ("reader", pool)))
    }

    /// What stands around the engines, and what this kernel lacks for it.
    pub fn walls(&self) -> Walls {
        let pools = self
            .pools()
            .map(|(role, pool)| (role, pool.walls().clone()));
        let ocr = ("tesseract", self.stages.second_opinion.walls());
        let all: Vec<(&str, Walls)> = pools.chain([ocr]).collect();
        // A reader that no page has needed yet has no process.
        let standing = all
            .iter()
            .filter(|(_, walls)| !walls.standing.is_empty())
            .map(|(role, walls)| format!("{role}: {}", walls.standing.join(", ")));
        // Each once, whichever roles lack it.
        let missing = all.iter().flat_map(|(_, walls)| &walls.missing);
        let missing: BTreeSet<_> = missing.cloned().collect();
        Walls {
            standing: standing.collect(),
            missing: missing.into_iter().collect(),
        }
    }

    /// Restarts, memory peaks and missing walls, for the run's summary.
    pub fn report(&self, summary: &mut Summary) {
        summary.missing_walls = self.walls().missing;
        for (role, pool) in self.pools() {
            let stats = pool.stats();
            summary.worker_restarts += stats.deaths;
            summary.workers_recycled += stats.recycled;
            let peak = summary.peak_memory.entry(role.to_owned()).or_default();
            *peak = (*peak).max(stats.peak_memory / MIB);
        }
        if let Some(own) = peak_memory(std::process::id()) {
            let own = own / MIB;
            summary.peak_memory.insert(SUPERVISOR.to_owned(), own);
        }
    }

    /// What this process and the workers hold now.
    pub fn memory(&self) -> Vec<RoleMemory> {
        let own = RoleMemory {
            role: SUPERVISOR,
            processes: 1,
            resident: resident_memory(std::process::id()).unwrap_or(0),
        };
        let workers = self.pools().map(|(role, pool)| {
            let (processes, resident) = pool.resident_memory();
            RoleMemory {
                role,
                processes,
                resident,
            }
        });
        std::iter::once(own).chain(workers).collect()
    }

    /// How long a page may be held: all of its deadlines, with the wait for a
    /// free worker, must fit.
    pub fn lease(&self) -> Duration {
        let settings = &self.stages.settings;
        let of_reader = |rung: &Rung| match &rung.reader {
            ResolvedRung::Local(_) => settings.reading.page_seconds,
            ResolvedRung::Endpoint(endpoint) => EndpointReader::longest(endpoint).as_secs(),
        };
        let rungs = self.stages.plan.rungs.iter();
        let read = rungs.map(of_reader).max().unwrap_or_default();
        let page = settings.rasterizing.open_seconds
            + 2 * settings.rasterizing.page_seconds
            + 3 * read.max(settings.ocr.page_seconds);
        Duration::from_secs(settings.jobs.lease_seconds.max(page))
    }

    /// What a run notes of the models, prompts and schemas it works with.
    pub fn new_run(&self) -> anyhow::Result<NewRun> {
        let plan = &self.stages.plan;
        let readers = plan.rungs.iter().map(|rung| ModelInfo {
            hash: rung.reader.hash().to_owned(),
            role: "reader".into(),
            name: rung.reader.name().to_owned(),
        });
        let clip = ModelInfo {
            hash: plan.clip.hash.clone(),
            role: "clip".into(),
            name: plan.clip.name.clone(),
        };
        let prompts = plan.rungs.iter().flat_map(|rung| &rung.prompts);
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
        Ok(NewRun {
            settings: to_json(&self.stages.settings),
            models: readers.chain([clip]).collect(),
            prompts: prompts.collect(),
            schemas: schemas.collect(),
        })
    }
}
