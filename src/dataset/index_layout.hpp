// Names of arrays that more than one file has to know.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "formats/npz.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::dataset {

/// A file with this array is a model, not a dataset.
inline constexpr const char* kModelSchemaArray = "pitot_model_schema";

inline constexpr const char* kDatasetSchemaArray = "pitot_dataset_schema";
inline constexpr std::int64_t kDatasetSchema = 1;

/// Refuses a dataset of a newer version than this program's. Files without a version are those of others.
[[nodiscard]] Result<void> check_dataset_schema(const formats::NpzReader& npz);

/// 0: the row was measured alone; 1: with co-runners. Written where one file holds both; without it every row of a file
/// with co-runner columns counts as measured with co-runners, even one that names none.
inline constexpr const char* kObjectiveArray = "i_objective";

/// "i_interference0", …
[[nodiscard]] std::string co_runner_array(std::int32_t k);

/// write_dataset() of the index layout, with observations of at least `map_from` rows stored so that they can be
/// mapped.
[[nodiscard]] Result<void> write_index_layout(const Dataset& dataset, const std::filesystem::path& file,
                                              std::int64_t map_from = formats::kMapFrom);

/// "'a', 'b', 'c' and 3 more", fit for a message.
[[nodiscard]] std::string list_arrays(std::span<const std::string> names);

}  // namespace pitot::dataset
