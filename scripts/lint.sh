#!/usr/bin/env bash
# clang-format, clang (warnings are errors), clang-tidy and cppcheck over the whole tree.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t sources < <(git ls-files '*.c' '*.h' | grep -v '^tests/data/')

echo "lint: clang-format"
clang-format --dry-run -Werror "${sources[@]}"

echo "lint: building with clang"
cmake -S . -B build/clang -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DWCL_WERROR=ON \
  -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
cmake --build build/clang

# What is built here, by what compile_commands.json says; the rest is Windows' and is looked at with the same includes.
mapfile -t all < <(git ls-files '*.c' | grep -vE '^(tests|examples)/')
built=$(jq -r '.[].file' build/clang/compile_commands.json | sed "s|^$PWD/||" | sort -u)
library=$(printf '%s\n' "${all[@]}" | grep -xF "$built")
windows=$(printf '%s\n' "${all[@]}" | grep -vxF "$built")
mapfile -t includes < <(jq -r '.[] | select(.file | endswith("/base/error.c")).command' build/clang/compile_commands.json |
  grep -oE -- "-I$PWD[^ ]*" | sort -u)
# The program's commands have one shape, used or not; where it counts mingw's gcc tells of parameters that are not used.
for_windows=(--target=x86_64-w64-mingw32 -std=gnu11 -D_GNU_SOURCE -D_WIN32_WINNT=0x0A00 -D_FILE_OFFSET_BITS=64
  -Wall -Wextra -Wpedantic -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings
  -Wno-unused-parameter -Iplatform/windows/posix
  "${includes[@]}")

echo "lint: the structure of the tree"
scripts/check-structure.py build/clang

echo "lint: the Windows files with clang"
printf '%s\n' $windows | xargs -n 1 clang "${for_windows[@]}" -Werror -fsyntax-only

if [ "${1:-}" != --no-tidy ]; then
  echo "lint: clang-tidy"
  printf '%s\n' $library | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build/clang 2>/dev/null
  for file in $windows; do
    clang-tidy --quiet "$file" -- "${for_windows[@]}" 2>/dev/null
  done
fi

if command -v doxygen >/dev/null; then
  echo "lint: the manual"
  cmake --build build/clang --target manual >/dev/null
fi

echo "lint: cppcheck"
cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 -j "$(nproc)" \
  --enable=warning,portability --suppressions-list=.cppcheck-suppressions \
  -D_GNU_SOURCE -D__GNUC__ $(printf '%s\n' "${includes[@]}" | grep -v "^-I$PWD/build/") $library
echo "lint: clean"
