//! What must hold for any bytes: see [`crate::fuzzing`].

use super::protocol::{LARGEST, Reply, Request, read_frame, receive, write_frame};

/// Both sides read the same frames, and a frame that was read comes back from
/// being written.
pub fn frame(bytes: &[u8]) {
    let mut rest = bytes;
    while let Ok(Some((request, blob))) = read_frame::<Request>(&mut rest) {
        let mut written = Vec::new();
        write_frame(&mut written, &request, &blob).expect("it fits into a frame");
        let again = read_frame::<Request>(&mut written.as_slice());
        let (again, same) = again.expect("it was just written").expect("a frame");
        assert_eq!(blob, same);
        assert_eq!(format!("{request:?}"), format!("{again:?}"));
    }
    let mut rest = bytes;
    let sync = read_frame::<Reply>(&mut rest).ok().flatten();
    let mut rest = bytes;
    let wait = std::pin::pin!(receive::<Reply>(&mut rest, LARGEST));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    // Bytes in memory are always ready.
    let std::task::Poll::Ready(read) = wait.poll(&mut context) else {
        panic!("reading from memory waits");
    };
    let both = [sync, read.ok()].map(|read| read.map(|(reply, blob)| (format!("{reply:?}"), blob)));
    assert_eq!(both[0], both[1]);
}
