//! `Body`: what an answer brought, read to its end.

use std::fmt;
use std::str::Utf8Error;

/// The body of an answer to a [`Client`](super::Client).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body(pub(super) Vec<u8>);

impl Body {
    /// The bytes as they came.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower::service_fn;
    /// # use tower_django_cookies::test::Client;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = service_fn(async |_: Request<String>| Ok::<_, std::io::Error>(Response::new("cocoa".to_owned())));
    /// let answer = Client::new(app).get("/").await?;
    /// assert_eq!(answer.body().bytes(), b"cocoa");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, unwrapped.
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

    /// The bytes as text.
    ///
    /// # Errors
    ///
    /// Where they aren't UTF-8.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower::service_fn;
    /// # use tower_django_cookies::test::Client;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = service_fn(async |_: Request<String>| Ok::<_, std::io::Error>(Response::new("cocoa".to_owned())));
    /// let answer = Client::new(app).get("/").await?;
    /// assert_eq!(answer.body().text()?, "cocoa");
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
