//! Expressions.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use super::arguments::Arguments;
use super::builtins;
use super::constants;
use super::format;
use super::machine::{Flow, Machine};
use super::methods;
use super::object::{Closure, Frame, Generator, Iter, Object, Res, Scope, Table, raise, refuse};
use super::tree::{Argument, Builds, Comprehension, Expr, Kind, Name, Piece};

impl Machine {
    pub(super) fn eval(&mut self, expr: &Expr, frame: &Rc<Frame>) -> Res<Object> {
        self.step()?;
        // What needs nothing below it is answered here, the rest with a level of its own.
        match &expr.kind {
            Kind::None => Ok(Object::None),
            Kind::Bool(flag) => Ok(Object::Bool(*flag)),
            Kind::Int(number) => Ok(Object::Int(*number)),
            Kind::Float(number) => Ok(Object::Float(*number)),
            Kind::Text(text) => Ok(Object::Text(text.clone())),
            Kind::Name(name) => self.name(name, frame),
            Kind::Refused(what) => refuse(format!("{what} is not supported")),
            _ => self.down(|machine| machine.compound(expr, frame)),
        }
    }

    fn name(&mut self, name: &Name, frame: &Rc<Frame>) -> Res<Object> {
        if let Some(found) = frame.get(name)? {
            return Ok(found);
        }
        match &**name {
            "__file__" => Ok(Object::text(&frame.source.path.display().to_string())),
            "__name__" => Ok(Object::text(&frame.source.module_name())),
            _ => match builtins::find(name) {
                Some(known) => Ok(Object::Native(known)),
                None => raise("NameError", format!("name '{name}' is not defined")),
            },
        }
    }

    fn compound(&mut self, expr: &Expr, frame: &Rc<Frame>) -> Res<Object> {
        match &expr.kind {
            Kind::Joined(pieces) => self.joined(pieces, frame).map(|text| Object::text(&text)),
            Kind::List(items) => self.items(items, frame).map(Object::list),
            Kind::Tuple(items) => self.items(items, frame).map(Object::tuple),
            Kind::Set(items) => {
                let items = self.items(items, frame)?;
                Ok(Object::set(Table::of_keys(items)?))
            }
            Kind::Dict(entries) => self.dictionary(entries, frame),
            Kind::Starred(_) => refuse("a star in this place"),
            Kind::Unary(sign, inner) => {
                let value = self.eval(inner, frame)?;
                self.unary(sign, &value)
            }
            Kind::Binary(sign, left, right) => {
                let left = self.eval(left, frame)?;
                let right = self.eval(right, frame)?;
                self.binary(sign, &left, &right)
            }
            Kind::Either(or, left, right) => {
                let left = self.eval(left, frame)?;
                if left.truth()? == *or { Ok(left) } else { self.eval(right, frame) }
            }
            Kind::Compare(first, rest) => self.comparison(first, rest, frame),
            Kind::Choice { test, yes, no } => {
                let yes_or_no = self.eval(test, frame)?.truth()?;
                self.eval(if yes_or_no { yes } else { no }, frame)
            }
            Kind::Lambda(function) => self.closure(function, frame),
            Kind::Comprehension(made) => self.comprehension(made, frame),
            Kind::Call(function, arguments) => self.call_expression(function, arguments, frame),
            Kind::Attribute(base, name) => {
                let base = self.eval(base, frame)?;
                self.attribute(&base, name)
            }
            Kind::Index(base, index) => {
                let base = self.eval(base, frame)?;
                let index = self.eval(index, frame)?;
                self.item(&base, &index)
            }
            Kind::Slice(parts) => {
                let mut ends = [None; 3];
                for (end, part) in ends.iter_mut().zip(parts) {
                    if let Some(part) = part {
                        *end = match self.eval(part, frame)? {
                            Object::None => None,
                            number => Some(number.need_int("a slice")?),
                        };
                    }
                }
                Ok(Object::Slice(Rc::new(ends)))
            }
            _ => refuse("this expression"),
        }
    }

    fn comparison(&mut self, first: &Expr, rest: &[(&'static str, Expr)], frame: &Rc<Frame>) -> Res<Object> {
        let mut left = self.eval(first, frame)?;
        let mut answer = Object::Bool(true);
        for (sign, right) in rest {
            let right = self.eval(right, frame)?;
            answer = self.compare(sign, &left, &right)?;
            if !answer.truth()? {
                break;
            }
            left = right;
        }
        Ok(answer)
    }

    fn items(&mut self, items: &[Expr], frame: &Rc<Frame>) -> Res<Vec<Object>> {
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            match &item.kind {
                Kind::Starred(inner) => {
                    let inner = self.eval(inner, frame)?;
                    out.extend(self.all(&inner)?);
                }
                _ => out.push(self.eval(item, frame)?),
            }
        }
        self.take_room(out.len())?;
        Ok(out)
    }

    fn dictionary(&mut self, entries: &[(Option<Expr>, Expr)], frame: &Rc<Frame>) -> Res<Object> {
        let mut table = Table::default();
        for (key, value) in entries {
            match key {
                Some(key) => {
                    let key = self.eval(key, frame)?;
                    let value = self.eval(value, frame)?;
                    table.put(key, value)?;
                }
                None => match self.eval(value, frame)? {
                    Object::Dict(other) => {
                        for (key, value) in other.table.borrow().iter() {
                            table.put(key.clone(), value.clone())?;
                        }
                    }
                    other => return raise("TypeError", format!("'{}' object is not a mapping", other.kind())),
                },
            }
        }
        self.take_room(table.len())?;
        Ok(Object::dict(table))
    }

    /// The text of an f-string.
    fn joined(&mut self, pieces: &[Piece], frame: &Rc<Frame>) -> Res<String> {
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value { value, conversion, format } => {
                    let mut value = self.eval(value, frame)?;
                    match conversion {
                        Some('r') => value = Object::text(&value.repr()?),
                        Some('s') => value = Object::text(&value.show()?),
                        Some(_) => return refuse("this conversion in an f-string"),
                        None => {}
                    }
                    let spec = self.joined(format, frame)?;
                    out.push_str(&format::formatted(&value, &spec)?);
                }
            }
        }
        self.take_room(out.len())?;
        Ok(out)
    }

    fn comprehension(&mut self, made: &Arc<Comprehension>, around: &Rc<Frame>) -> Res<Object> {
        let Some(first) = made.loops.first() else { return refuse("this comprehension") };
        // What the outermost loop runs over is read outside.
        let over = self.eval(&first.over, around)?;
        let over = if made.builds == Builds::Set && matches!(over, Object::Set(_)) {
            Object::list(self.all_unordered(&over)?)
        } else {
            over
        };
        let unordered = matches!(&over, Object::Set(set) if set.borrow().len() > 1);
        if made.builds == Builds::Generator && unordered {
            // `any`, `sum` and the like do not mind; what does is told when it asks.
            let keys = self.all_unordered(&over)?;
            return self.of_set(made, keys, around);
        }
        let over = self.iterator(&over)?;
        let frame = Frame::inside(around, Scope::Comprehension(Arc::clone(made)));
        let mut generator = Generator { made: Arc::clone(made), frame, over, ready: VecDeque::new() };
        if made.builds == Builds::Generator {
            let iter = Iter::Generator(Box::new(generator));
            return Ok(Object::Iterator(Rc::new(std::cell::RefCell::new(iter))));
        }
        let over = generator.over.clone();
        while let Some(item) = self.next(&over)? {
            self.round(&mut generator, item)?;
        }
        self.take_room(generator.ready.len())?;
        let items = Vec::from(generator.ready);
        Ok(match made.builds {
            Builds::List | Builds::Generator => Object::list(items),
            Builds::Set => Object::set(Table::of_keys(items)?),
            Builds::Dict => {
                let mut table = Table::default();
                for item in items {
                    if let Object::Tuple(pair) = item
                        && let [key, value] = pair.as_slice()
                    {
                        table.put(key.clone(), value.clone())?;
                    }
                }
                Object::dict(table)
            }
        })
    }

    /// A generator expression over a set gives its values as a set does, without an order.
    fn of_set(&mut self, made: &Arc<Comprehension>, keys: Vec<Object>, around: &Rc<Frame>) -> Res<Object> {
        let frame = Frame::inside(around, Scope::Comprehension(Arc::clone(made)));
        let mut generator = Generator { made: Arc::clone(made), frame, over: Object::None, ready: VecDeque::new() };
        for key in keys {
            self.round(&mut generator, key)?;
        }
        let items = Vec::from(generator.ready);
        let count = items.len();
        let table = Table::of_keys(items)?;
        if table.len() == count {
            Ok(Object::set(table))
        } else {
            refuse("a generator over a set that gives a value twice")
        }
    }

    /// One value of the outermost loop: all that the inner loops make of it.
    pub(super) fn round(&mut self, generator: &mut Generator, item: Object) -> Res<()> {
        let (made, frame) = (Arc::clone(&generator.made), Rc::clone(&generator.frame));
        self.inner(&made, 0, item, &frame, &mut generator.ready)
    }

    fn inner(
        &mut self,
        made: &Comprehension,
        level: usize,
        item: Object,
        frame: &Rc<Frame>,
        out: &mut VecDeque<Object>,
    ) -> Res<()> {
        let Some(this) = made.loops.get(level) else { return Ok(()) };
        self.assign(&this.target, item, frame)?;
        for test in &this.tests {
            if !self.eval(test, frame)?.truth()? {
                return Ok(());
            }
        }
        match made.loops.get(level + 1) {
            Some(next) => {
                let over = self.eval(&next.over, frame)?;
                let over = self.iterator(&over)?;
                while let Some(item) = self.next(&over)? {
                    self.down(|machine| machine.inner(made, level + 1, item, frame, out))?;
                }
            }
            None => {
                let element = self.eval(&made.element, frame)?;
                out.push_back(match &made.value {
                    Some(value) => Object::tuple(vec![element, self.eval(value, frame)?]),
                    None => element,
                });
            }
        }
        Ok(())
    }

    fn call_expression(&mut self, function: &Expr, given: &[Argument], frame: &Rc<Frame>) -> Res<Object> {
        // A method is called at once, without making an object of it.
        let (base, name, callee) = match &function.kind {
            Kind::Attribute(base, name) => {
                let base = self.eval(base, frame)?;
                match base {
                    Object::Module(_) | Object::Script(_) | Object::Missing(_) | Object::Native(_) => {
                        (None, None, self.attribute(&base, name)?)
                    }
                    base => (Some(base), Some(name), Object::None),
                }
            }
            _ => (None, None, self.eval(function, frame)?),
        };
        let mut arguments = Arguments::default();
        for argument in given {
            let value = self.eval(&argument.value, frame)?;
            match (argument.stars, &argument.name) {
                (0, Some(name)) => arguments.named.push((name.clone(), value)),
                (0, None) => arguments.list.push(value),
                (1, _) => {
                    let items = self.all(&value)?;
                    arguments.list.extend(items);
                }
                _ => {
                    let Object::Dict(dict) = &value else {
                        return raise("TypeError", "argument after ** must be a mapping");
                    };
                    for (key, value) in dict.table.borrow().iter() {
                        arguments.named.push((Name::from(key.need_text("a named argument")?), value.clone()));
                    }
                }
            }
        }
        match (base, name) {
            (Some(base), Some(name)) => methods::call(self, &base, name, arguments),
            _ => self.call_with(&callee, arguments),
        }
    }

    pub(super) fn call(&mut self, function: &Object, list: Vec<Object>) -> Res<Object> {
        self.call_with(function, Arguments { list, named: Vec::new() })
    }

    pub(super) fn call_with(&mut self, function: &Object, arguments: Arguments) -> Res<Object> {
        self.step()?;
        match function {
            Object::Function(closure) => {
                let closure = Rc::clone(closure);
                self.down(|machine| machine.run(&closure, arguments))
            }
            Object::Native(name) => builtins::call(self, name, arguments),
            Object::Method(bound) => methods::call(self, &bound.0, &bound.1, arguments),
            Object::Partial(partial) => {
                let mut list = partial.list.clone();
                list.extend(arguments.list);
                let mut named = partial.named.clone();
                for (name, value) in arguments.named {
                    named.retain(|(other, _)| *other != name);
                    named.push((name, value));
                }
                let function = partial.function.clone();
                self.call_with(&function, Arguments { list, named })
            }
            Object::Missing(name) => refuse(format!("`{name}` is not known here")),
            other => raise("TypeError", format!("'{}' object is not callable", other.kind())),
        }
    }

    fn run(&mut self, closure: &Closure, arguments: Arguments) -> Res<Object> {
        let function = &closure.function;
        let frame = Frame::inside(&closure.around, Scope::Function(Arc::clone(function)));
        let wrong = |problem: String| raise("TypeError", format!("{}() {problem}", function.name));
        let mut given = arguments.list.into_iter();
        let mut named = arguments.named;
        {
            let mut vars = frame.vars.borrow_mut();
            for (parameter, default) in function.parameters.iter().zip(&closure.defaults) {
                let by_name = named.iter().position(|(name, _)| *name == parameter.name).map(|at| named.remove(at).1);
                let by_place = if parameter.named { None } else { given.next() };
                let value = match (by_place, by_name) {
                    (Some(_), Some(_)) => {
                        return wrong(format!("got multiple values for argument '{}'", parameter.name));
                    }
                    (Some(value), None) | (None, Some(value)) => value,
                    (None, None) => match default {
                        Some(default) => default.clone(),
                        None => return wrong(format!("missing the argument '{}'", parameter.name)),
                    },
                };
                vars.insert(parameter.name.clone(), value);
            }
            let rest: Vec<Object> = given.collect();
            match &function.rest {
                Some(name) => {
                    vars.insert(name.clone(), Object::tuple(rest));
                }
                None if !rest.is_empty() => return wrong("got too many arguments".to_owned()),
                None => {}
            }
            match (&function.named_rest, named.first()) {
                (Some(name), _) => {
                    let mut table = Table::default();
                    for (key, value) in named {
                        table.put_text(&key, value);
                    }
                    vars.insert(name.clone(), Object::dict(table));
                }
                (None, Some((name, _))) => return wrong(format!("got an unexpected keyword argument '{name}'")),
                (None, None) => {}
            }
        }
        match self.body(&function.body, &frame)? {
            Flow::Return(value) => Ok(value),
            _ => Ok(Object::None),
        }
    }

    /// `object.name`.
    pub(super) fn attribute(&mut self, base: &Object, name: &Name) -> Res<Object> {
        match base {
            Object::Module(module) => match constants::member(module, name) {
                Some(member) => Ok(member),
                None => refuse(format!("`{module}.{name}` is not known here")),
            },
            Object::Script(frame) => match frame.get(name)? {
                Some(found) => Ok(found),
                None => raise("AttributeError", format!("the module has no `{name}`")),
            },
            Object::Missing(of) => Ok(Object::Missing(Name::from(format!("{of}.{name}")))),
            Object::Native(of) => match builtins::find_member(of, name) {
                Some(known) => Ok(Object::Native(known)),
                None => refuse(format!("`{of}.{name}` is not known here")),
            },
            _ => match methods::plain_attribute(self, base, name)? {
                Some(value) => Ok(value),
                None if methods::has(base, name) => Ok(Object::Method(Rc::new((base.clone(), name.clone())))),
                None => raise("AttributeError", format!("'{}' object has no attribute '{name}'", base.kind())),
            },
        }
    }
}
