// The library's sort, stable partition, selection and set operations on SIZE integers. Checked by their definitions.
#include <algorithm>
#include <numeric>
#include <vector>

#include "common.h"

namespace {

std::vector<int32_t> random_values(Random& random) {
    std::vector<int32_t> values(SIZE);
    for (int32_t& value : values)
        value = static_cast<int32_t>(random_below(&random, 2 * SIZE));
    return values;
}

}  // namespace

int main() {
    Random random = {26};
    std::vector<int32_t> a = random_values(random), b = random_values(random);
    std::vector<int32_t> selected = a;
    std::nth_element(selected.begin(), selected.begin() + SIZE / 3, selected.end());
    const int32_t third = selected[SIZE / 3];
    const auto even = std::stable_partition(selected.begin(), selected.end(), [](int32_t v) { return v % 2 == 0; });
    require(std::all_of(selected.begin(), even, [](int32_t v) { return v % 2 == 0; }), "not partitioned");

    std::sort(a.begin(), a.end());
    std::stable_sort(b.begin(), b.end());
    require(std::is_sorted(a.begin(), a.end()) && std::is_sorted(b.begin(), b.end()), "not sorted");
    require(a[SIZE / 3] == third, "the selected value is not the one of that rank");

    std::vector<int32_t> both, either;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(either));
    require(both.size() + either.size() == a.size() + b.size(), "intersection and union do not add up");
    const int64_t sum_both = std::accumulate(both.begin(), both.end(), int64_t{0});
    const int64_t sum_either = std::accumulate(either.begin(), either.end(), int64_t{0});
    const int64_t sum = std::accumulate(a.begin(), a.end(), std::accumulate(b.begin(), b.end(), int64_t{0}));
    require(sum_both + sum_either == sum, "intersection and union lost a value");
    return finish(mix(both.size(), static_cast<uint64_t>(sum_both)));
}
