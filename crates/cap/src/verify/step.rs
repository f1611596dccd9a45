//! What each instruction takes and gives (JCVM 3.0.5 §7.5).

use alloc::format;

use super::Rule;
use super::flow::{Flow, State, Stop};
use super::members::{Access, Entry, Field, Method};
use super::types::{Kind, Type};
use super::world::ClassIx;
use crate::opcode::{Effect, Instruction, Opcode, Operands};

type Step<T = ()> = Result<T, Stop>;

impl<'a> Flow<'_, 'a> {
    pub(super) fn push(&mut self, state: &mut State, at: usize, word: Type) -> Step {
        if state.stack.len() >= usize::from(self.body.header.max_stack) {
            let text = format!(
                "more than the {} words of stack that the header says",
                self.body.header.max_stack
            );
            self.fault(at, Rule::StackOverflow, text);
            return Err(Stop);
        }
        state.stack.push(word);
        Ok(())
    }

    fn push_kind(&mut self, state: &mut State, at: usize, kind: Kind) -> Step {
        if kind == Kind::Int {
            self.push(state, at, Type::IntHigh)?;
        }
        if kind == Kind::Void {
            return Ok(());
        }
        let word = self.declared(kind);
        self.push(state, at, word)
    }

    fn pop(&mut self, state: &mut State, at: usize) -> Step<Type> {
        match state.stack.pop() {
            Some(word) => Ok(word),
            None => {
                self.fault(at, Rule::StackUnderflow, "the stack is empty");
                Err(Stop)
            }
        }
    }

    fn wrong(&mut self, at: usize, wanted: &str, found: Type) {
        let rule = if found.is_uninitialized() {
            Rule::Uninitialized
        } else {
            Rule::OperandType
        };
        let found = self.name(found);
        self.fault(at, rule, format!("{wanted} is needed, {found} is there"));
    }

    fn pop_short(&mut self, state: &mut State, at: usize) -> Step {
        match self.pop(state, at)? {
            Type::Short => Ok(()),
            found => {
                self.wrong(at, "a short", found);
                Ok(())
            }
        }
    }

    fn pop_int(&mut self, state: &mut State, at: usize) -> Step {
        let low = self.pop(state, at)?;
        let high = self.pop(state, at)?;
        if (high, low) != (Type::IntHigh, Type::IntLow) {
            self.wrong(at, "an int", if low == Type::IntLow { high } else { low });
        }
        Ok(())
    }

    fn pop_reference(&mut self, state: &mut State, at: usize) -> Step<Type> {
        let found = self.pop(state, at)?;
        if found.is_reference() {
            return Ok(found);
        }
        self.wrong(at, "a reference", found);
        Ok(Type::Null)
    }

    /// Takes a value where a declared type is wanted.
    fn pop_kind(
        &mut self,
        state: &mut State,
        at: usize,
        kind: Kind,
        rule: Rule,
        what: &str,
    ) -> Step {
        let found = self.pop(state, at)?;
        if kind == Kind::Int {
            let high = self.pop(state, at)?;
            if (high, found) == (Type::IntHigh, Type::IntLow) {
                return Ok(());
            }
        } else if self.fits(found, kind) {
            return Ok(());
        }
        let rule = if found.is_uninitialized() {
            Rule::Uninitialized
        } else {
            rule
        };
        let wanted = self.kind_name(kind);
        let found = self.name(found);
        self.fault(at, rule, format!("{what} is {wanted}, {found} is there"));
        Ok(())
    }

    pub(super) fn step(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        use Opcode as O;
        let at = instruction.offset;
        match instruction.opcode {
            O::Nop | O::Goto | O::GotoW | O::Jsr | O::Ret => Ok(()),
            O::AconstNull => self.push(state, at, Type::Null),
            O::Aload | O::Aload0 | O::Aload1 | O::Aload2 | O::Aload3 => {
                let (local, _) = instruction.local_variable().unwrap_or_default();
                let found = self.local(state, local);
                if !found.is_reference() && !found.is_uninitialized() {
                    self.wrong_local(at, local, "a reference", found);
                    return self.push(state, at, Type::Null);
                }
                self.push(state, at, found)
            }
            O::Sload | O::Sload0 | O::Sload1 | O::Sload2 | O::Sload3 => {
                self.short_local(state, instruction);
                self.push(state, at, Type::Short)
            }
            O::Iload | O::Iload0 | O::Iload1 | O::Iload2 | O::Iload3 => {
                self.int_local(state, instruction);
                self.push_kind(state, at, Kind::Int)
            }
            O::Sinc | O::SincW => {
                self.short_local(state, instruction);
                Ok(())
            }
            O::Iinc | O::IincW => {
                self.int_local(state, instruction);
                Ok(())
            }
            O::Astore | O::Astore0 | O::Astore1 | O::Astore2 | O::Astore3 => {
                let (local, _) = instruction.local_variable().unwrap_or_default();
                let found = self.pop(state, at)?;
                if !found.is_reference()
                    && !found.is_uninitialized()
                    && !matches!(found, Type::Return(_))
                {
                    self.wrong(at, "a reference", found);
                }
                store(state, local, found);
                Ok(())
            }
            O::Sstore | O::Sstore0 | O::Sstore1 | O::Sstore2 | O::Sstore3 => {
                let (local, _) = instruction.local_variable().unwrap_or_default();
                self.pop_short(state, at)?;
                store(state, local, Type::Short);
                Ok(())
            }
            O::Istore | O::Istore0 | O::Istore1 | O::Istore2 | O::Istore3 => {
                let (local, _) = instruction.local_variable().unwrap_or_default();
                self.pop_int(state, at)?;
                // Both places first, so that no half of another int is left beside them.
                store(state, local, Type::Top);
                store(state, local + 1, Type::IntLow);
                if let Some(word) = state.locals.get_mut(local) {
                    *word = Type::IntHigh;
                }
                Ok(())
            }
            O::Aaload => {
                self.pop_short(state, at)?;
                let array = self.pop_array(state, at, "an array of references")?;
                let element = match array {
                    Type::Objects(bound) => Type::Object(bound),
                    Type::Null => Type::Null,
                    other => {
                        self.wrong_array(at, "an array of references", other);
                        Type::Null
                    }
                };
                self.push(state, at, element)
            }
            O::Baload | O::Saload | O::Iaload => {
                self.pop_short(state, at)?;
                let kind = self.pop_primitive_array(state, instruction)?;
                self.push_kind(state, at, kind)
            }
            O::Aastore => {
                let value = self.pop_reference(state, at)?;
                let _ = value;
                self.pop_short(state, at)?;
                let array = self.pop_array(state, at, "an array of references")?;
                if !matches!(array, Type::Objects(_) | Type::Null) {
                    self.wrong_array(at, "an array of references", array);
                }
                Ok(())
            }
            O::Bastore | O::Sastore => {
                self.pop_short(state, at)?;
                self.pop_short(state, at)?;
                self.pop_primitive_array(state, instruction).map(|_| ())
            }
            O::Iastore => {
                self.pop_int(state, at)?;
                self.pop_short(state, at)?;
                self.pop_primitive_array(state, instruction).map(|_| ())
            }
            O::Arraylength => {
                let array = self.pop_array(state, at, "an array")?;
                if !array.is_array() {
                    self.wrong_array(at, "an array", array);
                }
                self.push(state, at, Type::Short)
            }
            O::Pop => self.drop_words(state, at, 1),
            O::Pop2 => self.drop_words(state, at, 2),
            O::Dup => self.duplicate(state, at, 1, 0),
            O::Dup2 => self.duplicate(state, at, 2, 0),
            O::DupX => match instruction.operands {
                Operands::Mn { m, n } => self.duplicate(state, at, m.into(), n.into()),
                _ => Err(Stop),
            },
            O::SwapX => match instruction.operands {
                Operands::Mn { m, n } => self.swap(state, at, m.into(), n.into()),
                _ => Err(Stop),
            },
            O::Areturn | O::Sreturn | O::Ireturn | O::Return => self.returns(state, instruction),
            O::GetstaticA | O::GetstaticB | O::GetstaticS | O::GetstaticI => {
                let field = self.static_field(instruction)?;
                let kind = self.field_kind(instruction, &field)?;
                self.field_access(at, &field, None);
                self.push_kind(state, at, kind)
            }
            O::PutstaticA | O::PutstaticB | O::PutstaticS | O::PutstaticI => {
                let field = self.static_field(instruction)?;
                let kind = self.field_kind(instruction, &field)?;
                self.field_access(at, &field, None);
                self.final_field(at, &field);
                self.pop_kind(state, at, kind, Rule::OperandType, "the field")
            }
            O::GetfieldA
            | O::GetfieldB
            | O::GetfieldS
            | O::GetfieldI
            | O::GetfieldAW
            | O::GetfieldBW
            | O::GetfieldSW
            | O::GetfieldIW
            | O::GetfieldAThis
            | O::GetfieldBThis
            | O::GetfieldSThis
            | O::GetfieldIThis => {
                let field = self.instance_field(instruction)?;
                let kind = self.field_kind(instruction, &field)?;
                let object = self.field_object(state, instruction)?;
                self.field_of(instruction, object, &field, false);
                self.field_access(at, &field, Some(object));
                self.push_kind(state, at, kind)
            }
            O::PutfieldA
            | O::PutfieldB
            | O::PutfieldS
            | O::PutfieldI
            | O::PutfieldAW
            | O::PutfieldBW
            | O::PutfieldSW
            | O::PutfieldIW
            | O::PutfieldAThis
            | O::PutfieldBThis
            | O::PutfieldSThis
            | O::PutfieldIThis => {
                let field = self.instance_field(instruction)?;
                let kind = self.field_kind(instruction, &field)?;
                self.pop_kind(state, at, kind, Rule::OperandType, "the field")?;
                let object = self.field_object(state, instruction)?;
                self.field_of(instruction, object, &field, true);
                self.field_access(at, &field, Some(object));
                self.final_field(at, &field);
                Ok(())
            }
            O::Invokevirtual => self.invokevirtual(state, instruction),
            O::Invokespecial => self.invokespecial(state, instruction),
            O::Invokestatic => self.invokestatic(state, instruction),
            O::Invokeinterface => self.invokeinterface(state, instruction),
            O::New => {
                let class = self.class_operand(instruction)?;
                self.class_access(at, class);
                let known = self.members().world.class(class);
                if known.known && (known.interface || known.is_abstract) {
                    let text = "an interface or an abstract class has no instances";
                    self.fault(at, Rule::Instantiation, text);
                }
                // What the same instruction made before and nobody finished can't be told from the new object.
                let made = Type::New(u32::try_from(at).unwrap_or(u32::MAX));
                for word in state.locals.iter_mut().chain(&mut state.stack) {
                    if *word == made {
                        *word = Type::Top;
                    }
                }
                self.made.insert(at, class);
                self.push(state, at, made)
            }
            O::Newarray => {
                self.pop_short(state, at)?;
                let array = match instruction.operands {
                    Operands::ArrayType(kind) => primitive_array(kind),
                    _ => Type::Null,
                };
                self.push(state, at, array)
            }
            O::Anewarray => {
                self.pop_short(state, at)?;
                let class = self.class_operand(instruction)?;
                self.class_access(at, class);
                self.push_kind(state, at, Kind::Objects(class))
            }
            O::Athrow => {
                let found = self.pop_reference(state, at)?;
                let throwable = self.members().world.throwable();
                if !self.fits(found, Kind::Class(throwable)) {
                    let found = self.name(found);
                    self.fault(at, Rule::Throw, format!("{found} is thrown"));
                }
                Ok(())
            }
            O::Checkcast => {
                self.pop_reference(state, at)?;
                let cast = self.cast_type(instruction)?;
                self.push(state, at, cast)
            }
            O::Instanceof => {
                self.pop_reference(state, at)?;
                self.cast_type(instruction)?;
                self.push(state, at, Type::Short)
            }
            // Constants, arithmetic, conversions and comparisons are as the table of instructions says.
            _ => self.plain(state, instruction),
        }
    }

    fn plain(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let Effect::Fixed(taken, given) = instruction.opcode.effect() else {
            return Err(Stop);
        };
        let mut words = taken.bytes().rev();
        while let Some(word) = words.next() {
            match word {
                b's' => self.pop_short(state, at)?,
                b'i' => {
                    words.next();
                    self.pop_int(state, at)?;
                }
                b'r' => {
                    self.pop_reference(state, at)?;
                }
                _ => {
                    self.pop(state, at)?;
                }
            }
        }
        let mut words = given.bytes();
        while let Some(word) = words.next() {
            if word == b'i' {
                words.next();
                self.push_kind(state, at, Kind::Int)?;
            } else {
                self.push(state, at, Type::Short)?;
            }
        }
        Ok(())
    }

    fn local(&self, state: &State, local: usize) -> Type {
        state.locals.get(local).copied().unwrap_or(Type::Top)
    }

    fn wrong_local(&mut self, at: usize, local: usize, wanted: &str, found: Type) {
        let found = self.name(found);
        let text = format!("{wanted} is needed, local {local} has {found}");
        self.fault(at, Rule::LocalType, text);
    }

    fn short_local(&mut self, state: &State, instruction: &Instruction<'_>) {
        let (local, _) = instruction.local_variable().unwrap_or_default();
        let found = self.local(state, local);
        if found != Type::Short {
            self.wrong_local(instruction.offset, local, "a short", found);
        }
    }

    fn int_local(&mut self, state: &State, instruction: &Instruction<'_>) {
        let (local, _) = instruction.local_variable().unwrap_or_default();
        let (high, low) = (self.local(state, local), self.local(state, local + 1));
        if (high, low) != (Type::IntHigh, Type::IntLow) {
            let found = if high == Type::IntHigh { low } else { high };
            self.wrong_local(instruction.offset, local, "an int", found);
        }
    }

    /// Takes what should be an array: any reference, which the caller looks at.
    fn pop_array(&mut self, state: &mut State, at: usize, wanted: &str) -> Step<Type> {
        let found = self.pop(state, at)?;
        if found.is_reference() {
            return Ok(found);
        }
        self.wrong(at, wanted, found);
        Ok(Type::Null)
    }

    fn wrong_array(&mut self, at: usize, wanted: &str, found: Type) {
        let found = self.name(found);
        let text = format!("{wanted} is needed, {found} is there");
        self.fault(at, Rule::ArrayType, text);
    }

    /// Takes the array of a `baload`, `saload` and so on; what its elements are.
    fn pop_primitive_array(
        &mut self,
        state: &mut State,
        instruction: &Instruction<'_>,
    ) -> Step<Kind> {
        use Opcode as O;
        let at = instruction.offset;
        let (wanted, kind) = match instruction.opcode {
            O::Baload | O::Bastore => ("byte[] or boolean[]", Kind::Byte),
            O::Saload | O::Sastore => ("short[]", Kind::Short),
            _ => ("int[]", Kind::Int),
        };
        let array = self.pop_array(state, at, wanted)?;
        let fits = match array {
            Type::Null => true,
            Type::Booleans | Type::Bytes => kind == Kind::Byte,
            Type::Shorts => kind == Kind::Short,
            Type::Ints => kind == Kind::Int,
            _ => false,
        };
        if !fits {
            self.wrong_array(at, wanted, array);
        }
        Ok(kind)
    }

    /// Whether the words above a depth can be taken apart from those below.
    fn whole(&mut self, state: &State, at: usize, depth: usize) -> Step {
        let Some(below) = state.stack.len().checked_sub(depth) else {
            self.fault(at, Rule::StackUnderflow, "the stack has fewer words");
            return Err(Stop);
        };
        let last = below.checked_sub(1).and_then(|last| state.stack.get(last));
        if last == Some(&Type::IntHigh) {
            self.fault(at, Rule::SplitInt, "an int would be parted");
            return Err(Stop);
        }
        Ok(())
    }

    fn drop_words(&mut self, state: &mut State, at: usize, words: usize) -> Step {
        self.whole(state, at, words)?;
        for _ in 0..words {
            self.pop(state, at)?;
        }
        Ok(())
    }

    /// §7.5 dup, dup2, dup_x: the top `m` words again, below the top `n` words.
    fn duplicate(&mut self, state: &mut State, at: usize, m: usize, n: usize) -> Step {
        self.whole(state, at, m)?;
        let depth = if n == 0 { m } else { n };
        self.whole(state, at, depth)?;
        let top = state.stack.len() - m;
        let words = state.stack.split_at(top).1.to_vec();
        let place = state.stack.len() - depth;
        for (i, word) in words.into_iter().enumerate() {
            // The limit first, so that a fault is told.
            self.push(state, at, Type::Top)?;
            state.stack.pop();
            state.stack.insert(place + i, word);
        }
        Ok(())
    }

    /// §7.5 swap_x: the top `m` words with the `n` below.
    fn swap(&mut self, state: &mut State, at: usize, m: usize, n: usize) -> Step {
        self.whole(state, at, m)?;
        self.whole(state, at, m + n)?;
        let place = state.stack.len() - m - n;
        let (_, words) = state.stack.split_at_mut(place);
        words.rotate_left(n);
        Ok(())
    }

    fn returns(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        use Opcode as O;
        let at = instruction.offset;
        let result = self.result;
        let fits = match instruction.opcode {
            O::Areturn => result.is_reference(),
            O::Sreturn => matches!(result, Kind::Boolean | Kind::Byte | Kind::Short),
            O::Ireturn => result == Kind::Int,
            _ => result == Kind::Void,
        };
        if !fits {
            let text = "the method's result is not what the instruction returns";
            self.fault(at, Rule::ReturnType, text);
        } else if result != Kind::Void {
            self.pop_kind(state, at, result, Rule::ReturnType, "the result")?;
        }
        if !state.constructed {
            let text = "a constructor returns and called no other";
            self.fault(at, Rule::Constructor, text);
        }
        Ok(())
    }

    fn entry(&self, instruction: &Instruction<'_>) -> Option<&Entry> {
        self.pool.get(usize::from(instruction.cp_index()?))
    }

    fn class_operand(&self, instruction: &Instruction<'_>) -> Step<ClassIx> {
        match self.entry(instruction) {
            Some(Entry::Class(class)) => Ok(*class),
            _ => Err(Stop),
        }
    }

    fn cast_type(&mut self, instruction: &Instruction<'_>) -> Step<Type> {
        let Operands::TypeCheck { kind, .. } = instruction.operands else {
            return Err(Stop);
        };
        Ok(match kind {
            0 => {
                let class = self.class_operand(instruction)?;
                self.class_access(instruction.offset, class);
                self.declared(Kind::Class(class))
            }
            14 => {
                let class = self.class_operand(instruction)?;
                self.class_access(instruction.offset, class);
                self.declared(Kind::Objects(class))
            }
            kind => primitive_array(kind),
        })
    }

    /// A class that is not public is for its own package.
    fn class_access(&mut self, at: usize, class: ClassIx) {
        let package = self.package();
        let world = &self.members().world;
        let known = world.class(class);
        if known.known && !known.public && !world.same_package(class, package) {
            self.fault(at, Rule::ClassAccess, "the class is another package's own");
        }
    }

    fn static_field(&self, instruction: &Instruction<'_>) -> Step<Field> {
        match self.entry(instruction) {
            Some(Entry::StaticField(Some(field))) => Ok(field.clone()),
            _ => Err(Stop),
        }
    }

    fn instance_field(&self, instruction: &Instruction<'_>) -> Step<Field> {
        match self.entry(instruction) {
            Some(Entry::InstanceField(Some(field))) => Ok(field.clone()),
            _ => Err(Stop),
        }
    }

    /// The field's type, which has to be what the instruction's name says.
    fn field_kind(&mut self, instruction: &Instruction<'_>, field: &Field) -> Step<Kind> {
        use Opcode as O;
        let kind = field.kind.ok_or(Stop)?;
        let fits = match instruction.opcode {
            O::GetstaticA
            | O::PutstaticA
            | O::GetfieldA
            | O::PutfieldA
            | O::GetfieldAW
            | O::PutfieldAW
            | O::GetfieldAThis
            | O::PutfieldAThis => kind.is_reference(),
            O::GetstaticB
            | O::PutstaticB
            | O::GetfieldB
            | O::PutfieldB
            | O::GetfieldBW
            | O::PutfieldBW
            | O::GetfieldBThis
            | O::PutfieldBThis => matches!(kind, Kind::Boolean | Kind::Byte),
            O::GetstaticS
            | O::PutstaticS
            | O::GetfieldS
            | O::PutfieldS
            | O::GetfieldSW
            | O::PutfieldSW
            | O::GetfieldSThis
            | O::PutfieldSThis => kind == Kind::Short,
            _ => kind == Kind::Int,
        };
        if fits {
            return Ok(kind);
        }
        let name = self.kind_name(kind);
        self.fault(
            instruction.offset,
            Rule::FieldType,
            format!("the field is {name}"),
        );
        Err(Stop)
    }

    fn is_this_form(instruction: &Instruction<'_>) -> bool {
        use Opcode as O;
        matches!(
            instruction.opcode,
            O::GetfieldAThis
                | O::GetfieldBThis
                | O::GetfieldSThis
                | O::GetfieldIThis
                | O::PutfieldAThis
                | O::PutfieldBThis
                | O::PutfieldSThis
                | O::PutfieldIThis
        )
    }

    /// The object whose field it is: on the stack, or local 0.
    fn field_object(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step<Type> {
        let at = instruction.offset;
        if !Self::is_this_form(instruction) {
            return self.pop(state, at);
        }
        if self.is_static {
            self.fault(at, Rule::This, "a static method has no this");
            return Err(Stop);
        }
        Ok(self.local(state, 0))
    }

    /// The object has to be one of the field's class. A constructor may assign its class's own fields before it calls
    /// another: compilers keep the enclosing object there.
    fn field_of(&mut self, instruction: &Instruction<'_>, object: Type, field: &Field, put: bool) {
        let at = instruction.offset;
        if object == Type::This && put && field.declaring == self.class {
            return;
        }
        if self.fits(object, Kind::Class(field.declaring)) {
            return;
        }
        let rule = match object {
            _ if object.is_uninitialized() => Rule::Uninitialized,
            _ if Self::is_this_form(instruction) => Rule::This,
            _ => Rule::OperandType,
        };
        let wanted = self.kind_name(Kind::Class(field.declaring));
        let found = self.name(object);
        self.fault(
            at,
            rule,
            format!("the field is of {wanted}, {found} is there"),
        );
    }

    fn may_access(&mut self, declaring: ClassIx, access: Access, object: Option<Type>) -> bool {
        let (class, package) = (self.class, self.package());
        let world = &self.members().world;
        match access {
            Access::Public => true,
            Access::Private => declaring == class,
            _ if world.same_package(declaring, package) => true,
            Access::Package => false,
            Access::Protected => {
                world.is_sub(class, declaring)
                    && object.is_none_or(|object| {
                        object.is_uninitialized() || self.fits(object, Kind::Class(class))
                    })
            }
        }
    }

    fn field_access(&mut self, at: usize, field: &Field, object: Option<Type>) {
        if !self.may_access(field.declaring, field.access, object) {
            self.fault(at, Rule::FieldAccess, "the field is not accessible");
        }
    }

    /// §7.5 putfield, putstatic: final fields are assigned in their class.
    fn final_field(&mut self, at: usize, field: &Field) {
        if field.is_final && field.declaring != self.class {
            self.fault(
                at,
                Rule::FinalField,
                "the field is another class's final one",
            );
        }
    }

    fn method_access(&mut self, at: usize, method: &Method, object: Option<Type>) {
        if !self.may_access(method.declaring, method.access, object) {
            self.fault(at, Rule::MethodAccess, "the method is not accessible");
        }
    }

    /// Takes the arguments, not the object.
    fn arguments(&mut self, state: &mut State, at: usize, method: &Method) -> Step {
        let Some(signature) = method.signature.clone() else {
            self.unfollowed();
            return Err(Stop);
        };
        for kind in signature.params.iter().rev() {
            self.pop_kind(state, at, *kind, Rule::Argument, "the parameter")?;
        }
        Ok(())
    }

    fn result(&mut self, state: &mut State, at: usize, method: &Method) -> Step {
        match &method.signature {
            Some(signature) => self.push_kind(state, at, signature.result),
            None => Err(Stop),
        }
    }

    fn invokevirtual(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let (class, method) = match self.entry(instruction) {
            Some(Entry::Virtual(class, Some(method))) => (*class, method.clone()),
            _ => return Err(Stop),
        };
        self.arguments(state, at, &method)?;
        let object = self.pop(state, at)?;
        self.receiver(at, object, class);
        self.class_access(at, class);
        self.method_access(at, &method, Some(object));
        self.result(state, at, &method)
    }

    /// The object of a call has to be one of the class that the call names.
    fn receiver(&mut self, at: usize, object: Type, class: ClassIx) {
        if self.fits(object, Kind::Class(class)) {
            return;
        }
        let rule = if object.is_uninitialized() {
            Rule::Uninitialized
        } else {
            Rule::Argument
        };
        let wanted = self.kind_name(Kind::Class(class));
        let found = self.name(object);
        self.fault(
            at,
            rule,
            format!("the method is of {wanted}, {found} is there"),
        );
    }

    fn invokespecial(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let (named, method) = match self.entry(instruction) {
            Some(Entry::Super(class, Some(method))) => (Some(*class), method.clone()),
            Some(Entry::Static(Some(method))) => (None, method.clone()),
            _ => return Err(Stop),
        };
        if let Some(named) = named {
            self.arguments(state, at, &method)?;
            let object = self.pop(state, at)?;
            let class = self.class;
            if named != class || self.is_static {
                let text = "a superclass's method is called for another class";
                self.fault(at, Rule::Invokespecial, text);
            }
            self.receiver(at, object, class);
            self.method_access(at, &method, None);
            return self.result(state, at, &method);
        }
        if method.is_constructor {
            return self.construct(state, at, &method);
        }
        self.arguments(state, at, &method)?;
        if method.is_static {
            let text = "invokespecial calls a static method";
            self.fault(at, Rule::Invokespecial, text);
            return self.result(state, at, &method);
        }
        let object = self.pop(state, at)?;
        if method.access != Access::Private {
            let text = "invokespecial calls a method that is neither private nor a superclass's";
            self.fault(at, Rule::Invokespecial, text);
        }
        self.receiver(at, object, method.declaring);
        self.method_access(at, &method, None);
        self.result(state, at, &method)
    }

    /// A constructor: of what `new` made, or in a constructor of `this`.
    fn construct(&mut self, state: &mut State, at: usize, method: &Method) -> Step {
        self.arguments(state, at, method)?;
        let object = self.pop(state, at)?;
        let class = self.class;
        let made = match object {
            Type::New(offset) => {
                let made = self
                    .made
                    .get(&usize::try_from(offset).unwrap_or(usize::MAX));
                let made = *made.ok_or(Stop)?;
                let known = self.members().world.class(made).known;
                if made != method.declaring && known {
                    let text = "the constructor is another class's";
                    self.fault(at, Rule::Constructor, text);
                }
                // §7.5 new: a protected constructor is for subclasses' constructors.
                if method.access == Access::Protected {
                    let package = self.package();
                    let same = self.members().world.same_package(method.declaring, package);
                    if !same {
                        self.fault(at, Rule::MethodAccess, "the constructor is protected");
                    }
                } else {
                    self.method_access(at, method, None);
                }
                made
            }
            Type::This => {
                let parent = self.members().world.class(class).parent;
                let unknown = !self.members().world.class(method.declaring).known;
                if method.declaring != class && Some(method.declaring) != parent && !unknown {
                    let text = "the constructor is neither this class's nor its superclass's";
                    self.fault(at, Rule::Constructor, text);
                }
                self.method_access(at, method, None);
                state.constructed = true;
                class
            }
            found => {
                let found = self.name(found);
                let text = format!("{found} was constructed before");
                self.fault(at, Rule::Constructor, text);
                return Ok(());
            }
        };
        let whole = self.declared(Kind::Class(made));
        for word in state.locals.iter_mut().chain(&mut state.stack) {
            if *word == object {
                *word = whole;
            }
        }
        Ok(())
    }

    fn invokestatic(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let method = match self.entry(instruction) {
            Some(Entry::Static(Some(method))) => method.clone(),
            _ => return Err(Stop),
        };
        if !method.is_static {
            let text = "invokestatic calls a method that is not static";
            self.fault(at, Rule::Invokestatic, text);
            return Err(Stop);
        }
        self.arguments(state, at, &method)?;
        self.method_access(at, &method, None);
        self.result(state, at, &method)
    }

    fn invokeinterface(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let Operands::Interface { nargs, token, .. } = instruction.operands else {
            return Err(Stop);
        };
        let class = self.class_operand(instruction)?;
        self.class_access(at, class);
        let known = self.members().world.class(class);
        if known.known && !known.interface {
            let text = "invokeinterface names a class";
            self.fault(at, Rule::Invokeinterface, text);
            return Err(Stop);
        }
        let Some(method) = self.members().interface_method(class, token) else {
            if self.members().interface_size(class).is_none() {
                // An interface of a package without Descriptor: nobody tells what the call gives.
                self.unfollowed();
            } else {
                let text = "the interface has no such method";
                self.fault(at, Rule::Invokeinterface, text);
            }
            return Err(Stop);
        };
        let words = method.signature.as_ref().map(|signature| signature.words());
        if words.is_some_and(|words| words + 1 != usize::from(nargs)) {
            let text = "the words of arguments are not those of the method";
            self.fault(at, Rule::Invokeinterface, text);
        }
        self.arguments(state, at, &method)?;
        let object = self.pop(state, at)?;
        self.receiver(at, object, class);
        self.result(state, at, &method)
    }
}

/// Puts a word into a local variable. An int of which it was a half is gone.
fn store(state: &mut State, local: usize, word: Type) {
    let parted = state.locals.get(local).copied();
    if parted == Some(Type::IntHigh)
        && let Some(low) = state.locals.get_mut(local + 1)
    {
        *low = Type::Top;
    }
    if parted == Some(Type::IntLow)
        && let Some(high) = local
            .checked_sub(1)
            .and_then(|high| state.locals.get_mut(high))
    {
        *high = Type::Top;
    }
    if let Some(place) = state.locals.get_mut(local) {
        *place = word;
    }
}

fn primitive_array(kind: u8) -> Type {
    match kind {
        10 => Type::Booleans,
        11 => Type::Bytes,
        12 => Type::Shorts,
        _ => Type::Ints,
    }
}
