// Options several verbs share. Each group adds itself to a verb's CLI::App and is read after parsing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
class Option;
}  // namespace CLI

namespace pitot::cli {

/// An option that may be given several times, one value each (a plain vector option would swallow what follows it).
CLI::Option* add_repeated(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                          const std::string& description);

/// Lets an option take whole numbers from `least` to `most` in decimal digits and nothing else.
CLI::Option* whole(CLI::Option* option, std::int64_t least, std::uint64_t most);

/// What --preset takes, for shells to offer.
[[nodiscard]] std::vector<std::string> preset_names();

/// DATASET… [--skip-invalid] [--platform-features FILE] [--module-features FILE] [--unit UNIT] [--map COLUMNS]
/// [--device NAME] [--decimal MARK]
struct DatasetOptions {
    std::vector<std::string> files;
    ReadOptions read_options;          ///< columns and decimal_mark are set by read()
    std::vector<std::string> columns;  ///< of --map
    std::string decimal;               ///< of --decimal

    void add_to(CLI::App& app);
    /// What says how files are read, for verbs that name the files otherwise.
    void add_reading_to(CLI::App& app);
    /// The files, and the tables of features.
    [[nodiscard]] std::vector<std::filesystem::path> inputs() const;
    /// Whether anything was given that is for datasets and not for models.
    [[nodiscard]] bool for_datasets() const;
    /// Reads the files into one dataset. Says on stderr, unless the verb prints the dataset's problems itself, what was
    /// made of tables and how many rows --skip-invalid left out.
    [[nodiscard]] Result<Dataset> read(bool tell_problems = true) const;
    /// Reads these files in place of `files`.
    [[nodiscard]] Result<Dataset> read_files(std::vector<std::string> names) const;
};

/// [--preset NAME] [--config FILE.json] [--set FIELD=VALUE] [--seed N] and the fields most often changed.
struct ConfigOptions {
    std::string preset;                 ///< empty = the fallback given to resolve()
    std::filesystem::path config_file;  ///< empty = none
    std::vector<std::string> assignments;
    std::optional<std::uint64_t> seed;
    std::optional<std::int64_t> folds;
    std::optional<std::int64_t> replicates;
    std::optional<std::int64_t> checkpoints;
    std::optional<std::int64_t> epoch_samples;
    std::optional<std::int64_t> batch;
    std::optional<double> learning_rate;
    std::optional<double> calibration_share;
    std::string bounds_from;  ///< empty = as the configuration has it, here and below
    std::string bounds_by;

    /// `with_replicates`: whether the verb draws several splits (--replicates).
    void add_to(CLI::App& app, bool with_replicates);
    /// The preset (or that which the file names, or `fallback`), then the file, then the options above, then --set,
    /// checked by validate(). What is wrong in the file is a kInput error, all else kUsage.
    [[nodiscard]] Result<FitConfig> resolve(const FitConfig& fallback) const;

private:
    [[nodiscard]] Result<void> apply_file(FitConfig& config) const;
    [[nodiscard]] Result<void> apply_options(FitConfig& config) const;
    /// The option given that sets the field that a fault of validate() names, or nullptr.
    [[nodiscard]] const char* option_of(const std::string& fault) const;
};

/// [--threads N] [--backend NAME] [--devices NUMBERS] [--precision NAME]
struct RunFlags {
    int threads = 0;
    std::string backend = "cpu";
    std::vector<int> devices;  ///< of --devices; empty = all
    std::string precision = "auto";

    void add_to(CLI::App& app);
    /// Without progress and stop token, which the verb sets, and with the name of a backend that is there: that which
    /// "auto" stands for. Errors: as find_backend(), before anything is read.
    [[nodiscard]] Result<Context> to_context() const;
};

}  // namespace pitot::cli
