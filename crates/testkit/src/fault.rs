use hydra_vm::Fault;

/// Whether a fault is one that no program ends with which the verifier has accepted. A limit that is reached is none
/// of these, nor is an object that is gone.
pub fn breaks_a_promise(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::TypeConfusion
            | Fault::OperandStack
            | Fault::LocalVariable
            | Fault::AbstractMethod
            | Fault::IllegalInstruction
            | Fault::Signature
            | Fault::NoSuchMember
    )
}
