use clap::{Args, Subcommand};

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, cell, count, short_cell};
use super::user::user;
use crate::config::UsageError;
use crate::domain::{SupplierCard, SupplierId};
use crate::outputs::accounts::Accounts;
use crate::review::supplier::CardView;
use crate::store::Store;

/// Totals that are listed of each supplier.
const TOTALS: usize = 3;

/// List what approved bills say about their suppliers, or forget one
///
/// New bills are compared with it: other bank details, currency, form of the
/// number, amount or order of the date are reasons for a review.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SuppliersArgs {
    #[command(subcommand)]
    command: Option<SuppliersAction>,
    /// Print one JSON object a supplier
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum SuppliersAction {
    /// Forget the approved bills of a supplier; those that are approved later count again
    Forget {
        /// Its VAT ID, IBAN or name
        #[arg(value_name = "SUPPLIER")]
        supplier: String,
    },
}

impl SuppliersArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        if let Some(SuppliersAction::Forget { supplier }) = &self.command {
            return forget(&mut app, supplier).await;
        }
        let accounts = Accounts::read(None).map_err(UsageError)?;
        let store = Store::open_to_read(&app.settings().db).await?;
        let cards = store.supplier_cards().await?;
        if self.json {
            for card in &cards {
                app.out.json(&CardView::of(card, accounts.as_ref()))?;
            }
            return Ok(ExitStatus::Success);
        }
        if cards.is_empty() {
            app.out
                .line("No supplier is known: no invoice was approved.")?;
            return Ok(ExitStatus::Success);
        }
        let mut table = output::table(&[
            "supplier",
            "bills",
            "VAT ID",
            "IBAN",
            "numbers",
            "last totals",
        ]);
        table.add_rows(cards.iter().map(row));
        app.out.table(&table)?;
        Ok(ExitStatus::Success)
    }
}

fn row(card: &SupplierCard) -> [comfy_table::Cell; 6] {
    let totals: Vec<String> = card.totals().into_iter().take(TOTALS).collect();
    [
        short_cell(card.name()),
        cell(&card.bills.to_string()),
        short_cell(&card.vat_ids.join(", ")),
        short_cell(&card.ibans.join(", ")),
        cell(&card.number_form().unwrap_or_default()),
        short_cell(&totals.join(", ")),
    ]
}

async fn forget(app: &mut App, supplier: &str) -> anyhow::Result<ExitStatus> {
    let store = Store::open_existing(&app.settings().db).await?;
    let id = SupplierId::named(supplier);
    let bills = store.forget_supplier(&id, &user()).await?;
    store.close().await;
    if bills == 0 {
        let why = format!(
            "no supplier has the VAT ID, IBAN or name {supplier}: `docmill suppliers` lists them"
        );
        return Err(UsageError(why).into());
    }
    let bills = count(bills, "approved bill");
    app.out.line(&format!(
        "Forgotten: {bills}. The supplier is a new one until another bill of it is approved. The records stay."
    ))?;
    Ok(ExitStatus::Success)
}
