//! Facts from a seed: who has what where, and which facts are asked for.
//!
//! A world has entities with made-up names, and attributes. Every attribute of every entity has one of four values: half
//! of the attributes are properties (the values are colours), half are relations to one of four towns. Facts are spread
//! evenly over the values, so that always answering the same scores a quarter, exactly what guessing scores.
//!
//! Entities have a long tail: the entity of rank r is written about in proportion to (r + 1)^−s. Each fact belongs to one
//! of three parts, drawn along the ranks so that all are equally frequent: half of the facts are those that test-task
//! documents of pretraining ask for, a quarter those that the adjustment asks for, and a quarter those of the test.

use serde::{Deserialize, Serialize};

use super::options::OPTIONS;
use crate::error::{Error, Result};
use crate::stats::random::{Seed, Stream};

const VALUES: [[&str; OPTIONS]; 2] = [["red", "blue", "green", "white"], ["york", "bonn", "lima", "oslo"]];

/// Properties and relations, in turn.
const ATTRIBUTES: [&str; 16] = [
    "hat", "home", "boat", "school", "coat", "office", "door", "garden", "lamp", "bank", "ring", "stable", "book",
    "mill", "chair", "shop",
];

/// How large a world is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct WorldSettings {
    /// Entities, 1 to 20,000.
    pub entities: usize,
    /// Attributes of each, 1 to 16.
    pub attributes: usize,
    /// How fast frequencies fall with rank; 0 for none.
    pub tail: f64,
    /// In which order the options of a question are given.
    pub order: Order,
}

/// The order of the options of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Always the same, as exams sort numbers: what a letter stands for can be known without reading the options.
    Fixed,
    /// Random in every question: an answer must be bound to its letter by reading the options.
    Random,
}

/// What facts are for; no fact is in two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FactPart {
    /// Asked for by test-task documents in pretraining.
    Pretraining,
    /// Asked for by the examples of the adjustment.
    Adjustment,
    /// Asked for by the test.
    Test,
}

/// An entity and one of its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Fact {
    /// Place of the entity in [`World::entities`].
    entity: usize,
    /// Place of the attribute in [`World::attributes`].
    attribute: usize,
}

/// Facts, their frequencies and their parts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct World {
    settings: WorldSettings,
    entities: Vec<String>,
    /// Of each fact, in the order of `facts`: which of the four values.
    values: Vec<usize>,
    facts: Vec<Fact>,
    /// Sums of the facts' frequencies up to each.
    cumulative: Vec<f64>,
    parts: [Vec<Fact>; 3],
}

impl World {
    /// Makes the world of a seed.
    ///
    /// # Errors
    /// [`Error::Argument`] for no entity or more than 20,000, no attribute or more than 16, a number of facts that does not
    /// divide by 16 (a quarter of them are the test, and a quarter of these have each answer), and for a tail below 0.
    pub(crate) fn new(settings: &WorldSettings, seed: Seed) -> Result<Self> {
        let WorldSettings { entities: count, attributes, tail, .. } = *settings;
        if !(1..=MOST_ENTITIES).contains(&count) || !(1..=ATTRIBUTES.len()).contains(&attributes) {
            return Err(Error::Argument(format!(
                "a world has 1 to {MOST_ENTITIES} entities with 1 to {} attributes, not {count} with {attributes}",
                ATTRIBUTES.len()
            )));
        }
        if !(count * attributes).is_multiple_of(FOURS * OPTIONS) {
            let facts = format!("{count} entities with {attributes} attributes have {} facts", count * attributes);
            return Err(Error::Argument(format!(
                "{facts}: chance is exact only where they divide by {}",
                FOURS * OPTIONS
            )));
        }
        if !(tail >= 0.0 && tail.is_finite()) {
            return Err(Error::Argument(format!("frequencies cannot fall with rank to the power of {tail}")));
        }
        let facts: Vec<Fact> =
            (0..count).flat_map(|entity| (0..attributes).map(move |attribute| Fact { entity, attribute })).collect();
        let parts = parts(&facts, seed);
        let mut cumulative = Vec::with_capacity(facts.len());
        let mut sum = 0.0;
        for fact in &facts {
            // Ranks are the entities' places: their names are drawn, so a place says nothing.
            sum += ((fact.entity + 1) as f64).powf(-tail);
            cumulative.push(sum);
        }
        let values = values(&facts, &parts, attributes, seed);
        Ok(Self { settings: *settings, entities: names(count, seed), values, facts, cumulative, parts })
    }

    /// The order of options.
    #[must_use]
    pub(crate) fn order(&self) -> Order {
        self.settings.order
    }

    /// The facts of one part.
    #[must_use]
    pub(crate) fn part(&self, part: FactPart) -> &[Fact] {
        &self.parts[part as usize]
    }

    /// A few facts of the most frequent entities that only questions of pretraining text ask for: what is written about
    /// them teaches nothing that is tested.
    #[must_use]
    pub(crate) fn familiar(&self) -> &[Fact] {
        let part = self.part(FactPart::Pretraining);
        &part[..part.len().min(FAMILIAR)]
    }

    /// Names of the entities, the most frequent first.
    #[must_use]
    pub(crate) fn entities(&self) -> &[String] {
        &self.entities
    }

    /// Names of the attributes.
    #[must_use]
    pub(crate) fn attributes(&self) -> &'static [&'static str] {
        &ATTRIBUTES[..self.settings.attributes]
    }

    /// The true value of a fact of this world; any of its options for a fact of a larger world.
    #[must_use]
    pub(crate) fn value(&self, fact: Fact) -> &'static str {
        let place = fact.entity * self.settings.attributes + fact.attribute;
        self.options(fact)[self.values.get(place).copied().unwrap_or_default()]
    }

    /// Entity and attribute of a fact by their names; empty for those of a larger world.
    #[must_use]
    pub(crate) fn names(&self, fact: Fact) -> (&str, &'static str) {
        let entity = self.entities.get(fact.entity).map_or("", String::as_str);
        (entity, self.attributes().get(fact.attribute).copied().unwrap_or_default())
    }

    /// The values that the fact could have.
    #[must_use]
    pub(crate) fn options(&self, fact: Fact) -> [&'static str; OPTIONS] {
        VALUES[fact.attribute % VALUES.len()]
    }

    /// All sets of values.
    #[must_use]
    pub(crate) fn all_values(&self) -> &'static [[&'static str; OPTIONS]] {
        &VALUES[..VALUES.len().min(self.settings.attributes)]
    }

    /// Draws a fact in proportion to how frequent its entity is.
    #[must_use]
    pub(crate) fn draw(&self, stream: &mut Stream) -> Fact {
        let total = self.cumulative.last().copied().unwrap_or_default();
        let at = stream.uniform() * total;
        self.facts[self.cumulative.partition_point(|&sum| sum < at).min(self.facts.len() - 1)]
    }
}

/// Facts that are familiar.
const FAMILIAR: usize = 16;

/// Facts in a row that are dealt to the parts: two, one and one.
const FOURS: usize = 4;

/// Of four facts in a row two go to pretraining, one to the adjustment and one to the test: all equally frequent.
fn parts(facts: &[Fact], seed: Seed) -> [Vec<Fact>; 3] {
    let mut stream = seed.stream("lab parts", 0);
    let mut parts: [Vec<Fact>; 3] = Default::default();
    for four in facts.chunks(FOURS) {
        let mut order = [0, 0, 1, 2];
        stream.shuffle(&mut order);
        for (fact, part) in four.iter().zip(order) {
            parts[part].push(*fact);
        }
    }
    parts
}

/// In each part each of the four values is equally frequent.
fn values(facts: &[Fact], parts: &[Vec<Fact>; 3], attributes: usize, seed: Seed) -> Vec<usize> {
    let mut stream = seed.stream("lab values", 0);
    let mut values = vec![0; facts.len()];
    for part in parts {
        let mut dealt: Vec<usize> = (0..part.len()).map(|place| place % OPTIONS).collect();
        stream.shuffle(&mut dealt);
        for (fact, value) in part.iter().zip(dealt) {
            values[fact.entity * attributes + fact.attribute] = value;
        }
    }
    values
}

const ONSETS: [&str; 12] = ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "t", "v"];
const VOWELS: [&str; 5] = ["a", "e", "i", "o", "u"];

/// Syllables there are, by three of which a name is made.
const SYLLABLES: usize = ONSETS.len() * VOWELS.len();

/// As many names as can be drawn without much repetition.
const MOST_ENTITIES: usize = 20_000;

/// Names of three syllables, none twice.
fn names(count: usize, seed: Seed) -> Vec<String> {
    let mut stream = seed.stream("lab names", 0);
    let mut names: Vec<String> = Vec::with_capacity(count);
    let mut taken = std::collections::HashSet::new();
    while names.len() < count {
        let name: String = (0..3)
            .map(|_| {
                let syllable = stream.below(SYLLABLES);
                format!("{}{}", ONSETS[syllable / VOWELS.len()], VOWELS[syllable % VOWELS.len()])
            })
            .collect();
        if taken.insert(name.clone()) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_example_holds() -> crate::Result<()> {
        use crate::stats::random::Seed;

        let world =
            World::new(&WorldSettings { entities: 12, attributes: 4, tail: 0.7, order: Order::Random }, Seed(3))?;
        assert_eq!(world.part(FactPart::Test).len(), 12);
        let fact = world.part(FactPart::Test)[0];
        assert!(world.options(fact).contains(&world.value(fact)));
        Ok(())
    }

    fn world() -> World {
        World::new(&WorldSettings { entities: 96, attributes: 4, tail: 0.7, order: Order::Random }, Seed(1))
            .expect("settings are in range")
    }

    #[test]
    fn no_fact_is_in_two_parts_and_every_fact_is_in_one() {
        for seed in 0..20 {
            let settings = WorldSettings { entities: 40, attributes: 6, tail: 0.7, order: Order::Random };
            let world = World::new(&settings, Seed(seed)).expect("settings are in range");
            let all: Vec<Fact> = [FactPart::Pretraining, FactPart::Adjustment, FactPart::Test]
                .iter()
                .flat_map(|&p| world.part(p).to_vec())
                .collect();
            let distinct: BTreeSet<Fact> = all.iter().copied().collect();
            assert_eq!((all.len(), distinct.len()), (240, 240));
        }
    }

    #[test]
    fn every_value_is_the_answer_to_a_quarter_of_the_test() {
        let world = world();
        let test = world.part(FactPart::Test);
        for place in 0..OPTIONS {
            let right = test.iter().filter(|&&fact| world.options(fact)[place] == world.value(fact)).count();
            assert_eq!(right * OPTIONS, test.len());
        }
    }

    #[test]
    fn early_entities_are_drawn_more_often() {
        let world = world();
        let mut stream = Seed(5).stream("draws", 0);
        let drawn: Vec<usize> = (0..4000).map(|_| world.draw(&mut stream).entity).collect();
        let (first, last) = (drawn.iter().filter(|&&e| e < 10).count(), drawn.iter().filter(|&&e| e >= 86).count());
        assert!(first > 3 * last, "{first} and {last}");
    }

    #[test]
    fn names_are_distinct() {
        let names: BTreeSet<String> = world().entities().iter().cloned().collect();
        assert_eq!(names.len(), 96);
    }
}
