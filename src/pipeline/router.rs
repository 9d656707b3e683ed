//! Groups the pages for CLIP: all pages that wait when the router becomes free are one
//! model batch.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::domain::{Failure, PageImage, Reason, Routing};
use crate::engines::route::letterbox;
use crate::engines::worker::{Pool, RoutePages, RouterRole};

type WaitingPage = (PageImage, oneshot::Sender<Result<Routing, Failure>>);

#[derive(Clone)]
pub struct RouterHandle {
    queue: mpsc::Sender<WaitingPage>,
    side: u32,
    pad_to_square: bool,
}

impl RouterHandle {
    /// Starts the task that groups pages; it ends when the last handle is dropped.
    pub fn start(
        pool: Pool<RouterRole>,
        pad_to_square: bool,
        batch_size: u32,
        deadline: Duration,
    ) -> RouterHandle {
        let batch_size = batch_size.max(1) as usize;
        let (queue, mut waiting) = mpsc::channel::<WaitingPage>(batch_size);
        let side = pool.ready().map_or(0, |side| side.0);
        tokio::spawn(async move {
            let mut pages = Vec::with_capacity(batch_size);
            while waiting.recv_many(&mut pages, batch_size).await > 0 {
                serve(&pool, side, deadline, std::mem::take(&mut pages)).await;
            }
        });
        RouterHandle {
            queue,
            side,
            pad_to_square,
        }
    }

    pub async fn route(&self, image: &Arc<PageImage>) -> Result<Routing, Failure> {
        let (image, side, pad) = (image.clone(), self.side, self.pad_to_square);
        let small = tokio::task::spawn_blocking(move || letterbox(&image, side, pad));
        let small = small.await.map_err(Failure::internal)?;
        let (answer, answered) = oneshot::channel();
        self.queue.send((small, answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

fn gone() -> Failure {
    Failure::new(Reason::Internal, "the router stopped")
}

async fn serve(pool: &Pool<RouterRole>, side: u32, deadline: Duration, pages: Vec<WaitingPage>) {
    let (images, answers): (Vec<_>, Vec<_>) = pages.into_iter().unzip();
    let results = match route_batch(pool, side, deadline, &images).await {
        Ok(routings) => routings.into_iter().map(Ok).collect(),
        // One page may have made the model batch fail: alone, only that page fails.
        Err(_) if images.len() > 1 => {
            let mut results = Vec::with_capacity(images.len());
            for image in &images {
                let alone = route_batch(pool, side, deadline, std::slice::from_ref(image)).await;
                results.push(alone.and_then(|mut routings| routings.pop().ok_or_else(gone)));
            }
            results
        }
        Err(failure) => vec![Err(failure)],
    };
    for (answer, result) in answers.into_iter().zip(results) {
        // An error means that the page's task was cancelled.
        let _ = answer.send(result);
    }
}

async fn route_batch(
    pool: &Pool<RouterRole>,
    side: u32,
    deadline: Duration,
    images: &[PageImage],
) -> Result<Vec<Routing>, Failure> {
    let blob: Vec<u8> = images
        .iter()
        .flat_map(|image| image.rgb.iter().copied())
        .collect();
    let call = RoutePages {
        count: images.len() as u32,
        side,
        rgb: &blob,
    };
    pool.worker(None).await?.call(&call, deadline).await
}
