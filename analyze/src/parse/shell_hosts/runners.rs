//! Programs that run others.

use super::options::{CONTAINER_EXEC, DOCKER, DOCKER_EXEC, DOCKER_RUN, PARALLEL, WRAPPERS, short};
use super::programs::is_one_of;
use super::{Argument, Arguments, Finder, LENGTH_LIMIT, Options, url_endpoint};
use crate::parse::bytes::cut;

/// Variables of the environment that tell programs of hosts.
const VARIABLES: &str =
    "PGHOST PGHOSTADDR PGPORT PGUSER DOCKER_HOST CONTAINER_HOST GIT_SSH_COMMAND";
/// Bytes of `NAME=value` that are kept: hardly any command line for `ssh` is longer, and each `git` behind it reads it.
const VARIABLE_LIMIT: usize = 256;
/// Values that one `parallel` runs its command for, the bytes of one, and of the command they are put into.
const VALUE_LIMIT: usize = 64;
const VALUE_LENGTH_LIMIT: usize = 255;
const TEMPLATE_LIMIT: usize = 4096;

/// The name in `NAME=value` of a variable that tells a program of a host.
pub(super) fn variable(word: &[u8]) -> Option<&[u8]> {
    let (name, _) = cut(word, b'=').filter(|_| word.len() <= VARIABLE_LIMIT)?;
    is_one_of(name, VARIABLES).then_some(name)
}

/// The words of the command that a program runs, where it is one that runs another.
pub(super) fn wrapped<'a>(program: &[u8], words: &'a [Vec<u8>]) -> Option<&'a [Vec<u8>]> {
    if program == b"ip" {
        return match words {
            [netns, exec, _, rest @ ..] if netns == b"netns" && exec == b"exec" => Some(rest),
            _ => None,
        };
    }
    if matches!(program, b"lxc" | b"incus" | b"pct" | b"crictl") {
        let rest = words.strip_prefix(&[b"exec".to_vec()])?;
        return Some(command_of(CONTAINER_EXEC, 1, rest));
    }
    let (_, letters, long, operands) = WRAPPERS
        .iter()
        .find(|(names, ..)| is_one_of(program, names))?;
    let options = Options {
        long,
        ..short(letters)
    };
    Some(command_of(options, *operands, words))
}

/// What follows options, assignments and that many operands.
fn command_of(options: Options, operands: usize, words: &[Vec<u8>]) -> &[Vec<u8>] {
    let mut arguments = Arguments::new(options, words);
    let mut left = operands;
    let mut rest = words;
    while let Some(argument) = arguments.next() {
        if let Argument::Operand(word) = argument {
            let is_assignment = cut(word, b'=').is_some_and(|(name, _)| {
                name.iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            });
            if left == 0 && !is_assignment {
                return rest
                    .get(
                        rest.len()
                            .saturating_sub(arguments.rest().len())
                            .saturating_sub(1)..,
                    )
                    .unwrap_or_default();
            }
            left = left.saturating_sub(usize::from(!is_assignment));
        }
        rest = arguments.rest();
    }
    &[]
}

/// The command line that `watch` and `eval` run.
pub(super) fn watched(words: &[Vec<u8>]) -> &[Vec<u8>] {
    command_of(short("nq"), 0, words)
}

impl Finder {
    /// `docker`, `docker-compose` and their kin, with the command that they run in a container.
    pub(super) fn containers(&mut self, name: &[u8], words: &[Vec<u8>], told: &[&[u8]]) {
        for variable in ["DOCKER_HOST", "CONTAINER_HOST"] {
            if let Some(place) = self.told(told, variable)
                && let Some(place) = url_endpoint(&place)
            {
                self.named(name, place);
            }
        }
        let mut arguments = Arguments::new(DOCKER, words);
        let verb = arguments.find_map(|argument| match argument {
            Argument::Operand(b"compose" | b"container") => None,
            Argument::Operand(word) => Some(word),
            _ => None,
        });
        let options = match verb {
            Some(b"exec") => DOCKER_EXEC,
            Some(b"run") => DOCKER_RUN,
            _ => return self.urls(name, words),
        };
        let mut arguments = Arguments::new(options, arguments.rest());
        let mut program = None;
        for argument in arguments.by_ref() {
            match argument {
                Argument::Long(b"entrypoint", value) => program = value,
                Argument::Operand(_) => break,
                _ => {}
            }
        }
        let command = arguments.rest();
        if let Some(program) = program.filter(|program| !program.is_empty()) {
            return self.inner(&[&[program.to_vec()], command].concat());
        }
        // Arguments alone are those of the program that the image names.
        if command
            .first()
            .is_some_and(|word| word.starts_with(b"-") || url_endpoint(word).is_some())
        {
            return self.urls(name, words);
        }
        let own = words.len().saturating_sub(command.len());
        self.urls(name, words.get(..own).unwrap_or_default());
        self.inner(command);
    }

    /// `tmux`, whose commands may open windows in which others run.
    pub(super) fn tmux(&mut self, words: &[Vec<u8>]) {
        for command in words.split(|word| word == b";") {
            let mut arguments = Arguments::new(short("cfLST"), command);
            let verb = arguments.find_map(|argument| match argument {
                Argument::Operand(word) => Some(word),
                _ => None,
            });
            let options = match verb {
                Some(b"new" | b"new-session") => short("ceFfnstxy"),
                Some(
                    b"neww" | b"new-window" | b"splitw" | b"split-window" | b"respawnp"
                    | b"respawn-pane" | b"respawnw" | b"respawn-window",
                ) => short("ceFlnpt"),
                _ => continue,
            };
            self.joined(command_of(options, 0, arguments.rest()));
        }
    }

    /// `parallel COMMAND ::: VALUES`, or the command alone where the values come from elsewhere.
    pub(super) fn parallel(&mut self, words: &[Vec<u8>]) {
        let is_mark = |word: &Vec<u8>| word.starts_with(b":::");
        let mut parts = words.splitn(2, is_mark);
        let template = command_of(PARALLEL, 0, parts.next().unwrap_or_default());
        let Some(values) = parts.next() else {
            return self.inner(template);
        };
        let template = template.join(&b' ');
        if template.is_empty() || template.len() > TEMPLATE_LIMIT {
            return;
        }
        let is_short = |value: &&Vec<u8>| value.len() <= VALUE_LENGTH_LIMIT;
        let values = values.split(is_mark).next().unwrap_or_default();
        for value in values.iter().filter(is_short).take(VALUE_LIMIT) {
            let mut line = Vec::new();
            let mut rest = &*template;
            while let Some(at) = memchr::memmem::find(rest, b"{}") {
                line.extend_from_slice(rest.get(..at).unwrap_or_default());
                line.extend_from_slice(value);
                rest = rest.get(at.saturating_add(2)..).unwrap_or_default();
            }
            line.extend_from_slice(rest);
            if rest.len() == template.len() {
                line.push(b' ');
                line.extend_from_slice(value);
            }
            self.line(line.get(..LENGTH_LIMIT).unwrap_or(&line));
        }
    }
}
