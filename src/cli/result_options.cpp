#include "cli/result_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "cli/cli.hpp"

namespace pitot::cli {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> places_of_public_data() {
    std::vector<fs::path> places;
    if (const char* const folder = std::getenv("PITOT_REFERENCE_DATA"); folder != nullptr && *folder != '\0') {
        places.emplace_back(folder);
    }
    if (const char* const cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
        places.push_back(fs::path(cache) / "pitot");
    } else if (const char* const home = std::getenv("HOME"); home != nullptr && *home != '\0') {
        places.push_back(fs::path(home) / ".cache" / "pitot");
    }
    return places;
}

}  // namespace

template <typename T>
CLI::Option* add_list(CLI::App& app, const std::string& name, std::vector<T>& values, const std::string& description) {
    return app.add_option(name, values, description)->delimiter(',');
}

template CLI::Option* add_list<std::string>(CLI::App&, const std::string&, std::vector<std::string>&,
                                            const std::string&);
template CLI::Option* add_list<double>(CLI::App&, const std::string&, std::vector<double>&, const std::string&);
template CLI::Option* add_list<std::int64_t>(CLI::App&, const std::string&, std::vector<std::int64_t>&,
                                             const std::string&);

Result<fs::path> find_data(const fs::path& file) {
    std::error_code ignored;
    if (fs::exists(file, ignored) || file.parent_path() != "data") {
        return file;
    }
    for (const fs::path& place : places_of_public_data()) {
        const fs::path found = place / "pitot-2023" / file.filename();
        if (fs::exists(found, ignored)) {
            note(fmt::format("there is no '{}' here; using the public dataset '{}'", file.string(), found.string()));
            return found;
        }
    }
    return fail(
        ErrorCode::kEnvironment,
        fmt::format("there is no '{}', nor the public dataset of that name in $PITOT_REFERENCE_DATA or the cache; "
                    "get it with scripts/get-reference-data.sh, or name another dataset with -d",
                    file.string()));
}

Result<Dataset> read_data(const std::vector<std::string>& files) {
    std::vector<fs::path> found;
    for (const std::string& file : files) {
        PITOT_TRY(auto place, find_data(file));
        found.push_back(std::move(place));
    }
    return read_dataset(found);
}

}  // namespace pitot::cli
