// What is written is read back, whatever it is written as.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"
#include "unit/dataset/datasets.hpp"

namespace pitot::dataset {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): every name here is of the fixtures

void expect_equal(const Side& a, const Side& b) {
    RC_ASSERT(a.names == b.names);
    RC_ASSERT(a.feature_names == b.feature_names);
    RC_ASSERT(flat(a) == flat(b));
}

void expect_equal(const ObservationView& a, const ObservationView& b) {
    RC_ASSERT(std::ranges::equal(a.platform, b.platform));
    RC_ASSERT(std::ranges::equal(a.module, b.module));
    RC_ASSERT(a.width == b.width);
    RC_ASSERT(std::ranges::equal(a.co_runner, b.co_runner));
    RC_ASSERT(std::ranges::equal(a.runtime_us, b.runtime_us));
}

void expect_equal(const Dataset& a, const Dataset& b) {
    expect_equal(a.platforms, b.platforms);
    expect_equal(a.modules, b.modules);
    RC_ASSERT(a.pools.size() == b.pools.size());
    for (std::size_t p = 0; p < a.pools.size(); ++p) {
        RC_ASSERT(a.pools[p].name == b.pools[p].name);
        expect_equal(a.pool(p), b.pool(p));
    }
    RC_ASSERT(dataset_digest(a) == dataset_digest(b));
}

// Distinct names with everything in them that a layout could trip over.
std::vector<std::string> arbitrary_names(std::size_t count) {
    const auto letters = *rc::gen::container<std::vector<std::string>>(
        count,
        rc::gen::container<std::string>(rc::gen::element(',', '"', ';', ' ', '\'', '-', 'a', 'Z', '0', '/', '#')));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
        names.push_back(letters[i] + (i % 3 == 0 ? "ü" : "\U0001F680") + std::to_string(i) + letters[count - 1 - i]);
    }
    return names;
}

Side arbitrary_side(Axis axis, bool may_be_bare) {
    Side side;
    side.names = arbitrary_names(*rc::gen::inRange<std::size_t>(1, 6));
    side.feature_names = arbitrary_names(*rc::gen::inRange<std::size_t>(may_be_bare ? 0 : 1, 4));
    side.features = Matrix<double>(side.size(), std::ssize(side.feature_names));
    for (double& feature : side.features.flat()) {
        const auto count = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 40);
        feature =
            axis == Axis::kModule ? logged(static_cast<double>(count)) : std::sin(static_cast<double>(count)) * 1e3;
    }
    return side;
}

ObservationTable arbitrary_rows(const Dataset& dataset, std::int32_t width) {
    ObservationTable table;
    table.width = width;
    const auto platforms = static_cast<std::int32_t>(dataset.platforms.size());
    const auto modules = static_cast<std::int32_t>(dataset.modules.size());
    const auto rows = *rc::gen::inRange(width == 0 ? 0 : 1, 12);
    for (int i = 0; i < rows; ++i) {
        table.platform.push_back(*rc::gen::inRange<std::int32_t>(0, platforms));
        table.module.push_back(*rc::gen::inRange<std::int32_t>(0, modules));
        for (std::int32_t k = 0; k < width; ++k) {
            table.co_runner.push_back(*rc::gen::inRange<std::int32_t>(-1, modules));
        }
        table.runtime_us.push_back(std::exp(*rc::gen::inRange(-9'000, 20'000) * 1e-3));
    }
    return table;
}

Dataset arbitrary_dataset() {
    Dataset dataset;
    dataset.platforms = arbitrary_side(Axis::kPlatform, true);
    dataset.modules = arbitrary_side(Axis::kModule, true);
    ObservationTable alone = arbitrary_rows(dataset, 0);
    const auto width = *rc::gen::inRange<std::int32_t>(alone.size() == 0 ? 1 : 0, 4);
    dataset.set_observations(std::move(alone), width > 0 ? arbitrary_rows(dataset, width) : ObservationTable());
    return dataset;
}

RC_GTEST_PROP(WriteDatasetProperty, IndexLayoutComesBack, ()) {
    const TempFolder folder;
    const Dataset dataset = arbitrary_dataset();
    RC_ASSERT(write_dataset(dataset, folder / "d.npz").has_value());
    const auto back = read_files({folder / "d.npz"});
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->problems.empty());
    expect_equal(dataset, *back);
}

RC_GTEST_PROP(WriteDatasetProperty, LongFormComesBack, ()) {
    const TempFolder folder;
    const Dataset dataset = arbitrary_dataset();
    RC_ASSERT(write_dataset(dataset, folder / "d.csv").has_value());
    const auto back = read_files({folder / "d.csv"});
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->problems.empty());
    expect_equal(dataset, *back);
}

TEST(WriteDataset, LongFormAsPeopleReadIt) {
    const TempFolder folder;
    const auto dataset = read_arrays({dense_arrays()});
    ASSERT_TRUE(write_dataset(*dataset, folder / "d.csv"));
    EXPECT_EQ(content_of(folder / "d.csv"),
              "platform,module,runtime_us,with1,with2\n"
              "jit.desk,fft,10,,\njit.desk,hash,30,,\naot.desk,fft,40,,\naot.desk,sort,50,,\naot.desk,hash,60,,\n"
              "jit.desk,fft,15,sort,-\naot.desk,hash,90,hash,fft\n");
    EXPECT_EQ(content_of(folder / "d.platforms.csv"), "name,clock,feature1\njit.desk,1,-1\naot.desk,2,-2\n");
    EXPECT_EQ(content_of(folder / "d.modules.csv"), "name,op12,op64\nfft,0,1\nsort,2,3\nhash,4,5\n");
}

TEST(WriteDataset, IndexLayoutAsItsToolsReadIt) {
    const TempFolder folder;
    const auto dataset = read_arrays({dense_arrays()});
    ASSERT_TRUE(write_dataset(*dataset, folder / "d.npz"));
    const auto npz = formats::NpzReader::open(folder / "d.npz");
    EXPECT_EQ(npz->values<double>("t").value(), (Doubles{10, 30, 40, 50, 60, 15, 90}));
    EXPECT_EQ(npz->values<std::int32_t>("i_platform").value(), (Indices{0, 0, 1, 1, 1, 0, 1}));
    EXPECT_EQ(npz->values<std::int32_t>("i_workload").value(), (Indices{0, 2, 0, 1, 2, 0, 2}));
    EXPECT_EQ(npz->values<std::int32_t>("i_interference0").value(), (Indices{-1, -1, -1, -1, -1, 1, 2}));
    EXPECT_EQ(npz->values<std::int32_t>("i_interference1").value(), (Indices{-1, -1, -1, -1, -1, -1, 0}));
    EXPECT_EQ(npz->values<std::int32_t>("i_objective").value(), (Indices{0, 0, 0, 0, 0, 1, 1}));
    EXPECT_EQ(npz->values<std::int32_t>("pitot_dataset_schema").value(), (Indices{1}));
    EXPECT_EQ(npz->strings("n_workload").value(), (Names{"fft", "sort", "hash"}));
    EXPECT_EQ(npz->info("d_platform")->shape, (std::vector<std::int64_t>{2, 2}));
    const std::string first = content_of(folder / "d.npz");
    ASSERT_TRUE(write_dataset(*dataset, folder / "d.npz"));
    EXPECT_EQ(content_of(folder / "d.npz"), first);
}

TEST(WriteDataset, CountsNearAWholeNumberAreWritten) {
    auto dataset = read_arrays({index_arrays()});
    auto features = dataset->modules.features.flat();
    features[1] = logged(1'000'000.5);                                           // within 1e-6
    features[2] = static_cast<double>(static_cast<float>(logged(123'456'789)));  // as single floats keep it
    features[3] = logged(2.5);
    const TempFolder folder;
    ASSERT_TRUE(write_dataset(*dataset, folder / "d.csv"));
    const std::string table = content_of(folder / "d.modules.csv");
    EXPECT_TRUE(table.find("fft,0,1000000\n") != std::string::npos ||
                table.find("fft,0,1000001\n") != std::string::npos)
        << table;
    EXPECT_EQ(table.find('.', table.find("sort,")), table.find("2.5") + 1) << table;
    const auto back = read_files({folder / "d.csv"});
    EXPECT_NEAR(back->modules.features.flat()[2], features[2], 1e-6);
    EXPECT_NEAR(back->modules.features.flat()[3], features[3], 1e-15);
}

TEST(WriteDataset, WhatALayoutCannotSayIsRefused) {
    const TempFolder folder;
    auto dataset = read_arrays({dense_arrays()});
    EXPECT_TRUE(fails_with(write_dataset(*dataset, folder / "d.txt"), ErrorCode::kUsage, {"d.txt", ".npz", ".csv"}));
    EXPECT_TRUE(
        fails_with(write_dataset(*dataset, folder / "no/d.csv"), ErrorCode::kEnvironment, {"check the folder"}));
    dataset->modules.features.flat()[0] = -0.5;
    EXPECT_TRUE(
        refuses(write_dataset(*dataset, folder / "d.csv"), {"d.modules.csv", "'op12'", "'fft'", ".npz instead"}));
    EXPECT_TRUE(write_dataset(*dataset, folder / "d.npz"));
    dataset->modules.features.flat()[0] = 0;
    dataset->modules.names[1] = "-";
    EXPECT_TRUE(refuses(write_dataset(*dataset, folder / "d.csv"), {"'-'", "rename"}));
    EXPECT_TRUE(write_dataset(*dataset, folder / "d.npz"));
    dataset->modules.names[1] = "fft";
    EXPECT_TRUE(refuses(write_dataset(*dataset, folder / "d.npz"), {"'fft'", "rename"}));
    dataset->modules.names[1] = "a\nb";
    EXPECT_TRUE(refuses(write_dataset(*dataset, folder / "d.csv"), {"name 1", "control"}));
}

TEST(Digest, DependsOnEverythingMeasured) {
    std::vector<std::string> digests;
    const auto digest_with = [&](const std::function<void(Dataset&)>& change) {
        auto dataset = read_arrays({dense_arrays()});
        change(*dataset);
        digests.push_back(dataset_digest(*dataset));
    };
    digest_with([](Dataset&) {});
    digest_with([](Dataset& d) { d.platforms.names[0] += "x"; });
    digest_with([](Dataset& d) { d.platforms.names = {"jit.deska", "ot.desk"}; });
    digest_with([](Dataset& d) { d.modules.feature_names[0] += "x"; });
    digest_with([](Dataset& d) { d.modules.features.flat()[3] += 1e-9; });
    digest_with([](Dataset& d) { d.observations.runtime_us.edit()[2] += 1e-9; });
    digest_with([](Dataset& d) { d.observations.platform.edit()[0] = 1; });
    digest_with([](Dataset& d) { d.observations.module.edit()[0] = 1; });
    digest_with([](Dataset& d) {
        auto& runtimes = d.observations.runtime_us.edit();
        std::swap(runtimes[0], runtimes[1]);
    });
    digest_with([](Dataset& d) { d.observations.co_runner.edit().back() = 1; });
    digest_with([](Dataset& d) { d.observations.runtime_us.edit().back() = 91; });
    EXPECT_EQ(digests[0].size(), 64U);
    EXPECT_EQ(digests[0].find_first_not_of("0123456789abcdef"), std::string::npos);
    std::ranges::sort(digests);
    EXPECT_EQ(std::ranges::adjacent_find(digests), digests.end()) << "two of them agree";
}

TEST(Digest, DependsOnNothingElse) {
    auto dataset = read_arrays({dense_arrays()});
    const std::string digest = dataset_digest(*dataset);
    dataset->sources = {"elsewhere"};
    dataset->problems.clear();
    dataset->dropped_rows = 7;
    dataset->modules.features.flat()[0] = -0.0;
    EXPECT_EQ(dataset_digest(*dataset), digest);
}

}  // namespace
}  // namespace pitot::dataset
