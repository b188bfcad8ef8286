//! What a component must export and may import to be a mapper: the contract of `wit/` and of its
//! earlier versions, by the names in a component.

use semver::{Version, VersionReq};
use thiserror::Error;

use crate::printable;

/// The package of the contract.
pub const PACKAGE: &str = "cognito:post-confirmation";
/// The newest version of the contract.
pub const VERSION: &str = "0.2.0";
/// Every version that this host runs, by what is compatible by semantic versioning. None of them
/// ever goes.
const UNDERSTOOD: [&str; 2] = ["0.1", "0.2"];
/// What a mapper may import besides the contract's own types: the interfaces of a WASI 0.2 command.
const GRANTED: [&str; 6] =
    ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random", "wasi:sockets"];

/// The longest version that is understood, in bytes: it stands in the line of every event.
const MAX_VERSION: usize = 64;
/// The most that is repeated of a name, in bytes. The author of the component chose it.
const MAX_NAME: usize = 256;

/// Why a component is not a mapper for this host.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum ContractError {
    /// Another world.
    #[error(
        "the component is not a mapper: it does not export the interface `{PACKAGE}/mapper`; \
         build it for the world `post-confirmation-mapper` of `{PACKAGE}@{VERSION}`"
    )]
    NoMapper,
    /// A version that this host does not understand.
    #[error(
        "the component implements `{PACKAGE}@{0}`, and this host understands the versions {understood}; build \
         the component against `{PACKAGE}@{VERSION}`, or deploy a host that understands {0}",
        understood = UNDERSTOOD.join(" and ")
    )]
    Version(String),
    /// A follow-up of another version than the mapper.
    #[error(
        "the component exports `{PACKAGE}/follow-up@{0}`, and its mapper is of another version; build it for the world \
         `post-confirmation-mapper-with-follow-up` of one version"
    )]
    FollowUp(String),
    /// An import that mappers do not get.
    #[error(
        "the component imports `{0}`, which mappers do not get: a mapper has WASI 0.2 without network and files, and the \
         host sends its request"
    )]
    Import(String),
}

/// Checks a component by the names of its imports and exports, and returns the contract's package
/// with the version that it implements, for example `cognito:post-confirmation@0.1.0`.
///
/// # Errors
/// Why it is not a mapper for this host.
pub fn check(
    imports: impl IntoIterator<Item = impl AsRef<str>>,
    exports: impl IntoIterator<Item = impl AsRef<str>>,
) -> Result<String, ContractError> {
    let (mut mapper, mut follow_up) = (None, None);
    for name in exports {
        let (interface, version) = split(name.as_ref());
        match interface.strip_prefix(PACKAGE) {
            Some("/mapper") => mapper = mapper.or(Some(version.to_owned())),
            Some("/follow-up") => follow_up = Some(version.to_owned()),
            _ => {}
        }
    }
    let version = mapper.ok_or(ContractError::NoMapper)?;
    if !understood(&version) {
        return Err(ContractError::Version(named(&version)));
    }
    if let Some(other) = follow_up.filter(|follow_up| *follow_up != version) {
        return Err(ContractError::FollowUp(named(&other)));
    }
    for import in imports {
        let (interface, version) = split(import.as_ref());
        let package = interface.split('/').next().unwrap_or_default();
        let wasi = GRANTED.contains(&package) && version.starts_with("0.2.");
        let types = interface == format!("{PACKAGE}/types") && understood(version);
        if !wasi && !types {
            return Err(ContractError::Import(named(import.as_ref())));
        }
    }
    Ok(format!("{PACKAGE}@{version}"))
}

/// Whether `version` is compatible with one of this host's by semantic versioning, be it older or
/// newer.
fn understood(version: &str) -> bool {
    let Ok(parsed) = Version::parse(version) else { return false };
    let mut own = UNDERSTOOD.iter().filter_map(|own| VersionReq::parse(own).ok());
    version.len() <= MAX_VERSION && own.any(|own| own.matches(&parsed))
}

/// `name` as an error repeats it.
fn named(name: &str) -> String {
    printable::shown(printable::cut(name, MAX_NAME)).into_owned()
}

/// `wasi:io/poll@0.2.6` as `wasi:io/poll` and `0.2.6`.
fn split(name: &str) -> (&str, &str) {
    name.split_once('@').unwrap_or((name, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPPER: &str = "cognito:post-confirmation/mapper@0.1.0";

    #[test]
    fn the_version_here_is_the_version_of_the_wit_package() {
        let package = include_str!("../../../wit/types.wit").lines().next();
        assert_eq!(package, Some(format!("package {PACKAGE}@{VERSION};").as_str()));
    }

    #[test]
    fn a_mapper_with_wasi_0_2_imports_is_accepted() {
        let imports = [
            "cognito:post-confirmation/types@0.1.0",
            "wasi:cli/environment@0.2.6",
            "wasi:io/poll@0.2.0",
        ];
        assert_eq!(check(imports, [MAPPER]), Ok("cognito:post-confirmation@0.1.0".to_owned()));
    }

    #[test]
    fn every_version_of_the_contract_is_accepted() {
        for version in ["0.1.0", "0.1.7", "0.2.0", "0.2.9"] {
            let mapper = format!("cognito:post-confirmation/mapper@{version}");
            assert_eq!(check([""; 0], [mapper]), Ok(format!("{PACKAGE}@{version}")));
        }
    }

    #[test]
    fn an_unknown_version_of_the_contract_is_refused_by_name() {
        for version in ["0.3.0", "1.0.0", "0.1.0-rc.1", "0.2.0-rc.1", ""] {
            let other = format!("cognito:post-confirmation/mapper@{version}");
            assert_eq!(check([""; 0], [other]), Err(ContractError::Version(version.to_owned())));
        }
    }

    #[test]
    fn a_name_without_an_end_is_cut_where_it_is_repeated() {
        let long = format!("wasi:http/{}\u{1b}", "x".repeat(90_000));
        let Err(ContractError::Import(name)) = check([&long], [MAPPER]) else { panic!("{long}") };
        assert_eq!(name.len(), 256);
        for version in [format!("0.1.0+{}", "x".repeat(58)), format!("0.1.0+{}", "x".repeat(59))] {
            let mapper = format!("cognito:post-confirmation/mapper@{version}");
            assert_eq!(check([""; 0], [mapper]).is_ok(), version.len() <= 64, "{version}");
        }
    }

    #[test]
    fn a_follow_up_is_of_the_mappers_own_version() {
        let mapper = "cognito:post-confirmation/mapper@0.2.0".to_owned();
        let [own, other] =
            ["0.2.0", "0.1.0"].map(|version| format!("{PACKAGE}/follow-up@{version}"));
        assert!(check([""; 0], [mapper.clone(), own]).is_ok());
        let refused = Err(ContractError::FollowUp("0.1.0".to_owned()));
        assert_eq!(check([""; 0], [mapper, other]), refused);
    }

    #[test]
    fn a_component_of_another_world_is_refused() {
        assert_eq!(check([""; 0], ["wasi:cli/run@0.2.6"]), Err(ContractError::NoMapper));
        assert_eq!(check([""; 0], [""; 0]), Err(ContractError::NoMapper));
    }

    #[test]
    fn an_import_that_is_not_granted_is_refused_by_name() {
        for import in [
            "wasi:http/types@0.2.6",
            "wasi:cli/environment@0.3.0",
            "db:store/kv@1.0.0",
            "log",
            "wasi:nn/a@0.2.0",
        ] {
            assert_eq!(check([import], [MAPPER]), Err(ContractError::Import(import.to_owned())));
        }
    }
}
