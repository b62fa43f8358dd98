# Makes a C file of texts: cmake -DOUT=FILE.c "-DTEXTS=name=path;name=path" -P embed.cmake
set(code "/* Made of the files beside it; do not edit. */\n#include \"image/inspect/page.h\"\n")
foreach(text ${TEXTS})
  string(REGEX MATCH "^([^=]*)=(.*)$" ignored "${text}")
  set(name ${CMAKE_MATCH_1})
  file(READ "${CMAKE_MATCH_2}" bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
  string(REGEX REPLACE "('[^']*','[^']*','[^']*','[^']*','[^']*','[^']*','[^']*','[^']*',)" "\\1\n" bytes
    "${bytes}")
  string(APPEND code "\nconst char ${name}[] = {\n${bytes}'\\0'\n};\n")
endforeach()
file(WRITE "${OUT}" "${code}")
