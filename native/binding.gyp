{
  "targets": [
    {
      "target_name": "paretobandit",
      "sources": ["addon.cc", "arena.cc", "portable.cc", "avx2.cc", "project.cc", "score.cc", "update.cc"],
      # Beside the package or above it: wherever npm has put node-addon-api.
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_DISABLE_DEPRECATED", "NAPI_DISABLE_CPP_EXCEPTIONS"],
      # No global -march: instruction sets are chosen at run time. No contraction into fused multiply-adds: the
      # statistics must come out in the same bits as in JavaScript, and scoring fuses by intrinsics.
      "cflags_cc": ["-std=c++17", "-O3", "-ffp-contract=off", "-Wall", "-Wextra", "-Wno-psabi"],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
        "GCC_OPTIMIZATION_LEVEL": "3",
        "OTHER_CPLUSPLUSFLAGS": ["-ffp-contract=off"]
      },
      "conditions": [
        # Vector types and function targets are those of gcc and clang.
        ["OS=='win'", {"msbuild_toolset": "ClangCL", "msvs_settings": {"VCCLCompilerTool": {"AdditionalOptions": ["/std:c++17", "/clang:-O3", "/clang:-ffp-contract=off"]}}}]
      ]
    }
  ]
}
