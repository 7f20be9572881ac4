// Any bytes as what experiments leave behind: by the first byte a run's record, a summary, or a run's arrays.
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "experiment/results.hpp"
#include "experiment/summary.hpp"
#include "formats/npz.hpp"
#include "memory_file.hpp"
#include "packed.hpp"

namespace {

constexpr std::array kNames = {"train_loss", "val_loss",  "C_hat",    "P",      "M",       "V_s",
                               "V_g",        "C_ijk_hat", "mf_train", "mf_val", "mf_test", "if_train",
                               "if_val",     "if_test",   "C_bar",    "p_bar",  "m_bar"};

void read_one_record(std::string_view text) {
    const pitot::test::MemoryFile file(text);
    const auto record = pitot::experiment::read_record(file.path());
    if (!record) {
        return;
    }
    const pitot::test::MemoryFile written(pitot::experiment::to_json(*record));
    const auto again = pitot::experiment::read_record(written.path());
    if (!again || !pitot::experiment::differences(record->config, again->config).empty()) {
        std::abort();
    }
}

void read_one_summary(std::string_view text) {
    static const std::filesystem::path folder = [] {
        const auto made = std::filesystem::temp_directory_path() / ("pitot-fuzz-" + std::to_string(::getpid()));
        std::filesystem::create_directories(made / "method");
        return made;
    }();
    std::ofstream(folder / "method" / "summary.json", std::ios::binary) << text;
    if (const auto summary = pitot::experiment::read_summary(folder, "method")) {
        (void)pitot::experiment::to_json(*summary);
    }
}

void read_arrays(std::string_view input) {
    const std::string archive = pitot::test::archive_of(input, kNames);
    const auto npz = pitot::formats::NpzReader::open_buffer(std::as_bytes(std::span(archive)), "fuzz.npz");
    if (!npz) {
        return;
    }
    for (const std::string& name : npz->names()) {
        for (std::size_t axes = 1; axes <= 5; ++axes) {
            const auto array = pitot::experiment::read_array<float>(*npz, name, axes);
            if (array && array->shape.size() != axes) {
                std::abort();
            }
            (void)pitot::experiment::read_array<std::int32_t>(*npz, name, axes);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are bytes
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (*data) {
        case 'r':
            read_one_record(input);
            break;
        case 's':
            read_one_summary(input);
            break;
        default:
            read_arrays(input);
    }
    return 0;
}
