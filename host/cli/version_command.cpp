#include <Poco/Version.h>
#include <mortise/abi/types.h>
#include <boost/version.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.hpp"

namespace mortise::cli {

int version(const Parts& parts) {
  parts.out << "mortise " << MORTISE_HOST_VERSION << "\nabi major " << MORTISE_ABI_MAJOR << "\nbuild "
            << MORTISE_BUILD_TYPE << "\nboost " << BOOST_VERSION / 100000 << '.' << BOOST_VERSION / 100 % 1000
            << "\npoco " << (POCO_VERSION >> 24) << '.' << (POCO_VERSION >> 16 & 0xff) << "\nnlohmann/json "
            << NLOHMANN_JSON_VERSION_MAJOR << '.' << NLOHMANN_JSON_VERSION_MINOR << '\n';
  return kDone;
}

}  // namespace mortise::cli
