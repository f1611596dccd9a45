//! Code that the cards of one process have in common.
//!
//! A linked package and a class never change once they are made: what an applet can change is in the objects and the
//! static fields, and these are each card's own. So cards may hold one copy of what is equal. Equal is meant literally:
//! the same load file, linked under the same number, against equal imports. It is found by comparison after linking, so
//! no card can get what it would not have made itself.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use hydra_cap::api;
use hydra_wire::Aid;

use crate::class::{Class, Origin};
use crate::package::Package;
use crate::vm::Vm;

/// The linked packages and classes that cards share. It keeps nothing alive: what the last card lets go of is gone.
///
/// Who has several cards keeps one of these where all of them reach it, and gives each a [`CodeSharing`].
#[derive(Debug, Default)]
pub struct SharedCode {
    /// By the package's name, the different ones that there are.
    packages: BTreeMap<Aid, Vec<Weak<Package>>>,
    /// Classes of the API; those of packages go with the package.
    classes: BTreeMap<api::ClassId, Vec<Weak<Class>>>,
}

/// The way to a [`SharedCode`], for one card at a time: a lock where there are threads.
pub trait CodeSharing: Send + Sync {
    /// Calls `act` with it, once.
    fn with(&self, act: &mut dyn FnMut(&mut SharedCode));
}

impl SharedCode {
    /// How many packages the cards hold now, equal ones counted once.
    pub fn packages(&self) -> usize {
        let known = self.packages.values().flatten();
        known.filter(|known| known.strong_count() > 0).count()
    }

    /// Puts in the place of what a card has what others have, where it is equal, and offers them the rest.
    fn exchange(&mut self, vm: &mut Vm) {
        forget_unused(&mut self.packages);
        forget_unused(&mut self.classes);
        for class in vm.classes.iter_mut().flatten() {
            if let Origin::Api(id) = class.origin {
                exchange(self.classes.entry(id).or_default(), class);
            }
        }
        for package in vm.packages.iter_mut().flatten() {
            exchange(
                self.packages.entry(package.aid.clone()).or_default(),
                package,
            );
            for linked in &package.classes {
                if let Some(class) = vm.classes.get_mut(usize::from(linked.index.0)) {
                    *class = Some(linked.class.clone());
                }
            }
        }
    }
}

impl Vm {
    /// Shares code from now on, what is linked and what will be.
    pub fn share_code(&mut self, sharing: Arc<dyn CodeSharing>) {
        self.sharing = Some(sharing);
        self.find_shared();
    }

    pub(crate) fn find_shared(&mut self) {
        if let Some(sharing) = self.sharing.clone() {
            sharing.with(&mut |code| code.exchange(self));
        }
    }
}

fn forget_unused<K: Ord, T>(known: &mut BTreeMap<K, Vec<Weak<T>>>) {
    known.retain(|_, known| {
        known.retain(|known| known.strong_count() > 0);
        !known.is_empty()
    });
}

fn exchange<T: Eq>(known: &mut Vec<Weak<T>>, own: &mut Arc<T>) {
    let mut there = known.iter().filter_map(Weak::upgrade);
    match there.find(|there| there == own) {
        Some(equal) => *own = equal,
        None => known.push(Arc::downgrade(own)),
    }
}
