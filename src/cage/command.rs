//! The same walls around a foreign program.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use super::{files, process, syscalls};

/// What a foreign program may have.
#[derive(Clone, Debug)]
pub struct Confinement {
    /// Files and folders to read, beside the system's programs and libraries.
    pub readable: Vec<PathBuf>,
    /// Bytes that each of its processes may write to.
    pub memory: u64,
    pub cpu_seconds: u64,
}

/// Lets `command` run without network, without a file to write to and with
/// nothing to read but what it needs. Where the kernel lacks a wall, the
/// others stand.
pub fn confine(command: &mut Command, confinement: &Confinement) -> anyhow::Result<()> {
    let programs = [
        "/bin",
        "/usr/bin",
        "/usr/local/bin",
        "/lib",
        "/lib64",
        "/usr/lib",
    ];
    let programs: Vec<_> = programs
        .iter()
        .map(PathBuf::from)
        .chain(files::system())
        .collect();
    let readable = [
        &confinement.readable[..],
        &[PathBuf::from("/etc/localtime")],
    ]
    .concat();
    // Made here: between fork and exec nothing should be allocated.
    let mut rules = Some(files::rules(&readable, &programs, &["/dev/null".into()])?);
    let filter = syscalls::program_filter()?;
    let (memory, cpu_seconds) = (confinement.memory, confinement.cpu_seconds);
    let shut_in = move || {
        process::limit(memory, cpu_seconds).map_err(io::Error::other)?;
        process::give_up_privileges()?;
        process::leave_network();
        process::drop_capabilities()?;
        if let Some(rules) = rules.take() {
            rules.restrict_self().map_err(io::Error::other)?;
        }
        match &filter {
            Some(filter) => seccompiler::apply_filter(filter).map_err(io::Error::other),
            None => Ok(()),
        }
    };
    // SAFETY: the closure makes system calls on what was allocated before.
    unsafe { command.pre_exec(shut_in) };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the shell's script ended well inside.
    fn runs(script: &str, readable: &[PathBuf]) -> bool {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir("/");
        let confinement = Confinement {
            readable: readable.to_vec(),
            memory: 256 << 20,
            cpu_seconds: 5,
        };
        confine(&mut command, &confinement).unwrap();
        command.output().unwrap().status.success()
    }

    #[test]
    fn a_foreign_program_runs_and_reads_what_it_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let given = folder.path().join("given");
        std::fs::write(&given, "42").unwrap();
        let script = format!("test \"$(cat {})\" = 42", given.display());
        assert!(runs(&script, std::slice::from_ref(&given)));
    }

    #[test]
    fn it_writes_no_file_and_signals_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("new");
        assert!(!runs(&format!("echo x > {}", target.display()), &[]));
        assert_eq!(std::fs::read(&target).unwrap_or_default(), b"");
    }

    #[test]
    fn it_reads_nothing_else_where_the_kernel_has_landlock() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "42").unwrap();
        let script = format!("cat {}", secret.display());
        let has_landlock = std::thread::spawn(|| files::allow_only(&files::system()))
            .join()
            .unwrap();
        match has_landlock.unwrap() {
            Some(_) => assert!(!runs(&script, &[])),
            None => eprintln!("skipped: this kernel has no Landlock"),
        }
    }
}
