#include "cli/output_file.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <initializer_list>
#include <string>
#include <system_error>

#include "cli/output.hpp"
#include "core/atomic_file.hpp"
#include "dataset/index_layout.hpp"
#include "dataset/source.hpp"
#include "formats/input.hpp"
#include "formats/npz.hpp"

namespace pitot::cli {
namespace {

namespace fs = std::filesystem;

// A dataset in CSV is three files, whatever its name ends in; archives have all in one.
Paths with_tables(const fs::path& file) {
    std::error_code ignored;
    if (file.extension() == ".npz" || file.extension() == ".pitot" || fs::is_directory(file, ignored)) {
        return {file};
    }
    return {file, dataset::sibling_table(file, dataset::Axis::kPlatform),
            dataset::sibling_table(file, dataset::Axis::kModule)};
}

bool is_same(const fs::path& a, const fs::path& b) {
    std::error_code ignored;
    if (fs::exists(a, ignored) && fs::exists(b, ignored)) {
        return fs::is_regular_file(a, ignored) && fs::equivalent(a, b, ignored);
    }
    return fs::weakly_canonical(a, ignored) == fs::weakly_canonical(b, ignored);
}

// A trace or a description of devices.
bool is_of_collection(const fs::path& file, const fs::path& folder) {
    std::error_code ignored;
    const fs::path inside =
        fs::weakly_canonical(file, ignored).lexically_relative(fs::weakly_canonical(folder, ignored));
    return inside.extension() == ".json" && *inside.begin() != "..";
}

bool has_all(const formats::NpzReader& npz, std::initializer_list<const char*> names) {
    return std::ranges::all_of(names, [&](const char* name) { return npz.contains(name); });
}

bool is_ours(const fs::path& file, OutputKind kind) {
    const auto npz = formats::NpzReader::open(file);
    if (!npz) {
        return false;
    }
    if (kind == OutputKind::kModel) {
        return npz->contains(dataset::kModelSchemaArray);
    }
    const bool table = has_all(*npz, {"opcode"}) || has_all(*npz, {"feature"}) || has_all(*npz, {"names", "labels"});
    return npz->contains(dataset::kDatasetSchemaArray) && table == (kind == OutputKind::kFeatureTable);
}

const char* described(OutputKind kind) {
    switch (kind) {
        case OutputKind::kModel:
            return "a model";
        case OutputKind::kDataset:
            return "a dataset";
        case OutputKind::kFeatureTable:
            return "a table of features";
        case OutputKind::kPage:
        case OutputKind::kModule:
            break;
    }
    return "another file";
}

// Whether there is a file that would be missed. What the shell has opened for us is not in the way.
bool in_the_way(const fs::path& file) {
    std::error_code error;
    const std::string& name = file.native();
    return fs::is_regular_file(file, error) && fs::file_size(file, error) > 0 && !error && !name.starts_with("/dev/") &&
           !name.starts_with("/proc/");
}

}  // namespace

Result<void> check_apart(const fs::path& file, const Paths& inputs) {
    for (const fs::path& named : inputs) {
        const fs::path given = named == formats::kStandardInput ? "/dev/stdin" : named;
        std::error_code ignored;
        if (fs::is_directory(given, ignored) && is_of_collection(file, given)) {
            return fail(ErrorCode::kUsage, fmt::format("cannot write '{}': it belongs to '{}', which is read; name "
                                                       "another file",
                                                       printable(file.string()), printable(given.string())));
        }
        for (const fs::path& input : with_tables(given)) {
            if (is_same(file, input)) {
                return fail(ErrorCode::kUsage, fmt::format("cannot write '{}': it would replace '{}', which is read; "
                                                           "name another file",
                                                           printable(file.string()), printable(input.string())));
            }
        }
    }
    return {};
}

void OutputFlags::add_to(CLI::App& app) {
    app.add_flag("--force", force, "Replace a file that is there already, whatever it is");
}

Result<void> OutputFlags::check(const fs::path& file, OutputKind kind, const Paths& inputs) const {
    const bool text = kind == OutputKind::kDataset && file.extension() == ".csv";
    // A killed process of ours has replaced the files but for names, as far as it was allowed to: what is there is
    // ours.
    const bool interrupted = text && core::standing_part(file, file) != file;
    for (const fs::path& part : text ? with_tables(file) : Paths{file}) {
        if (auto apart = check_apart(part, inputs); !apart) {
            return apart;
        }
        if (force || interrupted || !in_the_way(part)) {
            continue;
        }
        if (text || kind == OutputKind::kModule || kind == OutputKind::kPage) {
            return fail(ErrorCode::kUsage,
                        fmt::format("cannot write '{}': it is there already; name another file, or replace it with "
                                    "--force",
                                    printable(part.string())));
        }
        if (!is_ours(part, kind)) {
            return fail(ErrorCode::kUsage, fmt::format("cannot write '{}': it is there already and is not {} that "
                                                       "pitot wrote; name another file, or replace it with --force",
                                                       printable(part.string()), described(kind)));
        }
    }
    return {};
}

}  // namespace pitot::cli
