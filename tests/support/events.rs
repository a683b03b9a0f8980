//! A `tracing` subscriber that keeps events as lines.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The events of `code` up to `level`, as `LEVEL target message field=value…`, indented within spans.
pub(crate) fn events<T>(level: Level, code: impl FnOnce() -> T) -> (Vec<String>, T) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let keeper = Keeper {
        level,
        lines: Arc::clone(&lines),
        depth: AtomicUsize::new(0),
    };
    let answer = tracing::subscriber::with_default(keeper, code);
    let lines = std::mem::take(&mut *lines.lock().unwrap());
    (lines, answer)
}

struct Keeper {
    level: Level,
    lines: Arc<Mutex<Vec<String>>>,
    /// The number of spans around.
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

impl Keeper {
    fn keep(&self, about: &Metadata<'_>, record: impl FnOnce(&mut Line)) {
        let mut line = Line("  ".repeat(self.depth.load(Ordering::Relaxed)));
        write!(line.0, "{} {}", about.level(), about.target()).unwrap();
        record(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }
}

impl Subscriber for Keeper {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        *about.level() <= self.level
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.keep(span.metadata(), |line| span.record(line));
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        self.keep(event.metadata(), |line| event.record(line));
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
