//! Key pairs in PKCS#11: templates, mechanisms, and the forms of points and signatures.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cryptoki::error::Error;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use jsonwebtoken::DecodingKey;

use crate::keys::jwks::{Jwk, PublicKey, jws_algorithm, public_jwk as jwk};
use crate::token::Algorithm;

/// The curves' names in DER: two object identifiers, and for Ed25519 the printable string of
/// PKCS#11 3.0.
const P256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 5, 0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = b"\x13\x0cedwards25519";

/// Makes a key pair. Both objects have this `CKA_ID`. Returns the public object.
pub(super) fn generate(
    session: &Session,
    algorithm: Algorithm,
    object: &[u8],
) -> Result<ObjectHandle, Error> {
    let (mechanism, kind) = match algorithm {
        Algorithm::Es256 => (Mechanism::EccKeyPairGen, curve(P256)),
        Algorithm::Es384 => (Mechanism::EccKeyPairGen, curve(P384)),
        Algorithm::EdDsa => (Mechanism::EccEdwardsKeyPairGen, curve(ED25519)),
        Algorithm::Rs256 | Algorithm::Ps256 => (
            Mechanism::RsaPkcsKeyPairGen,
            vec![
                Attribute::ModulusBits(2048.into()),
                Attribute::PublicExponent(vec![1, 0, 1]),
            ],
        ),
    };
    let named = [
        Attribute::Token(true),
        Attribute::Id(object.to_vec()),
        Attribute::Label(b"d1-authz".to_vec()),
    ];
    let mut public = vec![Attribute::Private(false), Attribute::Verify(true)];
    public.extend(named.iter().cloned().chain(kind));
    let mut private = vec![
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
    ];
    private.extend(named);
    let (public, _private) = session.generate_key_pair(&mechanism, &public, &private)?;
    Ok(public)
}

/// Makes a JWS signature (RFC 7518 3, RFC 8037 3.1) with the private key of this `CKA_ID`.
pub(super) fn sign(
    session: &Session,
    algorithm: Algorithm,
    object: &[u8],
    message: &[u8],
) -> Result<Vec<u8>, Error> {
    let key = session
        .find_objects(&[
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::Id(object.to_vec()),
        ])?
        .pop()
        .ok_or(Error::InvalidValue)?;
    // CKM_ECDSA signs a digest. It returns R and S in full length, as JWS requires.
    let digest = |algorithm| digest::digest(algorithm, message);
    match algorithm {
        Algorithm::Es256 => session.sign(&Mechanism::Ecdsa, key, digest(&digest::SHA256).as_ref()),
        Algorithm::Es384 => session.sign(&Mechanism::Ecdsa, key, digest(&digest::SHA384).as_ref()),
        Algorithm::EdDsa => {
            let pure = EddsaParams::new(EddsaSignatureScheme::Pure);
            session.sign(&Mechanism::Eddsa(pure), key, message)
        }
        Algorithm::Rs256 => session.sign(&Mechanism::Sha256RsaPkcs, key, message),
        Algorithm::Ps256 => {
            let parameters = PkcsPssParams {
                hash_alg: MechanismType::SHA256,
                mgf: PkcsMgfType::MGF1_SHA256,
                s_len: 32.into(),
            };
            session.sign(&Mechanism::Sha256RsaPkcsPss(parameters), key, message)
        }
    }
}

/// The JWK of the public half.
pub(super) fn public_jwk(
    session: &Session,
    algorithm: Algorithm,
    public: ObjectHandle,
) -> Result<Jwk, Error> {
    let value = |wanted| {
        let found = session.get_attributes(public, &[wanted])?.pop();
        match found {
            Some(
                Attribute::EcPoint(value)
                | Attribute::Modulus(value)
                | Attribute::PublicExponent(value),
            ) => Ok(value),
            _ => Err(Error::InvalidValue),
        }
    };
    let point = |length| {
        let value = value(AttributeType::EcPoint)?;
        Ok::<_, Error>(octets(&value, length).to_vec())
    };
    let made = match algorithm {
        Algorithm::Es256 => jwk(algorithm, &PublicKey::Point(&point(65)?)),
        Algorithm::Es384 => jwk(algorithm, &PublicKey::Point(&point(97)?)),
        Algorithm::EdDsa => jwk(algorithm, &PublicKey::Ed25519(&point(32)?)),
        Algorithm::Rs256 | Algorithm::Ps256 => jwk(
            algorithm,
            &PublicKey::Rsa {
                modulus: &value(AttributeType::Modulus)?,
                exponent: &value(AttributeType::PublicExponent)?,
            },
        ),
    };
    made.map_err(|_| Error::InvalidValue)
}

/// Checks that the public half verifies a signature of the private half.
pub(super) fn test(
    session: &Session,
    algorithm: Algorithm,
    object: &[u8],
    jwk: &Jwk,
) -> Result<(), Error> {
    const MESSAGE: &[u8] = b"d1-authz";
    let signature = URL_SAFE_NO_PAD.encode(sign(session, algorithm, object, MESSAGE)?);
    let key = DecodingKey::from_jwk(jwk).map_err(|_| Error::InvalidValue)?;
    let good = jsonwebtoken::crypto::verify(&signature, MESSAGE, &key, jws_algorithm(algorithm));
    if good == Ok(true) {
        Ok(())
    } else {
        Err(Error::InvalidValue)
    }
}

/// Destroys all objects of this `CKA_ID`.
pub(super) fn destroy(session: &Session, object: &[u8]) -> Result<(), Error> {
    for handle in session.find_objects(&[Attribute::Id(object.to_vec())])? {
        session.destroy_object(handle)?;
    }
    Ok(())
}

fn curve(name: &[u8]) -> Vec<Attribute> {
    vec![Attribute::EcParams(name.to_vec())]
}

/// A point's bytes. Most tokens wrap them into a DER octet string, as the standard requires, but
/// some don't.
fn octets(value: &[u8], length: usize) -> &[u8] {
    match value {
        [0x04, size, content @ ..] if usize::from(*size) == length && content.len() == length => {
            content
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_taken_with_and_without_its_wrapping() {
        let mut point = vec![0x04; 65];
        point[1] = 65;
        assert_eq!(
            octets(&point, 65),
            point,
            "not wrapped, though it looks like it"
        );
        let wrapped = [&[0x04, 65], point.as_slice()].concat();
        assert_eq!(octets(&wrapped, 65), point);
    }
}
