// Loads every library that is named on its standard input, one path a line, the way the host does, then says "done":
// what starting that many plugins costs at the very least.
#include <dlfcn.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

int main() {
  std::vector<std::string> paths;
  for (std::string path; std::getline(std::cin, path);) paths.push_back(path);
  for (const auto& path : paths) {
    if (::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
      std::fprintf(stderr, "%s\n", ::dlerror());
      return 1;
    }
  }
  std::puts("done");
  std::fflush(stdout);
}
