// A hash map of vectors that grow and go, SIZE times one or the other (C++ containers, reallocation). Checked against a
// plain table of the lengths and sums that should be there.
#include <unordered_map>
#include <vector>

#include "common.h"

int main() {
    constexpr uint32_t kKeys = 1024;
    Random random = {73};
    std::unordered_map<uint32_t, std::vector<uint32_t>> lists;
    std::vector<uint64_t> lengths(kKeys), sums(kKeys);
    for (int n = 0; n < SIZE; ++n) {
        const uint32_t key = random_below(&random, kKeys);
        if (random_below(&random, 40) == 0) {
            lists.erase(key);
            lengths[key] = sums[key] = 0;
        } else {
            const uint32_t value = random_below(&random, 1000);
            lists[key].push_back(value);
            ++lengths[key];
            sums[key] += value;
        }
    }
    uint64_t digest = 0;
    for (uint32_t key = 0; key < kKeys; ++key) {
        const auto found = lists.find(key);
        uint64_t sum = 0;
        if (found != lists.end())
            for (const uint32_t value : found->second)
                sum += value;
        require(sum == sums[key] && (found == lists.end() ? 0 : found->second.size()) == lengths[key], "a list");
        digest = mix(digest, sum);
    }
    return finish(digest);
}
