//! Each rule obeyed and broken. `tests/it/sandbox.rs` shows that the host applies them to a mapper.

use super::*;

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
    for path in
        ["users/a%2Fb", "a.b/..c/...", "x;v=1,2/y@z:8080", "/users:batch", "u?next=../x&q=a?b/c", "a//b", "%E2%82%AC"]
    {
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
                assert!(url.starts_with(&format!("{}/", base.trim_end_matches('/'))), "{base} {path} {url}");
            }
        }
    }
}

#[test]
fn headers_of_the_host_and_the_connection_are_refused_in_any_case() {
    for name in RESERVED.into_iter().chain([
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
    for name in ["x-authorization", "content-type", "accept", "user-agent", "x-webhook-id"] {
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
