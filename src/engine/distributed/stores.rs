//! Where files and objects are opened: by this process, the scheduler and the executors alike.
//!
//! Owns the way from a URL to a store. Buckets are opened when they are first asked for, with what the environment of the process says, so keys
//! never travel with a plan.

use datafusion::error::Result;
use datafusion::execution::object_store::{DefaultObjectStoreRegistry, ObjectStoreRegistry};
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use std::sync::Arc;
use url::Url;

/// Files of this machine, what was registered, and buckets.
#[derive(Debug, Default)]
pub(super) struct Stores {
    opened: DefaultObjectStoreRegistry,
}

impl Stores {
    /// The store of a bucket, by the `AWS_` variables: keys, region, `AWS_ENDPOINT_URL`, `AWS_ALLOW_HTTP`.
    pub(super) fn bucket(&self, url: &Url) -> std::result::Result<Arc<dyn ObjectStore>, object_store::Error> {
        let store: Arc<dyn ObjectStore> =
            Arc::new(AmazonS3Builder::from_env().with_bucket_name(url.host_str().unwrap_or_default()).build()?);
        self.opened.register_store(url, Arc::clone(&store));
        Ok(store)
    }
}

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.opened.register_store(url, store)
    }

    fn deregister_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        self.opened.deregister_store(url)
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        match self.opened.get_store(url) {
            Err(_) if url.scheme() == "s3" => Ok(self.bucket(url)?),
            answer => answer,
        }
    }
}
