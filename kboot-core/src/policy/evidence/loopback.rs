//! Names of the machine itself.

/// What resolvers take for the machine itself: RFC 6761, 6.3, systemd's `is_localhost`, and the /etc/hosts of
/// Debian and Red Hat.
const LOOPBACK: [&str; 8] = [
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost4.localdomain4",
    "localhost6",
    "localhost6.localdomain6",
    "ip6-localhost",
    "ip6-loopback",
];

/// Whether resolvers take a name in lower case for the machine itself.
pub(super) fn is_loopback_name(name: &str) -> bool {
    LOOPBACK.contains(&name) || name.ends_with(".localhost") || name.ends_with(".localhost.localdomain")
}
