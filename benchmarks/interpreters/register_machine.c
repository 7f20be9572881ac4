// A register machine whose instructions are functions in a table (indirect calls): Collatz steps of the numbers to
// SIZE. Checked against a direct count.
#include "common.h"

typedef struct Machine Machine;
typedef struct {
    uint8_t operation, to, a, b;
} Instruction;
struct Machine {
    int64_t r[8];
    int32_t at;
    bool running;
};

static void add(Machine* m, const Instruction* i) { m->r[i->to] = m->r[i->a] + m->r[i->b]; }
static void triple(Machine* m, const Instruction* i) { m->r[i->to] = 3 * m->r[i->a]; }
static void halve(Machine* m, const Instruction* i) { m->r[i->to] = m->r[i->a] / 2; }
static void parity(Machine* m, const Instruction* i) { m->r[i->to] = m->r[i->a] & 1; }
static void equal(Machine* m, const Instruction* i) { m->r[i->to] = m->r[i->a] == m->r[i->b]; }
static void copy(Machine* m, const Instruction* i) { m->r[i->to] = m->r[i->a]; }
static void jump_if(Machine* m, const Instruction* i) { m->at = m->r[i->a] != 0 ? i->to : m->at; }
static void jump(Machine* m, const Instruction* i) { m->at = i->to; }
static void halt(Machine* m, const Instruction* i) {
    (void)i;
    m->running = false;
}

enum { ADD, TRIPLE, HALVE, PARITY, EQUAL, COPY, JUMP_IF, JUMP, HALT };
static void (*const operations[])(Machine*, const Instruction*) = {add,  triple,  halve, parity, equal,
                                                                   copy, jump_if, jump,  halt};

// r0 steps, r1 the number at hand, r2 the start, r3 one, r4 the last start, r5 a condition
static const Instruction program[] = {
    {COPY, 1, 2, 0},   {EQUAL, 5, 1, 3},    {JUMP_IF, 10, 5, 0}, {ADD, 0, 0, 3},   //  0
    {PARITY, 5, 1, 0}, {JUMP_IF, 8, 5, 0},  {HALVE, 1, 1, 0},    {JUMP, 1, 0, 0},  //  4
    {TRIPLE, 1, 1, 0}, {JUMP, 14, 0, 0},                                           //  8
    {EQUAL, 5, 2, 4},  {JUMP_IF, 13, 5, 0}, {JUMP, 16, 0, 0},    {HALT, 0, 0, 0},  // 10
    {ADD, 1, 1, 3},    {JUMP, 1, 0, 0},     {ADD, 2, 2, 3},      {JUMP, 0, 0, 0},  // 14
};

int main(void) {
    Machine machine = {{0, 0, 1, 1, SIZE, 0, 0, 0}, 0, true};
    while (machine.running) {
        const Instruction* i = &program[machine.at++];
        operations[i->operation](&machine, i);
    }
    int64_t expected = 0;
    for (int64_t start = 1; start <= SIZE; ++start)
        for (int64_t n = start; n != 1; n = n % 2 ? 3 * n + 1 : n / 2)
            ++expected;
    require(machine.r[0] == expected, "the number of steps");
    return finish((uint64_t)expected);
}
