use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use serde_json::json;
use strum::VariantNames;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, cell, count};
use super::user::user;
use crate::config::UsageError;
use crate::domain::Status;
use crate::domain::time::day;
use crate::review::webhooks::{new_secret, receiver_url};
use crate::store::{Store, WebhookRow};

/// List, add or remove webhooks: URLs that get an event when a record changes
///
/// `docmill review` and `docmill watch` send the events while they run
/// (docs/webhooks.md).
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct WebhooksArgs {
    #[command(subcommand)]
    command: Option<WebhooksCommand>,
    /// Print one JSON object per webhook
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum WebhooksCommand {
    /// List the webhooks, with the events that are not delivered
    List,
    /// Add a webhook and print its secret, once
    Add {
        /// https://HOST/PATH; http:// for this machine alone
        url: String,
        /// Status that is an event; may be repeated [default: every status]
        #[arg(long, value_name = "STATUS", value_parser = status_parser())]
        event: Vec<Status>,
        /// Send events to another machine without encryption
        #[arg(long)]
        without_tls: bool,
    },
    /// Remove a webhook, with its events
    Remove {
        /// As `docmill webhooks` lists it
        url: String,
    },
    /// Send the events now that wait or were given up
    Retry {
        /// Of this webhook alone
        url: Option<String>,
    },
}

fn status_parser() -> impl TypedValueParser<Value = Status> {
    PossibleValuesParser::new(Status::VARIANTS).try_map(|name| name.parse::<Status>())
}

impl WebhooksArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        let (app, json) = (&mut app, self.json);
        match self.command.unwrap_or(WebhooksCommand::List) {
            WebhooksCommand::List => list(app, json).await?,
            WebhooksCommand::Add {
                url,
                event,
                without_tls,
            } => {
                let url = receiver_url(&url, without_tls).map_err(UsageError)?;
                add(app, &url, event, json).await?;
            }
            WebhooksCommand::Remove { url } => remove(app, &url, json).await?,
            WebhooksCommand::Retry { url } => retry(app, url.as_deref(), json).await?,
        }
        Ok(ExitStatus::Success)
    }
}

async fn list(app: &mut App, json: bool) -> anyhow::Result<()> {
    let store = Store::open_to_read(&app.settings().db).await?;
    let webhooks = store.webhooks().await?;
    store.close().await;
    if json {
        return webhooks
            .iter()
            .try_for_each(|webhook| app.out.json(&webhook_json(webhook)));
    }
    if webhooks.is_empty() {
        return app
            .out
            .line("There are no webhooks: `docmill webhooks add URL` makes one.");
    }
    let mut table = output::table(&["webhook", "events", "waiting", "given up", "problem"]);
    for webhook in &webhooks {
        table.add_row([
            cell(&webhook.url),
            cell(&names(&webhook.statuses).join(", ")),
            cell(&webhook.events.waiting.to_string()),
            cell(&webhook.events.given_up.to_string()),
            cell(webhook.problem.as_deref().unwrap_or_default()),
        ]);
    }
    app.out.table(&table)
}

fn names(statuses: &[Status]) -> Vec<&'static str> {
    statuses.iter().map(|status| status.as_str()).collect()
}

fn webhook_json(webhook: &WebhookRow) -> serde_json::Value {
    json!({
        "webhook": webhook.url,
        "events": webhook.statuses,
        "waiting": webhook.events.waiting,
        "given_up": webhook.events.given_up,
        "problem": webhook.problem,
        "added": day(webhook.created_at),
        "added_by": webhook.created_by,
    })
}

async fn add(app: &mut App, url: &str, events: Vec<Status>, json: bool) -> anyhow::Result<()> {
    let mut events = events;
    if events.is_empty() {
        events = Status::VARIANTS
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
    }
    events.sort_unstable_by_key(|status| status.as_str());
    events.dedup();
    let secret = new_secret()?;
    // Webhooks may be set up before the first run.
    let store = Store::open(&app.settings().db).await?;
    let is_added = store.add_webhook(url, &secret, &events, &user()).await?;
    store.close().await;
    if !is_added {
        let why = format!("there is a webhook {url}: remove it first to change its events");
        return Err(UsageError(why).into());
    }
    match json {
        true => app
            .out
            .json(&json!({ "webhook": url, "events": events, "secret": secret })),
        false => {
            app.out.line(&secret)?;
            // Not on stdout, which a script stores.
            eprintln!(
                "docmill: this is the only time that the secret is shown, by which the receiver verifies events"
            );
            Ok(())
        }
    }
}

async fn remove(app: &mut App, url: &str, json: bool) -> anyhow::Result<()> {
    let store = Store::open_existing(&app.settings().db).await?;
    let is_removed = store.remove_webhook(url).await?;
    store.close().await;
    if !is_removed {
        return Err(no_webhook(url).into());
    }
    match json {
        true => app.out.json(&json!({ "removed": url })),
        false => app.out.line(&format!("The webhook {url} is removed.")),
    }
}

async fn retry(app: &mut App, url: Option<&str>, json: bool) -> anyhow::Result<()> {
    let store = Store::open_existing(&app.settings().db).await?;
    let retried = store.retry_webhooks(url).await?;
    store.close().await;
    let Some(retried) = retried else {
        return Err(no_webhook(url.unwrap_or_default()).into());
    };
    match json {
        true => app.out.json(&json!({ "retried": retried })),
        false => app.out.line(&format!(
            "{} will be sent now, if `docmill review` or `docmill watch` runs.",
            count(retried, "event")
        )),
    }
}

fn no_webhook(url: &str) -> UsageError {
    UsageError(format!(
        "there is no webhook {url}: `docmill webhooks` lists them"
    ))
}
