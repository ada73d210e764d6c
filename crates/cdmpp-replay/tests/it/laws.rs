//! What holds for every graph.

use std::time::Duration;

use cdmpp_replay::{
    Cause, TaskGraph, TaskId, Timeline, contributions, error_effect, group_contributions, replay, replay_in_order,
    slack,
};
use proptest::prelude::*;

use crate::random_graph::{Plan, plans};

const NS: Duration = Duration::from_nanos(1);

fn ns(time: u64) -> Duration {
    Duration::from_nanos(time)
}

fn replayed(graph: &TaskGraph, latencies: &[Duration]) -> Timeline {
    replay(graph, |task| latencies[task.index()]).unwrap()
}

proptest! {
    #[test]
    fn lanes_run_one_task_at_a_time_and_dependencies_are_respected(plan in plans()) {
        let graph = plan.plain();
        let timeline = replayed(&graph, &plan.latencies());
        for lane in graph.lane_ids() {
            let on_lane: Vec<_> = timeline.order().iter().filter(|task| graph.lane(**task) == lane).collect();
            let (start_up, launch) = plan.lanes[lane.index()];
            let mut free = ns(start_up);
            for task in on_lane {
                let span = timeline.span(*task);
                let launch = if span.duration().is_zero() { Duration::ZERO } else { launch as u32 * NS };
                prop_assert!(span.start >= free + launch);
                free = span.end;
            }
            let lane_use = timeline.lane_use(lane);
            prop_assert_eq!(lane_use.busy + lane_use.idle, timeline.makespan());
        }
        for (before, after, gap) in graph.dependencies() {
            prop_assert!(timeline.span(after).start >= timeline.span(before).end + gap);
        }
        prop_assert_eq!(timeline.spans().iter().map(|span| span.end).max().unwrap(), timeline.makespan());
    }

    /// The heap and the arrays against the rule as it is written: of all tasks that wait for none, the one that is ready
    /// first, then the one of the lower priority number, then the one that was added first.
    #[test]
    fn the_schedule_is_that_of_the_rule((plan, priorities) in plans().prop_flat_map(|plan| {
        let n = plan.tasks.len();
        (Just(plan), prop::collection::vec(0..3, n))
    })) {
        let mut graph = plan.plain();
        graph.task_ids().zip(&priorities).for_each(|(task, rank)| graph.set_priority(task, *rank).unwrap());
        let timeline = replayed(&graph, &plan.latencies());
        let mut free: Vec<u64> = plan.lanes.iter().map(|(start_up, _)| *start_up).collect();
        let mut ends: Vec<Option<u64>> = vec![None; plan.tasks.len()];
        let gaps: Vec<_> = graph.dependencies().collect();
        for &started in timeline.order() {
            let ready = |task: TaskId| {
                let before = gaps.iter().filter(|(_, after, _)| *after == task);
                before.map(|(before, _, gap)| Some(ends[before.index()]? + gap.as_nanos() as u64)).try_fold(0, |a, b| Some(a.max(b?)))
            };
            let open = graph.task_ids().filter(|task| ends[task.index()].is_none());
            let next = open.filter_map(|task| Some((ready(task)?, priorities[task.index()], task))).min().unwrap();
            prop_assert_eq!(next.2, started);
            let (lane, latency) = plan.tasks[started.index()];
            let start = next.0.max(free[lane] + if latency == 0 { 0 } else { plan.lanes[lane].1 });
            prop_assert_eq!(timeline.span(started).start, ns(start));
            free[lane] = start + latency;
            ends[started.index()] = Some(free[lane]);
        }
    }

    /// Nothing starts later than it has to.
    #[test]
    fn no_lane_waits_while_a_task_is_ready(plan in plans()) {
        let graph = plan.plain();
        let timeline = replayed(&graph, &plan.latencies());
        for span in timeline.spans() {
            let (start_up, launch) = plan.lanes[span.lane.index()];
            let launch = if span.duration().is_zero() { 0 } else { launch };
            let ends = match span.cause {
                Cause::Start => ns(start_up + launch),
                Cause::Lane(before) => timeline.span(before).end + ns(launch),
                Cause::Dependency(before) => {
                    let gaps = graph.dependencies().filter(|(from, to, _)| (*from, *to) == (before, span.task));
                    timeline.span(before).end + gaps.map(|(_, _, gap)| gap).max().unwrap()
                }
                _ => unreachable!(),
            };
            prop_assert_eq!(ends, span.start);
        }
    }

    #[test]
    fn the_critical_path_is_between_the_longest_task_and_the_sum(plan in plans()) {
        let (graph, latencies) = (plan.plain(), plan.latencies());
        let timeline = replayed(&graph, &latencies);
        let path = timeline.critical_path();
        let on_path: Duration = path.iter().map(|task| latencies[task.index()]).sum();
        let all: Duration = latencies.iter().sum();
        let launches: u64 = plan.tasks.iter().map(|(lane, _)| plan.lanes[*lane].1).sum();
        let gaps = ns(launches)
            + ns(plan.lanes.iter().map(|(start_up, _)| start_up).sum())
            + graph.dependencies().map(|(_, _, gap)| gap).sum::<Duration>();
        prop_assert!(on_path <= timeline.makespan() && timeline.makespan() <= all + gaps);
        prop_assert!(timeline.makespan() >= *latencies.iter().max().unwrap());
        prop_assert_eq!(timeline.span(*path.last().unwrap()).end, timeline.makespan());
        prop_assert_eq!(timeline.span(path[0]).cause, Cause::Start);
        prop_assert!(path.windows(2).all(|pair| timeline.span(pair[1]).cause.task() == Some(pair[0])));
    }

    /// On one lane without gaps the whole is the sum.
    #[test]
    fn one_lane_runs_the_sum(plan in plans()) {
        let alone = Plan {
            tasks: plan.tasks.iter().map(|(_, time)| (0, *time)).collect(),
            edges: plan.edges.iter().map(|(before, after, _)| (*before, *after, 0)).collect(),
            lanes: vec![(0, 0)],
            hand_overs: Vec::new(),
        };
        let timeline = replayed(&alone.plain(), &alone.latencies());
        prop_assert_eq!(timeline.makespan(), alone.latencies().iter().sum::<Duration>());
    }

    #[test]
    fn other_numbers_change_nothing((plan, numbers) in plans().prop_flat_map(|plan| {
        let numbers: Vec<usize> = (0..plan.tasks.len()).collect();
        (Just(plan), Just(numbers).prop_shuffle())
    })) {
        let latencies = plan.latencies();
        let plain = replayed(&plan.plain(), &latencies);
        let graph = plan.graph(&numbers, 1);
        let mut moved = vec![Duration::ZERO; numbers.len()];
        numbers.iter().zip(&latencies).for_each(|(number, latency)| moved[*number] = *latency);
        let other = replayed(&graph, &moved);
        for (task, number) in numbers.iter().enumerate() {
            let [a, b] = [plain.span(TaskId::new(task)), other.span(TaskId::new(*number))];
            prop_assert_eq!((a.start, a.end), (b.start, b.end));
        }
    }

    #[test]
    fn scaled_latencies_scale_the_makespan(plan in plans(), times in 1_u64..1_000_000) {
        let graph = plan.graph(&(0..plan.tasks.len()).collect::<Vec<_>>(), times);
        let scaled = replay(&graph, |task| plan.latencies()[task.index()] * times as u32).unwrap();
        let plain = replayed(&plan.plain(), &plan.latencies());
        prop_assert_eq!(scaled.makespan(), plain.makespan() * times as u32);
        prop_assert_eq!(scaled.order(), plain.order());
    }

    #[test]
    fn in_a_fixed_order_the_makespan_never_falls((plan, more) in plans().prop_flat_map(|plan| {
        let n = plan.tasks.len();
        (Just(plan), prop::collection::vec(0_u64..10, n))
    })) {
        let (graph, latencies) = (plan.plain(), plan.latencies());
        let timeline = replayed(&graph, &latencies);
        let again = replay_in_order(&graph, timeline.order(), |task| latencies[task.index()]).unwrap();
        prop_assert_eq!(&again, &timeline);
        let longer = replay_in_order(&graph, timeline.order(), |task| {
            latencies[task.index()] + ns(more[task.index()])
        }).unwrap();
        prop_assert!(longer.makespan() >= timeline.makespan());
        prop_assert!(longer.spans().iter().zip(timeline.spans()).all(|(a, b)| a.start >= b.start));
    }

    /// The quick ways to contributions and slack against one replay for each task.
    #[test]
    fn contributions_and_slack_are_exact(plan in plans()) {
        let (graph, latencies) = (plan.plain(), plan.latencies());
        let timeline = replayed(&graph, &latencies);
        let with = |changed: TaskId, latency: Duration| {
            let latency = |task: TaskId| if task == changed { latency } else { latencies[task.index()] };
            replay_in_order(&graph, timeline.order(), latency).unwrap().makespan()
        };
        let (contributions, slack) = (contributions(&graph, &timeline), slack(&graph, &timeline));
        let by_group = group_contributions(&graph, &timeline, |task| task);
        for task in graph.task_ids() {
            let saved = timeline.makespan() - with(task, Duration::ZERO);
            prop_assert_eq!(contributions[task.index()], saved, "{:?}", task);
            prop_assert_eq!(by_group[&task], saved);
            let effect = error_effect(&graph, &timeline, -1.0, |other| other == task).unwrap();
            prop_assert_eq!(effect.makespan - effect.in_order, saved);
            // A mark that becomes a task is launched, which takes time of its own.
            let latency = latencies[task.index()];
            if !latency.is_zero() {
                let slack = slack[task.index()];
                prop_assert_eq!(with(task, latency + slack), timeline.makespan());
                prop_assert_eq!(with(task, latency + slack + NS), timeline.makespan() + NS);
            }
        }
    }

    /// Groups and errors of a part of the tasks against replays with the latencies changed.
    #[test]
    fn groups_and_errors_are_replays(plan in plans(), percent in -100_i32..200) {
        let (graph, latencies) = (plan.plain(), plan.latencies());
        let timeline = replayed(&graph, &latencies);
        let groups = group_contributions(&graph, &timeline, |task| task.index() % 3);
        for (group, saved) in groups {
            let is_in = |task: TaskId| task.index() % 3 == group;
            let without = |task: TaskId| if is_in(task) { Duration::ZERO } else { latencies[task.index()] };
            let in_order = replay_in_order(&graph, timeline.order(), without).unwrap();
            prop_assert_eq!(timeline.makespan() - saved, in_order.makespan());

            let error = f64::from(percent) / 100.0;
            let changed = |task: TaskId| {
                let latency = latencies[task.index()];
                if is_in(task) { latency.mul_f64(1.0 + error) } else { latency }
            };
            let effect = error_effect(&graph, &timeline, error, is_in).unwrap();
            prop_assert_eq!(effect.in_order, replay_in_order(&graph, timeline.order(), changed).unwrap().makespan());
            prop_assert_eq!(effect.rescheduled, replay(&graph, changed).unwrap().makespan());
            prop_assert_eq!(effect.makespan, timeline.makespan());
        }
    }

    #[test]
    fn an_error_of_all_tasks_is_a_scale(plan in plans(), percent in 0_u32..50) {
        let graph = Plan { lanes: vec![(0, 0); 3], hand_overs: Vec::new(), edges: Vec::new(), ..plan.clone() }.plain();
        let timeline = replay(&graph, |task| plan.latencies()[task.index()] * 1_000_000).unwrap();
        let effect = error_effect(&graph, &timeline, f64::from(percent) / 100.0, |_| true).unwrap();
        prop_assert_eq!(effect.in_order, effect.rescheduled);
        if !timeline.makespan().is_zero() {
            prop_assert!((effect.relative() - f64::from(percent) / 100.0).abs() < 1e-9);
        }
    }

    /// Dependencies one by one, in any order, or all at once: the same graph.
    #[test]
    fn the_order_of_adding_does_not_matter((plan, shuffled) in plans().prop_flat_map(|plan| {
        let edges = Just(plan.edges.clone()).prop_shuffle();
        (Just(plan), edges)
    })) {
        let plan = Plan { edges: plan.edges.iter().map(|(a, b, _)| (*a, *b, 0)).collect(), ..plan };
        let expected = replayed(&plan.plain(), &plan.latencies());
        let mut graph = Plan { edges: Vec::new(), ..plan.clone() }.plain();
        let pairs = || shuffled.iter().map(|(before, after, _)| (TaskId::new(*before), TaskId::new(*after)));
        let mut at_once = graph.clone();
        at_once.add_dependencies(pairs()).unwrap();
        pairs().for_each(|(before, after)| graph.add_dependency(before, after).unwrap());
        prop_assert_eq!(&replayed(&graph, &plan.latencies()), &expected);
        prop_assert_eq!(&replayed(&at_once, &plan.latencies()), &expected);
    }
}
