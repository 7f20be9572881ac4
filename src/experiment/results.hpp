// What a preset gave at one training share: the arrays of METHOD/SHARE.npz below a folder of results.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/spool.hpp"
#include "experiment/record.hpp"
#include "formats/npz.hpp"
#include "models/model_family.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::experiment {

/// The arrays of all replicates of one preset and share. They are set aside on disk as replicates come, so that memory
/// does not grow with their number, and written as one compressed archive at the end. With R replicates of k folds, E
/// checkpoints, Np platforms, Nm modules, rank r and s types of interference, float32 and int32:
///   train_loss, val_loss  R × E × k (val_loss only where there are validation rows)
///   C_hat                 R × k × Np × Nm, a fold's predictions on the model's scale
///   P, M                  R × k × Np × r and R × k × Nm × r; factorizations only
///   V_s, V_g              R × k × Np × r × s, times beta; models of interference only
///   C_ijk_hat             R × k × test rows with co-runners
///   mf_train, mf_val      R × k × rows; mf_test R × rows: rows of the pool "alone"
///   if_train, …           the same, rows of the pool "together"
///   C_bar, p_bar, m_bar   R × Np × Nm, R × Np, R × Nm: the linear-scaling baseline
class ResultArrays {
public:
    /// Error: kInput if the arrays would take more than kMostBytes; kEnvironment if the folder cannot be written to.
    [[nodiscard]] static Result<ResultArrays> create(const std::filesystem::path& folder, const Dataset& dataset,
                                                     const FitConfig& config);

    /// Whether they would fit into kMostBytes, before any training. Error: kInput.
    [[nodiscard]] static Result<void> check_size(const Dataset& dataset, const FitConfig& config);

    /// Predicts on up to `threads` threads.
    [[nodiscard]] Result<void> add(const models::Fitted& fitted, int threads);
    /// Writes the archive and brings it to the disk; NewFile::put() puts it in its place.
    [[nodiscard]] Result<core::NewFile> make(const std::filesystem::path& file);

    static constexpr double kMostBytes = 64e9;

private:
    struct Array {
        core::SpoolFile file;
        std::vector<std::int64_t> shape;  // of one replicate
        bool integers = false;
    };
    ResultArrays(const Dataset& dataset, FitConfig config, std::filesystem::path folder)
        : dataset_(&dataset), config_(std::move(config)), folder_(std::move(folder)) {}
    // One replicate's values; they have the same shape each time.
    template <typename T>
    Result<void> put(const std::string& name, const std::vector<T>& values, std::vector<std::int64_t> shape);
    Result<void> put_rows(const std::string& prefix, const dataset::Split& split);
    Result<void> put_baseline(const models::LinearScaling& baseline);

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

/// Reads an array that must have `axes` axes. Error: damaged_results().
template <typename T>
[[nodiscard]] Result<ResultArray<T>> read_array(const formats::NpzReader& file, std::string_view name,
                                                std::size_t axes);

/// Opens METHOD/SHARE.npz below `results`. Error: missing_results(), damaged_results(), or
/// kEnvironment if it cannot be opened.
[[nodiscard]] Result<formats::NpzReader> open_results(const std::filesystem::path& results, const std::string& method,
                                                      double share);

/// Whether an archive can be read and has the arrays of a configuration in their shapes; with `every_byte` all of it is
/// read and held against its checksums. Errors: kInput, or kEnvironment if it cannot be opened.
[[nodiscard]] Result<void> check_results(const std::filesystem::path& archive, const Dataset& dataset,
                                         const FitConfig& config, bool every_byte);

}  // namespace pitot::experiment
