//! The rules of effects as a specification.

use super::*;

fn allowed() -> Allowed {
    Allowed {
        attributes: ["custom:id", "custom:plan"].map(str::to_owned).into(),
        groups: ["members".to_owned()].into(),
    }
}

fn set(name: &str, value: &str) -> Effect {
    Effect::SetAttribute { name: name.to_owned(), value: value.to_owned() }
}

fn add(group: &str) -> Effect {
    Effect::AddToGroup(group.to_owned())
}

#[test]
fn what_is_listed_may_be_written() {
    let effects = vec![set("custom:id", "42"), add("members"), set("custom:plan", "")];
    let approved = allowed().approve(effects).unwrap();
    let pairs = [("custom:id", "42"), ("custom:plan", "")];
    assert_eq!(approved.attributes, pairs.map(|(name, value)| (name.into(), value.into())));
    assert_eq!(approved.groups, ["members"]);
    assert_eq!(allowed().approve(Vec::new()), Ok(Approved::default()));
}

#[test]
fn names_are_listed_to_the_letter() {
    for name in ["custom:Id", "id", "custom:id ", "custom:i", "nickname", ""] {
        assert_eq!(allowed().approve(vec![set(name, "x")]), Err(Rule::Attribute), "{name}");
    }
    for group in ["Members", "members ", "admins", ""] {
        assert_eq!(allowed().approve(vec![add(group)]), Err(Rule::Group), "{group}");
    }
    assert!(Allowed::default().approve(vec![set("custom:id", "x")]).is_err());
}

#[test]
fn what_says_who_a_user_is_has_a_rule_of_its_own() {
    let names = ["sub", "email", "Email_Verified", "cognito:groups"].map(str::to_owned);
    let listed = Allowed { attributes: names.clone().into(), ..Allowed::default() };
    for name in names {
        for allowed in [&allowed(), &listed, &Allowed::default()] {
            assert_eq!(allowed.approve(vec![set(&name, "x")]), Err(Rule::Identity), "{name}");
        }
    }
}

#[test]
fn one_effect_that_is_not_allowed_stops_all() {
    let effects = vec![set("custom:id", "42"), add("members"), add("admins")];
    assert_eq!(allowed().approve(effects), Err(Rule::Group));
}

#[test]
fn there_are_sixteen_effects_and_not_one_more() {
    // Named twice, it is the same group.
    assert_eq!(allowed().approve(vec![add("members"); 16]).unwrap().groups, ["members"]);
    assert_eq!(allowed().approve(vec![add("members"); 17]), Err(Rule::TooMany));
}

#[test]
fn a_value_has_2048_characters_and_not_one_more() {
    let [longest, too_long] =
        [2048, 2049].map(|number| vec![set("custom:id", &"ä".repeat(number))]);
    assert!(allowed().approve(longest).is_ok());
    assert_eq!(allowed().approve(too_long), Err(Rule::ValueTooLong));
}

#[test]
fn no_value_holds_a_control_character() {
    for value in ["a\nb", "\0", "\u{7f}", "\u{85}"] {
        let refused = allowed().approve(vec![set("custom:id", value)]);
        assert_eq!(refused, Err(Rule::ControlCharacter), "{value:?}");
    }
}

#[test]
fn an_attribute_is_set_once() {
    let twice = vec![set("custom:id", "1"), set("custom:id", "1")];
    assert_eq!(allowed().approve(twice), Err(Rule::Twice));
}
