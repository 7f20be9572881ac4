# Everything one does here, by name. Each target does all it needs, from a fresh clone of the repository.
.DEFAULT_GOAL := help
.PHONY: help run test build wheel bench study format lint wasm site deb ci clean

JOBS ?= $(shell nproc)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

DATA ?= fleet

run: ## fit on data/fleet.npz, evaluate, and predict what was not measured; DATA=2023 takes the public dataset
	@JOBS=$(JOBS) scripts/run.sh $(DATA)

test: ## build with warnings as errors and run all tests
	@scripts/install-deps.sh --test
	cmake --preset test
	cmake --build --preset test -j $(JOBS)
	ctest --preset test -j $(JOBS)

build: ## build the program into build/release
	@scripts/install-deps.sh --run
	cmake --preset release
	cmake --build --preset release -j $(JOBS)

wheel: ## build the wheel of the Python package into python/dist, with the libraries that it needs
	@scripts/install-deps.sh --wheel
	cmake --preset release -D PITOT_BOTH=ON
	cmake --build --preset release -j $(JOBS) --target pitot_shared
	/usr/bin/python3 python/packaging/wheel_backend.py --library build/release/shared/libpitot.so.0

bench: ## run the benchmarks, medians and spread, JSON beside them; BENCH_ARGS is passed on
	@scripts/install-deps.sh --test
	cmake --preset bench
	cmake --build --preset bench -j $(JOBS)
	@for program in build/release/bench/bench_*; do \
	    case "$$program" in *.json) continue ;; esac; \
	    echo "== $$program"; "$$program" --benchmark_repetitions=5 --benchmark_report_aggregates_only \
	        --benchmark_out="$$program.json" $(BENCH_ARGS) || exit 1; \
	done

study: ## errors on made-up fleets, beside plain methods; STUDY_ARGS is passed on, as '--preset NAME --seeds 1'
	@scripts/install-deps.sh --test
	cmake --preset bench
	cmake --build --preset bench -j $(JOBS) --target other_fleets
	build/release/bench/other_fleets $(STUDY_ARGS)

format: ## format all sources in place
	@scripts/install-deps.sh
	scripts/check-format.sh --fix

lint: ## clang-tidy, each source by itself, include layering, names of types, messages and format
	@scripts/install-deps.sh
	cmake --preset test
	scripts/check-layering.sh
	scripts/check-types.sh
	scripts/check-messages.sh
	scripts/draw-rooms.py --check
	scripts/check-format.sh
	cmake --preset debug
	scripts/check-alone.py build/debug $(JOBS)
	scripts/lint.sh build/test $(JOBS)

wasm: ## build the benchmark programs to WebAssembly, into build/wasm
	@scripts/install-deps.sh --wasm
	@scripts/build-wasm.sh --jobs $(JOBS)

site: ## build the documentation as pages, into build/site/html; SITE_ARGS=--check follows links, --external those to the web
	@scripts/install-deps.sh --site
	@test -n "$(PITOT)" -o -x build/release/pitot -o -x build/test/pitot || $(MAKE) build
	@scripts/build-site.sh $(SITE_ARGS)

deb: ## build Debian packages into build/deb and check them with lintian; scripts/test-deb.sh installs and purges them
	@scripts/install-deps.sh --package
	@JOBS=$(JOBS) scripts/build-deb.sh

ci: ## what .ci/run does
	bash .ci/run

clean: ## remove everything built
	rm -rf build
