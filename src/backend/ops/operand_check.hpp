// Holds the buffers of an operation against what it needs of them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "backend/buffer.hpp"
#include "backend/program.hpp"
#include "pitot/result.hpp"

namespace pitot::backend {

/// Keeps the first thing that is wrong; what is asked after that passes. `what` is the operand's name in its operation.
class OperandCheck {
public:
    explicit OperandCheck(const Program& program) : program_(program) {}

    /// `id` names a buffer of one of these roles.
    OperandCheck& role(const char* what, BufferId id, std::initializer_list<Role> roles);
    /// The buffer has rows of this side, `each` for each of the side's.
    OperandCheck& side(const char* what, BufferId id, RowAxis axis, std::int64_t each = 1);
    OperandCheck& rows(const char* what, BufferId id, std::int64_t rows);
    OperandCheck& cols(const char* what, BufferId id, std::int64_t cols);
    OperandCheck& least_cols(const char* what, BufferId id, std::int64_t cols);
    OperandCheck& that(bool holds, const std::string& otherwise);

    /// A buffer's columns or side; 0 or kNone where there is no such buffer, which role() complains about.
    [[nodiscard]] std::int64_t cols_of(BufferId id) const { return has(id) ? info(id).cols : 0; }
    [[nodiscard]] std::int64_t rows_of(BufferId id) const { return has(id) ? info(id).rows : 0; }
    [[nodiscard]] RowAxis axis_of(BufferId id) const { return has(id) ? info(id).axis : RowAxis::kNone; }
    [[nodiscard]] bool has_role(BufferId id, Role role) const { return has(id) && info(id).role == role; }

    /// kBug in words.
    [[nodiscard]] Result<void> result() const { return result_; }

private:
    [[nodiscard]] bool has(BufferId id) const { return id >= 0 && id < static_cast<BufferId>(program_.buffers.size()); }
    [[nodiscard]] const BufferInfo& info(BufferId id) const { return program_.buffers[static_cast<std::size_t>(id)]; }

    const Program& program_;
    Result<void> result_;
};

}  // namespace pitot::backend
