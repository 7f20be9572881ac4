// Who computes: threads of the host and, where a context names one, a device.
#pragma once

#include <memory>

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

/// The device that a context's backend runs on; null where that is the processor. Errors: as find_backend().
[[nodiscard]] Result<std::unique_ptr<backend::device::Device>> device_of(const Context& context);

}  // namespace pitot::models::kernel
