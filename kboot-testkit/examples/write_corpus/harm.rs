//! What approving a hostile entry does, by kboot's code for it and, where one code has several kinds, by its name.

/// The class and the severity.
pub(crate) fn harm(name: &str, code: &str) -> (&'static str, &'static str) {
    match code {
        "privileged-identity" | "asks-for-authority" | "requestor-anonymous" => ("attack", "critical"),
        "organization" if name.contains("masters") => ("attack", "critical"),
        "alt-name-reserved" if name.contains("kubernetes") || name.contains("api-server") => {
            ("attack", "critical")
        }
        "alt-name-reserved" if name.contains("localhost") || name.contains("loopback") => {
            ("attack", "medium")
        }
        "no-rule" if ["names-longer-own", "names-200", "names-20-below-own"].contains(&name) => {
            ("attack", "low")
        }
        "key-weak" if name == "key-ed25519-neutral" => ("attack", "high"),
        "alt-name-of-other"
        | "alt-name-reserved"
        | "alt-name-wildcard"
        | "common-name-repeated"
        | "extension-repeated"
        | "attribute-repeated"
        | "no-rule"
        | "node-name"
        | "organization"
        | "requestor-not-node"
        | "requestor-other-node"
        | "requestor-unknown"
        | "second-block"
        | "signature-wrong"
        | "subject-uid" => ("attack", "high"),
        "alt-names-not-allowed" | "alt-name-kind" | "extension-usages" | "signer-not-ruled" | "usages" => {
            ("attack", "medium")
        }
        "key-weak" | "signature-weak" => ("algorithm", "high"),
        "key-oversized" | "key-unknown" | "signature-unknown" => ("algorithm", "low"),
        "alt-name-invalid" | "attribute-unknown" | "extension-unknown" | "subject-text" => {
            ("hygiene", "medium")
        }
        _ => ("hygiene", "low"),
    }
}
