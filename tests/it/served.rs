//! The weights of `docmill-nano` in llama.cpp's own server (PyPI's xllamacpp),
//! read over its chat completions API.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::context::{Context, python};
use crate::harness::test;

/// Serves until its stdin ends.
const SERVE: &str = r"
import sys, xllamacpp
p = xllamacpp.CommonParams()
p.model.path, p.mmproj.path = sys.argv[1] + '/text.gguf', sys.argv[1] + '/mmproj.gguf'
p.n_ctx, p.n_parallel, p.n_batch, p.n_ubatch = 6400, 1, 2048, 1024
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
p.hostnames, p.port, p.n_gpu_layers = ['127.0.0.1'], int(sys.argv[2]), 0
server = xllamacpp.Server(p)
print(server.listening_address, flush=True)
sys.stdin.read()
";

const READER: &str = "docmill-nano";

/// The reader's own table in the manifest, without what a server has itself.
fn table() -> String {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/manifest.toml");
    let manifest: toml::Table = std::fs::read_to_string(manifest).unwrap().parse().unwrap();
    let reader = &manifest["reader"][READER];
    let mut table = toml::Table::new();
    for key in [
        "image_layout",
        "supported_fields",
        "prompt_variant",
        "max_output_tokens",
    ] {
        table.insert(key.into(), reader[key].clone());
    }
    // Keys on lines of their own, sub-tables inline: it goes into another table.
    table
        .iter()
        .map(|(key, value)| format!("{key} = {}\n", inline(value)))
        .collect()
}

fn inline(value: &toml::Value) -> String {
    match value {
        toml::Value::Table(table) => {
            let entries: Vec<_> = table
                .iter()
                .map(|(key, value)| format!("{key} = {}", inline(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Server {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port().to_string();
        drop(free);
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let mut child = Command::new(python())
            .args(["-c", SERVE, models.to_str().unwrap(), &port])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        assert!(
            address.starts_with("http://"),
            "the server did not start: {address}"
        );
        Server {
            child,
            address: address.trim().to_owned(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The leaves of a record's fields.
fn leaves(value: &Value) -> Vec<String> {
    fn walk(path: &str, value: &Value, leaves: &mut Vec<String>) {
        match value {
            Value::Object(map) => map
                .iter()
                .for_each(|(key, value)| walk(&format!("{path}.{key}"), value, leaves)),
            Value::Array(list) => list
                .iter()
                .enumerate()
                .for_each(|(index, value)| walk(&format!("{path}[{index}]"), value, leaves)),
            scalar => leaves.push(format!("{path} = {scalar}")),
        }
    }
    let mut all = Vec::new();
    walk("", value, &mut all);
    all
}

/// Fields of every record by file, read by this reader.
fn read(context: &Context, models: &str, reader: &str) -> Vec<(String, Vec<String>)> {
    let db = format!("{reader}.db");
    let ran = context.run(&[
        "--models", models, "--db", &db, "run", "in", "--reader", reader,
    ]);
    assert!([Some(0), Some(3)].contains(&ran.code), "{ran:?}");
    let export = context.run(&["--db", &db, "export"]);
    let mut records: Vec<_> = export
        .json_lines()
        .iter()
        .map(|record| {
            (
                record["path"].as_str().unwrap().to_owned(),
                leaves(&record["fields"]),
            )
        })
        .collect();
    records.sort();
    records
}

test!(
    a_page_read_here_and_by_a_server_gives_nearly_the_same_fields,
    Engines,
    LlamaServer
);
fn a_page_read_here_and_by_a_server_gives_nearly_the_same_fields(context: Context) {
    let server = Server::start();
    // All fixtures on demand: README.md has the figures.
    let all = std::env::var_os("DOCMILL_TEST_ALL").is_some();
    let few = [
        "receipt/uk_grocer",
        "receipt/ie_fuel",
        "screenshot/order_shop",
        "screenshot/transfer_bank",
    ];
    for (index, case) in crate::context::cases().iter().enumerate() {
        if all || few.contains(&case.as_str()) {
            context.fixture(case, &format!("in/{index:02}-{}", case.replace('/', "-")));
        }
    }
    let base_url = format!("{}/v1", server.address);
    let models = context.endpoints(&[("served", &base_url, &table())]);
    let here = read(&context, &models, READER);
    let there = read(&context, &models, "served");
    assert_eq!(here.len(), there.len());
    let (mut same, mut of) = (0, 0);
    for ((path, here), (_, there)) in here.iter().zip(&there) {
        let alike = here.iter().filter(|leaf| there.contains(leaf)).count();
        let most = here.len().max(there.len());
        eprintln!("{path}: {alike} of {most} fields alike");
        (same, of) = (same + alike, of + most);
    }
    eprintln!("in all {same} of {of}");
    assert!(
        f64::from(same as u32) >= 0.8 * f64::from(of as u32),
        "{here:#?} {there:#?}"
    );
    let sure = context.run(&["--db", "served.db", "export"]).json_lines();
    // A page that was not routed has no fields.
    for record in sure.iter().filter(|record| !record["type"].is_null()) {
        let probability = record["confidence"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&probability), "{record:#}");
    }
}
