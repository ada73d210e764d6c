//! The names that are visible at a place of a function.

use std::collections::HashMap;

use crate::value::Value;

/// The names under which a text imports TVM's script module of tensor programs.
#[derive(Clone, Debug)]
pub(crate) struct Modules {
    names: Vec<String>,
}

impl Default for Modules {
    fn default() -> Self {
        // Records often lack the import: it is a comment in what TVM prints.
        Self { names: vec!["T".to_owned()] }
    }
}

impl Modules {
    /// Notes an import of `module` (maybe with dots) under `name`.
    pub(crate) fn import(&mut self, module: &str, name: &str) {
        let last = module.rsplit('.').next().unwrap_or(module);
        if matches!(last, "tir" | "tirx" | "s_tir") {
            self.names.push(name.to_owned());
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }
}

/// Which TVM a text was written for, where one spelling means two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `x = value` names a value.
    Tir,
    /// `x = value` and `x: T.int32 = value` make a buffer of one element that can be assigned again (TVM 0.27).
    Tirx,
}

impl Dialect {
    pub(crate) fn of(text: &str) -> Self {
        // The import is a comment in what TVM prints.
        let is_old = text.contains("import tir as ") || text.contains("T.block(");
        if is_old { Self::Tir } else { Self::Tirx }
    }
}

/// The visible names, with what to restore when a scope ends.
#[derive(Debug, Default)]
pub(crate) struct Names<'a> {
    visible: HashMap<&'a str, Value<'a>>,
    hidden: Vec<(&'a str, Option<Value<'a>>)>,
}

/// A place to go back to; made by [`Names::mark`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(usize);

impl<'a> Names<'a> {
    pub(crate) fn find(&self, name: &str) -> Option<&Value<'a>> {
        self.visible.get(name)
    }

    pub(crate) fn bind(&mut self, name: &'a str, value: Value<'a>) {
        let before = self.visible.insert(name, value);
        self.hidden.push((name, before));
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark(self.hidden.len())
    }

    /// Forgets what was bound since the mark.
    pub(crate) fn reset(&mut self, mark: Mark) {
        while self.hidden.len() > mark.0
            && let Some((name, before)) = self.hidden.pop()
        {
            match before {
                Some(value) => self.visible.insert(name, value),
                None => self.visible.remove(name),
            };
        }
    }
}
