//! `/openapi` and below, in the form that a client takes.

use super::Server;
use super::answer::{Answer, Content};
use super::resource::Resource;
use super::schema::openapi::{v2, v3};

/// The answer for a path; `None` where it is no such path.
pub(crate) fn answer(server: &Server, path: &str, accept: Option<&str>) -> Option<Answer> {
    let below = path.strip_prefix("/openapi/")?;
    let resources: Vec<Resource> =
        server.registry.list(&server.store).iter().map(|resource| Resource::clone(resource)).collect();
    let version = server.git_version();
    match below {
        "v2" => {
            let document = v2::document(&server.schema, &resources, &version);
            if accept.is_some_and(|accept| accept.contains("com.github.proto-openapi.spec.v2")) {
                return Some(Answer::new(200, Content::Bytes(v2::PROTOBUF, v2::protobuf(&document).into())));
            }
            Some(Answer::plain(document))
        }
        "v3" => Some(Answer::plain(v3::index(&resources))),
        _ => {
            v3::document(&server.schema, &resources, below.strip_prefix("v3/")?, &version).map(Answer::plain)
        }
    }
}
