//! What text and tests are made of, and that an experiment is the same however it is run.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Mutex;

use super::corpus::{adjustment, pretraining};
use super::documents::stem;
use super::exam::{MULTIPLE_CHOICE, questions};
use super::suite::{Family, ModelKind};
use super::vocabulary::Vocabulary;
use super::world::{FactPart, Order, World, WorldSettings};
use super::{Experiment, LabEvent, LabScores, Member, SEQUENCE, Suite, table};
use crate::lm::{LoadedModel, Placement};
use crate::stats::random::Seed;

/// Two models of some hundred sequences: seconds.
fn tiny() -> Suite {
    let kind = |name: &str, share| ModelKind { name: name.to_owned(), share, first: 0, families: 1 };
    Suite {
        world: WorldSettings { entities: 16, attributes: 4, tail: 0.5, order: Order::Random },
        kinds: vec![kind("old", 0.0), kind("new", 0.5)],
        families: vec![Family { name: "a".to_owned(), layers: 1, head: 4, widths: vec![8], tokens: 1.0 }],
        tokens: 12_000.0,
        growth: 0.0,
        rest: 0.6,
        examples: vec![32, 64],
        ..Suite::quick()
    }
}

/// Places of `needle` in `tokens`.
fn holds(tokens: &[u32], needle: &[u32]) -> bool {
    tokens.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn no_question_of_pretraining_or_adjustment_asks_for_a_fact_of_the_test() -> crate::Result<()> {
    let (suite, seed) = (tiny(), Seed(11));
    let world = World::new(&suite.world, seed)?;
    let vocabulary = Vocabulary::new(&world);
    let question = vocabulary.encode("question")?;
    let stems: Vec<Vec<u32>> = world
        .part(FactPart::Test)
        .iter()
        .map(|&fact| vocabulary.encode(&stem(&world, fact)))
        .collect::<Result<_, _>>()?;
    let mut text = adjustment(&world, &vocabulary, 400, seed)?;
    for member in suite.members(&vocabulary)? {
        text.extend(pretraining(&world, &vocabulary, &suite, &member, seed)?);
    }
    let asked: Vec<_> = text.iter().filter(|sequence| holds(&sequence.tokens, &question)).collect();
    assert!(asked.len() > 500, "{} questions", asked.len());
    for sequence in asked {
        assert!(stems.iter().all(|stem| !holds(&sequence.tokens, stem)));
    }
    Ok(())
}

#[test]
fn the_facts_of_the_test_are_stated_in_the_text_of_every_model() -> crate::Result<()> {
    let (suite, seed) = (Suite { tokens: 60_000.0, ..tiny() }, Seed(11));
    let world = World::new(&suite.world, seed)?;
    let vocabulary = Vocabulary::new(&world);
    for member in suite.members(&vocabulary)? {
        let text = pretraining(&world, &vocabulary, &suite, &member, seed)?;
        for &fact in world.part(FactPart::Test) {
            let statement = vocabulary.encode(&format!("{} {}", stem(&world, fact), world.value(fact)))?;
            assert!(text.iter().any(|sequence| holds(&sequence.tokens, &statement)), "{}: {fact:?}", member.name);
        }
    }
    Ok(())
}

#[test]
fn the_text_of_a_kind_has_its_share_of_questions_and_nothing_else_differs() -> crate::Result<()> {
    let (suite, seed) = (tiny(), Seed(2));
    let world = World::new(&suite.world, seed)?;
    let vocabulary = Vocabulary::new(&world);
    let question = vocabulary.encode("question")?;
    let names = world.familiar().iter().map(|&fact| world.names(fact));
    let familiar = names.map(|(entity, attribute)| Ok((vocabulary.encode(entity)?, vocabulary.encode(attribute)?)));
    let familiar: Vec<_> = familiar.collect::<crate::Result<_>>()?;
    for member in suite.members(&vocabulary)? {
        let text = pretraining(&world, &vocabulary, &suite, &member, seed)?;
        assert!(text.iter().all(|sequence| sequence.tokens.len() == SEQUENCE));
        let share = |is: &dyn Fn(&[u32]) -> bool| {
            text.iter().filter(|sequence| is(&sequence.tokens)).count() as f64 / text.len() as f64
        };
        let questions = share(&|tokens| holds(tokens, &question));
        // Exact up to rounding to whole sequences.
        assert!((questions - member.kind.share).abs() <= 1.0 / text.len() as f64);
        // What questions leave of the rest is statements of familiar facts, beside which others are so by chance.
        let about = |statement: &[u32]| familiar.iter().any(|(e, a)| holds(statement, e) && holds(statement, a));
        let known = share(&|tokens| !holds(tokens, &question) && tokens.chunks(SEQUENCE / 3).all(about));
        let wanted = suite.rest - member.kind.share;
        assert!((wanted - 1e-2..wanted + 0.1).contains(&known), "{known} of {wanted}");
    }
    Ok(())
}

#[test]
fn where_options_are_in_random_order_every_fact_is_asked_with_its_answer_under_each_letter() -> crate::Result<()> {
    let world = World::new(&tiny().world, Seed(5))?;
    let asked: Vec<_> =
        questions(&world, Seed(5)).iter().map(|question| (question.fact(), question.letter())).collect();
    let distinct: HashSet<_> = asked.iter().copied().collect();
    assert_eq!(asked.len(), 4 * world.part(FactPart::Test).len());
    assert_eq!(distinct.len(), asked.len());
    Ok(())
}

#[test]
fn an_experiment_is_the_same_however_many_models_train_side_by_side() -> crate::Result<()> {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let run =
        |name: &str, workers| Experiment::new(tiny(), Seed(3), &folder.path().join(name)).workers(workers).run(&|_| {});
    let (alone, together) = (run("alone", 1)?, run("together", 2)?);
    assert_eq!(table(&alone), table(&together));
    // Two tasks, as pretrained and after each number of examples, for both models.
    assert_eq!(table(&alone).lines().count(), 1 + 2 * 2 * 3);
    let path = Path::new("observations.csv");
    assert_eq!(LabScores::of_models(&alone, path), LabScores::parse(&table(&alone), path)?);
    let other = Experiment::new(tiny(), Seed(4), &folder.path().join("other")).run(&|_| {})?;
    assert_ne!(table(&alone), table(&other));
    Ok(())
}

#[test]
fn a_model_that_is_done_is_not_trained_again_and_is_an_ordinary_model_folder() -> crate::Result<()> {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let run = |suite: Suite| -> crate::Result<(String, BTreeSet<String>)> {
        let trained = Mutex::new(BTreeSet::new());
        let models = Experiment::new(suite, Seed(3), folder.path()).run(&|event| {
            if let LabEvent::Step { member, .. } = event {
                trained.lock().expect("nobody panics while holding it").insert(member.name.clone());
            }
        })?;
        Ok((table(&models), trained.into_inner().expect("nobody panics while holding it")))
    };
    let (first, trained) = run(tiny())?;
    assert_eq!(trained.len(), 2);
    // As if the run had died before the second model was done.
    std::fs::remove_file(folder.path().join("records/new-a-8.json")).expect("it was written");
    let (again, trained) = run(tiny())?;
    assert_eq!((again.as_str(), trained), (first.as_str(), BTreeSet::from(["new-a-8".to_owned()])));
    // Another learning rate is another model.
    let mut changed = tiny();
    changed.recipe.rate *= 2.0;
    assert_eq!(run(changed)?.1.len(), 2);

    let model = LoadedModel::load(&folder.path().join("models/old-a-8"), &Placement::default())?;
    let tokenizer = model.tokenizer.expect("the lab writes one");
    let world = World::new(&tiny().world, Seed(3))?;
    let text = questions(&world, Seed(3))[0].prompt(&world);
    assert_eq!(tokenizer.encode(&text, false)?, Vocabulary::new(&world).encode(&text)?);
    assert_eq!(tokenizer.decode(&tokenizer.encode(&text, false)?, false)?, text);
    assert!(folder.path().join("tasks").join(format!("{MULTIPLE_CHOICE}.yaml")).is_file());
    Ok(())
}

#[test]
fn a_suite_that_cannot_be_is_refused_with_what_is_wrong() {
    let refused = |suite: Suite| {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        Experiment::new(suite, Seed(0), folder.path()).run(&|_| {}).expect_err("it cannot be").to_string()
    };
    let mut odd = tiny();
    odd.world.entities = 15;
    assert!(refused(odd).contains("chance is exact only"), "facts that do not divide");
    let mut wide = tiny();
    wide.families[0].widths = vec![10];
    assert!(refused(wide).contains("width of 10"));
    assert!(refused(Suite { rest: 0.4, ..tiny() }).contains("do not fit"));
    assert!(refused(Suite { rest: 1.0, ..tiny() }).contains("no room for statements"));
    assert!(refused(Suite { examples: vec![33], ..tiny() }).contains("divide by the batch"));
    assert!(refused(Suite { families: Vec::new(), ..tiny() }).contains("no models"));
}

#[test]
fn presets_have_the_models_that_are_promised() -> crate::Result<()> {
    for (suite, models, families) in [(Suite::quick(), 24, 6), (Suite::full(), 24, 6), (Suite::tiny(), 12, 6)] {
        let vocabulary = Vocabulary::new(&World::new(&suite.world, Seed(1))?);
        let members = suite.members(&vocabulary)?;
        let made: BTreeSet<&str> = members.iter().map(|member| member.family.as_str()).collect();
        assert!(members.len() >= models && made.len() >= families, "{} in {}", members.len(), made.len());
    }
    let full = Suite::full();
    let members = full.members(&Vocabulary::new(&World::new(&full.world, Seed(1))?))?;
    let compute: Vec<f64> = members.iter().map(|member| member.flops().0.log10()).collect();
    let most = compute.iter().copied().fold(f64::MIN, f64::max);
    let least = compute.iter().copied().fold(f64::MAX, f64::min);
    assert!(most - least >= 2.5, "{} decades", most - least);
    // Kinds are spread equally over compute: their first families are the same.
    for width in [8, 64] {
        let of = |kind: &str| members.iter().find(|m| m.name == format!("{kind}-a-{width}")).map(|m| m.flops());
        assert_eq!(of("old"), of("new"));
    }
    Ok(())
}

#[test]
fn drawn_makes_are_of_one_family_each_and_within_the_range_of_the_preset() -> crate::Result<()> {
    for suite in [Suite::quick(), Suite::full(), Suite::tiny()] {
        let vocabulary = Vocabulary::new(&World::new(&suite.world, Seed(1))?);
        let planned = suite.members(&vocabulary)?;
        let widths = || planned.iter().map(|member| member.shape.width);
        let mut seen = Vec::new();
        for seed in 0..20 {
            let drawn = suite.clone().with_drawn_makes(Seed(seed));
            let members = drawn.members(&vocabulary)?;
            assert_eq!(members.len(), planned.len());
            for kind in &suite.kinds {
                let of = |all: &[Member]| all.iter().filter(|member| member.kind.name == kind.name).count();
                assert_eq!(of(&members), of(&planned), "{}", kind.name);
            }
            assert!(
                members.iter().all(|m| widths().min() <= Some(m.shape.width) && Some(m.shape.width) <= widths().max())
            );
            let names: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
            assert_eq!(names.len(), members.len(), "a width twice in a family");
            assert_eq!(drawn, suite.clone().with_drawn_makes(Seed(seed)));
            assert!(!seen.contains(&drawn.families));
            assert!(drawn.families.windows(2).any(|two| two[0].tokens != two[1].tokens));
            seen.push(drawn.families);
        }
    }
    Ok(())
}
