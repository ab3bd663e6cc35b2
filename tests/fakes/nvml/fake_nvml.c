/* A stand-in for NVIDIA's libnvidia-ml.so.1: GPUs whose power is a known waveform.
 *
 * It answers the functions of NVML that the tracker calls, from a text file named by
 * FAKE_NVML_CONFIG (written by fakes.nvml.FakeNvml, which explains the keys). The file is
 * read at every nvmlInit and whenever it changes. What a GPU publishes (counter, powers)
 * moves only every refresh_s, at a phase of the GPU's own, like the hardware's; the
 * integral of the waveform is exact and waveform.py computes the same in Python.
 */
#define _GNU_SOURCE
#include <strings.h>

#include "fake_machine.h"

enum {
    SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7
};
enum { FIELD_ENERGY = 83, FIELD_POWER_AVERAGE = 185, FIELD_POWER_INSTANT = 186,
       FIELD_ENERGY_SAME = 191 };
enum { SCOPE_GPU = 0, SCOPE_MODULE = 1 };
enum { VALUE_UNSIGNED_INT = 1, VALUE_UNSIGNED_LONG_LONG = 3 };

typedef int nvmlReturn_t;

/* What a handle points to: a GPU, or one of its MIG instances. */
struct device { int gpu; int mig; };

static struct device handles[MAX_GPUS][MAX_LIST + 1];
static int users;

/* ---- entering and leaving a call --------------------------------------------------- */

static int fault_of(const char *what, int gpu) {
    double t = elapsed_s();
    for (int i = 0; i < config.fault_count; i++) {
        struct fault *f = &config.faults[i];
        if (strcmp(f->what, what) || (f->gpu >= 0 && f->gpu != gpu)) continue;
        if (t >= f->from_s && t < f->to_s && f->calls++ % f->every == f->every - 1) return f->code;
    }
    return SUCCESS;
}

/* Takes the lock; the caller unlocks, whatever the answer is. */
static nvmlReturn_t enter(const char *what, int gpu) {
    double delay_s;
    pthread_mutex_lock(&lock);
    if (now_ns() - checked_ns > CHECK_CONFIG_NS) load(0);
    delay_s = config.call_delay_s;
    if (delay_s > 0) {
        pthread_mutex_unlock(&lock);
        sleep_s(delay_s);
        pthread_mutex_lock(&lock);
    }
    if (!users) return UNINITIALIZED;
    if (gpu >= config.gpu_count) return INVALID_ARGUMENT;
    return fault_of(what, gpu);
}

static nvmlReturn_t leave(nvmlReturn_t code) {
    pthread_mutex_unlock(&lock);
    return code;
}

static nvmlReturn_t copy_text(char *to, unsigned size, const char *from) {
    if (strlen(from) >= size) return INSUFFICIENT_SIZE;
    memcpy(to, from, strlen(from) + 1);
    return SUCCESS;
}

/* The body of a function about the library, and of one about a GPU `g`. */
#define LIBRARY(body) \
    nvmlReturn_t code = enter(__func__, -1); \
    if (code == SUCCESS) code = (body); \
    return leave(code)
#define GPU(body) \
    if (!handle) return INVALID_ARGUMENT; \
    nvmlReturn_t code = enter(__func__, handle->gpu); \
    const struct gpu *g = &config.gpus[handle->gpu]; \
    (void)g; \
    if (code == SUCCESS) code = (body); \
    return leave(code)

/* ---- the library ------------------------------------------------------------------- */

nvmlReturn_t nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    pthread_mutex_lock(&lock);
    load(1);
    double hang_s = config.init_hang_s;
    nvmlReturn_t code = config.init_error;
    if (code == SUCCESS) users++;
    pthread_mutex_unlock(&lock);
    sleep_s(hang_s);
    return code;
}

nvmlReturn_t nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
nvmlReturn_t nvmlInit(void) { return nvmlInitWithFlags(0); }

nvmlReturn_t nvmlShutdown(void) {
    nvmlReturn_t code = enter("nvmlShutdown", -1);
    if (users) users--;
    return leave(code);
}

const char *nvmlErrorString(nvmlReturn_t code) {
    switch (code) {
    case SUCCESS: return "Success";
    case UNINITIALIZED: return "Uninitialized";
    case INVALID_ARGUMENT: return "Invalid Argument";
    case NOT_SUPPORTED: return "Not Supported";
    case 4: return "Insufficient Permissions";
    case NOT_FOUND: return "Not Found";
    case 9: return "Driver Not Loaded";
    case 15: return "GPU is lost";
    case 18: return "Driver/library version mismatch";
    default: return "Unknown Error";
    }
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *to, unsigned size) {
    LIBRARY(copy_text(to, size, config.driver));
}
nvmlReturn_t nvmlSystemGetNVMLVersion(char *to, unsigned size) {
    LIBRARY(copy_text(to, size, config.nvml));
}
nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *to) { LIBRARY((*to = config.cuda, SUCCESS)); }
nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *to) { LIBRARY((*to = config.cuda, SUCCESS)); }
nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *to) {
    LIBRARY((*to = (unsigned)config.gpu_count, SUCCESS));
}

/* ---- handles ----------------------------------------------------------------------- */

static struct device *handle_of(int gpu, int mig) {
    struct device *d = &handles[gpu][mig + 1];
    d->gpu = gpu;
    d->mig = mig;
    return d;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **to) {
    nvmlReturn_t code = enter(__func__, (int)index);
    if (code == SUCCESS) *to = handle_of((int)index, -1);
    return leave(code);
}

static nvmlReturn_t find_uuid(const char *uuid, struct device **to) {
    for (int i = 0; i < config.gpu_count; i++) {
        const struct gpu *g = &config.gpus[i];
        if (!strcmp(g->uuid, uuid)) return *to = handle_of(i, -1), SUCCESS;
        for (int m = 0; m < g->mig_count; m++)
            if (!strcmp(g->mig[m], uuid)) return *to = handle_of(i, m), SUCCESS;
    }
    return NOT_FOUND;
}

static nvmlReturn_t find_pci(const char *pci, struct device **to) {
    for (int i = 0; i < config.gpu_count; i++)
        if (!strcasecmp(config.gpus[i].pci, pci)) return *to = handle_of(i, -1), SUCCESS;
    return NOT_FOUND;
}

nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, struct device **to) {
    LIBRARY(find_uuid(uuid, to));
}
nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *pci, struct device **to) {
    LIBRARY(find_pci(pci, to));
}
nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(struct device *handle, unsigned index,
                                                 struct device **to) {
    GPU((int)index < g->mig_count ? (*to = handle_of(handle->gpu, (int)index), SUCCESS)
                                  : NOT_FOUND);
}
nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(struct device *handle,
                                                          struct device **to) {
    GPU(handle->mig >= 0 ? (*to = handle_of(handle->gpu, -1), SUCCESS) : INVALID_ARGUMENT);
}

/* ---- who a GPU is ------------------------------------------------------------------ */

struct pci_info {
    char bus_id_legacy[16];
    unsigned domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
};

static nvmlReturn_t fill_pci(const struct gpu *g, struct pci_info *to) {
    memset(to, 0, sizeof *to);
    snprintf(to->bus_id, sizeof to->bus_id, "%.31s", g->pci);
    snprintf(to->bus_id_legacy, sizeof to->bus_id_legacy, "%.12s",
             strlen(g->pci) > 12 ? g->pci + strlen(g->pci) - 12 : g->pci);
    sscanf(g->pci, "%x:%x:%x", &to->domain, &to->bus, &to->device);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUUID(struct device *handle, char *to, unsigned size) {
    GPU(copy_text(to, size, handle->mig < 0 ? g->uuid : g->mig[handle->mig]));
}
nvmlReturn_t nvmlDeviceGetName(struct device *handle, char *to, unsigned size) {
    GPU(copy_text(to, size, g->name));
}
nvmlReturn_t nvmlDeviceGetIndex(struct device *handle, unsigned *to) {
    GPU((*to = (unsigned)handle->gpu, SUCCESS));
}
nvmlReturn_t nvmlDeviceGetArchitecture(struct device *handle, unsigned *to) {
    GPU((*to = (unsigned)g->architecture, SUCCESS));
}
nvmlReturn_t nvmlDeviceGetPciInfo_v3(struct device *handle, struct pci_info *to) {
    GPU(fill_pci(g, to));
}
nvmlReturn_t nvmlDeviceGetVirtualizationMode(struct device *handle, unsigned *to) {
    GPU((*to = 0, SUCCESS));
}
nvmlReturn_t nvmlDeviceGetMigMode(struct device *handle, unsigned *current, unsigned *pending) {
    GPU((*current = *pending = g->mig_count > 0, SUCCESS));
}
nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(struct device *handle, unsigned *to) {
    GPU((*to = g->mig_count ? 7 : 0, SUCCESS));
}

/* ---- power and energy -------------------------------------------------------------- */

#ifndef WITHOUT_FIELD_VALUES
struct field_value {
    uint32_t field, scope;
    int64_t timestamp_us, latency_us;
    int32_t type, code;
    union { unsigned ui; unsigned long long ull; } value;
};

/* Of a module, the power is that of the GPU and a constant for the processor beside it. */
static void fill_power(struct field_value *v, const struct gpu *g, int present, double window_s) {
    int is_module = v->scope == SCOPE_MODULE;
    present = present && (is_module ? g->module_scope : v->scope == SCOPE_GPU && g->gpu_scope);
    v->type = VALUE_UNSIGNED_INT;
    v->code = present ? SUCCESS : NOT_SUPPORTED;
    v->value.ui = present ? power_mw(g, window_s) : 0;
    if (present && is_module) v->value.ui += (unsigned)(g->module_extra_w * 1e3);
}

static void fill_field(struct field_value *v, const struct gpu *g, int gpu) {
    char what[TEXT];
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    v->timestamp_us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
    v->latency_us = 0;
    v->value.ull = 0;
    snprintf(what, sizeof what, "field:%u", v->field);
    if ((v->code = fault_of(what, gpu)) != SUCCESS) return;
    if (v->field == FIELD_ENERGY || v->field == FIELD_ENERGY_SAME) {
        v->type = VALUE_UNSIGNED_LONG_LONG;
        v->code = g->counter ? SUCCESS : NOT_SUPPORTED;
        v->value.ull = g->counter ? counter_mj(g) : 0;
    } else if (v->field == FIELD_POWER_AVERAGE) {
        fill_power(v, g, g->average, g->average_window_s);
    } else if (v->field == FIELD_POWER_INSTANT) {
        fill_power(v, g, g->instant, g->instant_window_s);
    } else {
        v->code = NOT_SUPPORTED;
    }
}

static nvmlReturn_t fill_fields(const struct gpu *g, int gpu, int count, struct field_value *v) {
    if (count <= 0 || !v) return INVALID_ARGUMENT;
    for (int i = 0; i < count; i++) fill_field(&v[i], g, gpu);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetFieldValues(struct device *handle, int count, struct field_value *v) {
    GPU(fill_fields(g, handle->gpu, count, v));
}
#endif
nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(struct device *handle, unsigned long long *to) {
    GPU(g->counter ? (*to = counter_mj(g), SUCCESS) : NOT_SUPPORTED);
}
nvmlReturn_t nvmlDeviceGetPowerUsage(struct device *handle, unsigned *to) {
    GPU(g->usage ? (*to = power_mw(g, g->usage_window_s), SUCCESS) : NOT_SUPPORTED);
}
nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(struct device *handle, unsigned *to) {
    GPU(g->limit_w > 0 ? (*to = (unsigned)(g->limit_w * 1e3), SUCCESS) : NOT_SUPPORTED);
}
nvmlReturn_t nvmlDeviceGetPowerManagementLimitConstraints(struct device *handle, unsigned *least,
                                                          unsigned *most) {
    GPU(g->limit_w > 0 ? (*least = 100000, *most = (unsigned)(g->limit_w * 1e3), SUCCESS)
                       : NOT_SUPPORTED);
}
nvmlReturn_t nvmlDeviceGetPowerManagementLimit(struct device *handle, unsigned *to) {
    GPU((*to = (unsigned)(g->limit_w * 1e3), SUCCESS));
}
nvmlReturn_t nvmlDeviceGetPowerManagementDefaultLimit(struct device *handle, unsigned *to) {
    GPU((*to = (unsigned)(g->limit_w * 1e3), SUCCESS));
}

/* ---- what a GPU is doing ----------------------------------------------------------- */

struct utilization { unsigned gpu, memory; };
struct memory { unsigned long long total, free, used; };
struct memory_v2 { unsigned version; unsigned long long total, reserved, free, used; };
struct process_info { unsigned pid; unsigned long long memory; unsigned gi, ci; };

static nvmlReturn_t fill_memory_v2(const struct gpu *g, struct memory_v2 *to) {
    to->total = g->memory_bytes;
    to->reserved = 0;
    to->used = g->memory_used_bytes;
    to->free = g->memory_bytes - g->memory_used_bytes;
    return SUCCESS;
}

static nvmlReturn_t fill_processes(const struct gpu *g, unsigned *count, struct process_info *to) {
    unsigned room = *count;
    *count = (unsigned)g->process_count;
    if (!*count) return SUCCESS;
    if (room < *count || !to) return INSUFFICIENT_SIZE;
    for (unsigned i = 0; i < *count; i++)
        to[i] = (struct process_info){g->processes[i].pid, g->processes[i].memory_bytes, ~0u, ~0u};
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUtilizationRates(struct device *handle, struct utilization *to) {
    GPU(g->utilization >= 0 ? (to->gpu = (unsigned)g->utilization, to->memory = 0, SUCCESS)
                            : NOT_SUPPORTED);
}
nvmlReturn_t nvmlDeviceGetMemoryInfo(struct device *handle, struct memory *to) {
    GPU((to->total = g->memory_bytes, to->used = g->memory_used_bytes,
         to->free = g->memory_bytes - g->memory_used_bytes, SUCCESS));
}
nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(struct device *handle, struct memory_v2 *to) {
    GPU(fill_memory_v2(g, to));
}
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(struct device *handle, unsigned *count,
                                                     struct process_info *to) {
    GPU(fill_processes(g, count, to));
}
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(struct device *handle, unsigned *count,
                                                     struct process_info *to) {
    GPU(fill_processes(g, count, to));
}

/* One sample a process, of now; a negative share means that the driver does not tell. */
struct process_sample {
    unsigned pid;
    unsigned long long timestamp_us;
    unsigned sm, memory, encoder, decoder;
};

static nvmlReturn_t fill_samples(const struct gpu *g, unsigned *count, struct process_sample *to) {
    unsigned room = *count, told = 0;
    for (int i = 0; i < g->process_count; i++) told += g->processes[i].busy_percent >= 0;
    *count = told;
    if (!told) return NOT_FOUND;
    if (room < told || !to) return INSUFFICIENT_SIZE;
    for (int i = 0, n = 0; i < g->process_count; i++) {
        const struct process *p = &g->processes[i];
        if (p->busy_percent >= 0)
            to[n++] = (struct process_sample){p->pid, (unsigned long long)(now_ns() / 1000),
                                              (unsigned)p->busy_percent, 0, 0, 0};
    }
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetProcessUtilization(struct device *handle, struct process_sample *to,
                                             unsigned *count, unsigned long long since_us) {
    (void)since_us;
    GPU(fill_samples(g, count, to));
}
