use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use serde_json::json;
use strum::VariantNames;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, cell};
use super::user::{check_name, user};
use crate::config::UsageError;
use crate::domain::UserRole;
use crate::domain::time::day;
use crate::review::new_token;
use crate::store::{Store, UserRow};

/// List, add or remove the people who sign in to the review page
///
/// They do where `docmill review` lets other machines connect, or has --sign-in.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct UsersArgs {
    #[command(subcommand)]
    command: Option<UsersCommand>,
    /// Print one JSON object per person
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum UsersCommand {
    /// List the people
    List,
    /// Add a person and print the token to sign in with, once. A known person gets another
    /// token and this role
    Add {
        /// Name for the history: letters, digits, `-`, `_`, `.`
        name: String,
        /// What the person may do; each role includes those before it
        #[arg(long, value_name = "ROLE", value_parser = role_parser())]
        role: UserRole,
    },
    /// Remove a person, who is signed out at once. The name stays in the history
    Remove { name: String },
}

fn role_parser() -> impl TypedValueParser<Value = UserRole> {
    PossibleValuesParser::new(UserRole::VARIANTS).try_map(|name| name.parse::<UserRole>())
}

impl UsersArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        match self.command.as_ref().unwrap_or(&UsersCommand::List) {
            UsersCommand::List => list(&mut app, self.json).await?,
            UsersCommand::Add { name, role } => add(&mut app, name, *role, self.json).await?,
            UsersCommand::Remove { name } => remove(&mut app, name, self.json).await?,
        }
        Ok(ExitStatus::Success)
    }
}

async fn list(app: &mut App, json: bool) -> anyhow::Result<()> {
    let store = Store::open_to_read(&app.settings().db).await?;
    let users = store.users().await?;
    store.close().await;
    if json {
        return users
            .iter()
            .try_for_each(|user| app.out.json(&user_json(user)));
    }
    if users.is_empty() {
        return app
            .out
            .line("There are no users: `docmill users add NAME --role ROLE` adds one.");
    }
    let mut table = output::table(&["user", "role", "added", "by"]);
    for user in &users {
        table.add_row([
            cell(&user.name),
            cell(user.role.as_str()),
            cell(&day(user.created_at)),
            cell(&user.created_by),
        ]);
    }
    app.out.table(&table)
}

fn user_json(user: &UserRow) -> serde_json::Value {
    json!({
        "user": user.name,
        "role": user.role,
        "added": day(user.created_at),
        "added_by": user.created_by,
    })
}

async fn add(app: &mut App, name: &str, role: UserRole, json: bool) -> anyhow::Result<()> {
    check_name(name, "a user's")?;
    let (token, hash) = new_token()?;
    // The server may be set up before the first run.
    let store = Store::open(&app.settings().db).await?;
    let was_known = store.set_user(name, &hash, role, &user()).await?;
    store.close().await;
    if json {
        let added = json!({ "user": name, "role": role, "secret": token });
        return app.out.json(&added);
    }
    app.out.line(&token)?;
    // Not on stdout, which a script stores.
    eprintln!("docmill: {name} signs in with this token, which is shown this time only");
    if was_known {
        eprintln!("docmill: the earlier token of {name} is not valid any more");
    }
    Ok(())
}

async fn remove(app: &mut App, name: &str, json: bool) -> anyhow::Result<()> {
    let store = Store::open_existing(&app.settings().db).await?;
    let is_removed = store.remove_user(name).await?;
    store.close().await;
    if !is_removed {
        let why = format!("no user has the name {name}: `docmill users` lists them");
        return Err(UsageError(why).into());
    }
    match json {
        true => app.out.json(&json!({ "removed": name })),
        false => app.out.line(&format!("{name} is removed and signed out.")),
    }
}
