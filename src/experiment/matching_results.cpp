#include "experiment/matching_results.hpp"

#include <fmt/format.h>

#include <utility>

#include "pitot/remedy.hpp"

namespace pitot::experiment {

Result<MatchingResults> open_matching_results(const std::filesystem::path& results, const std::string& method,
                                              double share, const Dataset& dataset, Remedy remedy) {
    PITOT_TRY(auto arrays, open_results(results, method, share));
    PITOT_TRY(auto record, read_record(results / method / (share_name(share) + ".json")));
    if (record.digest != dataset_digest(dataset)) {
        return fail(ErrorCode::kInput,
                    fmt::format("the results of '{}' at share {} in '{}' are of another dataset ({}); name that one",
                                method, share_name(share), results.string(), fmt::join(record.dataset, " ")),
                    remedy);
    }
    return MatchingResults{std::move(arrays), std::move(record)};
}

}  // namespace pitot::experiment
