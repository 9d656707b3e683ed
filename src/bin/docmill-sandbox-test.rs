//! A docmill worker that tries to escape from its sandbox, for
//! `docmill doctor --test-sandbox`. It loads the same engines and enters the same
//! sandbox as a worker, but makes the attempts of [`EscapeProbe`] and reads no pages. It
//! is a separate program so that docmill's workers do not have this code.

use std::io;

use docmill::domain::Failure;
use docmill::engines::worker::probe::{EscapeProbe, Probe, Probed};
use docmill::engines::worker::{self, EncodedReply, Incoming, RasterizerRole};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["worker", role] => worker::serve(role, Some(answer)),
        _ => anyhow::bail!("docmill starts this program: run `docmill doctor --test-sandbox`"),
    }
}

/// Makes the attempt of `call`; `None` where the call is not a probe.
fn answer(call: &Incoming) -> Option<Result<EncodedReply, Failure>> {
    // The role is not part of the message.
    let probe = worker::parse::<Probe<RasterizerRole>>(call)?;
    Some(probe.and_then(|Probe { probe, .. }| {
        let (escaped, message) = match attempt(probe) {
            Ok(message) => (true, message),
            Err(error) => (false, error.to_string()),
        };
        let blob = match probe {
            EscapeProbe::LongAnswer => vec![0; 1 << 20],
            _ => Vec::new(),
        };
        EncodedReply::of(&Probed { escaped, message }, blob)
    }))
}

/// Makes one attempt. `Ok` describes what succeeded, `Err` is the kernel's error for what it
/// refused. A fatal attempt does not return.
#[cfg(target_os = "linux")]
fn attempt(probe: EscapeProbe) -> io::Result<String> {
    match probe {
        EscapeProbe::ReadFile => std::fs::read("/etc/passwd").map(|b| format!("{} bytes", b.len())),
        EscapeProbe::ListFolder => std::fs::read_dir("/").map(|_| "listed".into()),
        EscapeProbe::WriteFile => write_file(),
        EscapeProbe::InternetSocket => {
            std::net::TcpStream::connect("127.0.0.1:9").map(|_| "connected".into())
        }
        EscapeProbe::UnixSocket => {
            std::os::unix::net::UnixDatagram::unbound().map(|_| "opened".into())
        }
        EscapeProbe::RunProgram => {
            use std::os::unix::process::CommandExt;
            Err(std::process::Command::new("/bin/true").exec())
        }
        EscapeProbe::MemoryLimit => allocate(),
        EscapeProbe::ThreadBomb => threads(),
        EscapeProbe::CpuLimit => loop {
            std::hint::spin_loop();
        },
        EscapeProbe::SeeEnvironment => environment(),
        // The long answer itself is the attempt.
        EscapeProbe::LongAnswer => Ok("answered".into()),
        other => system_call(other),
    }
}

#[cfg(not(target_os = "linux"))]
fn attempt(_: EscapeProbe) -> io::Result<String> {
    Ok("this system has no sandbox".into())
}

#[cfg(target_os = "linux")]
fn write_file() -> io::Result<String> {
    let name = format!("docmill-escape-{}", std::process::id());
    let mut last = io::Error::other("no folder");
    for folder in ["/tmp", "/var/tmp", "/dev/shm"] {
        let path = std::path::Path::new(folder).join(&name);
        match std::fs::write(&path, "x") {
            Ok(()) => {
                let _ = std::fs::remove_file(&path);
                return Ok(format!("wrote {}", path.display()));
            }
            // Opening an empty file counts too.
            Err(_) if path.exists() => return Ok(format!("made {}", path.display())),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Allocates as much memory as the process may have, in addition to what it has.
#[cfg(target_os = "linux")]
fn allocate() -> io::Result<String> {
    let (limit, _) = rlimit::Resource::DATA.get()?;
    let mut bytes: Vec<u8> = Vec::new();
    let size = usize::try_from(limit).map_err(io::Error::other)?;
    let reserved = bytes.try_reserve_exact(size);
    reserved.map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error))?;
    Ok(format!("{limit} bytes"))
}

#[cfg(target_os = "linux")]
fn threads() -> io::Result<String> {
    const MANY: usize = 50_000;
    for _ in 0..MANY {
        let sleeps = || std::thread::sleep(std::time::Duration::from_secs(60));
        std::thread::Builder::new().spawn(sleeps)?;
    }
    Ok(format!("{MANY} threads"))
}

#[cfg(target_os = "linux")]
fn environment() -> io::Result<String> {
    match ["PATH", "HOME"]
        .into_iter()
        .find(|name| std::env::var_os(name).is_some())
    {
        Some(name) => Ok(format!("${name}")),
        None => Err(io::Error::other("it is empty")),
    }
}

#[cfg(target_os = "linux")]
fn system_call(probe: EscapeProbe) -> io::Result<String> {
    use std::ptr::{null, null_mut};
    let parent = std::os::unix::process::parent_id() as libc::pid_t;
    let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let shared = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    let all = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
    let unlimited = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    let mut word = 0usize;
    let mut own = libc::iovec {
        iov_base: (&raw mut word).cast(),
        iov_len: size_of::<usize>(),
    };
    let mut theirs = own;
    // SAFETY: every pointer is null or to a local; the child of a fork that
    // should not have been possible ends at once.
    let answer = unsafe {
        match probe {
            EscapeProbe::MakeProcess => match libc::fork() {
                0 => libc::_exit(0),
                pid => libc::c_long::from(pid),
            },
            EscapeProbe::TraceParent => libc::ptrace(libc::PTRACE_SEIZE, parent, 0, 0),
            // Ignored by a parent that does not wait for it.
            EscapeProbe::SignalParent => libc::kill(parent, libc::SIGURG).into(),
            EscapeProbe::ReadParentMemory => {
                libc::process_vm_readv(parent, &raw mut own, 1, &raw mut theirs, 1, 0)
                    as libc::c_long
            }
            EscapeProbe::OpenParentMemory => {
                let path = format!("/proc/{parent}/mem\0");
                libc::open(path.as_ptr().cast(), libc::O_RDONLY).into()
            }
            EscapeProbe::Mount => libc::mount(
                c"none".as_ptr(),
                c"/tmp".as_ptr(),
                c"tmpfs".as_ptr(),
                0,
                null(),
            )
            .into(),
            EscapeProbe::Namespace => libc::unshare(libc::CLONE_NEWUSER).into(),
            EscapeProbe::Keyring => libc::syscall(libc::SYS_keyctl, 0, -3, 1),
            EscapeProbe::IoUring => {
                let mut parameters = [0u8; 120];
                libc::syscall(libc::SYS_io_uring_setup, 1, parameters.as_mut_ptr())
            }
            EscapeProbe::Bpf => libc::syscall(libc::SYS_bpf, 0, null::<u8>(), 0),
            EscapeProbe::MemoryFile => libc::memfd_create(c"x".as_ptr(), 0).into(),
            EscapeProbe::RaiseLimits => libc::setrlimit(libc::RLIMIT_CPU, &unlimited).into(),
            EscapeProbe::BecomeDumpable => libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0).into(),
            EscapeProbe::ExecutableMemory => {
                libc::mmap(null_mut(), 4096, all, private, -1, 0) as libc::c_long
            }
            EscapeProbe::SharedMemory => {
                let (limit, _) = rlimit::Resource::DATA.get()?;
                let read_write = libc::PROT_READ | libc::PROT_WRITE;
                libc::mmap(null_mut(), limit as usize, read_write, shared, -1, 0) as libc::c_long
            }
            _ => return Ok("not a system call".into()),
        }
    };
    match answer {
        -1 => Err(io::Error::last_os_error()),
        answer => Ok(format!("answered {answer}")),
    }
}
