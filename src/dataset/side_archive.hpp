// One side of the matrix as an archive: what `pitot opcodes` and `pitot platforms` write, in either release's form.
#pragma once

#include <string>
#include <vector>

#include "dataset/side_table.hpp"
#include "formats/npz.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::dataset {

/// The arrays of such an archive beside `data`.
struct ArchiveArrays {
    std::string names;
    std::string features;
};

/// 2023: `data` (counts for modules), `module` or `platform`, `opcode` or `feature`.
[[nodiscard]] ArchiveArrays side_arrays_2023(Axis axis);
/// 2025: `data` (ln(1 + count) for modules), `names`, `labels`.
[[nodiscard]] ArchiveArrays side_arrays_2025();

/// Reads either form. Errors (kInput): neither is there, a dataset, values that are none.
[[nodiscard]] Result<Side> read_side_archive(const formats::NpzReader& npz, Axis axis,
                                             std::vector<std::string>& problems);

}  // namespace pitot::dataset
