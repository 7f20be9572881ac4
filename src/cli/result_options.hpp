// Options of the verbs that make, read and draw results of experiments, and finding their datasets.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
class Option;
}  // namespace CLI

namespace pitot::cli {

/// An option that takes all values up to the next option, and lists with commas, as in `-s 0.9 0.5` and `-s 0.9,0.5`.
template <typename T>
CLI::Option* add_list(CLI::App& app, const std::string& name, std::vector<T>& values, const std::string& description);

/// Where a dataset is: the path itself, or, for `data/NAME` that is not there, the public dataset of that name in
/// $PITOT_REFERENCE_DATA or the user's cache (said on stderr). Error: kEnvironment saying how to get it.
[[nodiscard]] Result<std::filesystem::path> find_data(const std::filesystem::path& file);

/// Reads datasets as find_data() finds them.
[[nodiscard]] Result<Dataset> read_data(const std::vector<std::string>& files);

}  // namespace pitot::cli
