// Who computes: threads of the host and, where a context names one, a device.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backend/device_covariance.hpp"
#include "core/team.hpp"
#include "pitot/context.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

/// Both must outlive it. A team alone is one, and where only threads are asked for, a machine is its team.
class Machine {
public:
    // NOLINTNEXTLINE(google-explicit-constructor): a team alone is a machine
    Machine(core::Team& team, backend::device::Device* device = nullptr) : team_(&team), device_(device) {}

    [[nodiscard]] core::Team& team() const { return *team_; }
    // NOLINTNEXTLINE(google-explicit-constructor)
    operator core::Team&() const { return *team_; }
    [[nodiscard]] backend::device::Device* device() const { return device_; }  ///< or null

private:
    core::Team* team_;
    backend::device::Device* device_;
};

/// Threads and devices of a few machines that compute side by side.
class Machines {
public:
    /// One where a context's backend is the processor; a card each, of those that it names or all, and `most` of them
    /// at most, where it is "cuda". Errors: as find_backend(), kEnvironment if a card cannot be used.
    [[nodiscard]] static Result<Machines> make(const Context& context, std::int64_t most);

    [[nodiscard]] std::span<const Machine> all() const { return machines_; }

private:
    std::vector<std::unique_ptr<core::Team>> teams_;
    std::vector<std::unique_ptr<backend::device::Device>> devices_;
    std::vector<Machine> machines_;
};

}  // namespace pitot::models::kernel
