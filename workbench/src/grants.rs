//! What stands behind each interface that a mapper may import, in words. The sandbox of `host/src/mapper` grants it.

/// By the beginnings of names; the first that fits counts.
const GRANTS: [(&str, &str); 18] = [
    ("cognito:post-confirmation/types", "the types of the contract"),
    ("wasi:cli/environment", "the variables that begin with MAPPER_ENV_, without that; no arguments"),
    ("wasi:cli/exit", "ends the event as a failure of the mapper"),
    ("wasi:cli/stdin", "nothing: it is empty"),
    ("wasi:cli/stdout", "its first 8 KiB, which are logged where MAPPER_LOGS is on"),
    ("wasi:cli/stderr", "its first 8 KiB, which are logged where MAPPER_LOGS is on"),
    ("wasi:cli/terminal", "no terminal"),
    ("wasi:clocks/monotonic-clock", "the clock; sleeping counts towards MAPPER_TIMEOUT_MS"),
    ("wasi:clocks/wall-clock", "the clock"),
    ("wasi:clocks/timezone", "UTC"),
    ("wasi:filesystem/preopens", "no folder"),
    ("wasi:filesystem/types", "no file: there is no folder to open one in"),
    ("wasi:io/", "what the other interfaces need"),
    ("wasi:random/", "random numbers, 64 KiB at once"),
    ("wasi:sockets/ip-name-lookup", "no network: every name is refused"),
    ("wasi:sockets/instance-network", "no network"),
    ("wasi:sockets/network", "no network"),
    ("wasi:sockets/", "no network: every connection is refused"),
];

/// What a mapper gets for importing the interface `name`.
pub fn granted(name: &str) -> &'static str {
    GRANTS
        .iter()
        .find(|(beginning, _)| name.starts_with(beginning))
        .map_or("nothing is known of it", |(_, grant)| grant)
}
