//! The system calls that a process may make, enforced by seccomp filters.
//!
//! A filter cannot be removed; of several filters the strictest applies. While an
//! engine loads, calls that no engine needs fail. After it has loaded, only the calls
//! for reading a page are allowed: others fail with `EPERM`, and those that only an
//! escape would make end the process ([`FORBIDDEN`]).

use std::collections::BTreeMap;

use anyhow::Context;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Is, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter, apply_filter_all_threads,
};

type Rule = (libc::c_long, Vec<SeccompRule>);

/// What [`apply_runtime_filter`] allows beside [`ALLOWED`].
pub struct RuntimeRules {
    /// Opening files for reading; Landlock limits which.
    pub open_fonts: bool,
    pub threads: bool,
    pub gpu: bool,
}

/// Calls for networks, programs, other processes and the kernel itself, which no
/// engine makes.
#[rustfmt::skip]
const FORBIDDEN: &[libc::c_long] = &[
    // Networks and messages to other processes.
    libc::SYS_socket, libc::SYS_socketpair, libc::SYS_connect, libc::SYS_bind, libc::SYS_listen,
    libc::SYS_accept, libc::SYS_accept4, libc::SYS_sendto, libc::SYS_sendmsg, libc::SYS_sendmmsg,
    libc::SYS_shmget, libc::SYS_shmat, libc::SYS_semget, libc::SYS_msgget, libc::SYS_mq_open,
    // Programs and processes.
    libc::SYS_execve, libc::SYS_execveat, libc::SYS_ptrace, libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev, libc::SYS_pidfd_open, libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal, libc::SYS_kill, libc::SYS_tkill, libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo, libc::SYS_kcmp, libc::SYS_memfd_create,
    // File systems and namespaces.
    libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root, libc::SYS_chroot,
    libc::SYS_move_mount, libc::SYS_open_tree, libc::SYS_fsopen, libc::SYS_fsmount,
    libc::SYS_fsconfig, libc::SYS_fspick, libc::SYS_mount_setattr, libc::SYS_unshare,
    libc::SYS_setns, libc::SYS_name_to_handle_at, libc::SYS_open_by_handle_at,
    libc::SYS_quotactl, libc::SYS_swapon, libc::SYS_swapoff, libc::SYS_fanotify_init,
    // Keys, users, clocks, modules, and kernel interfaces with a long history of holes.
    libc::SYS_keyctl, libc::SYS_add_key, libc::SYS_request_key, libc::SYS_setuid,
    libc::SYS_setgid, libc::SYS_setreuid, libc::SYS_setregid, libc::SYS_setresuid,
    libc::SYS_setresgid, libc::SYS_setgroups, libc::SYS_clock_settime, libc::SYS_settimeofday,
    libc::SYS_adjtimex, libc::SYS_clock_adjtime, libc::SYS_init_module, libc::SYS_finit_module,
    libc::SYS_delete_module, libc::SYS_kexec_load, libc::SYS_reboot, libc::SYS_syslog,
    libc::SYS_acct, libc::SYS_sethostname, libc::SYS_setdomainname, libc::SYS_personality,
    libc::SYS_bpf, libc::SYS_perf_event_open, libc::SYS_userfaultfd, libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter, libc::SYS_io_uring_register, libc::SYS_vmsplice,
];

/// Those of x86-64 alone.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const FORBIDDEN_HERE: &[libc::c_long] = &[
    libc::SYS_fork, libc::SYS_vfork, libc::SYS_modify_ldt, libc::SYS_iopl, libc::SYS_ioperm,
    libc::SYS_kexec_file_load,
];
#[cfg(not(target_arch = "x86_64"))]
const FORBIDDEN_HERE: &[libc::c_long] = &[];

/// Calls for memory, time, existing threads and open pipes.
#[rustfmt::skip]
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read, libc::SYS_write, libc::SYS_readv, libc::SYS_writev, libc::SYS_close,
    libc::SYS_fstat, libc::SYS_munmap, libc::SYS_mremap, libc::SYS_brk, libc::SYS_madvise,
    libc::SYS_futex, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn, libc::SYS_sigaltstack,
    libc::SYS_getpid, libc::SYS_gettid, libc::SYS_getppid, libc::SYS_exit, libc::SYS_exit_group,
    libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep, libc::SYS_gettimeofday, libc::SYS_getrandom, libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity, libc::SYS_getcpu, libc::SYS_restart_syscall,
    libc::SYS_set_robust_list, libc::SYS_rseq, libc::SYS_ppoll, libc::SYS_getrusage,
    libc::SYS_sysinfo, libc::SYS_uname, libc::SYS_membarrier,
];
#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[libc::c_long] = &[libc::SYS_poll, libc::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[libc::c_long] = &[];

/// Calls for listing and reading a font folder beside `openat`. Landlock does not
/// limit `stat`, so that existence and size of files are visible.
const READ_FILES: &[libc::c_long] = &[
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_pread64,
    libc::SYS_fcntl,
];
/// PDFium is built for an old C library, which uses these calls.
#[cfg(target_arch = "x86_64")]
const READ_FILES_HERE: &[libc::c_long] = &[libc::SYS_stat, libc::SYS_lstat];
#[cfg(not(target_arch = "x86_64"))]
const READ_FILES_HERE: &[libc::c_long] = &[];

/// Makes calls fail that no engine needs, in this thread and those that it starts
/// later. `false`: the kernel has no seccomp.
pub fn apply_loading_filter() -> anyhow::Result<bool> {
    if !is_supported() {
        return Ok(false);
    }
    // Libraries probe for calls, so they fail and do not end the process.
    apply_filter(&loading_filter()?).context("cannot set the seccomp filter")?;
    Ok(true)
}

/// The filter of [`apply_loading_filter`].
fn loading_filter() -> anyhow::Result<BpfProgram> {
    let refused = forbidden().chain(new_processes()?);
    filter(
        refused,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
    )
}

/// Whether the kernel filters system calls.
pub fn is_supported() -> bool {
    let action: u32 = libc::SECCOMP_RET_KILL_PROCESS;
    // SAFETY: the kernel reads the action and changes nothing.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_GET_ACTION_AVAIL,
            0,
            &raw const action,
        )
    };
    answer == 0
}

/// Allows only the calls for reading a page, in every thread of the process. Does
/// nothing where the kernel has no seccomp, which [`apply_loading_filter`] has
/// reported, or where a GPU driver runs, for which the loading filter stays.
pub fn apply_runtime_filter(rules: &RuntimeRules) -> anyhow::Result<()> {
    if !is_supported() || rules.gpu {
        return Ok(());
    }
    let escape = forbidden().chain(new_processes()?).chain(writing()?);
    // A filter cannot read the flags of `clone3`, which are in memory: glibc falls
    // back to `clone`.
    let clone3 = std::iter::once((libc::SYS_clone3, Vec::new()));
    let errno = |number: libc::c_int| SeccompAction::Errno(number as u32);
    let allow = || SeccompAction::Allow;
    let filters = [
        filter(escape, allow(), SeccompAction::KillProcess)?,
        filter(clone3, allow(), errno(libc::ENOSYS))?,
        // Last, since it also forbids the system call that sets filters.
        filter(allowed(rules)?, errno(libc::EPERM), allow())?,
    ];
    for filter in &filters {
        apply_filter_all_threads(filter).context("cannot set the seccomp filter")?;
    }
    Ok(())
}

fn forbidden() -> impl Iterator<Item = Rule> {
    let calls = FORBIDDEN.iter().chain(FORBIDDEN_HERE);
    calls.map(|&call| (call, Vec::new()))
}

/// `clone` of a process, not of a thread.
fn new_processes() -> anyhow::Result<Vec<Rule>> {
    let is_process = compare32(0, Is::MaskedEq(libc::CLONE_THREAD as u64), 0)?;
    Ok(vec![(libc::SYS_clone, vec![rule(vec![is_process])?])])
}

/// Opening a file other than for reading.
fn writing() -> anyhow::Result<Vec<Rule>> {
    let flags = [
        libc::O_WRONLY,
        libc::O_RDWR,
        libc::O_CREAT,
        libc::O_TRUNC,
        libc::O_APPEND,
    ];
    let mut at = Vec::new();
    let mut plain = Vec::new();
    for flag in flags {
        let flag = flag as u64;
        at.push(rule(vec![compare32(2, Is::MaskedEq(flag), flag)?])?);
        plain.push(rule(vec![compare32(1, Is::MaskedEq(flag), flag)?])?);
    }
    let mut rules = vec![(libc::SYS_openat, at)];
    #[cfg(target_arch = "x86_64")]
    rules.extend([(libc::SYS_open, plain), (libc::SYS_creat, Vec::new())]);
    #[cfg(not(target_arch = "x86_64"))]
    drop(plain);
    Ok(rules)
}

fn allowed(rules: &RuntimeRules) -> anyhow::Result<Vec<Rule>> {
    let plain = ALLOWED.iter().chain(ALLOWED_HERE);
    let mut allowed: Vec<Rule> = plain.map(|&call| (call, Vec::new())).collect();
    let executable = libc::PROT_EXEC as u64;
    let not_executable = || compare32(2, Is::MaskedEq(executable), 0);
    // Shared memory does not count towards the memory limit.
    let private = compare32(
        3,
        Is::MaskedEq(libc::MAP_TYPE as u64),
        libc::MAP_PRIVATE as u64,
    )?;
    allowed.push((
        libc::SYS_mmap,
        vec![rule(vec![not_executable()?, private])?],
    ));
    allowed.push((libc::SYS_mprotect, vec![rule(vec![not_executable()?])?]));
    // Reading a limit is allowed; setting one takes a pointer in argument 2.
    let only_read = rule(vec![compare64(2, Is::Eq, 0)?])?;
    allowed.push((libc::SYS_prlimit64, vec![only_read]));
    // No handler for SIGXCPU, which must end the worker.
    let other_signal = rule(vec![compare32(0, Is::Ne, libc::SIGXCPU as u64)?])?;
    allowed.push((libc::SYS_rt_sigaction, vec![other_signal]));
    let own = rule(vec![compare32(0, Is::Eq, u64::from(std::process::id()))?])?;
    allowed.push((libc::SYS_tgkill, vec![own]));
    const PR_SET_VMA: u64 = 0x5356_4d41;
    let named = [
        libc::PR_SET_NAME as u64,
        libc::PR_GET_NAME as u64,
        PR_SET_VMA,
    ];
    let named = named.map(|option| rule(vec![compare32(0, Is::Eq, option)?]));
    allowed.push((
        libc::SYS_prctl,
        named.into_iter().collect::<Result<_, _>>()?,
    ));
    if rules.threads {
        let thread = libc::CLONE_THREAD as u64;
        let is_thread = rule(vec![compare32(0, Is::MaskedEq(thread), thread)?])?;
        allowed.push((libc::SYS_clone, vec![is_thread]));
        allowed.push((libc::SYS_clone3, Vec::new()));
    }
    if rules.open_fonts {
        let files = READ_FILES.iter().chain(READ_FILES_HERE);
        allowed.extend(files.map(|&call| (call, Vec::new())));
        allowed.push((libc::SYS_openat, Vec::new()));
    }
    Ok(allowed)
}

/// Compares the low 32 bits of an argument that is a number or flags; the high half
/// of a 32-bit argument is undefined.
fn compare32(argument: u8, is: Is, value: u64) -> anyhow::Result<SeccompCondition> {
    Ok(SeccompCondition::new(argument, Len::Dword, is, value)?)
}

/// Compares all 64 bits of an argument.
fn compare64(argument: u8, is: Is, value: u64) -> anyhow::Result<SeccompCondition> {
    Ok(SeccompCondition::new(argument, Len::Qword, is, value)?)
}

fn rule(conditions: Vec<SeccompCondition>) -> anyhow::Result<SeccompRule> {
    Ok(SeccompRule::new(conditions)?)
}

/// A filter that answers `listed` calls with `then` and the others with `else_`.
fn filter(
    listed: impl IntoIterator<Item = Rule>,
    else_: SeccompAction,
    then: SeccompAction,
) -> anyhow::Result<BpfProgram> {
    let arch: TargetArch = std::env::consts::ARCH
        .try_into()
        .context("seccomp filters are made for x86_64, aarch64 and riscv64")?;
    let listed: BTreeMap<i64, Vec<SeccompRule>> = listed.into_iter().collect();
    Ok(SeccompFilter::new(listed, else_, then, arch)?.try_into()?)
}
