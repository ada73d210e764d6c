//! Values and gradients against PyTorch's and against finite differences.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "candle")]
mod tensors;

use cdmpp_adapt::{AdaptError, Discrepancy, cmd, cmd_within, coral, mmd};

/// A discrepancy with its settings, of rows of three.
type Function = fn(&[f32], &[f32]) -> Result<Discrepancy, AdaptError>;

/// What PyTorch gives for a discrepancy.
struct Expected {
    name: &'static str,
    discrepancy: Function,
    value: f64,
    /// One element of the gradient to each set.
    elements: (f64, f64),
    /// The sums of the absolute values of the gradients.
    sums: (f64, f64),
}

/// Made by PyTorch 2.15.0 on a CPU, with these lines:
/// ```python
/// import torch
/// torch.set_default_dtype(torch.float64)
/// i, j = torch.arange(5.0)[:, None], torch.arange(3.0)
/// source = (torch.sin(3 * i + j * j + 1) * 2).requires_grad_()
/// target = (torch.cos(2 * i[:4] - j) * (j + 1) + 0.5).requires_grad_()
///
/// def cmd_within(x, y, k, width):
///     x, y = x / width, y / width
///     mx, my = x.mean(0), y.mean(0)
///     central = lambda p: ((x - mx) ** p).mean(0) - ((y - my) ** p).mean(0)
///     return (mx - my).norm() + sum(central(p).norm() for p in range(2, k + 1))
///
/// def cmd(x, y, k):
///     mean = (x.mean(0) + y.mean(0)) / 2
///     x, y = x - mean, y - mean
///     spread = ((x ** 2).mean() / 2 + (y ** 2).mean() / 2).sqrt()
///     return cmd_within((x / spread).tanh(), (y / spread).tanh(), k, 2)
///
/// def mmd(x, y, bandwidths):
///     square = lambda a, b: ((a[:, None] - b[None]) ** 2).sum(2)
///     k = lambda a, b: sum((-square(a, b) / (2 * s * s)).exp().mean() for s in bandwidths) / len(bandwidths)
///     return k(x, x) - 2 * k(x, y) + k(y, y)
///
/// def coral(x, y):
///     return ((torch.cov(x.T) - torch.cov(y.T)) ** 2).sum() / (4 * x.shape[1] ** 2)
///
/// for value in (cmd(source, target, 1), cmd(source, target, 5), cmd_within(source, target, 5, 1),
///               cmd_within(source, target, 3, 8), mmd(source, target, [0.5, 2, 8]), coral(source, target)):
///     gs, gt = torch.autograd.grad(value, (source, target))
///     print(value.item(), gs[1, 2].item(), gt[3, 0].item(), gs.abs().sum().item(), gt.abs().sum().item())
/// ```
const EXPECTED: [Expected; 6] = [
    Expected {
        name: "cmd, 1 moment",
        discrepancy: |source, target| cmd(source, target, 3, 1),
        value: 0.10203326218003098,
        elements: (-0.003672514180716021, 0.04067187640838038),
        sums: (0.28454033881478047, 0.28734583709095274),
    },
    Expected {
        name: "cmd, 5 moments",
        discrepancy: |source, target| cmd(source, target, 3, 5),
        value: 0.2403889690867006,
        elements: (0.000964593422876353, 0.021438455727333577),
        sums: (0.24943451950471418, 0.2759102069447894),
    },
    Expected {
        name: "cmd_within, as published for CDMPP",
        discrepancy: |source, target| cmd_within(source, target, 3, 5, 1.0),
        value: 111.36903344200262,
        elements: (-23.001478231477854, -0.09509861429210376),
        sums: (120.47207336664997, 312.2832186852583),
    },
    Expected {
        name: "cmd_within, 3 moments",
        discrepancy: |source, target| cmd_within(source, target, 3, 3, 8.0),
        value: 0.14223091075085068,
        elements: (-0.01981919665401816, 0.016621156701799516),
        sums: (0.21242692632705049, 0.21242692632705046),
    },
    Expected {
        name: "mmd",
        discrepancy: |source, target| mmd(source, target, 3, &[0.5, 2.0, 8.0]),
        value: 0.31023618859887925,
        elements: (0.005846472802606731, 0.003062048202609632),
        sums: (0.35460173501639375, 0.20450066931377903),
    },
    Expected {
        name: "coral",
        discrepancy: |source, target| coral(source, target, 3),
        value: 2.540637113393694,
        elements: (0.42799955339580026, -0.1835439278675253),
        sums: (5.514852344652136, 3.33481540473873),
    },
];

fn rows(n: usize, value: impl Fn(f64, f64) -> f64) -> Vec<Vec<f64>> {
    (0..n).map(|i| (0..3).map(|j| value(i as f64, j as f64)).collect()).collect()
}

/// The two sets above: five rows, and four.
fn sets() -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let source = rows(5, |i, j| (3.0 * i + j * j + 1.0).sin() * 2.0);
    let target = rows(4, |i, j| (2.0 * i - j).cos() * (j + 1.0) + 0.5);
    (source, target)
}

/// The two sets in single precision, row by row.
fn slices() -> (Vec<f32>, Vec<f32>) {
    let (source, target) = sets();
    let flat = |rows: Vec<Vec<f64>>| rows.iter().flatten().map(|x| *x as f32).collect();
    (flat(source), flat(target))
}

fn sum_of_magnitudes(slopes: &[f32]) -> f64 {
    slopes.iter().map(|slope| f64::from(slope.abs())).sum()
}

#[test]
fn values_and_gradients_are_those_of_pytorch() {
    let (source, target) = slices();
    for Expected { name, discrepancy, value, elements, sums } in &EXPECTED {
        let found = discrepancy(&source, &target).unwrap();
        let pairs = [
            (found.value, *value),
            (f64::from(found.source_gradient[5]), elements.0),
            (f64::from(found.target_gradient[9]), elements.1),
            (sum_of_magnitudes(&found.source_gradient), sums.0),
            (sum_of_magnitudes(&found.target_gradient), sums.1),
        ];
        for (found, expected) in pairs {
            // The sets are rounded to single precision, which is as far as the answers may differ.
            let error = (found - expected).abs() / expected.abs().max(0.1);
            assert!(error < 2e-6, "{name}: {found} is not {expected}");
        }
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    const STEP: f32 = 1.0 / 4096.0;
    let (source, target) = slices();
    // The slope along one element of a set, given the discrepancy of that set with others.
    let slope = |set: &[f32], place: usize, value: &dyn Fn(&[f32]) -> f64| {
        let [below, above] = [-STEP, STEP].map(|step| {
            let mut set = set.to_vec();
            set[place] += step;
            (f64::from(set[place]), value(&set))
        });
        (above.1 - below.1) / (above.0 - below.0)
    };
    for Expected { name, discrepancy, .. } in &EXPECTED {
        let found = discrepancy(&source, &target).unwrap();
        let check = |found: f32, slope: f64| {
            // The third derivative times the square of the step.
            let error = (f64::from(found) - slope).abs();
            assert!(error < 3e-6 * slope.abs().max(1.0), "{name}: {found} is not {slope}");
        };
        for place in 0..source.len() {
            let expected = slope(&source, place, &|moved| discrepancy(moved, &target).unwrap().value);
            check(found.source_gradient[place], expected);
        }
        for place in 0..target.len() {
            let expected = slope(&target, place, &|moved| discrepancy(&source, moved).unwrap().value);
            check(found.target_gradient[place], expected);
        }
    }
}

#[test]
fn equal_sets_are_at_rest() {
    let (source, _) = slices();
    // A set of one row has no spread at all.
    for set in [&source[..], &source[..3]] {
        for Expected { name, discrepancy, .. } in &EXPECTED {
            let found = discrepancy(set, set).unwrap();
            assert!(found.value.abs() < 1e-15, "{name}: {}", found.value);
            let gradient = sum_of_magnitudes(&found.source_gradient) + sum_of_magnitudes(&found.target_gradient);
            assert!(gradient < 1e-12, "{name}: {gradient}");
        }
    }
}

#[test]
fn the_gradient_of_cmd_does_not_shrink_embeddings() {
    let (source, target) = slices();
    // Growing both sets by one factor would change the discrepancy by the gradient times the sets.
    let along = |set: &[f32], gradient: &[f32]| -> f64 {
        set.iter().zip(gradient).map(|(x, slope)| f64::from(*x) * f64::from(*slope)).sum()
    };
    let growth = |found: Discrepancy| along(&source, &found.source_gradient) + along(&target, &found.target_gradient);
    assert!(growth(cmd(&source, &target, 3, 5).unwrap()).abs() < 1e-7);
    assert!(growth(cmd_within(&source, &target, 3, 5, 8.0).unwrap()) > 0.1);
}
