#!/bin/sh
# Makes Wine's folder and keeps its server from ending between tests: it goes by itself, a minute after the last.
#
#   wine_begin.sh FOLDER WINE PROGRAM
export WINEPREFIX="$1" WINEDEBUG=-all
mkdir -p "$1"
server=$(dirname "$2")/wineserver64
[ -x "$server" ] || server=wineserver
"$server" -p60 </dev/null >/dev/null 2>&1 || true # one may be there already
# Not on this script's output, which Wine's helpers would keep open.
exec "$2" "$3" --version </dev/null >/dev/null 2>&1
