// The record of one preset at one training share: METHOD/SHARE.json below a folder of results, beside its arrays.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/result.hpp"

namespace pitot::experiment {

/// How a training share is called in file names: the shortest decimal that reads back as the same number, such as
/// "0.9".
[[nodiscard]] std::string share_name(double share);

/// The JSON beside the arrays.
struct ResultRecord {
    FitConfig config;  ///< with share, seed and replicates
    double seconds = 0.0;
    std::vector<std::string> dataset;  ///< the files it was trained on
    std::string digest;                ///< dataset_digest() of them
    std::string backend;               ///< empty where an older record does not say
    std::string precision;             ///< recorded_precision(); empty where the backend leaves no choice
    std::vector<std::string> pools;    ///< whose rows are predicted; not said by older records
};

/// Context::precision where results depend on it: of the backend cuda.
[[nodiscard]] std::string recorded_precision(const Context& context);
/// That of one configuration: none for the kernel method, which computes in double precision whatever is asked for.
[[nodiscard]] std::string recorded_precision(const FitConfig& config, const std::string& precision);

[[nodiscard]] std::string to_json(const ResultRecord& record);
/// Errors: kEnvironment if it cannot be read, kInput if it is none of ours or of a newer version.
[[nodiscard]] Result<ResultRecord> read_record(const std::filesystem::path& file);

/// A field in which results that are there differ from those asked for here; values as JSON.
struct Difference {
    std::string field;
    std::string there;
    std::string here;
};

/// Fields in which two configurations differ, sorted. Equal: empty.
[[nodiscard]] std::vector<Difference> differences(const FitConfig& there, const FitConfig& here);
/// The same, and dataset, backend and precision, which decide what comes out as well.
[[nodiscard]] std::vector<Difference> differences(const ResultRecord& there, const ResultRecord& here);

/// The files of a record's dataset and the beginning of its digest: "data.npz (SHA-256 0123456789ab…)".
[[nodiscard]] std::string dataset_text(const ResultRecord& record);

/// What decides the results, on one line of JSON: configuration, dataset, digest, backend and precision.
[[nodiscard]] std::string configuration_json(const ResultRecord& record);

/// The public dataset that a preset was published on: "data/data.npz" for most.
[[nodiscard]] std::string usual_dataset(const std::string& method);

/// What to say when METHOD has no results (at a share). kUsage with the nearest names if there is no such preset.
[[nodiscard]] Error missing_results(const std::filesystem::path& results, const std::string& method,
                                    std::optional<double> share);

/// What to say when `archive` (RESULTS/METHOD/SHARE.npz) cannot be used. `why` is a sentence; what follows its last
/// semicolon, the reader's advice, is left out.
[[nodiscard]] Error damaged_results(const std::filesystem::path& archive, std::string why);

}  // namespace pitot::experiment
