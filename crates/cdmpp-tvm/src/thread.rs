//! Threads of the environment, and other attributes that hold for a body.

use cdmpp_ir::Body;
use ruff_python_ast::{Expr, ExprCall};

use crate::arith;
use crate::binding::name_of;
use crate::error::{Fault, Read};
use crate::function::Reader;
use crate::loops::{THREAD_TYPE, thread_axis};
use crate::value::Value;

impl<'a> Reader<'a> {
    pub(crate) fn launch_thread(
        &mut self,
        body: &mut Body<'_>,
        at: &'a Expr,
        target: Option<&'a Expr>,
        call: &'a ExprCall,
        read: impl FnOnce(&mut Self, &mut Body<'_>) -> Read<()>,
    ) -> Read<()> {
        let (Some(thread), Some(extent)) =
            (call.arguments.find_argument_value("thread", 0), call.arguments.find_argument_value("extent", 1))
        else {
            return Err(Fault::expected(call, "a thread and an extent", "fewer arguments"));
        };
        self.launch(body, at, thread, target, extent, read)
    }

    fn launch(
        &mut self,
        body: &mut Body<'_>,
        at: &'a Expr,
        thread: &'a Expr,
        target: Option<&'a Expr>,
        extent: &'a Expr,
        read: impl FnOnce(&mut Self, &mut Body<'_>) -> Read<()>,
    ) -> Read<()> {
        let variable = if let Expr::Name(name) = thread { Some(name.id.as_str()) } else { None };
        let tag = match self.value(body, thread)? {
            Value::Str(tag) | Value::EnvThread(tag) => tag,
            // A thread that has its extent already: this launch says it again.
            Value::Scalar(_) => return read(self, body),
            value => return Err(Fault::expected(thread, "a thread axis", value.what(body))),
        };
        let axis = thread_axis(thread, tag)?;
        let name = match (variable, target) {
            (_, Some(target)) => name_of(target)?,
            (Some(name), None) => name,
            (None, None) => tag,
        };
        let extent = self.integer(body, extent)?;
        let extent = if variable.is_some() { arith::cast(body, THREAD_TYPE, extent) } else { extent };
        self.thread_loop(body, at, (name, axis), extent, |reader, body| {
            if let (Some(variable), Some(value)) = (variable, reader.names.find(name).cloned()) {
                reader.names.bind(variable, value);
            }
            read(reader, body)
        })
    }

    /// `T.attr(node, key, value)` or `T.attr({key: value})`: thread extents are loops, pragmas are hints on the loops
    /// directly inside, and the rest is transparent.
    pub(crate) fn attr(
        &mut self,
        body: &mut Body<'_>,
        call: &'a ExprCall,
        read: impl FnOnce(&mut Self, &mut Body<'_>) -> Read<()>,
    ) -> Read<()> {
        let n_pragmas = self.pragmas.len();
        match &*call.arguments.args {
            [Expr::Dict(dict)] => {
                for item in &dict.items {
                    if let Some(key) = &item.key {
                        let key = self.text(body, key)?;
                        self.pragma(body, key, &item.value)?;
                    }
                }
            }
            [node, key, value] => {
                let key = self.text(body, key)?;
                if matches!(key, "thread_extent" | "virtual_thread") {
                    let (thread, target) = match self.script_call(node) {
                        Some(("", "iter_var", iter_var)) => {
                            let tag = iter_var.arguments.find_argument_value("thread_tag", 3);
                            let Some(tag) = tag else {
                                return Err(Fault::expected(node, "a thread axis as fourth argument", "none"));
                            };
                            (tag, iter_var.arguments.find_argument_value("v", 0))
                        }
                        _ => (node, None),
                    };
                    let target = target.filter(|target| matches!(target, Expr::Name(_)));
                    return self.launch(body, node, thread, target, value, read);
                }
                self.pragma(body, key, value)?;
            }
            _ => return Err(Fault::expected(call, "a node, a key and a value", "other arguments")),
        }
        let result = read(self, body);
        self.pragmas.truncate(n_pragmas);
        result
    }

    fn pragma(&mut self, body: &mut Body<'_>, key: &str, value: &'a Expr) -> Read<()> {
        if key.starts_with("pragma_") {
            let pragma = self.annotation(body, key, value)?;
            self.pragmas.extend(pragma);
        }
        Ok(())
    }
}
