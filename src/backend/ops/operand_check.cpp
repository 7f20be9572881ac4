#include "backend/ops/operand_check.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pitot::backend {
namespace {

const char* name_of(Role role) {
    switch (role) {
        case Role::kConstant:
            return "constant";
        case Role::kReplicaConstant:
            return "constant of a replica";
        case Role::kParameter:
            return "parameter";
        case Role::kTower:
            return "tower";
        case Role::kPair:
            return "pair";
    }
    return "unknown";
}

const char* name_of(RowAxis axis) {
    return axis == RowAxis::kPlatform ? "platforms" : axis == RowAxis::kModule ? "modules" : "no side";
}

}  // namespace

OperandCheck& OperandCheck::that(bool holds, const std::string& otherwise) {
    if (result_ && !holds) {
        result_ = fail(ErrorCode::kBug, otherwise);
    }
    return *this;
}

OperandCheck& OperandCheck::role(const char* what, BufferId id, std::initializer_list<Role> roles) {
    if (!has(id)) {
        return that(false, fmt::format("{} is buffer {}, and there are {}", what, id, program_.buffers.size()));
    }
    return that(std::ranges::find(roles, info(id).role) != roles.end(),
                fmt::format("{} '{}' may not be a {} buffer", what, info(id).name, name_of(info(id).role)));
}

OperandCheck& OperandCheck::side(const char* what, BufferId id, RowAxis axis, std::int64_t each) {
    if (!has(id)) {
        return *this;
    }
    that(info(id).axis == axis,
         fmt::format("{} '{}' has rows of {}, not of {}", what, info(id).name, name_of(info(id).axis), name_of(axis)));
    return rows(what, id, axis == RowAxis::kNone ? info(id).rows : each * program_.rows_of(axis));
}

OperandCheck& OperandCheck::rows(const char* what, BufferId id, std::int64_t rows) {
    return that(!has(id) || info(id).rows == rows,
                fmt::format("{} '{}' has {} rows, not {}", what, has(id) ? info(id).name : "", rows_of(id), rows));
}

OperandCheck& OperandCheck::cols(const char* what, BufferId id, std::int64_t cols) {
    return that(!has(id) || info(id).cols == cols,
                fmt::format("{} '{}' has {} columns, not {}", what, has(id) ? info(id).name : "", cols_of(id), cols));
}

OperandCheck& OperandCheck::least_cols(const char* what, BufferId id, std::int64_t cols) {
    return that(!has(id) || info(id).cols >= cols, fmt::format("{} '{}' has {} columns, and {} are needed", what,
                                                               has(id) ? info(id).name : "", cols_of(id), cols));
}

}  // namespace pitot::backend
