# `cmake --install BUILD --prefix WHERE`: library, headers, and what find_package(mel_fast) reads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(MEL_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/mel_fast)

install(TARGETS mel_core EXPORT mel_fast ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY cpp/include/mel DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(EXPORT mel_fast FILE mel_fastTargets.cmake NAMESPACE mel_fast:: DESTINATION ${MEL_CMAKE_DIR})
write_basic_package_version_file(mel_fastConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/mel_fastConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/mel_fastConfigVersion.cmake
        DESTINATION ${MEL_CMAKE_DIR})
