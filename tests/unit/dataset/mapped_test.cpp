// Arrays that are left where they lie in their file.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/mapped_file.hpp"
#include "dataset/describe.hpp"
#include "dataset/index_layout.hpp"
#include "dataset/source.hpp"
#include "formats/npz.hpp"
#include "formats/zip_places.hpp"
#include "support/expect_error.hpp"
#include "support/pools.hpp"
#include "support/synthetic.hpp"
#include "support/temp_folder.hpp"
#include "unit/dataset/datasets.hpp"
#include "unit/formats/npz_bytes.hpp"

namespace pitot::dataset {
namespace {

using test::TempFolder;

// "column.npy" behind a local header of 30 bytes is aligned to 8, "columns.npy" is not.
constexpr const char* kAligned = "column";
constexpr const char* kMisaligned = "columns";

formats::NpzReader open_archive(const std::string& archive, std::int64_t map_from = 1) {
    return formats::NpzReader::open_buffer(test::bytes_of(archive), "a.npz", map_from).value();
}

Result<Dataset> read(const std::vector<std::filesystem::path>& files, std::int64_t map_from,
                     const ReadOptions& options = {}) {
    std::vector<std::unique_ptr<Source>> sources;
    for (const auto& file : files) {
        sources.push_back(npz_source(formats::NpzReader::open(file, map_from).value()).value());
    }
    return read_sources(sources, options);
}

void expect_same(const Dataset& a, const Dataset& b) {
    ASSERT_EQ(a.pools.size(), b.pools.size());
    for (std::size_t p = 0; p < a.pools.size(); ++p) {
        EXPECT_EQ(a.pools[p].name, b.pools[p].name);
        EXPECT_EQ(a.pools[p].rows, b.pools[p].rows);
    }
    EXPECT_EQ(a.observations.platform, b.observations.platform);
    EXPECT_EQ(a.observations.module, b.observations.module);
    EXPECT_EQ(a.observations.co_runner, b.observations.co_runner);
    EXPECT_EQ(a.observations.width, b.observations.width);
    EXPECT_EQ(a.observations.runtime_us, b.observations.runtime_us);
}

TEST(MappedColumn, LiesInTheArchive) {
    const std::vector<double> values{1, 2.5, -3};
    const std::string archive = test::npz({{kAligned, test::f8(values)}});
    const formats::NpzReader npz = open_archive(archive);
    const auto column = npz.column<double>(kAligned).value();
    EXPECT_TRUE(column.shared());
    EXPECT_EQ(column, values);
    EXPECT_GE(static_cast<const void*>(column.data()), static_cast<const void*>(archive.data()));
    EXPECT_LT(static_cast<const void*>(column.data()), static_cast<const void*>(archive.data() + archive.size()));
    const std::string numbers = test::npy("<i4", "(2,)", test::packed(std::vector<std::int32_t>{7, -1}));
    const std::string bytes = test::npy("|u1", "(2,)", std::string("\x05\xFF"));
    const std::string others = test::npz({{kAligned, numbers}, {"b", bytes}});
    EXPECT_TRUE(open_archive(others).column<std::int32_t>(kAligned)->shared());
    EXPECT_EQ(open_archive(others).column<std::int32_t>(kAligned).value(), (Column<std::int32_t>{7, -1}));
    EXPECT_TRUE(open_archive(others).column<std::uint8_t>("b")->shared());
    EXPECT_EQ(open_archive(others).column<std::uint8_t>("b").value(), (Column<std::uint8_t>{5, 255}));
}

TEST(MappedColumn, IsReadWhereItCannotLieInTheArchive) {
    const std::vector<double> values{1, 2.5, -3};
    const auto read = [&](const std::string& archive, const char* name, std::int64_t map_from) {
        const formats::NpzReader npz = open_archive(archive, map_from);
        const auto column = npz.column<double>(name).value();
        EXPECT_EQ(column, values);
        return column.shared();
    };
    const auto with = [](const std::string& npy) { return test::npz({{kAligned, npy}}); };
    const std::string plain = test::f8(values);
    EXPECT_TRUE(read(with(plain), kAligned, 3));
    EXPECT_FALSE(read(with(plain), kAligned, 4)) << "too short";
    EXPECT_FALSE(read(test::npz({{kMisaligned, plain}}), kMisaligned, 1));
    EXPECT_FALSE(read(test::npz({{kAligned, plain}}, true), kAligned, 1)) << "compressed";
    EXPECT_FALSE(read(with(test::npy(">f8", "(3,)", test::packed(values, true))), kAligned, 1));
    EXPECT_FALSE(read(with(test::npy("<f4", "(3,)", test::packed(std::vector<float>{1, 2.5, -3}))), kAligned, 1));
}

TEST(MappedColumn, IsFoundByZip64Fields) {
    const std::vector<double> values{4, 5};
    const std::string name = "eighteen-character";  // headers of 30 + 22 + 20 bytes before the array
    const std::string npy = test::f8(values);
    const std::string archive = test::zip64(name + ".npy", npy);
    const auto member = formats::stored_member(test::bytes_of(archive), 0, name + ".npy");
    ASSERT_TRUE(member);
    EXPECT_TRUE(std::ranges::equal(*member, test::bytes_of(npy)));
    EXPECT_FALSE(formats::stored_member(test::bytes_of(archive), 1, name + ".npy"));
    EXPECT_FALSE(formats::stored_member(test::bytes_of(archive), 0, "other.npy"));
    const formats::NpzReader npz = open_archive(archive);
    const auto column = npz.column<double>(name).value();
    EXPECT_EQ(column, values);
    EXPECT_TRUE(column.shared());
}

TEST(MappedColumn, OfDamagedBytesIsRefused) {
    std::string archive = test::npz({{kAligned, test::f8({1, 2.5, -3})}});
    const auto bytes = formats::stored_member(test::bytes_of(archive), 0, "column.npy").value();
    const auto at = static_cast<std::size_t>(bytes.data() - test::bytes_of(archive).data()) + bytes.size() - 1;
    archive[at] = static_cast<char>(archive[at] ^ 1);
    EXPECT_TRUE(test::refuses(open_archive(archive).column<double>(kAligned), {"a.npz", "'column'", "damaged"}));
}

// Whatever stands in the archive, mapping gives what reading gives.
RC_GTEST_PROP(MappedColumnProperty, AgreesWithReading, ()) {
    std::string archive = test::npz({{"ab", test::f8({9, 8})}, {kAligned, test::f8({1, 2.5, -3})}});
    if (*rc::gen::arbitrary<bool>()) {
        archive = test::zip64("column.npy", test::f8({1, 2.5, -3}));
    }
    const auto flips = *rc::gen::inRange(1, 4);
    for (int i = 0; i < flips; ++i) {
        // Half of them in the directory.
        const auto least = *rc::gen::arbitrary<bool>() ? archive.size() - 130 : std::size_t{0};
        archive[*rc::gen::inRange(least, archive.size())] = *rc::gen::arbitrary<char>();
    }
    const auto npz = formats::NpzReader::open_buffer(test::bytes_of(archive), "a.npz", 1);
    if (!npz) {
        return;
    }
    for (const std::string& name : npz->names()) {
        const auto mapped = npz->column<double>(name);
        const auto values = npz->values<double>(name);
        RC_ASSERT(mapped.has_value() == values.has_value());
        if (values) {
            const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
            RC_ASSERT(std::ranges::equal(*mapped, *values, same));
        }
    }
}

TEST(MappedFile, HasTheSizeAskedForOrIsNone) {
    const TempFolder folder;
    const auto file = folder.put("a", "0123456789");
    const auto mapping = core::MappedFile::open(file, 10);
    ASSERT_TRUE(mapping);
    EXPECT_EQ(mapping->bytes().size(), 10U);
    EXPECT_EQ(mapping->bytes()[3], std::byte{'3'});
    EXPECT_FALSE(core::MappedFile::open(file, 9));
    EXPECT_FALSE(core::MappedFile::open(file, 11));
    EXPECT_FALSE(core::MappedFile::open(folder / "none", 10));
    EXPECT_FALSE(core::MappedFile::open(folder.path(), 10));
    std::filesystem::remove(file);
    EXPECT_EQ(mapping->bytes()[9], std::byte{'9'});
}

// What is written for mapping is mapped, aligned, and the same as what is read.
TEST(MappedDataset, IsWhatWeWrite) {
    const TempFolder folder;
    for (const auto& [alone, width] : {std::pair(true, 0), {true, 1}, {false, 1}, {true, 3}}) {
        Dataset dataset = test::synthetic_dataset({.together = width > 0 ? 50 : 0, .width = std::max(width, 1)});
        if (!alone) {
            dataset.set_observations({}, test::copy_of(dataset.pool(kAlone + 1)));
        }
        const auto file = folder / "large.npz";
        ASSERT_TRUE(write_index_layout(dataset, file, 1));
        const formats::NpzReader npz = formats::NpzReader::open(file, 1).value();
        for (const char* name : {"i_platform", "i_workload"}) {
            const auto column = npz.column<std::int32_t>(name).value();
            EXPECT_TRUE(column.shared()) << name;
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(column.data()) % 64, 0U) << name;
        }
        EXPECT_TRUE(npz.column<double>("t")->shared());
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(npz.column<double>("t")->data()) % 64, 0U);
        for (std::int32_t k = 0; k < width; ++k) {
            EXPECT_TRUE(npz.column<std::int32_t>(co_runner_array(k))->shared()) << k;
        }
        EXPECT_EQ(npz.contains(kObjectiveArray), alone && width > 0);
        const Dataset mapped = read({file}, 1).value();
        const Dataset in_memory = read({file}, formats::kMapFrom).value();
        EXPECT_TRUE(mapped.observations.runtime_us.shared());
        EXPECT_TRUE(mapped.observations.platform.shared());
        for (const Dataset* other : {static_cast<const Dataset*>(&dataset), &in_memory}) {
            expect_same(mapped, *other);
        }
        EXPECT_EQ(dataset_digest(mapped), dataset_digest(dataset));
        EXPECT_EQ(describe(mapped).together.slowdown_rows, describe(dataset).together.slowdown_rows);
        EXPECT_EQ(mapped.modules.names, dataset.modules.names);
    }
}

TEST(MappedDataset, OpensInNumPy) {
    const char* const python = "/usr/bin/python3 -c \"import numpy\" 2>/dev/null";
    if (std::system(python) != 0) {  // NOLINT(cert-env33-c,concurrency-mt-unsafe): the test's own command
        GTEST_SKIP() << "no NumPy";
    }
    const TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.together = 50, .width = 1});
    ASSERT_TRUE(write_index_layout(dataset, folder / "large.npz", 1));
    const std::string script =
        "import numpy, sys; a = numpy.load(sys.argv[1]); n = len(a['t']); "
        "ok = n == " +
        std::to_string(dataset.pool(kAlone).size() + 50) +
        " and a['i_objective'].sum() == 50 and all(len(a[k]) == n for k in ('i_platform', "
        "'i_workload', 'i_interference0')) and a['t'].min() > 0; sys.exit(0 if ok else 1)";
    const std::string command = "/usr/bin/python3 -c \"" + script + "\" '" + (folder / "large.npz").string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c,concurrency-mt-unsafe)
}

TEST(MappedDataset, LosesRowsThatCannotBeUsed) {
    const TempFolder folder;
    Dataset dataset = test::synthetic_dataset({});
    dataset.observations.runtime_us.edit()[7] = NAN;
    dataset.observations.platform.edit()[9] = 1'000'000;
    ASSERT_TRUE(write_index_layout(dataset, folder / "large.npz", 1));
    EXPECT_TRUE(
        test::refuses(read({folder / "large.npz"}, 1), {"large.npz", "'t'", "row 7", "NaN", "leave such rows out"}));
    ReadOptions options;
    options.skip_invalid = true;
    const Dataset mapped = read({folder / "large.npz"}, 1, options).value();
    const Dataset in_memory = read({folder / "large.npz"}, formats::kMapFrom, options).value();
    EXPECT_EQ(mapped.dropped_rows, 2);
    EXPECT_EQ(mapped.pool(kAlone).size(), dataset.pool(kAlone).size() - 2);
    expect_same(mapped, in_memory);
}

TEST(MappedDataset, IsJoinedByAnotherFile) {
    const TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.together = 20, .width = 1});
    ASSERT_TRUE(write_index_layout(dataset, folder / "a.npz", 1));
    ASSERT_TRUE(write_index_layout(dataset, folder / "b.npz", 1));
    const Dataset both = read({folder / "a.npz", folder / "b.npz"}, 1).value();
    expect_same(both, *read({folder / "a.npz", folder / "b.npz"}, formats::kMapFrom));
    EXPECT_EQ(both.pool(kAlone).size(), 2 * dataset.pool(kAlone).size());
    EXPECT_EQ(both.pool(kAlone + 1).size(), 40);
    ASSERT_EQ(both.problems.size(), 1U);
    EXPECT_NE(both.problems[0].find(std::to_string(dataset.pool(kAlone).size()) + " observations repeat"),
              std::string::npos);
}

TEST(MappedDataset, CutShortIsRefused) {
    const TempFolder folder;
    ASSERT_TRUE(write_index_layout(test::synthetic_dataset({}), folder / "large.npz", 1));
    const auto size = std::filesystem::file_size(folder / "large.npz");
    for (const auto left : {size - 1, size / 2, std::uintmax_t{100}}) {
        std::filesystem::resize_file(folder / "large.npz", left);
        EXPECT_TRUE(test::refuses(formats::NpzReader::open(folder / "large.npz", 1), {"large.npz", "not a whole"}));
    }
}

}  // namespace
}  // namespace pitot::dataset
