//! The worker pools of a run, and how many of each a machine bears.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::monitor::Deaths;
use super::page::Stages;
use super::plan::Plan;
use super::router::RouterHandle;
use super::{Event, Summary};
use crate::config::Settings;
use crate::models::{ResolvedClip, ResolvedReader};
use crate::rasterize::find_pdfium;
use crate::store::{ModelInfo, NewRun, PromptInfo, RoleMemory, SchemaInfo};
use crate::worker::{OnDeath, Pool, PoolSpec, RoleInit, peak_memory, resident_memory};

const MIB: u64 = 1 << 20;
/// This process, beside the roles of its workers.
const SUPERVISOR: &str = "supervisor";

/// The engines of one run: started, loaded and checked.
pub struct Engines {
    pub stages: Stages,
    router_pool: Pool,
    /// Pages worked on at once.
    pub in_flight: usize,
}

/// For pools whose losses nobody counts.
pub(super) fn unwatched() -> OnDeath {
    Arc::new(|role, failure| tracing::warn!(role, cause = %failure.message, "worker died"))
}

fn watched(events: &UnboundedSender<Event>, deaths: &Deaths) -> OnDeath {
    let (events, deaths) = (events.clone(), deaths.clone());
    Arc::new(move |role, failure| {
        let cause = failure.message.clone();
        tracing::warn!(role, cause, "worker died and is replaced");
        let reason = failure.reason;
        let _ = events.send(Event::WorkerReplaced {
            role,
            reason,
            cause,
        });
        let _ = deaths.send((role, failure.clone()));
    })
}

async fn pool(
    settings: &Settings,
    init: RoleInit,
    workers: u32,
    memory: u64,
    on_death: OnDeath,
) -> anyhow::Result<Pool> {
    let recycle = settings.recycle_pages;
    Pool::start(
        PoolSpec {
            init,
            workers,
            memory: memory * MIB,
            recycle,
        },
        on_death,
    )
    .await
}

pub(super) async fn rasterizer_pool(
    settings: &Settings,
    workers: u32,
    on_death: OnDeath,
) -> anyhow::Result<Pool> {
    let init = RoleInit::Rasterizer {
        pdfium: find_pdfium(settings.pdfium.as_deref())?,
        limits: settings.limits,
    };
    pool(
        settings,
        init,
        workers,
        settings.rasterizer_memory,
        on_death,
    )
    .await
}

pub(super) async fn reader_pool(
    settings: &Settings,
    reader: &ResolvedReader,
    workers: u32,
    on_death: OnDeath,
) -> anyhow::Result<Pool> {
    let init = RoleInit::Reader {
        reader: Box::new(reader.clone()),
        threads: settings.reader_threads,
    };
    pool(settings, init, workers, settings.reader_memory, on_death).await
}

async fn router_pool(
    settings: &Settings,
    clip: &ResolvedClip,
    on_death: OnDeath,
) -> anyhow::Result<Pool> {
    let init = RoleInit::Router {
        clip: Box::new(clip.clone()),
        types: settings.types.clone(),
    };
    pool(settings, init, 1, settings.router_memory, on_death).await
}

impl Engines {
    /// Starts one worker of each role; the rest when there is work for them.
    pub async fn start(
        settings: &Settings,
        plan: Arc<Plan>,
        events: &UnboundedSender<Event>,
        deaths: &Deaths,
    ) -> anyhow::Result<Engines> {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
        let or_auto = |setting: u32, auto: u32| if setting > 0 { setting } else { auto.max(1) };
        let readers = or_auto(settings.readers, cores / settings.reader_threads.max(1));
        let rasterizers = or_auto(settings.rasterizers, cores / 2);
        let (rasterizers, router_pool, readers_pool) = tokio::try_join!(
            rasterizer_pool(settings, rasterizers, watched(events, deaths)),
            router_pool(settings, &plan.clip, watched(events, deaths)),
            reader_pool(settings, &plan.reader, readers, watched(events, deaths)),
        )?;
        let deadline = Duration::from_secs(settings.page_seconds);
        let pad = plan.clip.spec.pad_to_square;
        let router = RouterHandle::start(router_pool.clone(), pad, settings.route_batch, deadline);
        let stages = Stages {
            settings: settings.clone(),
            plan,
            rasterizers,
            router,
            readers: readers_pool,
        };
        // Enough that every reader is busy while the next pages are drawn.
        let in_flight = (2 * readers) as usize;
        Ok(Engines {
            stages,
            router_pool,
            in_flight,
        })
    }

    fn pools(&self) -> [(&'static str, &Pool); 3] {
        [
            ("rasterizer", &self.stages.rasterizers),
            ("router", &self.router_pool),
            ("reader", &self.stages.readers),
        ]
    }

    /// Restarts and memory peaks, for the run's summary.
    pub fn report(&self, summary: &mut Summary) {
        for (role, pool) in self.pools() {
            let stats = pool.stats();
            summary.worker_restarts += stats.deaths;
            summary
                .peak_memory
                .insert(role.to_owned(), stats.peak_memory / MIB);
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
        let page = settings.open_seconds + 2 * settings.page_seconds + 3 * settings.read_seconds;
        Duration::from_secs(settings.lease_seconds.max(page))
    }

    /// What a run notes of the models, prompts and schemas it works with.
    pub fn new_run(&self) -> anyhow::Result<NewRun> {
        let plan = &self.stages.plan;
        let models = vec![
            ModelInfo {
                hash: plan.reader.hash.clone(),
                role: "reader".into(),
                name: plan.reader.name.clone(),
            },
            ModelInfo {
                hash: plan.clip.hash.clone(),
                role: "clip".into(),
                name: plan.clip.name.clone(),
            },
        ];
        let prompts = plan.prompts.iter().map(|(name, rendered)| PromptInfo {
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
            settings: serde_json::to_value(&self.stages.settings)?,
            models,
            prompts: prompts.collect(),
            schemas: schemas.collect(),
        })
    }
}
