// Fields of a configuration as JSON and messages show them.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <type_traits>

#include <nlohmann/json.hpp>

#include "pitot/config.hpp"

namespace pitot::models {

/// Begins the paths of objectives' fields, which go on with a pool and a field: "together.weight".
inline constexpr std::string_view kObjectives = "train.objectives.";

/// A value of an enumeration and its name.
template <typename E>
struct Label {
    E value;
    const char* name;
};
template <typename E>
Label(E, const char*) -> Label<E>;
inline constexpr std::array kFamilies{
    Label{Family::kLinearScaling, "linear_scaling"}, Label{Family::kFactorization, "factorization"},
    Label{Family::kNetwork, "network"}, Label{Family::kPlatformNetwork, "platform_network"},
    Label{Family::kKernel, "kernel"}};
inline constexpr std::array kLosses{Label{Loss::kSquared, "squared"}, Label{Loss::kRelative, "relative"},
                                    Label{Loss::kHuber, "huber"}};
inline constexpr std::array kSchedules{Label{Schedule::kConstant, "constant"}, Label{Schedule::kCosine, "cosine"}};
inline constexpr std::array kKeeps{Label{Keep::kLast, "last"}, Label{Keep::kBest, "best"}};
inline constexpr std::array kSplitUnits{Label{SplitUnit::kCombination, "combinations"}, Label{SplitUnit::kRow, "rows"}};
inline constexpr std::array kBoundsFroms{Label{BoundsFrom::kAuto, "auto"}, Label{BoundsFrom::kSplit, "split"},
                                         Label{BoundsFrom::kLeaveOneOut, "leave-one-out"}};
inline constexpr std::array kBoundsBys{Label{BoundsBy::kFleet, "fleet"}, Label{BoundsBy::kPlatform, "platform"},
                                       Label{BoundsBy::kMicroarchitecture, "microarchitecture"},
                                       Label{BoundsBy::kRuntime, "runtime"}};

inline const auto& labels(Family /*tag*/) { return kFamilies; }
inline const auto& labels(Loss /*tag*/) { return kLosses; }
inline const auto& labels(Schedule /*tag*/) { return kSchedules; }
inline const auto& labels(Keep /*tag*/) { return kKeeps; }
inline const auto& labels(SplitUnit /*tag*/) { return kSplitUnits; }
inline const auto& labels(BoundsFrom /*tag*/) { return kBoundsFroms; }
inline const auto& labels(BoundsBy /*tag*/) { return kBoundsBys; }

/// A field as JSON; null of an enumeration that has no such value.
template <typename T>
nlohmann::ordered_json encode(const T& field) {
    if constexpr (std::is_enum_v<T>) {
        const auto& table = labels(field);
        const auto label = std::ranges::find(table, field, [](const auto& l) { return l.value; });
        return label == table.end() ? nlohmann::ordered_json() : nlohmann::ordered_json(label->name);
    } else {
        return field;
    }
}

/// apply_json() of a configuration as a whole, as to_json() writes it: where it has objectives, there are no others.
[[nodiscard]] Result<void> apply_whole_json(FitConfig& config, std::string_view json);

/// A value as a message shows it.
[[nodiscard]] std::string shown(const nlohmann::ordered_json& value);

}  // namespace pitot::models
