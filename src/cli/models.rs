use clap::{Args, Subcommand};
use serde_json::json;

use super::App;
use super::exit::Outcome;
use super::output;
use crate::models::Installation;

/// List the models of the manifest, or check their files
#[derive(Args)]
pub struct Models {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Name, role, licence and source of every model
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Check every file: present, complete, of the right SHA-256, fitting its partner
    Verify {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

impl Models {
    pub fn run(self, app: App) -> anyhow::Result<Outcome> {
        let installation = Installation::find(app.settings())?;
        match self.action {
            Action::List { json } => list(&installation, app, json),
            Action::Verify { json } => verify(&installation, app, json),
        }
    }
}

fn list(installation: &Installation, mut app: App, as_json: bool) -> anyhow::Result<Outcome> {
    let (folder, manifest) = installation.manifest()?;
    let readers = manifest.reader.iter().map(|(name, model)| {
        let default = *name == manifest.default_reader;
        (name, "reader", default, &model.licence, &model.source)
    });
    let clips = manifest.clip.iter().map(|(name, model)| {
        let default = *name == manifest.default_clip;
        (name, "clip", default, &model.licence, &model.source)
    });
    let mut table = output::table(&["model", "role", "default", "licence", "source"]);
    for (name, role, default, licence, source) in readers.chain(clips) {
        if as_json {
            app.out.json(&json!({
                "name": name, "role": role, "default": default,
                "licence": licence, "source": source, "folder": folder.to_string_lossy(),
            }))?;
        }
        let default = if default { "yes" } else { "" };
        table.add_row([name, role, default, licence, source]);
    }
    if !as_json {
        app.out.table(&table)?;
    }
    Ok(Outcome::Good)
}

fn verify(installation: &Installation, mut app: App, as_json: bool) -> anyhow::Result<Outcome> {
    let models = installation.verify()?;
    for model in &models {
        if as_json {
            app.out.json(model)?;
            continue;
        }
        let (role, name) = (model.role, &model.name);
        match &model.problem {
            None => app.out.line(&format!("ok     {role} {name}"))?,
            Some(problem) => app.out.line(&format!("WRONG  {role} {name}: {problem}"))?,
        }
    }
    match models.iter().any(|model| model.problem.is_some()) {
        true => Ok(Outcome::SomeFailed),
        false => Ok(Outcome::Good),
    }
}
