#include "engines/files.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "core/atomic_file.hpp"
#include "core/digest.hpp"
#include "core/path.hpp"

namespace pitot::engines {
namespace {

constexpr std::array kRuntimeFiles{"wasi.js", "wasi.c"};

}  // namespace

std::string short_digest(std::initializer_list<std::string_view> parts) {
    constexpr std::size_t shown = 16;
    core::Sha256 hash;
    for (const std::string_view part : parts) {
        hash.text(part);
    }
    return hash.finish().substr(0, shown);
}

Result<std::filesystem::path> runtime_folder(const std::filesystem::path& cache) {
    const std::string digest = short_digest({embedded_file(kRuntimeFiles[0]), embedded_file(kRuntimeFiles[1])});
    const std::filesystem::path folder = cache / ("runtime-" + digest);
    if (auto made = core::make_folder(folder); !made) {
        return Failure(made.error());
    }
    std::error_code error;
    for (const char* name : kRuntimeFiles) {
        if (!std::filesystem::exists(folder / name, error)) {
            if (const Result<void> written = core::write_text(folder / name, embedded_file(name)); !written) {
                return Failure(written.error());
            }
        }
    }
    return folder;
}

}  // namespace pitot::engines
