/* Plays Asterisk to a FastAGI server and times it: the load of benchmarks/wire.

   cc -O2 -o load load.c -lm && ./load --port 4573 --mode closed --callers 50 --seconds 5

   Modes: closed (N callers, each calls again when its call ends), open (calls a second, Poisson, timed from when they were due),
   hold (N callers come at once, and their command number HOLD is never answered). Any legal command gets a legal answer; keys are
   pressed where a command takes them, one after the other from --keys; who has none left hangs up when a key is waited for. One JSON object on stdout, times in microseconds.
   Only loopback addresses are called; callers come from many of them, so that no port is used twice at a time. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 8192, KEYS = 64, BUCKETS = 4000, ENVIRONMENT = 2048 };

typedef struct { uint64_t count[BUCKETS], n; double longest; } Times;      /* logarithmic buckets, 1 % apart, from 0.1 us */
typedef struct Call {
    int fd, used, commands, key, gone, due_at;                             /* due_at: place in the heap of answers, -1 when none */
    double began, answered;                                                /* when it was due; when our last answer went out */
    char line[LINE];
    char answer[96];
} Call;

static struct { const char *mode, *keys, *number, *script; int port, callers, hold; double rate, seconds, delay; unsigned seed; } want = {
    "closed", "", "800196003", "", 4573, 50, 4, 200, 5, 0, 1 };
static Times think, setup, whole;
static uint64_t calls, failed, commands, refused;
static int up, most_up, queue = -1;
static double start, idle;
static char environment[ENVIRONMENT];
static FILE *record;
static Call **heap;
static int waiting;

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e6 + t.tv_nsec / 1e3; }
static void fail(const char *what) { fprintf(stderr, "load: %s\n", what); exit(2); }

static void took(Times *times, double us) {
    int bucket = us < 0.1 ? 0 : (int)(log(us / 0.1) / log(1.01));
    times->count[bucket >= BUCKETS ? BUCKETS - 1 : bucket]++;
    times->n++;
    if (us > times->longest) times->longest = us;
}

static double quantile(const Times *times, double share) {
    uint64_t seen = 0, rank = (uint64_t)ceil(times->n * share);
    for (int bucket = 0; bucket < BUCKETS; bucket++)
        if ((seen += times->count[bucket]) >= rank && rank) return 0.1 * pow(1.01, bucket + 0.5);
    return 0;
}

/* The answers that are due later, soonest first. */
static void place(Call *call, int at) { heap[at] = call; call->due_at = at; }
static void sift(int at) {
    Call *call = heap[at];
    for (; at && heap[(at - 1) / 2]->answered > call->answered; at = (at - 1) / 2) place(heap[(at - 1) / 2], at);
    for (int child; (child = 2 * at + 1) < waiting; at = child) {
        if (child + 1 < waiting && heap[child + 1]->answered < heap[child]->answered) child++;
        if (heap[child]->answered >= call->answered) break;
        place(heap[child], at);
    }
    place(call, at);
}
static void later(Call *call, double at) { call->answered = at; place(call, waiting++); sift(call->due_at); }
static void unplan(Call *call) {
    int at = call->due_at;
    if (at < 0) return;
    call->due_at = -1;
    if (at == --waiting) return;
    place(heap[waiting], at);
    sift(at);
}

static int over(void) { return now() - start > want.seconds * 1e6; }

static void dial(double due) {
    static uint32_t caller;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    if (fd < 0) fail("no more sockets: raise the limit of open files");
    Call *call = calloc(1, sizeof *call);
    call->fd = fd;
    call->began = due;
    call->due_at = -1;
    struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001 + (caller++ % 200)) };
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(want.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (bind(fd, (struct sockaddr *)&own, sizeof own) || (connect(fd, (struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS))
        fail("the server cannot be called");
    struct epoll_event event = { .events = EPOLLOUT, .data.ptr = call };
    epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event);
    if (++up > most_up) most_up = up;
}

static void done(Call *call, int well) {
    unplan(call);
    close(call->fd);
    free(call);
    up--;
    if (well) calls++; else failed++;
    if (!strcmp(want.mode, "closed") && !over()) dial(now());
}

static int word(const char *line, const char *begins) { return !strncasecmp(line, begins, strlen(begins)); }

/* The key the caller presses now, as its ASCII code; 0 when none is left. */
static int press(Call *call) { return want.keys[call->key] ? want.keys[call->key++] : 0; }

/* Whether a playing command's last argument, its keys, is more than "". */
static int takes_keys(const char *line) { const char *last = strrchr(line, ' '); return last && strcmp(last + 1, "\"\""); }

static void reply(Call *call, const char *line) {
    char *out = call->answer;
    int key = 0;
    if (call->gone && !word(line, "SET VARIABLE") && !word(line, "GET ")) strcpy(out, "511 Command Not Permitted on a dead channel or intercept routine\n");
    else if (word(line, "STREAM FILE") || word(line, "CONTROL STREAM") || word(line, "GET OPTION"))
        sprintf(out, "200 result=%d endpos=800000\n", takes_keys(line) ? (key = press(call)) : 0);
    else if (word(line, "WAIT FOR DIGIT")) {
        if ((key = press(call))) sprintf(out, "200 result=%d\n", key);
        else { strcpy(out, "HANGUP\n200 result=-1\n"); call->gone = 1; }
    }
    else if (word(line, "GET DATA")) { key = press(call); sprintf(out, key ? "200 result=%c\n" : "200 result= (timeout)\n", key); }
    else if (word(line, "GET VARIABLE CALLERID") || word(line, "GET VARIABLE \"CALLERID")) strcpy(out, "200 result=1 (3331234567)\n");
    else if (word(line, "GET VARIABLE") || word(line, "GET FULL")) strcpy(out, "200 result=0\n");
    else if (word(line, "SET VARIABLE") || word(line, "SET CALLERID") || word(line, "VERBOSE") || word(line, "HANGUP")) strcpy(out, "200 result=1\n");
    else if (word(line, "ANSWER") || word(line, "NOOP") || word(line, "EXEC") || word(line, "SAY") || word(line, "SET ")) strcpy(out, "200 result=0\n");
    else if (word(line, "CHANNEL STATUS")) strcpy(out, "200 result=6\n");
    else strcpy(out, "510 Invalid or unknown command\n");
}

static int send_answer(Call *call) {
    size_t length = strlen(call->answer);
    call->answered = now();
    return send(call->fd, call->answer, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* One line from the server; 0 when the call is over by our fault or its. */
static int take(Call *call, const char *line) {
    double at = now();
    if (call->due_at >= 0) return 0;                                       /* a second command while one is running */
    took(call->commands ? &think : &setup, at - (call->commands ? call->answered : call->began));
    call->commands++;
    commands++;
    if (record) fprintf(record, "%s\n", line);
    if (!strcmp(want.mode, "hold") && call->commands == want.hold) { return 1; }
    reply(call, line);
    if (!strncmp(call->answer, "510", 3)) return 0;
    if (want.delay > 0) { later(call, at + want.delay * 1e3); return 1; }
    return send_answer(call);
}

static void readable(Call *call) {
    for (;;) {
        ssize_t got = recv(call->fd, call->line + call->used, LINE - 1 - call->used, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) {                                                    /* the server ends a call by closing */
            took(&whole, now() - call->began);
            if (record) { fclose(record); record = NULL; }
            done(call, got == 0 && call->commands > 0);
            return;
        }
        call->used += got;
        char *begin = call->line, *end;
        while ((end = memchr(begin, '\n', call->line + call->used - begin))) {
            *end = 0;
            if (!take(call, begin)) { done(call, 0); return; }
            begin = end + 1;
        }
        call->used -= begin - call->line;
        memmove(call->line, begin, call->used);
        if (call->used >= LINE - 1) { done(call, 0); return; }
    }
}

static void connected(Call *call) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(call->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) { refused++; done(call, 0); return; }
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = call };
    epoll_ctl(queue, EPOLL_CTL_MOD, call->fd, &event);
    char text[ENVIRONMENT];
    static unsigned long serial;
    int length = snprintf(text, sizeof text, environment, ++serial);
    if (send(call->fd, text, length, MSG_NOSIGNAL) != length) done(call, 0);
}

static void describe(void) {
    snprintf(environment, sizeof environment,
        "agi_network: yes\nagi_network_script: %s\nagi_request: agi://127.0.0.1/%s\nagi_channel: PJSIP/trunk-%%1$08lx\nagi_language: it\nagi_type: PJSIP\n"
        "agi_uniqueid: 1700000000.%%1$lu\nagi_version: 22.10.1\nagi_callerid: 3331234567\nagi_calleridname: unknown\nagi_callingpres: 0\nagi_callingani2: 0\n"
        "agi_callington: 0\nagi_callingtns: 0\nagi_dnid: %s\nagi_rdnis: unknown\nagi_context: from-trunk\nagi_extension: %s\nagi_priority: 3\n"
        "agi_enhanced: 0.0\nagi_accountcode: \nagi_threadid: 140000000000000\n\n", want.script, want.script, want.number, want.number);
}

static void print(const char *name, const Times *times, const char *end) {
    printf("\"%s\": {\"n\": %lu, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, \"p999\": %.1f, \"max\": %.1f}%s", name, (unsigned long)times->n,
        quantile(times, .5), quantile(times, .9), quantile(times, .99), quantile(times, .999), times->longest, end);
}

static void options(int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (!strcmp(name, "--port")) want.port = atoi(value);
        else if (!strcmp(name, "--mode")) want.mode = value;
        else if (!strcmp(name, "--callers")) want.callers = atoi(value);
        else if (!strcmp(name, "--rate")) want.rate = atof(value);
        else if (!strcmp(name, "--seconds")) want.seconds = atof(value);
        else if (!strcmp(name, "--delay-ms")) want.delay = atof(value);
        else if (!strcmp(name, "--keys")) want.keys = value;
        else if (!strcmp(name, "--number")) want.number = value;
        else if (!strcmp(name, "--script")) want.script = value;
        else if (!strcmp(name, "--hold")) want.hold = atoi(value);
        else if (!strcmp(name, "--seed")) want.seed = atoi(value);
        else if (!strcmp(name, "--record")) { if (!(record = fopen(value, "w"))) fail("the record cannot be written"); }
        else fail("unknown option");
    }
    if (argc % 2 == 0) fail("every option has a value");
    if (want.seconds > 3600 || want.callers > 20000 || want.rate > 100000) fail("3600 seconds, 20000 callers, 100000 calls a second at most");
}

int main(int argc, char **argv) {
    options(argc, argv);
    describe();
    struct rlimit files = { 65536, 65536 };
    if (setrlimit(RLIMIT_NOFILE, &files)) { getrlimit(RLIMIT_NOFILE, &files); files.rlim_cur = files.rlim_max; setrlimit(RLIMIT_NOFILE, &files); }
    queue = epoll_create1(0);
    heap = calloc(200000, sizeof *heap);
    srand48(want.seed);
    start = now();
    int opens = !strcmp(want.mode, "open"), holds = !strcmp(want.mode, "hold");
    double next = start;
    if (!opens) for (int i = 0; i < want.callers; i++) dial(now());
    double grace = start + want.seconds * 1e6 + 30e6;                      /* calls in progress end well within */
    while ((!over() || (up && !holds)) && now() < grace) {
        double at = now(), until = at + 100e3;
        if (opens && !over()) {
            for (; next <= at; next += -log(1 - drand48()) / want.rate * 1e6) dial(next);
            if (next < until) until = next;
        }
        while (waiting && heap[0]->answered <= at) { Call *call = heap[0]; unplan(call); if (!send_answer(call)) done(call, 0); }
        if (waiting && heap[0]->answered < until) until = heap[0]->answered;
        struct epoll_event events[512];
        double before = now();
        int wait_ms = until - before >= 1000 ? (int)((until - before) / 1000) : 0, n = epoll_wait(queue, events, 512, wait_ms);
        idle += now() - before;
        for (int i = 0; i < n; i++) {
            Call *call = events[i].data.ptr;
            if (events[i].events & EPOLLOUT || (events[i].events & (EPOLLERR | EPOLLHUP) && !call->commands && !(events[i].events & EPOLLIN))) connected(call);
            else readable(call);
        }
    }
    double seconds = (now() - start) / 1e6;
    printf("{\"mode\": \"%s\", \"callers\": %d, \"seconds\": %.3f, \"calls\": %lu, \"failed\": %lu, \"refused\": %lu, \"unfinished\": %d, \"most_up\": %d, \"commands\": %lu, "
        "\"calls_per_s\": %.1f, \"generator_busy\": %.3f, ", want.mode, want.callers, seconds, (unsigned long)calls, (unsigned long)failed, (unsigned long)refused, up, most_up,
        (unsigned long)commands, calls / seconds, 1 - idle / 1e6 / seconds);
    print("think_us", &think, ", ");
    print("setup_us", &setup, ", ");
    print("session_us", &whole, "}\n");
    fflush(stdout);
    if (holds) { char line[8]; if (!fgets(line, sizeof line, stdin)) return 0; }  /* callers stay until told to go */
    return 0;
}
