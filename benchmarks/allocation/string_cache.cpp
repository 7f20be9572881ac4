// A cache of 1000 strings that drops what was not used for longest (list and map of the library), asked SIZE times.
// Checked: exactly the keys are there of which fewer than 1000 others were asked for since, counted in a Fenwick tree.
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "common.h"

namespace {

constexpr uint32_t kKeys = 8192;
constexpr size_t kCapacity = 1000;

std::string value_of(uint32_t key) { return std::string(key % 50, 'v') + std::to_string(key); }

class Cache {
public:
    // Null when it is not there; where it is, it becomes the newest.
    const std::string* find(uint32_t key) {
        const auto found = places_.find(key);
        if (found == places_.end())
            return nullptr;
        entries_.splice(entries_.begin(), entries_, found->second);
        return &found->second->value;
    }

    void insert(uint32_t key, std::string value) {
        if (places_.size() == kCapacity) {
            places_.erase(entries_.back().key);
            entries_.pop_back();
        }
        entries_.push_front({key, std::move(value)});
        places_[key] = entries_.begin();
    }

private:
    struct Entry {
        uint32_t key;
        std::string value;
    };
    std::list<Entry> entries_;  // newest first
    std::unordered_map<uint32_t, std::list<Entry>::iterator> places_;
};

// How many keys were asked for last at a time up to one.
class Times {
public:
    void add(size_t time, int what) {
        for (size_t i = time; i < counts_.size(); i += i & (0 - i))
            counts_[i] += what;
    }
    int up_to(size_t time) const {
        int sum = 0;
        for (size_t i = time; i > 0; i -= i & (0 - i))
            sum += counts_[i];
        return sum;
    }

private:
    std::vector<int> counts_ = std::vector<int>(SIZE + 1);
};

}  // namespace

int main() {
    Random random = {114};
    Cache cache;
    Times times;
    std::vector<size_t> last(kKeys);
    uint64_t hits = 0, digest = 0;
    for (size_t time = 1; time <= SIZE; ++time) {
        const uint32_t key = random_below(&random, 1 + random_below(&random, kKeys));
        const bool expected = last[key] != 0 && times.up_to(time - 1) - times.up_to(last[key]) < (int)kCapacity;
        const std::string* value = cache.find(key);
        require((value != nullptr) == expected, "a key is there, or not, against its age");
        require(value == nullptr || *value == value_of(key), "another key's value");
        if (value == nullptr)
            cache.insert(key, value_of(key));
        hits += value != nullptr;
        if (last[key] != 0)
            times.add(last[key], -1);
        times.add(last[key] = time, 1);
        digest = mix(digest, hits);
    }
    return finish(digest);
}
