# Build switches, warnings, sanitizers, compiler cache.
option(TURMS_TESTS "Build the unit tests" ON)
option(TURMS_BENCH "Build the benchmarks" ON)
option(TURMS_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(TURMS_WEB "Build the web app and embed it in the server" ON)
set(TURMS_SANITIZE "" CACHE STRING "Sanitizers for everything, e.g. address,undefined")

find_program(TURMS_CCACHE ccache)
if(TURMS_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths below the source directory are made relative, so that a clone elsewhere hits the same entries.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${TURMS_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

# A precompiled header is one file per build directory, and its bytes are part of every cache key: with ccache it
# turns each new clone into a full rebuild. So it serves the builds that have no cache.
if(CMAKE_CXX_COMPILER_LAUNCHER)
  option(TURMS_PCH "Use precompiled headers" OFF)
else()
  option(TURMS_PCH "Use precompiled headers" ON)
endif()

find_program(TURMS_MOLD mold)
if(TURMS_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(
  -Wall -Wextra -Werror -Wno-missing-field-initializers
  "$<$<COMPILE_LANGUAGE:CXX>:-Wshadow;-Wnon-virtual-dtor;-Woverloaded-virtual>"
  -fno-omit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12 hides std::expected unless the compiler claims the 2022 level of concepts, which clang 16 does not.
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-D__cpp_concepts=202002L;-Wno-builtin-macro-redefined;-Wno-macro-redefined>"
                      -Wno-unused-command-line-argument)
else()
  # Wrong positives of GCC 12 with std::variant, std::optional and coroutines at -O2.
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized;-Wno-restrict;-Wno-dangling-pointer;-Wno-mismatched-new-delete;-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>")
endif()
if(TURMS_SANITIZE)
  add_compile_options(-fsanitize=${TURMS_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TURMS_SANITIZE})
  if(TURMS_SANITIZE MATCHES "undefined" AND NOT TURMS_FUZZ)
    # A third of the build's time; AddressSanitizer finds most of it, and the fuzz build checks the rest.
    add_compile_options(-fno-sanitize=null,alignment,object-size,vptr)
  endif()
endif()
if(TURMS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
