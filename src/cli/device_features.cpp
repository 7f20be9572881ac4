#include "cli/device_features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/cli.hpp"
#include "traces/trace_dataset.hpp"
#include "traces/traces.hpp"

namespace pitot::cli {
namespace {

constexpr std::string_view kNewRuntime = "runtime=";
constexpr std::string_view kOldRuntime = "rt=";
constexpr std::string_view kFrequency = "cpufreq";
constexpr std::string_view kKind = "uarch=";
constexpr std::string_view kWays = "l2_assoc=";

std::vector<std::string> runtimes_of(const Side& known, traces::Release release) {
    const std::string_view prefix = release == traces::Release::k2023 ? kOldRuntime : kNewRuntime;
    std::vector<std::string> runtimes;
    for (const std::string& name : known.feature_names) {
        if (name.starts_with(prefix)) {
            runtimes.push_back(name.substr(prefix.size()));
        }
    }
    return runtimes;
}

/// The value of a column that this device's own columns do not have: a category of others, or a column of none.
std::optional<double> value_elsewhere(const std::string& column, const traces::Device& device) {
    if (column.starts_with(kKind)) {
        return device.described && !device.microarchitecture.empty() ? -1.0 : 0.0;
    }
    if (column.starts_with(kWays)) {
        return device.described ? -1.0 : 0.0;
    }
    return device.described ? std::nullopt : std::optional(0.0);
}

/// Rows of one device, one a runtime, behind those of `side`.
Result<void> add_device(const traces::Device& device, const std::vector<std::string>& runtimes, traces::Release release,
                        const Side& known, std::vector<std::vector<double>>& rows) {
    std::vector<traces::PlatformParts> parts;
    parts.reserve(runtimes.size());
    for (const std::string& runtime : runtimes) {
        parts.push_back({runtime, &device});
    }
    const Side own = traces::platform_side(std::vector<std::string>(parts.size()), parts, {&device, 1}, release);
    const auto column_of = [&](const std::string& name) {
        return std::ranges::find(own.feature_names, name) - own.feature_names.begin();
    };
    for (std::size_t r = 0; r < parts.size(); ++r) {
        std::vector<double> row;
        for (const std::string& name : known.feature_names) {
            const auto column = column_of(name);
            const auto value = column < std::ssize(own.feature_names)
                                   ? std::optional(own.features(static_cast<std::int64_t>(r), column))
                                   : value_elsewhere(name, device);
            if (!value) {
                return fail(ErrorCode::kInput,
                            fmt::format("the model's feature '{}' of platforms is none that a description of a device "
                                        "tells; give a table of features",
                                        name));
            }
            row.push_back(*value);
        }
        rows.push_back(std::move(row));
    }
    return {};
}

void say_unknown_kind(const traces::Device& device, const Side& known) {
    const std::string column = std::string(kKind) + device.microarchitecture;
    if (!device.microarchitecture.empty() &&
        std::ranges::find(known.feature_names, column) == known.feature_names.end()) {
        note(fmt::format("the model knows no device of the microarchitecture '{}', which '{}' has",
                         device.microarchitecture, device.name));
    }
}

/// A device that has the name of one that the model knows has its features, too.
Result<void> check_same_device(const traces::Device& device, const std::string& file, const Side& known,
                               const std::string& platform, std::span<const double> row) {
    const auto at = std::ranges::find(known.names, platform);
    for (std::size_t c = 0; at != known.names.end() && c < row.size(); ++c) {
        const double theirs = known.features(at - known.names.begin(), static_cast<std::int64_t>(c));
        // What a machine tells as its frequency may be that of the moment.
        const double tolerance = known.feature_names[c] == kFrequency ? 0.1 : 1e-6;
        if (std::abs(row[c] - theirs) > tolerance * std::max(1.0, std::abs(theirs))) {
            return fail(ErrorCode::kInput,
                        fmt::format("device '{0}' of '{1}' and device '{0}' of the model have one name and are two: "
                                    "feature '{2}' is {3:.6g} of the file's and {4:.6g} of the model's; describe it by "
                                    "a name of its own with 'pitot device --name NAME --json'",
                                    device.name, file, known.feature_names[c], row[c], theirs));
        }
    }
    return {};
}

}  // namespace

bool describes_devices(const std::string& text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos || text[begin] != '{') {
        return false;
    }
    const auto json = nlohmann::json::parse(text, nullptr, false);
    return json.is_object() && !json.empty() && std::all_of(json.begin(), json.end(), [](const auto& entry) {
               return entry.is_object() && entry.contains("platform");
           });
}

Result<Side> device_side(const std::string& file, const std::string& text, const Side& known) {
    PITOT_TRY(const auto list, traces::parse_devices(file, text));
    const auto release =
        runtimes_of(known, traces::Release::k2023).empty() ? traces::Release::k2025 : traces::Release::k2023;
    const std::vector<std::string> runtimes = runtimes_of(known, release);
    if (runtimes.empty() || list.devices.empty()) {
        return fail(ErrorCode::kInput,
                    runtimes.empty()
                        ? std::string("the model's features of platforms name no runtimes, so that a device "
                                      "alone makes no platform; give a table of features")
                        : fmt::format("'{}' describes no device that can be used{}{}; print it with 'pitot "
                                      "device --json'",
                                      file, list.problems.empty() ? "" : ": ",
                                      list.problems.empty() ? "" : list.problems.front().what));
    }
    std::vector<std::vector<double>> rows;
    Side side;
    for (const traces::Device& device : list.devices) {
        if (auto added = add_device(device, runtimes, release, known, rows); !added) {
            return Failure(added.error());
        }
        say_unknown_kind(device, known);
        for (const std::string& runtime : runtimes) {
            const std::string name = runtime + "." + device.name;
            if (auto same = check_same_device(device, file, known, name, rows[side.names.size()]); !same) {
                return Failure(same.error());
            }
            side.names.push_back(name);
        }
    }
    side.feature_names = known.feature_names;
    side.features = Matrix<double>(side.size(), std::ssize(side.feature_names));
    for (std::size_t r = 0; r < rows.size(); ++r) {
        std::ranges::copy(rows[r], side.features.view().row(static_cast<std::int64_t>(r)).begin());
    }
    return side;
}

}  // namespace pitot::cli
