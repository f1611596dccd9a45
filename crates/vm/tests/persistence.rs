//! Transactions, records and collection: what an abort undoes, what comes back after a restart, what is freed.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "support/fixture.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod fixture;

use std::collections::BTreeMap;

use hydra_cap::CapFile;
use hydra_cap::api::MethodId;
use hydra_vm::{
    ApiLayout, AppletId, Args, ArrayKind, Atomicity, Clear, ContextId, Fault, FieldKind, Host,
    Limits, MethodRef, ObjRef, Owner, PackageId, RecordKey, Stop, Storage, Value, Vm,
};

struct Transactions;

impl Host for Transactions {
    fn native(&mut self, vm: &mut Vm, method: MethodId, _: Args) -> Result<Option<Value>, Stop> {
        match method.get().name {
            "beginTransaction" => vm.begin()?,
            "commitTransaction" => vm.commit()?,
            "abortTransaction" => vm.abort()?,
            _ => {}
        }
        Ok(None)
    }
}

/// What non-volatile memory would hold.
type Memory = BTreeMap<RecordKey, Vec<u8>>;

struct Card {
    vm: Vm,
    package: PackageId,
    offsets: BTreeMap<String, u32>,
    memory: Memory,
}

fn layout() -> ApiLayout {
    ApiLayout::new().with_fields(&[(
        "javacard/framework/OwnerPIN",
        &[FieldKind::Ref, FieldKind::Short],
    )])
}

fn cap(codes: &[(&str, &str)]) -> (CapFile, BTreeMap<String, u32>) {
    let mut package = fixture::package();
    for (i, (name, code)) in codes.iter().enumerate() {
        package.method(name, 1, 2, 6, code);
        package.applet(
            &[0xF0, 0x54, 0x45, 0x53, 0x54, u8::try_from(i).unwrap()],
            name,
        );
    }
    package.build().unwrap()
}

fn card(codes: &[(&str, &str)]) -> Card {
    let (cap, offsets) = cap(codes);
    let mut vm = Vm::new(layout(), Limits::default());
    let package = vm.link(&cap).unwrap();
    Card {
        vm,
        package,
        offsets,
        memory: Memory::new(),
    }
}

impl Card {
    fn call(&mut self, name: &str, arg: ObjRef) -> Option<Value> {
        let method = MethodRef::Code {
            package: self.package,
            offset: self.offsets[name],
        };
        let owner = Owner::applet(self.package, AppletId(1));
        self.vm
            .invoke(&mut Transactions, method, &[Value::Ref(arg)], owner)
            .unwrap()
    }

    fn save(&mut self) {
        for (key, value) in self.vm.take_changes() {
            match value {
                Some(bytes) => self.memory.insert(key, bytes),
                None => self.memory.remove(&key),
            };
        }
    }

    fn restart(&mut self) {
        self.vm = Vm::restore(layout(), Limits::default(), self.memory.clone()).unwrap();
    }

    fn array(&mut self, kind: ArrayKind, length: i16) -> ObjRef {
        let owner = Owner::applet(self.package, AppletId(1));
        self.vm
            .new_array(kind, length, owner, Storage::Persistent)
            .unwrap()
    }

    fn bytes(&mut self, array: ObjRef) -> Vec<u8> {
        self.vm.bytes(array, ContextId::JCRE).unwrap().to_vec()
    }
}

const BEGIN: &str = "invokestatic #javacard/framework/JCSystem.beginTransaction()V; ";
const COMMIT: &str = "invokestatic #javacard/framework/JCSystem.commitTransaction()V; ";
const ABORT: &str = "invokestatic #javacard/framework/JCSystem.abortTransaction()V; ";

/// Every kind of lasting cell: byte array, object fields of each type, static fields of each type.
const WRITES: &str = "getstatic_a #S.array; sconst_0; bspush 99; bastore; \
    getstatic_a #S.r; checkcast 0 #A; dup; sspush 777; putfield_s #A.s; dup; bspush 66; putfield_b #A.b; \
    dup; iipush 123456789; putfield_i #A.i; dup; putfield_a #A.r; \
    sconst_3; putstatic_b #S.b; sspush 333; putstatic_s #S.s; iipush 33333333; putstatic_i #S.i; ";
const MAKE: &str = "new #A; dup; invokespecial #=A.<init>; putstatic_a #S.r; return";
const SUM: &str = "getstatic_a #S.array; sconst_0; baload; getstatic_b #S.b; sadd; getstatic_s #S.s; sadd; getstatic_i #S.i; i2s; sadd; \
    getstatic_a #S.r; checkcast 0 #A; astore_1; aload_1; getfield_s #A.s; sadd; aload_1; getfield_b #A.b; sadd; \
    aload_1; getfield_i #A.i; i2s; sadd; aload_1; getfield_a #A.r; ifnull null; sspush 5000; sadd; null: sreturn";

fn writer() -> Card {
    let abort = format!("{BEGIN}{WRITES}{ABORT}return");
    let commit = format!("{BEGIN}{WRITES}{COMMIT}return");
    let leave = format!("{BEGIN}{WRITES}return");
    let mut card = card(&[
        ("make", MAKE),
        ("sum", SUM),
        ("abort", &abort),
        ("commit", &commit),
        ("leave", &leave),
    ]);
    card.call("make", ObjRef::NULL);
    card
}

#[test]
fn an_abort_undoes_every_kind_of_store_and_a_commit_keeps_them() {
    let mut card = writer();
    let before = card.call("sum", ObjRef::NULL);
    card.call("abort", ObjRef::NULL);
    assert_eq!(card.call("sum", ObjRef::NULL), before);
    card.call("commit", ObjRef::NULL);
    let after = card.call("sum", ObjRef::NULL);
    assert_ne!(after, before);
    assert_eq!(card.vm.depth(), 0);
    card.save();
    card.restart();
    assert_eq!(card.call("sum", ObjRef::NULL), after);
}

/// A way to fill an array's bytes with one, on behalf of a context.
type Way<'a> = &'a dyn Fn(&mut Vm, ContextId, u8);

#[test]
fn a_write_of_what_is_there_changes_nothing() {
    let write = format!("{WRITES}return");
    let mut card = card(&[("make", MAKE), ("write", &write)]);
    card.call("make", ObjRef::NULL);
    card.call("write", ObjRef::NULL);
    assert_ne!(card.vm.take_changes(), []);
    card.call("write", ObjRef::NULL);
    assert_eq!(card.vm.take_changes(), []);

    let (from, to) = (
        card.array(ArrayKind::Byte, 40),
        card.array(ArrayKind::Byte, 40),
    );
    let context = ContextId::from(card.package);
    let atomicity = Atomicity::Atomic;
    let ways: [Way<'_>; 3] = [
        &|vm, context, byte| {
            vm.write_bytes(to, 8, &[byte; 30], context, atomicity)
                .unwrap();
        },
        &|vm, context, byte| {
            vm.fill_bytes((to, 8), 30, byte, context, atomicity)
                .unwrap();
        },
        &|vm, context, byte| {
            vm.fill_bytes((from, 0), 40, byte, context, atomicity)
                .unwrap();
            vm.copy_bytes((from, 5), (to, 8), 30, context, atomicity)
                .unwrap();
        },
    ];
    for (byte, way) in (1..).zip(ways) {
        for changed in [true, false] {
            way(&mut card.vm, context, byte);
            assert_ne!(card.vm.take_changes().is_empty(), changed, "{byte}");
        }
        assert_eq!(card.bytes(to)[8..38], [byte; 30]);
    }
    // In a transaction it takes its part of the commit buffer.
    card.vm.begin().unwrap();
    let room = card.vm.commit_capacity_left();
    ways[0](&mut card.vm, context, 3);
    assert!(card.vm.commit_capacity_left() < room);
    card.vm.abort().unwrap();
    card.vm.take_changes();
    // Nothing tells whether the runtime's own bytes were there.
    ways[0](&mut card.vm, ContextId::JCRE, 3);
    assert_ne!(card.vm.take_changes(), []);
}

#[test]
fn records_taken_during_a_transaction_are_those_before_it() {
    let mut card = writer();
    card.save();
    let before = card.call("sum", ObjRef::NULL);
    card.call("leave", ObjRef::NULL);
    let inside = card.call("sum", ObjRef::NULL);
    assert_ne!(inside, before);
    card.save();
    // What runs is not disturbed by having been saved, and power may fail here.
    assert_eq!(card.call("sum", ObjRef::NULL), inside);
    let running = card.vm.clone();
    card.restart();
    assert_eq!(card.call("sum", ObjRef::NULL), before);
    // Or it goes on, commits, and is saved again.
    card.vm = running;
    card.vm.commit().unwrap();
    card.save();
    card.restart();
    assert_eq!(card.call("sum", ObjRef::NULL), inside);
}

#[test]
fn objects_made_in_an_aborted_transaction_are_gone_and_references_to_them_null() {
    let make = format!(
        "{BEGIN}new #A; dup; astore_1; putstatic_a #S.r; aload_0; sconst_0; new #A; aastore; {ABORT}aload_1; areturn"
    );
    let mut card = card(&[("make", &make), ("get", "getstatic_a #S.r; areturn")]);
    let owner = Owner::applet(card.package, AppletId(1));
    let holder = card
        .vm
        .new_array(ArrayKind::Ref(None), 1, owner, Storage::ClearOnReset)
        .unwrap();
    // The local variable that held one is null too.
    assert_eq!(card.call("make", holder), Some(Value::Ref(ObjRef::NULL)));
    assert_eq!(
        card.call("get", ObjRef::NULL),
        Some(Value::Ref(ObjRef::NULL))
    );
    assert_eq!(
        card.vm.element(holder, 0, ContextId::JCRE),
        Ok(Value::Ref(ObjRef::NULL))
    );
    card.save();
    card.restart();
}

#[test]
fn what_is_not_atomic_outlives_an_abort() {
    let mut card = card(&[]);
    let array = card.array(ArrayKind::Byte, 4);
    let pin = card
        .vm
        .new_instance(
            "javacard/framework/OwnerPIN",
            Owner::JCRE,
            Storage::Persistent,
        )
        .unwrap();
    card.save();
    card.vm.begin().unwrap();
    let context = ContextId::JCRE;
    card.vm
        .write_bytes(array, 0, &[1, 1], context, Atomicity::Atomic)
        .unwrap();
    card.vm
        .write_bytes(array, 2, &[2, 2], context, Atomicity::NonAtomic)
        .unwrap();
    card.vm
        .set_field(pin, 1, Value::Short(2), Atomicity::NonAtomic)
        .unwrap();
    card.vm.record_put(7, b"record");
    // A PIN counter is made durable before the comparison, in the middle of the transaction.
    card.save();
    let running = card.vm.clone();
    card.restart();
    assert_eq!(card.bytes(array), [0, 0, 2, 2]);
    assert_eq!(card.vm.field(pin, 1), Ok(Value::Short(2)));
    assert_eq!(card.vm.record_get(7), None);
    card.vm = running;
    card.vm.abort().unwrap();
    assert_eq!(card.bytes(array), [0, 0, 2, 2]);
    assert_eq!(card.vm.field(pin, 1), Ok(Value::Short(2)));
    assert_eq!(card.vm.record_get(7), None);
    assert_eq!(card.vm.abort(), Err(Fault::NoTransaction));
    assert_eq!(card.vm.commit(), Err(Fault::NoTransaction));
}

#[test]
fn card_records_take_part_in_transactions_and_can_be_saved_alone() {
    let mut card = card(&[]);
    card.vm.record_put(5, b"old");
    card.save();
    card.vm.begin().unwrap();
    card.vm.record_put(5, b"new");
    card.vm.record_put(6, b"six");
    assert!(card.vm.record_delete(5));
    assert!(!card.vm.record_delete(99));
    card.vm.record_put(5, b"again");
    card.vm.abort().unwrap();
    assert_eq!(card.vm.record_get(5), Some(&b"old"[..]));
    assert_eq!(
        card.vm.records(0..10).collect::<Vec<_>>(),
        [(5, &b"old"[..])]
    );
    card.save();
    let array = card.array(ArrayKind::Byte, 1);
    card.vm.record_put(5, b"count");
    let key = Vm::record_key(5);
    assert_eq!(
        card.vm.take_record(key),
        Some(vec![(key, Some(b"count".to_vec()))])
    );
    assert_eq!(card.vm.take_record(key), None);
    let rest = card.vm.take_changes();
    assert_eq!(rest.len(), 1, "only the array is left: {rest:?}");
    assert!(card.vm.owner(array).is_ok());
}

#[test]
fn a_full_commit_buffer_throws_and_changes_nothing() {
    let (cap, offsets) = cap(&[]);
    let mut vm = Vm::new(
        layout(),
        Limits {
            commit: 64,
            ..Limits::default()
        },
    );
    let package = vm.link(&cap).unwrap();
    let mut card = Card {
        vm,
        package,
        offsets,
        memory: Memory::new(),
    };
    let array = card.array(ArrayKind::Byte, 100);
    card.vm.begin().unwrap();
    assert_eq!(card.vm.commit_capacity_left(), 64);
    card.vm
        .write_bytes(array, 0, &[1; 40], ContextId::JCRE, Atomicity::Atomic)
        .unwrap();
    let stop = card
        .vm
        .write_bytes(array, 40, &[1; 40], ContextId::JCRE, Atomicity::Atomic)
        .unwrap_err();
    let Stop::Thrown(exception) = stop else {
        panic!("{stop:?}")
    };
    assert_eq!(
        card.vm.class_name(exception),
        Ok(Some("javacard/framework/TransactionException"))
    );
    assert_eq!(card.vm.reason(exception), Some(3));
    assert_eq!(card.bytes(array)[39..41], [1, 0]);
    card.vm.abort().unwrap();
    assert_eq!(card.bytes(array), [0; 100]);
}

#[test]
fn everything_that_lasts_comes_back() {
    let mut card = writer();
    let owner = Owner::applet(card.package, AppletId(1));
    let jcre = ContextId::JCRE;
    let bytes = card.array(ArrayKind::Byte, 300);
    card.vm
        .write_bytes(bytes, 7, &[1, 2, 3], jcre, Atomicity::Atomic)
        .unwrap();
    let booleans = card.array(ArrayKind::Boolean, 2);
    let shorts = card.array(ArrayKind::Short, 3);
    card.vm
        .set_element(shorts, 1, Value::Short(-5), jcre, Atomicity::Atomic)
        .unwrap();
    let ints = card.array(ArrayKind::Int, 3);
    card.vm
        .set_element(ints, 2, Value::Int(i32::MIN), jcre, Atomicity::Atomic)
        .unwrap();
    let refs = card.array(ArrayKind::Ref(None), 2);
    card.vm
        .set_element(refs, 1, Value::Ref(bytes), jcre, Atomicity::Atomic)
        .unwrap();
    let pin = card
        .vm
        .new_instance("javacard/framework/OwnerPIN", owner, Storage::Persistent)
        .unwrap();
    card.vm
        .set_field(pin, 0, Value::Ref(bytes), Atomicity::Atomic)
        .unwrap();
    card.vm
        .set_field(pin, 1, Value::Short(3), Atomicity::Atomic)
        .unwrap();
    let transient = card
        .vm
        .new_array(ArrayKind::Short, 9, owner, Storage::ClearOnReset)
        .unwrap();
    card.vm
        .set_element(transient, 0, Value::Short(1), jcre, Atomicity::Atomic)
        .unwrap();
    let session = card
        .vm
        .new_array(ArrayKind::Byte, 9, Owner::JCRE, Storage::Session)
        .unwrap();
    card.vm
        .set_element(refs, 0, Value::Ref(session), jcre, Atomicity::Atomic)
        .unwrap();
    card.vm.record_put(0x1_0000, b"queue");
    card.save();
    assert_eq!(card.vm.take_changes(), []);
    card.restart();
    assert_eq!(card.vm.take_changes(), []);
    assert_eq!(card.bytes(bytes)[6..11], [0, 1, 2, 3, 0]);
    assert_eq!(card.vm.array(booleans), Ok(Some((ArrayKind::Boolean, 2))));
    assert_eq!(card.vm.element(shorts, 1, jcre), Ok(Value::Short(-5)));
    assert_eq!(card.vm.element(ints, 2, jcre), Ok(Value::Int(i32::MIN)));
    assert_eq!(card.vm.element(refs, 1, jcre), Ok(Value::Ref(bytes)));
    assert_eq!(card.vm.element(refs, 0, jcre), Ok(Value::Ref(ObjRef::NULL)));
    assert_eq!(card.vm.field(pin, 0), Ok(Value::Ref(bytes)));
    assert_eq!(card.vm.field(pin, 1), Ok(Value::Short(3)));
    assert_eq!(card.vm.is_instance(pin, "javacard/framework/PIN"), Ok(true));
    assert_eq!(card.vm.owner(pin), Ok(owner));
    assert_eq!(card.vm.storage(transient), Ok(Storage::ClearOnReset));
    assert_eq!(card.vm.element(transient, 0, jcre), Ok(Value::Short(0)));
    assert_eq!(card.vm.record_get(0x1_0000), Some(&b"queue"[..]));
    assert_eq!(
        card.vm.package_by_aid(&"F054455354".parse().unwrap()),
        Some(card.package)
    );
    card.vm.unlink(card.package).unwrap_err();
}

#[test]
fn records_that_make_no_card_are_refused_with_their_place() {
    let mut card = writer();
    card.save();
    for key in card.memory.keys().copied().collect::<Vec<_>>() {
        let bytes = card.memory[&key].clone();
        for size in 0..bytes.len() {
            let mut memory = card.memory.clone();
            memory.insert(key, bytes[..size].to_vec());
            let restored = Vm::restore(layout(), Limits::default(), memory);
            assert!(restored.is_err(), "{:016X} cut to {size}", key.0);
        }
    }
    let unknown = [(RecordKey(9 << 56), vec![])];
    assert!(Vm::restore(layout(), Limits::default(), unknown).is_err());
}

#[test]
fn collection_frees_what_nothing_reaches() {
    let mut card = writer();
    let garbage = card.array(ArrayKind::Byte, 1000);
    let kept = card.array(ArrayKind::Byte, 10);
    let holder = card.array(ArrayKind::Ref(None), 1);
    card.vm
        .set_element(
            holder,
            0,
            Value::Ref(kept),
            ContextId::JCRE,
            Atomicity::Atomic,
        )
        .unwrap();
    card.save();
    let free = card.vm.free_bytes(Storage::Persistent);
    assert_eq!(card.vm.collect(&[holder]), 1);
    assert!(card.vm.free_bytes(Storage::Persistent) >= free + 1000);
    assert_eq!(card.vm.owner(garbage), Err(Fault::DanglingReference));
    let records = card.memory.len();
    card.save();
    assert_eq!(card.memory.len(), records - 1);
    card.restart();
    assert_eq!(
        card.vm.element(holder, 0, ContextId::JCRE),
        Ok(Value::Ref(kept))
    );
    // What only static fields reach stays too, and the handle that was freed is used again.
    assert!(card.call("sum", ObjRef::NULL).is_some());
    assert_eq!(card.array(ArrayKind::Byte, 1), garbage);
}

#[test]
fn deleting_an_applet_takes_its_objects_and_clears_references_to_them() {
    let mut card = card(&[]);
    let mine = card.array(ArrayKind::Byte, 4);
    let other = Owner::applet(card.package, AppletId(2));
    let holder = card
        .vm
        .new_array(ArrayKind::Ref(None), 1, other, Storage::Persistent)
        .unwrap();
    assert!(!card.vm.referenced_from_other(AppletId(1), None));
    card.vm
        .set_element(
            holder,
            0,
            Value::Ref(mine),
            ContextId::JCRE,
            Atomicity::Atomic,
        )
        .unwrap();
    assert!(card.vm.referenced_from_other(AppletId(1), None));
    assert_eq!(card.vm.delete_objects_of(AppletId(1)), 1);
    assert_eq!(
        card.vm.element(holder, 0, ContextId::JCRE),
        Ok(Value::Ref(ObjRef::NULL))
    );
    card.save();
    card.restart();
    card.vm.delete_objects_of(AppletId(2));
    card.vm.unlink(card.package).unwrap();
    card.save();
    assert!(card.memory.is_empty(), "{:?}", card.memory.keys());
}

#[test]
fn a_reset_aborts_what_was_in_progress() {
    let mut card = writer();
    let before = card.call("sum", ObjRef::NULL);
    card.call("leave", ObjRef::NULL);
    card.vm.clear_transient(Clear::Reset);
    assert_eq!(card.vm.depth(), 0);
    assert_eq!(card.call("sum", ObjRef::NULL), before);
}

#[test]
fn a_clone_is_a_point_to_return_to() {
    let mut card = writer();
    let before = card.vm.clone();
    let sum = card.call("sum", ObjRef::NULL);
    card.call("commit", ObjRef::NULL);
    card.vm = before;
    assert_eq!(card.call("sum", ObjRef::NULL), sum);
}
