//! Corrections that hold for other waiting records of the supplier.

use serde_json::json;

use super::app::App;
use super::output::count;
use super::summary::command;
use super::user::user;
use crate::review::others::{CorrectionRules, shared_corrections};
use crate::store::{Store, StoredRecord};

pub struct Others<'a> {
    pub store: &'a Store,
    pub rules: CorrectionRules<'a>,
    /// Whether lines of JSON are printed.
    pub json: bool,
}

impl Others<'_> {
    /// Makes the corrections by which the record was made in the supplier's other waiting
    /// records too. `false`: there is no such correction.
    pub async fn correct(&self, app: &mut App, made: &StoredRecord) -> anyhow::Result<bool> {
        let corrections = shared_corrections(self.store, made).await?;
        if corrections.is_empty() {
            return Ok(false);
        }
        // A person at the command line has no page, so that no lock is theirs.
        let (by, no_session) = (user(), "");
        for correction in corrections {
            let field = correction.change.field.clone();
            let done = correction
                .apply(self.store, &self.rules, &by, no_session)
                .await?;
            if self.json {
                let others = json!({"field": field, "corrected": done.made, "open": done.open});
                app.out.json(&others)?;
                continue;
            }
            let corrected = count(done.made.len() as u64, "other record");
            app.out.line(&format!(
                "{field}: {corrected} corrected too{}.",
                numbers(&done.made)
            ))?;
            if !done.open.is_empty() {
                let open = count(done.open.len() as u64, "record");
                app.out.line(&format!(
                    "{field}: {open} not corrected{}: somebody works on them. Try again later.",
                    numbers(&done.open)
                ))?;
            }
        }
        Ok(true)
    }

    /// Says what [`Others::correct`] would do.
    pub async fn offer(&self, app: &mut App, made: &StoredRecord) -> anyhow::Result<()> {
        for correction in shared_corrections(self.store, made).await? {
            let records = correction.records(self.store).await?;
            if !records.is_empty() {
                let others = count(records.len() as u64, "other waiting record");
                let command = command(app, &format!("correct {} --others", made.id));
                app.out.line(&format!(
                    "{others} of the supplier with the same {}{}: {command}",
                    correction.change.field,
                    numbers(&records)
                ))?;
            }
        }
        Ok(())
    }
}

fn numbers(records: &[i64]) -> String {
    let each: Vec<String> = records.iter().map(i64::to_string).collect();
    match each.is_empty() {
        true => String::new(),
        false => format!(" ({})", each.join(", ")),
    }
}
