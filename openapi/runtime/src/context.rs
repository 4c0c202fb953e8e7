//! The context that a handler gets with its request.

use std::any::Any;
use std::ops::{Deref, DerefMut};

use dropshot::ServerContext;

/// What [`crate::Options::admit`] knows of a request before it is read. It is dropped when the
/// request is over.
pub type Admitted = Box<dyn Any + Send + Sync>;

/// Dropshot's context of a request, with what [`crate::Options::admit`] knows of the request.
///
/// On the heap, since every future that it goes through would copy its 400 bytes.
pub struct RequestContext<C: ServerContext>(Box<Inner<C>>);

struct Inner<C: ServerContext> {
    dropshot: dropshot::RequestContext<C>,
    admitted: Option<Admitted>,
}

impl<C: ServerContext> RequestContext<C> {
    pub(crate) fn new(dropshot: dropshot::RequestContext<C>) -> Self {
        Self(Box::new(Inner {
            dropshot,
            admitted: None,
        }))
    }

    pub(crate) fn admit(&mut self, admitted: Admitted) {
        self.0.admitted = Some(admitted);
    }

    /// What [`crate::Options::admit`] returned for this request. `None` if it has another type, or
    /// if the option is not set.
    #[must_use]
    pub fn admitted<T: 'static>(&self) -> Option<&T> {
        self.0.admitted.as_ref()?.downcast_ref()
    }
}

impl<C: ServerContext> Deref for RequestContext<C> {
    type Target = dropshot::RequestContext<C>;

    fn deref(&self) -> &Self::Target {
        &self.0.dropshot
    }
}

impl<C: ServerContext> DerefMut for RequestContext<C> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0.dropshot
    }
}
