//! Reading what mappers may write to the Cognito user: lists of exact names.

use std::collections::BTreeSet;

use super::reader::Reader;
use super::{COGNITO_ATTRIBUTES, COGNITO_GROUPS};
use crate::effects::is_identity;

/// The longest name of a group, in characters.
const MAX_NAME: usize = 128;

impl Reader {
    /// The attributes in `COGNITO_ATTRIBUTES`.
    pub(super) fn cognito_attributes(&mut self) -> BTreeSet<String> {
        let names = self.names(COGNITO_ATTRIBUTES);
        if names.iter().any(|name| is_identity(name)) {
            self.fault(
                COGNITO_ATTRIBUTES,
                "must not hold what says who a user is: `sub`, `email`, `phone_number`, `identities`, a name that ends \
                 with `_verified` or one that begins with `cognito:`",
            );
        }
        names
    }

    /// The groups in `COGNITO_GROUPS`.
    pub(super) fn cognito_groups(&mut self) -> BTreeSet<String> {
        self.names(COGNITO_GROUPS)
    }

    /// Names that are separated by commas.
    fn names(&mut self, variable: &str) -> BTreeSet<String> {
        let Some(text) = self.text(variable) else { return BTreeSet::new() };
        let names: BTreeSet<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        if !names.iter().all(|name| is_name(name)) {
            self.fault(
                variable,
                "has to be names, separated by commas: no empty name, no blank in one, at most 128 characters",
            );
        }
        names
    }
}

fn is_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=MAX_NAME).contains(&length) && !name.contains(char::is_whitespace)
}
