//! Documents with known values, for `eval` and `calibrate`. They are read now, or their
//! records come from the database.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::app::App;
use super::output::count;
use super::settings::EngineFlags;
use super::signals;
use crate::config::{ReviewSettings, Settings, UsageError, nearest};
use crate::documents::acceptance::Policy;
use crate::documents::types::DocTypes;
use crate::domain::Source;
use crate::engines::models::Installation;
use crate::outputs::evaluation::{self, CandidateRecord, JudgedDocument, KnownDocument};
use crate::pipeline::{self, Event, RunRequest, RunStatistics};
use crate::store::{DocumentWork, Store, StoredRecord};

#[derive(Args)]
pub struct KnownFlags {
    /// Folder with <type>/<case>/expected.json and input.*, or with a MANIFEST.json
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Only this split of the corpus, e.g. dev
    #[arg(long)]
    split: Option<String>,
    /// Only documents of this type
    #[arg(long, value_name = "TYPE")]
    only: Option<String>,
    /// Read each document as its true type, without CLIP
    #[arg(long)]
    no_routing: bool,
    /// Use the records in the database (--db) and read nothing
    #[arg(long, conflicts_with_all = ["no_routing", "keep"])]
    stored: bool,
    /// Keep the records in this database; a second call reads only missing documents
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    pub engines: EngineFlags,
}

/// Documents compared with their known values.
pub struct Judged {
    pub documents: Vec<JudgedDocument>,
    /// Statistics of the runs that read them; `None`: nothing was read.
    pub summary: Option<RunStatistics>,
    /// Acceptance policies by the hash of the reader.
    pub policies: BTreeMap<String, Policy>,
    pub folder: String,
    pub stored: bool,
    pub interrupted: bool,
}

impl KnownFlags {
    /// Reads the documents and compares them with their known values.
    pub async fn judge(&self, app: &mut App) -> anyhow::Result<Judged> {
        let cases = evaluation::load(&self.folder, self.split.as_deref(), self.only.as_deref());
        let mut cases = cases.map_err(|error| UsageError(format!("{error:#}")))?;
        // A corpus may contain fields that docmill does not read.
        let strict = !self.folder.join("MANIFEST.json").is_file();
        check_truth(
            &mut cases,
            &pipeline::doc_types(app.settings().types.as_deref())?,
            strict,
        )?;
        let temporary_folder = tempfile::tempdir()?;
        let mut settings = app.settings().clone();
        // What is measured is the reading, not how people share their work.
        settings.review = ReviewSettings::default();
        let summary = match self.stored {
            true => None,
            false => {
                let temporary = || temporary_folder.path().join("eval.db");
                settings.db = self.keep.clone().unwrap_or_else(temporary);
                Some(self.read(app, &settings, &cases).await?)
            }
        };
        let mut judged = Judged {
            documents: Vec::new(),
            interrupted: summary.as_ref().is_some_and(|s| s.interrupted),
            summary,
            policies: BTreeMap::new(),
            folder: self.folder.display().to_string(),
            stored: self.stored,
        };
        if !judged.interrupted {
            judged.compare(&settings, &cases).await?;
        }
        Ok(judged)
    }

    async fn read(
        &self,
        app: &mut App,
        settings: &Settings,
        cases: &[KnownDocument],
    ) -> anyhow::Result<RunStatistics> {
        // `--type` applies to a whole run: one run for each type.
        let types: BTreeSet<&str> = cases.iter().map(|case| case.doc_type.as_str()).collect();
        let runs: Vec<Option<&str>> = match self.no_routing {
            true => types.into_iter().map(Some).collect(),
            false => vec![None],
        };
        let stop = signals::stop()?;
        let mut total = RunStatistics::default();
        for doc_type in runs {
            let ours = cases
                .iter()
                .filter(|case| doc_type.is_none_or(|name| name == case.doc_type));
            let request = RunRequest {
                paths: ours.map(|case| case.path.clone()).collect(),
                doc_type: doc_type.map(str::to_owned),
                ..RunRequest::default()
            };
            let (events, mut received) = mpsc::unbounded_channel();
            let (settings, stop) = (settings.clone(), stop.clone());
            app.progress.start();
            let work =
                tokio::spawn(async move { pipeline::run(&settings, request, events, stop).await });
            while let Some(event) = received.recv().await {
                show(app, &event);
            }
            app.progress.finish();
            add(&mut total, work.await??);
            if total.interrupted {
                break;
            }
        }
        Ok(total)
    }
}

/// Unknown field names: an error if `strict`, since a typing error would be a
/// field that no reader gets right. Else they are reported once and left out.
fn check_truth(
    cases: &mut [KnownDocument],
    types: &DocTypes,
    strict: bool,
) -> Result<(), UsageError> {
    let mut is_reported = false;
    for case in cases {
        let place = case.truth_file.display();
        let Some(doc_type) = types.get(&case.doc_type) else {
            let known: Vec<_> = types.iter().map(|known| known.name.clone()).collect();
            let hint = hint(&case.doc_type, &known);
            let name = &case.doc_type;
            let why = format!("{place}: there is no document type `{name}`{hint}");
            return Err(UsageError(why));
        };
        if doc_type.read.is_none() {
            continue;
        }
        let Err(error) = check_names(case, &doc_type.schema) else {
            continue;
        };
        if strict {
            return Err(error);
        }
        if !is_reported {
            tracing::warn!("{error}; such values are left out");
            is_reported = true;
        }
        leave_out_unknown(case, &doc_type.schema);
    }
    Ok(())
}

fn check_names(case: &KnownDocument, schema: &Value) -> Result<(), UsageError> {
    let mut lines = Vec::new();
    let known = names(schema);
    for (name, value) in case.fields.iter().chain(case.page.iter().flatten()) {
        check_name(case, name, "", &known)?;
        let of_list = names(&schema["properties"][name]["items"]);
        for inner in value.as_array().into_iter().flatten() {
            for field in inner.as_object().into_iter().flat_map(Map::keys) {
                check_name(case, field, &format!("{name}[]."), &of_list)?;
            }
        }
        lines.extend(of_list);
    }
    for name in case.alternatives.keys() {
        check_name(case, name, "", &known)?;
    }
    lines.extend(known);
    for name in &case.unscored {
        check_name(case, name, "", &lines)?;
    }
    Ok(())
}

fn leave_out_unknown(case: &mut KnownDocument, schema: &Value) {
    let known = names(schema);
    for fields in [Some(&mut case.fields), case.page.as_mut()]
        .into_iter()
        .flatten()
    {
        fields.retain(|name, _| known.contains(name));
        for (name, value) in fields.iter_mut() {
            let of_list = names(&schema["properties"][name]["items"]);
            for line in value.as_array_mut().into_iter().flatten() {
                if let Some(line) = line.as_object_mut() {
                    line.retain(|field, _| of_list.contains(field));
                }
            }
        }
    }
    case.alternatives.retain(|name, _| known.contains(name));
}

fn hint(name: &str, known: &[String]) -> String {
    let all = || format!("; there are: {}", known.join(", "));
    nearest(name, known.iter().cloned()).unwrap_or_else(all)
}

/// The fields of a record, or of a list's lines.
fn names(schema: &Value) -> Vec<String> {
    let properties = schema["properties"].as_object();
    properties
        .into_iter()
        .flat_map(Map::keys)
        .cloned()
        .collect()
}

fn check_name(
    case: &KnownDocument,
    name: &str,
    list: &str,
    known: &[String],
) -> Result<(), UsageError> {
    if known.iter().any(|field| field == name) {
        return Ok(());
    }
    let hint = hint(name, known);
    let (place, of) = (case.truth_file.display(), &case.doc_type);
    let why = format!("{place}: {of} has no field `{list}{name}`{hint}");
    Err(UsageError(why))
}

fn show(app: &App, event: &Event) {
    match event {
        Event::TakenIn { new_pages, .. } => app.progress.expect(u64::from(*new_pages)),
        Event::Queued { pages } => app.progress.remaining(*pages),
        Event::Escalated { pages, .. } => app.progress.expect(pages.len() as u64),
        Event::PageDone { .. }
        | Event::EscalationSkipped { .. }
        | Event::PageFailed { again: false, .. } => {
            app.progress.page_ended();
        }
        _ => {}
    }
}

fn add(total: &mut RunStatistics, run: RunStatistics) {
    total.run_id = run.run_id;
    total.add_readers(&run);
    total.files += run.files;
    total.pages_done += run.pages_done;
    total.accepted += run.accepted;
    total.needs_review += run.needs_review;
    total.failed += run.failed;
    total.worker_restarts += run.worker_restarts;
    total.seconds += run.seconds;
    total.interrupted |= run.interrupted;
    for (reason, count) in run.rejected {
        *total.rejected.entry(reason).or_default() += count;
    }
    for (reason, count) in run.pages_failed {
        *total.pages_failed.entry(reason).or_default() += count;
    }
    total.add_stages(&run.stage_seconds);
    for (role, peak) in run.peak_memory {
        let most = total.peak_memory.entry(role).or_default();
        *most = peak.max(*most);
    }
}

impl Judged {
    async fn compare(
        &mut self,
        settings: &Settings,
        cases: &[KnownDocument],
    ) -> anyhow::Result<()> {
        let types = pipeline::doc_types(settings.types.as_deref())?;
        let store = Store::open_existing(&settings.db).await?;
        let mut unknown = 0;
        for case in cases {
            // The database may have the content under another path.
            let content = || std::fs::read(&case.path).map(|bytes| blake3::hash(&bytes));
            let hash = self.stored.then(content).and_then(Result::ok);
            let hash = hash.map(|hash| hash.to_hex().to_string());
            let document = store.document_at(&case.path, hash.as_deref()).await?;
            let (records, work) = match document {
                Some(document) => {
                    let work = store.work(document).await?;
                    (store.records_of(document).await?, work)
                }
                None => {
                    let failure = store.rejection(&case.path).await?;
                    if failure.is_none() && self.stored {
                        unknown += 1;
                        continue;
                    }
                    let work = DocumentWork {
                        failure: failure.or(Some("it was not read".to_owned())),
                        ..DocumentWork::default()
                    };
                    (Vec::new(), work)
                }
            };
            let mut seen = Vec::with_capacity(records.len());
            for stored in records {
                seen.push(self.see(settings, &types, stored)?);
            }
            self.documents.push(evaluation::judge(case, &seen, work));
        }
        if unknown > 0 {
            tracing::warn!(
                "{unknown} of {} left out: not in the database",
                count(cases.len() as u64, "document")
            );
        }
        if self.documents.is_empty() {
            let (db, folder) = (settings.db.display(), &self.folder);
            let why = format!(
                "the database {db} has no document of {folder}; read them first with `docmill run`"
            );
            return Err(UsageError(why).into());
        }
        Ok(())
    }

    /// The record with the acceptance of the current settings.
    fn see(
        &mut self,
        settings: &Settings,
        types: &DocTypes,
        stored: StoredRecord,
    ) -> anyhow::Result<CandidateRecord> {
        // As in a run, records of several readers have no calibration.
        let reader = stored.models.join("+");
        if !self.policies.contains_key(&reader) {
            let installation = Installation::find(settings.models.as_deref())?;
            let (acceptance, models) = (&settings.acceptance, installation.folder());
            let policy = pipeline::policy_of_stored(acceptance, models, &reader)?;
            self.policies.insert(reader.clone(), policy);
        }
        let policy = &self.policies[&reader];
        let mut record = stored.record;
        let doc_type = record.doc_type.as_deref().and_then(|name| types.get(name));
        policy.apply(doc_type, &mut record);
        let scored = doc_type.map(|doc_type| policy.scored(doc_type, &record));
        Ok(CandidateRecord {
            id: stored.id,
            embedded: record.source == Source::EmbeddedXml,
            scored: scored.unwrap_or_default(),
            record,
        })
    }

    /// Hashes of the calibrations that were used.
    pub fn calibrations(&self) -> Vec<String> {
        let policies = self.policies.values();
        let hashes = policies.filter_map(|policy| Some(policy.calibration.as_ref()?.hash.clone()));
        hashes.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_corpus_knows_beyond_the_schema_is_left_out_and_the_rest_measured() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let entry = r#"{"path": "a.png", "kind": "receipt", "split": "train", "truth": "a.json"}"#;
        put("MANIFEST.json", &format!(r#"{{"documents": [{entry}]}}"#));
        put("a.png", "");
        put(
            "a.json",
            r#"{"total": "1.00", "date_raw": "1 May", "items": [{"amount": "1.00", "colour": "red"}]}"#,
        );
        let mut cases = evaluation::load(folder.path(), None, None).unwrap();
        let types = DocTypes::load(None).unwrap();
        assert!(check_truth(&mut cases, &types, true).is_err());
        check_truth(&mut cases, &types, false).unwrap();
        let known = serde_json::json!({"total": "1.00", "items": [{"amount": "1.00"}]});
        assert_eq!(Value::Object(cases[0].fields.clone()), known);
    }
}
