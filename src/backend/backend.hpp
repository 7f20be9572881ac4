// The interface a backend implements: prepare a program for a group of replicas, then train and predict with it.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/observations.hpp"
#include "backend/ops/adam/adam.hpp"
#include "backend/program.hpp"
#include "core/key.hpp"
#include "pitot/context.hpp"
#include "pitot/matrix_view.hpp"
#include "pitot/result.hpp"

namespace pitot::backend {

/// A program bound to a group of replicas: their parameters, optimiser state and workspace.
class Executor {
public:
    /// Memory of predictions, kept between them. For one thread at a time; any executor may be given any.
    class Scratch {
    public:
        Scratch() = default;
        Scratch(const Scratch&) = delete;
        Scratch& operator=(const Scratch&) = delete;
        virtual ~Scratch() = default;
    };

    Executor() = default;
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;
    virtual ~Executor() = default;

    /// The flat parameter array (Program::parameter_count() values) of a replica. Setting resets the optimiser; several
    /// threads may set those of different replicas at once.
    virtual void set_parameters(std::int64_t replica, std::span<const double> values) = 0;
    [[nodiscard]] virtual std::vector<double> parameters(std::int64_t replica) = 0;
    /// Values (rows × cols) of a kReplicaConstant buffer.
    virtual void set_constant(std::int64_t replica, BufferId buffer, std::span<const double> values) = 0;

    /// Takes what the replicas train on and are validated with: rows of the tables in ExecutionPlan::data. Row numbers
    /// must outlive the executor or the next call.
    virtual void set_objectives(std::vector<Objective> objectives) = 0;
    /// Runs `steps` steps of every replica from step number `first_step` (from 0), which places the batch draws and
    /// the learning rate, and gives each replica's mean loss over them. Replica g draws objective o's batches from
    /// keys[g].fold(o). `adam` may differ from call to call: moments and the number of updates go on.
    virtual void train(const Adam& adam, std::span<const core::Key> keys, std::int64_t first_step, std::int64_t steps,
                       std::span<double> mean_loss) = 0;
    /// Each replica's loss on its validation rows as its parameters are now: the sum over objectives of weight * mean
    /// over all of them, in their order; 0 without any. On the host it does what forward_towers() does, too.
    virtual void validation_losses(std::span<double> losses) = 0;

    /// Keeps the parameters of some replicas as they are now, for kept(), in place of those kept before.
    virtual void keep(std::span<const std::int64_t> replicas) {
        for (const std::int64_t replica : replicas) {
            const std::vector<double> values = parameters(replica);
            kept_[replica].assign(values.begin(), values.end());
        }
    }
    /// What keep() last kept of a replica, which it must have been told of once.
    [[nodiscard]] virtual std::vector<float> kept(std::int64_t replica) { return kept_.at(replica); }
    /// What went wrong on the device that it runs on. From then on nothing that other functions give is of use. Always
    /// good on the host.
    [[nodiscard]] virtual Result<void> status() const { return {}; }

    /// Loss and flat gradient of one replica on fixed rows (all of them, in order); for tests and diagnosis.
    virtual double gradient(std::int64_t replica, const PairColumns& rows, double weight, std::span<double> out) = 0;

    /// Computes tower buffers from the parameters; needed before predict() after set_parameters() or train().
    virtual void forward_towers() = 0;
    /// Predictions of one replica. Safe to call from many threads at once.
    virtual void predict(std::int64_t replica, const PairColumns& rows, std::span<double> out) const = 0;
    /// The same, working in `scratch`, which is made when it is null or another executor's: with one that was given
    /// before for as many rows a host backend allocates nothing.
    virtual void predict(std::int64_t replica, const PairColumns& rows, std::span<double> out,
                         std::unique_ptr<Scratch>& /*scratch*/) const {
        predict(replica, rows, out);
    }
    /// A copy of a tower (after forward_towers()), parameter or constant buffer of one replica, rounded to float.
    [[nodiscard]] virtual Matrix<float> values(std::int64_t replica, BufferId buffer) const = 0;

private:
    std::map<std::int64_t, std::vector<float>> kept_;
};

/// What an executor is for, which decides how it goes about it.
struct ExecutionPlan {
    /// The most rows of a side that the batches of a step may use, repeats counted; 0 = never trains. Where a side has
    /// far more rows than that, a step computes and updates only those in use.
    std::int64_t platform_rows = 0;
    std::int64_t module_rows = 0;
    /// Threads that share the work of one step. The results are the same to the bit for any number of them.
    int threads = 1;
    bool all_rows = false;  ///< whether every objective takes all its rows in every step
    /// The tables that objectives name, made resident by the same backend; null for an executor that never trains.
    std::shared_ptr<const ResidentTables> data = nullptr;
};

/// What one thread of a backend on the processor, or a card, can do at best, measured.
struct Peak {
    double flops = 0.0;         ///< floating-point operations a second in chains of fused multiply-adds (two each)
    double bytes = 0.0;         ///< bytes a second, read and written in equal parts, of a block of the size asked for
    double tensor_flops = 0.0;  ///< the same in products of tf32 numbers on a card's tensor cores; 0 on the processor
};

class Backend {
public:
    Backend() = default;
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    virtual ~Backend() = default;

    [[nodiscard]] virtual std::string_view name() const = 0;
    /// The instruction set or device it runs on, in words.
    [[nodiscard]] virtual std::string description() const = 0;
    /// Measures for a few hundredths of a second; 0 where the backend has no such thing.
    [[nodiscard]] virtual Peak measure_peak(std::int64_t block_bytes) const = 0;
    /// Takes tables of observations for all executors of a fit. A backend on the host borrows the columns, which must
    /// outlive what comes back; one on a device copies them. Errors: kEnvironment if the device cannot hold them.
    [[nodiscard]] virtual Result<std::shared_ptr<const ResidentTables>> make_resident(
        std::span<const PairColumns> tables) const = 0;
    /// The number of replicas, of `models` in all, that are best trained as one group; at least 1. A backend on the
    /// host says 1: there a replica is one thread's work.
    [[nodiscard]] virtual std::int64_t group_size(const Program& /*program*/, const ExecutionPlan& /*plan*/,
                                                  std::int64_t /*models*/) const {
        return 1;
    }
    /// How many groups may be trained side by side. A backend on a device says 1: one group has all of it.
    [[nodiscard]] virtual std::int64_t groups_at_once() const { return std::numeric_limits<std::int64_t>::max(); }
    /// `program` must outlive the executor. Errors: kEnvironment if the device cannot hold the group, kBug from
    /// Program::check().
    [[nodiscard]] Result<std::unique_ptr<Executor>> prepare(const Program& program, std::int64_t group,
                                                            const ExecutionPlan& plan = {}) const {
        return program.check().and_then([&] { return make_executor(program, group, plan); });
    }

private:
    /// Of a program that has been checked.
    [[nodiscard]] virtual Result<std::unique_ptr<Executor>> make_executor(const Program& program, std::int64_t group,
                                                                          const ExecutionPlan& plan) const = 0;
};

[[nodiscard]] const Backend& reference_backend();
/// Its instruction set is the best this machine has, or the one that the environment variable PITOT_INSTRUCTION_SET
/// names (in any case; find_backend("cpu") tells when it cannot be had).
[[nodiscard]] const Backend& cpu_backend();
/// kUsage if PITOT_INSTRUCTION_SET names none that is known, kEnvironment if this machine lacks it.
[[nodiscard]] Result<void> check_instruction_set();
/// What the CUDA backend computes in where Context::precision is "auto".
inline constexpr std::string_view kUsualCardPrecision = "tf32";
/// The CUDA backend on the cards of these numbers (empty: on all that the driver shows), computing in a precision that
/// Context::precision may name. What it points to lives as long as the program. Errors: kEnvironment in words when this
/// build has none or no card answers, kUsage if there is no card of a number.
[[nodiscard]] Result<const Backend*> cuda_backend(std::span<const int> devices, std::string_view precision);

/// "cpu", "reference", "cuda" on all cards, or "auto"; other names are kUsage errors, and "cpu" fails as
/// check_instruction_set() does.
[[nodiscard]] Result<const Backend*> find_backend(std::string_view name);
/// The one that a context names, which must be valid, its devices some that the backend has, and its precision one that
/// the backend computes in (both kUsage). "auto" is cuda where this build has it and a card answers, else cpu.
[[nodiscard]] Result<const Backend*> find_backend(const Context& context);

}  // namespace pitot::backend
