use clap::Args;
use jiff::civil::Date;

use super::app::App;
use super::correct;
use super::exit::ExitStatus;
use super::search::day;
use super::show::{self, no_record};
use super::user::{reason, user};
use crate::config::UsageError;
use crate::review::decision;
use crate::store::Store;

/// Reject records, set aside what is no bill, postpone, or open them again
///
/// What was decided, by whom and why stays in the database; `docmill show` prints
/// it. Rejected records and those that are no bill leave the queue and are never
/// exported as bills; their rows have the status `rejected` or `not_a_bill`.
#[derive(Args)]
pub struct DecideArgs {
    #[arg(value_enum)]
    decision: decision::Choice,
    /// Numbers of the records
    #[arg(required = true, value_name = "ID")]
    ids: Vec<i64>,
    /// Postpone: the day on which they come back, e.g. 2026-12-15 or 15.12.2026
    /// [default: in 7 days]
    #[arg(long, value_name = "DATE", value_parser = day)]
    until: Option<Date>,
    /// Why; kept with the decision
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Print each record as one line of JSON
    #[arg(long)]
    json: bool,
}

impl DecideArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        let reason = reason(&self.reason)?;
        let today = jiff::Zoned::now().date();
        let decision = self.decision.on(self.until, today).map_err(UsageError)?;
        let store = Store::open_existing(&app.settings().db).await?;
        // All before the first is decided: a wrong number must not leave half of them.
        let mut records = Vec::with_capacity(self.ids.len());
        for id in self.ids {
            match store.record(id).await? {
                Some(stored) => records.push(stored),
                None => return Err(no_record(&store, id).await?.into()),
            }
        }
        for stored in records {
            let id = stored.id;
            let decided = store.decide(id, decision, today, &user(), reason).await?;
            decided.map_err(|why| UsageError(format!("record {id} stays as it is: {why}")))?;
            if self.json {
                let line = show::json_of_change(&store, &stored, id).await?;
                app.out.json(&line)?;
                continue;
            }
            let done = decision::in_words(decision);
            app.out.line(&format!("Record {id} {done}."))?;
            correct::report_exported(&mut app, &store, &stored).await?;
        }
        store.close().await;
        Ok(ExitStatus::Success)
    }
}
