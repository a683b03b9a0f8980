//! A `tracing` subscriber that records events as lines of text.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Runs `code`, and returns its spans and events up to `level`, and its output.
///
/// A line has the form `LEVEL target message field=value…`, indented by two spaces for each span
/// that is entered.
pub(crate) fn events<T>(level: Level, code: impl FnOnce() -> T) -> (Vec<String>, T) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let recorder = Recorder {
        level,
        lines: Arc::clone(&lines),
        depth: AtomicUsize::new(0),
    };
    let output = tracing::subscriber::with_default(recorder, code);
    let lines = std::mem::take(&mut *lines.lock().unwrap());
    (lines, output)
}

struct Recorder {
    level: Level,
    lines: Arc<Mutex<Vec<String>>>,
    /// The number of spans that are entered.
    depth: AtomicUsize,
}

struct Line(String);

impl Visit for Line {
    fn record_str(&mut self, field: &Field, text: &str) {
        self.record_debug(field, &format_args!("{text}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        }
        .unwrap();
    }
}

impl Recorder {
    fn push_line(&self, metadata: &Metadata<'_>, record_fields: impl FnOnce(&mut Line)) {
        let mut line = Line("  ".repeat(self.depth.load(Ordering::Relaxed)));
        write!(line.0, "{} {}", metadata.level(), metadata.target()).unwrap();
        record_fields(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.push_line(span.metadata(), |line| span.record(line));
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        self.push_line(event.metadata(), |line| event.record(line));
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {
        self.depth.fetch_add(1, Ordering::Relaxed);
    }

    fn exit(&self, _: &Id) {
        self.depth.fetch_sub(1, Ordering::Relaxed);
    }
}
