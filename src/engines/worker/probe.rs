//! Attempts to break out, made from inside a worker: `docmill doctor --walls`
//! asks for them, to show that each wall stands on this very machine.

use std::io;

use serde::{Deserialize, Serialize};

/// What code that took a worker over would try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    ReadFile,
    ListFolder,
    WriteFile,
    InternetSocket,
    UnixSocket,
    RunProgram,
    MakeProcess,
    TraceParent,
    SignalParent,
    ReadParentMemory,
    OpenParentMemory,
    Mount,
    Namespace,
    Keyring,
    IoUring,
    Bpf,
    MemoryFile,
    RaiseLimits,
    BecomeDumpable,
    SeeEnvironment,
    ExecutableMemory,
    SharedMemory,
    MemoryLimit,
    CpuLimit,
    ThreadBomb,
    LongAnswer,
}

impl Attempt {
    pub const ALL: [Attempt; 26] = [
        Attempt::ReadFile,
        Attempt::ListFolder,
        Attempt::WriteFile,
        Attempt::InternetSocket,
        Attempt::UnixSocket,
        Attempt::RunProgram,
        Attempt::MakeProcess,
        Attempt::TraceParent,
        Attempt::SignalParent,
        Attempt::ReadParentMemory,
        Attempt::OpenParentMemory,
        Attempt::Mount,
        Attempt::Namespace,
        Attempt::Keyring,
        Attempt::IoUring,
        Attempt::Bpf,
        Attempt::MemoryFile,
        Attempt::RaiseLimits,
        Attempt::BecomeDumpable,
        Attempt::SeeEnvironment,
        Attempt::ExecutableMemory,
        Attempt::SharedMemory,
        Attempt::MemoryLimit,
        Attempt::LongAnswer,
        Attempt::CpuLimit,
        // Last: it leaves a process without memory behind.
        Attempt::ThreadBomb,
    ];

    /// In words, for a table.
    pub fn describe(self) -> &'static str {
        match self {
            Attempt::ReadFile => "read /etc/passwd",
            Attempt::ListFolder => "list the root folder",
            Attempt::WriteFile => "write a file",
            Attempt::InternetSocket => "connect to the network",
            Attempt::UnixSocket => "open a Unix socket",
            Attempt::RunProgram => "run a program",
            Attempt::MakeProcess => "fork",
            Attempt::TraceParent => "trace the supervisor",
            Attempt::SignalParent => "signal the supervisor",
            Attempt::ReadParentMemory => "read the supervisor's memory",
            Attempt::OpenParentMemory => "open the supervisor's memory as a file",
            Attempt::Mount => "mount a file system",
            Attempt::Namespace => "make a user namespace",
            Attempt::Keyring => "use the kernel's keyring",
            Attempt::IoUring => "set up io_uring",
            Attempt::Bpf => "load BPF",
            Attempt::MemoryFile => "make a file in memory",
            Attempt::RaiseLimits => "raise its own limits",
            Attempt::BecomeDumpable => "let others look into it",
            Attempt::SeeEnvironment => "see the supervisor's environment",
            Attempt::ExecutableMemory => "map memory to execute",
            Attempt::SharedMemory => "share memory past the limit",
            Attempt::MemoryLimit => "allocate past the limit",
            Attempt::CpuLimit => "compute without end",
            Attempt::ThreadBomb => "start threads without end",
            Attempt::LongAnswer => "answer more than was asked for",
        }
    }
}

/// Tries; what was refused comes back as the error that the kernel gave, and
/// what succeeded, in words. An attempt that is fatal does not return.
#[cfg(target_os = "linux")]
pub fn attempt(what: Attempt) -> io::Result<String> {
    match what {
        Attempt::ReadFile => std::fs::read("/etc/passwd").map(|b| format!("{} bytes", b.len())),
        Attempt::ListFolder => std::fs::read_dir("/").map(|_| "listed".into()),
        Attempt::WriteFile => write_file(),
        Attempt::InternetSocket => {
            std::net::TcpStream::connect("127.0.0.1:9").map(|_| "connected".into())
        }
        Attempt::UnixSocket => std::os::unix::net::UnixDatagram::unbound().map(|_| "opened".into()),
        Attempt::RunProgram => {
            use std::os::unix::process::CommandExt;
            Err(std::process::Command::new("/bin/true").exec())
        }
        Attempt::MemoryLimit => allocate(),
        Attempt::ThreadBomb => threads(),
        Attempt::CpuLimit => loop {
            std::hint::spin_loop();
        },
        Attempt::SeeEnvironment => environment(),
        // Its answer is the attempt.
        Attempt::LongAnswer => Ok("answered".into()),
        other => system_call(other),
    }
}

#[cfg(not(target_os = "linux"))]
pub fn attempt(_: Attempt) -> io::Result<String> {
    Ok("this system has no walls".into())
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
            // An empty file is one all the same.
            Err(_) if path.exists() => return Ok(format!("made {}", path.display())),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// As much as the process may have, on top of what it has.
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
fn system_call(what: Attempt) -> io::Result<String> {
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
        match what {
            Attempt::MakeProcess => match libc::fork() {
                0 => libc::_exit(0),
                pid => libc::c_long::from(pid),
            },
            Attempt::TraceParent => libc::ptrace(libc::PTRACE_SEIZE, parent, 0, 0),
            // Ignored by whoever does not wait for it.
            Attempt::SignalParent => libc::kill(parent, libc::SIGURG).into(),
            Attempt::ReadParentMemory => {
                libc::process_vm_readv(parent, &raw mut own, 1, &raw mut theirs, 1, 0)
                    as libc::c_long
            }
            Attempt::OpenParentMemory => {
                let path = format!("/proc/{parent}/mem\0");
                libc::open(path.as_ptr().cast(), libc::O_RDONLY).into()
            }
            Attempt::Mount => libc::mount(
                c"none".as_ptr(),
                c"/tmp".as_ptr(),
                c"tmpfs".as_ptr(),
                0,
                null(),
            )
            .into(),
            Attempt::Namespace => libc::unshare(libc::CLONE_NEWUSER).into(),
            Attempt::Keyring => libc::syscall(libc::SYS_keyctl, 0, -3, 1),
            Attempt::IoUring => {
                let mut parameters = [0u8; 120];
                libc::syscall(libc::SYS_io_uring_setup, 1, parameters.as_mut_ptr())
            }
            Attempt::Bpf => libc::syscall(libc::SYS_bpf, 0, null::<u8>(), 0),
            Attempt::MemoryFile => libc::memfd_create(c"x".as_ptr(), 0).into(),
            Attempt::RaiseLimits => libc::setrlimit(libc::RLIMIT_CPU, &unlimited).into(),
            Attempt::BecomeDumpable => libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0).into(),
            Attempt::ExecutableMemory => {
                libc::mmap(null_mut(), 4096, all, private, -1, 0) as libc::c_long
            }
            Attempt::SharedMemory => {
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
