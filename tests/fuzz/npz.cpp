// Any bytes as an archive, or packed into one: every array read as numbers and as text, and mapped, then the whole as a
// dataset.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataset/describe.hpp"
#include "dataset/source.hpp"
#include "formats/npz.hpp"
#include "packed.hpp"

namespace {

constexpr std::array kNames = {"data",
                               "platform",
                               "module",
                               "platform_data",
                               "platform_features",
                               "module_data",
                               "module_features",
                               "if_platform",
                               "if_module",
                               "if_interferer",
                               "if_data",
                               "t",
                               "i_platform",
                               "i_workload",
                               "i_interference0",
                               "i_interference1",
                               "i_objective",
                               "n_platform",
                               "n_workload",
                               "d_platform",
                               "d_workload",
                               "f_platform",
                               "f_workload",
                               "pitot_dataset_schema"};

using pitot::formats::NpzReader;

// What is mapped has to be what is read, to the bit.
template <typename T>
void check_mapped(const NpzReader& npz, const std::string& name) {
    const auto mapped = npz.column<T>(name);
    const auto values = npz.values<T>(name);
    if (mapped.has_value() != values.has_value()) {
        std::abort();
    }
    if (values &&
        (mapped->size() != values->size() ||
         (!values->empty() && std::memcmp(mapped->data(), values->data(), values->size() * sizeof(T)) != 0))) {
        std::abort();
    }
}

// What was read has to be fit for use.
void check(const pitot::Dataset& dataset) {
    if (!dataset.validate()) {
        std::abort();
    }
    for (std::size_t p = 0; p < dataset.pools.size(); ++p) {
        const pitot::ObservationView table = dataset.pool(p);
        for (const std::int32_t i : table.platform) {
            if (i < 0 || i >= dataset.platforms.size()) {
                std::abort();
            }
        }
        for (const std::int32_t j : table.module) {
            if (j < 0 || j >= dataset.modules.size()) {
                std::abort();
            }
        }
        for (const double t : table.runtime_us) {
            if (!(t > 0) || !(t < HUGE_VAL)) {
                std::abort();
            }
        }
    }
    (void)pitot::dataset::describe(dataset);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are bytes
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string archive = pitot::test::archive_of(input, kNames);
    auto npz = NpzReader::open_buffer(std::as_bytes(std::span(archive)), "fuzz.npz", 1);
    if (!npz) {
        return 0;
    }
    for (const std::string& name : npz->names()) {
        (void)npz->info(name);
        check_mapped<double>(*npz, name);
        check_mapped<std::uint8_t>(*npz, name);
        check_mapped<std::int32_t>(*npz, name);
        (void)npz->strings(name);
    }
    std::vector<std::unique_ptr<pitot::dataset::Source>> sources;
    auto source = pitot::dataset::npz_source(*std::move(npz));
    if (!source) {
        return 0;
    }
    sources.push_back(*std::move(source));
    pitot::ReadOptions options;
    options.skip_invalid = size % 2 == 0;
    const auto dataset = pitot::dataset::read_sources(sources, options);
    if (dataset) {
        check(*dataset);
    }
    return 0;
}
