#include "models/objectives.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pitot {
namespace {

using Json = nlohmann::ordered_json;

// With keys in one order, whatever the order they were written in.
nlohmann::json sorted(const Json& object) { return nlohmann::json::parse(object.dump()); }

}  // namespace

Json objectives_json(const FitConfig& config, bool together) {
    const TrainConfig& train = config.train;
    Json list = Json::array();
    list.push_back({{"name", "mf"},
                    {"batch_size", train.batch},
                    {"weight", train.alone_weight},
                    {"log", config.model.logarithm},
                    {"save", nullptr},
                    {"xkey", "x"},
                    {"ykey", "y"}});
    if (together) {
        list.push_back({{"name", "if"},
                        {"batch_size", train.together_batch},
                        {"weight", train.together_weight},
                        {"log", config.model.logarithm},
                        {"save", "C_ijk_hat"},
                        {"xkey", "if_x"},
                        {"ykey", "if_y"}});
    }
    return list;
}

Result<void> check_objectives(const FitConfig& config, const Json& objectives) {
    const Json known = objectives_json(config, true);
    for (const Json& objective : objectives.is_array() ? objectives : Json::array({objectives})) {
        const auto says_the_same = [&](const Json& one) { return sorted(one) == sorted(objective); };
        if (std::ranges::none_of(known, says_the_same)) {
            return fail(ErrorCode::kUsage,
                        fmt::format("objective {} is none that the other fields give; change those (train.batch, "
                                    "train.alone_weight, train.together_batch, train.together_weight, "
                                    "model.logarithm), which 'objectives' repeats, or leave it out",
                                    objective.dump(-1, ' ', true, Json::error_handler_t::replace)));
        }
    }
    return {};
}

}  // namespace pitot
