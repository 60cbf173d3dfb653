/* QEMU TCG plugin: what a guest executes and touches, split into the stages that it announces.
 *
 *   cc -O2 -shared -fPIC -o plugin.so plugin.c
 *   qemu-aarch64 -plugin plugin.so,out=FILE[,memory=off] program
 *
 * The guest announces a stage with getpriority(MARK, stage), a system call that changes nothing and
 * fails. Stage 0, where it starts, is not recorded. At exit FILE holds, in native byte order:
 *
 *   uint64 virtual CPUs that ever ran, uint64 STAGES
 *   per stage:       uint64 bytes read, bytes written, distinct 64-byte lines touched
 *   per block that ran in any stage: uint64 n, uint64 executions[STAGES], uint32 instruction[n]
 *
 * Counters are not atomic: figures hold for one virtual CPU, and the reader refuses others.
 * Plugin API version 1 (QEMU 6.2 to 8.2). Debian packages no qemu-plugin.h, so the functions that
 * are used are declared here. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STAGES = 16, LINE_BITS = 6, GETPRIORITY = 141, MARK = 0x666572 };

typedef uint64_t plugin_id;
typedef uint32_t mem_info;
struct tb;
struct insn;
typedef void (*on_memory)(unsigned vcpu, mem_info, uint64_t address, void *);
typedef void (*on_syscall)(plugin_id, unsigned vcpu, int64_t number, uint64_t, uint64_t, uint64_t,
                           uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
extern void qemu_plugin_register_vcpu_init_cb(plugin_id, void (*)(plugin_id, unsigned));
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct tb *));
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct tb *, int op, void *, uint64_t);
extern void qemu_plugin_register_vcpu_mem_cb(struct insn *, on_memory, int flags, int rw, void *);
extern void qemu_plugin_register_vcpu_syscall_cb(plugin_id, on_syscall);
extern void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
extern size_t qemu_plugin_tb_n_insns(const struct tb *);
extern struct insn *qemu_plugin_tb_get_insn(const struct tb *, size_t);
extern const void *qemu_plugin_insn_data(const struct insn *);
extern unsigned qemu_plugin_mem_size_shift(mem_info);
extern int qemu_plugin_mem_is_store(mem_info);
enum { INLINE_ADD_U64 = 0, NO_REGISTERS = 0, READ_AND_WRITE = 3 };

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

struct block {
    struct block *next;
    uint64_t executions; /* since the last mark */
    uint64_t in_stage[STAGES];
    uint64_t n;
    uint32_t words[];
};

static struct block *blocks;
static uint64_t vcpus, moved[STAGES][2];
static unsigned stage;
static const char *path;
static int follow_memory = 1; /* takes half of the time */

/* Lines touched: an open-addressing table of line numbers, each with a bit for each stage. */
static struct line { uint64_t number; uint32_t stages; } *lines;
static uint64_t capacity = 1 << 16, used;

static struct line *find(uint64_t number) {
    uint64_t at = number * 0x9e3779b97f4a7c15u >> 20;
    while (lines[at & (capacity - 1)].stages && lines[at & (capacity - 1)].number != number) at++;
    return &lines[at & (capacity - 1)];
}

static void grow(void) {
    struct line *old = lines;
    uint64_t n = capacity;
    capacity *= 2;
    lines = calloc(capacity, sizeof *lines);
    for (uint64_t i = 0; i < n; i++)
        if (old[i].stages) *find(old[i].number) = old[i];
    free(old);
}

static void touched(unsigned vcpu, mem_info info, uint64_t address, void *unused) {
    if (!stage) return;
    uint64_t size = 1u << qemu_plugin_mem_size_shift(info);
    moved[stage][qemu_plugin_mem_is_store(info)] += size;
    for (uint64_t n = address >> LINE_BITS; n <= (address + size - 1) >> LINE_BITS; n++) {
        struct line *line = find(n);
        if (!line->stages) {
            if (2 * ++used > capacity) grow(), line = find(n);
            line->number = n;
        }
        line->stages |= 1u << stage;
    }
}

static void translated(plugin_id id, struct tb *tb) {
    size_t n = qemu_plugin_tb_n_insns(tb);
    struct block *block = calloc(1, sizeof *block + n * sizeof *block->words);
    block->n = n;
    for (size_t i = 0; i < n; i++) {
        struct insn *insn = qemu_plugin_tb_get_insn(tb, i);
        memcpy(&block->words[i], qemu_plugin_insn_data(insn), 4);
        if (follow_memory)
            qemu_plugin_register_vcpu_mem_cb(insn, touched, NO_REGISTERS, READ_AND_WRITE, NULL);
    }
    do /* another thread may translate at the same time */
        block->next = __atomic_load_n(&blocks, __ATOMIC_RELAXED);
    while (!__sync_bool_compare_and_swap(&blocks, block->next, block));
    qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &block->executions, 1);
}

static void enter(unsigned next) {
    for (struct block *b = blocks; b; b = b->next) {
        b->in_stage[stage] += b->executions;
        b->executions = 0;
    }
    stage = next;
}

static void called(plugin_id id, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2,
                   uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    if (number == GETPRIORITY && (uint32_t)a1 == MARK && a2 < STAGES) enter(a2);
}

static void started(plugin_id id, unsigned vcpu) { __sync_fetch_and_add(&vcpus, 1); }

static void ended(plugin_id id, void *unused) {
    enter(0);
    FILE *file = fopen(path, "wb");
    if (!file) return perror(path);
    uint64_t head[] = {vcpus, STAGES};
    fwrite(head, sizeof head, 1, file);
    for (unsigned s = 0; s < STAGES; s++) {
        uint64_t n = 0;
        for (uint64_t i = 0; i < capacity; i++) n += lines[i].stages >> s & 1;
        uint64_t memory[] = {moved[s][0], moved[s][1], n};
        fwrite(memory, sizeof memory, 1, file);
    }
    for (struct block *b = blocks; b; b = b->next) {
        uint64_t total = 0;
        for (unsigned s = b->in_stage[0] = 0; s < STAGES; s++) total += b->in_stage[s];
        if (!total) continue;
        fwrite(&b->n, sizeof b->n, 1, file);
        fwrite(b->in_stage, sizeof b->in_stage, 1, file);
        fwrite(b->words, sizeof *b->words, b->n, file);
    }
    if (fclose(file)) perror(path);
}

__attribute__((visibility("default"))) int qemu_plugin_install(
    plugin_id id, const void *info, int argc, char **argv) {
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "out=", 4)) path = strdup(argv[i] + 4);
        if (!strcmp(argv[i], "memory=off")) follow_memory = 0;
    }
    if (!path || !(lines = calloc(capacity, sizeof *lines))) return 1;
    qemu_plugin_register_vcpu_init_cb(id, started);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, called);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
