//! The one owner of the way to the card: a thread of its own, because a card computes and waits for its memory.

use hydra_wire::CardLink;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What the card's thread tells the hub.
pub(crate) enum FromCard {
    /// The card was reset.
    Reset,
    /// A response APDU.
    Answer(Vec<u8>),
}

/// Asks the card, one command after another.
pub(crate) struct CardTask<L: CardLink> {
    pub(crate) commands: mpsc::UnboundedSender<Vec<u8>>,
    pub(crate) answers: mpsc::UnboundedReceiver<FromCard>,
    /// Ends when `commands` is dropped, with the link; or with the error that the link had.
    pub(crate) ended: JoinHandle<Result<L, L::Error>>,
}

impl<L: CardLink + Send + 'static> CardTask<L> {
    /// Resets the card and begins.
    pub(crate) fn start(mut link: L) -> Self {
        let (commands, mut commanded) = mpsc::unbounded_channel::<Vec<u8>>();
        let (answer, answers) = mpsc::unbounded_channel();
        let ended = tokio::task::spawn_blocking(move || {
            link.reset()?;
            // Nobody listens any more: the hub is stopping, and will drop `commands` too.
            let _ = answer.send(FromCard::Reset);
            while let Some(command) = commanded.blocking_recv() {
                let _ = answer.send(FromCard::Answer(link.transmit(&command)?));
            }
            Ok(link)
        });
        Self {
            commands,
            answers,
            ended,
        }
    }
}
