//! What a server answered.

use serde_json::Value;

/// An answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// `POST /path`, for messages.
    pub(crate) request: String,
    pub(crate) code: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
    /// Null where it is no JSON.
    pub(crate) json: Value,
}

impl Answer {
    /// The body, where the code is this one.
    #[track_caller]
    pub(crate) fn expect(self, code: u16) -> Value {
        assert_eq!(self.code, code, "{}: {}", self.request, self.text);
        self.json
    }

    /// That it is a `Status` with this code and reason; its message.
    #[track_caller]
    pub(crate) fn refused(&self, code: u16, reason: &str) -> &str {
        assert_eq!(self.code, code, "{}: {}", self.request, self.text);
        assert_eq!(self.json["kind"], "Status", "{}: {}", self.request, self.text);
        assert_eq!(self.json["status"], "Failure", "{}: {}", self.request, self.text);
        assert_eq!(self.json["code"], code, "{}: {}", self.request, self.text);
        assert_eq!(self.json["reason"], reason, "{}: {}", self.request, self.text);
        self.message()
    }

    pub(crate) fn message(&self) -> &str {
        self.json["message"].as_str().unwrap_or_default()
    }

    /// The body to be compared: JSON with its fields in order.
    pub(crate) fn said(&self) -> String {
        if self.json.is_null() { self.text.trim_end().to_owned() } else { self.json.to_string() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What one asks of an object in JSON.
pub(crate) trait Object: Sized {
    fn name(&self) -> &str;
    fn uid(&self) -> &str;
    /// `resourceVersion`; of a list too.
    fn version(&self) -> &str;
    /// The names of a list's items, in its order.
    fn names(&self) -> Vec<&str>;
    fn items(&self) -> &[Value];
    /// With this field replaced, or set where it was not.
    #[must_use]
    fn with(self, pointer: &str, value: impl Into<Self>) -> Self;
}

impl Object for Value {
    fn name(&self) -> &str {
        self["metadata"]["name"].as_str().unwrap_or_default()
    }
    fn uid(&self) -> &str {
        self["metadata"]["uid"].as_str().unwrap_or_default()
    }
    fn version(&self) -> &str {
        self["metadata"]["resourceVersion"].as_str().unwrap_or_default()
    }
    fn names(&self) -> Vec<&str> {
        self.items().iter().map(Object::name).collect()
    }
    fn items(&self) -> &[Value] {
        self["items"].as_array().map(Vec::as_slice).unwrap_or_default()
    }
    fn with(mut self, pointer: &str, value: impl Into<Self>) -> Self {
        let mut place = &mut self;
        for key in pointer.trim_start_matches('/').split('/') {
            place = match key.parse::<usize>() {
                Ok(index) if place.is_array() => &mut place[index],
                _ => &mut place[key.replace("~1", "/").as_str()],
            };
        }
        *place = value.into();
        self
    }
}
