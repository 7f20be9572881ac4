// What tests of the cpu kernels share: matrices with guards, every instruction set in turn, and a tolerance.
#pragma once

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "backend/cpu/kernels.hpp"
#include "core/key.hpp"

namespace pitot::test {

inline constexpr double kEpsilon = std::numeric_limits<float>::epsilon();

// A matrix inside a larger block: any stride, any misalignment, and a guard value around it that must survive.
class Block {
public:
    Block(std::int64_t rows, std::int64_t cols, std::int64_t shift, core::Key key, bool zero = false)
        : rows_(rows),
          cols_(cols),
          stride_(cols + shift),
          shift_(shift),
          data_(static_cast<std::size_t>(rows * stride_ + shift + 16), kGuard) {
        core::Stream stream(key);
        for (std::int64_t i = 0; i < rows; ++i) {
            for (std::int64_t j = 0; j < cols; ++j) {
                view()(i, j) = zero ? 0.0F : static_cast<float>(2.0 * stream.uniform() - 1.0);
            }
        }
    }
    [[nodiscard]] backend::cpu::View view() { return {data_.data() + shift_, rows_, cols_, stride_}; }
    [[nodiscard]] backend::cpu::ConstView view() const { return {data_.data() + shift_, rows_, cols_, stride_}; }
    [[nodiscard]] double operator()(std::int64_t i, std::int64_t j) const { return static_cast<double>(view()(i, j)); }
    // True if nothing outside the matrix was written.
    [[nodiscard]] bool guarded() const {
        std::size_t kept = 0;
        for (const float x : data_) {
            kept += x == kGuard ? 1 : 0;
        }
        return kept >= data_.size() - static_cast<std::size_t>(rows_ * cols_);
    }

private:
    static constexpr float kGuard = 12345.0F;
    std::int64_t rows_, cols_, stride_, shift_;
    std::vector<float> data_;
};

// Runs the test once for every instruction set compiled in that this machine can run.
inline void for_each_target(const std::function<void(const std::string&)>& test) {
    std::int64_t targets = 0;
    for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
        const std::int64_t target = left & -left;
        hwy::SetSupportedTargetsForTest(target);
        hwy::GetChosenTarget().DeInit();
        const std::string name = backend::cpu::instruction_set();
        if (name == hwy::TargetName(target)) {
            ++targets;
            SCOPED_TRACE(name);
            test(name);
        }
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().DeInit();
    EXPECT_GE(targets, 1);
}

inline void expect_near(double got, double want, double magnitude, std::int64_t terms, const char* what) {
    EXPECT_NEAR(got, want, kEpsilon * static_cast<double>(terms + 4) * (magnitude + 1.0)) << what;
}

}  // namespace pitot::test
