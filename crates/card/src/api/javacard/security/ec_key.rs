//! Curve parameters: any curve over a prime or binary field whose numbers fit the key's size.

use alloc::vec;

use hydra_crypto::{BinaryParameters, EcCurve, EcParameters, NamedBinaryCurve, NamedCurve};
use hydra_vm::{ObjRef, Stop};

use super::key::{self, Family, PARAMETERS};
use super::xec_key;
use crate::api::{CryptoReason, Cx};

key::components! {
    PARAMETERS[0], set_field:
    /// `setFieldFP`: `NO_SUCH_ALGORITHM` for a key of a curve over a binary field.
    pub(crate) fn set_field_fp(bytes);
    /// `getField`: the prime, or the bits of the reduction polynomial; the number of bytes.
    pub(crate) fn get_field(bytes);

    PARAMETERS[1], key::set_whole:
    /// `setA`
    pub(crate) fn set_a(bytes);
    /// `getA`: the number of bytes.
    pub(crate) fn get_a(bytes);

    PARAMETERS[2], key::set_whole:
    /// `setB`
    pub(crate) fn set_b(bytes);
    /// `getB`: the number of bytes.
    pub(crate) fn get_b(bytes);

    PARAMETERS[3], set_point:
    /// `setG`
    pub(crate) fn set_g(bytes);
    /// `getG`: the number of bytes.
    pub(crate) fn get_g(bytes);

    PARAMETERS[4], set_order:
    /// `setR`
    pub(crate) fn set_r(bytes);
    /// `getR`: the number of bytes.
    pub(crate) fn get_r(bytes);
}

/// `setFieldF2M(short)`: x^m + x^e + 1, where m is the key's size; `NO_SUCH_ALGORITHM` for a key of a curve over a prime field.
pub(crate) fn set_field_f2m_short(cx: &mut Cx<'_>, this: ObjRef, e: i16) -> Result<(), Stop> {
    set_polynomial(cx, this, &[e])
}

/// `setFieldF2M(short, short, short)`: x^m + x^e1 + x^e2 + x^e3 + 1.
pub(crate) fn set_field_f2m_short_short_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    e1: i16,
    e2: i16,
    e3: i16,
) -> Result<(), Stop> {
    set_polynomial(cx, this, &[e1, e2, e3])
}

/// `setK`: the cofactor, without a sign; 0 is none.
pub(crate) fn set_k(cx: &mut Cx<'_>, this: ObjRef, cofactor: i16) -> Result<(), Stop> {
    key::set_cofactor(cx, this, cofactor)
}

/// `getK`
pub(crate) fn get_k(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    match key::cofactor(cx, this)? {
        0 => cx.crypto_error(CryptoReason::UninitializedKey),
        cofactor => Ok(cofactor),
    }
}

/// `copyDomainParametersFrom`: `ILLEGAL_VALUE` for null, and unless the other is an EC key of this size.
pub(crate) fn copy_domain_parameters_from(
    cx: &mut Cx<'_>,
    this: ObjRef,
    other: ObjRef,
) -> Result<(), Stop> {
    let domain = key::family(cx, this)?.domain();
    let fits = match key::given(cx, other)? {
        Some(family) => {
            domain.is_some()
                && family.domain() == domain
                && key::get_size(cx, other)? == key::get_size(cx, this)?
        }
        None => false,
    };
    if !fits {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    cx.whole(|cx| {
        for word in PARAMETERS {
            let value = key::required(cx, other, word)?;
            key::put(cx, this, word, &value)?;
        }
        let cofactor = key::cofactor(cx, other)?;
        key::set_cofactor(cx, this, cofactor)
    })
}

/// The curve of a key for a computation: `UNINITIALIZED_KEY`, or `ILLEGAL_VALUE` if the parameters are no curve's.
pub(crate) fn curve(cx: &mut Cx<'_>, this: ObjRef) -> Result<EcCurve, Stop> {
    if let Some(named) = xec_key::curve(cx, this)? {
        return Ok(named);
    }
    let binary = is_binary(cx, this)?;
    let mut missing = false;
    let mut values = [&[][..]; 5];
    for (word, slot) in PARAMETERS.into_iter().zip(&mut values) {
        match key::value(cx.vm, this, word)? {
            Some(value) => *slot = value,
            None => missing = true,
        }
    }
    if missing {
        return cx.crypto_error(CryptoReason::UninitializedKey);
    }
    let [field, a, b, g, n] = values;
    let curve = if binary {
        let polynomial = field;
        EcCurve::binary(&BinaryParameters {
            polynomial,
            a,
            b,
            g,
            n,
        })
    } else {
        let p = field;
        EcCurve::new(&EcParameters { p, a, b, g, n })
    };
    match curve {
        Ok(curve) => Ok(curve),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}

/// Gives both keys of a pair the same parameters (API 3.0.5, `KeyPair.genKeyPair`): those of the public key, else of the
/// private key, else of the usual curve of the size, SEC 2's, NIST's or Brainpool's; `ILLEGAL_VALUE` where there is none. Cofactors
/// are left alone.
pub(crate) fn share_curve(cx: &mut Cx<'_>, public: ObjRef, private: ObjRef) -> Result<(), Stop> {
    let usual = match key::get_size(cx, public)? {
        _ if is_binary(cx, public)? => None,
        112 => Some(NamedCurve::Secp112r1),
        128 => Some(NamedCurve::Secp128r1),
        160 => Some(NamedCurve::Secp160r1),
        192 => Some(NamedCurve::P192),
        224 => Some(NamedCurve::P224),
        256 => Some(NamedCurve::P256),
        320 => Some(NamedCurve::Brainpool320r1),
        384 => Some(NamedCurve::P384),
        512 => Some(NamedCurve::Brainpool512r1),
        521 => Some(NamedCurve::P521),
        _ => None,
    };
    let usual = match usual {
        Some(curve) => {
            let EcParameters { p, a, b, g, n } = curve.parameters();
            Some([p, a, b, g, n])
        }
        None => usual_binary(cx, public)?,
    };
    for (index, word) in PARAMETERS.into_iter().enumerate() {
        let given = match key::value(cx.vm, public, word)? {
            Some(value) => Some(value),
            None => key::value(cx.vm, private, word)?,
        };
        let value = given.or_else(|| usual.map(|curve| curve[index]));
        let Some(value) = value.map(<[u8]>::to_vec) else {
            return cx.crypto_error(CryptoReason::IllegalValue);
        };
        for object in [public, private] {
            if key::value(cx.vm, object, word)? != Some(&value) {
                key::put(cx, object, word, &value)?;
            }
        }
    }
    Ok(())
}

/// A curve's parameters in the order of their words.
type Usual = [&'static [u8]; 5];

/// SEC 2's curve over a binary field of the size.
fn usual_binary(cx: &mut Cx<'_>, key: ObjRef) -> Result<Option<Usual>, Stop> {
    if !is_binary(cx, key)? {
        return Ok(None);
    }
    let curve = match key::get_size(cx, key)? {
        113 => NamedBinaryCurve::Sect113r1,
        131 => NamedBinaryCurve::Sect131r1,
        163 => NamedBinaryCurve::Sect163r1,
        193 => NamedBinaryCurve::Sect193r1,
        _ => return Ok(None),
    };
    let parameters = curve.parameters();
    let BinaryParameters {
        polynomial,
        a,
        b,
        g,
        n,
    } = parameters;
    // SEC 2 version 1 §3.2.
    Ok(Some([polynomial, a, b, g, n]))
}

/// Whether it is a key of a curve over a binary field.
fn is_binary(cx: &mut Cx<'_>, this: ObjRef) -> Result<bool, Stop> {
    Ok(matches!(
        key::family(cx, this)?,
        Family::BinaryPublic | Family::BinaryPrivate | Family::BinaryDomain
    ))
}

fn set_field(
    cx: &mut Cx<'_>,
    this: ObjRef,
    word: u16,
    source: (ObjRef, i16, i16),
) -> Result<(), Stop> {
    if is_binary(cx, this)? {
        return cx.no_such_algorithm();
    }
    key::set_whole(cx, this, word, source)
}

/// Keeps the reduction polynomial with these terms between the first and the last.
fn set_polynomial(cx: &mut Cx<'_>, this: ObjRef, middle: &[i16]) -> Result<(), Stop> {
    if !is_binary(cx, this)? {
        return cx.no_such_algorithm();
    }
    let degree = usize::from(key::get_size(cx, this)?.unsigned_abs());
    let mut polynomial = vec![0u8; degree / 8 + 1];
    for exponent in middle
        .iter()
        .copied()
        .map(usize::try_from)
        .chain([Ok(degree), Ok(0)])
    {
        let place = exponent.ok().filter(|exponent| *exponent <= degree);
        let Some(exponent) = place else {
            return cx.crypto_error(CryptoReason::IllegalValue);
        };
        let byte = &mut polynomial[degree / 8 - exponent / 8];
        let bit = 1 << (exponent % 8);
        if *byte & bit != 0 {
            return cx.crypto_error(CryptoReason::IllegalValue);
        }
        *byte |= bit;
    }
    key::put(cx, this, PARAMETERS[0], &polynomial)
}

/// Sets an order, or a number below it: it may have a bit more than the field, as that of secp160r1 has.
pub(super) fn set_order(
    cx: &mut Cx<'_>,
    this: ObjRef,
    word: u16,
    source: (ObjRef, i16, i16),
) -> Result<(), Stop> {
    let bits = usize::from(key::get_size(cx, this)?.unsigned_abs());
    let longest = bits / 8 + 1;
    let size = bits.div_ceil(8);
    let (array, offset, length) = source;
    let given = cx.bytes(array, offset, length)?;
    let zeros = given.iter().take_while(|byte| **byte == 0).count();
    let more = given.len() - zeros == longest && given.get(zeros) == Some(&1);
    let longer = cx.object(this, key::CIPHER)?.is_null() && more;
    key::set_number(cx, this, word, source, if longer { longest } else { size })
}

/// Sets a component that is an uncompressed point: 04, x and y, each as long as the field.
pub(super) fn set_point(
    cx: &mut Cx<'_>,
    this: ObjRef,
    word: u16,
    (source, offset, length): (ObjRef, i16, i16),
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)?;
    let bytes = cx.bytes(source, offset, length)?;
    match bytes.split_first() {
        Some((4, coordinates)) if coordinates.len() == 2 * size => {}
        _ => return cx.crypto_error(CryptoReason::IllegalValue),
    }
    key::put(cx, this, word, &bytes)
}
