// Draws by the vector: the same bits as one by one.
#include "backend/cpu/kernels.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/key.hpp"
#include "unit/backend/kernel_blocks.hpp"

namespace pitot::backend {
namespace {

using test::for_each_target;

TEST(Kernels, DrawsAreTheKeys) {
    for_each_target([](const std::string& /*target*/) {
        const core::Key key = core::Key(19).fold("draws");
        for (const std::uint64_t bound : {std::uint64_t{1}, std::uint64_t{27056}, (std::uint64_t{1} << 32U) - 1,
                                          std::uint64_t{1} << 32U, std::uint64_t{1} << 60U}) {
            for (const std::uint64_t position : {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{1} << 33U}) {
                for (const std::size_t n : {0U, 1U, 15U, 16U, 67U}) {
                    std::vector<std::int64_t> wanted(n);
                    std::vector<std::int64_t> drawn(n);
                    key.fill_below(position, bound, wanted);
                    cpu::fill_below(key, position, bound, drawn);
                    EXPECT_EQ(drawn, wanted) << bound << ' ' << position << ' ' << n;
                }
            }
        }
    });
}

}  // namespace
}  // namespace pitot::backend
