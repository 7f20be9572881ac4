// Members compressed as other programs do it.
#include <gtest/gtest.h>
#include <zip.h>

#include <string>
#include <vector>

#include "formats/npz.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"
#include "unit/formats/npz_bytes.hpp"

namespace pitot::formats {
namespace {

std::filesystem::path archive_of(const test::TempFolder& folder, const std::string& array, int method) {
    const std::filesystem::path file = folder / "x.npz";
    int code = 0;
    zip_t* archive = ::zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    zip_source_t* source = ::zip_source_buffer(archive, array.data(), array.size(), 0);
    const zip_int64_t place = ::zip_file_add(archive, "x.npy", source, 0);
    EXPECT_EQ(::zip_set_file_compression(archive, static_cast<zip_uint64_t>(place), method, 0), 0);
    EXPECT_EQ(::zip_close(archive), 0);
    return file;
}

TEST(NpzMethods, ReadsAllThatLibzipDecompresses) {
    const std::vector<double> values(3000, 2.5);
    const std::string array = test::npy("<f8", "(3000,)", test::packed(values));
    int tried = 0;
    for (const int method : {ZIP_CM_STORE, ZIP_CM_DEFLATE, ZIP_CM_BZIP2, ZIP_CM_LZMA, ZIP_CM_XZ, 93}) {
        if (::zip_compression_method_supported(method, 1) == 0) {
            continue;
        }
        const test::TempFolder folder;
        const auto npz = NpzReader::open(archive_of(folder, array, method));
        ASSERT_TRUE(npz) << method;
        EXPECT_EQ(npz->values<double>("x").value(), values) << method;
        ++tried;
    }
    EXPECT_GE(tried, 2);
}

}  // namespace
}  // namespace pitot::formats
