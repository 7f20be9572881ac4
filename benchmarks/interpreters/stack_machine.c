// A stack machine (one switch) that sieves the primes below SIZE and adds them up. Checked against a direct sieve.
#include "common.h"

typedef enum { PUSH, LOAD, STORE, FETCH, PUT, ADD, MUL, LESS, NOT, JUMP, BRANCH, HALT } Code;
typedef struct {
    Code code;
    int32_t operand;
} Instruction;

enum { kNumber, kMultiple, kSum };  // variables

// for n = 2 ..: if not marked[n]: sum += n; for m = n * 2 ..: marked[m] = 1
static const Instruction program[] = {
    {PUSH, 2},          {STORE, kNumber},                                                           //  0
    {LOAD, kNumber},    {PUSH, SIZE},      {LESS, 0}, {BRANCH, 8},        {LOAD, kSum}, {HALT, 0},  //  2
    {LOAD, kNumber},    {FETCH, 0},        {NOT, 0},  {BRANCH, 13},       {JUMP, 33},               //  8
    {LOAD, kSum},       {LOAD, kNumber},   {ADD, 0},  {STORE, kSum},                                // 13
    {LOAD, kNumber},    {PUSH, 2},         {MUL, 0},  {STORE, kMultiple},                           // 17
    {LOAD, kMultiple},  {PUSH, SIZE},      {LESS, 0}, {BRANCH, 26},       {JUMP, 33},               // 21
    {PUSH, 1},          {LOAD, kMultiple}, {PUT, 0},                                                // 26
    {LOAD, kMultiple},  {LOAD, kNumber},   {ADD, 0},  {JUMP, 38},                                   // 29
    {LOAD, kNumber},    {PUSH, 1},         {ADD, 0},  {STORE, kNumber},   {JUMP, 2},                // 33
    {STORE, kMultiple}, {JUMP, 21},                                                                 // 38
};

static int64_t memory[SIZE], variables[4];

static int64_t run(uint64_t* steps) {
    int64_t stack[16];
    int top = 0, at = 0;
    for (;; ++*steps) {
        const Instruction i = program[at++];
        switch (i.code) {
            case PUSH:
                stack[top++] = i.operand;
                break;
            case LOAD:
                stack[top++] = variables[i.operand];
                break;
            case STORE:
                variables[i.operand] = stack[--top];
                break;
            case FETCH:
                stack[top - 1] = memory[stack[top - 1]];
                break;
            case PUT:
                memory[stack[top - 1]] = stack[top - 2];
                top -= 2;
                break;
            case ADD:
                --top;
                stack[top - 1] += stack[top];
                break;
            case MUL:
                --top;
                stack[top - 1] *= stack[top];
                break;
            case LESS:
                --top;
                stack[top - 1] = stack[top - 1] < stack[top];
                break;
            case NOT:
                stack[top - 1] = stack[top - 1] == 0;
                break;
            case JUMP:
                at = i.operand;
                break;
            case BRANCH:
                if (stack[--top] != 0)
                    at = i.operand;
                break;
            case HALT:
                return stack[top - 1];
        }
    }
}

int main(void) {
    static bool composite[SIZE];
    int64_t expected = 0;
    uint64_t steps = 0;
    for (int n = 2; n < SIZE; ++n) {
        if (composite[n])
            continue;
        expected += n;
        for (int m = 2 * n; m < SIZE; m += n)
            composite[m] = true;
    }
    require(run(&steps) == expected, "the sum of the primes");
    return finish(mix((uint64_t)expected, steps));
}
