//! Any texts as units, environment files and component configuration, several of them with `%%%` on a line between
//! them: checked or refused, never a panic; findings are of lines that are there, and configuration that is read is
//! what is written.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use kboot_core::component::{KubeProxyConfiguration, KubeletConfiguration, lint};
use kboot_core::version::KubernetesVersion;
use kboot_fuzz::laws::is_one_line;

const VERSIONS: [&str; 4] = ["v1.6.0", "v1.12.3", "v1.20.2", "v1.36.4"];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let files: Vec<(String, &str)> = text
        .split("\n%%%\n")
        .take(8)
        .enumerate()
        .map(|(index, text)| (format!("file-{index}"), text))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    for version in VERSIONS {
        let version: KubernetesVersion = version.parse().expect("it is a version");
        match lint(&files, version) {
            Ok(findings) => {
                for found in findings {
                    is_one_line(&found.finding.detail);
                    let (_, text) =
                        files.iter().find(|(name, _)| *name == found.file).expect("it is of a file");
                    if let Some(line) = found.finding.path.strip_prefix("line ") {
                        let line: usize = line.parse().expect("it is a number");
                        assert!((1..=text.lines().count()).contains(&line), "line {line} of\n{text}");
                    }
                }
            }
            Err(error) => {
                assert!(!error.to_string().chars().any(|c| c.is_control() && c != '\n'), "{error:?}");
            }
        }
        for (_, text) in &files {
            configuration(text, version);
        }
    }
});

fn configuration(text: &str, version: KubernetesVersion) {
    if let Ok(read) = KubeletConfiguration::parse(text, version) {
        let written = read.to_yaml().expect("what is read can be written");
        let again = KubeletConfiguration::parse(&written, version).expect("and read again");
        assert_eq!(again.to_yaml().expect("as before"), written);
    }
    if let Ok(read) = KubeProxyConfiguration::parse(text, version) {
        let written = read.to_yaml().expect("what is read can be written");
        let again = KubeProxyConfiguration::parse(&written, version).expect("and read again");
        assert_eq!(again.to_yaml().expect("as before"), written);
    }
}
