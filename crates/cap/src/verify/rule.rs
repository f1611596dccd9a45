//! The rules, by component, each with the clause that it comes from.

use core::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident $word:literal $clause:literal;)*) => {
        /// A rule that a CAP file keeps. The order is that of the components.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[$doc])* $name,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in reports and in the test vectors.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// The clause of JCVM 3.0.5 that it comes from.
            #[must_use]
            pub const fn clause(self) -> &'static str {
                match self {
                    $(Self::$name => $clause,)*
                }
            }
        }
    };
}

rules! {
    /// The file can be read: sizes, counts, offsets and indices lead somewhere.
    Structure "structure" "6";
    /// An imported package is known.
    ImportUnknown "import_unknown" "4.5";
    /// An imported package is known in a version that does.
    ImportVersion "import_version" "4.5.2";
    /// An applet's AID is its own and has the package's RID.
    AppletAid "applet_aid" "6.6";
    /// An applet's install method is a static `install([BSB)V` of a class below `Applet`.
    InstallMethod "install_method" "6.6";
    /// A class that the constant pool names exists.
    PoolClass "pool_class" "6.8.1";
    /// A field that the constant pool names exists.
    PoolField "pool_field" "6.8.2";
    /// A method that the constant pool names exists.
    PoolMethod "pool_method" "6.8.2";
    /// The constant pool's types are those of the members.
    PoolType "pool_type" "6.14.4";
    /// A superclass is a class that may be extended, a superinterface is an interface.
    Hierarchy "hierarchy" "6.9";
    /// A class's instance size and references are those of its fields.
    InstanceLayout "instance_layout" "6.9";
    /// A method table's entries are the class's virtual methods under their tokens.
    MethodTable "method_table" "6.9";
    /// A method overrides one of the same signature that is not final, and no less visibly.
    Override "override" "6.9";
    /// A class's interfaces are complete: superinterfaces, and a public method for each of theirs.
    Implements "implements" "6.9";
    /// Only an abstract class has abstract methods.
    AbstractClass "abstract_class" "6.14.1";
    /// The Shareable flag tells what `javacard.framework.Shareable` is a superinterface of.
    ShareableFlag "shareable_flag" "6.9";
    /// A method's header fits its signature, and the frame has at most 255 locals.
    MethodHeader "method_header" "6.10";
    /// Methods lie one after another and have the length that the Descriptor says.
    MethodExtent "method_extent" "6.10";
    /// An exception handler covers instructions of one method and leads to one.
    HandlerRange "handler_range" "6.10";
    /// An exception handler catches a `Throwable`.
    HandlerType "handler_type" "6.10";
    /// An exception handler's stop bit is set where no later one encloses its range.
    HandlerStop "handler_stop" "6.10";
    /// The static field image has the described fields, each whole, none over another.
    StaticImage "static_image" "6.11";
    /// What is exported is public or protected, under the described tokens.
    ExportClass "export_class" "6.13";
    /// An exported class's static fields and methods are those described.
    ExportMember "export_member" "6.13";
    /// The places of constant pool indices are those in the code.
    ReferenceLocation "reference_location" "6.12";
    /// Each class is described once, as the Class component has it.
    DescribedClass "described_class" "6.14.1";
    /// A described field has one access, and leads to a field of its class.
    DescribedField "described_field" "6.14.2";
    /// A described method has one access, and is a method.
    DescribedMethod "described_method" "6.14.3";
    /// A type descriptor is a type, or the types of parameters and a result.
    TypeDescriptor "type_descriptor" "6.14.4";
    /// A byte is an instruction, with all its operands.
    Opcode "opcode" "7.5";
    /// An operand has a value that the instruction allows.
    Operand "operand" "7.5";
    /// A branch leads to an instruction of the same method.
    BranchTarget "branch_target" "7.5";
    /// Control does not run over a method's end.
    FallsOff "falls_off" "7.5";
    /// A switch's numbers ascend.
    SwitchOrder "switch_order" "7.5";
    /// Only a package that says so uses int.
    IntFlag "int_flag" "6.4";
    /// A local variable is within the frame.
    LocalIndex "local_index" "7.5";
    /// A local variable holds what is read from it.
    LocalType "local_type" "7.5";
    /// The operand stack stays within the declared depth.
    StackOverflow "stack_overflow" "6.10";
    /// No operand is taken from an empty stack.
    StackUnderflow "stack_underflow" "7.5";
    /// An operand has the type that the instruction needs.
    OperandType "operand_type" "7.5";
    /// No instruction parts the two words of an int.
    SplitInt "split_int" "7.5";
    /// Paths that meet have stacks of one depth.
    MergeDepth "merge_depth" "7.5";
    /// A constant pool index is within the pool, and its entry of the kind that the instruction needs.
    PoolKind "pool_kind" "7.5";
    /// A field has the type that the instruction names.
    FieldType "field_type" "7.5";
    /// A field is accessible.
    FieldAccess "field_access" "7.5";
    /// A final field is assigned in its own class only.
    FinalField "final_field" "7.5";
    /// A class is accessible.
    ClassAccess "class_access" "7.5";
    /// A method is accessible.
    MethodAccess "method_access" "7.5";
    /// Arguments and the object have the types that the method's signature says.
    Argument "argument" "7.5";
    /// A result has the type that the method's signature says.
    ReturnType "return_type" "7.5";
    /// No use is made of an object before its constructor was called.
    Uninitialized "uninitialized" "7.5 new";
    /// A constructor calls one of its class or its superclass before it returns.
    Constructor "constructor" "7.5 invokespecial";
    /// `invokespecial` calls a constructor, a private method or a superclass's method.
    Invokespecial "invokespecial" "7.5 invokespecial";
    /// `invokestatic` calls a static method, `invokevirtual` and `invokespecial` do not.
    Invokestatic "invokestatic" "7.5 invokestatic";
    /// `invokeinterface` names an interface, a method of it and its words.
    Invokeinterface "invokeinterface" "7.5 invokeinterface";
    /// `new` makes instances of classes that are not abstract.
    Instantiation "instantiation" "7.5 new";
    /// What is thrown is a `Throwable`.
    Throw "throw" "7.5 athrow";
    /// An array instruction has an array of its type.
    ArrayType "array_type" "7.5";
    /// `_this` instructions stand in instance methods, where local 0 is an object of the field's class.
    This "this" "7.5 getfield_this";
    /// `ret` returns to a `jsr` that is not over, and a subroutine does not call itself.
    Subroutine "subroutine" "7.5 ret";
    /// The code is simple enough to be followed with work and memory in proportion to its size.
    TooComplex "too_complex" "7";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
