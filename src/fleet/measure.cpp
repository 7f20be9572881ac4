#include "fleet/measure.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "core/key.hpp"
#include "fleet/collection.hpp"
#include "wasm/instrument.hpp"
#include "wasm/module.hpp"
#include "wasm/profile.hpp"

namespace pitot::fleet {
namespace {

using Cell = Collection::Cell;

constexpr int kPoll_ms = 20;             // how late a wish to stop may be noticed
constexpr double kProfileFactor = 10.0;  // a profile may take so many times a run's limit

std::vector<std::uint8_t> bytes_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Waits until one of the processes has ended or some time has passed.
void wait_for_any(const std::vector<const Process*>& processes, int milliseconds) {
    std::vector<pollfd> fds;
    for (const Process* process : processes) {
        fds.push_back({process->ended_fd(), POLLIN, 0});
    }
    ::poll(fds.data(), fds.size(), milliseconds);
}

bool has_ended(const Process& process) {
    pollfd fd{process.ended_fd(), POLLIN, 0};
    return ::poll(&fd, 1, 0) > 0;
}

// One call of measure().
class Measurement {
public:
    Measurement(const MeasurePlan& plan, Collection& collection,
                const std::function<void(const MeasureProgress&)>& progress, std::stop_token stop)
        : plan_(plan), collection_(collection), progress_(progress), stop_(std::move(stop)) {}

    Result<MeasureSummary> run() {
        summary_.reused = collection_.reused();
        Result<void> done = profile();
        if (done) {
            done = prepare_all();
        }
        if (done && plan_.alone) {
            done = run_alone();
        }
        if (done && plan_.together > 0) {
            done = run_together();
        }
        if (!done) {
            return Failure(done.error());
        }
        if (Result<void> written = collection_.write_traces(plan_.engines); !written) {
            return Failure(written.error());
        }
        summary_.stopped = stop_.stop_requested();
        return summary_;
    }

private:
    struct Slot {
        Process process;
        Cell cell;
        int core;
    };

    void report(const char* label, std::int64_t done, std::int64_t total) const { progress_({label, done, total}); }
    void failed(const std::string& what, const std::string& why) { summary_.failures.push_back(what + ": " + why); }

    Result<void> profile() {
        std::int64_t done = 0;
        for (const Module& module : plan_.modules) {
            report("profiling", done++, std::ssize(plan_.modules));
            if (!plan_.profile || stop_.stop_requested() || collection_.has_profile(module.file)) {
                continue;
            }
            const auto counts = profile_of(module);
            if (!counts) {
                failed(fmt::format("profile of {}", module.file), counts.error().message());
            } else if (Result<void> added = collection_.add_profile(module.file, *counts); !added) {
                return added;
            }
        }
        return {};
    }
    [[nodiscard]] Result<std::array<std::uint64_t, wasm::kOpcodeBytes>> profile_of(const Module& module) const {
        const std::string name = module.path.string();
        Result<wasm::Module> read = wasm::Module::read(bytes_of(module.path), name);
        if (!read) {
            return Failure(read.error());
        }
        const std::vector<wasm::ImportName> imports = read->imports();
        const auto instrumented = wasm::instrument(std::move(*read), name);
        if (!instrumented) {
            return Failure(instrumented.error());
        }
        wasm::RunRequest request;
        request.name = module.path.stem().string();
        request.timeout_s = plan_.limit_s * kProfileFactor;
        const auto profile = wasm::run_profile(*instrumented, imports, request, wasm::Engine::kAny, false);
        if (!profile) {
            return Failure(profile.error());
        }
        return wasm::counts_by_byte(profile->counts);
    }

    Result<void> prepare_all() {
        const std::int64_t total = std::ssize(plan_.modules) * std::ssize(plan_.engines);
        std::int64_t done = 0;
        for (const Engine& engine : plan_.engines) {
            for (const Module& module : plan_.modules) {
                report("preparing", done++, total);
                if (stop_.stop_requested()) {
                    return {};
                }
                Result<Command> command = prepare(engine, module.path, {}, plan_.cache);
                if (command) {
                    commands_.emplace(Cell{engine.key(), module.file}, std::move(*command));
                } else if (command.error().code() == ErrorCode::kInput) {
                    failed(fmt::format("{} on {}", module.file, engine.key()), command.error().message());
                } else {
                    return Failure(command.error());
                }
            }
        }
        return {};
    }

    // Whether a pair is run once more in round `round`.
    [[nodiscard]] bool wants(const Cell& cell, std::int64_t round) {
        constexpr std::size_t enough = 3;
        const std::vector<Run>& runs = collection_.runs(cell);
        if (std::ssize(runs) > round || !commands_.contains(cell)) {
            return false;
        }
        std::int64_t failures = 0;
        double seconds = 0.0;
        for (const Run& run : runs) {
            failures = run.failure.empty() ? 0 : failures + 1;
            seconds += run.wall_us * 1e-6;
        }
        return failures < plan_.abandon && (plan_.cell_s <= 0 || runs.size() < enough || seconds < plan_.cell_s);
    }

    // Rounds over all pairs, so that the runs of a pair are spread over time and an early end leaves them balanced.
    Result<void> run_alone() {
        const std::int64_t total = plan_.repeat * std::ssize(plan_.modules) * std::ssize(plan_.engines);
        std::int64_t done = 0;
        std::vector<Slot> slots;
        for (std::int64_t round = 0; round < plan_.repeat; ++round) {
            for (const Module& module : plan_.modules) {
                for (const Engine& engine : plan_.engines) {
                    report("alone", done++, total);
                    const Cell cell{engine.key(), module.file};
                    if (stop_.stop_requested() || !wants(cell, round)) {
                        continue;
                    }
                    if (Result<void> room = make_room(slots); !room) {
                        return room;
                    }
                    if (Result<void> started = start(cell, slots); !started) {
                        return started;
                    }
                }
            }
        }
        report("alone", total, total);
        return finish_all(slots);
    }
    Result<void> start(const Cell& cell, std::vector<Slot>& slots) {
        int core = plan_.cores.front();
        for (const int candidate : plan_.cores) {
            if (std::ranges::none_of(slots, [&](const Slot& slot) { return slot.core == candidate; })) {
                core = candidate;
                break;
            }
        }
        Result<Process> process = Process::start(commands_.at(cell), core, false);
        if (!process) {
            return Failure(process.error());
        }
        slots.push_back({std::move(*process), cell, core});
        return {};
    }
    // Waits until fewer than `jobs` runs are under way.
    Result<void> make_room(std::vector<Slot>& slots) {
        while (std::ssize(slots) >= plan_.jobs && !slots.empty()) {
            if (Result<void> reaped = reap(slots); !reaped) {
                return reaped;
            }
        }
        return {};
    }
    Result<void> finish_all(std::vector<Slot>& slots) {
        while (!slots.empty()) {
            if (stop_.stop_requested()) {
                slots.clear();  // runs under way are lost, and killed
                return {};
            }
            if (Result<void> reaped = reap(slots); !reaped) {
                return reaped;
            }
        }
        return {};
    }
    Result<void> reap(std::vector<Slot>& slots) {
        std::vector<const Process*> waiting;
        for (const Slot& slot : slots) {
            waiting.push_back(&slot.process);
        }
        wait_for_any(waiting, kPoll_ms);
        if (stop_.stop_requested()) {
            slots.clear();
            return {};
        }
        for (std::size_t n = slots.size(); n-- > 0;) {
            if (!has_ended(slots[n].process)) {
                if (slots[n].process.seconds() < plan_.limit_s) {
                    continue;
                }
                slots[n].process.kill();
            }
            const Ended ended = slots[n].process.wait();
            const Cell cell = slots[n].cell;
            slots.erase(slots.begin() + static_cast<std::ptrdiff_t>(n));
            if (Result<void> added = add_run(cell, ended); !added) {
                return added;
            }
        }
        return {};
    }
    Result<void> add_run(const Cell& cell, const Ended& ended) {
        ++summary_.runs;
        if (ended.ok()) {
            return collection_.add(cell, Run{ended.wall_us, ended.user_us, ended.system_us, ""});
        }
        ++summary_.failed_runs;
        const std::string reason = ended.reason(plan_.limit_s);
        failed(fmt::format("{} on {}", cell.second, cell.first), reason);
        return collection_.add(cell, Run{0.0, 0.0, 0.0, reason});
    }

    // Engines take turns, so that an early end leaves all with as many sets.
    Result<void> run_together() {
        std::map<std::string, std::vector<std::vector<std::size_t>>> tuples;
        for (const Engine& engine : plan_.engines) {
            tuples[engine.key()] = draw_tuples(plan_.seed, engine.key(), plan_.modules.size(),
                                               static_cast<std::size_t>(plan_.together), plan_.sets);
        }
        const std::int64_t total = plan_.sets * std::ssize(plan_.engines);
        std::int64_t done = 0;
        for (std::int64_t n = 0; n < plan_.sets; ++n) {
            for (const Engine& engine : plan_.engines) {
                report("together", done++, total);
                const std::string key = engine.key();
                const Collection::SetKey set_key{key, static_cast<std::size_t>(plan_.together), n};
                if (stop_.stop_requested() || collection_.has_set(set_key)) {
                    continue;
                }
                Result<std::optional<Set>> set = run_set(key, tuples[key][static_cast<std::size_t>(n)]);
                if (!set) {
                    return Failure(set.error());
                }
                if (*set) {
                    if (!(*set)->failure.empty()) {
                        failed(fmt::format("set {} of {} on {}", n, plan_.together, key), (*set)->failure);
                    }
                    if (Result<void> added = collection_.add(set_key, std::move(**set)); !added) {
                        return added;
                    }
                }
            }
        }
        report("together", total, total);
        return {};
    }

    // None if it was stopped.
    Result<std::optional<Set>> run_set(const std::string& engine, const std::vector<std::size_t>& tuple) {
        struct Member {
            const Command* command;
            int core;
            std::optional<Process> process;
        };
        Set set;
        std::vector<Member> members;
        for (const std::size_t module : tuple) {
            const std::string& file = plan_.modules[module].file;
            set.files.push_back(file);
            const auto command = commands_.find({engine, file});
            if (command == commands_.end()) {
                set.failure = file + " does not run there";
                set.wall_us.resize(tuple.size());
                set.files.resize(tuple.size());
                return std::optional(set);
            }
            members.push_back({&command->second, plan_.cores[members.size() % plan_.cores.size()], {}});
        }
        set.wall_us.resize(members.size());
        const auto begin = std::chrono::steady_clock::now();
        const auto seconds = [&] {
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        };
        while (seconds() < plan_.together_s && set.failure.empty()) {
            std::vector<const Process*> waiting;
            for (Member& member : members) {
                if (!member.process) {
                    Result<Process> process = Process::start(*member.command, member.core, false);
                    if (!process) {
                        return Failure(process.error());
                    }
                    member.process.emplace(std::move(*process));
                }
                waiting.push_back(&*member.process);
            }
            wait_for_any(waiting, std::min(kPoll_ms, 1 + static_cast<int>((plan_.together_s - seconds()) * 1e3)));
            if (stop_.stop_requested()) {
                return std::optional<Set>();
            }
            for (std::size_t m = 0; m < members.size(); ++m) {
                if (!has_ended(*members[m].process)) {
                    continue;
                }
                const Ended ended = members[m].process->wait();
                members[m].process.reset();
                ++summary_.runs;
                if (ended.ok()) {
                    set.wall_us[m].push_back(ended.wall_us);
                } else {
                    ++summary_.failed_runs;
                    set.failure = set.files[m] + ": " + ended.reason(plan_.together_s);
                }
            }
        }
        return std::optional(set);  // runs that the end cuts off are dropped
    }

    const MeasurePlan& plan_;
    Collection& collection_;
    const std::function<void(const MeasureProgress&)>& progress_;
    std::stop_token stop_;
    std::map<Cell, Command> commands_;
    MeasureSummary summary_;
};

}  // namespace

Result<std::vector<Module>> find_modules(const std::filesystem::path& folder) {
    std::vector<Module> modules;
    std::error_code error;
    std::filesystem::recursive_directory_iterator entry(folder, error);
    for (; !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
        if (entry->is_regular_file() && entry->path().extension() == ".wasm") {
            modules.push_back({entry->path(), "wasm/" + entry->path().lexically_relative(folder).generic_string()});
        }
    }
    if (error) {
        return fail(ErrorCode::kInput, fmt::format("cannot read {}: {}", folder.string(), error.message()));
    }
    if (modules.empty()) {
        return fail(ErrorCode::kInput, fmt::format("{} holds no modules (*.wasm); name a folder that does, or build "
                                                   "the benchmark suite with `make wasm`",
                                                   folder.string()));
    }
    std::ranges::sort(modules, {}, &Module::file);
    return modules;
}

std::vector<std::vector<std::size_t>> draw_tuples(std::uint64_t seed, const std::string& engine, std::size_t modules,
                                                  std::size_t size, std::int64_t count) {
    std::vector<std::vector<std::size_t>> tuples;
    for (std::int64_t n = 0; n < count; ++n) {
        Stream stream(Key(seed).fold("together").fold(engine).fold(size).fold(static_cast<std::uint64_t>(n)));
        std::set<std::size_t> taken;
        std::vector<std::size_t> tuple;
        while (tuple.size() < std::min(size, modules)) {
            const auto module = static_cast<std::size_t>(stream.below(modules));
            if (taken.insert(module).second) {
                tuple.push_back(module);
            }
        }
        tuples.push_back(std::move(tuple));
    }
    return tuples;
}

Result<MeasureSummary> measure(const MeasurePlan& plan, const std::function<void(const MeasureProgress&)>& progress,
                               std::stop_token stop) {
    if (plan.together > std::ssize(plan.modules)) {
        return fail(ErrorCode::kUsage, fmt::format("{} modules side by side, but there are {}; ask for fewer",
                                                   plan.together, plan.modules.size()));
    }
    Result<Collection> collection = Collection::open(plan);
    if (!collection) {
        return Failure(collection.error());
    }
    return Measurement(plan, *collection, progress, std::move(stop)).run();
}

}  // namespace pitot::fleet
