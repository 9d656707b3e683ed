use anyhow::Context;
use clap::Args;
use serde_json::Value;

use super::app::App;
use super::correct_others::Others;
use super::exit::ExitStatus;
use super::output;
use super::show::{self, no_record};
use super::summary::command;
use super::user::{reason, user};
use crate::config::UsageError;
use crate::domain::{Finding, Record, Severity, Status, scalar_text};
use crate::pipeline;
use crate::review::correction::{self, Corrected, Edits, Refusal};
use crate::review::others::{CorrectionRules, OF_SUPPLIER};
use crate::store::{FieldChange, Store, StoredRecord};

/// Correct values of a record, or approve it
///
/// The values are checked again. The database keeps each change with the person
/// and the reason; `docmill show` prints them.
#[derive(Args)]
pub struct CorrectArgs {
    /// Number of the record
    id: i64,
    /// A field and its value, e.g. `total=12.50` or `line_items[0].quantity=2`;
    /// nothing after `=`: the document has no such value. To confirm a value, give it
    /// as it is
    #[arg(value_name = "FIELD=VALUE")]
    values: Vec<String>,
    /// Correct the supplier's other waiting records with the same wrong name, VAT ID,
    /// currency, bank account or buyer too. Without FIELD=VALUE: as the record was
    /// corrected before
    #[arg(long)]
    others: bool,
    /// The record is right as it is now: accept it
    #[arg(long)]
    approve: bool,
    /// Reason, kept with the change. Needed for changes, and to approve a record with a
    /// failed check
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Print the stored record as one line of JSON
    #[arg(long)]
    json: bool,
}

impl CorrectArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        if self.values.is_empty() && !self.approve && !self.others {
            let why = "nothing to do: give FIELD=VALUE, --approve or --others";
            return Err(UsageError(why.to_owned()).into());
        }
        let types = pipeline::doc_types(app.settings().types.as_deref())?;
        let store = Store::open_existing(&app.settings().db).await?;
        let Some(stored) = store.record(self.id).await? else {
            return Err(no_record(&store, self.id).await?.into());
        };
        let others = Others {
            store: &store,
            rules: CorrectionRules {
                types: &types,
                min_confidence: app.settings().acceptance.min_confidence,
                second_approval_from: app.settings().review.second_approval_from,
            },
            json: self.json,
        };
        if self.others && self.values.is_empty() {
            if !others.correct(&mut app, &stored).await? {
                return Err(UsageError(nothing_shared(self.id)).into());
            }
            if !self.approve {
                store.close().await;
                return Ok(ExitStatus::Success);
            }
        }
        let reason = self.reason(&stored.record)?;
        let refused = |refusal: Refusal| UsageError(self.refused(&refusal));
        let doc_type = correction::type_of(&types, &stored.record).map_err(refused)?;
        let today = jiff::Zoned::now().date();
        let least = app.settings().acceptance.min_confidence;
        let edits = self.edits()?;
        let corrected = correction::apply(doc_type, &stored.record, &edits, today, least);
        let mut corrected = corrected.map_err(refused)?;
        if let Some(finding) = corrected.unusable() {
            return Err(UsageError(output::clean(&finding.message)).into());
        }
        if let (true, Some(failed)) = (
            self.approve,
            newly_failed(&stored.record, &corrected.record),
        ) {
            return Err(UsageError(format!(
                "after this change a check fails ({}): correct without --approve first, then approve with the reason why the record is right",
                output::clean(&failed.message)
            ))
            .into());
        }
        let approval_drops = !self.approve && store.is_approved(self.id).await?;
        let by = user();
        if self.approve && correction::is_own_second(&store, self.id, &edits, &by).await? {
            return Err(refused(Refusal::ApprovedBefore).into());
        }
        let from = app.settings().review.second_approval_from;
        let made = corrected.store(&store, &stored, self.approve, (&by, reason), from);
        let made = made.await?.with_context(|| {
            format!(
                "record {} was replaced meanwhile: nothing was changed",
                self.id
            )
        })?;
        let Corrected {
            record: new,
            changes,
            ..
        } = corrected;
        if self.json {
            let line = show::json_of_change(&store, &stored, made).await?;
            app.out.json(&line)?;
        } else {
            report(&mut app, self.id, made, &new, &changes)?;
            if approval_drops {
                let approve = command(&app, &format!("correct {made} --approve"));
                app.out.line(&format!(
                    "Record {} was approved. The approval does not hold for the changed values: {approve}",
                    self.id
                ))?;
            }
            if !changes.is_empty() {
                report_exported(&mut app, &store, &stored).await?;
            }
        }
        if let Some(record) = store.record(made).await?
            && !self.values.is_empty()
        {
            if self.others {
                if !others.correct(&mut app, &record).await? {
                    tracing::warn!("{}", nothing_shared(made));
                }
            } else if !self.json {
                others.offer(&mut app, &record).await?;
            }
        }
        store.close().await;
        Ok(match new.status {
            Status::Accepted => ExitStatus::Success,
            _ => ExitStatus::NeedsReview,
        })
    }

    /// Why the record is changed or approved.
    fn reason(&self, record: &Record) -> Result<&str, UsageError> {
        match &self.reason {
            Some(text) => reason(text),
            None if !self.values.is_empty() => Err(UsageError(
                "--reason is missing: say why the values are changed".to_owned(),
            )),
            None => match failed_checks(record).next() {
                Some(failed) => Err(UsageError(format!(
                    "a check fails ({}): say with --reason why the record is right",
                    output::clean(&failed.message)
                ))),
                None => Ok(correction::REVIEWED),
            },
        }
    }

    fn edits(&self) -> Result<Edits, UsageError> {
        let pair = |pair: &String| match pair.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => {
                let why = format!("`{pair}` is not FIELD=VALUE, e.g. total=12.50");
                Err(UsageError(why))
            }
        };
        Ok(Edits {
            values: self.values.iter().map(pair).collect::<Result<_, _>>()?,
            ..Edits::default()
        })
    }

    fn refused(&self, refusal: &Refusal) -> String {
        let why = output::clean(&refusal.to_string());
        match refusal {
            Refusal::NoField { .. } => why,
            _ => format!("record {} is not corrected: {why}", self.id),
        }
    }
}

fn nothing_shared(id: i64) -> String {
    format!(
        "record {id} was not made by a correction that holds for the supplier's other records: of {}",
        OF_SUPPLIER.join(", ")
    )
}

fn failed_checks(record: &Record) -> impl Iterator<Item = &Finding> {
    let findings = record.findings.iter();
    findings.filter(|finding| finding.is_failed_check())
}

/// A check that fails only after the change: the reason for the change is no reason why
/// the record is right.
fn newly_failed<'a>(before: &Record, after: &'a Record) -> Option<&'a Finding> {
    let is_known = |failed: &&Finding| {
        let mut known = failed_checks(before);
        known.any(|known| (known.code, &known.field) == (failed.code, &failed.field))
    };
    failed_checks(after).find(|failed| !is_known(failed))
}

/// Where the record's pages were exported before they were changed.
pub async fn report_exported(
    app: &mut App,
    store: &Store,
    stored: &StoredRecord,
) -> anyhow::Result<()> {
    let exported = correction::exported_in(store, &stored.blake3, &stored.record.pages).await?;
    for (batch, target, record) in exported {
        app.out.line(&format!(
            "It was exported as record {record} in batch {batch} for {target}: `docmill export reverse {batch} --record {record} --reason …` takes it back."
        ))?;
    }
    Ok(())
}

fn report(
    app: &mut App,
    id: i64,
    made: i64,
    new: &Record,
    changes: &[FieldChange],
) -> anyhow::Result<()> {
    for change in changes {
        let text = |value: &Value| match scalar_text(value) {
            Some(text) => output::clean(&text),
            None => "nothing".to_owned(),
        };
        let line = format!(
            "{}: {} -> {}",
            change.field,
            text(&change.before),
            text(&change.after)
        );
        app.out.line(&line)?;
    }
    let status = new.status.in_words();
    app.out
        .line(&format!("Record {id} is record {made} now: {status}."))?;
    let open = new
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Info);
    if new.status != Status::Accepted {
        for finding in open {
            app.out
                .line(&format!("  {}", output::clean(&finding.message)))?;
        }
        let who = match new.status {
            Status::NeedsSecondApproval => "By another person, ",
            _ => "",
        };
        let reason = match failed_checks(new).next() {
            Some(_) => " --reason …",
            None => "",
        };
        app.out.line(&format!(
            "{who}`docmill correct {made} --approve{reason}` accepts it."
        ))?;
    }
    Ok(())
}
