use hydra_gp::command::ManageChannel;
use hydra_gp::load_file::load_commands;
use hydra_gp::registry::StatusEntry;
use hydra_gp::scp03::{HostSession, SecurityLevel};
use hydra_gp::{
    Command, DataFormat, Delete, GetData, GetStatus, Install, InstallApplication, InstallForLoad,
    KeySet, Privileges, PutKey, Select, StatusScope, StoreData,
};
use hydra_wire::{Aid, CardLink, Command as Apdu, Response, StatusWord};

use crate::ClientError;

/// The most data of one command that applets of a card can be given (JCRE 3.0.5 §9.4.4).
const LONGEST_BLOCK: usize = 0x7FFF;

/// A conversation with one card on its basic channel or on one that was opened.
///
/// Selecting an application ends the secure channel; so does any failure of the secure channel itself, after which
/// nothing that the card said in it counts.
pub struct GpClient<L: CardLink> {
    link: L,
    channel: u8,
    session: Option<HostSession>,
}

type Result<T, L> = core::result::Result<T, ClientError<<L as CardLink>::Error>>;

impl<L: CardLink> GpClient<L> {
    /// Resets the card and starts on the basic channel.
    pub fn connect(mut link: L) -> Result<Self, L> {
        link.reset().map_err(|source| ClientError::Link {
            action: "reset",
            source,
        })?;
        Ok(Self::attach(link))
    }

    /// Takes a card as it is, without resetting it.
    pub fn attach(link: L) -> Self {
        Self {
            link,
            channel: 0,
            session: None,
        }
    }

    /// Resets the card: channels and sessions are gone.
    pub fn reset(&mut self) -> Result<Vec<u8>, L> {
        self.channel = 0;
        self.session = None;
        self.link.reset().map_err(|source| ClientError::Link {
            action: "reset",
            source,
        })
    }

    /// The link, for another to use.
    pub fn into_link(self) -> L {
        self.link
    }

    /// The secure channel, when one is open.
    pub fn session(&self) -> Option<&HostSession> {
        self.session.as_ref()
    }

    /// Selects an application or security domain; its file control information is the answer.
    pub fn select(&mut self, aid: &Aid) -> Result<Response, L> {
        self.select_named(&Select::aid(aid))
    }

    /// Selects the issuer security domain, whatever its AID.
    pub fn select_issuer_domain(&mut self) -> Result<Response, L> {
        self.select_named(&Select::issuer_domain())
    }

    fn select_named(&mut self, select: &Select) -> Result<Response, L> {
        self.session = None;
        let response = self.exchange("SELECT", &Command::Select(select.clone()).to_apdu())?;
        // A locked card's issuer domain can be selected: that is a warning (GPCS 2.3.1 §11.9.3).
        if response.sw.is_success_or_warning() {
            Ok(response)
        } else {
            Err(refused("SELECT", response.sw))
        }
    }

    /// Opens SCP03 with the selected security domain: C-MAC, C-DECRYPTION, R-MAC and R-ENCRYPTION. The challenge must
    /// be random: it is the caller's to draw.
    pub fn authenticate(&mut self, keys: &KeySet, host_challenge: &[u8]) -> Result<(), L> {
        self.authenticate_at(keys, host_challenge, SecurityLevel::FULL)
    }

    /// Opens SCP03 at this level.
    pub fn authenticate_at(
        &mut self,
        keys: &KeySet,
        host_challenge: &[u8],
        level: SecurityLevel,
    ) -> Result<(), L> {
        self.session = None;
        let action = "INITIALIZE UPDATE";
        let (pending, command) =
            HostSession::open(keys, host_challenge).map_err(|sw| refused(action, sw))?;
        let answer = self.exchange(action, &command)?;
        let (session, command) = pending
            .answer(&answer, level)
            .map_err(|source| ClientError::SecureChannel { action, source })?;
        let response = self.exchange("EXTERNAL AUTHENTICATE", &command)?;
        accepted("EXTERNAL AUTHENTICATE", response)?;
        self.session = Some(session);
        Ok(())
    }

    /// The entries of a part of the card's registry; none is an empty list.
    pub fn list(&mut self, scope: StatusScope) -> Result<Vec<StatusEntry>, L> {
        self.list_with(GetStatus::all(scope))
    }

    /// The entries that a question of its own asks for.
    pub fn list_with(&mut self, mut question: GetStatus) -> Result<Vec<StatusEntry>, L> {
        let mut data = Vec::new();
        loop {
            let response = self.transmit(
                "GET STATUS",
                &Command::GetStatus(question.clone()).to_apdu(),
            )?;
            data.extend_from_slice(&response.data);
            match response.sw {
                StatusWord::NO_ERROR => break,
                // An answer that promises more and brings nothing would go on for ever.
                StatusWord::MORE_DATA if !response.data.is_empty() => question = question.next(),
                StatusWord::DATA_NOT_FOUND => break,
                sw => return Err(refused("GET STATUS", sw)),
            }
        }
        Ok(StatusEntry::read_all(&data)?)
    }

    /// Loads a package: INSTALL [for load] and as many LOAD commands as its components need. `data_block` is the
    /// content of C4: the components of the CAP file one after another.
    pub fn load(&mut self, package: &Aid, domain: &Aid, data_block: &[u8]) -> Result<(), L> {
        self.load_with(InstallForLoad::new(package, domain), data_block)
    }

    /// Loads a package as this INSTALL [for load] announces it: with a hash, parameters or a token.
    ///
    /// What 256 commands of the short form do not hold, about 60 KB, goes in extended ones that are no longer than they
    /// must be: there is no other way to load it (GPCS 2.3.1 §11.6.2.2).
    pub fn load_with(&mut self, announcement: InstallForLoad, data_block: &[u8]) -> Result<(), L> {
        // The object around the components begins with a tag and at most four bytes of length.
        let least = (data_block.len() + 5).div_ceil(256).min(LONGEST_BLOCK);
        let blocks = load_commands(data_block, self.max_data().max(least))?;
        self.run(
            "INSTALL [for load]",
            &Command::Install(Install::Load(announcement)),
        )?;
        for block in blocks {
            let command = Command::Load(block).to_apdu();
            accepted("LOAD", self.transmit("LOAD", &command)?)?;
        }
        Ok(())
    }

    /// Makes an application of a module and makes it selectable; `parameters` is the content of C9.
    pub fn install(
        &mut self,
        package: &Aid,
        module: &Aid,
        instance: &Aid,
        privileges: Privileges,
        parameters: &[u8],
    ) -> Result<(), L> {
        self.install_with(Install::InstallAndMakeSelectable(InstallApplication::new(
            package, module, instance, privileges, parameters,
        )))
    }

    /// Sends any INSTALL command.
    pub fn install_with(&mut self, install: Install) -> Result<(), L> {
        self.run("INSTALL", &Command::Install(install)).map(drop)
    }

    /// Deletes an application, or a load file that nothing depends on.
    pub fn delete(&mut self, aid: &Aid) -> Result<(), L> {
        self.run("DELETE", &Command::Delete(Delete::object(aid)))
            .map(drop)
    }

    /// Deletes a load file and every application made from it.
    pub fn delete_related(&mut self, aid: &Aid) -> Result<(), L> {
        self.run("DELETE", &Command::Delete(Delete::object_and_related(aid)))
            .map(drop)
    }

    /// Puts an SCP03 key set into the selected domain, in place of the version `old_version` (00: none), and checks
    /// that the card confirms it.
    pub fn put_keys(&mut self, old_version: u8, keys: &KeySet) -> Result<(), L> {
        let action = "PUT KEY";
        let session = self
            .session
            .as_ref()
            .ok_or(ClientError::NotAuthenticated { action })?;
        let command = PutKey::key_set(old_version, keys, session.dek());
        let response = self.run(action, &Command::PutKey(command.clone()))?;
        if response.data != command.confirmation() {
            return Err(ClientError::KeyConfirmation);
        }
        Ok(())
    }

    /// Stores data objects in the selected domain, each in a block of its own.
    pub fn store_data<'a>(
        &mut self,
        format: DataFormat,
        items: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), L> {
        for block in StoreData::sequence(format, items) {
            self.run("STORE DATA", &Command::StoreData(block))?;
        }
        Ok(())
    }

    /// Personalises an application through the selected domain: INSTALL [for personalization], then data groupings,
    /// each in a block of its own.
    pub fn personalize<'a>(
        &mut self,
        application: &Aid,
        groupings: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), L> {
        self.run(
            "INSTALL [for personalization]",
            &Command::Install(Install::Personalization(application.clone())),
        )?;
        self.store_data(DataFormat::Dgi, groupings)
    }

    /// The data object of this tag, as the card writes it.
    pub fn get_data(&mut self, tag: u16) -> Result<Vec<u8>, L> {
        Ok(self
            .run("GET DATA", &Command::GetData(GetData::new(tag)))?
            .data)
    }

    /// Opens a logical channel and goes on there, without a secure channel.
    pub fn open_channel(&mut self) -> Result<u8, L> {
        let action = "MANAGE CHANNEL";
        let command = Command::ManageChannel(ManageChannel::Open).to_apdu();
        let response = accepted(action, self.exchange(action, &command)?)?;
        match *response.data.as_slice() {
            [channel @ 1..=19] => {
                self.channel = channel;
                self.session = None;
                Ok(channel)
            }
            _ => Err(refused(action, response.sw)),
        }
    }

    /// Closes the logical channel and goes back to the basic one.
    pub fn close_channel(&mut self) -> Result<(), L> {
        let action = "MANAGE CHANNEL";
        let command = Command::ManageChannel(ManageChannel::Close(self.channel)).to_apdu();
        self.session = None;
        self.channel = 0;
        accepted(action, self.exchange(action, &command)?).map(drop)
    }

    /// Sends a command as it is, on the current channel and without secure messaging.
    pub fn transmit_plain(&mut self, command: &Apdu) -> Result<Response, L> {
        self.exchange("command", command)
    }

    /// Sends a command on the current channel, protected when a secure channel is open, and gives the plain response
    /// whatever its status word. Data that does not fit the short form goes in the extended one.
    pub fn transmit(&mut self, action: &'static str, command: &Apdu) -> Result<Response, L> {
        let Some(mut session) = self.session.take() else {
            return self.exchange(action, command);
        };
        let failed = |source| ClientError::SecureChannel { action, source };
        let (wrapped, ticket) = session.wrap(command).map_err(failed)?;
        let response = self.exchange(action, &wrapped)?;
        let plain = session.unwrap(&ticket, &response).map_err(failed)?;
        self.session = Some(session);
        Ok(plain)
    }

    fn max_data(&self) -> usize {
        self.session.as_ref().map_or(255, HostSession::max_data)
    }

    fn run(&mut self, action: &'static str, command: &Command) -> Result<Response, L> {
        let apdu = command.to_apdu();
        // Not every card takes the extended form, and GlobalPlatform's commands have their own ways to be split.
        let (len, max) = (apdu.data.len(), self.max_data());
        if len > max {
            return Err(ClientError::TooLong { action, len, max });
        }
        accepted(action, self.transmit(action, &apdu)?)
    }

    fn exchange(&mut self, action: &'static str, command: &Apdu) -> Result<Response, L> {
        let command = command.clone().on_channel(self.channel);
        let mut response = self.once(action, &command)?;
        // ISO/IEC 7816-3 §12.2: a T=0 card tells the right Le, and holds back what GET RESPONSE fetches.
        if response.sw.0 >> 8 == 0x6C {
            let [_, le] = response.sw.0.to_be_bytes();
            response = self.once(action, &command.clone().with_le(short_le(le)))?;
        }
        let mut data = core::mem::take(&mut response.data);
        while response.sw.0 >> 8 == 0x61 {
            let [_, le] = response.sw.0.to_be_bytes();
            let get_response = Apdu::new(0x00, 0xC0, 0x00, 0x00)
                .with_le(short_le(le))
                .on_channel(self.channel);
            response = self.once("GET RESPONSE", &get_response)?;
            // A card that holds back nothing would be asked for ever.
            if response.data.is_empty() && response.sw.0 >> 8 == 0x61 {
                return Err(refused("GET RESPONSE", response.sw));
            }
            data.append(&mut response.data);
        }
        response.data = data;
        Ok(response)
    }

    fn once(&mut self, action: &'static str, command: &Apdu) -> Result<Response, L> {
        let bytes = self
            .link
            .transmit(&command.to_bytes())
            .map_err(|source| ClientError::Link { action, source })?;
        Response::parse(&bytes).map_err(|source| ClientError::Response { action, source })
    }
}

fn short_le(le: u8) -> u32 {
    if le == 0 { 256 } else { u32::from(le) }
}

fn accepted<E: core::error::Error + 'static>(
    action: &'static str,
    response: Response,
) -> core::result::Result<Response, ClientError<E>> {
    if response.sw.is_success() {
        Ok(response)
    } else {
        Err(refused(action, response.sw))
    }
}

fn refused<E: core::error::Error + 'static>(
    action: &'static str,
    sw: StatusWord,
) -> ClientError<E> {
    ClientError::Refused { action, sw }
}
