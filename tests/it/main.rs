//! docmill through its own binary, by behaviour.

mod accounts;
mod accounts_documents;
mod api;
mod api_uploads;
mod archive;
mod axe;
mod browser;
mod command_line;
mod context;
mod corrections;
mod decisions;
mod description;
mod docs;
mod documents;
mod einvoices;
mod endpoint;
mod escalation;
mod evaluation;
mod evidence;
mod fault_pages;
mod faults;
mod forget;
mod gallery;
mod harness;
mod http;
mod injection;
mod json_output;

#[cfg(feature = "llama")]
mod llava;
mod malformed;
mod messages;
mod pages;
mod portfolios;
mod privacy;
mod process;
mod quality;
mod report;
mod resilience;
mod review;
mod review_server;
mod rows;
mod sandbox;
mod seeded;
mod served;
mod service;
mod suppliers;
mod tls;
mod torture;
mod troubleshooting;
mod types;
mod users;
mod waiting;
mod watch;
mod webdriver;
mod webhooks;

fn main() -> std::process::ExitCode {
    harness::main()
}
