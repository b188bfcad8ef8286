//! What only a mapper with a follow-up has. The files in `templates/` have all of it, so that each
//! of them is whole.

/// Files with the words in them that belong to the follow-up, and with the beginning of what at
/// their end does.
const PARTS: [(&str, &[&str], Option<&str>); 8] = [
    ("mapper.js", &[], Some("\n/**\n * Says what of the backend's answer")),
    ("mapper.ts", &["Answer, Effects, "], Some("\n/**\n * Says what of the backend's answer")),
    ("mapper.test.js", &["conclude, "], Some("\ntest(\"the backend's id")),
    ("mapper.py", &["Answer, Effects, "], Some("\n\ndef conclude(")),
    ("test_mapper.py", &["conclude, ", "Answer, "], Some("\n\ndef test_the_backends_id")),
    ("src/lib.rs", &["mod follow_up;\n\n", "-with-follow-up"], None),
    ("src/follow_up.rs", &[], Some("//!")),
    ("README.md", &[RUN], Some("\nThe follow-up, `conclude`,")),
];
/// How the follow-up is tried.
const RUN: &str =
    "mapper run cases/native.event.json --answer cases/native.answer.json  # and what is written\n";

/// The backend's answer in the first case.
const ANSWER: &str = include_str!("../../../templates/cases/native.answer.json");
/// What comes of it, at the end of what that case expects.
const EFFECTS: &str = r#",
  "effects": {
    "attributes": {
      "custom:backend_id": "42"
    },
    "groups": [
      "members"
    ]
  }
}
"#;

/// `files` of a mapper with the answer in its first case.
pub fn with_answer(mut files: Vec<(String, String)>) -> Vec<(String, String)> {
    for (path, text) in &mut files {
        if path == "cases/native.expected.json" {
            *text = text.trim_end_matches("\n}\n").to_owned() + EFFECTS;
        }
    }
    files.push(("cases/native.answer.json".to_owned(), ANSWER.to_owned()));
    files
}

/// `files` of a mapper without what belongs to the follow-up.
pub fn without(files: Vec<(String, String)>) -> Vec<(String, String)> {
    let own = files.into_iter().map(|(path, text)| {
        let text = own_of(&path, text);
        (path, text)
    });
    own.filter(|(_, text)| !text.is_empty()).collect()
}

/// What of the file `path` is not the follow-up's.
fn own_of(path: &str, text: String) -> String {
    let Some((_, words, end)) = PARTS.iter().find(|(file, ..)| *file == path) else { return text };
    let own = end.and_then(|end| text.split_once(end)).map_or(&*text, |(own, _)| own);
    words.iter().fold(own.to_owned(), |own, word| own.replace(word, ""))
}
