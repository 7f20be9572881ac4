#include "models/objectives.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace pitot::models {
namespace {

using Json = nlohmann::ordered_json;

// With keys in one order, whatever the order they were written in.
nlohmann::json sorted(const Json& object) { return nlohmann::json::parse(object.dump()); }

}  // namespace

std::string published_name(std::string_view pool) {
    return pool == "alone" ? "mf" : pool == "together" ? "if" : std::string(pool);
}

std::string pool_named(std::string_view published_name) {
    return published_name == "mf" ? "alone" : published_name == "if" ? "together" : std::string(published_name);
}

Json objectives_json(const FitConfig& config, std::span<const std::string> pools) {
    Json list = Json::array();
    for (const std::string& pool : pools) {
        if (const PoolObjective* objective = config.train.find_objective(pool)) {
            const bool alone = pool == "alone";
            const std::string prefix = alone ? "" : published_name(pool) + "_";
            list.push_back({{"name", published_name(pool)},
                            {"batch_size", objective->batch},
                            {"weight", objective->weight},
                            {"log", config.model.logarithm},
                            {"save", alone ? Json() : Json("C_ijk_hat")},
                            {"xkey", prefix + "x"},
                            {"ykey", prefix + "y"}});
        }
    }
    return list;
}

Result<void> check_objectives(const FitConfig& config, const Json& objectives) {
    std::vector<std::string> pools;
    std::ranges::transform(config.train.objectives, std::back_inserter(pools), &PoolObjective::pool);
    const Json known = objectives_json(config, pools);
    for (const Json& objective : objectives.is_array() ? objectives : Json::array({objectives})) {
        const auto says_the_same = [&](const Json& one) { return sorted(one) == sorted(objective); };
        if (std::ranges::none_of(known, says_the_same)) {
            return fail(ErrorCode::kUsage,
                        fmt::format("objective {} is none that the other fields give; change those "
                                    "(train.objectives, model.logarithm), which 'objectives' repeats, or leave it out",
                                    objective.dump(-1, ' ', true, Json::error_handler_t::replace)));
        }
    }
    return {};
}

}  // namespace pitot::models
