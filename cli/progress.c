/* The progress bar, Ctrl-C, and the library's log messages. */
#include "cli/progress.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* A bar is shown for what takes longer than this, and redrawn this often (milliseconds). */
#define SHOW_AFTER 500
#define REDRAW_EVERY 100
#define BAR_WIDTH 30

static volatile sig_atomic_t interrupted;

typedef struct progress_bar {
    bool terminal;
    bool shown;
    int64_t started;
    int64_t drawn;
    wcl_layer_reader *source;
    uint64_t total;
} progress_bar;

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void draw(progress_bar *bar, const wcl_progress *progress)
{
    uint64_t done = bar->source ? wcl_tar_reader_consumed(bar->source) : progress->done;
    uint64_t total = bar->total ? bar->total : progress->total;
    double megabytes = (double)done / 1e6;

    fprintf(stderr, "\r%s ", progress->operation ? progress->operation : "");
    if (total) {
        int filled = done >= total ? BAR_WIDTH : (int)((double)done * BAR_WIDTH / (double)total);
        fputc('[', stderr);
        for (int i = 0; i < BAR_WIDTH; i++)
            fputc(i < filled ? '#' : '.', stderr);
        fprintf(stderr, "] %3d %% ", (int)((double)done * 100 / (double)total));
    }
    fprintf(stderr, "%.0f MB, %llu entries\033[K", megabytes,
            (unsigned long long)progress->entries);
    bar->shown = true;
}

static bool on_progress(void *context, const wcl_progress *progress)
{
    cli *cli = context;
    progress_bar *bar = cli->bar;

    if (bar && bar->terminal && !cli->quiet) {
        int64_t now = milliseconds();
        if (now - bar->started >= SHOW_AFTER && now - bar->drawn >= REDRAW_EVERY) {
            bar->drawn = now;
            draw(bar, progress);
        }
    }
    return interrupted != 0;
}

static void on_log(void *context, wcl_log_level level, const char *message)
{
    cli *cli = context;

    if (cli->quiet ? level > WCL_LOG_ERROR : (int)level > WCL_LOG_WARNING + cli->verbose)
        return;
    cli_progress_done(cli);
    fprintf(stderr, "wcl: %s%s\n", level == WCL_LOG_WARNING ? "warning: " : "", message);
}

static void on_signal(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

bool cli_interrupted(void)
{
    return interrupted != 0;
}

void cli_progress_source(cli *cli, wcl_layer_reader *tar_reader, uint64_t total)
{
    if (!cli->bar)
        return;
    cli->bar->source = tar_reader;
    cli->bar->total = total;
}

void cli_progress_total(cli *cli, uint64_t total)
{
    if (cli->bar)
        cli->bar->total = total;
}

void cli_progress_done(cli *cli)
{
    if (cli->bar && cli->bar->shown)
        fprintf(stderr, "\r\033[K");
    if (cli->bar)
        cli->bar->shown = false;
}

void cli_progress_start(cli *cli)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = 0 };

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    cli->hooks = (wcl_hooks) {
        .struct_size = sizeof(wcl_hooks), .context = cli, .log = on_log, .progress = on_progress
    };
    cli->bar = calloc(1, sizeof(*cli->bar));
    if (cli->bar) {
        cli->bar->terminal = isatty(STDERR_FILENO) == 1;
        cli->bar->started = milliseconds();
    }
}

void cli_progress_stop(cli *cli)
{
    cli_progress_done(cli);
    free(cli->bar);
    cli->bar = NULL;
}
