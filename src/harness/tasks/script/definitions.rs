//! What binds names at once: functions and imports.

use std::collections::BTreeSet;

use super::parser::{Parser, Read};
use super::tree::{Does, Expr, Function, Name, Parameter, bound, declared_global};

impl Parser {
    fn dotted(&mut self) -> Read<String> {
        let mut path = self.need_name()?.to_string();
        while self.take_mark(".") {
            path = format!("{path}.{}", self.need_name()?);
        }
        Ok(path)
    }

    pub(super) fn import(&mut self) -> Read<Does> {
        let mut list = Vec::new();
        loop {
            let path = self.dotted()?;
            if self.take_name("as") {
                list.push((Name::from(path), self.need_name()?));
            } else {
                // `import a.b` binds `a`.
                let first = Name::from(path.split('.').next().unwrap_or_default());
                list.push((first.clone(), first));
            }
            if !self.take_mark(",") {
                return Ok(Does::Import(list));
            }
        }
    }

    pub(super) fn import_from(&mut self) -> Read<Does> {
        let mut path = String::new();
        loop {
            if self.take_mark(".") {
                path.push('.');
            } else if self.take_mark("...") {
                path.push_str("...");
            } else {
                break;
            }
        }
        if !self.is_name("import") {
            path += &self.dotted()?;
        }
        if !self.take_name("import") {
            return self.wrong("`import` is missing");
        }
        if self.take_mark("*") {
            return Ok(Does::Refused(format!("`from {path} import *`"), Vec::new()));
        }
        let bracket = self.take_mark("(");
        let mut list = Vec::new();
        while !self.is_mark(")") && !self.ends() {
            let name = self.need_name()?;
            let known_as = if self.take_name("as") { self.need_name()? } else { name.clone() };
            list.push((name, known_as));
            if !self.take_mark(",") {
                break;
            }
        }
        if bracket {
            self.need_mark(")")?;
        }
        Ok(Does::From(Name::from(path), list))
    }

    pub(super) fn function(&mut self, decorators: Vec<Expr>) -> Read<Function> {
        self.go_on();
        let name = self.need_name()?;
        self.need_mark("(")?;
        let mut function = self.parameters(")", true)?;
        self.need_mark(")")?;
        if self.take_mark("->") {
            self.value()?;
        }
        function.body = self.block()?;
        let mut names: BTreeSet<Name> = function.locals.clone();
        bound(&function.body, &mut names);
        let mut global = BTreeSet::new();
        declared_global(&function.body, &mut global);
        names.retain(|name| !global.contains(name));
        Ok(Function { name, locals: names, decorators, ..function })
    }

    /// Parameters up to a closing sign; their names are among the locals.
    pub(super) fn parameters(&mut self, close: &str, annotated: bool) -> Read<Function> {
        let mut function = Function {
            name: Name::from("<lambda>"),
            parameters: Vec::new(),
            rest: None,
            named_rest: None,
            body: Vec::new(),
            locals: BTreeSet::new(),
            decorators: Vec::new(),
        };
        let mut named = false;
        while !self.is_mark(close) {
            if self.take_mark("/") {
            } else if self.take_mark("**") {
                function.named_rest = Some(self.need_name()?);
            } else if self.take_mark("*") {
                named = true;
                if !self.is_mark(",") {
                    function.rest = Some(self.need_name()?);
                }
            } else {
                function.parameters.push(Parameter { name: self.need_name()?, default: None, named });
            }
            if annotated && self.take_mark(":") {
                self.value()?;
            }
            if self.take_mark("=") {
                let default = self.value()?;
                match function.parameters.last_mut() {
                    Some(last) => last.default = Some(default),
                    None => return self.wrong("a default without a parameter"),
                }
            }
            if !self.take_mark(",") {
                break;
            }
        }
        function.locals = function.parameters.iter().map(|parameter| parameter.name.clone()).collect();
        function.locals.extend(function.rest.iter().chain(&function.named_rest).cloned());
        Ok(function)
    }
}
