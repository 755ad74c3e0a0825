//! `math` and the part of `numpy` that task files use.

use std::rc::Rc;

use super::super::numpy::{argmax, pairwise_sum};
use super::arguments::Given;
use super::machine::Machine;
use super::object::{Object, Res, raise, refuse};

/// The numbers of a list.
fn numbers(items: &[Object]) -> Res<Vec<f64>> {
    items
        .iter()
        .map(|item| match item.as_float() {
            Some(number) => Ok(number),
            None => refuse(format!("an array of numpy that holds {}", item.kind())),
        })
        .collect()
}

fn whole(items: &[Object]) -> bool {
    items.iter().all(|item| item.as_int().is_some())
}

/// A function of `numpy`.
pub(super) fn numpy(machine: &mut Machine, name: &str, mut given: Given) -> Res<Object> {
    let first = given.need("a")?;
    let digits = if name == "round" { given.take("decimals").map_or(Ok(0), |n| n.need_int("round"))? } else { 0 };
    given.done()?;
    let single = |number: f64| -> Res<f64> {
        Ok(match name {
            "exp" => number.exp(),
            "log" => number.ln(),
            "log2" => number.log2(),
            "sqrt" => number.sqrt(),
            "abs" => number.abs(),
            "floor" => number.floor(),
            "ceil" => number.ceil(),
            "round" if digits == 0 => number.round_ties_even(),
            "round" if (1..20).contains(&digits) => {
                let scale = 10_f64.powi(digits as i32);
                (number * scale).round_ties_even() / scale
            }
            other => return refuse(format!("`numpy.{other}` with these arguments")),
        })
    };
    match name {
        "isnan" => match first.as_float() {
            Some(number) => return Ok(Object::Bool(number.is_nan())),
            None => return refuse("`numpy.isnan` of something that is not a number"),
        },
        "exp" | "log" | "log2" | "sqrt" | "abs" | "floor" | "ceil" | "round" => {
            if let Some(number) = first.as_float() {
                if let (Some(_), "round" | "abs") = (first.as_int(), name) {
                    return refuse(format!("`numpy.{name}` of a whole number"));
                }
                return Ok(Object::Float(single(number)?));
            }
            let items = machine.all(&first)?;
            let made = numbers(&items)?.into_iter().map(|number| single(number).map(Object::Float));
            return Ok(Object::Array(Rc::new(made.collect::<Res<_>>()?)));
        }
        _ => {}
    }
    let items = machine.all(&first)?;
    if let "array" | "asarray" = name {
        numbers(&items)?;
        let mixed = !whole(&items);
        let item = |item: &Object| match item.as_float() {
            Some(number) if mixed => Object::Float(number),
            _ => item.clone(),
        };
        return Ok(Object::Array(Rc::new(items.iter().map(item).collect())));
    }
    reduced(&items, name)
}

/// One number of many.
fn reduced(items: &[Object], name: &str) -> Res<Object> {
    let list = numbers(items)?;
    let there: Vec<f64> = list.iter().copied().filter(|number| !number.is_nan()).collect();
    if list.is_empty() {
        return match name {
            "mean" | "nanmean" => Ok(Object::Float(f64::NAN)),
            "sum" | "nansum" => Ok(Object::Float(0.0)),
            _ => raise("ValueError", format!("numpy.{name} of nothing")),
        };
    }
    let extreme = |most: bool| {
        let at = if most { argmax(&list) } else { argmax(&list.iter().map(|x| -x).collect::<Vec<_>>()) };
        (at, items[at].clone())
    };
    Ok(match name {
        "mean" => Object::Float(pairwise_sum(&list) / list.len() as f64),
        "nanmean" if there.is_empty() => Object::Float(f64::NAN),
        "nanmean" => Object::Float(pairwise_sum(&there) / there.len() as f64),
        "sum" if whole(items) => Object::Int(items.iter().filter_map(Object::as_int).sum()),
        "sum" => Object::Float(pairwise_sum(&list)),
        "argmax" => Object::size(extreme(true).0),
        "argmin" => Object::size(extreme(false).0),
        "max" => extreme(true).1,
        "min" => extreme(false).1,
        "any" => Object::Bool(list.iter().any(|number| *number != 0.0)),
        "all" => Object::Bool(list.iter().all(|number| *number != 0.0)),
        other => return refuse(format!("`numpy.{other}`")),
    })
}

/// A method of an array.
pub(super) fn array(items: &Rc<Vec<Object>>, name: &str, mut given: Given) -> Res<Object> {
    given.done()?;
    match (name, items.as_slice()) {
        ("tolist", items) => Ok(Object::list(items.to_vec())),
        ("item", [only]) => Ok(only.clone()),
        ("item", _) => raise("ValueError", "can only convert an array of size 1 to a Python scalar"),
        (name, items) => reduced(items, name),
    }
}

/// A function of `math`.
pub(super) fn math(name: &str, mut given: Given) -> Res<Object> {
    let first = given.need("x")?;
    let second = given.take("y");
    given.done()?;
    let Some(number) = first.as_float() else {
        return raise("TypeError", format!("must be real number, not {}", first.kind()));
    };
    let domain = || raise("ValueError", "math domain error");
    let as_whole = |number: f64| {
        if number.is_nan() {
            return raise("ValueError", "cannot convert float NaN to integer");
        }
        if number.is_infinite() {
            return raise("OverflowError", "cannot convert float infinity to integer");
        }
        if number.abs() < 9e18 { Ok(Object::Int(number as i64)) } else { refuse("a whole number beyond 64 bits") }
    };
    let logarithm = |number: f64| if number > 0.0 { Ok(number.ln()) } else { raise("ValueError", "math domain error") };
    Ok(match (name, second) {
        ("floor" | "ceil" | "trunc", None) if first.as_int().is_some() => Object::Int(first.as_int().unwrap_or(0)),
        ("floor", None) => as_whole(number.floor())?,
        ("ceil", None) => as_whole(number.ceil())?,
        ("trunc", None) => as_whole(number.trunc())?,
        ("sqrt", None) if number < 0.0 => return domain(),
        ("sqrt", None) => Object::Float(number.sqrt()),
        ("exp", None) if number.is_finite() && number.exp().is_infinite() => {
            return raise("OverflowError", "math range error");
        }
        ("exp", None) => Object::Float(number.exp()),
        ("log", None) => Object::Float(logarithm(number)?),
        ("log", Some(base)) => match base.as_float() {
            Some(base) => Object::Float(logarithm(number)? / logarithm(base)?),
            None => return raise("TypeError", "must be real number"),
        },
        ("log2" | "log10", None) if number <= 0.0 => return domain(),
        ("log2", None) => Object::Float(number.log2()),
        ("log10", None) => Object::Float(number.log10()),
        ("fabs", None) => Object::Float(number.abs()),
        ("isnan", None) => Object::Bool(number.is_nan()),
        ("isinf", None) => Object::Bool(number.is_infinite()),
        ("isfinite", None) => Object::Bool(number.is_finite()),
        (other, _) => return refuse(format!("`math.{other}` with these arguments")),
    })
}
