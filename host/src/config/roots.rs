//! Reading the roots to trust besides the public ones, and refusing those that can never work.

use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::BACKEND_CA_FILE;
use super::reader::Reader;

/// The least length of a key of RSA with its form, in bytes. One of 2048 bits, the shortest that
/// the client takes, has more, and one of 1536 bits less.
const LEAST_RSA: usize = 256;
/// The first bytes of the identifier of keys of RSA.
const RSA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

impl Reader {
    /// The certificates in the file that the variable names.
    pub(super) fn roots(&mut self) -> Vec<CertificateDer<'static>> {
        let Some(file) = self.text(BACKEND_CA_FILE) else { return Vec::new() };
        let roots =
            CertificateDer::pem_file_iter(&file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let fault = match roots {
            Ok(roots) if roots.is_empty() => {
                "names a file that holds no certificate; it has to be PEM"
            }
            Ok(roots)
                if roots.iter().any(|root| RootCertStore::empty().add(root.clone()).is_err()) =>
            {
                "names a file with a certificate that can't be a root"
            }
            Ok(roots) if !roots.iter().all(has_usable_key) => {
                "names a file with a root whose key no server's certificate can be checked with; \
                 take one with RSA of 2048 bits or more, ECDSA P-256 or P-384, or Ed25519"
            }
            Ok(roots) => return roots,
            Err(rustls::pki_types::pem::Error::Io(_)) => "names a file that can't be read",
            Err(_) => "names a file that is not PEM",
        };
        self.fault(BACKEND_CA_FILE, fault);
        Vec::new()
    }
}

/// Whether a certificate that `root` has issued could ever be believed: whether the client knows
/// its kind of key.
fn has_usable_key(root: &CertificateDer<'static>) -> bool {
    let mut store = RootCertStore::empty();
    if store.add(root.clone()).is_err() {
        return false;
    }
    let Some(anchor) = store.roots.first() else { return false };
    // A sequence: a tag, a length of one byte, then the identifier.
    let key = anchor.subject_public_key_info.as_ref();
    let Some(identifier) = key.get(2..) else { return false };
    let algorithms = ring::default_provider().signature_verification_algorithms;
    let is_known = algorithms
        .all
        .iter()
        .any(|algorithm| identifier.starts_with(&algorithm.public_key_alg_id()));
    is_known && (!identifier.starts_with(&RSA) || key.len() >= LEAST_RSA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_whose_key_checks_nothing_is_not_usable() {
        for (pem, usable) in [
            (include_str!("roots/p-521.pem"), false),
            (include_str!("roots/rsa-1024.pem"), false),
            (include_str!("roots/rsa-2048.pem"), true),
        ] {
            let root = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
            assert_eq!(has_usable_key(&root), usable, "{pem}");
        }
    }
}
