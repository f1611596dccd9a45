use alloc::vec::Vec;

use ecdsa::elliptic_curve::group::Group as _;
use ecdsa::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use ecdsa::elliptic_curve::{
    AffinePoint, Curve, CurveArithmetic, FieldBytes, NonZeroScalar, ProjectivePoint, PublicKey,
};
use ecdsa::{EcdsaCurve, Signature, hazmat};

use super::{EcError, NamedCurve, fixed};

/// The curves that RustCrypto has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Library {
    P256,
    P384,
    P521,
    Secp256k1,
    Brainpool256r1,
    Brainpool384r1,
}

/// The body for the curve at hand, with the names of its type and of the hash of its nonces.
macro_rules! each {
    ($library:expr, $curve:ident, $hash:ident => $body:expr) => {
        each!(@ $library, $curve, $hash, $body;
            P256: p256::NistP256, sha2::Sha256;
            P384: p384::NistP384, sha2::Sha384;
            P521: p521::NistP521, sha2::Sha512;
            Secp256k1: k256::Secp256k1, sha2::Sha256;
            Brainpool256r1: bp256::BrainpoolP256r1, sha2::Sha256;
            Brainpool384r1: bp384::BrainpoolP384r1, sha2::Sha384;
        )
    };
    (@ $library:expr, $curve:ident, $hash:ident, $body:expr; $($name:ident: $c:ty, $h:ty;)*) => {
        match $library {
            $(Library::$name => {
                type $curve = $c;
                #[allow(dead_code, reason = "only signing hashes")]
                type $hash = $h;
                $body
            })*
        }
    };
}

impl Library {
    pub(super) const ALL: [Self; 6] = [
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Secp256k1,
        Self::Brainpool256r1,
        Self::Brainpool384r1,
    ];

    pub(super) fn named(self) -> NamedCurve {
        match self {
            Self::P256 => NamedCurve::P256,
            Self::P384 => NamedCurve::P384,
            Self::P521 => NamedCurve::P521,
            Self::Secp256k1 => NamedCurve::Secp256k1,
            Self::Brainpool256r1 => NamedCurve::Brainpool256r1,
            Self::Brainpool384r1 => NamedCurve::Brainpool384r1,
        }
    }

    pub(super) fn field_len(self) -> usize {
        self.named().parameters().p.len()
    }

    /// Each of these orders has as many bits as its field.
    pub(super) fn order_bits(self) -> u32 {
        match self {
            Self::P256 | Self::Secp256k1 | Self::Brainpool256r1 => 256,
            Self::P384 | Self::Brainpool384r1 => 384,
            Self::P521 => 521,
        }
    }

    pub(super) fn check_scalar(self, bytes: &[u8]) -> Result<(), EcError> {
        each!(self, C, H => scalar::<C>(bytes).map(|_| ()))
    }

    pub(super) fn point(self, bytes: &[u8]) -> Result<(), EcError> {
        each!(self, C, H => point::<C>(bytes).map(|_| ()))
    }

    pub(super) fn public(self, bytes: &[u8]) -> Result<Vec<u8>, EcError> {
        each!(self, C, H => {
            let point = ProjectivePoint::<C>::mul_by_generator(&*scalar::<C>(bytes)?);
            encode::<C>(point)
        })
    }

    pub(super) fn product(self, secret: &[u8], bytes: &[u8]) -> Result<Vec<u8>, EcError> {
        each!(self, C, H => encode::<C>(point::<C>(bytes)? * scalar::<C>(secret)?.as_ref()))
    }

    pub(super) fn sum(self, first: &[u8], second: &[u8]) -> Result<Vec<u8>, EcError> {
        each!(self, C, H => encode::<C>(point::<C>(first)? + point::<C>(second)?))
    }

    pub(super) fn sign(self, secret: &[u8], hash: &[u8]) -> Result<Vec<u8>, EcError> {
        each!(self, C, H => {
            let (signature, _) =
                hazmat::sign_prehashed_rfc6979::<C, H>(&scalar::<C>(secret)?, hash, &[]);
            let (r, s) = signature.split_bytes();
            Ok([r, s].concat())
        })
    }

    pub(super) fn verify(self, key: &[u8], hash: &[u8], signature: &[u8]) -> bool {
        each!(self, C, H => {
            let half = signature.len() / 2;
            let check = || {
                let key = point::<C>(key).ok()?;
                let [r, s] = [signature.get(..half)?, signature.get(half..)?];
                let signature = Signature::<C>::from_scalars(
                    FieldBytes::<C>::try_from(r).ok()?,
                    FieldBytes::<C>::try_from(s).ok()?,
                ).ok()?;
                // Where the library takes only the lower of the two values of s, they are equally good here.
                let signature = if C::NORMALIZE_S { signature.normalize_s() } else { signature };
                hazmat::verify_prehashed::<C>(&key, hash, &signature).ok()
            };
            check().is_some()
        })
    }
}

/// What is asked of the library's curves.
trait Known:
    EcdsaCurve
    + Curve<FieldBytesSize: ModulusSize>
    + CurveArithmetic<AffinePoint: FromSec1Point<Self> + ToSec1Point<Self>>
{
}

impl<C> Known for C where
    C: EcdsaCurve
        + Curve<FieldBytesSize: ModulusSize>
        + CurveArithmetic<AffinePoint: FromSec1Point<Self> + ToSec1Point<Self>>
{
}

fn scalar<C: Known>(bytes: &[u8]) -> Result<NonZeroScalar<C>, EcError> {
    let mut field = FieldBytes::<C>::default();
    let bytes = fixed(bytes, field.len()).ok_or(EcError::Scalar)?;
    field.copy_from_slice(&bytes);
    let scalar = NonZeroScalar::<C>::from_repr(field);
    zeroize::Zeroize::zeroize(&mut field[..]);
    scalar.into_option().ok_or(EcError::Scalar)
}

fn point<C: Known>(bytes: &[u8]) -> Result<ProjectivePoint<C>, EcError> {
    if bytes.first() != Some(&4) {
        return Err(EcError::Point);
    }
    PublicKey::<C>::from_sec1_bytes(bytes)
        .map(|key| key.to_projective())
        .map_err(|_| EcError::Point)
}

fn encode<C: Known>(point: ProjectivePoint<C>) -> Result<Vec<u8>, EcError> {
    let point: AffinePoint<C> = point.into();
    PublicKey::<C>::from_affine(point)
        .map(|key| key.to_sec1_point(false).as_bytes().to_vec())
        .map_err(|_| EcError::Point)
}
