// The texts of the folder templates/, one for each file; CMake writes their source.
#pragma once

#include <string_view>

namespace boutique::frontend::templates {

extern const std::string_view head;  // what each page begins and ends with
extern const std::string_view foot;
extern const std::string_view grid;  // products side by side, a part of others
extern const std::string_view home;
extern const std::string_view search;
extern const std::string_view product;
extern const std::string_view cart;
extern const std::string_view order;
extern const std::string_view message;

}  // namespace boutique::frontend::templates
