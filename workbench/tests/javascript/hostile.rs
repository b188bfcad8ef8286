//! Mappers that mean no good: each event ends, as it should, and leaves nothing for the next.

use post_confirmation_host::mapper::{Error, Outcome};
use serde_json::json;

use crate::support::Loaded;

const MAPPER: (&str, &str) = ("mapper.js", include_str!("hostile.mapper.js"));

#[tokio::test]
async fn what_never_ends_is_ended_by_the_host() {
    let mapper = Loaded::of_short(&[MAPPER]);
    for name in ["loops", "loops in a promise", "ticks for ever", "sleeps", "matches"] {
        assert!(matches!(mapper.map_user(name).await.result, Err(Error::TimedOut)), "{name}");
    }
}

#[tokio::test]
async fn endless_recursion_is_an_error_that_says_so() {
    let mapper = Loaded::of(&[MAPPER]);
    for (name, place) in [
        ("recurses", "again (mapper.js:8:"),
        ("recurses in promises", "again (mapper.js:9:"),
        ("recurses in a getter", "get a (mapper.js:10:"),
    ] {
        let (code, message) = mapper.error(name).await;
        assert_eq!(code, "exception", "{name}");
        let starts = format!("RangeError: Maximum call stack size exceeded\n    at {place}");
        assert!(message.starts_with(&starts), "{message}");
    }
}

#[tokio::test]
async fn too_much_memory_is_an_error_or_ends_the_event() {
    let mapper = Loaded::of(&[MAPPER]);
    for name in ["allocates", "doubles a text"] {
        let call = mapper.map_user(name).await;
        assert!(call.memory <= 64 * 1024 * 1024, "{name}: {}", call.memory);
        let message = call.output.message.unwrap_or_default();
        match call.result {
            Err(Error::OutOfMemory) => {}
            Err(Error::Returned(code)) if code.as_str() == "exception" => {
                assert!(message.contains("Error"), "{message}")
            }
            Err(other) => panic!("{name}: {other}"),
            Ok(_) => panic!("{name} is mapped"),
        }
    }
}

#[tokio::test]
async fn json_may_be_three_thousand_levels_deep() {
    let mapper = Loaded::of(&[MAPPER]);
    let within = mapper.map_user("parses within bounds").await.result;
    assert!(matches!(within, Ok(Outcome::Skip(code)) if code.as_str() == "done"));
    let Err(Error::Trapped(how)) = mapper.map_user("parses").await.result else {
        panic!("it does not end")
    };
    assert!(how.contains("stack"), "{how}");
}

#[tokio::test]
async fn what_an_event_changes_is_gone_in_the_next() {
    let mapper = Loaded::of(&[MAPPER]);
    let expected = json!({ "list": [1], "encoded": [97] });
    assert_eq!(mapper.body("is honest").await, expected);
    assert!(matches!(mapper.map_user("pollutes").await.result, Ok(Outcome::Skip(_))));
    assert_eq!(mapper.body("is honest").await, expected);
}

#[tokio::test]
async fn what_all_objects_inherit_is_no_answer() {
    let Ok(Outcome::Deliver(request)) =
        Loaded::of(&[MAPPER]).map_user("pollutes itself").await.result
    else {
        panic!("it is not delivered")
    };
    assert!(request.headers.is_empty());
}

#[tokio::test]
async fn an_answer_that_throws_is_an_error() {
    let mapper = Loaded::of(&[MAPPER]);
    for (name, says) in [
        ("returns a proxy", "Error: no"),
        ("throws a proxy", "something was thrown that can't be put into words"),
        ("throws nothing", "threw what is no error and no `{ code, message }`: undefined"),
    ] {
        let (code, message) = mapper.error(name).await;
        assert!(code == "exception" && message.contains(says), "{name}: {code}: {message}");
    }
}

#[tokio::test]
async fn the_engine_itself_is_out_of_reach() {
    let mapper = Loaded::of(&[MAPPER]);
    for name in ["asks the engine", "asks the engine by eval", "asks the engine by a function"] {
        let (code, message) = mapper.error(name).await;
        assert!(
            code == "exception"
                && message.contains("imports `engine:native`, which is not in the mapper"),
            "{name}: {message}"
        );
    }
}
