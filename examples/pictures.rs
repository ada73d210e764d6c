//! The pictures of `new_hardware`.

use std::path::Path;

use anyhow::{Context, Result};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

/// The error of a way of choosing, by the number of measured tasks.
pub(crate) struct Curve {
    name: &'static str,
    zero_shot: f64,
    pub(crate) points: Vec<(usize, f64)>,
}

impl Curve {
    pub(crate) fn new(name: &'static str, zero_shot: f64) -> Self {
        Self { name, zero_shot, points: Vec::new() }
    }
}

/// Blue and orange, which colour-blind people tell apart.
const COLOURS: [RGBColor; 2] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0)];
const FONT: (&str, u32) = ("sans-serif", 15);

/// Draws errors against budgets.
pub(crate) fn draw_budgets(path: &Path, hardware: &str, curves: &[Curve]) -> Result<()> {
    let root = SVGBackend::new(path, (640, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let most = points().map(|(budget, _)| *budget).max().context("there is a budget")? as f64;
    let worst = points().map(|(_, error)| *error).chain(curves.iter().map(|curve| curve.zero_shot)).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(&root)
        .caption(format!("error on {hardware}"), FONT)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(55)
        .build_cartesian_2d(0.0..1.05 * most, 0.0..110.0 * worst)?;
    chart
        .configure_mesh()
        .x_desc("measured tasks (0: from the data sheet alone)")
        .y_desc("mean error, %")
        .label_style(FONT)
        .light_line_style(WHITE)
        .draw()?;
    for (curve, colour) in curves.iter().zip(COLOURS) {
        let points: Vec<(f64, f64)> = std::iter::once((0.0, 100.0 * curve.zero_shot))
            .chain(curve.points.iter().map(|(budget, error)| (*budget as f64, 100.0 * error)))
            .collect();
        chart
            .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?
            .label(curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
    }
    draw_legend(&mut chart)?;
    root.present().context("the picture cannot be written")
}

type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws the legend where there is the least in both pictures.
fn draw_legend(chart: &mut Chart<'_>) -> Result<()> {
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .label_font(FONT)
        .border_style(BLACK.mix(0.3))
        .background_style(WHITE)
        .draw()
        .context("the legend cannot be drawn")
}

/// A title, and the rows of known hardware and of the new one.
pub(crate) type Panel = (&'static str, [Vec<Vec<f32>>; 2]);

/// Draws embeddings side by side, each in its own two principal components.
pub(crate) fn draw_embeddings(path: &Path, hardware: &str, panels: &[Panel; 2]) -> Result<()> {
    let root = SVGBackend::new(path, (900, 440)).into_drawing_area();
    root.fill(&WHITE)?;
    for ((title, sides), area) in panels.iter().zip(root.split_evenly((1, 2))) {
        let [known, new] = project(sides);
        let range = |axis: usize| {
            let along = known.iter().chain(&new).map(|point| point[axis]);
            let (low, high) = along.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
            low..high
        };
        let mut chart =
            ChartBuilder::on(&area).caption(*title, FONT).margin(12).build_cartesian_2d(range(0), range(1))?;
        chart.configure_mesh().disable_mesh().disable_axes().draw()?;
        for ((points, name), colour) in [(&known, "known GPUs"), (&new, hardware)].into_iter().zip(COLOURS) {
            let dot = |point: &[f64; 2]| Circle::new((point[0], point[1]), 2, colour.mix(0.5).filled());
            chart
                .draw_series(points.iter().map(dot))?
                .label(name)
                .legend(move |(x, y)| Circle::new((x + 9, y), 4, colour.filled()));
        }
        draw_legend(&mut chart)?;
    }
    root.present().context("the picture cannot be written")
}

/// Both sides in the two principal components of all rows together.
fn project(sides: &[Vec<Vec<f32>>; 2]) -> [Vec<[f64; 2]>; 2] {
    let rows = || sides.iter().flatten();
    let (n, dim) = (rows().count().max(1) as f64, rows().map(Vec::len).next().unwrap_or(0));
    let mut mean = vec![0.0; dim];
    rows().for_each(|row| mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += f64::from(*x) / n));
    let centred: Vec<Vec<f64>> =
        rows().map(|row| row.iter().zip(&mean).map(|(x, mean)| f64::from(*x) - mean).collect()).collect();
    let first = principal(&centred, None);
    let second = principal(&centred, Some(&first));
    let mut points = centred.iter().map(|row| [dot(row, &first), dot(row, &second)]);
    let known = points.by_ref().take(sides[0].len()).collect();
    [known, points.collect()]
}

/// The direction of the largest variance, apart from one that is known already, by power iteration.
fn principal(rows: &[Vec<f64>], apart_from: Option<&[f64]>) -> Vec<f64> {
    let dim = rows.first().map_or(0, Vec::len);
    let mut direction: Vec<f64> = (0..dim).map(|i| 1.0 + (i % 7) as f64).collect();
    for _ in 0..50 {
        let mut next = vec![0.0; dim];
        for row in rows {
            let along = dot(row, &direction);
            next.iter_mut().zip(row).for_each(|(sum, x)| *sum += along * x);
        }
        if let Some(known) = apart_from {
            let along = dot(&next, known);
            next.iter_mut().zip(known).for_each(|(x, known)| *x -= along * known);
        }
        let length = dot(&next, &next).sqrt().max(f64::MIN_POSITIVE);
        direction = next.into_iter().map(|x| x / length).collect();
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
