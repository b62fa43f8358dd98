/* The progress bar, Ctrl-C, and the library's log messages. */
#include "cli/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/system.h"

/* A bar is shown for what takes longer than this, and redrawn this often (milliseconds). */
#define SHOW_AFTER 500
#define REDRAW_EVERY 100
#define BAR_WIDTH 30
/* Layers of an image that are shown at a time. */
#define LAYER_LINES 8

/* The signal that asked the program to end, or 0. */
static volatile sig_atomic_t interrupted;

typedef struct progress_bar {
    bool terminal;
    bool shown;
    int64_t started;
    int64_t drawn;
    wcl_layer_reader *source;
    uint64_t total;
    bool layered; /* the layers of an image have a line each */
    int lines;    /* that are shown, besides the one the cursor is in */
} progress_bar;

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void draw_bar(uint64_t done, uint64_t total)
{
    int filled =
        total == 0 || done >= total ? BAR_WIDTH : (int)((double)done * BAR_WIDTH / (double)total);

    fputc('[', stderr);
    for (int i = 0; i < BAR_WIDTH; i++)
        fputc(i < filled ? '#' : '.', stderr);
    fputc(']', stderr);
}

static void draw(progress_bar *bar, const wcl_progress *progress)
{
    uint64_t done = bar->source ? wcl_tar_reader_consumed(bar->source) : progress->done;
    uint64_t total = bar->total ? bar->total : progress->total;
    double megabytes = (double)done / 1e6;

    fprintf(stderr, "\r%s ", progress->operation ? progress->operation : "");
    if (total) {
        draw_bar(done, total);
        fprintf(stderr, " %3d %% ", (int)((double)done * 100 / (double)total));
    }
    fprintf(stderr, "%.0f MB, %llu entries\033[K", megabytes,
            (unsigned long long)progress->entries);
    bar->shown = true;
}

/* ---- Layers of an image ---------------------------------------------------------------------- */

static void draw_layer(const wcl_transfer *layer)
{
    fprintf(stderr, "%.19s ", layer->digest);
    draw_bar(layer->done, layer->total);
    fprintf(stderr,
            layer->state == WCL_TRANSFER_STORING ? " storing\033[K\n" : " %.1f of %.1f MB\033[K\n",
            (double)layer->done / 1e6, (double)layer->total / 1e6);
}

/* Goes up to the first line that is shown. */
static void rewind_lines(progress_bar *bar)
{
    if (bar->lines)
        fprintf(stderr, "\033[%dA", bar->lines);
    bar->lines = 0;
    fputc('\r', stderr);
}

void cli_draw_layers(void *context, const wcl_transfer *layers, size_t count)
{
    cli *cli = context;
    progress_bar *bar = cli->bar;
    uint64_t done = 0, total = 0;
    size_t finished = 0;

    if (!bar || !bar->terminal || cli->quiet)
        return;
    bar->layered = true;
    if (milliseconds() - bar->started < SHOW_AFTER)
        return;
    rewind_lines(bar);
    for (size_t i = 0; i < count; i++) {
        bool moves =
            layers[i].state == WCL_TRANSFER_RUNNING || layers[i].state == WCL_TRANSFER_STORING;
        if (moves && bar->lines < LAYER_LINES) {
            draw_layer(&layers[i]);
            bar->lines++;
        }
        done += layers[i].done;
        total += layers[i].total;
        finished += layers[i].state == WCL_TRANSFER_DONE || layers[i].state == WCL_TRANSFER_PRESENT;
    }
    fprintf(stderr, "%zu of %zu layers       ", finished, count);
    draw_bar(done, total);
    fprintf(stderr, " %.1f of %.1f MB\033[K\033[J", (double)done / 1e6, (double)total / 1e6);
    bar->shown = true;
}

bool cli_interrupted(void)
{
    if (interrupted)
        cli_system_end_begins();
    return interrupted != 0;
}

static bool on_progress(void *context, const wcl_progress *progress)
{
    cli *cli = context;
    progress_bar *bar = cli->bar;

    if (bar && bar->terminal && !cli->quiet && !bar->layered) {
        int64_t now = milliseconds();
        if (now - bar->started >= SHOW_AFTER && now - bar->drawn >= REDRAW_EVERY) {
            bar->drawn = now;
            draw(bar, progress);
        }
    }
    return cli_interrupted();
}

static void on_log(void *context, wcl_log_level level, const char *message)
{
    cli *cli = context;

    if (cli->quiet ? level > WCL_LOG_ERROR : (int)level > WCL_LOG_WARNING + cli->verbose)
        return;
    cli_progress_done(cli);
    cli_say("wcl: %s%s", level == WCL_LOG_WARNING ? "warning: " : "", message);
}

static void on_signal(int signal_number)
{
    interrupted = signal_number;
}

int cli_signal(void)
{
    return interrupted;
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
    if (cli->bar && cli->bar->shown) {
        rewind_lines(cli->bar);
        fprintf(stderr, "\033[J");
    }
    if (cli->bar)
        cli->bar->shown = false;
}

void cli_progress_start(cli *cli)
{
    cli_system_watch(on_signal);
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
