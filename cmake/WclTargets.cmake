# How the library, its modules and its tests are put together.

# Compiled once; the static and the shared library are both made of it.
add_library(wcl_objects OBJECT)
target_link_libraries(wcl_objects PUBLIC ${WCL_LIBRARIES})
foreach(optional ISAL LIBDEFLATE LZMA ZSTD)
  if(TARGET PkgConfig::${optional})
    target_compile_definitions(wcl_objects PRIVATE WCL_HAVE_${optional})
  endif()
endforeach()

# wcl_late_library(NAME PACKAGE library): one that is loaded when it is first used, by its soname,
# and not linked: most commands need none of these, and each brings many others along.
function(wcl_late_library name package library)
  find_library(WCL_LIBRARY_${name} ${library} HINTS ${${package}_LIBRARY_DIRS} REQUIRED)
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${WCL_LIBRARY_${name}} OUTPUT_VARIABLE headers
    COMMAND_ERROR_IS_FATAL ANY)
  if(NOT headers MATCHES "SONAME +([^ \n]+)")
    message(FATAL_ERROR "${WCL_LIBRARY_${name}} has no soname")
  endif()
  target_compile_definitions(wcl_objects PRIVATE WCL_SONAME_${name}="${CMAKE_MATCH_1}")
  target_include_directories(wcl_objects PRIVATE ${${package}_INCLUDE_DIRS})
endfunction()

if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  wcl_late_library(NFTABLES LIBNFTABLES nftables)
  wcl_late_library(MICROHTTPD MICROHTTPD microhttpd)
  if(NGHTTP2_FOUND AND PROTOBUF_C_FOUND AND WCL_PROTOC_C)
    wcl_late_library(NGHTTP2 NGHTTP2 nghttp2)
    wcl_late_library(PROTOBUF_C PROTOBUF_C protobuf-c)
    set(WCL_HAVE_SNAPSHOTTER ON)
  elseif(WCL_SNAPSHOTTER STREQUAL "ON")
    message(FATAL_ERROR "the snapshotter needs libnghttp2, libprotobuf-c and protoc-c")
  else()
    message(STATUS "libnghttp2, libprotobuf-c or protoc-c is missing: there is no snapshotter for containerd")
  endif()
  if(CURL_FOUND)
    wcl_late_library(CURL CURL curl)
  else()
    message(STATUS "libcurl is missing: images cannot be pulled from registries or pushed to them")
  endif()
endif()

# What the code above is written against: GNU and POSIX, which on Windows platform/windows/posix provides.
set(WCL_DEFINITIONS _GNU_SOURCE _FILE_OFFSET_BITS=64)
set(WCL_INCLUDES ${CMAKE_SOURCE_DIR})
if(WIN32)
  list(APPEND WCL_DEFINITIONS _WIN32_WINNT=0x0A00 LIBARCHIVE_STATIC CJSON_HIDE_SYMBOLS
    _CRT_SECURE_NO_WARNINGS _CRT_NONSTDC_NO_DEPRECATE)
  list(PREPEND WCL_INCLUDES ${CMAKE_SOURCE_DIR}/platform/windows/posix)
endif()
target_compile_definitions(wcl_objects PUBLIC ${WCL_DEFINITIONS})
target_include_directories(wcl_objects PUBLIC ${WCL_INCLUDES})

# clang-cl takes gcc's warnings as well, but -Wall means everything to it.
set(WCL_WARNINGS $<IF:$<BOOL:${MSVC}>,/W4,-Wall> -Wextra -Wpedantic -Wstrict-prototypes
  -Wmissing-prototypes -Wwrite-strings -Wno-gnu-zero-variadic-macro-arguments)
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
  # snprintf() is used to cut; where a cut matters, its result is looked at.
  list(APPEND WCL_WARNINGS -Wno-format-truncation)
endif()
if(WCL_WERROR)
  list(APPEND WCL_WARNINGS -Werror)
endif()
add_compile_options(${WCL_WARNINGS})
target_compile_options(wcl_objects PRIVATE ${WCL_WARNINGS})

# What the compiler and the linker can do against memory errors, in all that is not built to be looked into;
# scripts/check-hardening.sh looks whether the outcome has it.
if(NOT WIN32 AND NOT WCL_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(WCL_HARDENED ON)
  set(WCL_HARDENING -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
    list(APPEND WCL_HARDENING -fcf-protection)
  endif()
  add_compile_options(${WCL_HARDENING})
  target_compile_options(wcl_objects PRIVATE ${WCL_HARDENING})
  add_link_options(LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES C)
endif()
if(WCL_SANITIZE)
  add_compile_options(-fsanitize=${WCL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WCL_SANITIZE})
  target_compile_options(wcl_objects PRIVATE -fsanitize=${WCL_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
endif()

# wcl_module(SOURCES ... HEADERS ...): adds a module; its public headers lie in include/wcl/ beside it.
function(wcl_module)
  cmake_parse_arguments(MODULE "" "" "SOURCES;HEADERS" ${ARGN})
  list(TRANSFORM MODULE_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  target_sources(wcl_objects PRIVATE ${MODULE_SOURCES})
  if(MODULE_HEADERS)
    target_include_directories(wcl_objects PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include)
    list(TRANSFORM MODULE_HEADERS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/include/wcl/)
    set_property(GLOBAL APPEND PROPERTY WCL_PUBLIC_HEADERS ${MODULE_HEADERS})
    set_property(GLOBAL APPEND PROPERTY WCL_PUBLIC_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/include)
  endif()
endfunction()

# The DLL exports the functions that the public headers declare; a shared object the names of that form,
# which are hidden where they are not public.
function(wcl_export_public_names headers)
  if(WIN32)
    set(names "")
    foreach(header ${headers})
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})
      file(READ ${header} text)
      string(REGEX MATCHALL "WCL_API[^;{(]*[ *]wcl_[a-z0-9_]+\\(" declarations "${text}")
      foreach(declaration ${declarations})
        string(REGEX REPLACE ".*[ *](wcl_[a-z0-9_]+)\\(" "\\1" name "${declaration}")
        list(APPEND names ${name})
      endforeach()
    endforeach()
    list(SORT names)
    list(JOIN names "\n  " names)
    file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/wcl.def CONTENT "EXPORTS\n  ${names}\n")
    target_sources(wcl_shared PRIVATE ${CMAKE_BINARY_DIR}/wcl.def)
    set_target_properties(wcl_shared PROPERTIES RUNTIME_OUTPUT_NAME wcl-${PROJECT_VERSION_MAJOR})
    if(MSVC)
      # The DLL's import library is wcl.lib.
      set_target_properties(wcl_static PROPERTIES OUTPUT_NAME wcl_static)
    endif()
    return()
  endif()
  target_link_options(wcl_shared PRIVATE
    -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/wcl.map)
  if(NOT WCL_SANITIZE)
    # With sanitizers, clang leaves their symbols to the program.
    target_link_options(wcl_shared PRIVATE -Wl,--no-undefined)
  endif()
  set_property(TARGET wcl_shared APPEND PROPERTY LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/wcl.map)
endfunction()

# The libraries that programs link, once every module has been added.
function(wcl_finish_library)
  get_property(headers GLOBAL PROPERTY WCL_PUBLIC_HEADERS)
  get_property(header_dirs GLOBAL PROPERTY WCL_PUBLIC_DIRS)
  foreach(kind STATIC SHARED)
    string(TOLOWER wcl_${kind} name)
    add_library(${name} ${kind} $<TARGET_OBJECTS:wcl_objects>)
    set_target_properties(${name} PROPERTIES OUTPUT_NAME wcl VERSION ${PROJECT_VERSION}
      SOVERSION ${PROJECT_VERSION_MAJOR} EXPORT_NAME ${kind})
    foreach(dir ${header_dirs})
      target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${dir}>)
    endforeach()
    target_include_directories(${name} PUBLIC $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${name} PRIVATE wcl_objects_dependencies)
  endforeach()
  wcl_export_public_names("${headers}")
  wcl_install("${headers}")
endfunction()

# The dependencies alone, without the objects themselves.
add_library(wcl_objects_dependencies INTERFACE)
target_link_libraries(wcl_objects_dependencies INTERFACE ${WCL_LIBRARIES})

function(wcl_install headers)
  set(requires "zlib libcrypto libarchive libcjson libzstd")
  if(TARGET PkgConfig::LZMA)
    string(APPEND requires " liblzma")
  endif()
  if(TARGET PkgConfig::ISAL)
    string(APPEND requires " libisal")
  endif()
  if(TARGET PkgConfig::LIBDEFLATE)
    string(APPEND requires " libdeflate")
  endif()
  if(TARGET PkgConfig::LIBNL)
    string(APPEND requires " libnl-route-3.0 libnl-3.0")
  endif()
  set(WCL_PC_REQUIRES ${requires})
  # It stands where it is installed in the end, whatever prefix was configured.
  file(RELATIVE_PATH WCL_PC_TO_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/wcl.pc.in ${CMAKE_BINARY_DIR}/wcl.pc @ONLY)
  configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/wclConfig.cmake.in
    ${CMAKE_BINARY_DIR}/wclConfig.cmake INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/wcl)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/wclConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/wcl)
  install(TARGETS wcl_static wcl_shared EXPORT wclTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(TARGETS wcl_objects_dependencies EXPORT wclTargets)
  install(EXPORT wclTargets NAMESPACE wcl:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/wcl)
  install(FILES ${CMAKE_BINARY_DIR}/wclConfig.cmake ${CMAKE_BINARY_DIR}/wclConfigVersion.cmake
    ${CMAKE_SOURCE_DIR}/cmake/WclDependencies.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/wcl)
  install(FILES ${CMAKE_BINARY_DIR}/wcl.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  install(FILES ${CMAKE_SOURCE_DIR}/docs/wcl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endfunction()

# wcl_link_internals(TARGET): links the static library and lets the target include internal headers.
function(wcl_link_internals name)
  target_link_libraries(${name} PRIVATE wcl_static wcl_objects_dependencies)
  target_include_directories(${name} PRIVATE ${WCL_INCLUDES})
  target_compile_definitions(${name} PRIVATE ${WCL_DEFINITIONS})
endfunction()

# wcl_add_test(NAME sources...): a cmocka test program, run from the source folder so that it finds
# tests/data. It may test internals too.
function(wcl_add_test name)
  add_executable(${name} ${ARGN})
  wcl_link_internals(${name})
  target_link_libraries(${name} PRIVATE wcl_test_system wcl_cmocka)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  if(WIN32)
    set_property(TEST ${name} APPEND PROPERTY FIXTURES_REQUIRED wine)
  endif()
endfunction()

# wcl_add_tests(TOPIC... [WITH sources...]): test_TOPIC.c of the folder tests/KIND/FOLDER becomes the test
# KIND_FOLDER_TOPIC, made of the other sources as well.
function(wcl_add_tests)
  cmake_parse_arguments(PARSE_ARGV 0 TESTS "" "" WITH)
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE / _ prefix ${folder})
  foreach(topic ${TESTS_UNPARSED_ARGUMENTS})
    wcl_add_test(${prefix}_${topic} test_${topic}.c ${TESTS_WITH})
  endforeach()
endfunction()

# wcl_add_replay_test(NAME): what fuzz target NAME starts from and what it found, without a fuzzer.
function(wcl_add_replay_test name)
  add_executable(replay_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_${name}.c
    ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
  wcl_link_internals(replay_${name})
  add_test(NAME replay_${name}
    COMMAND replay_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
  if(WIN32)
    set_property(TEST replay_${name} APPEND PROPERTY FIXTURES_REQUIRED wine)
  endif()
endfunction()

# wcl_add_script_test(NAME script args...): an end-to-end test; exit code 77 says that it was skipped.
function(wcl_add_script_test name script)
  add_test(NAME ${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/${script} ${ARGN}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77
    ENVIRONMENT "WCL=$<TARGET_FILE:wcl_program>;WCL_BUILD=${CMAKE_BINARY_DIR};WCL_SOURCE=${CMAKE_SOURCE_DIR}")
  if(WIN32)
    set_property(TEST ${name} APPEND PROPERTY FIXTURES_REQUIRED wine)
  endif()
endfunction()

# wcl_add_fuzzer(NAME sources...): a libFuzzer target; its corpus is tests/fuzz/corpus/NAME.
function(wcl_add_fuzzer name)
  add_executable(fuzz_${name} ${ARGN})
  wcl_link_internals(fuzz_${name})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_dependencies(fuzzers fuzz_${name})
endfunction()
