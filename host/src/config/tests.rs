//! The settings as a specification. `tests/it/start.rs` shows how `bootstrap` reports faults.

use std::path::PathBuf;

use super::*;

const URL: (&str, &str) = (BACKEND_API_URL, "https://api.example.com/");

fn config(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_vars(
        vars.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))),
    )
}

/// The variables that are at fault.
fn faults(vars: &[(&str, &str)]) -> Vec<String> {
    let faults = config(vars).err().map(|error| error.faults).unwrap_or_default();
    faults.into_iter().map(|(variable, _)| variable).collect()
}

#[test]
fn only_the_backend_has_to_be_set() {
    let config = config(&[URL]).unwrap();
    assert_eq!(config.backend.api_url.as_str(), "https://api.example.com/");
    assert_eq!(config.mapper.image, PathBuf::from("/opt/mapper.cwasm"));
    assert_eq!(config.mapper.timeout, Duration::from_millis(1000));
    assert_eq!(config.mapper.memory, 64 << 20);
    assert_eq!(config.answer_within, Duration::from_millis(4500));
    assert_eq!(config.on_undelivered, OnUndelivered::Accept);
    assert!(
        !config.mapper_logs
            && config.mapper.variables.is_empty()
            && config.backend.roots.is_empty()
    );
    assert_eq!(
        (config.backend.attempt_timeout, config.backend.max_attempts),
        (Duration::from_secs(2), 3)
    );
    assert_eq!(config.log.level, Level::Info);
    assert!(
        config.queue_url.is_none()
            && config.shadow.is_none()
            && !config.backend.credentials.are_remote()
    );
    assert_eq!(faults(&[]), [BACKEND_API_URL]);
    assert_eq!(faults(&[(BACKEND_API_URL, "")]), [BACKEND_API_URL]);
}

#[test]
fn http_is_for_loopback_and_where_it_is_allowed() {
    for url in
        ["http://localhost:8000", "http://127.0.0.1/", "http://127.8.9.10/", "http://[::1]:8000/"]
    {
        assert!(config(&[(BACKEND_API_URL, url)]).is_ok(), "{url}");
    }
    for url in [
        "http://api.example.com/",
        "http://10.0.0.1/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
    ] {
        assert_eq!(faults(&[(BACKEND_API_URL, url)]), [BACKEND_API_URL], "{url}");
        assert!(config(&[(BACKEND_API_URL, url), (BACKEND_ALLOW_HTTP, "on")]).is_ok(), "{url}");
    }
}

#[test]
fn a_backend_url_that_is_no_base_is_refused() {
    for url in [
        "api.example.com",
        "/users",
        "ftp://api.example.com/",
        "https://",
        "https://u:p@api.example.com/",
        "https://u@a/",
        "https://api.example.com/?a=1",
        "https://api.example.com/#a",
        "mailto:a@example.com",
    ] {
        assert_eq!(faults(&[(BACKEND_API_URL, url)]), [BACKEND_API_URL], "{url}");
    }
}

#[test]
fn numbers_have_bounds() {
    for (variable, least, most) in [
        (ANSWER_WITHIN_MS, 200, 4900),
        (MAPPER_TIMEOUT_MS, 10, 4499),
        (MAPPER_MEMORY_MB, 2, 4095),
        (ATTEMPT_TIMEOUT_MS, 50, 60_000),
        (MAX_ATTEMPTS, 1, 20),
    ] {
        for (number, fits) in [(least - 1, false), (least, true), (most, true), (most + 1, false)] {
            // A short answer needs a shorter mapper.
            let least_time = (MAPPER_TIMEOUT_MS, "10");
            let found = faults(&[URL, least_time, (variable, &number.to_string())]);
            assert_eq!(found, if fits { vec![] } else { vec![variable] }, "{variable}: {number}");
        }
    }
    for text in ["1e3", "-5", "1000.0", "1 000", "0x10"] {
        assert_eq!(faults(&[URL, (MAPPER_TIMEOUT_MS, text)]), [MAPPER_TIMEOUT_MS], "{text}");
    }
    for text in ["", " 1000"] {
        assert!(config(&[URL, (MAPPER_TIMEOUT_MS, text)]).is_ok(), "{text}");
    }
}

#[test]
fn a_mapper_has_less_time_than_the_answer() {
    assert_eq!(faults(&[URL, (ANSWER_WITHIN_MS, "1000")]), [MAPPER_TIMEOUT_MS]);
    assert!(config(&[URL, (ANSWER_WITHIN_MS, "1001")]).is_ok());
}

#[test]
fn unknown_values_are_faults_and_not_defaults() {
    for variable in [BACKEND_ALLOW_HTTP, MAPPER_LOGS, ON_UNDELIVERED, LOG_LEVEL] {
        for value in ["yes", "true", "1", "rejected"] {
            assert_eq!(faults(&[URL, (variable, value)]), [variable], "{value}");
        }
    }
    assert_eq!(
        config(&[URL, (ON_UNDELIVERED, "reject")]).unwrap().on_undelivered,
        OnUndelivered::Reject
    );
    assert!(config(&[URL, (MAPPER_LOGS, "On")]).unwrap().mapper_logs);
    // Lambda writes this one as it likes.
    assert_eq!(config(&[URL, (LOG_LEVEL, "warn")]).unwrap().log.level, Level::Warn);
}

#[test]
fn the_mappers_variables_lose_their_prefix() {
    let config = config(&[
        URL,
        ("MAPPER_ENV_A", "1"),
        ("MAPPER_ENV_EMPTY", ""),
        ("MAPPER_IMAGE", "/x"),
        ("A", "2"),
    ])
    .unwrap();
    assert_eq!(
        config.mapper.variables,
        [("A".to_owned(), "1".to_owned()), ("EMPTY".to_owned(), String::new())]
    );
    assert_eq!(config.mapper.image, PathBuf::from("/x"));
}

#[test]
fn a_secret_is_checked_and_its_fault_never_repeats_it() {
    for value in ["Bearer s-e-c-r-e-t\u{e9}", "Bearer s-e-c-r-e-t\nx"] {
        let error = config(&[URL, (BACKEND_AUTHORIZATION, value)]).err().unwrap();
        assert!(
            error.to_string().contains(BACKEND_AUTHORIZATION)
                && !error.to_string().contains("s-e-c-r-e-t")
        );
    }
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    for value in [key.to_owned(), format!("{key} {key}")] {
        assert!(config(&[URL, (BACKEND_SIGNING_SECRET, &value)]).is_ok());
    }
    for value in
        ["s-e-c-r-e-t", "whsec_", "whsec_c2hvcnQ=", &format!("{key},{key}"), &format!("{key} x")]
    {
        let error = config(&[URL, (BACKEND_SIGNING_SECRET, value)]).err().unwrap();
        assert!(
            !error.to_string().contains("s-e-c-r-e-t") && !error.to_string().contains("MfKQ9"),
            "{error}"
        );
    }
}

#[test]
fn a_secret_is_named_by_the_arn_of_a_secret_or_a_parameter() {
    let account = "eu-central-1:123456789012";
    for arn in [
        format!("arn:aws:secretsmanager:{account}:secret:backend-AbCdEf"),
        format!("arn:aws:ssm:{account}:parameter/backend/token"),
        "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/token".to_owned(),
    ] {
        let config =
            config(&[URL, (BACKEND_AUTHORIZATION, &arn), (BACKEND_SIGNING_SECRET, &arn)]).unwrap();
        assert!(config.backend.credentials.are_remote(), "{arn}");
    }
    for arn in [
        "arn:".to_owned(),
        format!("arn:aws:s3:{account}:secret:x"),
        format!("arn:aws:ssm:{account}:document/x"),
        "arn:aws:ssm::123456789012:parameter/x".to_owned(),
    ] {
        assert_eq!(faults(&[URL, (BACKEND_AUTHORIZATION, &arn)]), [BACKEND_AUTHORIZATION], "{arn}");
    }
}

#[test]
fn the_queue_is_named_by_its_url() {
    for url in [
        "https://sqs.eu-central-1.amazonaws.com/123456789012/undelivered",
        "http://127.0.0.1:5000/1/undelivered",
    ] {
        assert_eq!(
            config(&[URL, (UNDELIVERED_QUEUE_URL, url)]).unwrap().queue_url.as_deref(),
            Some(url)
        );
    }
    for url in [
        "undelivered",
        "arn:aws:sqs:eu-central-1:123456789012:undelivered",
        "https://a.example/",
        "https://a.example/1/q.fifo",
        "https://a.example/1/q/",
        "https://a.example/1/q%0a",
        "https://a.example/1/q?x=1",
        "https://a.example/1/q#x",
        "https://u:p@a.example/1/q",
        "ftp://a.example/1/q",
        "https://a.example/1/a queue",
    ] {
        assert_eq!(faults(&[URL, (UNDELIVERED_QUEUE_URL, url)]), [UNDELIVERED_QUEUE_URL], "{url}");
    }
}

#[test]
fn the_shadow_mapper_has_the_settings_of_the_mapper() {
    let config =
        config(&[URL, (SHADOW_MAPPER_IMAGE, "/opt/new.cwasm"), (MAPPER_MEMORY_MB, "7")]).unwrap();
    let shadow = config.shadow.unwrap();
    assert_eq!((shadow.image, shadow.memory), (PathBuf::from("/opt/new.cwasm"), 7 << 20));
}

#[test]
fn a_file_without_certificates_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("empty.pem", ""),
        ("text.pem", "hello"),
        ("broken.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"),
        ("other.pem", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"),
        ("weak.pem", include_str!("roots/rsa-1024.pem")),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        assert_eq!(
            faults(&[URL, (BACKEND_CA_FILE, file.to_str().unwrap())]),
            [BACKEND_CA_FILE],
            "{name}"
        );
    }
}

#[test]
fn names_that_mappers_may_write_are_lists() {
    let allowed = config(&[URL, (COGNITO_ATTRIBUTES, "custom:backend_id, custom:plan,")]);
    assert!(allowed.is_err(), "an empty name");
    let allowed = config(&[
        URL,
        (COGNITO_ATTRIBUTES, "custom:backend_id, custom:plan"),
        (COGNITO_GROUPS, "members"),
    ]);
    let allowed = allowed.unwrap().allowed;
    assert!(allowed.attributes.iter().eq(["custom:backend_id", "custom:plan"]));
    assert!(allowed.groups.iter().eq(["members"]));
    assert!(config(&[URL]).unwrap().allowed.is_empty());
    let long = "g".repeat(128);
    assert!(config(&[URL, (COGNITO_GROUPS, &long)]).is_ok());
    for groups in ["a b", ",", "a,,b", &format!("{long}g")] {
        assert_eq!(faults(&[URL, (COGNITO_GROUPS, groups)]), [COGNITO_GROUPS], "{groups}");
    }
}

#[test]
fn attributes_that_say_who_a_user_is_can_not_be_listed() {
    for name in [
        "sub",
        "email",
        "phone_number",
        "identities",
        "email_verified",
        "custom:x_verified",
        "cognito:groups",
        "Email",
    ] {
        let listed = format!("custom:plan,{name}");
        assert_eq!(faults(&[URL, (COGNITO_ATTRIBUTES, &listed)]), [COGNITO_ATTRIBUTES], "{name}");
    }
    assert!(config(&[URL, (COGNITO_ATTRIBUTES, "custom:email,nickname,locale")]).is_ok());
}
