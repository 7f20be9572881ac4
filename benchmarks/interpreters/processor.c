// A processor of 8 bits, with flags and instructions of one to three bytes in the memory it works on (i8 loads,
// decoding): SIZE checksums of a kilobyte. Checked against the checksums by a table.
#include "common.h"

enum { LDI, LDA, STA, EOR, EORI, LDX, LOAD, SHL, INX, CPX, DEC, JNZ, JNC, HALT };
enum { kFrom = 0x1000, kTo = 0x1400, kSum = 0, kBits = 1, kStart = 0x200 };

typedef struct {
    uint16_t at, x;
    uint8_t a;
    bool carry, zero;
} Processor;

static uint8_t memory[1 << 16];

// CRC-8 of the polynomial 7, a bit at a time. Jumps count from the byte after them.
static const uint8_t code[] = {
    LDI,  0,     STA,      kSum,         LDX,  kFrom >> 8,   kFrom & 255,               // start
    LOAD, EOR,   kSum,     STA,          kSum, LDI,          8,           STA,  kBits,  // a byte, at 7
    LDA,  kSum,  SHL,      JNC,          2,    EORI,         7,           STA,  kSum,
    DEC,  kBits, JNZ,      (uint8_t)-13,                                               // a bit, at 16
    INX,  CPX,   kTo >> 8, kTo & 255,    JNZ,  (uint8_t)-28, LDA,         kSum, HALT,  // at 29
};

static uint8_t fetch(Processor* p) { return memory[p->at++]; }

static uint16_t fetch_word(Processor* p) {
    const uint8_t high = fetch(p);
    return (uint16_t)(high << 8 | fetch(p));
}

static void jump(Processor* p, bool condition) {
    const int8_t way = (int8_t)fetch(p);
    if (condition)
        p->at = (uint16_t)(p->at + way);
}

static void set(Processor* p, uint8_t value) {
    p->a = value;
    p->zero = value == 0;
}

// False when it halts.
static bool step(Processor* p) {
    switch (fetch(p)) {
        case LDI:
            set(p, fetch(p));
            break;
        case LDA:
            set(p, memory[fetch(p)]);
            break;
        case STA:
            memory[fetch(p)] = p->a;
            break;
        case EOR:
            set(p, p->a ^ memory[fetch(p)]);
            break;
        case EORI:
            set(p, p->a ^ fetch(p));
            break;
        case LDX:
            p->x = fetch_word(p);
            break;
        case LOAD:
            set(p, memory[p->x]);
            break;
        case SHL:
            p->carry = p->a >> 7;
            set(p, (uint8_t)(p->a << 1));
            break;
        case INX:
            ++p->x;
            break;
        case CPX:
            p->zero = p->x == fetch_word(p);
            break;
        case DEC:
            p->zero = --memory[fetch(p)] == 0;
            break;
        case JNZ:
            jump(p, !p->zero);
            break;
        case JNC:
            jump(p, !p->carry);
            break;
        default:
            return false;
    }
    return true;
}

int main(void) {
    Random random = {100};
    uint8_t table[256];
    uint64_t digest = 0;
    for (int i = 0; i < 256; ++i) {
        int sum = i;
        for (int bit = 0; bit < 8; ++bit)
            sum = (sum << 1) ^ (sum & 128 ? 0x107 : 0);
        table[i] = (uint8_t)sum;
    }
    memcpy(memory + kStart, code, sizeof code);
    for (int round = 0; round < SIZE; ++round) {
        uint8_t expected = 0;
        for (int i = kFrom; i < kTo; ++i) {
            memory[i] = (uint8_t)random_next(&random);
            expected = table[expected ^ memory[i]];
        }
        Processor processor = {kStart, 0, 0, false, false};
        while (step(&processor))
            ;
        require(processor.a == expected, "the checksum");
        digest = mix(digest, processor.a);
    }
    return finish(digest);
}
