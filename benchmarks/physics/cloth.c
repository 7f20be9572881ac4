// A 40 x 40 cloth of springs that hangs by its upper edge (f32, square roots), SIZE steps of relaxation. Checked: no
// spring is much too long, the cloth hangs straight below its edge and is its own mirror image.
#include "common.h"

enum { kEdge = 40 };
typedef struct {
    float x, y, z;
} Vector;
static Vector place[kEdge][kEdge], before[kEdge][kEdge];

static float pull(Vector* a, Vector* b, float rest, bool fixed) {
    const Vector way = {b->x - a->x, b->y - a->y, b->z - a->z};
    const float length = sqrtf(way.x * way.x + way.y * way.y + way.z * way.z);
    const float scale = (length - rest) / length * (fixed ? 1.0f : 0.5f);
    *b = (Vector){b->x - scale * way.x, b->y - scale * way.y, b->z - scale * way.z};
    if (!fixed)
        *a = (Vector){a->x + scale * way.x, a->y + scale * way.y, a->z + scale * way.z};
    return length / rest;
}

static float relax(void) {
    float longest = 0;
    for (int i = 1; i < kEdge; ++i)
        for (int j = 0; j < kEdge; ++j)
            longest = fmaxf(longest, pull(&place[i - 1][j], &place[i][j], 1, i == 1));
    // From the middle outwards, both halves alike.
    for (int i = 1; i < kEdge; ++i)
        for (int j = kEdge / 2; j < kEdge; ++j) {
            const int k = kEdge - 1 - j;
            if (j == kEdge / 2)
                pull(&place[i][k], &place[i][j], 1, false);
            else
                longest = fmaxf(longest, fmaxf(pull(&place[i][j - 1], &place[i][j], 1, false),
                                               pull(&place[i][k + 1], &place[i][k], 1, false)));
        }
    return longest;
}

static void move(void) {
    for (int i = 1; i < kEdge; ++i)
        for (int j = 0; j < kEdge; ++j) {
            Vector *now = &place[i][j], *old = &before[i][j], next;
            next.x = now->x + 0.96f * (now->x - old->x);
            next.y = now->y + 0.96f * (now->y - old->y) - 0.0005f;
            next.z = now->z + 0.96f * (now->z - old->z);
            *old = *now;
            *now = next;
        }
}

int main(void) {
    for (int i = 0; i < kEdge; ++i)
        for (int j = 0; j < kEdge; ++j)
            before[i][j] = place[i][j] = (Vector){(float)j - (kEdge - 1) / 2.0f, 0, (float)i};
    float longest = 0, lowest = 0, skew = 0;
    for (int t = 0; t < SIZE; ++t) {
        move();
        for (int round = 0; round < 8; ++round)
            longest = relax();
    }
    for (int i = 0; i < kEdge; ++i)
        for (int j = 0; j < kEdge; ++j) {
            lowest = fminf(lowest, place[i][j].y);
            skew = fmaxf(skew, fabsf(place[i][j].x + place[i][kEdge - 1 - j].x));
        }
    require(longest < 1.6f, "a spring is too long");
    require(lowest < -0.0004f && lowest > -1.6f * kEdge, "the cloth does not hang");
    require(skew < 0.05f, "the cloth is not symmetric");
    return finish((uint64_t)(int64_t)lrintf(-10 * lowest));
}
