//! `/proc/stat`: times of the processors, and counts of the whole host.

use super::bytes::{decimal, fields, is_blank, lines};
use super::{Issue, Parsed};

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Stat<'a> {
    /// All processors together.
    pub(crate) total: Option<Times>,
    /// Each by its number.
    pub(crate) cores: Vec<(u32, Times)>,
    /// Every other line: its name and its first number.
    pub(crate) counts: Vec<(&'a [u8], u64)>,
}

/// Clock ticks by kind of work, in the file's order: user, nice, system, idle, and what later kernels added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) user: u64,
    pub(crate) nice: u64,
    pub(crate) system: u64,
    pub(crate) idle: u64,
    /// iowait, irq, softirq, steal, guest, guest with a nice value.
    pub(crate) later: [Option<u64>; 6],
}

/// Reads the lines.
pub(crate) fn parse(input: &[u8]) -> Parsed<Stat<'_>> {
    let mut parsed = Parsed::from(Stat::default());
    for (number, line) in lines(input) {
        if !is_blank(line) && add(line, &mut parsed.value).is_none() {
            let reason = "a name and numbers";
            parsed.note(Issue::at(number, reason, line));
        }
    }
    parsed
}

fn add<'a>(line: &'a [u8], stat: &mut Stat<'a>) -> Option<()> {
    let mut fields = fields(line);
    let name = fields.next()?;
    match name.strip_prefix(b"cpu") {
        Some(b"") => stat.total = Some(times(fields)?),
        Some(core) => stat.cores.push((decimal(core)?, times(fields)?)),
        None => stat.counts.push((name, decimal(fields.next()?)?)),
    }
    Some(())
}

fn times<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Option<Times> {
    let numbers: Vec<u64> = fields.map(decimal).collect::<Option<_>>()?;
    let (first, rest) = numbers.split_first_chunk::<4>()?;
    let [user, nice, system, idle] = *first;
    let mut later = [None; 6];
    for (place, number) in later.iter_mut().zip(rest) {
        *place = Some(*number);
    }
    Some(Times {
        user,
        nice,
        system,
        idle,
        later,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_and_counts() {
        let parsed = parse(
            b"cpu  10 20 30 40 50 60 70 80 90 100\ncpu0 1 2 3 4\ncpu12 1 2 3 4 5 6 7 8 9 10 11\nintr 500 7 0 0\nctxt 600\n\
              btime 1795500000\nprocesses 700\nprocs_running 2\nprocs_blocked 0\nsoftirq 800 1 2 3\n",
        );
        assert_eq!(parsed.issues, []);
        let short = Times {
            user: 1,
            nice: 2,
            system: 3,
            idle: 4,
            later: [None; 6],
        };
        assert_eq!(
            parsed.value,
            Stat {
                total: Some(Times {
                    user: 10,
                    nice: 20,
                    system: 30,
                    idle: 40,
                    later: [50, 60, 70, 80, 90, 100].map(Some),
                }),
                cores: vec![
                    (0, short),
                    (
                        12,
                        Times {
                            later: [5, 6, 7, 8, 9, 10].map(Some),
                            ..short
                        }
                    )
                ],
                counts: vec![
                    (b"intr", 500),
                    (b"ctxt", 600),
                    (b"btime", 1_795_500_000),
                    (b"processes", 700),
                    (b"procs_running", 2),
                    (b"procs_blocked", 0),
                    (b"softirq", 800),
                ],
            }
        );
    }

    #[test]
    fn odd_lines() {
        let parsed = parse(b"cpu 1 2 3\ncpux 1 2 3 4\ncpu1 1 2 3 -4\nctxt\n\0\xff\nbtime 1e9\n");
        assert_eq!(parsed.value, Stat::default());
        assert_eq!(parsed.issues.len(), 6);
    }
}
