//! JVM descriptors, as far as Java Card has the types.

use crate::classfile::no_nested_arrays;

/// A type of Java Card.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Type {
    Void,
    Boolean,
    Byte,
    Short,
    Int,
    Class(String),
    Array(Box<Type>),
}

impl Type {
    /// Reads a whole field descriptor.
    pub(crate) fn parse(descriptor: &str) -> Result<Self, String> {
        let (parsed, rest) = Self::first(descriptor)?;
        if rest.is_empty() && parsed != Self::Void {
            Ok(parsed)
        } else {
            Err(format!("{descriptor} is no field type"))
        }
    }

    /// The type that begins a descriptor, and what follows it.
    fn first(descriptor: &str) -> Result<(Self, &str), String> {
        let mut characters = descriptor.chars();
        let kind = characters.next().ok_or("an empty type")?;
        let rest = characters.as_str();
        let missing = |name: &str| Err(format!("type {name} is not in Java Card"));
        match kind {
            'V' => Ok((Self::Void, rest)),
            'Z' => Ok((Self::Boolean, rest)),
            'B' => Ok((Self::Byte, rest)),
            'S' => Ok((Self::Short, rest)),
            'I' => Ok((Self::Int, rest)),
            'C' => missing("char"),
            'J' => missing("long"),
            'F' => missing("float"),
            'D' => missing("double"),
            'L' => {
                let (name, rest) = rest.split_once(';').ok_or("a type without end")?;
                Ok((Self::Class(name.to_owned()), rest))
            }
            '[' if rest.starts_with('[') => Err(no_nested_arrays()),
            '[' => {
                let (element, rest) = Self::first(rest)?;
                Ok((Self::Array(Box::new(element)), rest))
            }
            other => Err(format!("{other} is no type")),
        }
    }

    /// What CheckCast and its like name: a class name or an array descriptor.
    pub(crate) fn parse_class_or_array(name: &str) -> Result<Self, String> {
        if name.starts_with('[') {
            Self::parse(name)
        } else {
            Ok(Self::Class(name.to_owned()))
        }
    }

    pub(crate) fn is_reference(&self) -> bool {
        matches!(self, Self::Class(_) | Self::Array(_))
    }

    /// Words on the operand stack.
    pub(crate) fn words(&self) -> u8 {
        match self {
            Self::Void => 0,
            Self::Int => 2,
            _ => 1,
        }
    }

    /// The letter of the typed instructions: `getfield_a` and so on.
    pub(crate) fn letter(&self) -> char {
        match self {
            Self::Boolean | Self::Byte => 'b',
            Self::Short => 's',
            Self::Int => 'i',
            Self::Void | Self::Class(_) | Self::Array(_) => 'a',
        }
    }

    /// The values that a variable of this type can have.
    pub(crate) fn range(&self) -> (i64, i64) {
        match self {
            Self::Boolean => (0, 1),
            Self::Byte => (-0x80, 0x7F),
            Self::Short => (-0x8000, 0x7FFF),
            _ => (i64::from(i32::MIN), i64::from(i32::MAX)),
        }
    }
}

/// A method's parameters and result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) parameters: Vec<Type>,
    pub(crate) result: Type,
}

impl Signature {
    pub(crate) fn parse(descriptor: &str) -> Result<Self, String> {
        let mut rest = descriptor
            .strip_prefix('(')
            .ok_or_else(|| format!("{descriptor} is no method type"))?;
        let mut parameters = Vec::new();
        loop {
            if let Some(result) = rest.strip_prefix(')') {
                let (result, rest) = Type::first(result)?;
                if rest.is_empty() {
                    return Ok(Self { parameters, result });
                }
                return Err(format!("{descriptor} is no method type"));
            }
            let (parameter, more) = Type::first(rest)?;
            parameters.push(parameter);
            rest = more;
        }
    }

    /// Words of the parameters, without `this`.
    pub(crate) fn words(&self) -> usize {
        self.parameters.iter().map(|p| usize::from(p.words())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_read_whole() {
        let signature = Signature::parse("([BSLjava/lang/Object;I)Z").unwrap();
        assert_eq!(signature.parameters.len(), 4);
        assert_eq!(signature.words(), 5);
        assert_eq!(signature.result, Type::Boolean);
        assert!(Signature::parse("(S)VV").is_err());
        assert!(Signature::parse("S)V").is_err());
        assert!(Type::parse("SS").is_err());
    }

    #[test]
    fn foreign_types_are_named() {
        for (descriptor, name) in [
            ("J", "long"),
            ("C", "char"),
            ("F", "float"),
            ("D", "double"),
        ] {
            assert!(Type::parse(descriptor).unwrap_err().contains(name));
        }
        assert!(Type::parse("[[B").unwrap_err().contains("arrays of arrays"));
    }
}
