//! Graphs by hand, whose schedules are known.

use cdmpp_replay::{TaskGraph, replay, replay_in_order};
use expect_test::expect;

use crate::sketch::{Sketch, check, show};

#[test]
fn a_chain_on_one_lane() {
    check(
        "a cpu 1\nb cpu 2 after a\nc cpu 3 after b",
        expect![[r#"
        cpu: a 0-1, b 1-3, c 3-6 (6 busy, 0 idle)
        critical: a | b | c
        contributions: a 1, b 2, c 3
        slack: 
    "#]],
    );
}

#[test]
fn parallel_branches() {
    check(
        "a x 3\nb y 5\nc x 1 after a\nd y 1 after b",
        expect![[r#"
        x: a 0-3, c 3-4 (4 busy, 2 idle)
        y: b 0-5, d 5-6 (6 busy, 0 idle)
        critical: b | d
        contributions: b 2, d 1
        slack: a 2, c 2
    "#]],
    );
}

#[test]
fn contention_for_a_lane() {
    check(
        "a x 2\nb y 3\nc y 4 after a\nd x 1 after b",
        expect![[r#"
        x: a 0-2, d 3-4 (3 busy, 4 idle)
        y: b 0-3, c 3-7 (7 busy, 0 idle)
        critical: b | c
        contributions: b 1, c 3
        slack: a 1, d 3
    "#]],
    );
}

#[test]
fn a_diamond() {
    check(
        "top x 1\nleft x 4 after top\nright y 2 after top\nbottom x 1 after left right",
        expect![[r#"
        x: top 0-1, left 1-5, bottom 5-6 (6 busy, 0 idle)
        y: right 1-3 (2 busy, 4 idle)
        critical: top | left | bottom
        contributions: top 1, left 2, bottom 1
        slack: right 2
    "#]],
    );
}

#[test]
fn fork_and_join() {
    check(
        "fork x 1
         a x 2 after fork
         b y 2 after fork
         c z 6 after fork
         d y 3 after fork
         join x 1 after a b c d",
        expect![[r#"
            x: fork 0-1, a 1-3, join 7-8 (4 busy, 4 idle)
            y: b 1-3, d 3-6 (5 busy, 3 idle)
            z: c 1-7 (6 busy, 2 idle)
            critical: fork > c > join
            contributions: fork 1, c 1, join 1
            slack: a 4, b 1, d 1
        "#]],
    );
}

#[test]
fn launch_gaps() {
    check(
        "lane gpu launch 0.5\na gpu 1\nb gpu 1 after a\nc gpu 1",
        expect![[r#"
        gpu: a 0.5-1.5, c 2-3, b 3.5-4.5 (3 busy, 1.5 idle)
        critical: a | c | b
        contributions: a 1.5, b 1.5, c 1.5
        slack: 
    "#]],
    );
    // The gap passes while the lane waits for a dependency anyway.
    check(
        "lane gpu launch 0.5\na cpu 3\nb gpu 1 after a",
        expect![[r#"
        gpu: b 3-4 (1 busy, 3 idle)
        cpu: a 0-3 (3 busy, 1 idle)
        critical: a > b
        contributions: a 2.5, b 1
        slack: 
    "#]],
    );
}

#[test]
fn gaps_of_dependencies_and_hand_overs() {
    check(
        "hand-over x y 2\na x 1\nb y 1 after a\nc x 1 after a\nd y 1 after b+3",
        expect![[r#"
        x: a 0-1, c 1-2 (2 busy, 6 idle)
        y: b 3-4, d 7-8 (2 busy, 6 idle)
        critical: a > b > d
        contributions: a 1, b 1, d 1
        slack: c 6
    "#]],
    );
}

#[test]
fn a_lane_that_starts_up() {
    check(
        "lane x start 4\na x 1\nb y 2 after a\nc y 3",
        expect![[r#"
        x: a 4-5 (1 busy, 6 idle)
        y: c 0-3, b 5-7 (5 busy, 2 idle)
        critical: a > b
        contributions: a 1, b 2
        slack: c 2
    "#]],
    );
}

#[test]
fn a_mark_takes_its_turn_and_no_launch() {
    check(
        "lane gpu launch 1\na gpu 2\nview gpu 0 after a\nb gpu 2 after view",
        expect![[r#"
        gpu: a 1-3, view 3-3, b 4-6 (4 busy, 2 idle)
        critical: a | view | b
        contributions: a 3, b 3
        slack: 
    "#]],
    );
}

#[test]
fn lower_numbers_go_first_among_those_ready_together() {
    check(
        "a x 1 priority 2\nb x 1 priority -1\nc x 1 priority 2\nd x 1",
        expect![[r#"
        x: b 0-1, d 1-2, a 2-3, c 3-4 (4 busy, 0 idle)
        critical: b | d | a | c
        contributions: a 1, b 1, c 1, d 1
        slack: 
    "#]],
    );
}

/// A task of low urgency that is ready earlier holds the lane, and the urgent one waits.
#[test]
fn priority_inversion() {
    check(
        "trigger y 1
         low x 5 priority 9
         lower x 2 priority 10
         high x 1 priority 0 after trigger
         end y 1 after high",
        expect![[r#"
            y: trigger 0-1, end 8-9 (2 busy, 7 idle)
            x: low 0-5, lower 5-7, high 7-8 (8 busy, 1 idle)
            critical: low | lower | high > end
            contributions: low 5, lower 2, high 1, end 1
            slack: trigger 6
        "#]],
    );
}

/// Ready time decides first, priority among equals, the number last; what is on another lane does not matter.
#[test]
fn contention_of_four_for_a_lane() {
    check(
        "busy x 4
         t2 y 2
         late x 1 priority 0 after t2
         t1 z 1
         low x 1 priority 7 after t1
         high x 1 priority 3 after t1
         also x 1 priority 3 after t1",
        expect![[r#"
            x: busy 0-4, high 4-5, also 5-6, low 6-7, late 7-8 (8 busy, 0 idle)
            y: t2 0-2 (2 busy, 6 idle)
            z: t1 0-1 (1 busy, 7 idle)
            critical: busy | high | also | low | late
            contributions: busy 3, late 1, low 1, high 1, also 1
            slack: t2 5, t1 3
        "#]],
    );
}

/// Before a task that takes no time has had its turn, nothing that waits for it is ready, although the clock stands
/// still.
#[test]
fn a_mark_lets_others_in_at_its_turn() {
    let text = "waits x 1 priority 9\nview y 0 priority RANK\nurgent x 1 priority 0 after view";
    check(
        &text.replace("RANK", "8"),
        expect![[r#"
        x: urgent 0-1, waits 1-2 (2 busy, 0 idle)
        y: view 0-0 (0 busy, 2 idle)
        critical: urgent | waits
        contributions: waits 1, urgent 1
        slack: 
    "#]],
    );
    check(
        &text.replace("RANK", "10"),
        expect![[r#"
        x: waits 0-1, urgent 1-2 (2 busy, 0 idle)
        y: view 0-0 (0 busy, 2 idle)
        critical: waits | urgent
        contributions: waits 1, urgent 1
        slack: view 1
    "#]],
    );
}

/// Two chains that share one lane in turn, with gaps of all kinds.
#[test]
fn two_branches_with_all_gaps() {
    check(
        "lane gpu launch 0.5 start 1
         lane copy start 3
         hand-over gpu copy 0.25
         hand-over copy gpu 0.25
         a gpu 2
         b gpu 2
         out-a copy 1 after a
         out-b copy 1 after b+0.5
         join gpu 1 after out-a out-b",
        expect![[r#"
            gpu: a 1.5-3.5, b 4-6, join 8-9 (5 busy, 4 idle)
            copy: out-a 3.75-4.75, out-b 6.75-7.75 (2 busy, 7 idle)
            critical: a | b > out-b > join
            contributions: a 2.5, b 2, out-b 1, join 1
            slack: out-a 2
        "#]],
    );
}

/// Graham, 1969: with every task shorter by a second, a list scheduler takes longer; in the old order it does not.
#[test]
fn shorter_tasks_may_take_longer() {
    let text = "s z 2\nt z 1.5 after s\nblock x 7 after t\nu y 3\nv x 2 after u\nw y 10 after v";
    let sketch = Sketch::parse(text);
    let before = sketch.replay();
    let shorter = |task: cdmpp_replay::TaskId| sketch.latencies[task.index()] - 1.0;
    let rescheduled = replay(&sketch.graph, shorter).unwrap();
    let in_order = replay_in_order(&sketch.graph, before.order(), shorter).unwrap();
    expect![[r#"
        z: s 0-2, t 2-3.5 (3.5 busy, 11.5 idle)
        x: v 3-5, block 5-12 (9 busy, 6 idle)
        y: u 0-3, w 5-15 (13 busy, 2 idle)
        critical: u > v > w
        contributions: u 3, v 2, w 3
        slack: s 4.5, t 4.5, block 3

        z: s 0-1, t 1-1.5 (1.5 busy, 16 idle)
        x: block 1.5-7.5, v 7.5-8.5 (7 busy, 10.5 idle)
        y: u 0-2, w 8.5-17.5 (11 busy, 6.5 idle)
        critical: s | t > block | v > w
        contributions: s 1, t 0.5, block 5.5, v 1, w 9
        slack: u 5.5

        z: s 0-1, t 1-1.5 (1.5 busy, 10.5 idle)
        x: v 2-3, block 3-9 (7 busy, 5 idle)
        y: u 0-2, w 3-12 (11 busy, 1 idle)
        critical: u > v > w
        contributions: u 2, v 1, w 3
        slack: s 4.5, t 4.5, block 3
    "#]]
    .assert_eq(&format!(
        "{}\n{}\n{}",
        show(&sketch.graph, &before),
        show(&sketch.graph, &rescheduled),
        show(&sketch.graph, &in_order)
    ));
}

#[test]
fn nothing_takes_no_time() {
    let mut graph = TaskGraph::new();
    let timeline = replay(&graph, |_| 1.0).unwrap();
    assert!(timeline.makespan().is_zero() && timeline.critical_path().is_empty());
    let lane = graph.add_lane("cpu");
    let mark = graph.add_task("mark", lane).unwrap();
    let timeline = replay(&graph, |_| 0.0).unwrap();
    assert!(timeline.makespan().is_zero() && timeline.lane_use(lane).utilisation == 0.0);
    assert_eq!(timeline.critical_path(), [mark]);
}
