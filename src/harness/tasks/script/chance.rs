//! `random`: draws as CPython makes them.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::sampling::Random;
use super::arguments::Given;
use super::machine::Machine;
use super::object::{Object, Res, raise, refuse};

/// A generator from a seed.
pub(super) fn seeded(seed: &Object) -> Res<Random> {
    match (seed, seed.as_int()) {
        (_, Some(seed)) => Ok(Random::new(seed.unsigned_abs())),
        (Object::Text(seed), _) => Ok(Random::of_text(seed)),
        _ => refuse("a generator whose seed is neither a whole number nor text"),
    }
}

pub(super) fn call(machine: &mut Machine, random: &Rc<RefCell<Random>>, name: &str, mut given: Given) -> Res<Object> {
    match name {
        "seed" => {
            let seed = given.need("a")?;
            given.done()?;
            *random.borrow_mut() = seeded(&seed)?;
            Ok(Object::None)
        }
        "random" => {
            given.done()?;
            Ok(Object::Float(random.borrow_mut().uniform()))
        }
        "uniform" => {
            let ends = (given.need("a")?.as_float(), given.need("b")?.as_float());
            given.done()?;
            match ends {
                (Some(a), Some(b)) => Ok(Object::Float(a + (b - a) * random.borrow_mut().uniform())),
                _ => raise("TypeError", "uniform() needs numbers"),
            }
        }
        "randint" => {
            let (from, to) = (given.need("a")?.need_int(name)?, given.need("b")?.need_int(name)?);
            given.done()?;
            below(random, from, to.checked_add(1))
        }
        "randrange" => {
            let from = given.need("start")?.need_int(name)?;
            let to = given.take("stop").map(|to| to.need_int(name)).transpose()?;
            given.done()?;
            match to {
                Some(to) => below(random, from, Some(to)),
                None => below(random, 0, Some(from)),
            }
        }
        "shuffle" => {
            let list = given.need("x")?;
            given.done()?;
            let Object::List(list) = &list else { return refuse("shuffling what is no list") };
            random.borrow_mut().shuffle(&mut list.borrow_mut());
            Ok(Object::None)
        }
        "choice" => {
            let items = given.need("seq")?;
            given.done()?;
            let items = machine.all(&items)?;
            if items.is_empty() {
                return raise("IndexError", "Cannot choose from an empty sequence");
            }
            let at = random.borrow_mut().below(items.len());
            Ok(items[at].clone())
        }
        "sample" => {
            let items = given.need("population")?;
            let count = given.need("k")?.need_int(name)?;
            given.done()?;
            if matches!(items, Object::Set(_)) {
                return raise("TypeError", "Population must be a sequence");
            }
            let items = machine.all(&items)?;
            let Some(count) = usize::try_from(count).ok().filter(|count| *count <= items.len()) else {
                return raise("ValueError", "Sample larger than population or is negative");
            };
            let places = random.borrow_mut().sample(items.len(), count).or_else(refuse)?;
            Ok(Object::list(places.into_iter().map(|at| items[at].clone()).collect()))
        }
        "choices" => {
            let items = given.need("population")?;
            let count = given.take_named("k").map_or(Ok(1), |k| k.need_int(name))?;
            given.done()?;
            let items = machine.all(&items)?;
            if items.is_empty() {
                return raise("IndexError", "choices() of nothing");
            }
            let count = usize::try_from(count).unwrap_or(0);
            machine.take_room(count)?;
            let draw = || items[(random.borrow_mut().uniform() * items.len() as f64) as usize].clone();
            Ok(Object::list((0..count).map(|_| draw()).collect()))
        }
        other => refuse(format!("`random.{other}`")),
    }
}

fn below(random: &Rc<RefCell<Random>>, from: i64, to: Option<i64>) -> Res<Object> {
    let width = to.and_then(|to| to.checked_sub(from));
    match width.and_then(|width| u32::try_from(width).ok()) {
        Some(width) if width > 0 => Ok(Object::Int(from + random.borrow_mut().below(width as usize) as i64)),
        Some(_) => raise("ValueError", "empty range"),
        None if width.is_some_and(|width| width < 0) => raise("ValueError", "empty range"),
        None => refuse("a range this wide"),
    }
}
