//! The values by which records of all types are filtered and compared.

use sqlx::{Sqlite, Transaction};

use crate::domain::{Facts, Record, SupplierId, folded};

pub(super) async fn insert(
    tx: &mut Transaction<'_, Sqlite>,
    record_id: i64,
    record: &Record,
) -> sqlx::Result<()> {
    let facts = Facts::of(&record.fields);
    let comparable = |text: &Option<String>| {
        let folded = text.as_deref().map(folded);
        folded.filter(|text| !text.is_empty())
    };
    let supplier = SupplierId::of(&record.fields).unwrap_or_default();
    let insert = sqlx::query(
        "INSERT INTO record_facts (record_id, party, day, total_units, currency, number, vat_id, iban)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let insert = insert
        .bind(record_id)
        .bind(comparable(&facts.party))
        .bind(facts.day().map(|day| day.to_string()))
        .bind(facts.total_units())
        .bind(&facts.currency)
        .bind(comparable(&facts.number))
        .bind(supplier.vat_id)
        .bind(supplier.iban);
    insert.execute(&mut **tx).await.map(drop)
}
