//! What was asked of a server.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use kboot_core::time::Timestamp;

use super::faults::{check, matches, part_matches};

/// How many requests are remembered.
const REMEMBERED: usize = 10_000;

/// A request, answered or not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// When it was answered, by the server's clock.
    pub time: Timestamp,
    /// `GET`, `PUT` and so on.
    pub method: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// The whole path, without its query.
    pub path: String,
    /// The query as it was sent: `watch=true&timeoutSeconds=300`.
    pub query: String,
    /// Resource, name and subresource: `certificatesigningrequests/csr-1/approval`.
    pub place: String,
    /// The namespace, empty for what has none.
    pub namespace: String,
    /// Who asked; empty where nobody knows.
    pub user: String,
    /// The HTTP status code of the answer; 0 where a fault ended the connection before anything was done.
    pub code: u16,
    /// The program that asked.
    pub user_agent: String,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    requests: Mutex<(VecDeque<Request>, u64)>,
}

impl Log {
    pub(crate) fn note(&self, request: Request) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.0.len() == REMEMBERED {
            requests.0.pop_front();
            requests.1 += 1;
        }
        requests.0.push_back(request);
    }
}

/// What was asked of a server: the last 10,000 requests.
#[derive(Debug, Clone)]
pub struct Requests(pub(crate) Arc<Log>);

impl Requests {
    /// All that are remembered, the oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Request> {
        self.0.requests.lock().unwrap_or_else(PoisonError::into_inner).0.iter().cloned().collect()
    }

    /// Forgets what was asked so far.
    pub fn clear(&self) {
        *self.0.requests.lock().unwrap_or_else(PoisonError::into_inner) = (VecDeque::new(), 0);
    }

    /// The requests of a method (or verb) for a place: resource, name and subresource, with `*` for any part of it.
    ///
    /// # Panics
    /// Where no request can be like that, as [`Faults::on`](super::Faults::on).
    #[track_caller]
    pub fn expect(&self, method: &str, place: &str) -> Expected {
        check(method, place);
        let forgotten = self.0.requests.lock().unwrap_or_else(PoisonError::into_inner).1;
        Expected {
            all: self.all(),
            forgotten,
            method: method.to_owned(),
            place: place.to_owned(),
            user: None,
            code: None,
        }
    }
}

/// Requests that a test expects.
#[derive(Debug)]
#[must_use = "nothing is checked before `times`"]
pub struct Expected {
    all: Vec<Request>,
    forgotten: u64,
    method: String,
    place: String,
    user: Option<String>,
    code: Option<u16>,
}

impl Expected {
    /// Those of a user, with `*` for any part of the name.
    pub fn by(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    /// Those that were answered with this code.
    pub fn answered(mut self, code: u16) -> Self {
        self.code = Some(code);
        self
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.iter().filter(|request| self.is_one(request)).count()
    }

    /// Checks how many there were.
    ///
    /// # Panics
    /// Where there were more or fewer, with all requests of the log; and where the log has forgotten some.
    #[track_caller]
    #[expect(clippy::panic, reason = "it is an assertion")]
    pub fn times(&self, times: usize) {
        assert!(self.forgotten == 0, "the log has forgotten {} requests: clear it earlier", self.forgotten);
        let count = self.count();
        if count != times {
            let user = self.user.as_deref().unwrap_or("anybody");
            panic!(
                "expected {times} times {} {} by {user}, and there were {count}; the log:\n{}",
                self.method,
                self.place,
                table(&self.all)
            );
        }
    }

    fn is_one(&self, request: &Request) -> bool {
        let is_method = self.method.eq_ignore_ascii_case(&request.method)
            || self.method.eq_ignore_ascii_case(&request.verb);
        is_method
            && matches(&self.place, &request.place)
            && self.user.as_ref().is_none_or(|user| part_matches(user, &request.user))
            && self.code.is_none_or(|code| code == request.code)
    }
}

fn table(requests: &[Request]) -> String {
    requests.iter().fold(String::new(), |mut text, request| {
        let Request { verb, place, namespace, user, code, .. } = request;
        let _ = writeln!(text, "  {code} {verb} {place} {namespace} by {user}");
        text
    })
}
