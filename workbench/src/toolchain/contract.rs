//! The contract, for languages whose tools read it.

/// A file of the contract.
macro_rules! wit {
    ($path:literal) => {
        (concat!("wit/", $path), include_str!(concat!("../../../wit/", $path)))
    };
}

/// The files of `wit/`, by their paths in a mapper's folder.
pub const CONTRACT: [(&str, &str); 3] = [wit!("world.wit"), wit!("mapper.wit"), wit!("types.wit")];
