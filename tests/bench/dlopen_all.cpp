// Loads every library that is named on its standard input, one path a line, the way the host does, then says "done" and
// how many microseconds the last one took: what starting that many plugins, or one more, costs at the very least.
#include <dlfcn.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

int main() {
  std::vector<std::string> paths;
  for (std::string path; std::getline(std::cin, path);) paths.push_back(path);
  std::chrono::steady_clock::duration last{};
  for (const auto& path : paths) {
    const auto begin = std::chrono::steady_clock::now();
    if (::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
      std::fprintf(stderr, "%s\n", ::dlerror());
      return 1;
    }
    last = std::chrono::steady_clock::now() - begin;
  }
  std::printf("done %.1f\n", std::chrono::duration<double, std::micro>(last).count());
  std::fflush(stdout);
}
