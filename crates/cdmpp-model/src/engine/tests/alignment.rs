//! The gradient of blends: parts in proportion, and a discrepancy between source and target.

use std::error::Error;

use super::*;
use crate::blend::{AlignedLayer, Alignment, Compared};

/// Means and second moments, of which the latter weigh more: a discrepancy that no layer's gradient can leave out.
fn discrepancy(source: &[f32], target: &[f32], width: usize) -> Result<Compared, Box<dyn Error + Send + Sync>> {
    let moment = |rows: &[f32], power: i32, column: usize| {
        let xs = rows.iter().skip(column).step_by(width).map(|x| f64::from(*x).powi(power));
        xs.sum::<f64>() / (rows.len() / width) as f64
    };
    let mut found =
        Compared { value: 0.0, source_gradient: vec![0.0; source.len()], target_gradient: vec![0.0; target.len()] };
    for column in 0..width {
        for (power, weight) in [(1, 1.0), (2, 3.0)] {
            let apart = moment(source, power, column) - moment(target, power, column);
            found.value += weight * apart * apart;
            let sides = [(source, &mut found.source_gradient, 1.0), (target, &mut found.target_gradient, -1.0)];
            for (rows, gradient, sign) in sides {
                let n = (rows.len() / width) as f64;
                let slopes = gradient.iter_mut().zip(rows).skip(column).step_by(width);
                slopes.for_each(|(slope, x)| {
                    let inner = f64::from(power) * f64::from(*x).powi(power - 1) / n;
                    *slope += (2.0 * weight * apart * sign * inner) as f32;
                });
            }
        }
    }
    Ok(found)
}

/// Two parts of different weights; the target is in neither.
const PARTS: [(&[u32], f64); 2] = [(&[3, 0, 5, 1], 0.7), (&[6, 2], 0.2)];
const TARGET: [u32; 4] = [10, 4, 8, 11];

fn blend<'a>(layer: AlignedLayer, weight: f64) -> Blend<'a> {
    let alignment = Alignment { discrepancy: &discrepancy, layer, weight, source: PARTS[0].0, target: &TARGET };
    Blend { parts: &PARTS, alignment: Some(alignment) }
}

impl Case {
    fn blend_by_engine(&self, parameters: &[f32], blend: &Blend<'_>) -> (f64, Vec<f32>) {
        let mut engine = self.engine();
        let own = engine.take(parameters);
        let mut gradient = vec![0.0; own.len()];
        let sums = self.with_examples(|examples| engine.gradient(&own, examples, blend, 5, &mut gradient).unwrap());
        let mut all = vec![0.0; parameters.len()];
        engine.put(&gradient, &mut all);
        (sums.loss, all)
    }

    fn blend_by_candle(&self, parameters: &[f32], blend: &Blend<'_>) -> (f64, Vec<f32>) {
        let mut autograd = self.autograd();
        let mut gradient = vec![0.0; parameters.len()];
        let step = |examples: &Examples<'_>| autograd.gradient(parameters, examples, blend, 5, &mut gradient).unwrap();
        let sums = self.with_examples(step);
        (sums.loss, gradient)
    }
}

/// The layers of a shape that there is something to compare at.
fn layers(config: &PredictorConfig) -> &'static [AlignedLayer] {
    if config.head_hidden.is_empty() { &[AlignedLayer::Program] } else { &[AlignedLayer::Program, AlignedLayer::Pair] }
}

#[test]
fn a_blend_has_the_loss_and_gradient_of_autograd() {
    for (i, config) in configs().iter().enumerate() {
        for n_shards in [1, 3] {
            let case = Case::new(config, &LEAVES, n_shards);
            let parameters = case.parameters();
            let without = case.blend_by_engine(&parameters, &Blend { parts: &PARTS, alignment: None });
            for layer in layers(config) {
                let blend = blend(*layer, 2.0);
                let (loss, gradient) = case.blend_by_engine(&parameters, &blend);
                let (expected_loss, expected) = case.blend_by_candle(&parameters, &blend);
                assert!((loss - expected_loss).abs() < 1e-5 * expected_loss, "{i}: {loss} is not {expected_loss}");
                assert_near(&gradient, &expected, 1e-5, &layout(&case));
                assert!((without.0 - loss).abs() < 1e-9 * loss, "the discrepancy is not in the loss");
                assert_ne!(without.1, gradient);
            }
        }
    }
}

/// Under dropout and noise, which both passes of a step must draw alike.
#[test]
fn the_gradient_of_a_discrepancy_is_its_slope() {
    for (i, config) in configs().into_iter().enumerate() {
        let mut config = config;
        config.transformer.dropout = 0.3;
        config.transformer.n_layers = config.transformer.n_layers.min(2);
        for layer in layers(&config) {
            let mut case = Case::new(&config, &LEAVES, 2);
            case.config.hardware_noise = 0.2;
            let parameters = case.parameters();
            // Of the discrepancy alone: what it sees is kept on the way.
            let value = std::cell::Cell::new(0.0);
            let keep = |source: &[f32], target: &[f32], width: usize| {
                let found = discrepancy(source, target, width)?;
                value.set(found.value);
                Ok(found)
            };
            let parts: [(&[u32], f64); 1] = [(PARTS[0].0, 0.0)];
            let alignment =
                Alignment { discrepancy: &keep, layer: *layer, weight: 1.0, source: PARTS[0].0, target: &TARGET };
            let blend = Blend { parts: &parts, alignment: Some(alignment) };
            let (_, gradient) = case.blend_by_engine(&parameters, &blend);
            let mut rng = generator(i as u64, "direction");
            for (name, place) in &layout(&case).places {
                let direction: Vec<f64> = place.clone().map(|_| rng.random_range(-1.0..1.0)).collect();
                let expected: f64 =
                    direction.iter().zip(&gradient[place.clone()]).map(|(x, g)| x * f64::from(*g)).sum();
                let size = (direction.iter().map(|x| x * x).sum::<f64>()).sqrt();
                let at = |by: f64| {
                    let mut moved = parameters.clone();
                    for (x, along) in moved[place.clone()].iter_mut().zip(&direction) {
                        *x += (by * along) as f32;
                    }
                    case.blend_by_engine(&moved, &blend);
                    value.get()
                };
                let slopes = [3e-3, 1e-3, 3e-4].map(|step| (at(step / size) - at(-step / size)) * size / (2.0 * step));
                // What it compares is rounded to single precision, in proportion to its size.
                let tolerance = 0.01 * expected.abs() + 1e-3 * size * at(0.0).max(1.0);
                let is_near = |slope: &f64| (slope - expected).abs() < tolerance;
                assert!(slopes.iter().any(is_near), "{i} {layer:?} {name}: {slopes:?} is not {expected}");
                // Behind what it compares, nothing moves it.
                let is_behind = match layer {
                    AlignedLayer::Program => name.starts_with("head") || name.starts_with("hardware"),
                    AlignedLayer::Pair => name.starts_with(&format!("head.{}", config.head_hidden.len())),
                };
                assert_eq!(gradient[place.clone()].iter().all(|g| *g == 0.0), is_behind, "{i} {layer:?} {name}");
            }
        }
    }
}
