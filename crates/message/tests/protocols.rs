//! The one file of the protocols holds the contract word for word.

#[test]
fn the_protocols_print_the_cddl_that_is_checked() {
    let protocols = include_str!("../../../docs/protocols.md");
    let contract = include_str!("../hydra.cddl");
    let printed = protocols
        .split("```cddl\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    assert_eq!(printed, Some(contract));
}
