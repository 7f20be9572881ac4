// Small programs around one operation: gradients against finite differences, and the cpu backend against the reference.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "core/key.hpp"

namespace pitot::test {

inline constexpr std::int64_t kTrialPlatforms = 5;
inline constexpr std::int64_t kTrialModules = 7;

/// Builds a program, on five platforms and seven modules unless told otherwise.
class ProgramBuilder {
public:
    explicit ProgramBuilder(std::int64_t platforms = kTrialPlatforms, std::int64_t modules = kTrialModules) {
        program_.platforms = platforms;
        program_.modules = modules;
    }
    backend::BufferId add(backend::BufferInfo info) {
        if (info.role == backend::Role::kConstant) {
            core::Stream stream(core::Key(17).fold(info.name));
            for (std::int64_t n = 0; n < info.rows * info.cols; ++n) {
                info.values.push_back(static_cast<float>(stream.normal()));
            }
        }
        program_.buffers.push_back(std::move(info));
        return static_cast<backend::BufferId>(program_.buffers.size()) - 1;
    }
    /// Something with a row for each of a side's.
    backend::BufferId of_side(const std::string& name, backend::Role role, backend::RowAxis axis, std::int64_t cols) {
        return add({name, role, program_.rows_of(axis), cols, axis});
    }
    backend::BufferId of_platforms(const std::string& name, backend::Role role, std::int64_t cols) {
        return of_side(name, role, backend::RowAxis::kPlatform, cols);
    }
    backend::BufferId of_modules(const std::string& name, backend::Role role, std::int64_t cols) {
        return of_side(name, role, backend::RowAxis::kModule, cols);
    }
    backend::BufferId parameter(const std::string& name, std::int64_t rows, std::int64_t cols) {
        return add({name, backend::Role::kParameter, rows, cols});
    }
    backend::BufferId pairs(const std::string& name, std::int64_t cols) {
        return add({name, backend::Role::kPair, 0, cols});
    }
    /// out[b] = tanh(left[i] + right[j]) of two tables, which are parameters: a pair buffer that has a gradient.
    backend::BufferId hidden(std::int64_t cols) {
        const backend::BufferId left = of_platforms("left", backend::Role::kParameter, cols);
        const backend::BufferId right = of_modules("right", backend::Role::kParameter, cols);
        const backend::BufferId out = pairs("hidden", cols);
        pair(backend::PairSumTanh{left, right, out});
        return out;
    }
    void tower(backend::TowerOp op) { program_.tower.push_back(op); }
    void pair(backend::PairOp op) { program_.pair.push_back(op); }
    [[nodiscard]] const backend::Program& program() const { return program_; }

private:
    backend::Program program_;
};

/// A program with random parameters, constants and rows.
class Trial {
public:
    explicit Trial(backend::Program program, std::int32_t width = 0, int rows = 29) : program_(std::move(program)) {
        core::Stream stream(core::Key(23).fold("rows"));
        for (int b = 0; b < rows; ++b) {
            const auto below = [&](std::int64_t bound) {
                return static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(bound)));
            };
            platform_.push_back(below(program_.platforms));
            module_.push_back(below(program_.modules));
            for (std::int32_t w = 0; w < width; ++w) {
                co_runner_.push_back(below(program_.modules + 1) - 1);
            }
            target_.push_back(static_cast<float>(stream.normal()));
        }
        rows_ = {platform_, module_, co_runner_, width, target_};
        for (std::int64_t n = 0; n < program_.parameter_count(); ++n) {
            parameters_.push_back(1.2 * stream.uniform() - 0.6);
        }
    }
    Trial(const Trial&) = delete;
    Trial& operator=(const Trial&) = delete;

    [[nodiscard]] std::unique_ptr<backend::Executor> prepare(const backend::Backend& backend) const {
        auto executor = backend.prepare(program_, 1);
        if (!executor) {
            ADD_FAILURE() << executor.error().to_string();
            std::abort();
        }
        (*executor)->set_parameters(0, parameters_);
        for (std::size_t b = 0; b < program_.buffers.size(); ++b) {
            const backend::BufferInfo& info = program_.buffers[b];
            if (info.role == backend::Role::kReplicaConstant) {
                (*executor)->set_constant(0, static_cast<backend::BufferId>(b), constant(info));
            }
        }
        return *std::move(executor);
    }
    [[nodiscard]] static std::vector<double> constant(const backend::BufferInfo& info) {
        std::vector<double> values;
        core::Stream stream(core::Key(29).fold(info.name));
        for (std::int64_t n = 0; n < info.rows * info.cols; ++n) {
            values.push_back(stream.normal());
        }
        return values;
    }
    [[nodiscard]] const backend::Program& program() const { return program_; }
    [[nodiscard]] const backend::PairColumns& rows() const { return rows_; }
    [[nodiscard]] const std::vector<double>& parameters() const { return parameters_; }

    [[nodiscard]] std::vector<double> predict(const backend::Backend& backend) const {
        const auto executor = prepare(backend);
        executor->forward_towers();
        std::vector<double> out(platform_.size());
        executor->predict(0, rows_, out);
        return out;
    }

    /// The reference backend's gradient is that of finite differences, and the cpu backend's predictions and gradient
    /// are the reference's but for rounding.
    void expect_right() const {
        const auto reference = prepare(backend::reference_backend());
        std::vector<double> gradient(parameters_.size());
        const double loss = reference->gradient(0, rows_, 0.8, gradient);
        EXPECT_GT(loss, 0.0);
        expect_differences(*reference, gradient);
        std::vector<double> got(parameters_.size());
        EXPECT_NEAR(prepare(backend::cpu_backend())->gradient(0, rows_, 0.8, got), loss, 1e-5 * std::max(1.0, loss));
        double largest = 1.0;
        for (const double g : gradient) {
            largest = std::max(largest, std::abs(g));
        }
        for (std::size_t n = 0; n < got.size(); ++n) {
            ASSERT_NEAR(got[n], gradient[n], 1e-5 * largest) << "parameter " << n;
        }
        const std::vector<double> want_y = predict(backend::reference_backend());
        const std::vector<double> got_y = predict(backend::cpu_backend());
        for (std::size_t b = 0; b < want_y.size(); ++b) {
            ASSERT_NEAR(got_y[b], want_y[b], 1e-5 * std::max(1.0, std::abs(want_y[b]))) << "row " << b;
        }
        expect_right_on_card(loss, gradient, largest);
    }

    /// Gradients of a program too large for finite differences: those of the backends cpu and, where a card answers,
    /// cuda in each precision are the reference's but for rounding.
    void expect_agreement() const {
        std::vector<double> want(parameters_.size());
        const double loss = prepare(backend::reference_backend())->gradient(0, rows_, 0.8, want);
        const double largest = std::abs(*std::ranges::max_element(want, {}, [](double x) { return std::abs(x); }));
        EXPECT_GT(largest, 1e-4);
        const auto expect = [&](const backend::Backend& backend, double tolerance) {
            std::vector<double> got(parameters_.size());
            const auto executor = prepare(backend);
            EXPECT_NEAR(executor->gradient(0, rows_, 0.8, got), loss, tolerance * std::max(1.0, loss));
            ASSERT_TRUE(executor->status()) << executor->status().error().to_string();
            for (std::size_t n = 0; n < got.size(); ++n) {
                ASSERT_NEAR(got[n], want[n], tolerance * largest) << "parameter " << n;
            }
        };
        expect(backend::cpu_backend(), 2e-5);
        for (const auto& [precision, tolerance] : {std::pair("fp32", 2e-5), {"tf32", 4e-3}, {"bf16", 3e-2}}) {
            SCOPED_TRACE(precision);
            const auto card = backend::cuda_backend({}, precision);
#ifdef PITOT_EMULATED_CARD
            ASSERT_TRUE(card) << card.error().to_string();
#endif
            if (card) {
                expect(**card, tolerance);
            }
        }
    }

private:
    /// The same of the cuda backend where a card answers, for programs that it has kernels for.
    void expect_right_on_card(double loss, const std::vector<double>& gradient, double largest) const {
        const auto card = backend::cuda_backend({}, "fp32");
#ifdef PITOT_EMULATED_CARD
        ASSERT_TRUE(card) << card.error().to_string();
#endif
        if (!card || !(*card)->prepare(program_, 1)) {
            return;
        }
        std::vector<double> got(parameters_.size());
        const auto executor = prepare(**card);
        EXPECT_NEAR(executor->gradient(0, rows_, 0.8, got), loss, 1e-5 * std::max(1.0, loss));
        ASSERT_TRUE(executor->status()) << executor->status().error().to_string();
        for (std::size_t n = 0; n < got.size(); ++n) {
            ASSERT_NEAR(got[n], gradient[n], 2e-5 * largest) << "parameter " << n << " on the card";
        }
    }
    void expect_differences(backend::Executor& executor, const std::vector<double>& gradient) const {
        constexpr double step = 1e-5;
        std::vector<double> unused(parameters_.size());
        const auto loss_at = [&](std::size_t n, double value) {
            std::vector<double> moved = parameters_;
            moved[n] = value;
            executor.set_parameters(0, moved);
            return executor.gradient(0, rows_, 0.8, unused);
        };
        double largest = 0.0;
        // Of large programs some, by a stride that meets every row and column.
        const std::size_t stride = gradient.size() > 1000 ? 13 : 1;
        for (std::size_t n = 0; n < gradient.size(); n += stride) {
            const double difference =
                (loss_at(n, parameters_[n] + step) - loss_at(n, parameters_[n] - step)) / (2.0 * step);
            ASSERT_NEAR(gradient[n], difference, 1e-7 * std::max(1.0, std::abs(difference))) << "parameter " << n;
            largest = std::max(largest, std::abs(difference));
        }
        EXPECT_TRUE(gradient.empty() || largest > 1e-4);
    }

    backend::Program program_;
    std::vector<std::int32_t> platform_, module_, co_runner_;
    std::vector<float> target_;
    std::vector<double> parameters_;
    backend::PairColumns rows_;
};

/// The words in which a program is refused, which name the operation and the buffer.
inline void expect_refused(const backend::Program& program, const std::string& operation, const std::string& why) {
    const auto checked = program.check();
    ASSERT_FALSE(checked) << why;
    EXPECT_EQ(checked.error().code(), ErrorCode::kBug);
    const std::string text = checked.error().to_string();
    EXPECT_NE(text.find(operation), std::string::npos) << text;
    EXPECT_NE(text.find(why), std::string::npos) << text;
    EXPECT_FALSE(backend::cpu_backend().prepare(program, 1));
}

}  // namespace pitot::test
