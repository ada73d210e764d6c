//! The loss on candle's tensors.

use candle_core::{Result, Tensor};

use crate::label::SMALLEST_BASE;
use crate::{LabelTransform, LossConfig};

/// The sum of the losses of samples; dividing by their number is the caller's, who may hold only a part of a batch.
///
/// # Shapes
/// `predicted_labels`, `labels`, `predicted_logs` and `logs` are `(n)`; the result is a scalar.
pub(crate) fn hybrid_loss(
    config: &LossConfig,
    (predicted_labels, labels): (&Tensor, &Tensor),
    (predicted_logs, logs): (&Tensor, &Tensor),
) -> Result<Tensor> {
    let delta = config.huber_delta;
    let error = (predicted_labels - labels)?.abs()?;
    // Huber as q·(e − q/2) with q = min(e, δ): a square below δ and a line above.
    let quadratic = error.minimum(delta)?;
    let huber = (&quadratic * (&error - (&quadratic * 0.5)?)?)?.sum_all()?;
    let huber = (huber * (config.label_weight / delta))?;
    if config.ape_weight == 0.0 {
        return Ok(huber);
    }
    let cap = 4_f64.ln();
    let d = (predicted_logs - logs)?;
    let below = d.minimum(cap)?;
    let above = ((&d - &below)? * cap.exp())?;
    let ape = (((below.exp()? - 1.0)? + above)?).abs()?.sum_all()?;
    huber + (ape * config.ape_weight)?
}

/// The natural logarithm of the latencies of labels, with gradients.
///
/// # Shapes
/// `labels` of any shape; the result has the same.
pub(crate) fn log_latency(transform: &LabelTransform, labels: &Tensor) -> Result<Tensor> {
    let LabelTransform { lambda, unit, mean, deviation } = *transform;
    let x = labels.affine(deviation, mean)?;
    let log = if lambda == 0.0 {
        x
    } else {
        x.affine(lambda, 1.0)?.maximum(SMALLEST_BASE)?.log()?.affine(1.0 / lambda, 0.0)?
    };
    log.affine(1.0, unit.ln())
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::LabelKind;
    use crate::examples::Labelled;
    use crate::loss::sample_loss;

    const CONFIG: LossConfig = LossConfig { label_weight: 2.0, huber_delta: 0.1, ape_weight: 0.5 };

    fn loss(config: &LossConfig, predicted_labels: &Tensor, predicted_logs: &Tensor) -> Tensor {
        let labels = Tensor::new(&[0.5, -1.0, 2.0], &Device::Cpu).unwrap();
        let logs = Tensor::new(&[-10.0, -8.0, -6.0], &Device::Cpu).unwrap();
        hybrid_loss(config, (predicted_labels, &labels), (predicted_logs, &logs)).unwrap()
    }

    /// ```python
    /// import numpy as np
    /// x, z = np.array([0.5, -1.0, 2.0]), np.array([0.45, -0.2, 5.0])
    /// ly, lz = np.array([-10.0, -8.0, -6.0]), np.array([-10.1, -7.5, -3.0])
    /// e, d = abs(z - x), lz - ly
    /// huber = np.where(e < 0.1, e * e / 2, 0.1 * (e - 0.05))
    /// ape = abs(np.exp(np.minimum(d, np.log(4))) - 1 + 4 * np.maximum(d - np.log(4), 0))
    /// print(2 * huber.sum() / 0.1, 0.5 * ape.sum())
    /// ```
    #[test]
    fn agrees_with_numpy_and_has_the_right_gradient() {
        let (labels, logs) = ([0.45, -0.2, 5.0], [-10.1, -7.5, -3.0]);
        let (label_var, log_var) = (Var::new(&labels, &Device::Cpu).unwrap(), Var::new(&logs, &Device::Cpu).unwrap());
        let total = loss(&CONFIG, &label_var, &log_var);
        assert!((total.to_scalar::<f64>().unwrap() - 12.524_353_204_092_304).abs() < 1e-9);

        let grads = total.backward().unwrap();
        let at = |labels: [f64; 3], logs: [f64; 3]| {
            let new = |xs: [f64; 3]| Tensor::new(&xs, &Device::Cpu).unwrap();
            loss(&CONFIG, &new(labels), &new(logs)).to_scalar::<f64>().unwrap()
        };
        let moved = |mut xs: [f64; 3], i: usize, by: f64| {
            xs[i] += by;
            xs
        };
        for i in 0..3 {
            let by_label = (at(moved(labels, i, 1e-6), logs) - at(moved(labels, i, -1e-6), logs)) / 2e-6;
            let by_log = (at(labels, moved(logs, i, 1e-6)) - at(labels, moved(logs, i, -1e-6))) / 2e-6;
            for (var, slope) in [(&label_var, by_label), (&log_var, by_log)] {
                let grad = grads.get(var).unwrap().to_vec1::<f64>().unwrap()[i];
                assert!((grad - slope).abs() < 1e-5, "{i}: {grad} is not {slope}");
            }
        }
    }

    #[test]
    fn nothing_is_lost_at_the_truth_and_a_wild_prediction_is_finite() {
        let new = |xs: [f64; 3]| Tensor::new(&xs, &Device::Cpu).unwrap();
        let truth = loss(&CONFIG, &new([0.5, -1.0, 2.0]), &new([-10.0, -8.0, -6.0]));
        assert_eq!(truth.to_scalar::<f64>().unwrap(), 0.0);
        let wild = loss(&CONFIG, &new([1e4, -1e4, 1e4]), &new([1e4, -1e4, 1e4]));
        assert!(wild.to_scalar::<f64>().unwrap().is_finite());
    }

    #[test]
    fn a_weight_of_zero_switches_a_term_off() {
        let new = |xs: [f64; 3]| Tensor::new(&xs, &Device::Cpu).unwrap();
        let of = |label_weight, ape_weight| {
            let config = LossConfig { label_weight, ape_weight, ..CONFIG };
            loss(&config, &new([0.45, -0.2, 5.0]), &new([-10.1, -7.5, -3.0])).to_scalar::<f64>().unwrap()
        };
        assert!((of(2.0, 0.0) + of(0.0, 0.5) - of(2.0, 0.5)).abs() < 1e-9);
        assert!((of(2.0, 0.0) - 7.425).abs() < 1e-9);
    }

    #[test]
    fn one_sample_has_the_loss_and_slope_of_tensors() {
        let truth = [2e-6, 3e-5, 1e-4, 5e-3];
        let configs = [CONFIG, LossConfig { ape_weight: 0.0, ..CONFIG }, LossConfig { label_weight: 0.0, ..CONFIG }];
        for (config, kind) in configs.iter().flat_map(|config| [(config, LabelKind::Log), (config, LabelKind::BoxCox)])
        {
            let labels = LabelTransform::fit(kind, &truth).unwrap();
            let new = |x: f64| Tensor::new(&[x], &Device::Cpu).unwrap();
            for (seconds, predicted) in truth.into_iter().flat_map(|y| [-4.0, -0.6, 0.05, 1.1, 6.0].map(|x| (y, x))) {
                let measured = Labelled { hardware: 0, units: seconds, label: labels.forward(seconds) as f32 };
                let (loss, slope) = sample_loss(config, &labels, predicted as f32, &measured);
                let var = Var::new(&[f64::from(predicted as f32)], &Device::Cpu).unwrap();
                let pairs =
                    ((&*var, &new(measured.label.into())), (&log_latency(&labels, &var).unwrap(), &new(seconds.ln())));
                let expected = hybrid_loss(config, pairs.0, pairs.1).unwrap();
                let grads = expected.backward().unwrap();
                let expected_slope = grads.get(&var).unwrap().to_vec1::<f64>().unwrap()[0];
                let near = |found: f64, expected: f64| (found - expected).abs() < 1e-9 * (1.0 + expected.abs());
                assert!(near(loss, expected.to_scalar().unwrap()), "{config:?} {kind:?} {seconds} {predicted}: {loss}");
                assert!(near(slope, expected_slope), "{config:?} {kind:?} {seconds} {predicted}: {slope}");
            }
        }
        let labels = LabelTransform::fit(LabelKind::Log, &truth).unwrap();
        let measured = Labelled { hardware: 0, units: 1e-5, label: 0.0 };
        let (loss, slope) = sample_loss(&CONFIG, &labels, f32::NAN, &measured);
        assert!(loss.is_nan() && slope.is_nan());
    }
}
