// How well presets predicted, from their results on disk.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/evaluate.hpp"

namespace pitot::experiment {

/// One objective of one preset ("mf" or "if") over training shares, smallest first. All of a preset's have the same.
struct ObjectiveSummary {
    std::vector<double> shares;
    std::vector<ErrorMetrics> model;     ///< one a share
    std::vector<ErrorMetrics> baseline;  ///< linear scaling, on the same rows
};

struct Summary {
    std::string method;
    std::map<std::string, ObjectiveSummary> objectives;  ///< "mf", "if"
    std::map<std::string, std::string> records{};  ///< share_name() -> SHA-256 of the record that it was made from
};

/// Presets that have results below a folder, sorted. Error: kInput if there are none, kEnvironment without the folder.
[[nodiscard]] Result<std::vector<std::string>> methods_with_results(const std::filesystem::path& results);

/// Presets with results that `methods` stand for, each once; "family/*" stands for all that begin so. Errors: kUsage
/// with the nearest names where a pattern fits no results or a name is no preset's; those of methods_with_results().
[[nodiscard]] Result<std::vector<std::string>> expand_results(const std::filesystem::path& results,
                                                              const std::vector<std::string>& methods);

/// Training shares of a preset that have results, ascending.
[[nodiscard]] std::vector<double> shares_with_results(const std::filesystem::path& results, const std::string& method);

/// Computes METHOD's summary from its arrays; a replicate predicts the mean of its folds' predictions. `dataset` must
/// be what the results were made with. Errors: kInput (none there, of another dataset, damaged).
[[nodiscard]] Result<Summary> summarise(const std::filesystem::path& results, const std::string& method,
                                        const Dataset& dataset);

/// The files that METHOD's results say they were made with.
[[nodiscard]] Result<std::vector<std::filesystem::path>> dataset_of(const std::filesystem::path& results,
                                                                    const std::string& method);

/// METHOD/summary.json: `splits`, the shares, and per objective lists over them; `records` says of which results.
[[nodiscard]] std::string to_json(const Summary& summary);
/// Reads it back. Errors: kInput naming the command that makes it, where there is none or results have been replaced or
/// added since; where it is damaged, or of a newer version.
[[nodiscard]] Result<Summary> read_summary(const std::filesystem::path& results, const std::string& method);

}  // namespace pitot::experiment
