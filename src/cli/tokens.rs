use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use serde_json::json;
use strum::VariantNames;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, cell};
use super::user::{check_name, user};
use crate::config::UsageError;
use crate::domain::TokenRole;
use crate::domain::time::day;
use crate::review::new_token;
use crate::store::{Store, TokenRow};

/// List, add or revoke the tokens by which programs use the API
///
/// `docmill review` serves the API (docs/api.md).
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct TokensArgs {
    #[command(subcommand)]
    command: Option<TokensCommand>,
    /// Print one JSON object per token
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum TokensCommand {
    /// List the tokens
    List,
    /// Add a token and print it, once: only its hash is stored
    Add {
        /// Name of the program, for lists and the history: letters, digits, `-`, `_`, `.`
        name: String,
        /// What it may do; may be repeated. `review` and `export` include `read`
        #[arg(long, required = true, value_name = "ROLE", value_parser = role_parser())]
        role: Vec<TokenRole>,
    },
    /// Revoke a token, at once and for good
    Revoke {
        /// Its name
        name: String,
    },
}

fn role_parser() -> impl TypedValueParser<Value = TokenRole> {
    PossibleValuesParser::new(TokenRole::VARIANTS).try_map(|name| name.parse::<TokenRole>())
}

impl TokensArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        match self.command.as_ref().unwrap_or(&TokensCommand::List) {
            TokensCommand::List => list(&mut app, self.json).await?,
            TokensCommand::Add { name, role } => add(&mut app, name, role, self.json).await?,
            TokensCommand::Revoke { name } => revoke(&mut app, name, self.json).await?,
        }
        Ok(ExitStatus::Success)
    }
}

async fn list(app: &mut App, json: bool) -> anyhow::Result<()> {
    let store = Store::open_to_read(&app.settings().db).await?;
    let tokens = store.tokens().await?;
    store.close().await;
    if json {
        return tokens
            .iter()
            .try_for_each(|token| app.out.json(&token_json(token)));
    }
    if tokens.is_empty() {
        return app
            .out
            .line("There are no tokens: `docmill tokens add NAME --role ROLE` makes one.");
    }
    let mut table = output::table(&["token", "roles", "state", "added", "by"]);
    for token in &tokens {
        table.add_row([
            cell(&token.name),
            cell(&names(&token.roles).join(", ")),
            cell(state(token)),
            cell(&day(token.created_at)),
            cell(&token.created_by),
        ]);
    }
    app.out.table(&table)
}

fn state(token: &TokenRow) -> &'static str {
    match token.revoked_at {
        Some(_) => "revoked",
        None => "valid",
    }
}

fn names(roles: &[TokenRole]) -> Vec<&'static str> {
    roles.iter().map(|role| role.as_str()).collect()
}

fn token_json(token: &TokenRow) -> serde_json::Value {
    json!({
        "token": token.name,
        "roles": token.roles,
        "state": state(token),
        "added": day(token.created_at),
        "added_by": token.created_by,
    })
}

async fn add(app: &mut App, name: &str, roles: &[TokenRole], json: bool) -> anyhow::Result<()> {
    check_name(name, "a token's")?;
    let mut roles = roles.to_vec();
    roles.sort_unstable();
    roles.dedup();
    let (token, hash) = new_token()?;
    // The API may be set up before the first run.
    let store = Store::open(&app.settings().db).await?;
    let is_added = store.add_token(name, &hash, &roles, &user()).await?;
    store.close().await;
    if !is_added {
        let why = format!(
            "there is, or was, a token {name}: choose another name, which stands in the history of corrections"
        );
        return Err(UsageError(why).into());
    }
    match json {
        true => app
            .out
            .json(&json!({ "token": name, "roles": roles, "secret": token })),
        false => {
            app.out.line(&token)?;
            // Not on stdout, which a script stores.
            eprintln!("docmill: this is the only time that the token is shown");
            Ok(())
        }
    }
}

async fn revoke(app: &mut App, name: &str, json: bool) -> anyhow::Result<()> {
    let store = Store::open_existing(&app.settings().db).await?;
    let is_revoked = store.revoke_token(name).await?;
    store.close().await;
    if !is_revoked {
        let why = format!("no valid token has the name {name}: `docmill tokens` lists them");
        return Err(UsageError(why).into());
    }
    match json {
        true => app.out.json(&json!({ "revoked": name })),
        false => app.out.line(&format!(
            "The token {name} is revoked. Requests with it are answered 401 from now on."
        )),
    }
}
