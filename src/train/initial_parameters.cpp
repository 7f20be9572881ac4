#include "train/initial_parameters.hpp"

namespace pitot::train {

std::vector<double> initial_parameters(const backend::Program& program, core::Key key) {
    std::vector<double> out;
    out.reserve(static_cast<std::size_t>(program.parameter_count()));
    for (const backend::BufferInfo& b : program.buffers) {
        if (b.role != backend::Role::kParameter) {
            continue;
        }
        core::Stream stream(key.fold(b.name));
        for (std::int64_t n = 0; n < b.rows * b.cols; ++n) {
            switch (b.init) {
                case backend::Init::kZero:
                    out.push_back(0.0);
                    break;
                case backend::Init::kUniform:
                    out.push_back(b.init_scale * (2.0 * stream.uniform() - 1.0));
                    break;
                case backend::Init::kTruncatedNormal:
                    out.push_back(b.init_scale * stream.truncated_normal(2.0));
                    break;
            }
        }
    }
    return out;
}

}  // namespace pitot::train
