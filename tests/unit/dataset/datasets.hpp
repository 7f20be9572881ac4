// Small made-up datasets in every layout, and how they are read.
#pragma once

#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataset/source.hpp"
#include "pitot/dataset.hpp"
#include "unit/formats/npz_bytes.hpp"

namespace pitot::test {

/// ln(1 + count) by the library at run time: the compiler's own value may differ in the last bit.
inline double logged(double count) {
    const volatile double x = count;
    return std::log1p(x);
}

using Arrays = std::vector<std::pair<std::string, std::string>>;

/// `arrays` with one replaced or added; with an empty content, removed.
inline Arrays with(Arrays arrays, const std::string& name, const std::string& bytes) {
    std::erase_if(arrays, [&](const auto& array) { return array.first == name; });
    if (!bytes.empty()) {
        arrays.emplace_back(name, bytes);
    }
    return arrays;
}

/// 2 platforms × 3 modules in the dense layout, one cell not measured; two rows with up to two co-runners.
inline Arrays dense_arrays() {
    return {{"platform", text({U"jit.desk", U"aot.desk"})},
            {"module", text({U"fft", U"sort", U"hash"})},
            {"data", f8({10, 0, 30, 40, 50, 60}, 3)},
            {"platform_data", f8({1, -1, 2, -2}, 2)},
            {"platform_features", text({U"clock"})},
            {"module_data", i8({0, 1, 2, 3, 4, 5}, 2)},
            {"module_features", i8({12, 64})},
            {"if_platform", i8({0, 1})},
            {"if_module", i8({0, 2})},
            {"if_interferer", i8({1, -1, 2, 0}, 2)},
            {"if_data", f8({15, 90})}};
}

/// The same in the index layout; rows with co-runners are another file's.
inline Arrays index_arrays() {
    return {{"t", f8({10, 30, 40, 50, 60})},
            {"i_platform", i8({0, 0, 1, 1, 1})},
            {"i_workload", i8({0, 2, 0, 1, 2})},
            {"n_platform", text({U"jit.desk", U"aot.desk"})},
            {"n_workload", text({U"fft", U"sort", U"hash"})},
            {"f_platform", text({U"clock", U"feature1"})},
            {"f_workload", text({U"op12", U"op64"})},
            {"d_platform", f8({1, -1, 2, -2}, 2)},
            {"d_workload", f8({logged(0), logged(1), logged(2), logged(3), logged(4), logged(5)}, 2)}};
}
inline Arrays together_arrays() {
    return {{"t", f8({15, 90})},
            {"i_platform", i8({0, 1})},
            {"i_workload", i8({0, 2})},
            {"i_interference0", i8({1, 2})},
            {"i_interference1", i8({-1, 0})}};
}

/// Reads archives, one file each: "a.npz", "b.npz", …
inline Result<Dataset> read_arrays(const std::vector<Arrays>& files, const ReadOptions& options = {}) {
    std::vector<std::string> archives;
    for (const Arrays& arrays : files) {
        archives.push_back(npz(arrays));
    }
    std::vector<std::unique_ptr<dataset::Source>> sources;
    for (std::size_t i = 0; i < archives.size(); ++i) {
        auto reader =
            formats::NpzReader::open_buffer(bytes_of(archives[i]), std::string(1, static_cast<char>('a' + i)) + ".npz");
        if (!reader) {
            return Failure(reader.error());
        }
        auto source = dataset::npz_source(*std::move(reader));
        if (!source) {
            return Failure(source.error());
        }
        sources.push_back(*std::move(source));
    }
    return dataset::read_sources(sources, options);
}

/// Reads texts in the long form, one file each: "a.csv", "b.csv", …
inline Result<Dataset> read_texts(const std::vector<std::string>& texts, const ReadOptions& options = {}) {
    std::vector<std::unique_ptr<dataset::Source>> sources;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        auto source =
            dataset::text_source(std::string(1, static_cast<char>('a' + i)) + ".csv", texts[i], {options, {}, {}, {}});
        if (!source) {
            return Failure(source.error());
        }
        sources.push_back(*std::move(source));
    }
    return dataset::read_sources(sources, options);
}

inline Result<Dataset> read_files(const std::vector<std::filesystem::path>& files, const ReadOptions& options = {}) {
    return read_dataset(files, options);
}

inline std::vector<double> flat(const Side& side) { return {side.features.flat().begin(), side.features.flat().end()}; }

using Names = std::vector<std::string>;
using Indices = std::vector<std::int32_t>;
using Doubles = std::vector<double>;

}  // namespace pitot::test
