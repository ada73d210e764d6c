//! What is refused, and with what words.

use std::time::Duration;

use cdmpp_replay::{LaneId, ReplayError, TaskGraph, TaskId, error_effect, replay, replay_in_order};
use expect_test::{Expect, expect};

fn check<T: std::fmt::Debug>(result: Result<T, ReplayError>, expect: Expect) {
    expect.assert_eq(&result.unwrap_err().to_string());
}

/// `a → b → c` on one lane.
fn chain() -> (TaskGraph, [TaskId; 3]) {
    let mut graph = TaskGraph::new();
    let lane = graph.add_lane("cpu");
    let tasks = ["a", "b", "c"].map(|name| graph.add_task(name, lane).unwrap());
    graph.add_dependencies([(tasks[0], tasks[1]), (tasks[1], tasks[2])]).unwrap();
    (graph, tasks)
}

#[test]
fn unknown_lanes_and_tasks() {
    let (mut graph, [a, ..]) = chain();
    let (lane, task) = (LaneId::new(1), TaskId::new(3));
    let known = LaneId::new(0);
    check(graph.add_task("d", lane), expect!["there is no lane 1 among 1"]);
    check(graph.set_launch_gap(lane, Duration::ZERO), expect!["there is no lane 1 among 1"]);
    check(graph.set_start_up(LaneId::new(usize::MAX), Duration::ZERO), expect!["there is no lane 4294967295 among 1"]);
    check(graph.set_hand_over(known, lane, Duration::ZERO), expect!["there is no lane 1 among 1"]);
    check(graph.set_hand_over(lane, known, Duration::ZERO), expect!["there is no lane 1 among 1"]);
    check(graph.set_priority(task, 1), expect!["there is no task 3 among 3"]);
    check(graph.add_dependency(a, task), expect!["there is no task 3 among 3"]);
    check(graph.add_dependency(task, a), expect!["there is no task 3 among 3"]);
    check(graph.add_dependencies([(a, a), (task, a)]), expect!["there is no task 3 among 3"]);
    assert_eq!((graph.n_tasks(), graph.n_dependencies()), (3, 2));
}

#[test]
fn cycles() {
    let (mut graph, [a, b, c]) = chain();
    check(graph.add_dependency(a, a), expect!["task `a` (0) would wait for itself"]);
    check(graph.add_dependency(c, a), expect!["task `a` (0) would wait for itself"]);
    check(graph.add_dependency(c, b), expect!["task `b` (1) would wait for itself"]);
    check(graph.add_dependencies([(a, c), (c, b)]), expect!["task `c` (2) would wait for itself"]);
    check(graph.add_dependencies([(b, b)]), expect!["task `b` (1) would wait for itself"]);
    // The graph is as it was, and takes what makes no cycle.
    assert_eq!(graph.n_dependencies(), 2);
    graph.add_dependency(a, c).unwrap();
    assert_eq!(replay(&graph, |_| 1.0).unwrap().makespan().as_secs(), 3);
}

/// A search by recursion would overflow the stack.
#[test]
fn a_long_cycle() {
    let mut graph = TaskGraph::new();
    let lane = graph.add_lane("cpu");
    let tasks: Vec<TaskId> = (0..200_000).map(|_| graph.add_task("t", lane).unwrap()).collect();
    for pair in tasks.windows(2) {
        graph.add_dependency(pair[0], pair[1]).unwrap();
    }
    let (first, last) = (tasks[0], tasks[tasks.len() - 1]);
    check(graph.add_dependency(last, first), expect!["task `t` (0) would wait for itself"]);
    assert!(matches!(graph.add_dependencies([(last, first)]), Err(ReplayError::Cycle { .. })));
    assert_eq!(replay(&graph, |_| 1e-9).unwrap().makespan(), Duration::from_nanos(200_000));
}

#[test]
fn latencies_that_are_none() {
    let (graph, [_, b, _]) = chain();
    let with = |seconds: Option<f64>| replay(&graph, |task| if task == b { seconds } else { Some(1.0) });
    check(with(None), expect!["task `b` (1) has no latency"]);
    check(with(Some(f64::NAN)), expect!["task `b` (1) has a latency that is none: NaN s"]);
    check(with(Some(f64::INFINITY)), expect!["task `b` (1) has a latency that is none: inf s"]);
    check(with(Some(-1e-3)), expect!["task `b` (1) has a latency that is none: -0.001 s"]);
    let order = graph.task_ids().collect::<Vec<_>>();
    check(replay_in_order(&graph, &order, |task| (task != b).then_some(1.0)), expect!["task `b` (1) has no latency"]);
}

#[test]
fn times_that_cannot_be_counted() {
    let (mut graph, [_, b, c]) = chain();
    let long = Duration::from_nanos(u64::MAX / 2);
    let with = |graph: &TaskGraph| replay(graph, |task| if task == b { long } else { Duration::from_secs(1) });
    assert!(with(&graph).is_ok());
    graph.add_dependency_with_gap(b, c, long).unwrap();
    check(with(&graph), expect!["task `b` (1) makes the whole longer than can be counted: 18446744075.70955 s"]);
    check(replay(&graph, |_| 1e300), expect!["task `a` (0) makes the whole longer than can be counted: 1e300 s"]);
    graph.set_launch_gap(LaneId::new(0), Duration::MAX).unwrap();
    check(
        replay(&graph, |_| 0.0),
        expect!["`gaps` must be less than 584 years together, in seconds, not 64563604257.98343"],
    );
}

#[test]
fn orders_that_are_none() {
    let (graph, [a, b, c]) = chain();
    let order = |order: &[TaskId]| replay_in_order(&graph, order, |_| 1.0);
    check(order(&[a, b]), expect!["the order cannot be followed: task `c` (2) is missing"]);
    check(order(&[a, b, b]), expect!["the order cannot be followed: task `b` (1) is there twice"]);
    check(
        order(&[a, c, b]),
        expect!["the order cannot be followed: task `c` (2) comes before a task that it waits for"],
    );
    check(order(&[a, b, TaskId::new(9)]), expect!["there is no task 9 among 3"]);
    assert!(order(&[a, b, c]).is_ok());
}

#[test]
fn errors_that_are_none() {
    let (graph, _) = chain();
    let timeline = replay(&graph, |_| 1.0).unwrap();
    for error in [-1.1, f64::NAN, f64::INFINITY] {
        let refused = error_effect(&graph, &timeline, error, |_| true).unwrap_err().to_string();
        assert_eq!(refused, format!("`error` must be finite and at least -1, not {error}"));
    }
    assert!(matches!(error_effect(&graph, &timeline, 1e300, |_| true), Err(ReplayError::Latency { .. })));
}
