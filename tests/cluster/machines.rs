//! Processes of a cluster and of an S3 server, which end with the value that started them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Tries of a tenth of a second each for a process to come up, on a machine that does much else.
const TRIES: usize = 1_200;

/// Runs a command and gives its exit code and what it said on standard error.
pub fn footlight(directory: &Path, environment: &[(&str, String)], arguments: &[&str]) -> (i32, String) {
    let output = program(environment).current_dir(directory).args(arguments).output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap())
}

fn program(environment: &[(&str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_footlight"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).envs(environment.iter().cloned());
    command
}

/// A port that nobody has.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for(port: u16, what: &str) {
    for _ in 0..TRIES {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{what} did not come up");
}

/// A child that dies with this value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A scheduler and two executors with two tasks each.
pub struct Machines {
    /// `HOST:PORT` of the scheduler.
    pub scheduler: String,
    executors: Vec<Option<Process>>,
    logs: Vec<PathBuf>,
    _scheduler: Process,
    directory: tempfile::TempDir,
}

impl Machines {
    pub fn start(environment: &[(&str, String)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let start = |name: &str, arguments: &[&str]| {
            let log = directory.path().join(format!("{name}.log"));
            let mut command = program(environment);
            command.args(["-v", "cluster"]).args(arguments).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
            (Process(command.spawn().unwrap()), log)
        };
        let port = free_port();
        let scheduler = format!("127.0.0.1:{port}");
        let (process, log) = start("scheduler", &["scheduler", "--bind", &scheduler]);
        wait_for(port, "the scheduler");
        let mut logs = vec![log];
        let mut executors = Vec::new();
        for name in ["first", "second"] {
            let (rows, tasks) = (free_port(), free_port());
            let work = directory.path().join(name);
            let arguments = [
                "executor",
                "--scheduler",
                &scheduler,
                "--port",
                &rows.to_string(),
                "--task-port",
                &tasks.to_string(),
                "--work-dir",
                work.to_str().unwrap(),
                "--threads",
                "2",
                "--memory",
                "1GiB",
            ]
            .map(str::to_owned);
            let (process, log) = start(name, &arguments.each_ref().map(String::as_str));
            wait_for(rows, "an executor");
            executors.push(Some(process));
            logs.push(log);
        }
        Self { scheduler, executors, logs, _scheduler: process, directory }
    }

    /// An executor that has begun a task of the stage and has not finished it.
    pub fn at_work_in_stage(&self, stage: usize) -> Option<usize> {
        (0..self.executors.len()).find(|executor| !self.unfinished(*executor, stage).is_empty())
    }

    /// Tasks of the stage that the executor has begun and not finished.
    pub fn unfinished(&self, executor: usize, stage: usize) -> BTreeSet<String> {
        let log = fs::read_to_string(&self.logs[executor + 1]).unwrap();
        let (begun, finished) = (tasks(&log, "Execute task", stage), tasks(&log, "Finished task", stage));
        begun.difference(&finished).cloned().collect()
    }

    /// Ends an executor as a machine does that loses its power.
    pub fn kill(&mut self, executor: usize) {
        drop(self.executors[executor].take());
    }

    /// How many tasks of the stage the executors other than this one were given.
    pub fn given_to_others(&self, executor: usize, stage: usize) -> usize {
        let others = (0..self.executors.len()).filter(|other| *other != executor);
        let logs = others.map(|other| fs::read_to_string(&self.logs[other + 1]).unwrap());
        logs.map(|log| tasks(&log, "Execute task", stage).len()).sum()
    }

    /// What the processes have said.
    pub fn logs(&self) -> String {
        let last = |log: &PathBuf| {
            let text = fs::read_to_string(log).unwrap_or_default();
            let lines: Vec<&str> = text.lines().rev().take(15).collect();
            lines.into_iter().rev().collect::<Vec<_>>().join("\n")
        };
        let logs: Vec<String> = self.logs.iter().map(last).collect();
        format!("in {}:\n{}", self.directory.path().display(), logs.join("\n--\n"))
    }
}

/// Ids of the tasks of a stage in lines like `Execute task  : [TID JOB/STAGE.ATTEMPT/TASK.ATTEMPT]`.
fn tasks(log: &str, what: &str, stage: usize) -> BTreeSet<String> {
    let of_stage = format!("/{stage}.");
    log.lines()
        .filter(|line| line.contains(what))
        .filter_map(|line| line.split_once("[TID ")?.1.split_once(']'))
        .map(|(task, _)| task.to_owned())
        .filter(|task| task.contains(&of_stage))
        .collect()
}

/// A bucket called `footlight` on an S3 server of its own.
pub struct Bucket {
    port: u16,
    _server: Process,
}

impl Bucket {
    /// None where there is no such server.
    pub fn start() -> Option<Self> {
        let port = free_port();
        let mut command = Command::new("moto_server");
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Process(command.spawn().ok()?);
        wait_for(port, "the S3 server");
        let bucket = Self { port, _server: server };
        bucket.ask("PUT", "/footlight");
        Some(bucket)
    }

    /// How to reach it, for every process of the cluster.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ACCESS_KEY_ID", "nobody".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "nothing".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ]
    }

    /// Puts an empty object there.
    pub fn put(&self, key: &str) {
        self.ask("PUT", &format!("/footlight/{key}"));
    }

    /// The keys of all objects.
    pub fn keys(&self) -> Vec<String> {
        let list = self.ask("GET", "/footlight?list-type=2");
        list.split("<Key>").skip(1).filter_map(|rest| Some(rest.split_once("</Key>")?.0.to_owned())).collect()
    }

    fn ask(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let host = format!("127.0.0.1:{}", self.port);
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{method} {path}: {answer}");
        answer
    }
}
