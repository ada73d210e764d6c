//! Overheads that are known, found again.

use std::time::Duration;

use cdmpp_replay::{
    FitConfig, MeasuredNetwork, OverheadFit, Overheads, ReplayError, TaskGraph, TaskId, Term, fit_overheads, replay,
};
use expect_test::expect;

/// A network by hand: what its programs take alone, their bytes, and its whole under some overheads.
struct Made {
    name: String,
    graph: TaskGraph,
    latencies: Vec<Duration>,
    bytes: Vec<u64>,
    whole: Duration,
}

impl Made {
    /// Chains of programs of many lengths and sizes, alike only by chance.
    fn new(number: u64, n_lanes: usize, overheads: &Overheads) -> Self {
        let mut graph = TaskGraph::new();
        let lanes: Vec<_> = (0..n_lanes).map(|lane| graph.add_lane(format!("lane {lane}"))).collect();
        let n = 40 + 60 * (number as usize % 5);
        let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let scale = 1 + random() % 20;
        let mut before: Option<TaskId> = None;
        let (mut latencies, mut bytes) = (Vec::new(), Vec::new());
        for index in 0..n {
            let task = graph.add_task(format!("task {index}"), lanes[index % n_lanes]).unwrap();
            // On several lanes, every third task waits for the one before, which is on another.
            if let Some(before) = before.replace(task).filter(|_| n_lanes == 1 || index % 3 == 0) {
                graph.add_dependency(before, task).unwrap();
            }
            // One in ten is what a timer alone takes.
            let micros = if index % 10 == 7 { 5 } else { 20 + random() % (30 * scale) };
            latencies.push(Duration::from_micros(micros));
            bytes.push(random() % 1_000_000);
        }
        let with_gaps = overheads.added_to(&graph).unwrap();
        let latency = |task: TaskId| overheads.latency_s(latencies[task.index()].as_secs_f64(), bytes[task.index()]);
        let whole = replay(&with_gaps, latency).unwrap().makespan();
        Self { name: format!("network {number}"), graph, latencies, bytes, whole }
    }

    fn measured(&self) -> MeasuredNetwork<'_> {
        let Self { name, graph, latencies, bytes, whole } = self;
        MeasuredNetwork { name, graph, latencies, bytes, whole: *whole }
    }
}

fn make(n_lanes: usize, overheads: &Overheads) -> Vec<Made> {
    (1..=12).map(|number| Made::new(number, n_lanes, overheads)).collect()
}

/// A fit that trusts its measurements, so that the prior hardly moves it.
fn exact() -> FitConfig {
    FitConfig { noise: 1e-4, ..FitConfig::default() }
}

fn fit(made: &[Made], config: &FitConfig) -> OverheadFit {
    fit_overheads(&made.iter().map(Made::measured).collect::<Vec<_>>(), config).unwrap()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 0.02 * expected + 1e-12, "{found} is not {expected}");
}

#[test]
fn each_overhead_is_found_alone() {
    let none = Overheads::default;
    let gap = Overheads { launch_gap_s: 7e-6, ..none() };
    near(fit(&make(1, &gap), &exact()).overheads.launch_gap_s, 7e-6);
    let hidden = Overheads { hidden_launch_s: 6e-6, ..none() };
    near(fit(&make(1, &hidden), &exact()).overheads.hidden_launch_s, 6e-6);
    let hand_over = Overheads { hand_over_s_per_byte: 0.1e-9, ..none() };
    near(fit(&make(1, &hand_over), &exact()).overheads.hand_over_s_per_byte, 0.1e-9);
    let slowdown = Overheads { slowdown: 0.08, ..none() };
    near(fit(&make(1, &slowdown), &exact()).overheads.slowdown, 0.08);
    let start_up = Overheads { start_up_s: [("lane 0".to_owned(), 0.5e-3)].into(), ..none() };
    near(fit(&make(1, &start_up), &exact()).overheads.start_up_s["lane 0"], 0.5e-3);
}

#[test]
fn several_overheads_are_told_apart() {
    let overheads = Overheads {
        launch_gap_s: 0.0,
        hidden_launch_s: 6e-6,
        hand_over_s_per_byte: 0.1e-9,
        slowdown: 0.08,
        start_up_s: [("lane 0".to_owned(), 0.2e-3)].into(),
    };
    let found = fit(&make(1, &overheads), &exact());
    near(found.overheads.hidden_launch_s, 6e-6);
    near(found.overheads.hand_over_s_per_byte, 0.1e-9);
    near(found.overheads.slowdown, 0.08);
    near(found.overheads.start_up_s["lane 0"], 0.2e-3);
    assert!(found.overheads.launch_gap_s < 0.3e-6, "{found:?}");
    for term in found.terms.iter().filter(|term| term.term != Term::LaunchGap) {
        assert!(term.kept && term.standard_error < 0.2 * term.value, "{term:?}");
    }
    assert_eq!((found.n_networks, found.n_names), (12, 12));
}

/// On several lanes a gap only counts where nothing hides it, and the critical path moves with it.
#[test]
fn several_lanes() {
    let overheads = Overheads { launch_gap_s: 7e-6, slowdown: 0.1, ..Overheads::default() };
    let found = fit(&make(3, &overheads), &exact()).overheads;
    near(found.launch_gap_s, 7e-6);
    near(found.slowdown, 0.1);
}

#[test]
fn where_there_is_none_nothing_is_found() {
    let found = fit(&make(1, &Overheads::default()), &FitConfig::default());
    assert_eq!(found.overheads, Overheads { start_up_s: found.overheads.start_up_s.clone(), ..Overheads::default() });
    assert!(found.overheads.start_up_s.values().all(|value| *value < 1e-9), "{found:?}");
    assert!(found.terms.iter().all(|term| term.value < 1e-9), "{found:?}");
}

/// A label that is off by a factor does not decide, nor does it in the terms that are kept.
#[test]
fn a_wrong_whole_hardly_matters() {
    let overheads = Overheads { launch_gap_s: 7e-6, ..Overheads::default() };
    let mut made = make(1, &overheads);
    made[4].whole *= 3;
    let found = fit(&made, &FitConfig { noise: 0.01, ..FitConfig::default() });
    assert!((found.overheads.launch_gap_s / 7e-6 - 1.0).abs() < 0.1, "{found:?}");
}

/// One whole in the wrong unit, to either side, leaves the fit nearly where it was.
#[test]
fn a_whole_in_the_wrong_unit_hardly_matters() {
    let overheads = Overheads { launch_gap_s: 7e-6, ..Overheads::default() };
    for wrong in [|whole| whole * 1_000, |whole: Duration| whole / 1_000] {
        let mut made = make(1, &overheads);
        made[4].whole = wrong(made[4].whole);
        // Bytes are alike in all of them: a hand-over is hardly told from a gap.
        let terms = vec![Term::LaunchGap, Term::Slowdown, Term::StartUp];
        let found = fit(&made, &FitConfig { noise: 0.01, terms, ..FitConfig::default() });
        assert!((found.overheads.launch_gap_s / 7e-6 - 1.0).abs() < 0.1, "{found:?}");
    }
}

/// Wholes that are off by chance: the standard error is how far the gap goes when all is measured anew.
#[test]
fn standard_errors_are_those_of_repeats() {
    let overheads = Overheads { launch_gap_s: 7e-6, ..Overheads::default() };
    let made = make(1, &overheads);
    let config = FitConfig { noise: 0.02, terms: vec![Term::LaunchGap], ..FitConfig::default() };
    let mut state = 1_u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for _ in 0..200 {
        let repeat = made.iter().map(|made| {
            let error = 0.02 * 12.0_f64.sqrt() * (uniform() - 0.5);
            MeasuredNetwork { whole: made.whole.mul_f64(1.0 + error), ..made.measured() }
        });
        let found = fit_overheads(&repeat.collect::<Vec<_>>(), &config).unwrap();
        values.push(found.terms[0].value);
        errors.push(found.terms[0].standard_error);
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let centre = mean(&values);
    let spread = mean(&values.iter().map(|value| (value - centre).powi(2)).collect::<Vec<_>>()).sqrt();
    assert!((centre / 7e-6 - 1.0).abs() < 0.1, "{centre}");
    assert!((0.8..1.3).contains(&(mean(&errors) / spread)), "{} {spread}", mean(&errors));
}

#[test]
fn without_bytes_there_is_no_hand_over() {
    let mut made = make(1, &Overheads { launch_gap_s: 7e-6, ..Overheads::default() });
    assert!(fit(&made, &exact()).terms.iter().any(|term| term.term == Term::HandOver));
    made[0].bytes.clear();
    assert!(fit(&made, &exact()).terms.iter().all(|term| term.term != Term::HandOver));
    let only = FitConfig { terms: vec![Term::LaunchGap], ..exact() };
    assert!(fit(&made, &only).terms.iter().all(|term| term.term == Term::LaunchGap));
}

/// What the fit says of the gaps that the graph has already is nothing: they are not overheads.
#[test]
fn gaps_of_the_graph_are_no_overheads() {
    let overheads = Overheads { slowdown: 0.1, ..Overheads::default() };
    let mut made = make(2, &Overheads::default());
    for made in &mut made {
        let [x, y] = [0, 1].map(cdmpp_replay::LaneId::new);
        made.graph.set_hand_over(x, y, Duration::from_micros(50)).unwrap();
        made.graph.set_launch_gap(x, Duration::from_micros(20)).unwrap();
        let latency = |task: TaskId| overheads.latency_s(made.latencies[task.index()].as_secs_f64(), 0);
        made.whole = replay(&made.graph, latency).unwrap().makespan();
    }
    let found = fit(&made, &exact()).overheads;
    near(found.slowdown, 0.1);
    assert!(found.launch_gap_s < 1e-8, "{found:?}");
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let made = make(1, &Overheads::default());
    let config = FitConfig::default();
    let refused =
        |networks: &[MeasuredNetwork<'_>], config: &FitConfig| fit_overheads(networks, config).unwrap_err().to_string();
    expect!["overheads cannot be fitted: there is no network that was measured"].assert_eq(&refused(&[], &config));
    expect![
        "overheads cannot be fitted: one network cannot tell what is left of its overheads in another; two or more can"
    ]
    .assert_eq(&refused(&[made[0].measured(), made[0].measured()], &config));
    let nothing = MeasuredNetwork { whole: Duration::ZERO, ..made[0].measured() };
    expect!["overheads cannot be fitted: network `network 1` was measured as 0 s"]
        .assert_eq(&refused(&[nothing, made[1].measured()], &config));
    let short = MeasuredNetwork { latencies: &made[0].latencies[1..], ..made[0].measured() };
    expect!["overheads cannot be fitted: network `network 1` has 100 tasks, 99 latencies and 100 sizes"]
        .assert_eq(&refused(&[short, made[1].measured()], &config));
    let short = MeasuredNetwork { bytes: &[1], ..made[0].measured() };
    expect!["overheads cannot be fitted: network `network 1` has 100 tasks, 100 latencies and 1 sizes"]
        .assert_eq(&refused(&[short, made[1].measured()], &config));

    let both = [made[0].measured(), made[1].measured()];
    expect!["`noise` must be finite and above 0, not 0"]
        .assert_eq(&refused(&both, &FitConfig { noise: 0.0, ..FitConfig::default() }));
    expect!["`ordinary_start_up_s` must be finite and above 0, not NaN"]
        .assert_eq(&refused(&both, &FitConfig { ordinary_start_up_s: f64::NAN, ..FitConfig::default() }));
    let fields: [fn(&mut Overheads) -> &mut f64; 4] = [
        |ordinary| &mut ordinary.launch_gap_s,
        |ordinary| &mut ordinary.hidden_launch_s,
        |ordinary| &mut ordinary.hand_over_s_per_byte,
        |ordinary| &mut ordinary.slowdown,
    ];
    for field in fields {
        let mut config = FitConfig::default();
        *field(&mut config.ordinary) = -1.0;
        assert!(matches!(fit_overheads(&both, &config), Err(ReplayError::Config { .. })));
    }
    let mut named = FitConfig::default();
    named.ordinary.start_up_s.insert("gpu".into(), 1e-3);
    expect!["`ordinary.start_up_s` must be empty: the lanes are those of the networks, not 0.001"]
        .assert_eq(&refused(&both, &named));
}

#[test]
fn overheads_that_are_none_are_refused() {
    let graph = TaskGraph::new();
    for overheads in [
        Overheads { launch_gap_s: -1e-6, ..Overheads::default() },
        Overheads { hidden_launch_s: f64::NAN, ..Overheads::default() },
        Overheads { hand_over_s_per_byte: f64::INFINITY, ..Overheads::default() },
        Overheads { slowdown: -0.1, ..Overheads::default() },
        Overheads { start_up_s: [("gpu".to_owned(), -1.0)].into(), ..Overheads::default() },
    ] {
        assert!(matches!(overheads.added_to(&graph), Err(ReplayError::Config { .. })), "{overheads:?}");
    }
}

/// A latency that is none stays none, for the replay to refuse.
#[test]
fn overheads_do_not_mend_latencies() {
    let overheads = Overheads { hidden_launch_s: 1e-6, slowdown: 0.1, ..Overheads::default() };
    for bad in [f64::NAN, f64::INFINITY, -1e-3] {
        let after = overheads.latency_s(bad, 0);
        assert!(!(0.0..f64::INFINITY).contains(&after), "{bad}: {after}");
    }
    assert_eq!(overheads.latency_s(0.0, 1_000), 0.0);
}
