#include "backend/host/step.hpp"

namespace pitot::backend {
HostProgram::HostProgram(const Program& described, const ProgramLayout& laid_out, std::int64_t sparse_columns)
    : program(described), layout(laid_out), slope_done(slopes_done(described)) {
    if (sparse_columns > 0) {
        sparse = find_sparse_layers(program, layout, sparse_columns);
    }
}

}  // namespace pitot::backend
