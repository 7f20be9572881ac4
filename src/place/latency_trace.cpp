#include "place/latency_trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "formats/csv.hpp"

namespace pitot::place {
namespace {

std::optional<std::size_t> layer_of(double distance_km) {
    if (distance_km > 1000.0) {
        return 0;
    }
    if (distance_km >= 20.0 && distance_km <= 500.0) {
        return 1;
    }
    return distance_km >= 0.0 && distance_km < 20.0 ? std::optional<std::size_t>(2) : std::nullopt;
}

struct Columns {
    std::size_t latency = 0;
    std::size_t distance = 0;
};

Result<Columns> find_columns(const std::filesystem::path& file, std::span<const std::string> fields) {
    const auto find = [&](const char* name) -> Result<std::size_t> {
        const auto at = std::ranges::find(fields, name);
        if (at == fields.end()) {
            return fail(ErrorCode::kInput,
                        fmt::format("'{}' has no column '{}'; a trace of latencies needs latency_ms and "
                                    "UE_Server_distance_km",
                                    file.string(), name));
        }
        return static_cast<std::size_t>(at - fields.begin());
    };
    const auto latency = find("latency_ms");
    PITOT_TRY(const auto distance, latency ? find("UE_Server_distance_km") : latency);
    return Columns{*latency, distance};
}

}  // namespace

Result<LatencyTrace> read_latency_trace(const std::filesystem::path& file) {
    LatencyTrace trace;
    std::optional<Columns> columns;
    const auto handle = [&](std::int64_t line, std::span<const std::string> fields) -> Result<void> {
        if (!columns) {
            PITOT_TRY(auto found, find_columns(file, fields));
            columns = found;
            return {};
        }
        if (fields.size() <= std::max(columns->latency, columns->distance) || fields[columns->distance].empty()) {
            return {};
        }
        const auto latency = formats::parse_number(fields[columns->latency]);
        const auto distance = formats::parse_number(fields[columns->distance]);
        if (!latency || !distance || !(*latency >= 0.0) || !std::isfinite(*latency) || std::isnan(*distance)) {
            return fail(ErrorCode::kInput,
                        fmt::format("'{}', line {}: latency '{}' or distance '{}' is not a number; mend "
                                    "or remove the line",
                                    file.string(), line, fields[columns->latency], fields[columns->distance]));
        }
        if (const auto layer = layer_of(*distance)) {
            trace.latency_ms[*layer].push_back(*latency);
        }
        return {};
    };
    if (auto ok = formats::read_csv({file, {}}, handle); !ok) {
        return Failure(ok.error());
    }
    constexpr std::array ranges{"over 1000 km", "20 to 500 km", "under 20 km"};
    for (std::size_t layer = 0; layer < kLayers; ++layer) {
        if (trace.latency_ms[layer].empty()) {
            return fail(ErrorCode::kInput, fmt::format("'{}' has no test to a server {} away; the network needs some",
                                                       file.string(), ranges.at(layer)));
        }
    }
    return trace;
}

LatencyTrace synthetic_latency_trace(core::Key key) {
    struct Shape {
        double median, deviation, least, most;
    };
    constexpr std::array<Shape, kLayers> shapes{{{67, 0.25, 28, 118}, {35, 0.43, 14, 55}, {17, 0.68, 6, 60}}};
    constexpr std::size_t count = 1000;
    LatencyTrace trace;
    for (std::size_t layer = 0; layer < kLayers; ++layer) {
        const Shape& shape = shapes.at(layer);
        core::Stream stream(key.fold("latency").fold(layer));
        while (trace.latency_ms[layer].size() < count) {
            const double latency = shape.median * std::exp(shape.deviation * stream.normal());
            if (latency >= shape.least && latency <= shape.most) {
                trace.latency_ms[layer].push_back(latency);
            }
        }
    }
    return trace;
}

}  // namespace pitot::place
