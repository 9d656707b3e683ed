//! What must hold for any bytes: see [`crate::fuzzing`].

use super::call::{Call, parse};
use super::frame::{LARGEST, read_call, receive, send};
use super::message::Incoming;
use super::roles::{DrawPage, OpenDocument, ReadPage, RoutePages};
use crate::domain::Failure;

/// A frame that was read is written and read back the same, calls are parsed without
/// a panic, and replies of each kind are rejected or accepted.
pub fn frame(bytes: &[u8]) {
    let mut rest = bytes;
    while let Ok(Some(call)) = read_call(&mut rest) {
        let mut written = Vec::new();
        ready(send(&mut written, &call, &call.blob)).expect("it fits into a frame");
        let again = read_call(&mut written.as_slice());
        let again = again.expect("it was just written").expect("a frame");
        assert_eq!(format!("{call:?}"), format!("{again:?}"));
        parse_each(&call);
    }
    let draw = DrawPage {
        index: 0,
        spec: crate::engines::rasterize::RasterSpec {
            width: 1,
            for_ocr: false,
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

fn parse_each(call: &Incoming) {
    let _ = parse::<OpenDocument>(call);
    let _ = parse::<DrawPage>(call);
    let _ = parse::<RoutePages>(call);
    let _ = parse::<ReadPage>(call);
}

fn reply<C: Call>(call: &C, bytes: &[u8]) {
    let mut rest = bytes;
    let received = ready(receive::<Result<C::Json, Failure>>(&mut rest, LARGEST));
    if let Ok((Ok(json), blob)) = received {
        let _ = call.accept(json, blob);
    }
}

/// The result of a future that is ready at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(value) = future.poll(&mut context) else {
        panic!("reading from memory waits");
    };
    value
}
