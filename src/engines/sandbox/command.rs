//! The sandbox of a foreign program.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use super::{Confinement, Enforcement, files, interpreter, process, syscalls};

/// Lets `command`, whose program is named by its full path, run without
/// network, without a file to write to, without other programs or processes,
/// in an empty environment, and with nothing to read but what it needs. Where
/// the kernel lacks a part, the others hold ([`program_enforcement`]).
pub fn confine(command: &mut Command, confinement: &Confinement) -> anyhow::Result<()> {
    let program = PathBuf::from(command.get_program());
    let executable = interpreter::with_interpreters(program);
    let system = files::system().into_iter();
    // Opened by this process, its own would be ours.
    let mut readable: Vec<_> = system
        .filter(|path| !path.starts_with("/proc/self"))
        .collect();
    readable.extend_from_slice(&confinement.readable);
    // Made here: between fork and exec nothing should be allocated.
    let mut rules = Some(files::rules(&readable, &executable)?);
    let filters = syscalls::program_filters()?;
    let (memory, cpu_seconds) = (confinement.memory, confinement.cpu_seconds);
    let enter_sandbox = move || {
        process::inherit_only_standard_streams()?;
        process::limit(memory, cpu_seconds).map_err(io::Error::other)?;
        process::give_up_privileges()?;
        process::leave_network();
        process::drop_last_capabilities()?;
        if let Some(rules) = rules.take() {
            rules.restrict_self().map_err(io::Error::other)?;
        }
        for filter in &filters {
            seccompiler::apply_filter(filter).map_err(io::Error::other)?;
        }
        Ok(())
    };
    command.env_clear().current_dir("/");
    // SAFETY: the closure makes system calls on what was allocated before.
    unsafe { command.pre_exec(enter_sandbox) };
    Ok(())
}

/// What this kernel enforces on a program that is confined.
pub fn program_enforcement() -> Enforcement {
    Enforcement {
        landlock: files::version(),
        seccomp: syscalls::is_supported(),
        ..Enforcement::default()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::path::Path;

    use super::*;

    /// Whether the script, of the shell's own commands, succeeds in the sandbox.
    fn runs(script: &str, readable: &[PathBuf]) -> bool {
        let mut command = Command::new("/bin/bash");
        let confinement = Confinement {
            readable: readable.to_vec(),
            memory: 64 << 20,
            cpu_seconds: 5,
        };
        confine(&mut command, &confinement).unwrap();
        command.args(["-c", script]);
        command.output().unwrap().status.success()
    }

    fn has_landlock() -> bool {
        let has = files::version().is_some();
        if !has {
            eprintln!("skipped: this kernel has no Landlock");
        }
        has
    }

    #[test]
    fn a_confined_program_reads_what_it_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let given = folder.path().join("given");
        std::fs::write(&given, "42\n").unwrap();
        let script = format!("read x < {} && test $x = 42", given.display());
        assert!(runs(&script, std::slice::from_ref(&given)));
    }

    #[test]
    fn a_confined_program_writes_no_file_and_sends_no_signal() {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("new"), folder.path().join("old"));
        std::fs::write(&old, "old").unwrap();
        let readable = [folder.path().to_owned()];
        for redirected in ["> ", ">> "] {
            for target in [&new, &old] {
                let script = format!("echo x {redirected} {}", target.display());
                assert!(!runs(&script, &readable), "{script}");
            }
        }
        assert!(!new.exists());
        assert_eq!(std::fs::read(&old).unwrap(), b"old");
        assert!(!runs(&format!("kill -0 {}", std::process::id()), &[]));
    }

    #[test]
    fn a_confined_program_has_no_network() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!runs(&format!("exec 3<>/dev/tcp/127.0.0.1/{port}"), &[]));
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err());
    }

    #[test]
    fn a_confined_program_is_limited_in_memory_and_starts_no_other() {
        assert!(runs("printf -v x '%01000000d' 1", &[]));
        assert!(!runs(
            "printf -v x '%0200000000d' 1 && test ${#x} -gt 1",
            &[]
        ));
        // A process of its own, and another program in its place.
        assert!(!runs("(true)", &[]));
        if has_landlock() {
            assert!(!runs("exec /bin/true", &["/bin".into(), "/usr/bin".into()]));
        }
    }

    #[test]
    fn a_confined_program_sees_nothing_of_its_parent() {
        assert!(runs("test -z \"$HOME$USER$CARGO_MANIFEST_DIR\"", &[]));
        if has_landlock() {
            assert!(!runs("read x < /proc/$PPID/cmdline", &[]));
            assert!(!runs("read x < /proc/$PPID/status", &[]));
        }
    }

    #[test]
    fn landlock_keeps_a_confined_program_from_other_files() {
        if !has_landlock() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "42\n").unwrap();
        for path in [secret.as_path(), Path::new("/etc/passwd")] {
            assert!(!runs(&format!("read x < {}", path.display()), &[]));
        }
    }
}
