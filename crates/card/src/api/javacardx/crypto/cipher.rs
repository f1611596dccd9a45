use alloc::vec::Vec;

use hydra_crypto::{AesKey, aes_cbc_decrypt, aes_cbc_encrypt, aes_ecb_decrypt, aes_ecb_encrypt};
use hydra_vm::{Atomicity, FieldKind, ObjRef, Stop, Storage};

use crate::api::javacard::security::key;
use crate::api::{CryptoReason, Cx};

/// `ALG_AES_BLOCK_128_CBC_NOPAD`
const AES_CBC_NOPAD: i8 = 13;
/// `ALG_AES_BLOCK_128_ECB_NOPAD`
const AES_ECB_NOPAD: i8 = 14;
/// `CIPHER_AES_CBC`, `CIPHER_AES_ECB`, `PAD_NOPAD`
const CIPHER_AES_CBC: i8 = 1;
const CIPHER_AES_ECB: i8 = 2;
const PAD_NOPAD: i8 = 1;

/// The words of a cipher: algorithm, mode (0 before `init`), key, initial vector, and the progress of a message.
const ALGORITHM: u16 = 0;
const MODE: u16 = 1;
const KEY: u16 = 2;
const IV: u16 = 3;
const PROGRESS: u16 = 4;

/// The words of a cipher.
pub(crate) const FIELDS: &[FieldKind] = &[
    FieldKind::Short,
    FieldKind::Short,
    FieldKind::Ref,
    FieldKind::Ref,
    FieldKind::Ref,
];

const MODE_DECRYPT: i16 = 1;
const MODE_ENCRYPT: i16 = 2;

const BLOCK: usize = 16;

/// `Cipher()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `Cipher.getInstance(byte, boolean)`: AES in CBC and ECB without padding.
pub(crate) fn get_instance_byte_boolean(
    cx: &mut Cx<'_>,
    algorithm: i8,
    _external: bool,
) -> Result<ObjRef, Stop> {
    if !matches!(algorithm, AES_CBC_NOPAD | AES_ECB_NOPAD) {
        return cx.no_such_algorithm();
    }
    let object = cx.new_object("javacardx/crypto/Cipher")?;
    cx.set_short(object, ALGORITHM, i16::from(algorithm))?;
    let iv = cx.new_own_bytes(16, Storage::Persistent)?;
    cx.set_object(object, IV, iv)?;
    let progress = cx.new_own_bytes(Progress::LENGTH, Storage::ClearOnReset)?;
    cx.set_object(object, PROGRESS, progress)?;
    Ok(object)
}

/// `Cipher.getInstance(byte cipher, byte padding, boolean)`
pub(crate) fn get_instance_byte_byte_boolean(
    cx: &mut Cx<'_>,
    cipher: i8,
    padding: i8,
    external: bool,
) -> Result<ObjRef, Stop> {
    let algorithm = match (cipher, padding) {
        (CIPHER_AES_CBC, PAD_NOPAD) => AES_CBC_NOPAD,
        (CIPHER_AES_ECB, PAD_NOPAD) => AES_ECB_NOPAD,
        _ => return cx.no_such_algorithm(),
    };
    get_instance_byte_boolean(cx, algorithm, external)
}

/// `getAlgorithm`
pub(crate) fn get_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let [_, algorithm] = cx.short(this, ALGORITHM)?.to_be_bytes();
    Ok(algorithm.cast_signed())
}

/// `getCipherAlgorithm`
pub(crate) fn get_cipher_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    Ok(match get_algorithm(cx, this)? {
        AES_CBC_NOPAD => CIPHER_AES_CBC,
        _ => CIPHER_AES_ECB,
    })
}

/// `getPaddingAlgorithm`
pub(crate) fn get_padding_algorithm(_: &mut Cx<'_>, _: ObjRef) -> Result<i8, Stop> {
    Ok(PAD_NOPAD)
}

/// `init(Key, byte)`: an initial vector of zeros.
pub(crate) fn init_key_byte(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    mode: i8,
) -> Result<(), Stop> {
    init(cx, this, object, mode, &[0; BLOCK])
}

/// `init(Key, byte, byte[], short, short)`: 16 bytes of initial vector, for CBC only.
pub(crate) fn init_key_byte_bytes_short_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    mode: i8,
    iv: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let iv = cx.bytes(iv, offset, length)?;
    match <[u8; BLOCK]>::try_from(iv.as_slice()) {
        Ok(iv) if get_algorithm(cx, this)? == AES_CBC_NOPAD => init(cx, this, object, mode, &iv),
        _ => cx.crypto_error(CryptoReason::IllegalValue),
    }
}

/// `update`: whole blocks; the rest waits.
pub(crate) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let mut progress = Progress::read(cx, this)?;
    progress.pending.extend(cx.bytes(data, offset, length)?);
    let whole = progress.pending.len() / BLOCK * BLOCK;
    let rest = progress.pending.split_off(whole);
    let out = crypt(cx, this, &mut progress)?;
    cx.write(target, target_offset, &out)?;
    progress.pending = rest;
    progress.write(cx, this)?;
    length_of(cx, &out)
}

/// `doFinal`: the message must end with a whole block; the next one starts from the initial vector again.
pub(crate) fn do_final(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let mut progress = Progress::read(cx, this)?;
    progress.pending.extend(cx.bytes(data, offset, length)?);
    if !progress.pending.len().is_multiple_of(BLOCK) {
        return cx.crypto_error(CryptoReason::IllegalUse);
    }
    let out = crypt(cx, this, &mut progress)?;
    cx.write(target, target_offset, &out)?;
    Progress::clear(cx, this)?;
    length_of(cx, &out)
}

fn init(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    mode: i8,
    iv: &[u8; BLOCK],
) -> Result<(), Stop> {
    cx.check_object(object)?;
    let fits = matches!(i16::from(mode), MODE_DECRYPT | MODE_ENCRYPT)
        && cx.vm.is_instance(object, "javacard/security/AESKey")?;
    if !fits {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    // Throws if the key is not set.
    key::required(cx, object, key::VALUE)?;
    let own = cx.object(this, IV)?;
    cx.own_write(own, 0, iv, Atomicity::Atomic)?;
    cx.set_object(this, KEY, object)?;
    cx.set_short(this, MODE, i16::from(mode))?;
    Progress::clear(cx, this)
}

/// Runs the pending blocks through the cipher.
fn crypt(cx: &mut Cx<'_>, this: ObjRef, progress: &mut Progress) -> Result<Vec<u8>, Stop> {
    let object = cx.object(this, KEY)?;
    if object.is_null() {
        return cx.crypto_error(CryptoReason::InvalidInit);
    }
    let bytes = key::required(cx, object, key::VALUE)?;
    let Ok(aes) = AesKey::new(&bytes) else {
        return cx.crypto_error(CryptoReason::UninitializedKey);
    };
    let encrypt = cx.short(this, MODE)? == MODE_ENCRYPT;
    let data = core::mem::take(&mut progress.pending);
    let chain = progress.chain;
    let out = match (get_algorithm(cx, this)?, encrypt) {
        (AES_CBC_NOPAD, true) => aes_cbc_encrypt(&aes, &chain, &data),
        (AES_CBC_NOPAD, false) => aes_cbc_decrypt(&aes, &chain, &data),
        (_, encrypt) => Ok(data
            .as_chunks::<BLOCK>()
            .0
            .iter()
            .flat_map(|block| {
                if encrypt {
                    aes_ecb_encrypt(&aes, block)
                } else {
                    aes_ecb_decrypt(&aes, block)
                }
            })
            .collect()),
    };
    let Ok(out) = out else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    let ciphertext = if encrypt { &out } else { &data };
    if let Some(last) = ciphertext.last_chunk() {
        progress.chain = *last;
    }
    Ok(out)
}

fn length_of(cx: &mut Cx<'_>, bytes: &[u8]) -> Result<i16, Stop> {
    match i16::try_from(bytes.len()) {
        Ok(length) => Ok(length),
        Err(_) => cx.crypto_error(CryptoReason::IllegalUse),
    }
}

/// Where a message is: the chaining block and the bytes that wait for a whole block. Transient: after a reset the cipher
/// is as `init` left it.
struct Progress {
    chain: [u8; BLOCK],
    pending: Vec<u8>,
}

impl Progress {
    /// Whether a message began, the chaining block, how many bytes wait, and those.
    const LENGTH: i16 = 33;

    fn read(cx: &mut Cx<'_>, this: ObjRef) -> Result<Self, Stop> {
        let array = cx.object(this, PROGRESS)?;
        let bytes = cx.own_bytes(array)?;
        if let [1, rest @ ..] = bytes.as_slice()
            && let Some((chain, [count, pending @ ..])) = rest.split_first_chunk()
            && let Some(pending) = pending.get(..usize::from(*count))
        {
            return Ok(Self {
                chain: *chain,
                pending: pending.to_vec(),
            });
        }
        let iv = cx.object(this, IV)?;
        let iv = cx.own_bytes(iv)?;
        let mut chain = [0; BLOCK];
        chain.copy_from_slice(iv.get(..BLOCK).unwrap_or(&[0; BLOCK]));
        Ok(Self {
            chain,
            pending: Vec::new(),
        })
    }

    fn write(&self, cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
        let mut bytes = Vec::from([1]);
        bytes.extend(self.chain);
        bytes.push(u8::try_from(self.pending.len()).unwrap_or_default());
        bytes.extend(&self.pending);
        let array = cx.object(this, PROGRESS)?;
        cx.own_write(array, 0, &bytes, Atomicity::NonAtomic)
    }

    fn clear(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
        let array = cx.object(this, PROGRESS)?;
        cx.own_write(array, 0, &[0; 33], Atomicity::NonAtomic)
    }
}
