#!/usr/bin/env bash
# Looks whether built programs and libraries have what hinders the use of memory errors:
#
#   scripts/check-hardening.sh FILE...
#
# position independence, all relocations done and read-only before main(), no executable stack, stack protectors,
# stack probes, marks for indirect branches (x86) and FORTIFY. Debug builds have it not.
set -euo pipefail

result=0
lacks() {
  echo "check-hardening: $1 has not got $2" >&2
  result=1
}

for file in "$@"; do
  dynamic=$(readelf --wide --dynamic "$file")
  segments=$(readelf --wide --segments "$file")
  symbols=$(readelf --wide --symbols "$file")
  code=$(objdump --disassemble --no-show-raw-insn "$file" | grep -oE 'endbr64|sub +\$0x1000,%rsp' | sort | uniq -c)

  case $(readelf --file-header "$file") in
    *"Type:"*DYN*) ;;
    *) lacks "$file" "position independent code" ;;
  esac
  case $file in
    *.so*) ;;
    *) grep -q 'FLAGS_1.* PIE' <<<"$dynamic" || lacks "$file" "the mark of a position independent program" ;;
  esac
  grep -q GNU_RELRO <<<"$segments" || lacks "$file" "read-only relocations"
  grep -qE 'BIND_NOW|FLAGS_1.* NOW' <<<"$dynamic" || lacks "$file" "relocations before main()"
  grep -qE 'GNU_STACK .* RW +0x' <<<"$segments" || lacks "$file" "a stack that is not executable"
  grep -q __stack_chk_fail <<<"$symbols" || lacks "$file" "stack protectors"
  if [ "$(uname -m)" = x86_64 ]; then
    grep -q endbr64 <<<"$code" || lacks "$file" "marks for indirect branches"
    grep -q rsp <<<"$code" || lacks "$file" "stack probes"
  fi
  # A static program has them among libc's own.
  if grep -q NEEDED <<<"$dynamic"; then
    grep -qE 'UND __[a-z]+_chk' <<<"$(grep -v __stack_chk <<<"$symbols")" || lacks "$file" "FORTIFY"
  fi
done
[ "$result" -ne 0 ] || echo "check-hardening: $# files are as they should be"
exit "$result"
