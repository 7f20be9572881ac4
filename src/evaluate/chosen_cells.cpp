#include "evaluate/chosen_cells.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "core/border.hpp"
#include "pitot/advise.hpp"

namespace pitot {
namespace evaluation {
namespace {

// What the caller's function answers; what it throws is the caller's.
Result<std::vector<std::size_t>> asked(const ChooseCells& choose, const CellQuestion& question) {
    try {
        return choose(question);
    } catch (...) {
        throw core::CallersException{std::current_exception()};
    }
}

// The numbers of `cells` that are not among `measured`, rising.
std::vector<std::size_t> without(std::vector<std::size_t> cells, std::vector<std::size_t> measured) {
    std::ranges::sort(cells);
    std::ranges::sort(measured);
    std::vector<std::size_t> others;
    std::ranges::set_difference(cells, measured, std::back_inserter(others));
    return others;
}

}  // namespace

Result<void> choose_cells(const ChooseCells& choose, const Predictor* predictor, const Dataset& dataset,
                          const HeldOutDraw& draw, const HeldOutRow& row, std::int64_t most,
                          std::vector<std::size_t>& measured) {
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(most, std::ssize(row.cells)));
    if (!choose) {
        measured.assign(row.cells.begin(), row.cells.begin() + static_cast<std::ptrdiff_t>(wanted));
        return {};
    }
    if (measured.size() >= wanted) {
        return {};
    }
    const std::vector<std::size_t> candidates = without(row.cells, measured);
    std::vector<std::int32_t> platform, module;
    for (const std::size_t c : candidates) {
        const auto at = static_cast<std::size_t>(draw.held[c].rows.front());
        platform.push_back(dataset.observations.platform[at]);
        module.push_back(dataset.observations.module[at]);
    }
    const auto more = static_cast<std::int64_t>(wanted - measured.size());
    PITOT_TRY(const std::vector<std::size_t> places, asked(choose, {*predictor, platform, module, more}));
    std::vector<bool> taken(candidates.size(), false);
    for (const std::size_t place : places) {
        const bool known = place < candidates.size();
        if (!known || taken[place]) {
            return fail(ErrorCode::kUsage, fmt::format("the cells chosen have place {}{}; there are {} candidates",
                                                       place, known ? " twice" : "", candidates.size()));
        }
        taken[place] = true;
        measured.push_back(candidates[place]);
    }
    if (std::ssize(places) != more) {
        return fail(ErrorCode::kUsage, fmt::format("{} cells were chosen of {} asked for", places.size(), more));
    }
    return {};
}

}  // namespace evaluation

ChooseCells advised_cells() {
    return [](const CellQuestion& question) -> Result<std::vector<std::size_t>> {
        AdviseOptions options;
        options.budget = std::max<std::int64_t>(question.most, 1);
        options.platforms.assign(question.platform.begin(), question.platform.end());
        options.modules.assign(question.module.begin(), question.module.end());
        std::map<std::pair<std::int32_t, std::int32_t>, std::size_t> place;
        for (std::size_t n = 0; n < question.platform.size(); ++n) {
            options.among.emplace_back(question.platform[n], question.module[n]);
            place[options.among.back()] = n;
        }
        PITOT_TRY(const Advice advice, question.predictor.advise(options));
        std::vector<std::size_t> places;
        for (const AdvisedPair& pair : advice.pairs) {
            if (std::ssize(places) < question.most) {
                places.push_back(place.at({pair.platform, pair.module}));
            }
        }
        return places;
    };
}

}  // namespace pitot
