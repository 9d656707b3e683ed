//! docmill: folders of scanned documents in, validated rows out.
//!
//! A page's way, one module a stage:
//! [`ingest`] -> [`rasterize`] -> [`route`] -> [`prompt`] -> [`generate`] ->
//! [`validate`] -> [`store`], with [`ocr`] as a witness; [`pipeline`] is the only module that knows this
//! order, [`worker`] runs the native engines in child processes.
//!
//! Imports run one way (`docs/ARCHITECTURE.md`, kept by a test):
//! `cli` -> `pipeline`, `eval`, `export`, `report` -> `worker` -> the stages
//! -> `doctypes`, `models`, `calibrate` -> `domain`. Stages never import each
//! other.

pub mod cage;
pub mod calibrate;
pub mod cli;
pub mod config;
pub mod doctypes;
pub mod domain;
pub mod einvoice;
pub mod eval;
pub mod export;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod generate;
pub mod ingest;
pub mod models;
pub mod ocr;
pub mod pipeline;
pub mod prompt;
pub mod rasterize;
pub mod report;
pub mod route;
pub mod store;
pub mod validate;
pub mod worker;
