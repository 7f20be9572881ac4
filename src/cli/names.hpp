// Names of platforms and modules as options give them: one by one, by patterns, in lists.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot::cli {

/// Row numbers of the platforms that some words name, none twice: a name, or a pattern of the shell ('*', '?', '[…]')
/// for all that it matches, in the model's order. A name that has such characters stands for itself. Errors (kInput): a
/// name that the model does not know, a pattern that matches none.
[[nodiscard]] Result<std::vector<std::int32_t>> named_platforms(const Predictor& predictor,
                                                                std::span<const std::string> words);
[[nodiscard]] Result<std::vector<std::int32_t>> named_modules(const Predictor& predictor,
                                                              std::span<const std::string> words);

/// The same of modules to run: a name is there as often as it is given, what a pattern matches once if nothing names
/// it.
[[nodiscard]] Result<std::vector<std::int32_t>> named_jobs(const Predictor& predictor,
                                                           std::span<const std::string> words);

/// Row numbers of the modules in lists: "a,b" is two, unless a module has that very name. One may be there twice.
[[nodiscard]] Result<std::vector<std::int32_t>> listed_modules(const Predictor& predictor,
                                                               std::span<const std::string> lists);

/// A name of a side's row.
[[nodiscard]] const std::string& name_of(const Side& side, std::int32_t row);
/// Names of rows, in one text.
[[nodiscard]] std::string names_of(const Side& side, std::span<const std::int32_t> rows, std::string_view separator);
[[nodiscard]] std::vector<std::string> names_of(const Side& side, std::span<const std::int32_t> rows);

}  // namespace pitot::cli
