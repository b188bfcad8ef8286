//! What of a request is almost surely a mistake, though it breaks no rule.

/// What JavaScript and Python write for what is not there, or is not a text.
const NOTHING: [&str; 5] = ["undefined", "null", "NaN", "None", "%5Bobject%20Object%5D"];

/// What to say of the path of a request if a whole segment of it stands for nothing.
pub fn path(path: &str) -> Option<String> {
    let (path, _) = path.split_once('?').unwrap_or((path, ""));
    let segment = path.split('/').find(|segment| NOTHING.contains(segment))?;
    Some(format!("the path has the segment `{segment}`: is there no value for it?"))
}
