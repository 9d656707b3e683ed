//! `docmill export --target`: exports the bills for a target and says what was done.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cli::app::App;
use crate::cli::exit::ExitStatus;
use crate::cli::output::{self, Out, count};
use crate::cli::summary::command;
use crate::cli::user::user;
use crate::config::UsageError;
use crate::domain::money;
use crate::files;
use crate::outputs::accounts::{
    self, Accounts, ExportOrder, ExportOutcome, ExportView, Held, HoldCode, TargetName,
};
use crate::store::Store;

#[derive(Args)]
#[command(next_help_heading = "Accounting options")]
pub struct BatchFlags {
    /// Accounting program or format: write the accepted bills that it does not
    /// have yet to the folder --out
    #[arg(long, value_name = "NAME", value_parser = target_parser())]
    pub target: Option<TargetName>,
    /// Accounts and tax codes by supplier [default: accounts.toml, if it exists]
    #[arg(long, value_name = "FILE", requires = "target")]
    accounts: Option<PathBuf>,
    /// Put each bill's source file beside them, in the folder `documents`; for DATEV in a zip
    #[arg(long, requires = "target")]
    with_documents: bool,
}

fn target_parser() -> impl TypedValueParser<Value = TargetName> {
    PossibleValuesParser::new(TargetName::NAMES).try_map(|name| name.parse::<TargetName>())
}

impl BatchFlags {
    pub async fn run(
        &self,
        target: TargetName,
        folder: Option<&Path>,
        app: &mut App,
        json: bool,
    ) -> anyhow::Result<ExitStatus> {
        let Some(folder) = folder else {
            let why = "--target needs a folder: --out DIR";
            return Err(UsageError(why.to_owned()).into());
        };
        let accounts = Accounts::read(self.accounts.as_deref()).map_err(UsageError)?;
        let has_accounts = accounts.is_some();
        let store = Store::open_existing(&app.settings().db).await?;
        let order = ExportOrder {
            target,
            accounts: accounts.unwrap_or_default(),
            with_documents: self.with_documents,
            by: &user(),
            folder: &files::absolute(folder),
        };
        let outcome = accounts::export(&store, order).await?;
        store.close().await;
        if json {
            app.out.json(&ExportView::of(&outcome))?;
        } else {
            print(&outcome, app)?;
            let is_setting = |held: &Held| {
                matches!(
                    held.hold.code,
                    HoldCode::Supplier | HoldCode::Setting | HoldCode::TaxCode
                )
            };
            if !has_accounts && outcome.held.iter().any(is_setting) {
                app.out.line(
                    "There is no accounts.toml in this folder: make one (docs/accounting-import.md has an example), or name it with --accounts.",
                )?;
            }
        }
        Ok(match outcome.held.is_empty() {
            true => ExitStatus::Success,
            false => ExitStatus::NeedsReview,
        })
    }
}

fn print(outcome: &ExportOutcome, app: &mut App) -> anyhow::Result<()> {
    let status = command(app, "status");
    let why = match &outcome.batch {
        Some(_) => Vec::new(),
        None => why_nothing(outcome, app),
    };
    let out = &mut app.out;
    for batch in &outcome.finished {
        out.line(&format!(
            "Batch {} was interrupted. Its files are in {} now.",
            batch.id,
            output::short(&batch.folder)
        ))?;
    }
    match &outcome.batch {
        Some(batch) => {
            let bills = count(batch.lines as u64, "bill");
            out.line(&format!("Batch {}: {bills} for {}", batch.id, batch.target))?;
            for name in batch.files.lines() {
                out.line(&format!("  {}", output::short(&batch.folder.join(name))))?;
            }
            if outcome.source_files > 0 {
                let files = count(outcome.source_files as u64, "source file");
                let places = outcome.source_places.iter();
                let places: Vec<_> = places
                    .map(|place| output::short(&batch.folder.join(place)))
                    .collect();
                out.line(&format!("  {}: {files}", places.join(", ")))?;
            }
        }
        None => {
            out.line("Nothing to export:")?;
            for line in why {
                out.line(&format!("  {line}"))?;
            }
        }
    }
    for bill in &outcome.partly_due {
        out.line(&format!(
            "Record {}: {} of {} {} is due",
            bill.record,
            money(bill.amount_due),
            money(bill.gross),
            bill.currency
        ))?;
    }
    list(out, "Held", &outcome.held)?;
    list(out, "Not for this target", &outcome.not_for_target)?;
    if outcome.not_accepted > 0 && outcome.batch.is_some() {
        let bills = count(outcome.not_accepted as u64, "bill");
        out.line(&format!("Not accepted: {bills}. `{status}` lists them."))?;
    }
    Ok(())
}

/// Where the bills are that were not exported, and which command lists them.
fn why_nothing(outcome: &ExportOutcome, app: &App) -> Vec<String> {
    let status = command(app, "status");
    let batches = command(app, "export batches");
    let of_status = command(app, "export --status rejected --status not_a_bill");
    let reasons = [
        (
            outcome.not_accepted,
            "bill",
            format!("not accepted yet: `{status}` lists what needs review or failed"),
        ),
        (
            outcome.exported_before,
            "bill",
            format!("exported before: `{batches}`"),
        ),
        (
            outcome.held.len(),
            "bill",
            "held: the table below says why".to_owned(),
        ),
        (
            outcome.not_for_target.len(),
            "bill",
            "not for this target: see the table below".to_owned(),
        ),
        (
            outcome.set_aside,
            "record",
            format!("rejected or not a bill: `{of_status}`"),
        ),
    ];
    let reasons = reasons.into_iter().filter(|(number, ..)| *number > 0);
    let lines: Vec<String> = reasons
        .map(|(number, what, why)| format!("{}, {why}", count(number as u64, what)))
        .collect();
    match lines.is_empty() {
        true => vec![format!(
            "there is no invoice or receipt: `{status}` counts what was read"
        )],
        false => lines,
    }
}

fn list(out: &mut Out, what: &str, held: &[Held]) -> anyhow::Result<()> {
    if held.is_empty() {
        return Ok(());
    }
    out.line(&format!("{what}: {}", count(held.len() as u64, "bill")))?;
    let mut table = output::table(&["id", "file", "reason", "why, and what to do"]);
    for held in held {
        table.add_row([
            output::cell(&held.record.to_string()),
            output::cell(&output::short(Path::new(&held.path))),
            output::cell(held.hold.code.as_str()),
            output::cell(&held.hold.message),
        ]);
    }
    out.table(&table)
}
