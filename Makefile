# Makefile - the everyday commands; meson and ninja do the work.
# SPDX-License-Identifier: Apache-2.0

DATA ?= data
LISTEN ?= 127.0.0.1:8080
# Seconds for each fuzz target of `make fuzz`; crash points of `make crash`.
SECONDS_EACH ?= 600
POINTS ?= 10000
# Events of `make bench`'s questions, and where files of about 700 bytes each lie meanwhile.
EVENTS ?= 50000000
BENCH_FOLDER ?= build
# Visits of the simulated days that `make traffic` judges.
VISITS ?= 40000
# Events of `make retries`.
RETRIES ?= 1000000

GCC = CC=gcc CXX=g++
CLANG = CC=clang-14 CXX=clang++-14
SANITIZE = -Db_lto=false -Db_sanitize=address,undefined
# A warning stops the builds of the tests, never a user's.
STRICT = -Dwerror=true

.PHONY: all run test bench bench-queries bench-enrich traffic overload retries crash fuzz check fmt bare clean help asan tsan fuzzers crash-tests
.DEFAULT_GOAL := all

all: build/build.ninja ## set up and build the program: build/myriad
	@ninja -C build myriad

run: all ## build and serve a data folder; if there is none, a living demo (DATA=data LISTEN=127.0.0.1:8080)
	@if [ -e "$(DATA)" ] && [ ! -e "$(DATA:/=).demo/state.json" ]; then \
		echo "build/myriad serve --data $(DATA) --listen $(LISTEN)   (Ctrl-C stops it)"; \
		exec build/myriad serve --data "$(DATA)" --listen "$(LISTEN)"; \
	else \
		echo "build/myriad demo --data $(DATA) --listen $(LISTEN) --plain   (Ctrl-C stops it)"; \
		echo "For an empty folder of your own: build/myriad init shop && make run DATA=shop"; \
		exec build/myriad demo --data "$(DATA)" --listen "$(LISTEN)" --plain; \
	fi

test: build/packages-test ## run every test; the last line is the count (SUITES="unit e2e" for some)
	@python3 tests/run.py $(SUITES)

bench: all build/packages-test ## measure, and print what docs/benchmarks.md keeps (EVENTS=50000000)
	@ninja -C build bench/load bench/disk_floor bench/history
	@bench/run_bench; collection=$$?; \
		bench/run_queries --events $(EVENTS) --folder "$(BENCH_FOLDER)" && exit $$collection

bench-queries: all build/packages-test
	@ninja -C build bench/history bench/load
	@bench/run_queries --events $(EVENTS) --folder "$(BENCH_FOLDER)"

bench-enrich: all ## what enrichment costs an event, by part (AGENTS=test_ua.yaml MMDB=city.mmdb,asn.mmdb)
	@ninja -C build bench/enrich
	@build/bench/enrich $(AGENTS) $(MMDB)

traffic: build/packages-test all ## how well machines are told from people, at length (VISITS=40000)
	@tests/e2e/traffic/run $(VISITS)

overload: all build/packages-test ## ten times what the server can take, for a minute, and what became of it
	@ninja -C build bench/flood
	@bench/run_overload --folder "$(BENCH_FOLDER)"

retries: all ## a million events, three replies of ten lost, the server killed meanwhile (RETRIES=1000000)
	@MYRIAD=$(CURDIR)/build/myriad tests/e2e/retries/run $(RETRIES)

crash: build/packages-test build/build.ninja ## power-loss sweep and real kills, the long way (POINTS=10000)
	@python3 tests/run.py --points $(POINTS) crash

fuzz: build/packages-test ## fuzz every target, and each dialect (SECONDS_EACH=600 TARGETS="agent dialect-ga4")
	@python3 tests/run.py --seconds $(SECONDS_EACH) $(addprefix --target=,$(TARGETS)) fuzz

check: build/packages-check all asan ## house rules, hardening of the binary, format, static analysis
	@tools/check.sh

fmt: build/packages-test ## format the C files
	@tools/check.sh --mend-format

bare: ## prove both commands on a bare Debian 12 (root; FOLDER=empty folder for it)
	@tools/bare_debian.sh $(FOLDER)

clean: ## remove everything that was built (not the data)
	rm -rf build build-asan build-tsan build-fuzz

help: ## say this
	@sed -n 's/^\([a-z]*\):.*## /\1: /p' Makefile | while IFS=: read -r name what; do \
		printf '  make %-8s%s\n' "$$name" "$$what"; done

# Set-up. A stamp is older than its list only when the list has changed.

build_packages = build
test_packages = build test
check_packages = build test check

build/packages-%: packaging/debian-%.txt $(wildcard packaging/debian-*.txt) packaging/install
	@packaging/install $($*_packages)
	@mkdir -p build && touch $@

build/build.ninja: | build/packages-build
	@$(GCC) meson setup build

build-asan/build.ninja: | build/packages-test
	@$(GCC) meson setup build-asan $(STRICT) $(SANITIZE)

build-tsan/build.ninja: | build/packages-test
	@$(GCC) meson setup build-tsan $(STRICT) -Db_lto=false -Db_sanitize=thread

build-fuzz/build.ninja: | build/packages-test
	@$(CLANG) meson setup build-fuzz $(STRICT) $(SANITIZE) -Db_lundef=false -Dfuzz=true

crash-tests: build/build.ninja
	@ninja -C build tests/crash/crash_sim

asan: build-asan/build.ninja
	@ninja -C build-asan tests/unit_tests

tsan: build-tsan/build.ninja
	@ninja -C build-tsan tests/unit_tests

fuzzers: build-fuzz/build.ninja
	@ninja -C build-fuzz $(basename $(wildcard tests/fuzz/fuzz_*.c))
