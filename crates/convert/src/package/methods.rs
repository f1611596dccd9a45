//! The Method component and where its references stand.

use hydra_cap::write;
use hydra_cap::{ComponentTag, ExceptionHandler, MethodHeader, ReferenceLocations};

use super::Package;
use crate::classfile::{Class, Method};
use crate::code::emit::{Linker, Written, write_method};
use crate::diagnostic::{Diagnostics, Place};
use crate::statics;
use crate::types::Signature;

impl Package<'_, '_> {
    pub(super) fn write_methods(&mut self, diagnostics: &mut Diagnostics) {
        let world = self.world;
        for (c, class) in world.classes.iter().enumerate() {
            if class.interface {
                continue;
            }
            for (m, method) in class.methods.iter().enumerate() {
                if statics::is_initializer(method) {
                    continue;
                }
                let body = match &method.code {
                    None => None,
                    Some(code) => {
                        let mut linker = Linker {
                            world,
                            shapes: self.shapes,
                            pool: &mut self.pool,
                        };
                        let written = write_method(&mut linker, c, method, code, diagnostics);
                        if let Some(written) = &written {
                            check_header(class, method, written, diagnostics);
                        }
                        written
                    }
                };
                let words = Signature::parse(&method.descriptor).map_or(0, |s| s.words());
                self.methods.push(WrittenMethod {
                    class: c,
                    method: m,
                    parameter_words: words + usize::from(!method.is_static),
                    body,
                });
            }
        }
    }

    /// Gives methods their offsets, and the handlers theirs.
    pub(super) fn place_methods(
        &mut self,
    ) -> Result<Vec<(usize, ExceptionHandler)>, write::TooLarge> {
        let too_large = write::TooLarge {
            component: ComponentTag::Method,
            what: "bytes",
        };
        let bodies = self.methods.iter().filter_map(|m| m.body.as_ref());
        let count = bodies.map(|b| b.handlers.len()).sum();
        let mut at = write::first_method_offset(count);
        let mut handlers: Vec<(usize, ExceptionHandler)> = Vec::new();
        for (index, written) in self.methods.iter().enumerate() {
            let offset = u16::try_from(at).map_err(|_| too_large)?;
            self.method_offsets
                .insert((written.class, written.method), offset);
            at += written.header_bytes();
            if let Some(body) = &written.body {
                for handler in &body.handlers {
                    let place = |offset: usize| u16::try_from(at + offset).map_err(|_| too_large);
                    handlers.push((
                        index,
                        ExceptionHandler {
                            start: place(handler.start)?.into(),
                            length: place(handler.end)? - place(handler.start)?,
                            stop: true,
                            handler: place(handler.target)?.into(),
                            catch_type: handler.catch_type,
                        },
                    ));
                }
                at += body.code.bytes.len();
            }
        }
        u16::try_from(at).map_err(|_| too_large)?;
        // The search may stop at a handler only if no later one covers any of its range.
        for i in 0..handlers.len() {
            let (start, end) = covered(&handlers[i].1);
            let overlaps = handlers[i + 1..].iter().any(|(_, later)| {
                let (other_start, other_end) = covered(later);
                start < other_end && other_start < end
            });
            handlers[i].1.stop = !overlaps;
        }
        Ok(handlers)
    }

    pub(super) fn method_component(
        &self,
        handlers: &[(usize, ExceptionHandler)],
    ) -> Result<(Vec<u8>, ReferenceLocations), write::TooLarge> {
        let mut bytes = Vec::new();
        let mut locations = ReferenceLocations::default();
        let too_large = write::TooLarge {
            component: ComponentTag::Method,
            what: "bytes",
        };
        for (i, (_, handler)) in handlers.iter().enumerate() {
            if handler.catch_type != 0 {
                let at = write::first_method_offset(i) + 6;
                locations
                    .short_indices
                    .push(u32::try_from(at).map_err(|_| too_large)?);
            }
        }
        let first = write::first_method_offset(handlers.len());
        for written in &self.methods {
            bytes.extend(written.header());
            if let Some(body) = &written.body {
                let base = first + bytes.len();
                let place = |at: &usize| u32::try_from(base + at).map_err(|_| too_large);
                for at in &body.code.byte_indices {
                    locations.byte_indices.push(place(at)?);
                }
                for at in &body.code.short_indices {
                    locations.short_indices.push(place(at)?);
                }
                bytes.extend(&body.code.bytes);
            }
        }
        let table: Vec<ExceptionHandler> = handlers.iter().map(|(_, h)| *h).collect();
        Ok((write::method(&table, &bytes)?, locations))
    }
}

pub(super) fn covered(handler: &ExceptionHandler) -> (u32, u32) {
    let start = handler.start;
    (start, start + u32::from(handler.length))
}

pub(super) struct WrittenMethod {
    pub(super) class: usize,
    pub(super) method: usize,
    /// Words of the parameters, `this` included.
    pub(super) parameter_words: usize,
    /// None for abstract methods.
    pub(super) body: Option<Written>,
}

pub(super) fn check_header(
    class: &Class,
    method: &Method,
    written: &Written,
    diagnostics: &mut Diagnostics,
) {
    let label = method.label();
    for (words, what) in [
        (written.max_stack, "operand stack"),
        (written.parameter_words, "parameters"),
        (
            written.parameter_words + written.local_words,
            "local variables",
        ),
    ] {
        if words > 255 {
            let place = Place {
                class,
                member: &label,
                line: None,
            };
            diagnostics.push(place.diagnostic(format!("more than 255 words of {what}")));
        }
    }
    if written.code.bytes.len() > 0x7FFF {
        let place = Place {
            class,
            member: &label,
            line: None,
        };
        diagnostics.push(place.diagnostic("the method exceeds 32,767 bytes"));
    }
}

impl WrittenMethod {
    fn header_bytes(&self) -> usize {
        self.header().len()
    }

    /// JCVM 3.0.5 §6.10.1: the short form where every size fits a nibble.
    fn header(&self) -> Vec<u8> {
        let byte = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
        let words = byte(self.parameter_words);
        let (flags, stack, locals) = match &self.body {
            Some(body) => (0, byte(body.max_stack), byte(body.local_words)),
            None => (MethodHeader::ACC_ABSTRACT, 0, 0),
        };
        if stack < 16 && words < 16 && locals < 16 {
            vec![flags << 4 | stack, words << 4 | locals]
        } else {
            let flags = flags | MethodHeader::ACC_EXTENDED;
            vec![flags << 4, stack, words, locals]
        }
    }
}
