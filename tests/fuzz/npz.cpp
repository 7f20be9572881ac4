// Any bytes as an archive: every array read as numbers and as text, and mapped, then the whole as a dataset. Bytes that
// do not begin like an archive are packed into one, or its checksums would keep everything behind them out of reach: a
// byte that chooses the name of an array, two that give its length, the array.
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

#include "../unit/data/npz_bytes.hpp"
#include "data/describe.hpp"
#include "data/npz.hpp"
#include "data/source.hpp"

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

std::string archive_of(std::string_view input) {
    std::vector<pitot::test::Member> members;
    while (input.size() >= 3) {
        const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(input[i])); };
        const std::string name = kNames[byte(0) % kNames.size()];
        const std::size_t length = byte(1) | (byte(2) << 8U);
        input.remove_prefix(3);
        members.push_back({name + ".npy", std::string(input.substr(0, length)), false, -1, -1, 0});
        input.remove_prefix(std::min(length, input.size()));
    }
    return pitot::test::zip(members);
}

using pitot::NpzReader;

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
    for (const pitot::ObservationTable* table : {&dataset.alone, &dataset.together}) {
        for (const std::int32_t i : table->platform) {
            if (i < 0 || i >= dataset.platforms.size()) {
                std::abort();
            }
        }
        for (const std::int32_t j : table->module) {
            if (j < 0 || j >= dataset.modules.size()) {
                std::abort();
            }
        }
        for (const double t : table->runtime_us) {
            if (!(t > 0) || !(t < HUGE_VAL)) {
                std::abort();
            }
        }
    }
    (void)pitot::describe(dataset);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are bytes
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string archive = input.starts_with("PK") ? std::string(input) : archive_of(input);
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
    std::vector<std::unique_ptr<pitot::Source>> sources;
    auto source = pitot::npz_source(*std::move(npz));
    if (!source) {
        return 0;
    }
    sources.push_back(*std::move(source));
    pitot::ReadOptions options;
    options.skip_invalid = size % 2 == 0;
    const auto dataset = pitot::read_sources(sources, options);
    if (dataset) {
        check(*dataset);
    }
    return 0;
}
