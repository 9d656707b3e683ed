//! What must hold for any bytes: see [`crate::fuzzing`].

use super::call::Incoming;
use super::frame::{LARGEST, read_call, receive, send};
use super::roles::{DrawPage, OpenDocument, ReadPage, RoutePages};
use crate::domain::Failure;
use crate::engines::worker::Call;

/// What was read comes back from being written, calls are parsed without a
/// panic, and replies of each kind are refused or accepted.
pub fn frame(bytes: &[u8]) {
    let mut rest = bytes;
    while let Ok(Some(call)) = read_call(&mut rest) {
        let mut written = Vec::new();
        ready(send(&mut written, &call, &call.blob)).expect("it fits into a frame");
        let again = read_call(&mut written.as_slice());
        let again = again.expect("it was just written").expect("a frame");
        assert_eq!(format!("{call:?}"), format!("{again:?}"));
        parse(&call);
    }
    let draw = DrawPage {
        index: 0,
        spec: crate::engines::rasterize::RasterSpec {
            width: 1,
            max_pixels: 1,
        },
    };
    reply(&draw, bytes);
    reply(&OpenDocument { bytes: &[] }, bytes);
    let route = RoutePages {
        count: 1,
        side: 1,
        rgb: &[],
    };
    reply(&route, bytes);
}

fn parse(call: &Incoming) {
    let _ = call.parse::<OpenDocument>();
    let _ = call.parse::<DrawPage>();
    let _ = call.parse::<RoutePages>();
    let _ = call.parse::<ReadPage>();
}

fn reply<C: Call>(call: &C, bytes: &[u8]) {
    let mut rest = bytes;
    let received = ready(receive::<Result<C::Json, Failure>>(&mut rest, LARGEST));
    if let Ok((Ok(json), blob)) = received {
        let _ = call.accept(json, blob);
    }
}

/// The result of a future that has nothing to wait for.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(value) = future.poll(&mut context) else {
        panic!("reading from memory waits");
    };
    value
}
