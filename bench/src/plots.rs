//! What was found, as plots in SVG: bars with the median, and a line from the first quartile to the
//! third or to p99.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Found;
use crate::cold::Condition;
use crate::stats::{median, quantile};

const WIDTH: u32 = 860;
/// Of one bar with the room around it, and of title and axis together.
const ROW: u32 = 34;
const AROUND: u32 = 100;
/// Of the names on the left.
const NAMES: u32 = 230;
const OURS: RGBColor = RGBColor(38, 110, 180);
const OTHERS: RGBColor = RGBColor(150, 150, 150);

/// A bar: whose it is, its figure, and the line over it.
struct Bar {
    name: &'static str,
    figure: f64,
    line: (f64, f64),
}

/// Draws all plots into `folder`.
pub fn draw(found: &Found, folder: &Path) -> Result<()> {
    let colds = |pick: fn(&crate::cold::Cold) -> &[f64]| -> Vec<Bar> {
        let usual = found.cold.iter().filter(|cold| cold.condition == Condition::USUAL);
        usual.map(|cold| bar(cold.peer.name(), pick(cold), (0.25, 0.75))).collect()
    };
    let note = "median of 20 starts, line: quartiles; all of the machine, files in memory";
    bars(
        &folder.join("start.svg"),
        "From starting the process to its first poll, ms",
        note,
        &colds(|cold| &cold.ready),
    )?;
    let answered = colds(|cold| &cold.answered);
    bars(
        &folder.join("first-event.svg"),
        "From starting the process to the first event answered, ms",
        note,
        &answered,
    )?;

    let events: Vec<Bar> =
        found.warm.iter().map(|warm| bar(warm.peer.name(), &warm.event, (0.5, 0.99))).collect();
    bars(
        &folder.join("event.svg"),
        "One event of a function that runs, µs",
        "median, line: to p99",
        &events,
    )?;
    let memory: Vec<Bar> = found
        .warm
        .iter()
        .map(|warm| Bar { name: warm.peer.name(), figure: warm.peak, line: (warm.peak, warm.peak) })
        .collect();
    bars(
        &folder.join("memory.svg"),
        "The most resident memory, MB",
        "after thousands of events",
        &memory,
    )
}

fn bar(name: &'static str, figures: &[f64], (from, to): (f64, f64)) -> Bar {
    Bar { name, figure: median(figures), line: (quantile(figures, from), quantile(figures, to)) }
}

fn bars(file: &Path, title: &str, note: &str, bars: &[Bar]) -> Result<()> {
    let height = AROUND + ROW * bars.len() as u32;
    let root = SVGBackend::new(file, (WIDTH, height)).into_drawing_area();
    plot(&root, title, note, bars)
        .map_err(|error| anyhow!("{} can't be drawn: {error}", file.display()))
}

fn plot<B: DrawingBackend>(
    root: &DrawingArea<B, plotters::coord::Shift>,
    title: &str,
    note: &str,
    bars: &[Bar],
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    root.fill(&WHITE)?;
    let most = bars.iter().map(|bar| bar.figure.max(bar.line.1)).fold(0.0, f64::max);
    let count = bars.len() as f64;
    // Room on the right for the last figure.
    let mut chart = ChartBuilder::on(root)
        .caption(title, ("sans-serif", 17))
        .margin(10)
        .margin_left(NAMES)
        .x_label_area_size(42)
        .build_cartesian_2d(0.0..most * 1.12, 0.0..count)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .light_line_style(TRANSPARENT)
        .x_desc(note)
        .label_style(("sans-serif", 13))
        .draw()?;
    let left =
        TextStyle::from(("sans-serif", 14).into_font()).pos(Pos::new(HPos::Right, VPos::Center));
    let right =
        TextStyle::from(("sans-serif", 14).into_font()).pos(Pos::new(HPos::Left, VPos::Center));
    for (place, bar) in bars.iter().enumerate() {
        let middle = count - place as f64 - 0.5;
        let colour = if bar.name.starts_with("bootstrap") { OURS } else { OTHERS };
        let (from, to) = bar.line;
        let shape =
            Rectangle::new([(0.0, middle - 0.32), (bar.figure, middle + 0.32)], colour.filled());
        chart.draw_series([shape])?;
        chart.draw_series([PathElement::new(
            [(from, middle), (to, middle)],
            BLACK.stroke_width(2),
        )])?;
        let figure = if bar.figure < 100.0 {
            format!("{:.1}", bar.figure)
        } else {
            format!("{:.0}", bar.figure)
        };
        let beside = (bar.figure.max(to) + most * 0.01, middle);
        chart.draw_series([Text::new(figure, beside, right.clone())])?;
        let (x, y) = chart.backend_coord(&(0.0, middle));
        root.draw(&Text::new(bar.name, (x - 8, y), left.clone()))?;
    }
    root.present()
}
