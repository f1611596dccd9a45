//! What the fuzz targets share: the world's CAP files as seeds, mutations as data, and a card with somebody to protect on it.

use std::sync::OnceLock;

use hydra_cap::CapFile;
use hydra_card::Profile;
use hydra_card::nvm::{Journal, MemoryStorage, Records};
use hydra_testkit::Issued;
use hydra_vm::Limits;
use hydra_wire::{Aid, Command, Response, StatusWord};

/// Programs of the official converter and of this repository's.
pub const PROGRAMS: &[&[u8]] = &[
    include_bytes!("../../vectors/caps/2.1-jc305/bench.cap"),
    include_bytes!("../../vectors/caps/2.1-jc305/ints.cap"),
    include_bytes!("../../vectors/caps/2.1-jc305/lablib.cap"),
    include_bytes!("../../vectors/caps/2.3-compact/labsrv.cap"),
    include_bytes!("../../vectors/caps/2.3-compact/labapp.cap"),
    include_bytes!("../../vectors/runtime/probe/probe.cap"),
];

/// The victim's package and applet: `bench.cap`, whose last digest is its secret.
pub const VICTIM: usize = 0;

/// The seeds, read.
pub fn programs() -> &'static [CapFile] {
    static READ: OnceLock<Vec<CapFile>> = OnceLock::new();
    READ.get_or_init(|| {
        PROGRAMS
            .iter()
            .map(|bytes| CapFile::from_zip(bytes).expect("a seed is a CAP file"))
            .collect()
    })
}

/// Set in the first byte: the Descriptor component goes too, so that the card verifies the program.
pub const DESCRIBED: u8 = 0x80;
/// Set in the first byte: the card's verification is off.
pub const UNVERIFIED: u8 = 0x40;

/// A seed program with changes: which one, whether its Descriptor goes too, then an offset and a byte at a time.
pub fn changed_load_file(data: &[u8]) -> Option<(usize, Vec<u8>)> {
    let [choice, changes @ ..] = data else {
        return None;
    };
    let programs = programs();
    let index = usize::from(choice & !(DESCRIBED | UNVERIFIED)) % programs.len();
    let program = &programs[index];
    let mut bytes = if choice & DESCRIBED == 0 {
        program.to_load_file()
    } else {
        program.to_load_file_with_descriptor()
    };
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % bytes.len();
        bytes[at] = change[2];
    }
    Some((index, bytes))
}

/// How many branches and calls a command may make here: a changed program that loops ends soon.
const STEPS: u64 = 60_000;

/// A card with a victim on it: an applet with state of its own.
pub struct World {
    image: Vec<u8>,
    record: hydra_card::ManufacturingRecord,
    victims: Vec<(u64, Vec<u8>)>,
    secret: Vec<u8>,
    victim: Aid,
}

impl World {
    /// Made once.
    pub fn get() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::new)
    }

    fn new() -> Self {
        let profile = Profile {
            limits: Limits {
                steps: STEPS,
                ..Limits::STANDARD
            },
        };
        let mut issued = Issued::with_profile("fuzz", profile).expect("a card");
        // The victim comes first, so that the attacker knows its package number and may guess its handles.
        let cap = &programs()[VICTIM];
        let victim = issued.add(cap).expect("loaded").expect("an applet");
        assert!(issued.select(&victim).sw.is_success());
        let digest = Command::new(0x80, 0x06, 0, 0)
            .with_data(b"the victim's")
            .with_le(256);
        let secret = issued.send(&digest).data;
        assert_eq!(secret.len(), 32);
        let image = issued.medium.restart().as_bytes().to_vec();
        Self {
            victims: victims(&image),
            image,
            record: issued.record,
            secret,
            victim,
        }
    }

    /// The card as it was made, powered up.
    pub fn card(&self) -> Issued {
        Issued::from_image(self.record.clone(), self.image.clone()).expect("the image opens")
    }

    /// The image of the card.
    pub fn image(&self) -> &[u8] {
        &self.image
    }

    /// Fails unless the victim is as it was and its secret is not among what came out.
    pub fn check(&self, issued: &mut Issued, answers: &[Vec<u8>]) {
        for answer in answers {
            for window in self.secret.windows(8) {
                assert!(
                    !answer.windows(8).any(|part| part == window),
                    "the secret came out"
                );
            }
        }
        let image = issued.medium.restart();
        assert_eq!(
            victims(image.as_bytes()),
            self.victims,
            "the victim changed"
        );
        self.check_answers(issued);
    }

    /// Whether a command selects the victim, by its AID or the beginning of it: what it is told then, it may do.
    pub fn selects_the_victim(&self, command: &[u8]) -> bool {
        Command::parse(command).is_ok_and(|command| {
            let name = &command.data;
            command.ins == 0xA4 && !name.is_empty() && self.victim.as_bytes().starts_with(name)
        })
    }

    /// Fails unless the card starts and the victim answers.
    pub fn check_answers(&self, issued: &mut Issued) {
        issued.power_cycle().expect("the card starts again");
        assert_eq!(
            issued.select(&self.victim),
            Response::status(StatusWord::NO_ERROR)
        );
        let echo = Command::new(0x80, 0x01, 0, 0)
            .with_data(&[7; 9])
            .with_le(256);
        assert_eq!(issued.send(&echo).data, [7; 9]);
    }
}

/// Everything on the medium that belongs to the context of the first package: its objects and static fields.
fn victims(image: &[u8]) -> Vec<(u64, Vec<u8>)> {
    const PACKAGE: u64 = 1;
    const STATICS: u64 = 2;
    const OBJECT: u64 = 3;
    /// Where an object's record has its context.
    const CONTEXT: usize = 3;
    let storage = MemoryStorage::from_bytes(image.to_vec());
    let (_, records): (_, Records) = Journal::open(storage).expect("the image opens");
    let first = records
        .keys()
        .find(|key| **key >> 56 == PACKAGE)
        .map_or(0, |key| key & 0xFF);
    records
        .into_iter()
        .filter(|(key, value)| match key >> 56 {
            PACKAGE | STATICS => key & 0xFF == first,
            OBJECT => value
                .get(CONTEXT)
                .is_some_and(|context| u64::from(*context) == first),
            _ => false,
        })
        .collect()
}
