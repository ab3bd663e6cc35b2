/* The machine that the fake NVML shows: its GPUs, their waveform, and the file that says so.
 *
 * Included by fake_nvml.c alone; all of it is guarded by `lock`.
 */
#ifndef FAKE_MACHINE_H
#define FAKE_MACHINE_H

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { MAX_GPUS = 64, MAX_FAULTS = 64, MAX_LIST = 8, TEXT = 96 };
enum { CHECK_CONFIG_NS = 2000000 };

struct process { unsigned pid; unsigned long long memory_bytes; int busy_percent; };

struct gpu {
    char name[TEXT], uuid[TEXT], pci[TEXT], mig[MAX_LIST][TEXT];
    double low_w, high_w, period_s, phase_s, refresh_s, refresh_phase_s;
    double average_window_s, instant_window_s, usage_window_s, counter_start_j, reset_at_s;
    double limit_w, module_extra_w;
    int gpu_scope, module_scope;
    int architecture, counter, average, instant, usage, utilization, mig_count, process_count;
    unsigned long long memory_bytes, memory_used_bytes;
    struct process processes[MAX_LIST];
};

/* A call that fails on command. */
struct fault { char what[TEXT]; int gpu, code, every; double from_s, to_s; long calls; };

struct config {
    char driver[TEXT], nvml[TEXT];
    int cuda, init_error, gpu_count, fault_count;
    double init_hang_s, call_delay_s;
    int64_t epoch_ns;
    struct gpu gpus[MAX_GPUS];
    struct fault faults[MAX_FAULTS];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct config config;
static struct stat seen;
static int64_t checked_ns, loaded_ns;

/* ---- time and waveform ------------------------------------------------------------- */

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void sleep_s(double s) {
    struct timespec t = {(time_t)s, (long)((s - floor(s)) * 1e9)};
    if (s > 0) nanosleep(&t, NULL);
}

__attribute__((constructor)) static void remember_load(void) { loaded_ns = now_ns(); }

static double elapsed_s(void) { return (double)(now_ns() - config.epoch_ns) / 1e9; }

/* Energy of the first s seconds of the wave: half a period high, half a period low. */
static double wave_j(const struct gpu *g, double s) {
    double cycles = floor(s / g->period_s), rest = s - cycles * g->period_s;
    double half = g->period_s / 2, high = fmin(rest, half), low = fmax(rest - half, 0);
    return (cycles * half + high) * g->high_w + (cycles * half + low) * g->low_w;
}

static double energy_j(const struct gpu *g, double t) {
    return wave_j(g, t + g->phase_s) - wave_j(g, g->phase_s);
}

/* When what is shown at t was published. */
static double published_s(const struct gpu *g, double t) {
    if (g->refresh_s <= 0) return t;
    return floor((t - g->refresh_phase_s) / g->refresh_s) * g->refresh_s + g->refresh_phase_s;
}

static unsigned long long counter_mj(const struct gpu *g) {
    double p = published_s(g, elapsed_s()), j = g->counter_start_j + energy_j(g, p);
    if (g->reset_at_s > 0 && p >= g->reset_at_s) j = energy_j(g, p) - energy_j(g, g->reset_at_s);
    return j > 0 ? (unsigned long long)(j * 1e3) : 0;
}

static unsigned power_mw(const struct gpu *g, double window_s) {
    double p = published_s(g, elapsed_s());
    return (unsigned)lround((energy_j(g, p) - energy_j(g, p - window_s)) / window_s * 1e3);
}

/* ---- configuration ----------------------------------------------------------------- */

static void set_text(char *to, const char *from) { snprintf(to, TEXT, "%s", from); }

static void add_mig(struct gpu *g, const char *uuid) {
    if (g->mig_count < MAX_LIST) set_text(g->mig[g->mig_count++], uuid);
}

static void add_process(struct gpu *g, const char *text) {
    struct process p = {0, 0, -1};
    if (sscanf(text, "%u:%llu:%d", &p.pid, &p.memory_bytes, &p.busy_percent) >= 2 &&
        g->process_count < MAX_LIST)
        g->processes[g->process_count++] = p;
}

static void add_fault(const char *text) {
    struct fault f = {.to_s = 1e18};
    if (sscanf(text, "%95[^,],%d,%d,%lf,%lf,%d", f.what, &f.gpu, &f.code, &f.from_s, &f.to_s,
               &f.every) == 6 && config.fault_count < MAX_FAULTS)
        config.faults[config.fault_count++] = f;
}

static void set_gpu(struct gpu *g, const char *key, const char *value) {
    const struct { const char *key; double *to; } numbers[] = {
        {"low_w", &g->low_w}, {"high_w", &g->high_w}, {"period_s", &g->period_s},
        {"phase_s", &g->phase_s}, {"refresh_s", &g->refresh_s},
        {"refresh_phase_s", &g->refresh_phase_s}, {"average_window_s", &g->average_window_s},
        {"instant_window_s", &g->instant_window_s}, {"usage_window_s", &g->usage_window_s},
        {"counter_start_j", &g->counter_start_j}, {"reset_at_s", &g->reset_at_s},
        {"limit_w", &g->limit_w}, {"module_extra_w", &g->module_extra_w}};
    const struct { const char *key; int *to; } integers[] = {
        {"gpu_scope", &g->gpu_scope}, {"module_scope", &g->module_scope},
        {"architecture", &g->architecture}, {"counter", &g->counter}, {"average", &g->average},
        {"instant", &g->instant}, {"usage", &g->usage}, {"utilization", &g->utilization}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!strcmp(key, numbers[i].key)) *numbers[i].to = atof(value);
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (!strcmp(key, integers[i].key)) *integers[i].to = atoi(value);
    if (!strcmp(key, "name")) set_text(g->name, value);
    if (!strcmp(key, "uuid")) set_text(g->uuid, value);
    if (!strcmp(key, "pci_bus_id")) set_text(g->pci, value);
    if (!strcmp(key, "mig")) add_mig(g, value);
    if (!strcmp(key, "process")) add_process(g, value);
    if (!strcmp(key, "memory_bytes")) g->memory_bytes = strtoull(value, NULL, 10);
    if (!strcmp(key, "memory_used_bytes")) g->memory_used_bytes = strtoull(value, NULL, 10);
}

static void set_library(const char *key, const char *value) {
    if (!strcmp(key, "driver_version")) set_text(config.driver, value);
    if (!strcmp(key, "nvml_version")) set_text(config.nvml, value);
    if (!strcmp(key, "cuda_version")) config.cuda = atoi(value);
    if (!strcmp(key, "init_error")) config.init_error = atoi(value);
    if (!strcmp(key, "init_hang_s")) config.init_hang_s = atof(value);
    if (!strcmp(key, "call_delay_s")) config.call_delay_s = atof(value);
    if (!strcmp(key, "epoch_ns")) config.epoch_ns = strtoll(value, NULL, 10);
    if (!strcmp(key, "fault")) add_fault(value);
}

static void parse(FILE *file) {
    char line[512], *value;
    struct gpu *g = NULL;
    memset(&config, 0, sizeof config);
    config.epoch_ns = loaded_ns;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (!strcmp(line, "[gpu]") && config.gpu_count < MAX_GPUS)
            g = &config.gpus[config.gpu_count++];
        if (!(value = strchr(line, '='))) continue;
        *value++ = 0;
        if (g) set_gpu(g, line, value);
        else set_library(line, value);
    }
}

/* Read the file again if it changed; an unset or absent file means no GPUs. */
static void load(int always) {
    struct stat found;
    const char *path = getenv("FAKE_NVML_CONFIG");
    FILE *file;
    checked_ns = now_ns();
    if (!path || stat(path, &found)) { memset(&config, 0, sizeof config); return; }
    if (!always && found.st_ino == seen.st_ino && found.st_mtim.tv_sec == seen.st_mtim.tv_sec &&
        found.st_mtim.tv_nsec == seen.st_mtim.tv_nsec) return;
    if (!(file = fopen(path, "r"))) return;
    parse(file);
    fclose(file);
    seen = found;
}

#endif
