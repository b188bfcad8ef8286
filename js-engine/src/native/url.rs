//! Addresses, as the URL standard has them.

use url::{Url, form_urlencoded, quirks};

/// The parts of an address, its own text first; nothing if it is none.
pub fn parse(address: String, base: Option<String>) -> Option<Vec<String>> {
    let base = match base {
        Some(base) => Some(Url::parse(&base).ok()?),
        None => None,
    };
    Url::options().base_url(base.as_ref()).parse(&address).ok().map(|url| parts(&url))
}

/// The parts of `address` with another value in place of one of them. What can't be is left as it
/// is.
pub fn set(address: String, part: String, value: String) -> Option<Vec<String>> {
    let mut url = Url::parse(&address).ok()?;
    match part.as_str() {
        "pathname" => quirks::set_pathname(&mut url, &value),
        "search" => quirks::set_search(&mut url, &value),
        "hash" => quirks::set_hash(&mut url, &value),
        _ => set_authority(&mut url, &part, &value),
    }
    Some(parts(&url))
}

/// Sets a part that can't be of any value. What it can't be changes nothing, as the standard says.
fn set_authority(url: &mut Url, part: &str, value: &str) {
    let _ = match part {
        "protocol" => quirks::set_protocol(url, value),
        "username" => quirks::set_username(url, value),
        "password" => quirks::set_password(url, value),
        "host" => quirks::set_host(url, value),
        "hostname" => quirks::set_hostname(url, value),
        _ => quirks::set_port(url, value),
    };
}

/// In the order of `PARTS` in `js/url.js`.
fn parts(url: &Url) -> Vec<String> {
    let (href, origin) = (quirks::href(url).to_owned(), quirks::origin(url));
    let others = [
        quirks::protocol(url),
        quirks::username(url),
        quirks::password(url),
        quirks::host(url),
        quirks::hostname(url),
        quirks::port(url),
        quirks::pathname(url),
        quirks::search(url),
        quirks::hash(url),
    ];
    [href, origin].into_iter().chain(others.map(str::to_owned)).collect()
}

/// Names and values of a query in turn.
pub fn form_decode(query: String) -> Vec<String> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.flat_map(|(name, value)| [name.into_owned(), value.into_owned()]).collect()
}

/// The query of names and values in turn.
pub fn form_encode(flat: Vec<String>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(flat.chunks_exact(2).map(|pair| (&pair[0], &pair[1])));
    query.finish()
}
