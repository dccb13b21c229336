# turms_web_assets: the built web app as an object library, empty with TURMS_WEB=OFF.
set(web ${CMAKE_SOURCE_DIR}/web)
set(assets ${CMAKE_BINARY_DIR}/web_assets.c)
if(TURMS_WEB AND EXISTS ${web}/package.json)
  file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS
       ${web}/package.json ${web}/package-lock.json ${web}/*/package.json
       ${web}/packages/client/package.json ${web}/packages/client/src/*
       ${web}/scripts/compress.mjs ${web}/app/index.html ${web}/app/vite.config.ts ${web}/app/src/* ${web}/app/public/*
       ${web}/app/kernels/* ${web}/app/scripts/*
       ${CMAKE_SOURCE_DIR}/proto/turms/*.proto)
  # What the build itself generates there must not trigger the next one.
  list(FILTER web_sources EXCLUDE REGEX "/gen/|/node_modules/|/dist/")
  add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/web_dependencies.stamp
    COMMAND npm ci --no-audit --no-fund --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/web_dependencies.stamp
    DEPENDS ${web}/package-lock.json WORKING_DIRECTORY ${web} VERBATIM COMMENT "Installing the web app's packages")
  add_custom_command(OUTPUT ${assets}
    COMMAND npm run build --silent
    COMMAND ${CMAKE_SOURCE_DIR}/tools/embed_web ${web}/app/dist ${assets}
    DEPENDS ${web_sources} ${CMAKE_BINARY_DIR}/web_dependencies.stamp ${CMAKE_SOURCE_DIR}/tools/embed_web
    WORKING_DIRECTORY ${web} VERBATIM COMMENT "Building the web app")
else()
  add_custom_command(OUTPUT ${assets}
    COMMAND ${CMAKE_SOURCE_DIR}/tools/embed_web ${CMAKE_BINARY_DIR}/no_web ${assets}
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/embed_web VERBATIM)
endif()
add_library(turms_web_assets OBJECT ${assets})
target_include_directories(turms_web_assets PRIVATE ${CMAKE_SOURCE_DIR}/src)
