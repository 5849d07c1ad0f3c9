//! A request that came over no connection.

use bytes::Bytes;
use futures::FutureExt;
use http_body_util::{BodyExt, Full};

use super::{ApiServer, http::handle};

impl ApiServer {
    /// The answer to a request, from its path to the status and the octets that are there at once; none where a fault
    /// ended the connection. Who asks is said by a token.
    pub async fn answer(&self, request: ::http::Request<Vec<u8>>) -> Option<(u16, Vec<u8>)> {
        let request = request.map(|octets| Full::new(Bytes::from(octets)));
        let (parts, mut body) = handle(&self.server, None, request).await.ok()?.into_parts();
        let mut octets = Vec::new();
        // A watch goes on; who fuzzes does not wait for it.
        while let Some(Some(Ok(frame))) = body.frame().now_or_never() {
            octets.extend_from_slice(frame.data_ref().map(Bytes::as_ref).unwrap_or_default());
        }
        Some((parts.status.as_u16(), octets))
    }
}
