//! A run's figures for Prometheus, in a file for node_exporter's textfile
//! collector. They contain no text of a document and no file name.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use prometheus::{
    CounterVec, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use super::output;
use crate::config::UsageError;
use crate::domain::Reason;
use crate::pipeline::Event;

/// Upper bounds of the histogram in seconds: a page takes a fraction of a second with a small
/// model and minutes with a large one on a CPU.
const SECONDS: [f64; 14] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];
/// Time between two writes of the file. node_exporter is scraped once a minute
/// or less often.
const REWRITE: std::time::Duration = std::time::Duration::from_secs(15);

/// All metrics of a run.
pub struct Metrics {
    registry: Registry,
    files: IntCounterVec,
    rejected: IntCounterVec,
    pages: IntCounterVec,
    failures: IntCounterVec,
    records: IntCounterVec,
    page_seconds: HistogramVec,
    stage_seconds: HistogramVec,
    restarts: IntCounterVec,
    recycled: IntCounterVec,
    calls: IntCounterVec,
    call_seconds: CounterVec,
    tokens: IntCounterVec,
    cost: CounterVec,
    memory: IntGaugeVec,
    processes: IntGaugeVec,
    backlog: IntGaugeVec,
    finished: IntGauge,
    exit_code: IntGauge,
}

impl Metrics {
    pub fn new() -> Metrics {
        let registry = Registry::new();
        let made = Metrics::register(registry);
        let metrics = made.expect("the names are valid and each is registered once");
        metrics.begin();
        metrics
    }

    fn register(registry: Registry) -> prometheus::Result<Metrics> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let sum = |name: &str, help: &str, labels: &[&str]| {
            let counter = CounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let gauge = |name: &str, help: &str, labels: &[&str]| {
            let gauge = IntGaugeVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let plain = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let histogram = |name: &str, help: &str, labels: &[&str]| {
            let options = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
            let histogram = HistogramVec::new(options, labels)?;
            registry.register(Box::new(histogram.clone()))?;
            Ok::<_, prometheus::Error>(histogram)
        };
        let build = gauge(
            "docmill_build_info",
            "Always 1; the label is the version.",
            &["version"],
        )?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let started = plain(
            "docmill_run_start_timestamp_seconds",
            "When the run started, Unix time.",
        )?;
        started.set(unix_now());
        Ok(Metrics {
            files: counter(
                "docmill_files_total",
                "Files found, by outcome.",
                &["outcome"],
            )?,
            rejected: counter(
                "docmill_files_rejected_total",
                "Files rejected, by reason.",
                &["reason"],
            )?,
            pages: counter(
                "docmill_pages_total",
                "Attempts at pages, by outcome.",
                &["outcome"],
            )?,
            failures: counter(
                "docmill_page_failures_total",
                "Failed attempts at pages, by reason.",
                &["reason"],
            )?,
            records: counter(
                "docmill_records_total",
                "Records stored, by type and status.",
                &["type", "status"],
            )?,
            page_seconds: histogram(
                "docmill_page_seconds",
                "Time from the claim of a page to its stored result.",
                &[],
            )?,
            stage_seconds: histogram(
                "docmill_stage_seconds",
                "Time of a page in a stage, including the wait for a worker.",
                &["stage"],
            )?,
            restarts: counter(
                "docmill_worker_restarts_total",
                "Workers that died and were replaced, by role and reason.",
                &["role", "reason"],
            )?,
            recycled: counter(
                "docmill_workers_recycled_total",
                "Working workers that were replaced as planned, by role and reason.",
                &["role", "reason"],
            )?,
            calls: counter(
                "docmill_reader_calls_total",
                "Calls of a reader, by outcome.",
                &["reader", "outcome"],
            )?,
            call_seconds: sum(
                "docmill_reader_seconds_total",
                "Time of a reader's calls, including the wait for a free worker.",
                &["reader"],
            )?,
            tokens: counter(
                "docmill_reader_tokens_total",
                "Tokens of a reader's input (in) and output (out).",
                &["reader", "direction"],
            )?,
            cost: sum(
                "docmill_reader_cost_total",
                "Cost of a reader's calls, by its price.",
                &["reader", "currency"],
            )?,
            memory: gauge(
                "docmill_memory_bytes",
                "Resident memory of all processes of a role.",
                &["role"],
            )?,
            processes: gauge("docmill_processes", "Processes of a role.", &["role"])?,
            backlog: gauge(
                "docmill_queue_pages",
                "Pages that wait (queued) or are in progress (leased) in the database.",
                &["state"],
            )?,
            finished: plain(
                "docmill_run_end_timestamp_seconds",
                "When the run ended, Unix time; 0 while it runs.",
            )?,
            exit_code: plain(
                "docmill_run_exit_code",
                "Exit code of the run; -1 while it runs.",
            )?,
            registry,
        })
    }

    /// Creates series before anything happens, so that a rate over them includes
    /// the first event.
    fn begin(&self) {
        for outcome in ["taken_in", "known", "rejected"] {
            self.files.with_label_values(&[outcome]);
        }
        for outcome in ["done", "failed", "retried"] {
            self.pages.with_label_values(&[outcome]);
        }
        for reason in Reason::iter().filter(|reason| reason.is_retryable()) {
            self.failures.with_label_values(&[reason.as_str()]);
        }
        for state in ["queued", "leased"] {
            self.backlog.with_label_values(&[state]);
        }
        self.page_seconds.with_label_values::<&str>(&[]);
        self.exit_code.set(-1);
    }

    pub fn add(&self, event: &Event) {
        match event {
            Event::TakenIn { new_pages, .. } => {
                let outcome = if *new_pages > 0 { "taken_in" } else { "known" };
                self.files.with_label_values(&[outcome]).inc();
            }
            Event::Rejected { failure, .. } => {
                self.files.with_label_values(&["rejected"]).inc();
                let reason = failure.reason.as_str();
                self.rejected.with_label_values(&[reason]).inc();
            }
            Event::PageDone {
                seconds, stages, ..
            } => {
                self.pages.with_label_values(&["done"]).inc();
                let page = self.page_seconds.with_label_values::<&str>(&[]);
                page.observe(*seconds);
                for (stage, seconds) in stages {
                    let stage = self.stage_seconds.with_label_values(&[stage.as_str()]);
                    stage.observe(*seconds);
                }
            }
            Event::PageFailed { failure, again, .. } => {
                let outcome = if *again { "retried" } else { "failed" };
                self.pages.with_label_values(&[outcome]).inc();
                let reason = failure.reason.as_str();
                self.failures.with_label_values(&[reason]).inc();
            }
            Event::Recorded { record, .. } => {
                let doc_type = record.doc_type.as_deref().unwrap_or("unknown");
                let labels = [doc_type, record.status.as_str()];
                self.records.with_label_values(&labels).inc();
            }
            Event::WorkerReplaced { role, reason, .. } => {
                let labels = [role, reason.as_str()];
                self.restarts.with_label_values(&labels).inc();
            }
            Event::WorkerRecycled { role, reason } => {
                let labels = [role, reason.as_str()];
                self.recycled.with_label_values(&labels).inc();
            }
            Event::ReaderCalled {
                reader,
                failed,
                seconds,
                usage,
                cost,
                currency,
            } => {
                let reader = reader.as_str();
                let outcome = if *failed { "failed" } else { "done" };
                self.calls.with_label_values(&[reader, outcome]).inc();
                let call_seconds = self.call_seconds.with_label_values(&[reader]);
                call_seconds.inc_by(seconds.max(0.0));
                for (direction, tokens) in [("in", usage.input), ("out", usage.output)] {
                    let labels = [reader, direction];
                    let counter = self.tokens.with_label_values(&labels);
                    counter.inc_by(u64::from(tokens));
                }
                if let (Some(cost), Some(currency)) = (cost, currency) {
                    let labels = [reader, currency.as_str()];
                    self.cost.with_label_values(&labels).inc_by(cost.max(0.0));
                }
            }
            Event::Measured { memory, backlog } => {
                for role in memory {
                    let resident = i64::try_from(role.resident).unwrap_or(i64::MAX);
                    self.memory.with_label_values(&[role.role]).set(resident);
                    let processes = i64::from(role.processes);
                    self.processes
                        .with_label_values(&[role.role])
                        .set(processes);
                }
                for (state, pages) in [("queued", backlog.queued), ("leased", backlog.leased)] {
                    let pages = i64::try_from(pages).unwrap_or(i64::MAX);
                    self.backlog.with_label_values(&[state]).set(pages);
                }
            }
            Event::Queued { .. }
            | Event::Escalated { .. }
            | Event::EscalationSkipped { .. }
            | Event::RecordRetained { .. }
            | Event::Downgraded { .. } => {}
        }
    }

    pub fn end(&self, exit_code: u8) {
        self.finished.set(unix_now());
        self.exit_code.set(i64::from(exit_code));
    }

    /// Prometheus' text format, version 0.0.4.
    pub fn text(&self) -> String {
        let text = TextEncoder::new().encode_to_string(&self.registry.gather());
        text.unwrap_or_else(|error| format!("# {error}\n"))
    }
}

/// The file for node_exporter, which is replaced atomically.
pub struct Textfile {
    path: PathBuf,
    written: Option<Instant>,
}

impl Textfile {
    /// Writes it once, so that a wrong path is reported before anything is read.
    pub fn create(path: PathBuf, metrics: &Metrics) -> anyhow::Result<Textfile> {
        if path.extension().is_none_or(|extension| extension != "prom") {
            let path = path.display();
            let why = format!("node_exporter reads only files that end in .prom: {path}");
            return Err(UsageError(why).into());
        }
        output::check_place(&path)?;
        let mut file = Textfile {
            path,
            written: None,
        };
        file.write(metrics)?;
        Ok(file)
    }

    /// Writes it if the last write is [`REWRITE`] ago.
    pub fn refresh(&mut self, metrics: &Metrics) -> anyhow::Result<()> {
        match self.written {
            Some(written) if written.elapsed() < REWRITE => Ok(()),
            _ => self.write(metrics),
        }
    }

    pub fn write(&mut self, metrics: &Metrics) -> anyhow::Result<()> {
        self.written = Some(Instant::now());
        write(&self.path, &metrics.text())
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// node_exporter runs as another user: unlike all other files of docmill it is
/// readable by everyone. It contains only counts.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
    let mut file = file.map_err(output::nameless)?;
    file.write_all(text.as_bytes())?;
    let open = std::fs::Permissions::from_mode(0o644);
    file.as_file().set_permissions(open)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn unix_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Failure, Stage, Usage};
    use crate::engines::worker::Recycling;

    #[test]
    fn events_are_counted_under_their_labels() {
        let metrics = Metrics::new();
        assert!(
            metrics
                .text()
                .contains("docmill_pages_total{outcome=\"done\"} 0\n")
        );
        metrics.add(&Event::PageDone {
            path: "Secret GmbH.pdf".into(),
            page: 0,
            seconds: 0.7,
            stages: [(Stage::Read, 0.6)].into(),
        });
        metrics.add(&Event::PageFailed {
            path: "b".into(),
            page: 0,
            failure: Failure::new(Reason::Deadline, "slow"),
            again: true,
        });
        metrics.add(&Event::WorkerReplaced {
            role: "reader",
            reason: Reason::Deadline,
            cause: "slow".into(),
        });
        metrics.add(&Event::WorkerRecycled {
            role: "reader",
            reason: Recycling::Memory,
        });
        for failed in [false, true] {
            metrics.add(&Event::ReaderCalled {
                reader: "far".into(),
                failed,
                seconds: 1.5,
                usage: Usage {
                    input: 2000,
                    output: 300,
                },
                cost: Some(0.008),
                currency: Some("USD".into()),
            });
        }
        let text = metrics.text();
        for line in [
            "docmill_workers_recycled_total{reason=\"memory\",role=\"reader\"} 1",
            "docmill_reader_calls_total{outcome=\"failed\",reader=\"far\"} 1",
            "docmill_reader_seconds_total{reader=\"far\"} 3",
            "docmill_reader_tokens_total{direction=\"out\",reader=\"far\"} 600",
            "docmill_reader_cost_total{currency=\"USD\",reader=\"far\"} 0.016",
            "docmill_pages_total{outcome=\"done\"} 1",
            "docmill_pages_total{outcome=\"retried\"} 1",
            "docmill_page_failures_total{reason=\"deadline\"} 1",
            "docmill_stage_seconds_bucket{stage=\"read\",le=\"1\"} 1",
            "docmill_stage_seconds_bucket{stage=\"read\",le=\"0.5\"} 0",
            "docmill_page_seconds_count 1",
            "docmill_worker_restarts_total{reason=\"deadline\",role=\"reader\"} 1",
            "docmill_run_exit_code -1",
        ] {
            assert!(text.lines().any(|had| had == line), "{line} in\n{text}");
        }
        assert!(!text.contains("Secret"), "{text}");
    }

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        let metrics = Metrics::new();
        for family in metrics.registry.gather() {
            let (name, help) = (family.name(), family.help());
            let is_counter = family.get_field_type() == prometheus::proto::MetricType::COUNTER;
            assert_eq!(name.ends_with("_total"), is_counter, "{name}");
            assert!(
                name.starts_with("docmill_") && help.ends_with('.'),
                "{name}: {help}"
            );
        }
    }

    #[test]
    fn the_textfile_is_replaced_atomically_and_readable_by_node_exporter() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docmill.prom");
        let metrics = Metrics::new();
        let mut file = Textfile::create(path.clone(), &metrics).unwrap();
        metrics.end(75);
        file.write(&metrics).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("docmill_run_exit_code 75\n"), "{text}");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let wrong = Textfile::create(folder.path().join("docmill.txt"), &metrics);
        assert!(wrong.err().unwrap().is::<UsageError>());
    }
}
