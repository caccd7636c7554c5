#!/bin/sh
# check.sh - everything that reads the code instead of running it; `make check`.
# SPDX-License-Identifier: Apache-2.0
#
# tools/check.sh [--mend-format]
#   House rules and format, hardening of the binary, cppcheck, clang-tidy. The short lists of what
#   the analysers need not say stand here and in .clang-tidy, a reason each.
set -u
cd "$(dirname "$0")/.." || exit 1

c_files() {
    find src tests bench -name '*.[ch]' -o -name '*.cc'
}

if [ "${1:-}" = --mend-format ]; then
    c_files | xargs clang-format-14 -i
    exit
fi

failed=0
step() {
    echo "== $1"
    shift
    "$@" || failed=1
}

# One file a run: clang-tidy 14 carries va_list state from one file into the next. The commands of
# the sanitizer build hold no flag that clang does not know.
tidy() {
    find src -name '*.c' ! -path src/base/err.c ! -path src/base/mem.c ! -path src/base/arena.c |
        xargs -P "$(nproc)" -n 1 clang-tidy-14 -p build-asan --quiet --warnings-as-errors='*' \
            --extra-arg="-include$PWD/tools/analysis.h" --extra-arg="-I$PWD/src" 2>/dev/null
}

step "house rules and format" tools/check_house.py
step "hardening of build/myriad" tools/check_binary.py build/myriad
# normalCheckLevelMaxBranches and missingIncludeSystem tell about cppcheck, not about the code;
# uninit* and nullPointerRedundantCheck do not know that outputs are written on success.
step "cppcheck" cppcheck --quiet --error-exitcode=1 --std=c17 --std=c++17 --inline-suppr \
    --enable=warning,performance,portability -I src --suppress=missingIncludeSystem \
    --suppress=normalCheckLevelMaxBranches --suppress=uninitStructMember --suppress=uninitvar \
    --suppress=nullPointerRedundantCheck -j "$(nproc)" src
step "clang-tidy" tidy
[ "$failed" -eq 0 ] && echo "All checks passed."
exit "$failed"
