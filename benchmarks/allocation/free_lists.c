// An allocator of its own in a megabyte, with blocks that are split and joined, and SIZE random requests (i32 headers,
// first fit). Checked: no block is written by another's owner, and in the end all is one free block again.
#include "common.h"

// In words of four bytes. A block begins and ends with its size in words, odd when it is taken; free blocks form a
// ring.
enum { kWords = 1 << 18, kSlots = 1200, kLeast = 4, kLongest = 200 };
static uint32_t heap[kWords], first_free;

static void set_size(uint32_t block, uint32_t size, uint32_t taken) {
    heap[block] = heap[block + size - 1] = size << 1 | taken;
}

// `heap[block + 1]` is the next free block, `heap[block + 2]` the one before; 0 is none.
static void link_block(uint32_t block) {
    heap[block + 1] = first_free;
    heap[block + 2] = 0;
    if (first_free != 0)
        heap[first_free + 2] = block;
    first_free = block;
}

static void unlink_block(uint32_t block) {
    const uint32_t next = heap[block + 1], before = heap[block + 2];
    if (next != 0)
        heap[next + 2] = before;
    if (before != 0)
        heap[before + 1] = next;
    else
        first_free = next;
}

// The block of at least `words` for use; 0 when there is none.
static uint32_t take(uint32_t words) {
    const uint32_t need = words + 2 < kLeast ? kLeast : words + 2;
    for (uint32_t block = first_free; block != 0; block = heap[block + 1]) {
        const uint32_t size = heap[block] >> 1;
        if (size < need)
            continue;
        unlink_block(block);
        const uint32_t used = size - need < kLeast ? size : need;
        if (used < size) {
            set_size(block + used, size - used, 0);
            link_block(block + used);
        }
        set_size(block, used, 1);
        return block;
    }
    return 0;
}

static void give_back(uint32_t block) {
    uint32_t size = heap[block] >> 1;
    if ((heap[block + size] & 1) == 0) {
        unlink_block(block + size);
        size += heap[block + size] >> 1;
    }
    if ((heap[block - 1] & 1) == 0) {
        block -= heap[block - 1] >> 1;
        unlink_block(block);
        size += heap[block] >> 1;
    }
    set_size(block, size, 0);
    link_block(block);
}

int main(void) {
    static struct { uint32_t block, words, mark; } slots[kSlots];
    Random random = {113};
    uint64_t digest = 0;
    heap[0] = heap[kWords - 1] = 1;  // nothing is joined over the ends
    set_size(1, kWords - 2, 0);
    link_block(1);
    for (int i = 0; i < SIZE + kSlots; ++i) {
        const uint32_t s = i < SIZE ? random_below(&random, kSlots) : (uint32_t)(i - SIZE);
        if (slots[s].block != 0) {
            for (uint32_t k = 1; k <= slots[s].words; ++k)
                require(heap[slots[s].block + k] == slots[s].mark, "a block was overwritten");
            give_back(slots[s].block);
            slots[s].block = 0;
        } else if (i < SIZE) {
            slots[s].words = 1 + random_below(&random, 1 + random_below(&random, kLongest));
            slots[s].mark = (uint32_t)random_next(&random);
            slots[s].block = take(slots[s].words);
            require(slots[s].block != 0, "no room");
            for (uint32_t k = 1; k <= slots[s].words; ++k)
                heap[slots[s].block + k] = slots[s].mark;
        }
        digest = mix(digest, first_free);
    }
    require(first_free == 1 && heap[1] >> 1 == kWords - 2 && heap[2] == 0, "the free blocks are not joined");
    return finish(digest);
}
