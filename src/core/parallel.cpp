#include "core/parallel.hpp"

#include <sched.h>

namespace pitot::core {

int default_threads() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof(set), &set) == 0) {
        return std::max(1, CPU_COUNT(&set));
    }
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int threads_for(int wanted, std::int64_t tasks) {
    const std::int64_t most = 2 * std::int64_t{default_threads()};
    const std::int64_t threads = wanted > 0 ? std::min<std::int64_t>(wanted, most) : default_threads();
    return static_cast<int>(std::clamp<std::int64_t>(tasks, 1, threads));
}

int team_size(int wanted, std::int64_t teams) {
    const int threads = wanted > 0 ? std::min(wanted, default_threads()) : default_threads();
    return static_cast<int>(std::max<std::int64_t>(1, threads / std::max<std::int64_t>(teams, 1)));
}

}  // namespace pitot::core
