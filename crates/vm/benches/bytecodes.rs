//! Bytecodes a second: loops whose instructions are counted by an observer first and then timed without one.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark stops at what it did not expect"
)]

#[path = "../tests/support/fixture.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod fixture;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hydra_cap::api::MethodId;
use hydra_cap::opcode::Opcode;
use hydra_vm::{
    ApiLayout, AppletId, Args, Host, Limits, MethodRef, Observer, Owner, Package, Stop, Value, Vm,
};

struct Bare;

impl Host for Bare {
    fn native(&mut self, _: &mut Vm, _: MethodId, _: Args) -> Result<Option<Value>, Stop> {
        Ok(None)
    }
}

#[derive(Default)]
struct Count(AtomicU64);

impl Observer for Count {
    fn instruction(&self, _: &Package, _: u32, _: Opcode) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

const LOOPS: [(&str, &str); 4] = [
    (
        "short addition and array store",
        "sspush 256; newarray 11; astore_0; sconst_0; sstore_1; sconst_0; sstore_2; goto test; \
         body: sload_2; sload_1; sadd; sstore_2; aload_0; sload_1; sspush 255; sand; sload_2; s2b; bastore; sinc 1 1; \
         test: sload_1; sspush 10000; if_scmplt body; sload_2; sreturn",
    ),
    (
        "virtual call with fields",
        "new #B; dup; invokespecial #=B.<init>; astore_0; sconst_0; sstore_1; goto test; \
         body: aload_0; sload_1; invokevirtual #A.sum(); sstore_2; aload_0; sload_2; putfield_s #A.s; sinc 1 1; \
         test: sload_1; sspush 10000; if_scmplt body; sload_2; sreturn",
    ),
    (
        "int arithmetic",
        "iconst_1; istore_0; sconst_0; sstore_2; goto test; \
         body: iload_0; iipush 1103515245; imul; sipush 12345; iadd; istore_0; sinc 2 1; \
         test: sload_2; sspush 10000; if_scmplt body; iload_0; ireturn",
    ),
    (
        "static call and switch",
        "sconst_0; sstore_0; sconst_0; sstore_1; goto test; \
         body: sload_0; sconst_3; sand; stableswitch more 0 2 more more more; more: sload_0; invokestatic #=twice; sstore_1; \
         sinc 0 1; test: sload_0; sspush 10000; if_scmplt body; sload_1; sreturn",
    ),
];

fn bytecodes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bytecodes");
    for (name, code) in LOOPS {
        let mut package = fixture::package();
        package.method("case", 0, 6, 10, code);
        package.applet(&[0xF0, 0x54, 0x45, 0x53, 0x54, 1], "case");
        let (cap, offsets) = package.build().unwrap();
        let mut vm = Vm::new(ApiLayout::new(), Limits::default());
        let package = vm.link(&cap).unwrap();
        let method = MethodRef::Code {
            package,
            offset: offsets["case"],
        };
        let owner = Owner::applet(package, AppletId(1));
        let count = Arc::new(Count::default());
        vm.observe(Some(count.clone()));
        vm.invoke(&mut Bare, method, &[], owner).unwrap();
        vm.observe(None);
        group.throughput(Throughput::Elements(count.0.load(Ordering::Relaxed)));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let result = vm.invoke(&mut Bare, method, &[], owner);
                vm.collect(&[]);
                result
            });
        });
    }
    group.finish();
}

criterion_group!(benches, bytecodes);
criterion_main!(benches);
