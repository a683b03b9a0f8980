//! `Body`: the body of a response, read to its end.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::str::Utf8Error;

use bytes::Buf;

use super::error::{BoxError, ClientError};
use super::pause::pause_at;

/// The body of a response to a [`Client`](super::Client).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body(Vec<u8>);

impl Body {
    /// Reads `body` to its end or its trailers.
    pub(super) async fn read<B>(body: B, limit: usize) -> Result<Self, ClientError>
    where
        B: http_body::Body,
        B::Error: Into<BoxError>,
    {
        let mut body = pin!(body);
        let mut bytes = Vec::new();
        for frames in 1_usize.. {
            pause_at(frames).await;
            let frame = poll_fn(|context| body.as_mut().poll_frame(context));
            let Some(frame) = frame.await else {
                break;
            };
            let frame = frame.map_err(|error| ClientError::Body(error.into()))?;
            let Ok(mut data) = frame.into_data() else {
                break;
            };
            let read = bytes.len();
            if data.remaining() > limit - read {
                return Err(ClientError::BodyTooLong { limit });
            }
            bytes.resize(read + data.remaining(), 0);
            data.copy_to_slice(&mut bytes[read..]);
        }
        Ok(Self(bytes))
    }

    /// Returns the bytes as they were received.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower::service_fn;
    /// # use tower_django_cookies::test::Client;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = service_fn(async |_: Request<String>| Ok::<_, std::io::Error>(Response::new("cocoa".to_owned())));
    /// let response = Client::new(app).get("/").await?;
    /// assert_eq!(response.body().bytes(), b"cocoa");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the bytes, without a copy.
    ///
    /// ```
    /// use tower_django_cookies::test::Body;
    ///
    /// assert!(Body::default().into_bytes().is_empty());
    /// ```
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Returns the bytes as text.
    ///
    /// # Errors
    ///
    /// [`Utf8Error`] if they are not UTF-8.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower::service_fn;
    /// # use tower_django_cookies::test::Client;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = service_fn(async |_: Request<String>| Ok::<_, std::io::Error>(Response::new("cocoa".to_owned())));
    /// let response = Client::new(app).get("/").await?;
    /// assert_eq!(response.body().text()?, "cocoa");
    /// # Ok(())
    /// # }
    /// ```
    pub fn text(&self) -> Result<&str, Utf8Error> {
        std::str::from_utf8(&self.0)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Body")
            .field(&String::from_utf8_lossy(&self.0))
            .finish()
    }
}
