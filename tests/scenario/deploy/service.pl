# A service: it listens, keeps connections, logs, has workers, files and memory as its arguments say.
#
# --listen ADDRESS:PORT  --unix PATH  --connect ADDRESS:PORT  --log PATH  --workers N  --title NAME  --port N (means nothing)
# --ask ADDRESS:PORT asks a web server all the time.
#
# SIGHUP starts its workers anew. A command of one word and a value in the file CONTROL does one thing more on SIGUSR1.
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::UNIX;

$| = 1;
my (@listen, @unix, @connect, @kept, @ends, @workers, $memory);
my ($log, $count, $title, $ask, $asked) = ('', 0, 'service', '', 0);
my $control = $ENV{CONTROL} // '';
while (defined(my $option = shift @ARGV)) {
    my $value = shift @ARGV;
    if    ($option eq '--listen')  { push @listen,  $value }
    elsif ($option eq '--unix')    { push @unix,    $value }
    elsif ($option eq '--connect') { push @connect, $value }
    elsif ($option eq '--log')     { $log   = $value }
    elsif ($option eq '--workers') { $count = $value }
    elsif ($option eq '--title')   { $title = $value }
    elsif ($option eq '--ask')     { $ask   = $value }
}
for my $end (@listen) {
    push @ends, IO::Socket::INET->new(LocalAddr => $end, Listen => 64, ReuseAddr => 1, Blocking => 0) // die "$end: $@";
}
for my $path (@unix) {
    unlink $path;
    push @kept, IO::Socket::UNIX->new(Local => $path, Listen => 1) // die "$path: $!";
}
my $out;
if ($log) {
    open $out, '>>', $log or die "$log: $!";
    $out->autoflush(1);
    my @now = gmtime;
    printf {$out} "%d-%02d-%02dT%02d:%02d:%02dZ INFO started\n", $now[5] + 1900, $now[4] + 1, @now[3, 2, 1, 0];
}
for my $end (@connect) {
    push @kept, IO::Socket::INET->new(PeerAddr => $end, Timeout => 5) // die "$end: $@";
}

# Starts a process and waits until it is what it is to be: it closes the pipe, or a program that it becomes does.
sub started {
    my ($be) = @_;
    pipe my $read, my $write or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        close $read;
        $be->($write);
        die 'it ended';
    }
    close $write;
    # A signal may end the reading too soon.
    my $end;
    do { $end = sysread $read, my $nothing, 1 } until defined $end;
    return $pid;
}
sub worker {
    return started(sub {
        my ($pipe) = @_;
        $SIG{HUP} = $SIG{USR1} = 'IGNORE';
        $SIG{TERM} = 'DEFAULT';
        $0 = "$title: worker process";
        close $pipe;
        sleep 600 while 1;
    });
}
sub told {
    open my $file, '>', "$control.done" or die "$control.done: $!";
    close $file;
}

my @to_do;
$SIG{HUP}  = sub { push @to_do, 'reload' };
$SIG{USR1} = sub { push @to_do, 'control' };
@workers = map { worker() } 1 .. $count;
told();
while (1) {
    # Who connected is let in, and stays.
    for my $end (@ends) { while (my $client = $end->accept) { push @kept, $client } }
    if ($ask) {
        my $server = IO::Socket::INET->new(PeerAddr => $ask, Timeout => 5) // next;
        print {$server} 'GET /', ++$asked % 3 ? 'shop.conf' : "page-$asked", " HTTP/1.0\r\nHost: shop\r\n\r\n";
        1 while <$server>;
        select undef, undef, undef, 0.003;
    }
    # A signal that came before it is seen within the second.
    sleep 1 unless @to_do or $ask;
    while (my $work = shift @to_do) {
        my ($word, $value) = ('workers', scalar @workers);
        if ($work eq 'control') {
            open my $file, '<', $control or die "$control: $!";
            ($word, $value) = split ' ', scalar <$file>, 2;
            chomp $value;
        }
        if ($word eq 'workers' and $work eq 'reload') {
            kill 'TERM', @workers;
            waitpid $_, 0 for @workers;
            @workers = map { worker() } 1 .. $value;
        }
        elsif ($word eq 'workers') { push @workers, worker() while @workers < $value }
        elsif ($word eq 'replace') {
            my $gone = pop @workers;
            kill 'TERM', $gone;
            waitpid $gone, 0;
            push @workers, worker();
        }
        elsif ($word eq 'open')   { for (1 .. $value) { open my $file, '<', '/dev/null' or die $!; push @kept, $file } }
        elsif ($word eq 'memory') { $memory = 'x' x ($value << 20) }
        elsif ($word eq 'log')    { print {$out} "$value\n" for 1 .. 3 }
        elsif ($word eq 'listen') { push @kept, IO::Socket::INET->new(LocalAddr => $value, Listen => 1) // die "$value: $@" }
        elsif ($word eq 'connect') { push @kept, IO::Socket::INET->new(PeerAddr => $value, Timeout => 5) // die "$value: $@" }
        elsif ($word eq 'spawn')  { started(sub { exec 'perl', '-e', 'sleep 600', $value or die $! }) }
        told();
    }
}
