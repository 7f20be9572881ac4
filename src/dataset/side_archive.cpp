#include "dataset/side_archive.hpp"

#include <fmt/format.h>

#include "dataset/index_layout.hpp"
#include "dataset/npz_columns.hpp"
#include "pitot/remedy.hpp"

namespace pitot::dataset {

ArchiveArrays side_arrays_2023(Axis axis) {
    return axis == Axis::kModule ? ArchiveArrays{"module", "opcode"} : ArchiveArrays{"platform", "feature"};
}

ArchiveArrays side_arrays_2025() { return {"names", "labels"}; }

Result<Side> read_side_archive(const formats::NpzReader& npz, Axis axis, std::vector<std::string>& problems) {
    if (auto checked = check_dataset_schema(npz); !checked) {
        return Failure(std::move(checked).error());
    }
    if (npz.contains("t") || (npz.contains("platform") && npz.contains("module"))) {
        return fail(ErrorCode::kInput,
                    fmt::format("{}: is a dataset, not features of {}s; name a table of features, or "
                                "an archive of them alone",
                                npz.file().string(), word(axis)));
    }
    for (const bool later : {false, true}) {
        const ArchiveArrays arrays = later ? side_arrays_2025() : side_arrays_2023(axis);
        if (npz.contains(arrays.names) && npz.contains("data")) {
            const bool counts = axis == Axis::kModule && !later;
            return read_side(npz, {axis, arrays.names, "data", arrays.features, counts}, problems);
        }
    }
    return fail(ErrorCode::kInput,
                fmt::format("{}: this holds no features of {}s: it has neither 'data' and '{}' nor 'data' and 'names'; "
                            "make one",
                            npz.file().string(), word(axis), side_arrays_2023(axis).names),
                axis == Axis::kModule ? Remedy::kMakeModuleFeatures : Remedy::kMakePlatformFeatures);
}

}  // namespace pitot::dataset
