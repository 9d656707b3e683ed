//! The worker process: one engine inside its sandbox, one call at a time, until the
//! pipe closes.

use std::io::{BufReader, BufWriter, Read, Write};
use std::time::Duration;

use super::call::{Init, Started, parse};
use super::frame::{read_call, write_answer};
use super::message::{EncodedReply, Incoming};
use super::role::{Role, unknown};
use crate::domain::Failure;
use crate::engines::sandbox::Sandbox;

/// Answers a call before the role; `None` leaves the call to the role. Only
/// `docmill-sandbox-test` has one, for its probes.
pub type Hook = fn(&Incoming) -> Option<Result<EncodedReply, Failure>>;

/// Closes files that the program which started docmill left open.
fn close_inherited() {
    #[cfg(target_os = "linux")]
    // SAFETY: nothing of this process has opened a file yet.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0);
    }
}

/// Ends this process with its supervisor. The closed pipe alone would be noticed only
/// after the current page.
fn exit_with_parent(parent: u32) {
    std::thread::spawn(move || {
        while std::os::unix::process::parent_id() == parent {
            std::thread::sleep(Duration::from_millis(500));
        }
        std::process::exit(0);
    });
}

/// Prints only the place of a panic, since its message may quote the page and the
/// last line of stderr is reported as the exit cause.
fn panic_without_text() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or(payload.downcast_ref::<String>().map(String::as_str));
        eprintln!("panic: {}", text.unwrap_or("without a message"));
        match panic.location() {
            Some(place) => eprintln!("it panicked at {place}"),
            None => eprintln!("it panicked"),
        }
    }));
}

/// Runs a worker of this role on this process's stdin and stdout until stdin ends.
/// `Err` where the engine does not load or a message is damaged.
pub fn serve_role<R: Role>(hook: Option<Hook>) -> anyhow::Result<()> {
    close_inherited();
    panic_without_text();
    // Frames use a private copy of stdout; what native code prints to stdout goes to
    // stderr.
    let out = std::os::fd::AsFd::as_fd(&std::io::stdout()).try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    serve::<R>(
        hook,
        BufReader::new(std::io::stdin().lock()),
        BufWriter::new(std::fs::File::from(out)),
    )
}

fn serve<R: Role>(
    hook: Option<Hook>,
    mut input: impl Read,
    mut output: impl Write,
) -> anyhow::Result<()> {
    let parent = std::os::unix::process::parent_id();
    let first = read_call(&mut input)?;
    let Some(init) = first.as_ref().and_then(parse::<Init<R>>) else {
        anyhow::bail!("a worker's first call must be `init`");
    };
    let started = init.and_then(|init| start(init, parent).map_err(Failure::internal));
    let (mut engine, started) = match started {
        Ok(started) => started,
        Err(failure) => return Ok(write_answer(&mut output, &EncodedReply::failed(&failure))?),
    };
    write_answer(&mut output, &EncodedReply::of(&started, Vec::new())?)?;
    while let Some(mut call) = read_call(&mut input)? {
        let answer = hook
            .and_then(|hook| hook(&call))
            .or_else(|| R::answer(&mut engine, &mut call))
            .unwrap_or_else(|| Err(unknown::<R>(&call)));
        let answer = answer.unwrap_or_else(|failure| EncodedReply::failed(&failure));
        write_answer(&mut output, &answer)?;
    }
    Ok(())
}

/// Loads the engine between the two steps of the sandbox.
fn start<R: Role>(init: Init<R>, parent: u32) -> anyhow::Result<(R::Engine, Started<R::Ready>)> {
    let mut policy = init.role.policy();
    (policy.memory, policy.cpu_seconds) = (init.memory, init.cpu_seconds);
    // Existing threads keep the file rules of the first step: with fonts to read,
    // the watch must start after the second step.
    let watch_at_once = policy.runtime_paths.is_empty();
    let sandbox = Sandbox::enter(policy)?;
    if watch_at_once {
        exit_with_parent(parent);
    }
    let (engine, ready) = init.role.load()?;
    let enforcement = sandbox.lock_down(|| {
        if !watch_at_once {
            exit_with_parent(parent);
        }
    })?;
    Ok((engine, Started { ready, enforcement }))
}
