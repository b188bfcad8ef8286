//! What a mapper asks for: an HTTP request, as the contract has it.

/// What a mapper asks for, unchecked.
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path under the base address, with a query.
    pub path: String,
    /// Header names and values in the order in which they are sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Statuses besides 2xx that count as delivered.
    pub accept_status: Vec<u16>,
}

/// The bytes of all names and values of `headers` together: that is how much there may be of them.
pub fn header_bytes(headers: &[(String, String)]) -> usize {
    headers.iter().map(|(name, value)| name.len() + value.len()).sum()
}

/// The methods of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Method {
    Post,
    Put,
    Patch,
}
