#include "figure/embedding_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

#include "experiment/matching_results.hpp"
#include "figure/tsne.hpp"
#include "pitot/remedy.hpp"

namespace pitot::figure {
namespace {

constexpr std::int64_t kComponents = 64;

// Rows of all models side by side: rows × (models r).
Result<Matrix<double>> embeddings(const formats::NpzReader& file, const char* name, std::int64_t rows) {
    PITOT_TRY(const auto array, experiment::read_array<float>(file, name, 4));
    if (array.shape[2] != rows) {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}': its {} has {} rows, the dataset {}; make the results again",
                                file.file().string(), name, array.shape[2], rows),
                    Remedy::kRepeatAnyResults);
    }
    const std::int64_t models = array.shape[0] * array.shape[1];
    const std::int64_t rank = array.shape[3];
    Matrix<double> out(rows, models * rank);
    for (std::int64_t m = 0; m < models; ++m) {
        for (std::int64_t i = 0; i < rows; ++i) {
            for (std::int64_t c = 0; c < rank; ++c) {
                out(i, m * rank + c) = array.values[static_cast<std::size_t>((m * rows + i) * rank + c)];
            }
        }
    }
    return out;
}

Plot scatter(const std::string& name, const Side& side, const Matrix<double>& points,
             const std::vector<std::string>& groups) {
    // A column of y for every group: a table that plots itself anywhere.
    const std::set<std::string> sorted(groups.begin(), groups.end());
    const std::vector<std::string> known(sorted.begin(), sorted.end());
    TextTable table{{"name", "x"}, {}, side.names};
    table.columns.insert(table.columns.end(), known.begin(), known.end());
    for (std::size_t i = 0; i < groups.size(); ++i) {
        std::vector<double> row(known.size() + 1, kNoNumber);
        const auto at = static_cast<std::int64_t>(i);
        row[0] = points(at, 0);
        row[1 + static_cast<std::size_t>(std::ranges::find(known, groups[i]) - known.begin())] = points(at, 1);
        table.rows.push_back(std::move(row));
    }
    const std::string file = name + ".tsv";
    Plot plot{name, 5.2, 3.6, {{file, table.to_tsv()}}, {}};
    plot.script = "unset tics\nset border 15 lc rgb '#888888'\nset key outside right top samplen 1 noenhanced\n";
    for (const std::int64_t axis : {0, 1}) {
        double least = points(0, axis), most = least;
        for (std::int64_t i = 1; i < points.rows(); ++i) {
            least = std::min(least, points(i, axis));
            most = std::max(most, points(i, axis));
        }
        const double room = 0.05 * (most - least) + 1e-6;
        plot.script += fmt::format("set {}range [{:g}:{:g}]\n", axis == 0 ? "x" : "y", least - room, most + room);
    }
    plot.script += "plot ";
    for (std::size_t g = 0; g < known.size(); ++g) {
        plot.script += fmt::format("{} skip 1 using 2:{} with points {} title {}{}", quoted(file), g + 3,
                                   point_style(g), quoted(known[g]), g + 1 < known.size() ? ", \\\n     " : "\n");
    }
    return plot;
}

}  // namespace

std::vector<std::string> suites_of(const Side& modules) {
    // A folder that all modules lie in says nothing of them.
    std::set<std::string> heads;
    for (const std::string& name : modules.names) {
        heads.insert(name.find('/') == std::string::npos ? "" : name.substr(0, name.find('/')));
    }
    const bool common = heads.size() == 1 && !heads.begin()->empty();
    std::vector<std::string> out;
    for (const std::string& name : modules.names) {
        const std::string rest = common ? name.substr(name.find('/') + 1) : name;
        const std::size_t slash = rest.rfind('/', rest.find(':'));  // arguments may have slashes, too
        out.push_back(slash == std::string::npos ? "modules" : rest.substr(0, slash));
    }
    return out;
}

std::vector<std::string> groups_of(const Side& platforms, std::initializer_list<std::string_view> features) {
    std::vector<std::string> out(platforms.names.size(), "unknown");
    for (std::size_t f = 0; f < platforms.feature_names.size(); ++f) {
        const std::string& name = platforms.feature_names[f];
        const std::size_t equals = name.find('=');
        if (equals == std::string::npos || std::ranges::find(features, name.substr(0, equals)) == features.end()) {
            continue;
        }
        for (std::size_t i = 0; i < out.size(); ++i) {
            if (platforms.features(static_cast<std::int64_t>(i), static_cast<std::int64_t>(f)) > 0.5) {
                out[i] = name.substr(equals + 1);
            }
        }
    }
    return out;
}

std::string architecture_of(const std::string& microarchitecture) {
    struct Part {
        std::string_view of_name;
        const char* architecture;
    };
    // Of names as LLVM, cpu_features, /proc/cpuinfo and QEMU have them; the first that occurs decides.
    constexpr std::array<Part, 26> parts{
        {{"amd", "AMD"},        {"znver", "AMD"},       {"btver", "AMD"},      {"bdver", "AMD"},
         {"intel", "Intel"},    {"lake", "Intel"},      {"mont", "Intel"},     {"bridge", "Intel"},
         {"haswell", "Intel"},  {"broadwell", "Intel"}, {"nehalem", "Intel"},  {"westmere", "Intel"},
         {"bonnell", "Intel"},  {"rapids", "Intel"},    {"rv32", "RISC-V"},    {"rv64", "RISC-V"},
         {"riscv", "RISC-V"},   {"sifive", "RISC-V"},   {"cortex-m", "ARM M"}, {"cortex-a", "ARM A"},
         {"cortex-x", "ARM A"}, {"neoverse", "ARM A"},  {"aarch64", "ARM A"},  {"arm", "ARM A"},
         {"apple", "ARM A"},    {"kryo", "ARM A"}}};
    std::string lower = microarchitecture;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto found =
        std::ranges::find_if(parts, [&](const Part& part) { return lower.find(part.of_name) != std::string::npos; });
    return found == parts.end() ? microarchitecture : found->architecture;
}

Result<std::vector<Plot>> embedding_plots(const Dataset& dataset, const std::filesystem::path& results,
                                          std::uint64_t seed) {
    PITOT_TRY(const auto found,
              experiment::open_matching_results(results, "embedding/128", 0.9, dataset, Remedy::kNameDataset));
    PITOT_TRY(const auto m, embeddings(found.arrays, "M", dataset.modules.size()));
    PITOT_TRY(const auto p, embeddings(found.arrays, "P", dataset.platforms.size()));
    if (dataset.modules.size() == 0 || dataset.platforms.size() == 0) {
        return fail(ErrorCode::kInput, "the dataset has no modules or no platforms; there is nothing to draw");
    }
    const Matrix<double> modules = tsne(principal_components(standardised(m), kComponents), core::Key(seed));
    const Matrix<double> platforms = tsne(principal_components(standardised(p), kComponents), core::Key(seed));
    std::vector<Plot> plots;
    plots.push_back(scatter("tsne_a", dataset.modules, modules, suites_of(dataset.modules)));
    std::vector<std::string> architectures = groups_of(dataset.platforms, {"uarch"});
    std::ranges::transform(architectures, architectures.begin(), architecture_of);
    plots.push_back(scatter("tsne_b", dataset.platforms, platforms, architectures));
    plots.push_back(scatter("tsne_c", dataset.platforms, platforms, groups_of(dataset.platforms, {"rt", "runtime"})));
    return plots;
}

}  // namespace pitot::figure
