//! Operators and comparisons.

use std::cmp::Ordering;
use std::rc::Rc;

use super::format;
use super::machine::Machine;
use super::object::{DictKind, Object, Res, Table, raise, refuse};

impl Machine {
    pub(super) fn unary(&mut self, sign: &str, value: &Object) -> Res<Object> {
        if sign == "not" {
            return Ok(Object::Bool(!value.truth()?));
        }
        match (sign, value) {
            ("-", Object::Array(items)) => {
                let negated = items.iter().map(|item| self.unary("-", item)).collect::<Res<Vec<_>>>()?;
                Ok(Object::Array(Rc::new(negated)))
            }
            ("-", Object::Float(number)) => Ok(Object::Float(-number)),
            ("+", Object::Float(number)) => Ok(Object::Float(*number)),
            _ => match (sign, value.as_int()) {
                ("-", Some(number)) => whole(number.checked_neg()),
                ("+", Some(number)) => Ok(Object::Int(number)),
                ("~", Some(number)) => Ok(Object::Int(!number)),
                _ => raise("TypeError", format!("bad operand type for unary {sign}: '{}'", value.kind())),
            },
        }
    }

    pub(super) fn binary(&mut self, sign: &str, left: &Object, right: &Object) -> Res<Object> {
        if let (Object::Int(a), Object::Int(b)) = (left, right) {
            return ints(sign, *a, *b);
        }
        match (sign, left, right) {
            (_, Object::Missing(name), _) | (_, _, Object::Missing(name)) => {
                refuse(format!("`{name}` is not known here"))
            }
            (_, Object::Array(_), _) | (_, _, Object::Array(_)) => self.elementwise(sign, left, right),
            ("+", Object::Text(a), Object::Text(b)) => {
                self.take_room(a.len() + b.len())?;
                Ok(Object::text(&format!("{a}{b}")))
            }
            ("%", Object::Text(pattern), values) => {
                let text = format::percent(pattern, values)?;
                self.take_room(text.len())?;
                Ok(Object::text(&text))
            }
            ("*", Object::Text(text), count) | ("*", count, Object::Text(text)) if count.as_int().is_some() => {
                let count = usize::try_from(count.as_int().unwrap_or(0)).unwrap_or(0);
                self.take_room(text.len().saturating_mul(count))?;
                Ok(Object::text(&text.repeat(count)))
            }
            ("+", Object::List(a), Object::List(b)) => {
                let mut items = a.borrow().clone();
                items.extend(b.borrow().iter().cloned());
                self.take_room(items.len())?;
                Ok(Object::list(items))
            }
            ("+", Object::Tuple(a), Object::Tuple(b)) => {
                self.take_room(a.len() + b.len())?;
                Ok(Object::tuple(a.iter().chain(b.iter()).cloned().collect()))
            }
            ("*", Object::List(list), count) | ("*", count, Object::List(list)) if count.as_int().is_some() => {
                let items = self.repeated(&list.borrow(), count)?;
                Ok(Object::list(items))
            }
            ("*", Object::Tuple(items), count) | ("*", count, Object::Tuple(items)) if count.as_int().is_some() => {
                let items = self.repeated(items, count)?;
                Ok(Object::tuple(items))
            }
            ("|" | "&" | "-" | "^", Object::Set(a), Object::Set(b)) => {
                set_operation(sign, &a.borrow(), &b.borrow()).map(Object::set)
            }
            ("&" | "+" | "-" | "|", Object::Dict(a), Object::Dict(b))
                if matches!(a.kind, DictKind::Counter) && matches!(b.kind, DictKind::Counter) =>
            {
                counters(sign, &a.table.borrow(), &b.table.borrow())
            }
            ("|", Object::Dict(a), Object::Dict(b)) if matches!(a.kind, DictKind::Plain) => {
                let mut table = a.table.borrow().clone();
                for (key, value) in b.table.borrow().iter() {
                    table.put(key.clone(), value.clone())?;
                }
                Ok(Object::dict(table))
            }
            // Lists stand for the views of dictionaries too, which have these.
            ("|" | "&" | "-" | "^", Object::List(_), _) | ("|" | "&" | "-" | "^", _, Object::List(_)) => {
                refuse(format!("`{sign}` of lists or of the keys of a dictionary"))
            }
            _ => match (left.as_int(), right.as_int(), left.as_float(), right.as_float()) {
                (Some(a), Some(b), ..) if matches!((left, right), (Object::Bool(_), Object::Bool(_))) => match sign {
                    "|" => Ok(Object::Bool((a | b) != 0)),
                    "&" => Ok(Object::Bool((a & b) != 0)),
                    "^" => Ok(Object::Bool((a ^ b) != 0)),
                    _ => ints(sign, a, b),
                },
                (Some(a), Some(b), ..) => ints(sign, a, b),
                (_, _, Some(a), Some(b)) => floats(sign, a, b),
                _ => raise(
                    "TypeError",
                    format!("unsupported operand type(s) for {sign}: '{}' and '{}'", left.kind(), right.kind()),
                ),
            },
        }
    }

    fn repeated(&mut self, items: &[Object], count: &Object) -> Res<Vec<Object>> {
        let count = usize::try_from(count.as_int().unwrap_or(0)).unwrap_or(0);
        self.take_room(items.len().saturating_mul(count))?;
        Ok(std::iter::repeat_n(items, count).flatten().cloned().collect())
    }

    fn elementwise(&mut self, sign: &str, left: &Object, right: &Object) -> Res<Object> {
        let both: Vec<(Object, Object)> = match (left, right) {
            (Object::Array(a), Object::Array(b)) if a.len() == b.len() => {
                a.iter().cloned().zip(b.iter().cloned()).collect()
            }
            (Object::Array(a), b) if b.as_float().is_some() => a.iter().map(|a| (a.clone(), b.clone())).collect(),
            (a, Object::Array(b)) if a.as_float().is_some() => b.iter().map(|b| (a.clone(), b.clone())).collect(),
            (Object::Array(a), Object::List(b)) if a.len() == b.borrow().len() => {
                a.iter().cloned().zip(b.borrow().iter().cloned()).collect()
            }
            _ => return refuse("arrays of numpy of different shapes"),
        };
        let mut out = Vec::with_capacity(both.len());
        for (a, b) in both {
            out.push(match (sign, a.as_float(), b.as_float()) {
                ("/", Some(a), Some(b)) => Object::Float(a / b),
                ("+" | "-" | "*", Some(_), Some(_)) => self.binary(sign, &a, &b)?,
                ("**", Some(a), Some(2.0)) => Object::Float(a * a),
                _ => return refuse(format!("`{sign}` of arrays of numpy")),
            });
        }
        Ok(Object::Array(Rc::new(out)))
    }

    pub(super) fn compare(&mut self, sign: &str, left: &Object, right: &Object) -> Res<Object> {
        self.step()?;
        Ok(Object::Bool(match sign {
            "==" => left.equal(right)?,
            "!=" => !left.equal(right)?,
            "is" | "is not" => {
                if matches!(left, Object::Missing(_)) || matches!(right, Object::Missing(_)) {
                    return refuse("a value that is not known here");
                }
                left.is(right) == (sign == "is")
            }
            "in" => self.contains(right, left)?,
            "not in" => !self.contains(right, left)?,
            _ => {
                if let (Object::Set(a), Object::Set(b)) = (left, right) {
                    let (a, b) = (a.borrow(), b.borrow());
                    return subset(sign, &a, &b).map(Object::Bool);
                }
                match order(left, right, sign)? {
                    Some(Ordering::Less) => matches!(sign, "<" | "<="),
                    Some(Ordering::Equal) => matches!(sign, "<=" | ">="),
                    Some(Ordering::Greater) => matches!(sign, ">" | ">="),
                    None => false,
                }
            }
        }))
    }

    /// `item in of`.
    pub(super) fn contains(&mut self, of: &Object, item: &Object) -> Res<bool> {
        Ok(match of {
            Object::Text(text) => text.contains(item.need_text("'in <string>'")?),
            Object::Dict(dict) => dict.table.borrow().has(item)?,
            Object::Set(set) => set.borrow().has(item)?,
            Object::Range(from, to, step) => match item.as_int() {
                Some(item) => {
                    let inside = if *step > 0 { item >= *from && item < *to } else { item <= *from && item > *to };
                    inside && (item - from) % step == 0
                }
                None => return refuse("`in` of a range with something that is no whole number"),
            },
            other => {
                let iterator = self.iterator(other)?;
                while let Some(found) = self.next(&iterator)? {
                    if found.equal(item)? {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }
}

fn whole(number: Option<i64>) -> Res<Object> {
    match number {
        Some(number) => Ok(Object::Int(number)),
        None => refuse("a whole number beyond 64 bits"),
    }
}

fn ints(sign: &str, a: i64, b: i64) -> Res<Object> {
    let none = || raise("ZeroDivisionError", "division by zero");
    match sign {
        "+" => whole(a.checked_add(b)),
        "-" => whole(a.checked_sub(b)),
        "*" => whole(a.checked_mul(b)),
        "/" if b == 0 => none(),
        "/" => floats(sign, a as f64, b as f64),
        "//" if b == 0 => none(),
        "//" => whole(a.checked_div(b).map(|q| if a % b != 0 && (a < 0) != (b < 0) { q - 1 } else { q })),
        "%" if b == 0 => none(),
        "%" => whole(a.checked_rem(b).map(|r| if r != 0 && (r < 0) != (b < 0) { r + b } else { r })),
        "**" if b >= 0 => whole(u32::try_from(b).ok().and_then(|b| a.checked_pow(b))),
        "**" => floats(sign, a as f64, b as f64),
        "|" => Ok(Object::Int(a | b)),
        "&" => Ok(Object::Int(a & b)),
        "^" => Ok(Object::Int(a ^ b)),
        "<<" if (0..63).contains(&b) => whole(a.checked_mul(1 << b)),
        ">>" if (0..64).contains(&b) => Ok(Object::Int(a >> b)),
        _ => refuse(format!("`{sign}` of these numbers")),
    }
}

fn floats(sign: &str, a: f64, b: f64) -> Res<Object> {
    let none = || raise("ZeroDivisionError", "float division by zero");
    Ok(Object::Float(match sign {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" | "//" | "%" if b == 0.0 => return none(),
        "/" => a / b,
        "%" => modulo(a, b),
        "//" => {
            let div = (a - modulo(a, b)) / b;
            let floor = div.floor();
            if div - floor > 0.5 { floor + 1.0 } else { floor }
        }
        "**" if a == 0.0 && b < 0.0 => return raise("ZeroDivisionError", "0.0 cannot be raised to a negative power"),
        "**" if a < 0.0 && b.fract() != 0.0 => return refuse("a complex number"),
        "**" => {
            let power = a.powf(b);
            if power.is_infinite() && a.is_finite() && b.is_finite() {
                return raise("OverflowError", "Numerical result out of range");
            }
            power
        }
        _ => return raise("TypeError", format!("unsupported operand type(s) for {sign}: 'float' and 'float'")),
    }))
}

/// The rest of a division, with the sign of the divisor.
fn modulo(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest == 0.0 {
        0.0_f64.copysign(b)
    } else if (rest < 0.0) != (b < 0.0) {
        rest + b
    } else {
        rest
    }
}

/// How two values are ordered; none where one is no number. Values of kinds that have no order are a `TypeError`.
pub(super) fn order(left: &Object, right: &Object, sign: &str) -> Res<Option<Ordering>> {
    let lists = |a: &[Object], b: &[Object]| -> Res<Option<Ordering>> {
        for (a, b) in a.iter().zip(b) {
            if !a.equal(b)? {
                return order(a, b, sign);
            }
        }
        Ok(Some(a.len().cmp(&b.len())))
    };
    match (left, right) {
        (Object::Text(a), Object::Text(b)) => Ok(Some(a.cmp(b))),
        (Object::Int(a), Object::Int(b)) => Ok(Some(a.cmp(b))),
        (Object::List(a), Object::List(b)) => lists(&a.borrow(), &b.borrow()),
        (Object::Tuple(a), Object::Tuple(b)) => lists(a, b),
        (Object::Missing(name), _) | (_, Object::Missing(name)) => refuse(format!("`{name}` is not known here")),
        (Object::Array(_), _) | (_, Object::Array(_)) => refuse("comparing arrays of numpy"),
        _ => match (left.as_float(), right.as_float()) {
            (Some(a), Some(b)) => Ok(a.partial_cmp(&b)),
            _ => raise(
                "TypeError",
                format!("'{sign}' not supported between instances of '{}' and '{}'", left.kind(), right.kind()),
            ),
        },
    }
}

fn subset(sign: &str, a: &Table, b: &Table) -> Res<bool> {
    let within = |a: &Table, b: &Table| -> Res<bool> {
        for (key, _) in a.iter() {
            if !b.has(key)? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    Ok(match sign {
        "<=" => within(a, b)?,
        "<" => a.len() < b.len() && within(a, b)?,
        ">=" => within(b, a)?,
        _ => b.len() < a.len() && within(b, a)?,
    })
}

/// Union, intersection, difference and symmetric difference.
pub(super) fn set_operation(sign: &str, a: &Table, b: &Table) -> Res<Table> {
    let mut out = Table::default();
    for (key, _) in a.iter() {
        let shared = b.has(key)?;
        if match sign {
            "|" => true,
            "&" => shared,
            _ => !shared,
        } {
            out.put(key.clone(), Object::None)?;
        }
    }
    if matches!(sign, "|" | "^") {
        for (key, _) in b.iter() {
            if !a.has(key)? {
                out.put(key.clone(), Object::None)?;
            }
        }
    }
    Ok(out)
}

/// What two counters make: only counts above 0 stay.
fn counters(sign: &str, a: &Table, b: &Table) -> Res<Object> {
    let mut out = Table::default();
    let count =
        |of: &Table, key: &Object| -> Res<i64> { of.get(key)?.map_or(Ok(0), |count| count.need_int("a counter")) };
    let extra = b.iter().map(|(key, _)| key);
    let extra: Vec<&Object> = if sign == "&" { Vec::new() } else { extra.collect() };
    for key in a.iter().map(|(key, _)| key).chain(extra) {
        if out.has(key)? {
            continue;
        }
        let (one, two) = (count(a, key)?, count(b, key)?);
        let made = match sign {
            "&" => one.min(two),
            "|" => one.max(two),
            "-" => one - two,
            _ => one + two,
        };
        if made > 0 {
            out.put(key.clone(), Object::Int(made))?;
        }
    }
    Ok(Object::dict_of(out, DictKind::Counter))
}
