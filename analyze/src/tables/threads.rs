//! Table `threads`.

use schema::tables::Thread;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, Record, Sink};
use crate::parse::proc_pid_stat;

/// Fills `threads`.
#[derive(Default)]
pub(super) struct Threads;

impl Extract for Threads {
    const TABLE: TableDef = Thread::TABLE;

    fn record<S: Sink>(&mut self, record: Record<'_>, facts: &Facts, sink: &mut S) {
        let Record::ThreadStat(thread) = record else {
            return;
        };
        let (pid, tid) = (thread.pid, thread.tid);
        let member = || format!("root/proc/{pid}/task/{tid}/stat");
        let Some(stat) = proc_pid_stat::parse(thread.stat.as_bytes()).reported_as(member, sink)
        else {
            return;
        };
        sink.row(&Thread {
            pid,
            tid,
            name: Text::from(stat.comm),
            state: Text::from(stat.state),
            user_time: facts.ticks_to_ms(stat.utime),
            system_time: facts.ticks_to_ms(stat.stime),
            nice: stat.nice,
            start_ticks: stat.starttime,
            processor: stat.processor,
        });
    }
}
