// Pictures by their numbers, and that gnuplot takes the scripts.
#include "figure/pictures.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "core/programs.hpp"
#include "core/read_file.hpp"
#include "experiment/results.hpp"
#include "experiment/summary.hpp"
#include "experiment/sweep.hpp"
#include "figure/comparisons.hpp"
#include "figure/embedding_map.hpp"
#include "figure/gnuplot.hpp"
#include "figure/lines.hpp"
#include "formats/npz.hpp"
#include "pitot/remedy.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/synthetic.hpp"
#include "support/temp_folder.hpp"

namespace pitot::figure {
namespace {

// Lines of the first table, split at tabs.
std::vector<std::vector<std::string>> table_of(const Plot& plot) {
    std::vector<std::vector<std::string>> rows;
    std::istringstream in(plot.tables.front().second);
    for (std::string line; std::getline(in, line);) {
        std::vector<std::string> cells;
        std::istringstream fields(line);
        for (std::string cell; std::getline(fields, cell, '\t');) {
            cells.push_back(cell);
        }
        rows.push_back(cells);
    }
    return rows;
}

Dataset tiny() {
    Dataset dataset;
    dataset.platforms.names = {"p0", "p1"};
    dataset.modules.names = {"a", "b", "c"};
    // The first two rows alone are of one cell; beside others, the first row is 50 % slower than their mean, and b was
    // never measured alone on p1.
    dataset.set_observations({{0, 0, 1}, {0, 0, 2}, {}, 0, {100.0, 300.0, 1000.0}},
                             {{0, 1, 1}, {0, 2, 1}, {1, 0, 0}, 1, {300.0, 2000.0, 1.0}});
    return dataset;
}

TEST(Pictures, MatrixHasMeansAndHoles) {
    const auto rows = table_of(matrix_plot(tiny()).value());
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0], (std::vector<std::string>{"log10(runtime / us)", "a", "b", "c"}));
    EXPECT_NEAR(std::stod(rows[1][1]), std::log10(200.0), 1e-8);
    EXPECT_EQ(rows[1][2], "NaN");
    EXPECT_NEAR(std::stod(rows[2][3]), 3.0, 1e-8);
}

TEST(Pictures, MatricesNameTheirRowsWhereThereIsRoom) {
    Dataset dataset = tiny();
    dataset.platforms.names[0] = "wasm2c_o3.100%^2";
    const Plot plot = matrix_plot(dataset).value();
    EXPECT_NE(plot.script.find("noenhanced norotate font ',8' ('wasm2c_o3.100%%^2' 0, 'p1' 1)"), std::string::npos)
        << plot.script;
    for (int m = 0; m < 40; ++m) {
        dataset.modules.names.push_back("m" + std::to_string(m));
    }
    const std::string many = matrix_plot(dataset).value().script;
    EXPECT_EQ(many.find("'m39'"), std::string::npos);
    EXPECT_NE(many.find("'Modules (43)'"), std::string::npos);
}

TEST(Pictures, SingularValuesSayHowManyThereAre) {
    const std::string script = svd_plot(tiny()).value().script;
    EXPECT_NE(script.find("All 2 singular values"), std::string::npos) << script;
    EXPECT_NE(script.find("set key outside"), std::string::npos);
}

TEST(Pictures, HistogramIsADensityOfAllRows) {
    Dataset dataset = tiny();
    const auto beside = [&](double t) {
        test::change_pools(dataset, [&](ObservationTable& /*alone*/, ObservationTable& together) {
            together.platform.push_back(0);
            together.module.push_back(0);
            together.co_runner.push_back(1);
            together.runtime_us.push_back(t);
        });
    };
    beside(190.0);   // 5 % faster
    beside(20.0);    // 90 % faster
    beside(2000.0);  // 900 % slower
    const Plot plot = interference_hist_plot(dataset).value();
    const auto rows = table_of(plot);
    ASSERT_EQ(rows.size(), 61U);
    EXPECT_EQ(rows[0], (std::vector<std::string>{"slowdown from", "to", "density", "rows"}));
    double area = 0.0;
    for (std::size_t r = 1; r < rows.size(); ++r) {
        area += 0.05 * std::stod(rows[r][2]);
        const bool has_one = r == 1 || r == 1 + 9 || r == 1 + 20 || r == 1 + 30 || r == 60;
        EXPECT_EQ(rows[r][3], has_one ? "1" : "0") << rows[r][0];
    }
    EXPECT_NEAR(area, 1.0, 1e-6);
    EXPECT_EQ(rows[1][0], "-1");
    EXPECT_EQ(rows[60][1], "inf");
    EXPECT_NE(plot.script.find("2 of 5 rows lie beyond the ends"), std::string::npos);
}

// Tables have what was measured, whatever pictures make of it.
TEST(Pictures, DatasetTablesHaveCountsAndFeaturesAsTheyAre) {
    Dataset dataset = tiny();
    dataset.platforms.feature_names = {"ghz", "cores"};
    dataset.platforms.features = Matrix<double>(2, 2);
    dataset.platforms.features(0, 0) = 3.5;
    dataset.platforms.features(1, 1) = 64.0;
    dataset.modules.feature_names = {"i32.add"};
    dataset.modules.features = Matrix<double>(3, 1);
    dataset.modules.features(0, 0) = std::log1p(7.0);
    dataset.modules.features(2, 0) = std::log1p(123456789.0);
    const Plot plot = dataset_plot(dataset).value();
    ASSERT_EQ(plot.tables.size(), 3U);
    EXPECT_EQ(plot.tables[1].first, "dataset.modules.tsv");
    EXPECT_EQ(plot.tables[1].second, "feature\ta\tb\tc\ni32.add\t7\t0\t123456789\n");
    EXPECT_EQ(plot.tables[2].first, "dataset.platforms.tsv");
    EXPECT_EQ(plot.tables[2].second, "platform\tghz\tcores\np0\t3.5\t0\np1\t0\t64\n");
}

// Arrays as an experiment leaves them, and the record that says of which dataset they are.
void put_results(const std::filesystem::path& folder, const std::string& method, const Dataset& dataset,
                 const std::vector<std::pair<std::string, experiment::ResultArray<float>>>& arrays) {
    std::filesystem::create_directories(folder / method);
    formats::NpzWriter writer;
    for (const auto& [name, array] : arrays) {
        writer.add<float>(name, array.values, array.shape);
    }
    ASSERT_TRUE(writer.write(folder / method / "0.9.npz"));
    experiment::ResultRecord record;
    record.config = preset(method).value();
    record.config.share = 0.9;
    record.dataset = {"made-up.npz"};
    record.digest = dataset_digest(dataset);
    std::ofstream(folder / method / "0.9.json") << experiment::to_json(record);
}

TEST(Pictures, SpectralNormsAreThoseOfTheFactors) {
    const test::TempFolder folder;
    const Dataset dataset = tiny();
    // One replicate of two folds, two platforms, rank 2, one type: |s| |g| is the norm of s g^T.
    put_results(
        folder.path(), "interference/1", dataset,
        {{"V_s", {{1, 2, 2, 2, 1}, {3, 4, 1, 0, 0, 0, 1, 0}}}, {"V_g", {{1, 2, 2, 2, 1}, {2, 0, 0, 5, 9, 9, 0, 3}}}});
    const auto plot = spectral_norm_plot(dataset, folder.path());
    ASSERT_TRUE(plot) << plot.error().to_string();
    EXPECT_EQ(plot->tables.front().second,
              "platform\tmean measured slowdown\tmean spectral norm of F\np0\t0.5\t5\np1\t1\t4\n");
    // As many platforms, but other runtimes.
    Dataset other = tiny();
    other.observations.runtime_us.edit()[2] = 1001.0;
    const auto refused = spectral_norm_plot(other, folder.path());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInput);
    EXPECT_NE(refused.error().message().find("another dataset (made-up.npz); name that one"), std::string::npos);
}

TEST(Pictures, MapsAreOfTheDatasetOfTheResults) {
    const test::TempFolder folder;
    const Dataset dataset = tiny();
    put_results(folder.path(), "embedding/128", dataset,
                {{"M", {{1, 1, 3, 2}, {0, 0, 0, 1, 5, 5}}}, {"P", {{1, 1, 2, 2}, {1, 0, 0, 1}}}});
    const auto plots = embedding_plots(dataset, folder.path(), 42);
    ASSERT_TRUE(plots) << plots.error().to_string();
    ASSERT_EQ(plots->size(), 3U);
    // Two platforms lie at 0 and 1.
    EXPECT_EQ(plots->at(1).tables.front().second, "name\tx\tunknown\np0\t0\t0\np1\t1\t0\n");
    EXPECT_EQ(table_of(plots->at(0)).size(), 4U);
    Dataset other = tiny();
    other.modules.names[2] = "d";
    const auto refused = embedding_plots(other, folder.path(), 42);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("another dataset (made-up.npz); name that one"), std::string::npos);
    EXPECT_EQ(refused.error().remedy(), Remedy::kNameDataset);
}

TEST(Pictures, SpectrumStandsOutOfRandomness) {
    const auto rows =
        table_of(svd_plot(test::synthetic_dataset({.platforms = 30, .modules = 40, .density = 1.0})).value());
    ASSERT_EQ(rows.size(), 26U);
    // The made-up interaction has rank 2: two values stand out, the others do not.
    EXPECT_GT(std::stod(rows[1][1]), 1.5 * std::stod(rows[1][2]));
    EXPECT_LT(std::stod(rows[4][1]), std::stod(rows[4][2]));
}

TEST(Pictures, WithoutWhatTheyShowThereIsAnError) {
    Dataset dataset = tiny();
    dataset.set_observations(test::copy_of(dataset.pool(kAlone)));
    EXPECT_FALSE(interference_hist_plot(dataset));
    dataset.set_observations({});
    EXPECT_FALSE(matrix_plot(dataset));
    EXPECT_FALSE(svd_plot(dataset));
}

TEST(Groups, ComeFromNamesAndIndicators) {
    Side side;
    side.names = {"x/cortex/a", "x/mibench/b", "x/c"};
    EXPECT_EQ(suites_of(side), (std::vector<std::string>{"cortex", "mibench", "modules"}));
    side.names = {"cortex/a", "mibench/b"};
    EXPECT_EQ(suites_of(side), (std::vector<std::string>{"cortex", "mibench"}));
    side.feature_names = {"uarch=zen", "cpufreq", "uarch=skylake"};
    side.features = Matrix<double>(2, 3);
    side.features(0, 2) = 1.0;
    EXPECT_EQ(groups_of(side, {"uarch"}), (std::vector<std::string>{"skylake", "unknown"}));
    side.feature_names[2] = "runtime=wasm3";
    EXPECT_EQ(groups_of(side, {"rt", "runtime"}), (std::vector<std::string>{"wasm3", "unknown"}));
}

TEST(Groups, SizesOfASuiteAreTheirOwn) {
    Side side;
    side.names = {"polybench/mini/2mm", "polybench/small/2mm", "polybench/medium/2mm", "vision/svm_l",
                  "python/go.py:/tmp/a"};
    EXPECT_EQ(suites_of(side),
              (std::vector<std::string>{"polybench/mini", "polybench/small", "polybench/medium", "vision", "python"}));
}

TEST(Groups, MicroarchitecturesJoinIntoArchitectures) {
    const std::map<std::string, std::vector<std::string>> names{
        {"AMD", {"btver2", "znver1", "znver3", "AMD_ZEN3", "AuthenticAMD-25-17"}},
        {"Intel",
         {"goldmont-plus", "haswell", "silvermont", "skylake", "tigerlake", "INTEL_SKL", "GenuineIntel-6-143"}},
        {"ARM A", {"cortex-a53", "cortex-a72", "arm-41-d0c", "qemu-aarch64-max", "qemu-arm-max"}},
        {"ARM M", {"cortex-m7"}},
        {"RISC-V", {"generic-rv64", "qemu-riscv64-rv64"}},
        {"unknown", {"unknown"}},
        {"cortex-r5", {"cortex-r5"}}};
    for (const auto& [architecture, microarchitectures] : names) {
        for (const std::string& name : microarchitectures) {
            EXPECT_EQ(architecture_of(name), architecture) << name;
        }
    }
}

TEST(Renamed, TablesAndScriptFollow) {
    const Plot plot =
        renamed({"a", 1, 1, {{"a.tsv", "1"}, {"a.b.tsv", "2"}}, "plot 'a.tsv', 'a.b.tsv', 'a.tsv'"}, "it's");
    EXPECT_EQ(plot.name, "it's");
    EXPECT_EQ(plot.tables[1].first, "it's.b.tsv");
    EXPECT_EQ(plot.script, "plot 'it''s.tsv', 'it''s.b.tsv', 'it''s.tsv'");
}

TEST(Tables, NamesEndNeitherCellNorLine) {
    const TextTable table{{"na\tme", "x"}, {{1.5}}, {"a\nb"}};
    EXPECT_EQ(table.to_tsv(), "na me\tx\na b\t1.5\n");
}

TEST(Lines, TablesJoinSeriesByTheirShares) {
    const Plot plot =
        line_plot("x", "Split", {{"", "y", {{"a", {0.1, 0.5}, {1, 2}, {0.1, 0.2}}, {"b", {0.5}, {3}, {}}}}});
    const auto rows = table_of(plot);
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[1], (std::vector<std::string>{"0.1", "1", "0.1", "NaN", "NaN"}));
    EXPECT_EQ(rows[2], (std::vector<std::string>{"0.5", "2", "0.2", "3", "NaN"}));
}

TEST(Lines, HaveRoomAtBothEndsAndBarsBesideEachOther) {
    const Plot plot = line_plot(
        "x", "Split",
        {{"", "y", {{"a", {0.1, 0.9}, {1, 2}, {0.1, 0.2}, "left", {7, 8}}, {"b", {0.1, 0.9}, {1, 2}, {0.1, 0.2}}}}});
    EXPECT_NE(plot.script.find("set xrange [6:94]"), std::string::npos) << plot.script;
    EXPECT_NE(plot.script.find("using ($1*100-0.308):($2*100):($3*100) with yerrorbars notitle lc rgb '#0072B2'"),
              std::string::npos)
        << plot.script;
    // The further column is in the table and not drawn.
    EXPECT_NE(plot.script.find("using ($1*100+0.308):($5*100):($6*100) with yerrorbars notitle lc rgb '#D55E00'"),
              std::string::npos);
    EXPECT_EQ(table_of(plot)[1], (std::vector<std::string>{"0.1", "1", "0.1", "7", "1", "0.1"}));
}

TEST(Styles, FifteenGroupsHaveMarkersOfTheirOwn) {
    std::set<std::string> markers, styles;
    for (std::size_t n = 0; n < 41; ++n) {
        const std::string style = point_style(n);
        styles.insert(style);
        const std::size_t at = style.find(" pt ");
        markers.insert(style.substr(at, style.find(' ', at + 4) - at));
    }
    EXPECT_EQ(markers.size(), 15U + 26U);
    EXPECT_EQ(styles.size(), 41U);
}

class Drawn : public testing::Test {
protected:
    void SetUp() override {
        if (!core::find_program("gnuplot")) {
            GTEST_SKIP() << "gnuplot is not installed";
        }
    }
    // Whether a picture of the format was made of it.
    void expect_drawn(const Plot& plot, const std::string& format) {
        DrawOptions options;
        options.folder = folder_ / "figures";
        options.format = format;
        options.dpi = 72;
        options.keep_script = true;
        const auto file = draw(plot, options);
        ASSERT_TRUE(file) << plot.name << ": " << file.error().to_string();
        const std::string content = test::content_of(*file);
        const std::string magic = format == "png" ? "\x89PNG" : format == "pdf" ? "%PDF" : "<?xml";
        EXPECT_TRUE(content.starts_with(magic)) << plot.name;
        EXPECT_GT(content.size(), 2000U) << plot.name;
        EXPECT_TRUE(std::filesystem::exists(options.folder / (plot.name + ".tsv")));
        EXPECT_NE(test::content_of(options.folder / (plot.name + ".gp")).find("plot "), std::string::npos);
    }
    test::TempFolder folder_;
};

TEST_F(Drawn, NamesStandInPicturesAsTheyAre) {
    Dataset dataset = tiny();
    dataset.platforms.names[0] = "wasm2c_o3.100%^2";
    dataset.modules.names[0] = std::string(60, 'x') + "end";
    const test::TempFolder folder;
    DrawOptions options;
    options.folder = folder.path();
    options.format = "svg";
    for (const auto& plot : {matrix_plot(dataset).value(), dataset_plot(dataset).value()}) {
        const auto drawn = draw(plot, options);
        ASSERT_TRUE(drawn) << drawn.error().to_string();
        const std::string picture = core::read_file(*drawn).value();
        EXPECT_NE(picture.find("wasm2c_o3.100%^2"), std::string::npos) << plot.name;
        EXPECT_NE(picture.find(std::string(39, 'x') + "…"), std::string::npos) << plot.name;
        EXPECT_EQ(picture.find("xxxxend"), std::string::npos) << plot.name;
    }
}

TEST_F(Drawn, EveryPictureInEveryFormat) {
    Dataset dataset = test::synthetic_dataset({.together = 200, .width = 2});
    const auto first = static_cast<std::size_t>(dataset.pools[kAlone].rows);
    for (std::size_t row = first; row < first + 200; row += 2) {  // one co-runner or two, as the presets want
        dataset.observations.co_runner.edit()[2 * row + 1] = -1;
    }
    experiment::SweepOptions options;
    options.results = folder_ / "results";
    options.checkpoints = 1;
    options.epoch_samples = 300;
    options.replicates = 2;
    options.folds = 2;
    options.shares = {0.5, 0.9};
    for (const std::string& figure : comparison_figures()) {
        for (const std::string& method : methods_of_comparison(figure)) {
            options.methods.push_back(method);
        }
    }
    const experiment::Sweep sweep = experiment::plan_sweep(dataset, options).value();
    ASSERT_TRUE(experiment::run_sweep(
        sweep, dataset, {}, [](const experiment::SweepProgress&) {}, [](const experiment::SweepRun&, double) {}));
    for (const experiment::SweepRun& run : sweep.runs) {
        folder_.put("results/" + run.method + "/summary.json",
                    experiment::to_json(experiment::summarise(options.results, run.method, dataset).value()));
    }
    std::vector<Plot> plots;
    for (const std::string& figure : comparison_figures()) {
        auto plot = comparison_plot(options.results, figure);
        ASSERT_TRUE(plot) << plot.error().to_string();
        plots.push_back(std::move(*plot));
    }
    plots.push_back(svd_plot(dataset).value());
    plots.push_back(matrix_plot(dataset).value());
    plots.push_back(dataset_plot(dataset).value());
    plots.push_back(interference_hist_plot(dataset).value());
    plots.push_back(spectral_norm_plot(dataset, options.results).value());
    const std::vector<Plot> maps = embedding_plots(dataset, options.results, 42).value();
    plots.insert(plots.end(), maps.begin(), maps.end());
    EXPECT_EQ(plots.size(), 17U);
    for (const Plot& plot : plots) {
        expect_drawn(plot, "png");
    }
    expect_drawn(plots.front(), "pdf");
    expect_drawn(plots.back(), "svg");
}

TEST_F(Drawn, NamesWithMarkupAndQuotesAreDrawnAsTheyAre) {
    expect_drawn(line_plot("odd", "it's {a} ^b_c", {{"t'", "", {{"x{_'", {0.1, 0.2}, {0.5, 0.6}, {}}}}}), "svg");
}

TEST_F(Drawn, AStopEndsGnuplotAndWhatItStarted) {
    const auto pid = folder_ / "pid";
    Plot plot = matrix_plot(tiny()).value();
    plot.script = "waited = system(\"sleep 71 >/dev/null & echo $! >" + pid.string() + "; wait\")\n";
    const test::LaterStop stop(std::chrono::milliseconds(1000));
    DrawOptions options;
    options.folder = folder_ / "figures";
    options.stop = stop.token();
    const auto drawn = draw(plot, options);
    ASSERT_FALSE(drawn);
    EXPECT_EQ(drawn.error().code(), ErrorCode::kCancelled);
    EXPECT_TRUE(!std::filesystem::exists(pid) || test::ends(test::content_of(pid)));
    EXPECT_FALSE(std::filesystem::exists(options.folder / (plot.name + ".tsv")));
}

TEST_F(Drawn, AFolderThatCannotBeWrittenToIsNamed) {
    DrawOptions options;
    options.folder = folder_.put("file", "") / "figures";
    const auto drawn = draw(matrix_plot(tiny()).value(), options);
    ASSERT_FALSE(drawn);
    EXPECT_EQ(drawn.error().code(), ErrorCode::kEnvironment);
    options.format = "bmp";
    EXPECT_EQ(draw(matrix_plot(tiny()).value(), options).error().code(), ErrorCode::kUsage);
}

}  // namespace
}  // namespace pitot::figure
