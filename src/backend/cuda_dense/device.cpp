// The device that has Gaussian processes: what is asked of it, one call after another.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "backend/cuda_dense/factors.hpp"
#include "backend/cuda_dense/gradients.hpp"
#include "backend/cuda_dense/resident.hpp"
#include "backend/cuda_dense/runtime.hpp"
#include "backend/cuda_dense/solver.hpp"
#include "backend/device_covariance.hpp"
#include "pitot/remedy.hpp"

namespace pitot::backend::device {
namespace {

// What a batch of matrices may take: it needs no more to keep a device busy.
constexpr std::size_t kBatchBytes = std::size_t{12} << 30;

std::size_t batch_budget() { return std::min(kBatchBytes, free_memory() / 2); }

class CudaDevice final : public Device {
public:
    explicit CudaDevice(int device) : runtime_(device) {}

    [[nodiscard]] Result<std::optional<Weighed>> weigh(const Covariance& covariance, const Rows& rows,
                                                       std::span<const double> target) override {
        return guarded<std::optional<Weighed>>([&] { return gradients_.weigh(runtime_, covariance, rows, target); });
    }

    [[nodiscard]] Result<std::optional<std::vector<double>>> solve_dense(const Covariance& covariance, const Rows& rows,
                                                                         std::span<const double> target) override {
        return guarded<std::optional<std::vector<double>>>(
            [&] { return gradients_.solve(runtime_, covariance, rows, target); });
    }

    [[nodiscard]] Result<Solved> solve(const Covariance& covariance, const Rows& rows,
                                       std::span<const Conditional> conditionals, std::span<const double> target,
                                       std::span<const double> start, const SolveLimits& limits,
                                       const std::function<bool()>& go_on) override {
        return guarded<Solved>([&] {
            return solver_.solve(runtime_, factors_, covariance, rows, conditionals, target, start, limits,
                                 batch_budget(), go_on);
        });
    }

    [[nodiscard]] Result<std::optional<std::vector<Answers>>> ask(const Covariance& covariance, const Rows& rows,
                                                                  std::span<const Question> questions) override {
        return guarded<std::optional<std::vector<Answers>>>([&] { return answers(covariance, rows, questions); });
    }

private:
    template <typename T, typename Work>
    Result<T> guarded(const Work& work) {
        try {
            runtime_.enter();
            return work();
        } catch (const DeviceFailure& failure) {
            return Failure(failure.error());
        }
    }

    std::optional<std::vector<Answers>> answers(const Covariance& covariance, const Rows& rows,
                                                std::span<const Question> questions) {
        upload_.begin();
        const Resident resident(covariance, rows, upload_);
        upload_.send(runtime_.stream());
        const TermTables tables = resident.tables(upload_);
        const RowTable table = resident.rows(upload_);
        std::vector<std::int64_t> known;
        std::vector<std::int64_t> asked;
        for (const Question& question : questions) {
            known.push_back(std::ssize(question.known));
            asked.push_back(std::ssize(question.asked));
        }
        std::vector<Answers> all(questions.size());
        for (const auto& batch : batches_of(known, asked, batch_budget())) {
            if (!answer_batch(tables, table, questions, batch, all)) {
                return {};
            }
        }
        return all;
    }

    bool answer_batch(const TermTables& tables, const RowTable& rows, std::span<const Question> questions,
                      const std::vector<std::int64_t>& batch, std::vector<Answers>& all) {
        std::int64_t known = 0;
        std::int64_t asked = 0;
        std::int64_t own = 0;
        for (const std::int64_t b : batch) {
            const Question& question = questions[static_cast<std::size_t>(b)];
            known = std::max(known, padded(std::ssize(question.known)));
            asked = std::max(asked, std::ssize(question.asked));
            own = std::max(own, question.own);
        }
        std::vector<int> lists(batch.size() * static_cast<std::size_t>(known + asked), -1);
        for (std::size_t n = 0; n < batch.size(); ++n) {
            const Question& question = questions[static_cast<std::size_t>(batch[n])];
            const auto end = lists.begin() + static_cast<std::ptrdiff_t>(n) * (known + asked) + known;
            const auto narrow = [](std::int64_t u) { return static_cast<int>(u); };
            std::ranges::transform(question.known, end - std::ssize(question.known), narrow);
            std::ranges::transform(question.asked, end, narrow);
        }
        if (!factors_.make(runtime_, tables, rows, lists, known + asked, known)) {
            return false;
        }
        const auto count = static_cast<int>(batch.size());
        const auto stream = runtime_.stream();
        std::vector<double> variance(batch.size() * static_cast<std::size_t>(asked));
        if (asked > 0) {
            auto* to = result_.of<double>(std::ssize(variance));
            read_variances(tables, rows, factors_.lists(), factors_.matrices(), count, static_cast<int>(known + asked),
                           static_cast<int>(known), to, stream);
            check_started("computing variances");
            runtime_.fetch(to, variance);
        }
        const std::int64_t last = padded(own);
        std::vector<double> precision(own > 0 ? batch.size() * static_cast<std::size_t>(last) : 0);
        if (own > 0) {
            const double* inverse = factors_.last_rows_of_inverse(runtime_, last, (known - last) / kBlock);
            auto* to = result_.of<double>(std::ssize(precision));
            read_precisions(inverse, static_cast<int>(last), static_cast<int>(known), count, to, stream);
            check_started("computing variances");
            runtime_.fetch(to, precision);
        }
        for (std::size_t n = 0; n < batch.size(); ++n) {
            const auto number = static_cast<std::size_t>(batch[n]);
            const auto of = variance.begin() + static_cast<std::ptrdiff_t>(n) * asked;
            all[number].variance.assign(of, of + std::ssize(questions[number].asked));
            if (own > 0) {
                const auto end = precision.begin() + static_cast<std::ptrdiff_t>(n + 1) * last;
                all[number].precision.assign(end - questions[number].own, end);
            }
        }
        return true;
    }

    Runtime runtime_;
    Gradients gradients_;
    Factors factors_;
    Solver solver_;
    Upload upload_;
    Buffer result_;
};

}  // namespace

Result<std::unique_ptr<Device>> open_device(std::span<const int> devices) {
    const int wanted = devices.empty() ? 0 : devices.front();
    int count = 0;
    if (const cudaError_t status = cudaGetDeviceCount(&count); status != cudaSuccess || count == 0) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("no CUDA device answers ({}); use the backend 'cpu'",
                                status == cudaSuccess ? "there is none" : cudaGetErrorString(status)),
                    Remedy::kUseCpuBackend);
    }
    if (wanted < 0 || wanted >= count) {
        return fail(ErrorCode::kUsage, fmt::format("there is no CUDA device {}; the last is {}", wanted, count - 1));
    }
    try {
        return std::make_unique<CudaDevice>(wanted);
    } catch (const DeviceFailure& failure) {
        return Failure(failure.error());
    }
}

}  // namespace pitot::backend::device
