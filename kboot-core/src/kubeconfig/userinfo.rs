//! Passwords in URLs, which are not shown.

/// The URL without the name and password that may stand before its host.
pub(crate) fn without_userinfo(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at.saturating_add(3));
    let (before, rest) = text.split_at(start);
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{before}[redacted]@{host}{path}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_urls_are_not_shown() {
        assert_eq!(without_userinfo("https://me:secret@a:1/b@c"), "https://[redacted]@a:1/b@c");
        assert_eq!(without_userinfo("me:secret@a:1"), "[redacted]@a:1");
        assert_eq!(without_userinfo("https://a:1/b"), "https://a:1/b");
    }
}
