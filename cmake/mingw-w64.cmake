# Toolchain: Windows (x86-64) from another system, with mingw-w64. Programs carry their runtime in themselves.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(WCL_MINGW_PREFIX x86_64-w64-mingw32 CACHE STRING "What the cross tools' names begin with")
set(CMAKE_C_COMPILER ${WCL_MINGW_PREFIX}-gcc)
set(CMAKE_CXX_COMPILER ${WCL_MINGW_PREFIX}-g++)
set(CMAKE_RC_COMPILER ${WCL_MINGW_PREFIX}-windres)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_SHARED_LINKER_FLAGS_INIT -static)

list(APPEND CMAKE_FIND_ROOT_PATH /usr/${WCL_MINGW_PREFIX})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
foreach(kind LIBRARY INCLUDE PACKAGE)
  set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()

# Debian keeps wine64 beside its libraries, not on the PATH.
find_program(WCL_WINE NAMES wine64 wine PATHS /usr/lib/wine /usr/lib/x86_64-linux-gnu/wine)
if(WCL_WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR env WINEPREFIX=${CMAKE_BINARY_DIR}/wine WINEDEBUG=-all ${WCL_WINE})
endif()
