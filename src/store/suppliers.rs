//! Supplier cards: made from the approved bills whenever they are needed, so that a card
//! cannot differ from them. Only what was forgotten is stored.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;
use sqlx::{FromRow, QueryBuilder, Sqlite, Transaction};

use super::columns::{JsonColumn, now};
use super::database::Store;
use crate::domain::{ApprovedBill, Fields, LAST_BILLS, SupplierCard, SupplierId};

/// The approved bills of which a column of `record_facts` is `?1`, or all; the last
/// approved first. Those of types without a seller do not count.
macro_rules! approved_bills {
    ($condition:literal) => {
        concat!(
            "SELECT r.id, f.vat_id, f.iban, f.party,
                CAST(json_extract(r.fields, '$.seller_name') AS TEXT) AS name
             FROM record_facts f JOIN records r ON r.id = f.record_id
             WHERE ",
            $condition,
            " AND r.current = 1 AND r.status = 'accepted' AND json_type(r.fields, '$.seller_name') IS NOT NULL
             AND EXISTS (SELECT 1 FROM record_changes c WHERE c.made_record_id = r.id
                AND c.decision IN ('approved', 'second_approval'))
             AND NOT EXISTS (SELECT 1 FROM forgotten_bills b WHERE b.record_id = r.id)
             ORDER BY r.id DESC"
        )
    };
}

#[derive(Clone, Debug, FromRow)]
struct BillRow {
    id: i64,
    vat_id: Option<String>,
    iban: Option<String>,
    party: Option<String>,
    name: Option<String>,
}

impl BillRow {
    fn is_of(&self, id: &SupplierId) -> bool {
        let is = |own: &Option<String>, other: &Option<String>| own.is_some() && own == other;
        is(&self.vat_id, &id.vat_id) || is(&self.iban, &id.iban) || is(&self.party, &id.name)
    }
}

/// The card of the seller of a record with these fields: of the approved bills with its
/// VAT identifier; if there are none, with its IBAN; if there are none, with its name.
pub(super) async fn card(
    tx: &mut Transaction<'_, Sqlite>,
    fields: &Fields,
) -> sqlx::Result<Option<SupplierCard>> {
    let Some(id) = SupplierId::of(fields) else {
        return Ok(None);
    };
    let ways = [
        (&id.vat_id, approved_bills!("f.vat_id = ?1")),
        (&id.iban, approved_bills!("f.iban = ?1")),
        (&id.name, approved_bills!("f.party = ?1")),
    ];
    for (value, query) in ways {
        let Some(value) = value else { continue };
        let bills = sqlx::query_as(query).bind(value);
        let bills: Vec<BillRow> = bills.fetch_all(&mut **tx).await?;
        if !bills.is_empty() {
            return Ok(Some(card_of(tx, &bills).await?));
        }
    }
    Ok(None)
}

/// `bills`: the last approved first.
async fn card_of(
    tx: &mut Transaction<'_, Sqlite>,
    bills: &[BillRow],
) -> sqlx::Result<SupplierCard> {
    let distinct = |of: fn(&BillRow) -> &Option<String>| {
        let mut seen = BTreeSet::new();
        let values = bills.iter().filter_map(|bill| of(bill).clone());
        values.filter(|value| seen.insert(value.clone())).collect()
    };
    let last: Vec<i64> = bills.iter().take(LAST_BILLS).map(|bill| bill.id).collect();
    let rows = sqlx::query_as::<_, (JsonColumn<Fields>, JsonColumn<Vec<_>>)>(
        "SELECT fields, evidence FROM records
         WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id DESC",
    );
    let rows = rows.bind(serde_json::json!(last).to_string());
    let bill = |(JsonColumn(fields), JsonColumn(evidence))| ApprovedBill { fields, evidence };
    Ok(SupplierCard {
        bills: bills.len() as u64,
        names: distinct(|bill| &bill.name),
        vat_ids: distinct(|bill| &bill.vat_id),
        ibans: distinct(|bill| &bill.iban),
        last: rows
            .fetch_all(&mut **tx)
            .await?
            .into_iter()
            .map(bill)
            .collect(),
    })
}

/// All approved bills by supplier: those with one VAT identifier, and those without one
/// that have an IBAN or else a name of theirs.
fn by_supplier(bills: Vec<BillRow>) -> Vec<Vec<BillRow>> {
    let mut known = HashMap::new();
    for bill in bills.iter().filter(|bill| bill.vat_id.is_some()) {
        for key in [&bill.iban, &bill.party].into_iter().flatten() {
            known
                .entry(key.clone())
                .or_insert_with(|| bill.vat_id.clone());
        }
    }
    let key = |bill: &BillRow| {
        let of = |key: &Option<String>| known.get(key.as_ref()?).cloned().flatten();
        let vat_id = bill.vat_id.clone().or_else(|| of(&bill.iban));
        let own = || bill.party.clone().or_else(|| bill.iban.clone());
        vat_id.or_else(|| of(&bill.party)).or_else(own)
    };
    let mut suppliers: BTreeMap<Option<String>, Vec<BillRow>> = BTreeMap::new();
    for bill in bills {
        suppliers.entry(key(&bill)).or_default().push(bill);
    }
    suppliers.into_values().collect()
}

impl Store {
    /// The card of the seller of these fields; `None`: no bill of it was approved, or the
    /// type has no seller.
    pub async fn supplier_card(&self, fields: &Fields) -> anyhow::Result<Option<SupplierCard>> {
        let mut tx = self.pool.begin().await?;
        Ok(card(&mut tx, fields).await?)
    }

    /// The cards of all suppliers, by name.
    pub async fn supplier_cards(&self) -> anyhow::Result<Vec<SupplierCard>> {
        let mut tx = self.pool.begin().await?;
        let mut cards = Vec::new();
        for bills in suppliers(&mut tx).await? {
            cards.push(card_of(&mut tx, &bills).await?);
        }
        cards.sort_by(|a, b| a.name().cmp(b.name()));
        Ok(cards)
    }

    /// Forgets the approved bills of the suppliers that have the VAT identifier, IBAN or
    /// name: no card is made of them any more. Bills that are approved later make a new
    /// one. Returns the number of bills.
    pub async fn forget_supplier(&self, supplier: &SupplierId, by: &str) -> anyhow::Result<u64> {
        let mut tx = self.write().await?;
        let all = suppliers(&mut tx).await?;
        let named = all
            .iter()
            .filter(|bills| bills.iter().any(|bill| bill.is_of(supplier)));
        let ids: Vec<i64> = named.flatten().map(|bill| bill.id).collect();
        let insert = sqlx::query(
            "INSERT INTO forgotten_bills (record_id, forgotten_at, forgotten_by)
             SELECT value, ?, ? FROM json_each(?)",
        );
        let insert = insert.bind(now()).bind(by);
        let insert = insert.bind(serde_json::json!(ids).to_string());
        insert.execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(ids.len() as u64)
    }

    /// The records that need review, are of the seller that a record with one of these
    /// fields has, and have this value of a field, in the order of their ids.
    pub async fn waiting_of_supplier(
        &self,
        sellers: [&Fields; 2],
        field: &str,
        value: &Value,
    ) -> anyhow::Result<Vec<i64>> {
        let mut query = QueryBuilder::new(
            "SELECT r.id FROM records r JOIN record_facts f ON f.record_id = r.id
             WHERE r.current = 1 AND r.status = 'needs_review' AND r.source = 'model'
                AND (json_type(r.fields, '$.seller_name') IS NOT NULL) AND (0",
        );
        for id in sellers.into_iter().filter_map(SupplierId::of) {
            let keys = [
                ("f.vat_id", id.vat_id),
                ("f.iban", id.iban),
                ("f.party", id.name),
            ];
            for (column, key) in keys {
                if let Some(key) = key {
                    query.push(" OR ").push(column).push(" = ").push_bind(key);
                }
            }
        }
        // `->` makes JSON of the value: null is not the absence of the field.
        query.push(") AND r.fields -> ").push_bind(field.to_owned());
        query.push(" = ").push_bind(value.to_string());
        query.push(" ORDER BY r.id");
        let ids = query.build_query_scalar();
        Ok(ids.fetch_all(&self.pool).await?)
    }
}

async fn suppliers(tx: &mut Transaction<'_, Sqlite>) -> sqlx::Result<Vec<Vec<BillRow>>> {
    let bills = sqlx::query_as(approved_bills!("1"))
        .fetch_all(&mut **tx)
        .await?;
    Ok(by_supplier(bills))
}

#[cfg(test)]
#[path = "suppliers_tests.rs"]
mod tests;
