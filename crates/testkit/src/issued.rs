use hydra_cap::CapFile;
use hydra_card::nvm::{ImageKey, Medium, MemoryStorage, Protection};
use hydra_card::runtime::CardStorage;
use hydra_card::{Card, CardConfig, CardError, ManufacturingRecord, Profile};
use hydra_crypto::SeededRandom;
use hydra_gp::Privileges;
use hydra_reader::{ClientError, GpClient};
use hydra_wire::{Aid, CardLink, Command, Response, StatusWord};

use crate::PowerCut;

/// A new card on a medium in memory, and its issuer, who loads and installs over SCP03.
pub struct Issued {
    /// The card.
    pub card: Card,
    /// What the issuer knows of it.
    pub record: ManufacturingRecord,
    /// A handle of its medium.
    pub medium: PowerCut,
    /// What its image is encrypted with.
    key: Option<ImageKey>,
    /// Whether it counts with the medium's counter.
    counted: bool,
    seed: Vec<u8>,
    sessions: u64,
}
/// What an issuer is told: mostly `ClientError::Refused` with a status word.
pub type IssuerError = ClientError<<Card as CardLink>::Error>;

/// The card's answer to what its issuer asked; any other error is none.
pub fn status<T>(result: Result<T, IssuerError>) -> Result<StatusWord, IssuerError> {
    match result {
        Ok(_) => Ok(StatusWord::NO_ERROR),
        Err(ClientError::Refused { sw, .. }) => Ok(sw),
        Err(error) => Err(error),
    }
}

impl Issued {
    /// A card whose keys follow from a seed.
    pub fn new(seed: &str) -> Result<Self, CardError> {
        Self::with_profile(seed, Profile::STANDARD)
    }

    /// The same with as much memory as a profile says.
    pub fn with_profile(seed: &str, profile: Profile) -> Result<Self, CardError> {
        let config = CardConfig {
            profile,
            ..CardConfig::default()
        };
        Self::made(seed, config, None, false)
    }

    /// The same with an image that is encrypted, or counted by the medium's counter, or both.
    pub fn protected(seed: &str, key: Option<ImageKey>, counted: bool) -> Result<Self, CardError> {
        Self::made(seed, CardConfig::default(), key, counted)
    }

    fn made(
        seed: &str,
        config: CardConfig,
        key: Option<ImageKey>,
        counted: bool,
    ) -> Result<Self, CardError> {
        let medium = PowerCut::new(MemoryStorage::new());
        let random = Box::new(SeededRandom::new(seed.as_bytes()));
        let place = place(&medium, key.as_ref(), counted);
        let (card, record) = Card::create(place, random, config)?;
        Ok(Self {
            card,
            record,
            medium,
            key,
            counted,
            seed: seed.as_bytes().to_vec(),
            sessions: 0,
        })
    }

    /// A card that was made before: its image, and what its issuer knows of it.
    pub fn from_image(record: ManufacturingRecord, image: Vec<u8>) -> Result<Self, CardError> {
        let medium = PowerCut::new(MemoryStorage::from_bytes(image));
        let seed = b"from an image".to_vec();
        let card = Card::open(
            place(&medium, None, false),
            Box::new(SeededRandom::new(&seed)),
        )?;
        Ok(Self {
            card,
            record,
            medium,
            key: None,
            counted: false,
            seed,
            sessions: 0,
        })
    }

    /// Takes the power away and gives it back.
    pub fn power_cycle(&mut self) -> Result<(), CardError> {
        let (content, counter) = (self.medium.restart(), self.medium.counted());
        self.open(PowerCut::cut_with_counter(content, counter, None))
    }

    /// Goes on with this medium.
    pub fn open(&mut self, medium: PowerCut) -> Result<(), CardError> {
        self.medium = medium;
        let random = Box::new(SeededRandom::new(&self.seed));
        let place = place(&self.medium, self.key.as_ref(), self.counted);
        self.card = Card::open(place, random)?;
        Ok(())
    }

    /// Sends one command.
    pub fn send(&mut self, command: &Command) -> Response {
        let answer = self.card.process(&command.to_bytes());
        // A card answers with a status word at least.
        Response::parse(&answer).unwrap_or(Response {
            data: answer,
            sw: StatusWord(0),
        })
    }

    /// Selects an application.
    pub fn select(&mut self, aid: &Aid) -> Response {
        self.send(&Command::select(aid))
    }

    /// Loads a package into the issuer security domain.
    pub fn load(&mut self, cap: &CapFile) -> Result<(), IssuerError> {
        let domain = issuer_domain();
        self.session(|client| client.load(cap.aid(), &domain, &cap.to_load_file()))
    }

    /// Installs an application of a loaded package and makes it selectable.
    pub fn install(
        &mut self,
        package: &Aid,
        module: &Aid,
        instance: &Aid,
        parameters: &[u8],
    ) -> Result<(), IssuerError> {
        self.session(|client| {
            client.install(package, module, instance, Privileges::NONE, parameters)
        })
    }

    /// Loads a CAP file and installs its first applet, if it has one, under the applet's own AID; that AID.
    pub fn add(&mut self, cap: &CapFile) -> Result<Option<Aid>, IssuerError> {
        self.load(cap)?;
        let Some(applet) = cap.applets().first().map(|applet| applet.aid.clone()) else {
            return Ok(None);
        };
        self.install(cap.aid(), &applet, &applet, &[])?;
        Ok(Some(applet))
    }

    /// Deletes an application or a package.
    pub fn delete(&mut self, aid: &Aid) -> Result<(), IssuerError> {
        self.session(|client| client.delete(aid))
    }

    /// Something else that the issuer does in a session with its domain.
    pub fn session<T>(
        &mut self,
        run: impl FnOnce(&mut GpClient<&mut Card>) -> Result<T, IssuerError>,
    ) -> Result<T, IssuerError> {
        self.sessions += 1;
        let challenge = self.sessions.to_be_bytes();
        let mut client = GpClient::attach(&mut self.card);
        client.select_issuer_domain()?;
        client.authenticate(&self.record.issuer_keys, &challenge)?;
        run(&mut client)
    }
}

fn place(medium: &PowerCut, key: Option<&ImageKey>, counted: bool) -> Medium<CardStorage> {
    Medium::from(Box::new(medium.clone())).protected(Protection {
        key: key.cloned(),
        counter: counted.then(|| medium.counter()),
    })
}

#[allow(
    clippy::expect_used,
    reason = "the text is an AID; tests fail by panicking anyway"
)]
fn issuer_domain() -> Aid {
    "A000000151000000".parse().expect("an AID")
}
