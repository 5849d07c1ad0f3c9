//! A watch, event by event.

use std::collections::VecDeque;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use serde_json::Value;

/// How long an event may take that must come.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long nothing must come.
const QUIET: Duration = Duration::from_millis(400);

pub(crate) struct Watch {
    stream: BoxStream<'static, Vec<u8>>,
    buffer: Vec<u8>,
    events: VecDeque<Value>,
}

impl Watch {
    pub(crate) fn new(body: kube::client::Body) -> Self {
        let frames = http_body_util::BodyExt::into_data_stream(body);
        // A connection that breaks off has ended.
        let stream = frames
            .take_while(|frame| std::future::ready(frame.is_ok()))
            .map(|frame| frame.unwrap().to_vec())
            .boxed();
        Self { stream, buffer: Vec::new(), events: VecDeque::new() }
    }

    /// The next event; none where the server has ended the watch.
    async fn event_within(&mut self, limit: Duration) -> Option<Option<Value>> {
        let read = async {
            loop {
                if let Some(event) = self.events.pop_front() {
                    return Some(event);
                }
                let frame = self.stream.next().await?;
                self.buffer.extend(frame);
                while let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = self.buffer.drain(..=end).collect();
                    if !line.trim_ascii().is_empty() {
                        self.events.push_back(serde_json::from_slice(&line).expect("an event is JSON"));
                    }
                }
            }
        };
        tokio::time::timeout(limit, read).await.ok()
    }

    /// The next event's type and object.
    #[track_caller]
    pub(crate) fn next(&mut self) -> impl Future<Output = (String, Value)> {
        let caller = std::panic::Location::caller();
        async move {
            match self.event_within(PATIENCE).await {
                Some(Some(mut event)) => {
                    (event["type"].as_str().unwrap_or_default().to_owned(), event["object"].take())
                }
                Some(None) => panic!("{caller}: the watch has ended"),
                None => panic!("{caller}: no event in {PATIENCE:?}"),
            }
        }
    }

    /// The next events' types and names: `["ADDED a", "DELETED a"]`.
    #[track_caller]
    pub(crate) fn next_named<const N: usize>(&mut self) -> impl Future<Output = [String; N]> {
        let caller = std::panic::Location::caller();
        async move {
            let mut found = [const { String::new() }; N];
            for place in &mut found {
                *place = match self.event_within(PATIENCE).await {
                    Some(Some(event)) => format!(
                        "{} {}",
                        event["type"].as_str().unwrap_or_default(),
                        event["object"]["metadata"]["name"].as_str().unwrap_or_default()
                    ),
                    Some(None) => panic!("{caller}: the watch has ended"),
                    None => panic!("{caller}: no event in {PATIENCE:?}"),
                };
            }
            found
        }
    }

    /// That nothing comes for a moment.
    #[track_caller]
    pub(crate) fn quiet(&mut self) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            match self.event_within(QUIET).await {
                None => {}
                Some(Some(event)) => panic!("{caller}: {event}"),
                Some(None) => panic!("{caller}: the watch has ended"),
            }
        }
    }

    /// All that comes until the server ends it.
    pub(crate) async fn until_end(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        while let Some(event) = self.event_within(PATIENCE).await.expect("the watch ends") {
            events.push(event);
        }
        events
    }
}
