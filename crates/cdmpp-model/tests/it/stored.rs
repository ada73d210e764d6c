//! Programs that are read when training comes to them.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use cdmpp_ir::CompactAst;
use cdmpp_model::Sample;
use cdmpp_model::train::{Samples, fit};

use crate::synthetic::{asts, bytes, hardware, proceed, quick, samples, small, untrained};

/// The same samples with programs that are copied at every reading, and have numbers that say nothing of their order.
fn stored<'a>(asts: &'a [CompactAst], samples: &[Sample<'a>]) -> Samples<'a> {
    let number = |ast: &CompactAst| {
        let place = asts.iter().position(|other| std::ptr::eq(other, ast)).unwrap();
        1000 + 7 * place % asts.len()
    };
    let place = |number: usize| (0..asts.len()).find(|place| 7 * place % asts.len() == number - 1000).unwrap();
    let samples = samples.iter().map(|sample| (number(sample.query.ast), sample.query.hardware, sample.latency));
    Samples::read_by(move |number| Ok(Cow::Owned(asts[place(number)].clone())), samples)
}

#[test]
fn where_programs_come_from_changes_no_bit() {
    let (asts, hardware) = (asts(24), hardware());
    let mut samples = samples(&asts, &hardware);
    // The samples of a program need not stand side by side.
    samples.swap(3, 40);
    samples.rotate_left(5);
    let (training, validation) = samples.split_at(50);
    let trained = |training: Samples<'_>, validation: Samples<'_>| {
        let mut model = untrained(&small(), 3);
        let mut losses = Vec::new();
        fit(&mut model, training, validation, &quick(3), &mut |epoch| {
            losses.push((epoch.train_loss.to_bits(), epoch.validation.unwrap().loss.to_bits()));
            proceed()
        })
        .unwrap();
        (bytes(&model), losses)
    };
    let in_memory = trained(training.into(), validation.into());
    assert!(trained(stored(&asts, training), stored(&asts, validation)) == in_memory);
}

#[test]
fn a_program_that_cannot_be_read_is_named() {
    let (asts, hardware) = (asts(9), hardware());
    let samples = samples(&asts, &hardware);
    // It is there when it is checked, and gone in the second epoch.
    let n_read = AtomicUsize::new(0);
    let read = |number: usize| {
        let gone = number == 7 && n_read.fetch_add(1, Ordering::Relaxed) > 8;
        if gone { Err(std::io::Error::other("the disk is on fire")) } else { Ok(Cow::Borrowed(&asts[number])) }
    };
    let all = || samples.iter().enumerate().map(|(i, sample)| (i / 3, sample.query.hardware, sample.latency));
    let mut model = untrained(&small(), 0);
    let error = fit(&mut model, Samples::read_by(read, all()), &[], &quick(20), &mut |_| proceed()).unwrap_err();
    assert_eq!(error.to_string(), "training sample 21: the program cannot be read: the disk is on fire");
    assert!(model.label_transform().is_none(), "what training could not finish changes nothing");
    let error = fit(&mut model, &samples, Samples::read_by(read, all()), &quick(1), &mut |_| proceed()).unwrap_err();
    assert_eq!(error.to_string(), "validation sample 21: the program cannot be read: the disk is on fire");
}

#[test]
fn before_the_first_step_a_program_is_read_twice() {
    let (asts, hardware) = (asts(9), hardware());
    let samples = samples(&asts, &hardware);
    let all = || samples.iter().enumerate().map(|(i, sample)| (i / 3, sample.query.hardware, sample.latency));
    let n_read = AtomicUsize::new(0);
    let read = |number: usize| {
        n_read.fetch_add(1, Ordering::Relaxed);
        Ok(Cow::Borrowed(&asts[number]))
    };
    let counted = |samples: Samples<'_>, n_epochs: usize| {
        n_read.store(0, Ordering::Relaxed);
        fit(&mut untrained(&small(), 0), samples, &[], &quick(n_epochs), &mut |_| proceed()).unwrap();
        n_read.load(Ordering::Relaxed)
    };
    let known = |n_epochs| counted(Samples::read_by(read, all()).with_leaf_counts(|i| asts[i].n_leaves()), n_epochs);
    assert_eq!((known(1), known(2)), (9 * 3, 9 * 4));
    // Where the numbers of leaves are not known, they are counted first.
    assert_eq!(counted(Samples::read_by(read, all()), 1), 9 * 4);
}

#[test]
fn a_clone_answers_while_the_other_is_trained() {
    let (asts, hardware) = (asts(9), hardware());
    let samples = samples(&asts, &hardware);
    let queries = crate::synthetic::queries(&samples);
    let mut model = crate::synthetic::trained();
    let kept = model.clone();
    let before = kept.predict(&queries).unwrap();
    std::thread::scope(|scope| {
        let trained = scope.spawn(|| {
            fit(&mut model, &samples, &[], &quick(3), &mut |_| proceed()).unwrap();
            model.predict(&queries).unwrap()
        });
        for _ in 0..20 {
            assert_eq!(kept.predict(&queries).unwrap(), before);
        }
        assert_ne!(trained.join().unwrap(), before);
    });
    assert_eq!(kept.predict(&queries).unwrap(), before);
}
