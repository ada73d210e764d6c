//! Timelines as pictures.

use std::io::{self, Write};
use std::time::Duration;

use crate::{LaneId, TaskGraph, Timeline};

const WIDTH: f64 = 960.0;
/// Where lanes start, behind their names.
const LEFT: f64 = 120.0;
const TOP: f64 = 12.0;
const ROW: f64 = 40.0;
const BAR: f64 = 28.0;
/// The ordinary width of a letter at the size of the labels.
const LETTER: f64 = 6.6;
const N_TICKS: u32 = 5;

/// Writes a timeline as an SVG picture: a row for each lane, a bar for each task, the critical path in a darker colour,
/// and an axis of time. Names are shown where they fit, and by the browser for every bar under the pointer.
///
/// # Errors
/// If `out` cannot be written to.
///
/// # Panics
/// If the timeline is not one of the graph.
///
/// # Examples
/// ```
/// use cdmpp_replay::{TaskGraph, replay, write_svg};
///
/// let mut graph = TaskGraph::new();
/// let lane = graph.add_lane("cpu");
/// graph.add_task("a < b", lane)?;
/// let mut svg = Vec::new();
/// write_svg(&graph, &replay(&graph, |_| 1e-3)?, &mut svg)?;
/// assert!(String::from_utf8(svg)?.contains("<title>a &lt; b: 1.0 ms from 0.0 ms</title>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_svg(graph: &TaskGraph, timeline: &Timeline, mut out: impl Write) -> io::Result<()> {
    let height = TOP + ROW * graph.n_lanes() as f64 + 30.0;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>"
    )?;
    let end = timeline.makespan().as_secs_f64().max(f64::MIN_POSITIVE);
    let x = |time: Duration| LEFT + (WIDTH - LEFT - 30.0) * time.as_secs_f64() / end;
    let y = |lane: LaneId| TOP + ROW * lane.index() as f64;
    for lane in graph.lane_ids() {
        let (at, name) = (y(lane) + BAR / 2.0 + 4.0, escaped(graph.lane_name(lane)));
        writeln!(out, "<text x=\"{:.1}\" y=\"{at:.1}\" text-anchor=\"end\">{name}</text>", LEFT - 8.0)?;
    }
    let mut critical = vec![false; graph.n_tasks()];
    timeline.critical_path().iter().for_each(|task| critical[task.index()] = true);
    for span in timeline.spans().iter().filter(|span| !span.duration().is_zero()) {
        let (left, top) = (x(span.start), y(span.lane));
        let width = x(span.end) - left;
        let (fill, ink) = if critical[span.task.index()] { ("#9f2d2d", "white") } else { ("#a9c3e0", "black") };
        let name = escaped(graph.name(span.task));
        let (duration, start) = (millis(span.duration()), millis(span.start));
        writeln!(
            out,
            "<g><title>{name}: {duration} from {start}</title><rect x=\"{left:.2}\" y=\"{top:.1}\" width=\"{width:.2}\" \
             height=\"{BAR}\" fill=\"{fill}\" stroke=\"white\" stroke-width=\"0.5\"/>"
        )?;
        if graph.name(span.task).chars().count() as f64 * LETTER < width {
            let (x, y) = (left + width / 2.0, top + BAR / 2.0 + 4.0);
            write!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\" fill=\"{ink}\">{name}</text>")?;
        }
        writeln!(out, "</g>")?;
    }
    for tick in 0..=N_TICKS {
        let time = timeline.makespan() * tick / N_TICKS;
        let (x, y, label) = (x(time), height - 8.0, millis(time));
        writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\" fill=\"#555\">{label}</text>")?;
    }
    writeln!(out, "</svg>")?;
    out.flush()
}

fn millis(time: Duration) -> String {
    format!("{:?} ms", (time.as_secs_f64() * 1e6).round() / 1e3)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
