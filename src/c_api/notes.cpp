// What a user of a model should know of it, in words.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "c_api/handles.hpp"
#include "core/utf8.hpp"
#include "pitot/fit.hpp"
#include "predict/parts.hpp"

namespace pitot::c_api {
namespace {

void note_bounds(const Predictor& predictor, std::vector<std::string>& notes) {
    constexpr double confidence = 0.9;
    for (const int co_runners : {0, 1}) {
        if (co_runners > 0 && !predictor.parts().model->tells_co_runners()) {
            continue;
        }
        if (const auto bound = predictor.check_bound(co_runners, confidence); !bound) {
            notes.push_back(
                fmt::format("no bounds {}: {}", co_runners > 0 ? "beside others" : "alone", bound.error().to_string()));
        }
    }
}

void note_parts(const Predictor& predictor, std::vector<std::string>& notes) {
    if (const std::int32_t parts = predictor.parts_apart(); parts > 1) {
        notes.push_back(
            fmt::format("the fleet falls into {} parts without a common platform or module: their scales cannot be "
                        "compared, and predictions across parts have no bound; measure a module of one on a platform "
                        "of another",
                        parts));
    }
}

void note_disagreement(const Predictor& predictor, std::vector<std::string>& notes) {
    constexpr double worth_saying = 0.1;
    constexpr std::size_t shown = 5;
    std::vector<std::pair<double, std::string>> found;
    const auto look_at = [&](const Side& side, const char* kind, auto share_of) {
        for (std::int32_t i = 0; i < side.size(); ++i) {
            if (const double share = share_of(i); share > worth_saying) {
                found.emplace_back(
                    share, fmt::format("{} '{}' ({:.0f} % of its pairs)", kind,
                                       core::printable(side.names[static_cast<std::size_t>(i)]), 100.0 * share));
            }
        }
    };
    look_at(predictor.platforms(), "platform", [&](std::int32_t i) { return predictor.platform_disagreement(i); });
    look_at(predictor.modules(), "module", [&](std::int32_t j) { return predictor.module_disagreement(j); });
    if (found.empty()) {
        return;
    }
    std::ranges::stable_sort(found, std::greater<>(), &std::pair<double, std::string>::first);
    std::vector<std::string> texts;
    for (std::size_t k = 0; k < std::min(shown, found.size()); ++k) {
        texts.push_back(found[k].second);
    }
    notes.push_back(fmt::format(
        "the model's folds contradict each other by more than a factor of two on {}{}: measure "
        "more of them before you rely on these predictions",
        fmt::join(texts, ", "), found.size() > shown ? fmt::format(" and {} more", found.size() - shown) : ""));
}

}  // namespace

std::vector<std::string> notes_of(const Predictor& predictor) {
    std::vector<std::string> notes;
    note_bounds(predictor, notes);
    note_parts(predictor, notes);
    note_disagreement(predictor, notes);
    return notes;
}

std::vector<std::string> notes_of(const FitConfig& config, const Dataset& dataset) {
    std::vector<std::string> notes;
    for (const Pool& pool : dataset.pools) {
        const PoolObjective* objective = config.train.find_objective(pool.name);
        if (objective != nullptr && objective->rows > 0 && objective->rows < pool.rows) {
            notes.push_back(
                fmt::format("preset {} uses the first {} of {} rows of the pool '{}', as published; "
                            "train.objectives.{}.rows=0 uses all",
                            core::printable(config.preset), objective->rows, pool.rows, pool.name, pool.name));
        } else if (pool.rows > 0 && !config.train.learns_from(pool.name)) {
            notes.push_back(fmt::format("preset {} does not learn from the {} rows of the pool '{}'",
                                        core::printable(config.preset), pool.rows, pool.name));
        }
    }
    return notes;
}

}  // namespace pitot::c_api
