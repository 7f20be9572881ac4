// Side information from descriptions of devices and counts of opcodes.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "core/utf8.hpp"
#include "traces/trace_dataset.hpp"
#include "traces/trace_names.hpp"

namespace pitot::traces {
namespace {

constexpr double kClockOffset = 7.0;
constexpr double kLeastTotal = 10;

struct Size {
    const char* name;
    double Device::*bytes;
    double offset;
};
constexpr std::array kSizes = {Size{"l1d_size", &Device::l1d_bytes, 16}, Size{"l1i_size", &Device::l1i_bytes, 16},
                               Size{"l2_size", &Device::l2_bytes, 21}, Size{"l2_line", &Device::l2_line_bytes, 10}};
constexpr Size kLast = {"l3_size", &Device::l3_bytes, 21};

// The columns of platform features, and a row's values in them.
class PlatformColumns {
public:
    PlatformColumns(std::span<const PlatformParts> parts, std::span<const Device> devices, Release release)
        : old_(release == Release::k2023) {
        for (const Device& device : devices) {
            if (!device.described) {
                continue;
            }
            any_ = true;
            ways_.insert(device.l2_ways);
            if (!device.microarchitecture.empty()) {
                kinds_.insert(device.microarchitecture);
            }
        }
        for (const PlatformParts& part : parts) {
            runtimes_.insert(part.runtime);
        }
    }

    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> names;
        if (any_) {
            for (const std::string& kind : kinds_) {
                names.push_back("uarch=" + kind);
            }
            names.emplace_back("cpufreq");
            for (const Size& size : kSizes) {
                add_names(size, names);
            }
            for (const double ways : ways_) {
                names.push_back(fmt::format("l2_assoc={}", ways));
            }
            add_names(kLast, names);
        }
        for (const std::string& runtime : runtimes_) {
            names.push_back((old_ ? "rt=" : "runtime=") + runtime);
        }
        return names;
    }

    [[nodiscard]] std::vector<double> values(const PlatformParts& part) const {
        std::vector<double> row;
        if (any_) {
            const Device* device = part.device != nullptr && part.device->described ? part.device : nullptr;
            const bool kind_known = device != nullptr && !device->microarchitecture.empty();
            for (const std::string& kind : kinds_) {
                row.push_back(kind_known ? (device->microarchitecture == kind ? 1.0 : -1.0) : 0.0);
            }
            const double hz = device == nullptr ? 0.0 : device->clock_hz;
            row.push_back(hz > 0 ? std::log(hz / 1e6) - kClockOffset : 0.0);
            for (const Size& size : kSizes) {
                add_values(device, size, row);
            }
            for (const double ways : ways_) {
                row.push_back(device == nullptr ? 0.0 : device->l2_ways == ways ? 1.0 : -1.0);
            }
            add_values(device, kLast, row);
        }
        for (const std::string& runtime : runtimes_) {
            row.push_back(runtime == part.runtime ? 1.0 : -1.0);
        }
        return row;
    }

private:
    void add_names(const Size& size, std::vector<std::string>& names) const {
        if (old_) {
            names.push_back(fmt::format("ind:{}", size.name));
        }
        names.emplace_back(size.name);
        if (!old_) {
            names.push_back(fmt::format("{}:ind", size.name));
        }
    }

    void add_values(const Device* device, const Size& size, std::vector<double>& row) const {
        const double bytes = device == nullptr ? 0.0 : device->*size.bytes;
        const double indicator = device == nullptr ? 0.0 : bytes > 0 ? 1.0 : -1.0;
        const double value = bytes > 0 ? std::log2(bytes) - size.offset : 0.0;
        row.push_back(old_ ? indicator : value);
        row.push_back(old_ ? value : indicator);
    }

    bool old_;
    bool any_ = false;
    std::set<std::string> kinds_;
    std::set<double> ways_;
    std::set<std::string> runtimes_;
};

std::vector<std::size_t> kept_opcodes(const OpcodeTable& table, Release release, bool constant_too) {
    std::vector<std::size_t> kept;
    if (table.empty()) {
        return kept;
    }
    for (std::size_t k = 0; k < table.front().second.size(); ++k) {
        double total = 0;
        bool varies = false;
        for (const auto& [name, counts] : table) {
            total += counts[k];
            varies = varies || counts[k] != table.front().second[k] || (constant_too && counts[k] != 0.0);
        }
        if (release == Release::k2023 ? total > kLeastTotal : varies) {
            kept.push_back(k);
        }
    }
    return kept;
}

}  // namespace

Side platform_side(std::vector<std::string> names, std::span<const PlatformParts> parts,
                   std::span<const Device> devices, Release release) {
    const PlatformColumns columns(parts, devices, release);
    Side side;
    side.names = std::move(names);
    side.feature_names = columns.names();
    side.features = Matrix<double>(side.size(), std::ssize(side.feature_names));
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::vector<double> row = columns.values(parts[i]);
        for (std::size_t j = 0; j < row.size(); ++j) {
            side.features(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)) = row[j];
        }
    }
    return side;
}

OpcodeTable opcode_table(const Collection& collection, const TraceOptions& options,
                         std::vector<TraceProblem>& problems) {
    const ModuleNames names(collection, options);
    std::map<std::string, const Trace*> known;
    for (const Trace& trace : collection.traces) {
        if (trace.kind != TraceKind::kOpcodes) {
            continue;
        }
        std::string name = names.of_trace(trace, trace.members.front());
        if (const char* fault = core::name_fault(name); fault != nullptr) {
            problems.push_back({trace.file, fmt::format("names a module whose name {}", fault)});
            continue;
        }
        const auto [first, is_new] = known.emplace(std::move(name), &trace);
        if (!is_new && first->second->opcodes != trace.opcodes) {
            problems.push_back({trace.file, fmt::format("counts other opcodes of '{}' than {}; the first counts",
                                                        core::printable(first->first), first->second->file)});
        }
    }
    OpcodeTable table;
    for (const auto& [name, trace] : known) {
        table.emplace_back(name, trace->opcodes);
    }
    return table;
}

Side opcode_side(std::vector<std::string> names, const OpcodeTable& table, Release release, bool constant_too) {
    Side side;
    side.names = std::move(names);
    const std::vector<std::size_t> kept = kept_opcodes(table, release, constant_too);
    for (const std::size_t opcode : kept) {
        side.feature_names.push_back(release == Release::k2023 ? fmt::format("op{}", opcode)
                                                               : fmt::format("x{:02X}", opcode));
    }
    side.features = Matrix<double>(side.size(), std::ssize(kept));
    std::vector<double> means;
    for (const std::size_t opcode : kept) {
        double sum = 0;
        for (const auto& [name, counts] : table) {
            sum += std::log1p(counts[opcode]);
        }
        means.push_back(sum / static_cast<double>(table.size()));
    }
    for (std::size_t i = 0; i < side.names.size(); ++i) {
        const auto row = std::ranges::lower_bound(table, side.names[i], {}, &OpcodeTable::value_type::first);
        const bool known = row != table.end() && row->first == side.names[i];
        for (std::size_t j = 0; j < kept.size(); ++j) {
            side.features(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)) =
                known ? std::log1p(row->second[kept[j]]) : means[j];
        }
    }
    return side;
}

}  // namespace pitot::traces
