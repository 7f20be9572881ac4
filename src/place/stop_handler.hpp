// How a linear program is stopped.
#pragma once

#include <coin/ClpEventHandler.hpp>
#include <stop_token>
#include <utility>

namespace pitot::place {

/// Ends a solver of Clp at its next iteration once a stop is requested.
class StopHandler : public ClpEventHandler {
public:
    explicit StopHandler(std::stop_token stop) : stop_(std::move(stop)) {}
    int event(Event /*event*/) override { return stop_.stop_requested() ? 0 : -1; }
    [[nodiscard]] ClpEventHandler* clone() const override { return new StopHandler(*this); }  // NOLINT: Clp deletes it

private:
    std::stop_token stop_;
};

}  // namespace pitot::place
