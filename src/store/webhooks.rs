//! Webhooks: their receivers, and the events that are not delivered yet, which triggers on
//! `records` write (migrations/0001_schema.sql).

use sqlx::FromRow;

use super::columns::{JsonColumn, NameColumn, now};
use super::database::Store;
use crate::domain::Status;

/// A receiver of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRow {
    pub url: String,
    /// A record that gets one of these is an event.
    pub statuses: Vec<Status>,
    /// Unix milliseconds.
    pub created_at: i64,
    pub created_by: String,
    pub events: UndeliveredEvents,
    /// Of the last attempt that failed, of the events that are not delivered.
    pub problem: Option<String>,
}

/// How many events are not delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, FromRow)]
pub struct UndeliveredEvents {
    /// Those that are tried again.
    #[sqlx(try_from = "i64")]
    pub waiting: u64,
    /// Those that are not.
    #[sqlx(try_from = "i64")]
    pub given_up: u64,
}

/// An event that its claimer sends.
pub struct ClaimedEvent {
    id: i64,
    pub url: String,
    /// The webhook's secret.
    pub secret: String,
    /// Names the event; of all databases, none has the same.
    pub name: String,
    pub record: i64,
    pub status: Status,
    /// Hash of the record's document.
    pub document: String,
    /// When the record got the status, Unix milliseconds.
    pub at: i64,
    /// Attempts with this one, from 1.
    pub attempt: u32,
}

#[derive(FromRow)]
struct WebhookColumns {
    url: String,
    statuses: JsonColumn<Vec<Status>>,
    created_at: i64,
    created_by: String,
    problem: Option<String>,
    #[sqlx(flatten)]
    events: UndeliveredEvents,
}

#[derive(FromRow)]
struct EventColumns {
    id: i64,
    url: String,
    secret: String,
    name: String,
    record: i64,
    status: NameColumn<Status>,
    document: String,
    at: i64,
    attempt: u32,
}

/// The event is due: its time has come, or the clock was set back since by more than a day.
macro_rules! due {
    () => {
        "(next_at <= ?1 OR next_at > ?1 + 2 * 86400000)"
    };
}

impl Store {
    /// Adds a receiver. `false`: there is one with this URL.
    pub async fn add_webhook(
        &self,
        url: &str,
        secret: &str,
        statuses: &[Status],
        by: &str,
    ) -> anyhow::Result<bool> {
        let insert = sqlx::query(
            "INSERT INTO webhooks (url, secret, statuses, created_at, created_by) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (url) DO NOTHING",
        );
        let insert = insert
            .bind(url)
            .bind(secret)
            .bind(serde_json::to_string(statuses)?)
            .bind(now())
            .bind(by);
        Ok(insert.execute(&self.pool).await?.rows_affected() > 0)
    }

    /// Every receiver, by URL.
    pub async fn webhooks(&self) -> anyhow::Result<Vec<WebhookRow>> {
        let rows = sqlx::query_as::<_, WebhookColumns>(
            "SELECT w.url, w.statuses, w.created_at, w.created_by,
                count(e.next_at) AS waiting, count(e.id) - count(e.next_at) AS given_up,
                (SELECT problem FROM webhook_events WHERE webhook_id = w.id AND problem IS NOT NULL
                    ORDER BY tried_at DESC LIMIT 1) AS problem
             FROM webhooks w LEFT JOIN webhook_events e ON e.webhook_id = w.id GROUP BY w.id ORDER BY w.url",
        );
        let webhook = |row: WebhookColumns| WebhookRow {
            url: row.url,
            statuses: row.statuses.0,
            created_at: row.created_at,
            created_by: row.created_by,
            events: row.events,
            problem: row.problem,
        };
        let rows = rows.fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(webhook).collect())
    }

    /// Removes a receiver with its events. `false`: there is none with this URL.
    pub async fn remove_webhook(&self, url: &str) -> anyhow::Result<bool> {
        let delete = sqlx::query("DELETE FROM webhooks WHERE url = ?").bind(url);
        Ok(delete.execute(&self.pool).await?.rows_affected() > 0)
    }

    /// Lets all events be tried at once, and as often as new ones: of the receiver with this
    /// URL, or of all. Returns their number; `None`: there is no such receiver.
    pub async fn retry_webhooks(&self, url: Option<&str>) -> anyhow::Result<Option<u64>> {
        let mut tx = self.write().await?;
        let known = sqlx::query_scalar("SELECT count(*) FROM webhooks WHERE url = ?");
        let known: i64 = known.bind(url).fetch_one(&mut *tx).await?;
        if url.is_some() && known == 0 {
            return Ok(None);
        }
        let update = sqlx::query(
            "UPDATE webhook_events SET next_at = ?1, attempts = 0
             WHERE webhook_id IN (SELECT id FROM webhooks WHERE ?2 IS NULL OR url = ?2)",
        );
        let update = update.bind(now()).bind(url);
        let updated = update.execute(&mut *tx).await?.rows_affected();
        tx.commit().await?;
        Ok(Some(updated))
    }

    pub async fn undelivered_events(&self) -> anyhow::Result<UndeliveredEvents> {
        let counts = sqlx::query_as(
            "SELECT count(next_at) AS waiting, count(*) - count(next_at) AS given_up FROM webhook_events",
        );
        Ok(counts.fetch_one(&self.pool).await?)
    }

    /// Receivers for which an event is due at `now` (Unix milliseconds).
    pub async fn due_webhooks(&self, now: i64) -> anyhow::Result<Vec<i64>> {
        let due = sqlx::query_scalar(concat!(
            "SELECT DISTINCT webhook_id FROM webhook_events WHERE ",
            due!()
        ));
        Ok(due.bind(now).fetch_all(&self.pool).await?)
    }

    /// The event of the receiver that is due for the longest time. Until `until` (Unix
    /// milliseconds) nobody else gets it.
    pub async fn claim_event(
        &self,
        webhook: i64,
        now: i64,
        until: i64,
    ) -> anyhow::Result<Option<ClaimedEvent>> {
        let mut tx = self.write().await?;
        let claim = sqlx::query_scalar::<_, i64>(concat!(
            "UPDATE webhook_events SET next_at = ?2, attempts = attempts + 1, tried_at = ?1
             WHERE id = (SELECT id FROM webhook_events WHERE webhook_id = ?3 AND ",
            due!(),
            " ORDER BY next_at, id LIMIT 1) RETURNING id"
        ));
        let claim = claim.bind(now).bind(until).bind(webhook);
        let Some(id) = claim.fetch_optional(&mut *tx).await? else {
            return Ok(None);
        };
        let event = sqlx::query_as::<_, EventColumns>(
            "SELECT e.id, w.url, w.secret, e.name, e.record_id AS record, e.status, d.blake3 AS document, e.at,
                e.attempts AS attempt
             FROM webhook_events e JOIN webhooks w ON w.id = e.webhook_id
             JOIN records r ON r.id = e.record_id JOIN documents d ON d.id = r.document_id WHERE e.id = ?",
        );
        let event = event.bind(id).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        Ok(Some(ClaimedEvent {
            id: event.id,
            url: event.url,
            secret: event.secret,
            name: event.name,
            record: event.record,
            status: event.status.0,
            document: event.document,
            at: event.at,
            attempt: event.attempt,
        }))
    }

    pub async fn event_delivered(&self, event: &ClaimedEvent) -> anyhow::Result<()> {
        let delete = sqlx::query("DELETE FROM webhook_events WHERE id = ?");
        delete.bind(event.id).execute(&self.pool).await?;
        Ok(())
    }

    /// The attempt failed. `next`: when it is tried again, Unix milliseconds; `None`: it is
    /// given up.
    pub async fn event_failed(
        &self,
        event: &ClaimedEvent,
        problem: &str,
        next: Option<i64>,
    ) -> anyhow::Result<()> {
        let update = sqlx::query("UPDATE webhook_events SET problem = ?, next_at = ? WHERE id = ?");
        let update = update.bind(problem).bind(next).bind(event.id);
        update.execute(&self.pool).await?;
        Ok(())
    }
}

#[cfg(test)]
#[path = "webhooks_tests.rs"]
mod tests;
