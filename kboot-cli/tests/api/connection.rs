//! Proxies and credential plug-ins, each a real one.

use std::io::{BufRead, BufReader, Read, Write, copy};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::write;
use crate::online::Server;

/// A server without tokens; what is asked of it is an answer to `token list`.
fn server() -> Server {
    Server::new(|_, _| (200, json!({"metadata": {"resourceVersion": "1"}, "items": []})))
}

fn change(server: &Server, change: impl Fn(&mut Value)) {
    let path = server.folder.path().join("config");
    let mut kubeconfig: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut kubeconfig);
    write(&path, kubeconfig.to_string().as_bytes());
}

fn address(server: &Server) -> String {
    let kubeconfig = std::fs::read(server.folder.path().join("config")).unwrap();
    let kubeconfig: Value = serde_json::from_slice(&kubeconfig).unwrap();
    kubeconfig["clusters"][0]["cluster"]["server"].as_str().unwrap().trim_start_matches("http://").to_owned()
}

/// Both directions, until both have ended.
fn join(one: TcpStream, other: TcpStream) {
    let (mut from, mut to) = (one.try_clone().unwrap(), other.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let (mut from, mut to) = (other, one);
    let _ = copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Write);
}

type Targets = Arc<Mutex<Vec<String>>>;
type Ask = fn(&mut TcpStream) -> Option<String>;

/// A proxy that leads every connection to one place; what it is asked for is noted.
fn proxy(place: &str, ask: Ask) -> (String, Targets) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let (targets, place) = (Targets::default(), place.to_owned());
    let seen = targets.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (seen, place, mut stream) = (seen.clone(), place.clone(), stream.unwrap());
            std::thread::spawn(move || {
                if let Some(target) = ask(&mut stream) {
                    seen.lock().unwrap().push(target);
                    join(stream, TcpStream::connect(place).unwrap());
                }
            });
        }
    });
    (at, targets)
}

/// `CONNECT`, for the user jane with the password p@ss (base64 amFuZTpwQHNz).
fn tunnel(stream: &mut TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).unwrap();
    }
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    if !head.contains("Basic amFuZTpwQHNz") {
        stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").unwrap();
        return None;
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    Some(target)
}

/// SOCKS 5 (RFC 1928), without a password.
fn socks(stream: &mut TcpStream) -> Option<String> {
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).unwrap();
        bytes
    };
    let ways = take(2)[1];
    take(usize::from(ways));
    stream.write_all(&[5, 0]).unwrap();
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).unwrap();
        bytes
    };
    let host = match take(4)[3] {
        1 => take(4).iter().map(ToString::to_string).collect::<Vec<_>>().join("."),
        3 => {
            let length = take(1)[0];
            String::from_utf8(take(usize::from(length))).unwrap()
        }
        _ => return None,
    };
    let port = take(2);
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    Some(format!("{host}:{}", u16::from_be_bytes([port[0], port[1]])))
}

#[test]
fn a_kubeconfigs_proxy_is_used() {
    let server = server();
    let place = address(&server);
    let set =
        |url: &str| change(&server, |config| config["clusters"][0]["cluster"]["proxy-url"] = json!(url));
    let ways: [(&str, Ask); 2] = [("http://jane:p%40ss@", tunnel), ("socks5://", socks)];
    for (scheme, ask) in ways {
        let (at, targets) = proxy(&place, ask);
        set(&format!("{scheme}{at}"));
        // NO_PROXY is for proxies of the environment.
        let output = server.command("token list").env("NO_PROXY", "*").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{scheme}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(*targets.lock().unwrap(), std::slice::from_ref(&place), "{scheme}");
    }
    let (at, targets) = proxy(&place, tunnel);
    for url in [
        format!("http://jane:wrong-password@{at}"),
        "http://jane:wrong-password@127.0.0.1:1".to_owned(),
        "socks5://jane:wrong-password@h:1".to_owned(),
        "ftp://jane:wrong-password@h".to_owned(),
    ] {
        set(&url);
        let outcome = server.kboot("token list");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{url}");
        assert!(
            !outcome.stderr.contains("wrong-password") && outcome.stderr.lines().count() == 1,
            "{}",
            outcome.stderr
        );
        let said = if url.starts_with("http") {
            "the API server cannot be reached: "
        } else {
            "the cluster's proxy-url is no http://"
        };
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    }
    assert!(targets.lock().unwrap().is_empty());
}

#[test]
fn the_environments_proxy_is_used_as_kubectl_does() {
    let server = server();
    let (at, targets) = proxy(&address(&server), tunnel);
    change(&server, |config| config["clusters"][0]["cluster"]["server"] = json!("http://192.0.2.7:8080"));
    let list = |no_proxy: &str| {
        let mut command = server.command("token list --timeout 1s");
        command.env("HTTP_PROXY", format!("http://jane:p%40ss@{at}")).env("NO_PROXY", no_proxy);
        command.output().unwrap().status.code()
    };
    assert_eq!(list("192.0.3.0/24,example.com"), Some(0));
    assert_eq!(*targets.lock().unwrap(), ["192.0.2.7:8080"]);
    assert_eq!(list("192.0.2.0/24"), Some(2));
    assert_eq!(targets.lock().unwrap().len(), 1);
}

/// A plug-in that does as a script says.
fn plug_in(server: &Server, script: &str) {
    let path = server.folder.path().join("plug-in");
    write(&path, format!("#!/bin/sh\n{script}\n").as_bytes());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "command": path, "interactiveMode": "IfAvailable",
    });
    change(server, |config| {
        config["users"][0]["user"] = json!({"exec": exec});
        // No credentials are sent where nothing is encrypted, so the plug-in is not run either.
        let server = config["clusters"][0]["cluster"]["server"].as_str().unwrap().replace("http:", "https:");
        config["clusters"][0]["cluster"] = json!({"server": server, "insecure-skip-tls-verify": true});
    });
}

/// Programs that run with this argument.
fn running(argument: &str) -> usize {
    let folders = Path::new("/proc").read_dir().unwrap().flatten();
    let lines = folders.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())).count()
}

#[test]
fn a_plug_in_that_hangs_ends_with_the_time_and_leaves_nobody_behind() {
    for (first, nap) in [("", "86401"), ("then", "86402")] {
        let server = server();
        // The first answer ends in a moment, so that the plug-in is run again for the first request.
        let answer = r#"{"kind": "ExecCredential", "status": {"token": "t", "expirationTimestamp": "2020-01-01T00:00:00Z"}}"#;
        let once = format!(
            "if [ -n \"{first}\" ] && [ ! -e \"$0.ran\" ]; then touch \"$0.ran\"; echo '{answer}'; exit 0; fi"
        );
        plug_in(&server, &format!("{once}\nsleep {nap}\necho never"));
        let start = Instant::now();
        let outcome = server.kboot("token list --timeout 1s");
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
        assert!(outcome.stderr.contains("within 1 s"), "{}", outcome.stderr);
        assert_eq!(running(nap), 0, "{first}: the plug-in is still there");
    }
}

#[test]
fn what_a_plug_in_prints_is_not_said() {
    let server = server();
    for (script, said) in [
        ("echo hidden-token; exit 3", "the credential plug-in failed: exit status: 3"),
        ("echo hidden-token", "the credential plug-in did not print an ExecCredential"),
        (
            "echo '{\"status\": {\"token\": \"hidden-token\\\\n\"}}'",
            "the token has characters that no header can hold",
        ),
        (
            "echo '{\"status\": {\"token\": \"hidden-token\", \"expirationTimestamp\": \"soon\"}}'",
            "did not print an ExecCredential",
        ),
    ] {
        plug_in(&server, script);
        let outcome = server.kboot("token list");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{script}");
        assert!(
            outcome.stderr.contains(said) && !outcome.stderr.contains("hidden"),
            "{script}: {}",
            outcome.stderr
        );
    }
}
