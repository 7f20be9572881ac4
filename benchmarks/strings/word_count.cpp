// Counts SIZE words in an unordered and in an ordered map of strings. Checked: both agree, and the counts add up.
#include <map>
#include <string>
#include <unordered_map>

#include "common.h"

namespace {

// Short words are frequent, long ones rare; some do not fit into a string's own memory.
std::string random_word(Random& random) {
    const uint32_t rank = random_below(&random, 1 + random_below(&random, SIZE / 4));
    std::string word = "w" + std::to_string(rank);
    if (rank % 3 == 0)
        word += "-with-a-long-ending-" + std::to_string(rank * 7919);
    return word;
}

}  // namespace

int main() {
    Random random = {56};
    std::unordered_map<std::string, uint32_t> hashed;
    std::map<std::string, uint32_t> sorted;
    for (int i = 0; i < SIZE; ++i) {
        const std::string word = random_word(random);
        ++hashed[word];
        ++sorted[word];
    }
    require(hashed.size() == sorted.size(), "another number of words");
    uint64_t digest = 0, total = 0;
    for (const auto& [word, count] : sorted) {
        require(hashed.at(word) == count, "another count");
        total += count;
        digest = mix(digest, count + word.size());
    }
    require(total == SIZE, "the counts do not add up");
    return finish(digest);
}
