//! Processes that end with the test, however it ends: also when it panics, aborts or is killed.
//!
//! They are not the test's own children. A shell starts them, which holds the other end of a pipe: the kernel closes
//! the test's end when the test is gone. That leaves no moment in which a killed test has started something that nobody
//! knows of, needs no parent-death signal (it would come when a *thread* ends), and removes the folder as well.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;

use super::error::UpstreamError;

const WATCHER: &str = include_str!("watcher.sh");
/// How much of a log is shown.
const LINES: usize = 30;

/// A folder, and the processes that work in it.
#[derive(Debug)]
pub(super) struct Nursery {
    watcher: Child,
    /// Closed when this is dropped or the test is gone.
    pipe: Option<ChildStdin>,
    folder: PathBuf,
    programs: Vec<&'static str>,
}

impl Nursery {
    /// Opens an empty one, in memory where that is wanted and there is enough.
    pub(super) fn open(in_memory: bool) -> Result<Self, UpstreamError> {
        let mut command = Command::new("sh");
        let medium = if in_memory { "memory" } else { "disk" };
        command.arg("-c").arg(WATCHER).arg("sh").arg(std::env::temp_dir()).arg(medium);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // A terminal's interrupt is for the test; its end is what ends these.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut watcher = command.spawn().map_err(UpstreamError::system("a shell was to start"))?;
        let pipe = watcher.stdin.take();
        let mut folder = String::new();
        if let Some(out) = watcher.stdout.take() {
            let read = BufReader::new(out).read_line(&mut folder);
            read.map_err(UpstreamError::system("a shell was to make a folder"))?;
        }
        let folder = PathBuf::from(folder.trim_end_matches('\n'));
        let nursery = Self { watcher, pipe, folder, programs: Vec::new() };
        if nursery.folder.as_os_str().is_empty() {
            let doing = format!("a folder was to be made in {}", std::env::temp_dir().display());
            return Err(UpstreamError::System { doing, source: std::io::ErrorKind::NotFound.into() });
        }
        Ok(nursery)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file into the folder, which is its owner's alone.
    #[expect(clippy::disallowed_methods, reason = "a folder of mode 0700 that nobody else writes into")]
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<String, UpstreamError> {
        let path = self.folder.join(name);
        let doing = || format!("{} was to be written", path.display());
        std::fs::write(&path, content).map_err(|error| UpstreamError::system(doing())(error))?;
        Ok(path.display().to_string())
    }

    /// Starts a program.
    pub(super) fn start(
        &mut self,
        name: &'static str,
        program: &Path,
        arguments: &[String],
    ) -> Result<(), UpstreamError> {
        let words = std::iter::once(program.display().to_string()).chain(arguments.iter().cloned());
        let words: Vec<_> = words.map(|word| quoted(&word)).collect();
        let script = format!("cd {}\nexec {}\n", quoted(&self.folder.display().to_string()), words.join(" "));
        self.write(&format!("{name}.sh"), script)?;
        self.programs.push(name);
        let sent = self.pipe.as_mut().map_or(Ok(()), |pipe| writeln!(pipe, "{name}"));
        sent.map_err(UpstreamError::system(format!("{name} was to start")))
    }

    /// Whether this program has ended, and how.
    pub(super) fn ended(&self, name: &str) -> Option<String> {
        let status = std::fs::read_to_string(self.folder.join(format!("{name}.exit"))).ok()?;
        (!status.is_empty()).then(|| format!("ended with {}", status.trim()))
    }

    /// The last lines that it wrote, before the stacks that Go prints of a program that gives up.
    pub(super) fn log(&self, name: &str) -> String {
        let read = std::fs::read(self.folder.join(format!("{name}.log"))).unwrap_or_default();
        let text = String::from_utf8_lossy(&read);
        let is_stack = |line: &&str| line.starts_with("goroutine ") && line.ends_with("]:");
        let lines: Vec<_> = text.lines().take_while(|line| !is_stack(line)).collect();
        lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n")
    }

    /// An error about this program.
    pub(super) fn not_ready(&self, name: &'static str, problem: impl Into<String>) -> UpstreamError {
        UpstreamError::NotReady { program: name, problem: problem.into(), log: self.log(name) }
    }
}

impl Drop for Nursery {
    #[expect(clippy::print_stderr, reason = "a test that fails says what its servers said")]
    fn drop(&mut self) {
        if thread::panicking() {
            for name in &self.programs {
                eprintln!("--- the end of {name}'s log\n{}", self.log(name));
            }
        }
        drop(self.pipe.take());
        // Until all of it is gone. It was killed, so that does not take long.
        let _ = self.watcher.wait();
    }
}

/// A word as the shell reads it back.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_through_the_shell() {
        let mut nursery = Nursery::open(false).unwrap();
        let words = ["it's", "two\nlines", "$HOME `id` \"x\" \\", "", "--flag=a b"].map(str::to_owned);
        nursery.start("printf", Path::new("printf"), &[&["<%s>".to_owned()][..], &words].concat()).unwrap();
        while nursery.ended("printf").is_none() {
            thread::yield_now();
        }
        let written = std::fs::read_to_string(nursery.folder().join("printf.log")).unwrap();
        assert_eq!(written, words.iter().map(|word| format!("<{word}>")).collect::<String>());
    }

    #[test]
    fn all_of_it_is_gone_after_drop() {
        let mut nursery = Nursery::open(true).unwrap();
        nursery.start("sleep", Path::new("sleep"), &["1234".to_owned()]).unwrap();
        let folder = nursery.folder().to_owned();
        while !folder.join("sleep.pid").metadata().is_ok_and(|file| file.len() > 0) {
            thread::yield_now();
        }
        let pid = std::fs::read_to_string(folder.join("sleep.pid")).unwrap();
        let process = Path::new("/proc").join(pid.trim());
        assert!(process.exists() || !Path::new("/proc/self").exists());
        assert_eq!(nursery.ended("sleep"), None);
        drop(nursery);
        assert!(!process.exists());
        assert!(!folder.exists());
    }

    #[test]
    fn a_test_that_ends_before_it_knows_the_folder_leaves_none() {
        let temporary = tempfile::tempdir().unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut watcher = Command::new("sh");
        watcher.arg("-c").arg(WATCHER).arg("sh").arg(temporary.path()).arg("disk");
        watcher.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null()).status().unwrap();
        assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
    }

    #[test]
    fn how_a_program_ended_is_known() {
        let mut nursery = Nursery::open(false).unwrap();
        nursery.start("sh", Path::new("sh"), &["-c", "echo no more; exit 3"].map(str::to_owned)).unwrap();
        while nursery.ended("sh").is_none() {
            thread::yield_now();
        }
        assert_eq!(nursery.ended("sh").as_deref(), Some("ended with 3"));
        let error = nursery.not_ready("sh", "ended with 3").to_string();
        assert_eq!(error, "sh ended with 3; the end of its log:\nno more");
    }
}
