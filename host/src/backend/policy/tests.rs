//! Each rule obeyed and broken. `tests/it/sandbox.rs` shows that the host applies them to a mapper.

use super::headers::RESERVED;
use super::*;
use reqwest::header::HeaderMap;

const BASE: &str = "https://api.example.com/v1";

/// The address that `path` becomes under `base`.
fn under(base: &str, path: &str) -> Result<String, Violation> {
    resolve(&Url::parse(base).unwrap(), path).map(String::from)
}

fn header(name: &str, value: &str) -> Result<HeaderMap, Violation> {
    headers(&[(name.to_owned(), value.to_owned())])
}

#[test]
fn a_path_lies_under_the_base_with_and_without_slashes_between() {
    for base in [BASE, "https://api.example.com/v1/"] {
        for path in ["users/", "/users/"] {
            assert_eq!(under(base, path).unwrap(), "https://api.example.com/v1/users/");
        }
    }
    assert_eq!(under("https://api.example.com", "users").unwrap(), "https://api.example.com/users");
}

#[test]
fn an_empty_path_is_the_base_as_the_operator_wrote_it() {
    assert_eq!(under(BASE, "").unwrap(), BASE);
    assert_eq!(under(BASE, "/").unwrap(), BASE);
    assert_eq!(under("https://api.example.com/v1/", "").unwrap(), "https://api.example.com/v1/");
    assert_eq!(under(BASE, "?a=1").unwrap(), "https://api.example.com/v1?a=1");
}

#[test]
fn what_rfc_3986_allows_is_sent_as_it_is() {
    for path in [
        "users/a%2Fb",
        "a.b/..c/...",
        "x;v=1,2/y@z:8080",
        "/users:batch",
        "u?next=../x&q=a?b/c",
        "a//b",
        "%E2%82%AC",
        "what%3f/a%23b/100%25/100%25u/c..%3fd",
        "%ef%bc%8ea/a%e2%80%a6",
        "u?next=..%3fx%00%0a&_method=DELETE",
    ] {
        let expected = format!("{BASE}/{}", path.trim_start_matches('/'));
        assert_eq!(under(BASE, path).unwrap(), expected);
    }
}

#[test]
fn a_path_that_leaves_the_base_is_refused() {
    for (path, rule) in [
        ("https://evil.example/", Violation::PathAbsolute),
        ("HTTPS:evil.example", Violation::PathAbsolute),
        ("javascript:alert(1)", Violation::PathAbsolute),
        ("//evil.example/", Violation::PathHost),
        ("///evil.example/", Violation::PathHost),
        ("..", Violation::PathDots),
        ("../admin", Violation::PathDots),
        ("a/../../admin", Violation::PathDots),
        ("./a", Violation::PathDots),
        ("a/.", Violation::PathDots),
        ("%2e%2e/admin", Violation::PathDots),
        (".%2E/admin", Violation::PathDots),
        ("a/%252e%252e/b", Violation::PathDots),
        ("%25252e%25252e", Violation::PathDots),
        ("a%2f..%2fb", Violation::PathDots),
        ("..%5cadmin", Violation::PathDots),
        ("..;x=1/admin", Violation::PathDots),
        ("..%20/admin", Violation::PathDots),
        ("..%00", Violation::PathDots),
        ("..%00x", Violation::PathDots),
        ("..%2500.json", Violation::PathDots),
        ("..%3fx", Violation::PathDots),
        ("..%3Fx/admin", Violation::PathDots),
        ("..%23x", Violation::PathDots),
        ("a/..%253fx", Violation::PathDots),
        ("a/%252e%252e%2523x", Violation::PathDots),
        ("a/..%25253fx", Violation::PathDots),
        ("..%3bx/admin", Violation::PathDots),
        ("..%253bx=1/admin", Violation::PathDots),
        ("a%2f..%3fx", Violation::PathDots),
        (".%3fx", Violation::PathDots),
        ("..%c2%a0/admin", Violation::PathDots),
        ("..%e2%80%8b/admin", Violation::PathDots),
        (".%ef%bb%bf./admin", Violation::PathDots),
        ("%ef%bc%8e%ef%bc%8e/admin", Violation::PathDots),
        ("a%ef%bc%8f..%ef%bc%8fadmin", Violation::PathDots),
        ("..%e2%88%95admin", Violation::PathDots),
        ("%e2%80%a5/admin", Violation::PathDots),
        ("..%ef%bc%9fx", Violation::PathDots),
        ("a%00b", Violation::PathControl),
        ("a%0d%0ax%3a%20y", Violation::PathControl),
        ("a%250a", Violation::PathControl),
        ("a%7f", Violation::PathControl),
        ("a%c2%85b", Violation::PathControl),
        ("%25u002e%25u002e/admin", Violation::PathEscape),
        ("%25U002E%25U002E%25u2215admin", Violation::PathEscape),
        ("%2525252561", Violation::PathEncodings),
        ("%c0%ae%c0%ae/admin", Violation::PathUtf8),
        ("..%c0%afadmin", Violation::PathUtf8),
        ("..\\admin", Violation::PathBackslash),
        ("a#b", Violation::PathFragment),
        ("a\r\nx: y", Violation::PathControl),
        ("a\u{7f}", Violation::PathControl),
        ("a b", Violation::PathCharacter),
        ("caf\u{e9}", Violation::PathCharacter),
        ("<script>", Violation::PathCharacter),
        ("a%2", Violation::PathEscape),
        ("a%zz", Violation::PathEscape),
    ] {
        assert_eq!(under(BASE, path), Err(rule), "{path}");
    }
}

#[test]
fn a_path_never_changes_host_or_user() {
    for path in ["@evil.example/", ":8080/", ".evil.example/", "/@evil.example/"] {
        for base in [BASE, "https://api.example.com", "http://127.0.0.1:8000/"] {
            if let Ok(url) = under(base, path) {
                assert!(
                    url.starts_with(&format!("{}/", base.trim_end_matches('/'))),
                    "{base} {path} {url}"
                );
            }
        }
    }
}

#[test]
fn reserved_headers_are_refused_in_any_letter_case() {
    for name in RESERVED.into_iter().map(|entry| entry.trim_end_matches('*')).chain([
        "X-HTTP-Method-Override",
        "x_http_method_override",
        "X.HTTP.Method.Override",
        "x-http-method",
        "X-Method-Override",
        "x!original!url",
        "X-Original-URL",
        "x-original-uri",
        "X-Rewrite-URL",
        "x-rewrite-uri",
        "Proxy",
        "Forwarded",
        "x-forwarded",
        "X-Forwarded-For",
        "x.forwarded.for",
        "x~forwarded_host",
        "X-Forwarded-Prefix",
        "X-Real-IP",
        "x-amzn-oidc-identity",
        "X-Amz-Security-Token",
        "cf-connecting-ip",
        "HTTP2-Settings",
        "SCRIPT_NAME",
        "Path_Info",
        "REMOTE_USER",
        "Authorization",
        "TE",
        "Proxy-Authorization",
        "webhook-id",
        "WebHook-Signature",
        "idempotency_key",
        "Content_Length",
    ]) {
        assert!(matches!(header(name, "x"), Err(Violation::HeaderReserved(_))), "{name}");
    }
    for name in [
        "x-authorization",
        "content-type",
        "content-encoding",
        "accept",
        "user-agent",
        "if-none-match",
        "prefer",
        "x-webhook-id",
        "x-tenant",
        "x-realm",
        "x-host-name",
        "x-api-version",
        "x-client-version",
        "x-method",
        "x.custom_header",
        "viable",
        "proxies",
    ] {
        assert!(header(name, "x").is_ok(), "{name}");
    }
}

#[test]
fn headers_that_http_does_not_allow_are_refused() {
    for name in ["", "a b", "a:", "caf\u{e9}", "a\n"] {
        assert_eq!(header(name, "x"), Err(Violation::HeaderName), "{name:?}");
    }
    for value in ["a\r\nevil: b", "a\0", "caf\u{e9}", "\u{7f}"] {
        assert_eq!(header("x", value), Err(Violation::HeaderValue), "{value:?}");
    }
    assert!(header("x", "a\tb c").is_ok());
}

#[test]
fn a_header_can_be_repeated() {
    let asked = [("x".to_owned(), "1".to_owned()), ("X".to_owned(), "2".to_owned())];
    let headers = headers(&asked).unwrap();
    assert_eq!(headers.get_all("x").iter().collect::<Vec<_>>(), ["1", "2"]);
}

#[test]
fn statuses_to_accept_are_those_that_can_mean_done() {
    for status in [300, 304, 409, 422, 499] {
        assert!(accept_status(&[status]).is_ok(), "{status}");
    }
    for status in [0, 100, 200, 299, 408, 425, 429, 500, 503, 999, u16::MAX] {
        assert_eq!(accept_status(&[status]), Err(Violation::Status), "{status}");
    }
    assert!(accept_status(&[409; 16]).is_ok());
    assert_eq!(accept_status(&[409; 17]), Err(Violation::TooManyStatuses));
}

#[test]
fn the_contract_and_the_guide_name_every_reserved_header() {
    let texts =
        [include_str!("../../../../wit/types.wit"), include_str!("../../../../docs/mappers.md")];
    for entry in RESERVED {
        assert!(texts.iter().all(|text| text.contains(&format!("`{entry}`"))), "{entry}");
    }
}
