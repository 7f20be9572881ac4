// What a preset gave at one training share: METHOD/SHARE.npz and METHOD/SHARE.json below a folder of results.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/spool.hpp"
#include "data/npz.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"
#include "train/train.hpp"

namespace pitot {

/// How a training share is called in file names: "0.9"; "0.25" where one decimal does not do.
[[nodiscard]] std::string share_name(double share);

/// The JSON beside the arrays.
struct ResultRecord {
    FitConfig config;  ///< with share, seed and replicates
    double seconds = 0.0;
    std::vector<std::string> dataset;  ///< the files it was trained on
    std::string digest;                ///< dataset_digest() of them
    std::string backend;
};

[[nodiscard]] std::string to_json(const ResultRecord& record);
/// Errors: kEnvironment if it cannot be read, kInput if it is none of ours or of a newer version.
[[nodiscard]] Result<ResultRecord> read_record(const std::filesystem::path& file);

/// Fields in which two configurations differ: "train.folds: 3 there, 10 here", sorted by field. Equal: empty.
[[nodiscard]] std::vector<std::string> differences(const FitConfig& there, const FitConfig& here);

/// The arrays of all replicates of one preset and share. They are set aside on disk as replicates come, so that memory
/// does not grow with their number, and written as one compressed archive at the end. With R replicates of k folds, E
/// checkpoints, Np platforms, Nm modules, rank r and s types of interference, float32 and int32:
///   train_loss, val_loss  R × E × k (val_loss only where there are validation rows)
///   C_hat                 R × k × Np × Nm, a fold's predictions on the model's scale
///   P, M                  R × k × Np × r and R × k × Nm × r; factorizations only
///   V_s, V_g              R × k × Np × r × s, times beta; models of interference only
///   C_ijk_hat             R × k × test rows with co-runners
///   mf_train, mf_val      R × k × rows; mf_test R × rows: rows of dataset.alone
///   if_train, …           the same, rows of dataset.together
///   C_bar, p_bar, m_bar   R × Np × Nm, R × Np, R × Nm: the linear-scaling baseline
class ResultArrays {
public:
    /// Error: kInput if the arrays would take more than kMostBytes; kEnvironment if the folder cannot be written to.
    [[nodiscard]] static Result<ResultArrays> create(const std::filesystem::path& folder, const Dataset& dataset,
                                                     const FitConfig& config);

    [[nodiscard]] Result<void> add(const Replicate& replicate);
    /// Whole or not at all.
    [[nodiscard]] Result<void> write(const std::filesystem::path& file);

    static constexpr double kMostBytes = 64e9;

private:
    struct Array {
        SpoolFile file;
        std::vector<std::int64_t> shape;  // of one replicate
        bool integers = false;
    };
    ResultArrays(const Dataset& dataset, FitConfig config, std::filesystem::path folder)
        : dataset_(&dataset), config_(std::move(config)), folder_(std::move(folder)) {}
    // One replicate's values; they have the same shape each time.
    template <typename T>
    Result<void> put(const std::string& name, const std::vector<T>& values, std::vector<std::int64_t> shape);
    Result<void> put_rows(const std::string& prefix, const Split& split);
    Result<void> put_losses(const Replicate& replicate);
    Result<void> put_folds(const Replicate& replicate);
    Result<void> put_baseline(const LinearScaling& baseline, RowNumbers together);

    const Dataset* dataset_;
    FitConfig config_;
    std::filesystem::path folder_;
    std::int64_t replicates_ = 0;
    std::map<std::string, Array> arrays_;
};

/// One array of results: values in row-major order.
template <typename T>
struct ResultArray {
    std::vector<std::int64_t> shape;
    std::vector<T> values;
};

/// Reads an array that must have `axes` axes. Error: kInput naming file, array and remedy.
template <typename T>
[[nodiscard]] Result<ResultArray<T>> read_array(const NpzReader& file, std::string_view name, std::size_t axes);

/// What to say when METHOD has no results (at a share): names the command that makes them.
[[nodiscard]] Error missing_results(const std::filesystem::path& results, const std::string& method,
                                    std::optional<double> share);

/// " -d FILE": the public dataset that a preset's experiment is made with, where it is not the default one.
[[nodiscard]] std::string data_option_of(const std::string& method);

/// Opens METHOD/SHARE.npz below `results`. Error: missing_results(), or what NpzReader says.
[[nodiscard]] Result<NpzReader> open_results(const std::filesystem::path& results, const std::string& method,
                                             double share);

}  // namespace pitot
